"""Snapshots of the local store: complete copies next to it, to compare with and to restore.

A snapshot is a store file of its own, so everything that reads a store reads a snapshot. Its name is the time it was
made; its note and counts are in a small JSON file next to it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

import msgspec

from memctl.core.errors import MemctlError, NotFound, UnusableStore, UsageError
from memctl.core.fact import Fact
from memctl.runtime import private_files
from memctl.store.duckdb import fact_rows, queries, stats, suppression
from memctl.store.duckdb.database import Database

_NAME = re.compile(r"\d{8}T\d{6}\d{3}Z")
_FORMAT = "%Y%m%dT%H%M%S%fZ"
BEFORE_RESTORE = "before a restore"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot. `name` is the moment it was made, or a later one where the clock has gone backwards; `bytes` is the
    size of its file; `automatic` is one that a restore made of what it replaced."""

    name: str
    made_at: datetime
    note: str | None
    users: int
    facts: int
    episodes: int
    bytes: int
    automatic: bool = False


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A record that is not the same in two stores: `+` only in the later one, `-` only in the earlier one, `*` other
    there. `fact` is the later one where there is one."""

    symbol: Literal["+", "-", "*"]
    fact: Fact


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a store that another was put in the place of: a snapshot, or, where it could not be used, the
    file that was set aside. Neither where there was none."""

    kept: Snapshot | None = None
    damaged: str | None = None


class Snapshots:
    """The snapshots of one store, in a folder next to it that only its owner can read."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.folder = database.path.with_name(f"{database.path.name}.snapshots")

    def create(self, note: str | None = None, *, automatic: bool = False) -> Snapshot:
        """Copy the store as it is now. Raises NotFound if there is no store."""
        self.database.require()
        made_at = datetime.now(UTC)
        name = self._name(made_at)
        private_files.make_folder(self.folder)
        file = self._file(name)
        self.database.copy_to(file)
        try:
            snapshot = self._described(name, made_at, note, automatic=automatic)
        except BaseException:
            file.unlink()
            raise
        private_files.replace(file.with_suffix(".json"), msgspec.json.encode(snapshot))
        return snapshot

    def all(self) -> list[Snapshot]:
        """All snapshots, newest first. One whose copy was cut short is none."""
        found = [
            _described_in(about)
            for about in self.folder.glob("*.json")
            if _NAME.fullmatch(about.stem) and self._file(about.stem).exists()
        ]
        return sorted(found, key=lambda snapshot: snapshot.name, reverse=True)

    def find(self, name: str) -> Snapshot:
        """The snapshot whose name begins so; `last` is the newest that somebody asked for, so that a restore that was
        cut short can be run again.

        Raises NotFound when there is none, UsageError when several names begin so.
        """
        every = self.all()
        if name == "last":
            found = [snapshot for snapshot in every if not snapshot.automatic][:1]
        else:
            found = [snapshot for snapshot in every if snapshot.name.startswith(name)]
        if not found:
            raise NotFound(f"there is no snapshot {name!r}", hint="memctl snapshot list shows them")
        if len(found) > 1:
            raise UsageError(f"several snapshots have names that begin with {name!r}", hint="give more characters")
        return found[0]

    def open(self, snapshot: Snapshot) -> Database:
        """The snapshot as a store."""
        return Database(self._file(snapshot.name), self.database.lock_timeout)

    def databases(self) -> Iterator[Database]:
        """Every snapshot as a store."""
        return (self.open(snapshot) for snapshot in self.all())

    def diff(self, earlier: Snapshot, later: Snapshot | None = None, user: str | None = None) -> list[Change]:
        """The differences to a later snapshot, or to the store as it is now, by user and time."""
        now = self.open(later) if later else self.database
        before = _hashes(self.open(earlier), user)
        after = _hashes(now, user)
        fresh = [id_ for id_, digest in after.items() if before.get(id_) != digest]
        gone = [id_ for id_ in before if id_ not in after]
        changes = [Change(symbol="*" if fact.id in before else "+", fact=fact) for fact in _facts(now, fresh)] + [
            Change(symbol="-", fact=fact) for fact in _facts(self.open(earlier), gone)
        ]
        return sorted(changes, key=lambda change: (change.fact.user_id, str(change.fact.created_at), change.symbol))

    def restore(self, snapshot: Snapshot) -> Replaced:
        """Put the snapshot in the place of the store; see `replace_by`."""
        half = self.database.path.with_name(f".{self.database.path.name}.restored")
        try:
            half.unlink(missing_ok=True)
            private_files.create(half)
            shutil.copyfile(self._file(snapshot.name), half)
            return self.replace_by(Database(half, self.database.lock_timeout))
        except UnusableStore:
            raise MemctlError(
                "the snapshot is damaged; nothing was changed",
                where=str(self._file(snapshot.name)),
                hint="memctl snapshot list shows others",
            ) from None
        finally:
            half.unlink(missing_ok=True)

    def replace_by(self, fresh: Database) -> Replaced:
        """Put another store in the place of this one; its file is gone from where it was.

        What was there is a snapshot from then on; where it cannot be used, it is set aside. Whoever was forgotten
        stays so: the store knows, and where it is damaged, those of its snapshots that can be read.
        """
        if not self.database.path.exists():
            self.database.replace_by(fresh.path)
            return Replaced()
        try:
            suppression.carry_over(self.database, fresh)
            kept = self.create(BEFORE_RESTORE, automatic=True)
        except UnusableStore as error:
            if error.where == str(fresh.path):
                raise
            self._carry_over_from_snapshots(fresh)
            return Replaced(damaged=str(self.database.set_aside(fresh.path)))
        self.database.replace_by(fresh.path)
        return Replaced(kept=kept)

    def _carry_over_from_snapshots(self, fresh: Database) -> None:
        for database in self.databases():
            try:
                suppression.carry_over(database, fresh)
            except MemctlError as error:
                if error.where == str(fresh.path):
                    raise

    def prune(self, *, keep: int | None = None, before: datetime | None = None) -> list[Snapshot]:
        """Remove all but the newest `keep`, or those made before a time; the ones removed."""
        every = self.all()
        old = every[keep:] if keep is not None else []
        old += [snapshot for snapshot in every if before is not None and snapshot.made_at < before]
        for snapshot in dict.fromkeys(old):
            # The description first: without it a half-removed snapshot is none.
            self._file(snapshot.name).with_suffix(".json").unlink(missing_ok=True)
            self._file(snapshot.name).unlink(missing_ok=True)
        return list(dict.fromkeys(old))

    def _name(self, made_at: datetime) -> str:
        """A name after those there are: of two that a clock gone backwards would name, the newest is still the last."""
        taken = [file.stem for file in self.folder.glob("*.duckdb") if _NAME.fullmatch(file.stem)]
        name = _named(made_at)
        if taken and name <= max(taken):
            latest = datetime.strptime(max(taken), _FORMAT).replace(tzinfo=UTC)
            return _named(latest + timedelta(milliseconds=1))
        return name

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.duckdb"

    def _described(self, name: str, made_at: datetime, note: str | None, *, automatic: bool) -> Snapshot:
        file = self._file(name)
        with Database(file).reading() as connection:
            users = stats.user_summaries(connection)
        return Snapshot(
            name=name,
            made_at=made_at,
            note=note,
            users=len(users),
            facts=sum(user.facts for user in users),
            episodes=sum(user.episodes for user in users),
            bytes=file.stat().st_size,
            automatic=automatic,
        )


def _described_in(about: Path) -> Snapshot:
    try:
        return msgspec.json.decode(about.read_bytes(), type=Snapshot)
    except (msgspec.MsgspecError, UnicodeError):
        raise MemctlError(
            "the description of a snapshot is damaged",
            where=str(about),
            hint=f"move it away; --store {about.with_suffix('.duckdb')} reads the snapshot itself",
        ) from None


def _hashes(database: Database, user: str | None) -> dict[UUID, str]:
    with database.reading() as connection:
        return queries.hashes(connection, user)


def _named(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}Z"


def _facts(database: Database, ids: Sequence[UUID]) -> list[Fact]:
    if not ids:
        return []
    with database.reading() as connection:
        return fact_rows.by_ids(connection, ids)
