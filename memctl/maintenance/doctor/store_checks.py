"""Checks of the store and the ledger: whether they can be used, their locks, and unfinished work."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from memctl.core.errors import MemctlError
from memctl.core.plurals import count
from memctl.maintenance.doctor.finding import Finding
from memctl.maintenance.doctor.lock_holders import holders
from memctl.store.duckdb.database import Database
from memctl.store.duckdb.ledger import Ledger
from memctl.store.duckdb.schema import SCHEMA_VERSION
from memctl.store.ledger_records import Run
from memctl.store.local_store import LocalStore
from memctl.store.sql.meta import get_meta

ENDED_WELL = ("done",)


def store(store: LocalStore) -> Iterator[Finding]:
    """Whether the store opens, its version, whether every page can be read, and its counts."""
    database = store.database
    if not database.path.exists():
        yield Finding(
            check="store",
            verdict="warn",
            detail=f"no store yet at {database.path}",
            remedy="create one with memctl ingest or memctl add",
        )
        return
    version = database.version()
    if not version:
        yield Finding(
            check="store",
            verdict="warn",
            detail=f"{database.path} is an empty database: the first write to the store failed",
            remedy="run memctl ingest or memctl add again, which continues with it",
        )
        return
    if version < SCHEMA_VERSION:
        yield Finding(
            check="store",
            verdict="warn",
            detail=f"{database.path}: schema version {version}, this memctl writes {SCHEMA_VERSION}",
            remedy=f"the next command copies it to {database.path.name}.v{version} and upgrades it",
        )
        return
    database.read_through()
    yield from _contents(store, f"{database.path}: schema version {version}")


def server(store: LocalStore) -> Iterator[Finding]:
    """Whether the server answers and has a store, and its counts."""
    if not store.store.exists():
        yield Finding(
            check="store",
            verdict="warn",
            detail=f"no store yet at {store.store.place}",
            remedy="create one with memctl ingest or memctl add",
        )
        return
    with store.engine.reading() as connection:
        version = get_meta(connection, "schema_version")
    yield from _contents(store, f"{store.store.place}: schema version {version}")


def _contents(store: LocalStore, place: str) -> Iterator[Finding]:
    with store.store.reading() as session:
        held = session.statistics()
        waiting = len(session.open_batches())
    yield Finding(
        check="store",
        verdict="ok",
        detail=", ".join(
            (place, count(held.facts, "fact"), count(held.episodes, "episode"), count(held.users, "user"))
        ),
    )
    if held.pending:
        yield Finding(
            check="vectors", verdict="warn", detail=f"{held.pending} are missing", remedy="memctl reindex computes them"
        )
    if waiting:
        yield Finding(
            check="batches",
            verdict="warn",
            detail=f"{waiting} with model requests in progress",
            remedy="fetch finished results with memctl ingest --collect",
        )


def lock(path: Path, commands: Collection[str]) -> Iterator[Finding]:
    """The processes that have locked the store."""
    if not path.exists():
        return
    processes = holders(path, commands)
    if processes is None:
        yield Finding(check="lock", verdict="ok", detail="this system does not report who has locked a file")
    elif not processes:
        yield Finding(check="lock", verdict="ok", detail="the store is not locked")
    for holder in processes or ():
        yield Finding(
            check="lock",
            verdict="warn" if holder.writes else "ok",
            detail=f"the store is {'locked' if holder.writes else 'being read'} by {holder}",
            remedy="wait for it, or end it if it hangs; uncommitted changes are rolled back" if holder.writes else None,
        )


def left_over(database: Database) -> Iterator[Finding]:
    """Files left by a killed command or a damaged store."""
    log = database.path.with_name(f"{database.path.name}.wal")
    if log.exists() and not holders(database.path):
        yield Finding(
            check="log",
            verdict="warn",
            detail=f"{log}: {log.stat().st_size} bytes, left by a killed command",
            remedy="the next command that writes replays it",
        )
    for path in database.damaged():
        yield Finding(
            check="damaged",
            verdict="warn",
            detail=f"damaged store: {path}",
            remedy="it may contain users erased since; delete it when you no longer need it",
        )


def runs(path: Path, lock_timeout: float) -> Iterator[Finding]:
    """Unfinished migrations: the state of the latest run of each route."""
    if not path.exists():
        return
    with Ledger(path, lock_timeout) as ledger:
        latest: dict[tuple[str, str, str], Run] = {}
        for run in ledger.runs():
            latest.setdefault((run.source, run.target, run.mode), run)
    unfinished = [run for run in latest.values() if run.state not in ENDED_WELL]
    for run in unfinished:
        if run.state == "running":
            yield Finding(check="runs", verdict="ok", detail=f"migration {run.id} is running")
            continue
        state = "was killed" if run.state == "killed" else f"ended as {run.state!r}"
        yield Finding(
            check="runs",
            verdict="warn",
            detail=f"migration {run.id} {state}",
            remedy=f"memctl migrations show {run.id} shows how to resume it",
        )
    if not unfinished:
        yield Finding(check="runs", verdict="ok", detail=f"{path}: no unfinished migration")


def readable(store: LocalStore) -> bool:
    """False for a store of an older version, which a reading would upgrade."""
    return not isinstance(store.engine, Database) or store.engine.version() == SCHEMA_VERSION


def clock(store: LocalStore) -> Iterator[Finding]:
    """A record with a time in the future means that the clock went back."""
    now = datetime.now(UTC)
    latest = None
    # An unreadable store is reported by its own check.
    with contextlib.suppress(MemctlError):
        if readable(store):
            latest = store.latest_import()
    ahead = latest is not None and latest > now + timedelta(minutes=1)
    yield Finding(
        check="clock",
        verdict="warn" if ahead else "ok",
        detail=f"{now:%Y-%m-%d %H:%M} UTC",
        remedy=f"the store has records of {latest:%Y-%m-%d %H:%M} UTC: correct the clock" if ahead and latest else None,
    )
