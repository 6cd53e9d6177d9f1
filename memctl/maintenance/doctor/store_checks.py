"""What an examination sees of the store and the ledger: whether they can be used, who holds them, what is half done."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from memctl.core.errors import MemctlError
from memctl.maintenance.doctor.finding import Finding
from memctl.maintenance.doctor.lock_holders import holders
from memctl.store.duckdb import llm_batches
from memctl.store.duckdb.database import SCHEMA_VERSION, Database
from memctl.store.duckdb.ledger import Ledger
from memctl.store.duckdb.local_store import LocalStore
from memctl.store.duckdb.stats import statistics
from memctl.store.ledger_records import Run

ENDED_WELL = ("done",)


def store(store: LocalStore) -> Iterator[Finding]:
    """Whether the store opens, in which version, whether every page of it can be read, and what it holds."""
    database = store.database
    if not database.path.exists():
        yield Finding(
            check="store",
            verdict="warn",
            detail=f"none yet at {database.path}",
            remedy="create one with memctl ingest or memctl add",
        )
        return
    version = database.version()
    if version < SCHEMA_VERSION:
        yield Finding(
            check="store",
            verdict="warn",
            detail=f"{database.path}: schema version {version}, this memctl writes {SCHEMA_VERSION}",
            remedy=f"the next command copies it to {database.path.name}.v{version} and brings it up to date",
        )
        return
    database.read_through()
    with database.reading() as connection:
        held = statistics(connection, database.path)
        waiting = len(llm_batches.under_way(connection))
    yield Finding(
        check="store",
        verdict="ok",
        detail=f"{database.path}: schema version {version}, {held.facts} facts, {held.episodes} episodes, "
        f"{held.users} users",
    )
    if held.pending:
        yield Finding(
            check="vectors", verdict="warn", detail=f"{held.pending} are missing", remedy="memctl reindex makes them"
        )
    if waiting:
        yield Finding(
            check="batches",
            verdict="warn",
            detail=f"{waiting} with questions to a model are under way",
            remedy="memctl ingest --collect fetches what was answered",
        )


def lock(path: Path, commands: Collection[str]) -> Iterator[Finding]:
    """Who holds the store at this moment."""
    if not path.exists():
        return
    found = holders(path, commands)
    if found is None:
        yield Finding(check="lock", verdict="ok", detail="this system does not tell who holds a file")
    elif not found:
        yield Finding(check="lock", verdict="ok", detail="nobody holds the store")
    for holder in found or ():
        yield Finding(
            check="lock",
            verdict="warn" if holder.writes else "ok",
            detail=f"the store is {'held' if holder.writes else 'being read'} by {holder}",
            remedy="wait for it, or end it if it hangs; what it has not committed is undone" if holder.writes else None,
        )


def left_over(database: Database) -> Iterator[Finding]:
    """What a killed command or a damaged store left beside the store."""
    log = database.path.with_name(f"{database.path.name}.wal")
    if log.exists() and not holders(database.path):
        yield Finding(
            check="log",
            verdict="warn",
            detail=f"{log}: {log.stat().st_size} bytes, as a killed command leaves them",
            remedy="the next command that writes takes in what is whole of it",
        )
    for path in database.damaged():
        yield Finding(
            check="damaged",
            verdict="warn",
            detail=f"a damaged store is kept: {path}",
            remedy="it may hold people who were forgotten since; remove it once you need nothing of it",
        )


def runs(path: Path, lock_timeout: float) -> Iterator[Finding]:
    """Migrations that did not come to their end: of each way, what became of the last."""
    if not path.exists():
        return
    with Ledger(path, lock_timeout) as ledger:
        latest: dict[tuple[str, str, str], Run] = {}
        for run in ledger.runs():
            latest.setdefault((run.source, run.target, run.mode), run)
    unfinished = [run for run in latest.values() if run.state not in ENDED_WELL]
    for run in unfinished:
        if run.state == "running":
            yield Finding(check="runs", verdict="ok", detail=f"migration {run.id} is under way")
            continue
        state = "was killed" if run.state == "killed" else f"ended as {run.state!r}"
        yield Finding(
            check="runs",
            verdict="warn",
            detail=f"migration {run.id} {state}",
            remedy=f"memctl runs show {run.id} says how to go on with it",
        )
    if not unfinished:
        yield Finding(check="runs", verdict="ok", detail=f"{path}: no migration is half done")


def clock(database: Database) -> Iterator[Finding]:
    """A record taken in after now means that the clock went back."""
    now = datetime.now(UTC)
    latest = None
    # A store that cannot be read is told by its own check.
    with contextlib.suppress(MemctlError):
        if database.version() == SCHEMA_VERSION:
            latest = LocalStore(database.path, lock_timeout=database.lock_timeout).latest_import()
    ahead = latest is not None and latest > now + timedelta(minutes=1)
    yield Finding(
        check="clock",
        verdict="warn" if ahead else "ok",
        detail=f"{now:%Y-%m-%d %H:%M} UTC",
        remedy=f"the store has records of {latest:%Y-%m-%d %H:%M} UTC: set the clock" if ahead and latest else None,
    )
