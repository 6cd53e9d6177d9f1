"""Snapshots of the local store: complete copies next to it, to compare with and to restore.

A snapshot is itself a store file, so everything that reads a store reads a snapshot. Its name is its timestamp; a small
JSON file next to it describes it.
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

from memctl.core.errors import MemctlError, NotFound, UnusableStore, UsageError, unwritable
from memctl.core.fact import Fact
from memctl.runtime import private_files
from memctl.store.connection import Engine
from memctl.store.duckdb.database import Database
from memctl.store.sql import suppression
from memctl.store.sql.store import SqlStore

_NAME = re.compile(r"\d{8}T\d{6}\d{3}Z")
_FORMAT = "%Y%m%dT%H%M%S%fZ"
BEFORE_RESTORE = "before a restore"


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot. `name` is its timestamp, or a later one if the clock went back; `bytes` is the size of its file;
    `automatic` marks one made by a restore."""

    name: str
    made_at: datetime
    note: str | None
    users: int
    facts: int
    episodes: int
    bytes: int
    automatic: bool = False


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A record that differs between two stores: `+` only in the later one, `-` only in the earlier one, `*` changed.
    `fact` is the later version if there is one."""

    symbol: Literal["+", "-", "*"]
    fact: Fact


class Replaced(msgspec.Struct, frozen=True, kw_only=True):
    """How a replaced store was kept: as a snapshot, or, if it was damaged, as the file it was moved to."""

    kept: Snapshot | None = None
    damaged: str | None = None


class Snapshots:
    """The snapshots of one store, in a private folder next to it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.folder = database.path.with_name(f"{database.path.name}.snapshots")

    def has_store(self) -> bool:
        """Whether there is a store, which may be damaged, to make a snapshot of or to replace."""
        try:
            self.database.require_tables()
        except NotFound:
            return False
        except UnusableStore:
            return True
        return True

    def create(self, note: str | None = None, *, automatic: bool = False) -> Snapshot:
        """Copy the store. Raises NotFound if there is none."""
        self.database.require_tables()
        made_at = datetime.now(UTC)
        name = self._name(made_at)
        try:
            private_files.make_folder(self.folder)
        except OSError as error:
            raise unwritable("the folder of the snapshots", error, self.folder, "check its permissions") from None
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
        """All complete snapshots, newest first."""
        snapshots = [
            _described_in(about)
            for about in self.folder.glob("*.json")
            if _NAME.fullmatch(about.stem) and self._file(about.stem).exists()
        ]
        return sorted(snapshots, key=lambda snapshot: snapshot.name, reverse=True)

    def find(self, name: str) -> Snapshot:
        """The snapshot whose name starts with `name`; `last` is the newest one that is not automatic, so that an
        interrupted restore can be run again.

        Raises NotFound if there is none, UsageError if several match.
        """
        every = self.all()
        if name == "last":
            snapshots = [snapshot for snapshot in every if not snapshot.automatic][:1]
        else:
            snapshots = [snapshot for snapshot in every if snapshot.name.startswith(name)]
        if not snapshots:
            raise NotFound(f"no snapshot {name!r}", hint="list them with memctl snapshot list")
        if len(snapshots) > 1:
            raise UsageError(f"snapshot name {name!r} is ambiguous", hint="use more characters")
        return snapshots[0]

    def open(self, snapshot: Snapshot) -> Database:
        """The snapshot as a store."""
        return Database(self._file(snapshot.name), self.database.lock_timeout)

    def databases(self) -> Iterator[Database]:
        """Every snapshot as a store."""
        return (self.open(snapshot) for snapshot in self.all())

    def diff(self, earlier: Snapshot, later: Snapshot | None = None, user: str | None = None) -> list[Change]:
        """The differences in a later snapshot, or in the current store, by user and time.

        Raises NotFound for a user that neither of them has.
        """
        now = self.open(later) if later else self.database
        before = _hashes(self.open(earlier), user)
        after = _hashes(now, user)
        if user is not None and not before and not after:
            raise NotFound(f"no user is called {user!r}", hint="list the users with memctl users")
        fresh = [id_ for id_, digest in after.items() if before.get(id_) != digest]
        gone = [id_ for id_ in before if id_ not in after]
        changes = [Change(symbol="*" if fact.id in before else "+", fact=fact) for fact in _facts(now, fresh)] + [
            Change(symbol="-", fact=fact) for fact in _facts(self.open(earlier), gone)
        ]
        return sorted(changes, key=lambda change: (change.fact.user_id, str(change.fact.created_at), change.symbol))

    def restore(self, snapshot: Snapshot) -> Replaced:
        """Replace the store with the snapshot; see `replace_by`."""
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
                hint="list others with memctl snapshot list",
            ) from None
        finally:
            half.unlink(missing_ok=True)

    def replace_by(self, fresh: Database) -> Replaced:
        """Replace the store with another one, whose file is moved.

        The old store becomes a snapshot, or is moved away if it is damaged. Forgotten users remain forgotten: their
        list is taken from the old store, or, if that is damaged, from its readable snapshots.
        """
        try:
            if not self.has_store():
                self.database.replace_by(fresh.path)
                return Replaced()
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
        """Remove all but the newest `keep`, or those older than a time, and return them."""
        every = self.all()
        old = every[keep:] if keep is not None else []
        old += [snapshot for snapshot in every if before is not None and snapshot.made_at < before]
        for snapshot in dict.fromkeys(old):
            # Remove the description first: without it a partly removed snapshot is not listed.
            self._file(snapshot.name).with_suffix(".json").unlink(missing_ok=True)
            self._file(snapshot.name).unlink(missing_ok=True)
        return list(dict.fromkeys(old))

    def _name(self, made_at: datetime) -> str:
        """A name after all existing ones, so that the newest is last even if the clock went back."""
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
        with SqlStore(Database(file)).reading() as session:
            users = session.users()
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


def snapshots_of(engine: Engine) -> Iterator[Database]:
    """The stores in the snapshots of a store; one on a server has none."""
    if isinstance(engine, Database):
        yield from Snapshots(engine).databases()


def _described_in(about: Path) -> Snapshot:
    try:
        return msgspec.json.decode(about.read_bytes(), type=Snapshot)
    except (msgspec.MsgspecError, UnicodeError):
        raise MemctlError(
            "a snapshot's description is damaged",
            where=str(about),
            hint=f"move it away; read the snapshot itself with --store {about.with_suffix('.duckdb')}",
        ) from None


def _hashes(database: Database, user: str | None) -> dict[UUID, str]:
    with SqlStore(database).reading() as session:
        return session.hashes(user)


def _named(at: datetime) -> str:
    return f"{at:%Y%m%dT%H%M%S}{at.microsecond // 1000:03d}Z"


def _facts(database: Database, ids: Sequence[UUID]) -> list[Fact]:
    if not ids:
        return []
    with SqlStore(database).reading() as session:
        return session.facts(ids)
