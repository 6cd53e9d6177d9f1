"""The DuckDB file: opening it briefly, waiting for its lock, creating its schema.

While one process has a DuckDB file open for writing no other can read it. So nothing stays open between two
transactions unless a program asks for it, and then only until another process waits.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from memctl.core.errors import Locked, MemctlError, NotFound, UnfinishedCopy, UnusableStore, unwritable
from memctl.runtime import file_lock, private_files
from memctl.store.connection import COPYING
from memctl.store.duckdb import files, instances
from memctl.store.duckdb.connection import DuckConnection
from memctl.store.duckdb.driver import Connection as Connection
from memctl.store.duckdb.driver import driver, interruptible
from memctl.store.duckdb.schema import SCHEMA_VERSION, upgrade, version_of
from memctl.store.duckdb.unusable import MAKE_ROOM, PERMISSIONS, REPLACING, or_choose, unusable

Opened = TypeVar("Opened")

DAMAGED = ".damaged-"
WRITING_LIMIT = "176MB"
"""An ingest and a migration stay below 500 MB whatever the size of the store; beyond that DuckDB spills to disk next to
the file. The ledger of a migration has a limit of its own."""

_writing = threading.Lock()
"""One writer at a time in this process too, because row keys are shared."""


class Database:
    """The engine of a store file. `lock_timeout` is how long to wait, in seconds, for another process to release it.

    With `hold` the file stays open between two transactions, until another process waits for it; see `instances`.
    `named` is how the command line names the file, for the hints of errors.
    """

    def __init__(
        self, path: Path, lock_timeout: float = 30.0, *, hold: bool = False, named: str = "with --store"
    ) -> None:
        self.path = self.file = path
        self.place = str(path)
        self.address: str | None = None
        self.lock_timeout = lock_timeout
        self.hold = hold
        self.named = named
        self.copying = False

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    def size(self) -> int:
        """The size of the file in bytes."""
        return self.path.stat().st_size

    def close(self) -> None:
        """Release a file that stayed open between two transactions."""
        if self.hold:
            instances.release(self.path)

    @property
    def holding(self) -> bool:
        """Whether this process has the file open now, so that others have to wait to write."""
        return instances.holding(self.path)

    @contextlib.contextmanager
    def trial(self) -> Iterator[Database]:
        """A copy of the file, or none where there is none yet; dropped with the block."""
        with tempfile.TemporaryDirectory(prefix="memctl-") as folder:
            copy = Database(Path(folder) / "store.duckdb", self.lock_timeout)
            with contextlib.suppress(NotFound), self.reading():
                log = self.path.with_name(f"{self.path.name}.wal")
                # Without permissions: the copy of a write-protected store is written to.
                instances.copy(self.path, copy.path)
                if log.exists():
                    shutil.copyfile(log, copy.path.with_name(log.name.replace(self.path.name, copy.path.name)))
            yield copy

    def sql(self, statement: str, *, write: bool = False) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        """The columns and rows of a user's own SQL statement."""
        from memctl.store.duckdb import user_sql

        return user_sql.run(self, statement, write=write)

    @contextlib.contextmanager
    def reading(self, *, users: Collection[str] | None = None, **config: str) -> Iterator[DuckConnection]:
        """A read-only connection. Raises NotFound if the store does not exist, Locked if it stays locked."""
        self.require()
        with contextlib.ExitStack() as opened:
            connection = self._reading(opened, config, users)
            with self._explained():
                version = self._version(connection)
                if not version:
                    raise self._missing()
                if version < SCHEMA_VERSION:
                    opened.close()
                    self._bring_up_to_date()
                    connection = self._reading(opened, config, users)
                yield connection

    def _reading(
        self, opened: contextlib.ExitStack, config: dict[str, str], users: Collection[str] | None
    ) -> DuckConnection:
        if self.hold and not config:
            return self._opened(opened, lambda: instances.held(self.path))
        return DuckConnection(opened.enter_context(self._connected(config=config)), users)

    @contextlib.contextmanager
    def writing(
        self, *, make: bool = True, users: Collection[str] | None = None, schema: int = SCHEMA_VERSION
    ) -> Iterator[DuckConnection]:
        """A connection inside one transaction: committed at the end of the block, rolled back by any exception.

        The file has one writer at a time, whichever `users` it writes about. A missing file and its folder are created,
        readable by their owner only; without `make`, NotFound is raised instead. A new store gets version `schema` of
        the tables. A store with an older schema is first copied to FILE.vN and upgraded.
        """
        if not make:
            self.require()
        with self._alone():
            self._make_folder()
            spill = self.path.with_name(f"{self.path.name}.tmp")
            try:
                if not self.path.exists():
                    with self._explained():
                        files.create(self.path)
                # DuckDB would create the folder for its spill files readable by everybody.
                private_files.make_folder(spill)
            except OSError as error:
                raise self._unwritable(error.strerror) from None
            try:
                with (
                    self._connected(memory_limit=WRITING_LIMIT, read_only=False, keep=self.hold) as connection,
                    self._explained(),
                    _rolled_back(connection),
                ):
                    # Before BEGIN: querying a missing table would abort the transaction.
                    inside = DuckConnection(connection, users)
                    version = self._version(inside)
                    if 0 < version < SCHEMA_VERSION:
                        self._keep_copy(connection, version)
                    connection.execute("BEGIN")
                    upgrade(inside, version, SCHEMA_VERSION if version else schema)
                    yield inside
                    files.commit(connection, self.path)
            finally:
                with contextlib.suppress(OSError):
                    spill.rmdir()

    @contextlib.contextmanager
    def llm_lock(self) -> Iterator[None]:
        """Be the only process that asks a model for this store, so that no question is paid for twice.

        The store itself is not locked. Raises Locked if another process keeps this lock.
        """
        self._make_folder()
        asked = Locked(
            f"another ingest is using a model for this store and did not finish within {self.lock_timeout:g} s",
            where=str(self.path),
            hint="run it again later; answers that are cached by then cost nothing",
        )
        with file_lock.alone(self.path.with_name(f"{self.path.name}.asking.lock"), asked, self.lock_timeout):
            yield

    @contextlib.contextmanager
    def _alone(self) -> Iterator[None]:
        """Be the only writer of this process."""
        if not _writing.acquire(timeout=self.lock_timeout):
            raise self._locked("")
        try:
            yield
        finally:
            _writing.release()

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn DuckDB's errors into errors with a location, and interrupts that DuckDB caught back into interrupts."""
        try:
            with interruptible():
                yield
        except driver().Error as error:
            raise unusable(error, self.path, self.named) from error

    @contextlib.contextmanager
    def _connected(
        self,
        *,
        read_only: bool = True,
        memory_limit: str | None = None,
        config: dict[str, str] | None = None,
        keep: bool = False,
    ) -> Iterator[Connection]:
        """A connection outside a transaction. Raises Locked if the file stays locked."""
        with contextlib.ExitStack() as opened:
            yield self._opened(
                opened,
                lambda: (
                    instances.connected_alone(self.path, config)
                    if config
                    else instances.connected(self.path, read_only=read_only, memory_limit=memory_limit, keep=keep)
                ),
            )

    def _opened(
        self, opened: contextlib.ExitStack, connecting: Callable[[], contextlib.AbstractContextManager[Opened]]
    ) -> Opened:
        deadline = time.monotonic() + self.lock_timeout
        wait, longest = 0.005, 0.1
        if self.hold:
            instances.give_way(self.path)
        with contextlib.ExitStack() as announced:
            waiting = False
            while True:
                try:
                    with interruptible():
                        return opened.enter_context(connecting())
                except (instances.Busy, driver().Error) as error:
                    if not isinstance(error, instances.Busy):
                        if "lock on file" not in str(error):
                            raise unusable(error, self.path, self.named) from None
                        waiting = waiting or instances.waiting(self.path, announced)
                        longest = instances.STEP if waiting else longest
                    if time.monotonic() + wait > deadline:
                        raise self._locked(str(error)) from None
                    time.sleep(wait * _jitter())
                    wait = min(wait * 1.5, longest)

    def version(self) -> int:
        """The version of the store's schema, 0 for an empty file; the store is not upgraded.

        Raises as `reading` does, and MemctlError for a version newer than this memctl's.
        """
        self.require()
        with self._connected() as connection, self._explained():
            return self._version(DuckConnection(connection))

    def read_through(self) -> None:
        """Read every row, so that DuckDB checks the checksum of each page. Raises UnusableStore for a damaged one."""
        with self.reading() as connection:
            for name in connection.tables():
                connection.execute(f'SELECT bit_xor(hash(t)) FROM "{name}" t').fetchall()  # noqa: S608

    def require(self) -> None:
        """Raise NotFound if the store's file does not exist."""
        if not self.path.exists():
            raise self._missing()

    def require_tables(self) -> None:
        """Raise NotFound if the store does not exist, or is the file that a killed first write left without tables."""
        if not self.version():
            raise self._missing()

    def check_creatable(self) -> None:
        """Raise MemctlError if the store is missing and its folder cannot be written to."""
        folder = next(parent for parent in self.path.absolute().parents if parent.exists())
        if not self.exists() and not os.access(folder, os.W_OK):
            raise self._unwritable(os.strerror(errno.EACCES))

    def _unwritable(self, reason: str | None) -> MemctlError:
        what = "write" if self.path.exists() else "create"
        hint = or_choose(PERMISSIONS, self.named)
        return MemctlError(f"cannot {what} the store: {reason}", where=str(self.path), hint=hint)

    def _missing(self) -> NotFound:
        return NotFound(
            "there is no store yet", where=str(self.path), hint="create one with memctl ingest or memctl add"
        )

    def _make_folder(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            hint = or_choose(PERMISSIONS, self.named)
            raise unwritable("the store's folder", error, self.path.parent, hint) from None

    def rebuild(self) -> None:
        """Rewrite the file so that deleted rows leave no bytes behind."""
        self.require()
        with self._alone(), self._connected(read_only=False) as old:
            try:
                with self._explained():
                    files.rebuild(old, self.path)
            except OSError as error:
                hint = or_choose(MAKE_ROOM, self.named)
                raise unwritable("the store without its deleted rows", error, self.path, hint) from None

    def copy_to(self, file: Path) -> None:
        """Copy the store to `file`, completely or not at all, readable by its owner only."""
        self.require()
        with self._alone(), self._connected(read_only=False) as connection:
            with self._explained():
                connection.execute("CHECKPOINT")
            try:
                files.copy(self.path, file)
            except OSError as error:
                raise MemctlError(
                    f"the store cannot be copied: {error.strerror}", where=str(file), hint="free some space there"
                ) from None

    def replace_by(self, file: Path) -> None:
        """Replace this store with the store in `file`, atomically; `file` no longer exists afterwards."""
        self._make_folder()
        with self._alone(), contextlib.ExitStack() as stack:
            if self.path.exists():
                connection = stack.enter_context(self._connected(read_only=False))
                with self._explained():
                    # Otherwise the log of the old store would be applied to the new one.
                    connection.execute("CHECKPOINT")
            file.replace(self.path)

    def set_aside(self, file: Path) -> Path:
        """Replace a damaged store with the store in `file`; returns where the damaged one and its log were kept, as
        FILE.damaged-TIME. `file` no longer exists afterwards."""
        moved = self.path.with_name(f"{self.path.name}{DAMAGED}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
        log, kept_log = (path.with_name(f"{path.name}.wal") for path in (self.path, moved))
        try:
            with self._alone():
                # A hard link first, where the disk supports it, so that the path always leads to a file.
                if not self.path.is_dir():
                    with contextlib.suppress(OSError):
                        os.link(self.path, moved)
                # The log before the store, or it would be applied to the new store.
                if log.exists():
                    log.replace(kept_log)
                if not moved.exists():
                    self.path.replace(moved)
                file.replace(self.path)
        except OSError as error:
            raise MemctlError(f"the damaged store cannot be moved: {error.strerror}", where=str(self.path)) from None
        return moved

    def damaged(self) -> list[Path]:
        """The damaged stores that were set aside, oldest first, without their logs."""
        paths = self._beside(f"{DAMAGED}*")
        return sorted(path for path in paths if path.suffix != ".wal")

    def copies(self) -> list[Path]:
        """The copies made before upgrades, one file per version."""
        return sorted(self._beside(".v*"))

    def _beside(self, pattern: str) -> Iterator[Path]:
        """The files whose names are that of the store with something behind it."""
        from glob import escape

        return self.path.parent.glob(escape(self.path.name) + pattern)

    def _bring_up_to_date(self) -> None:
        with self.writing():
            pass

    def _keep_copy(self, connection: Connection, version: int) -> None:
        """Keep a copy of the store next to it before an upgrade."""
        connection.execute("CHECKPOINT")
        copy = self.path.with_name(f"{self.path.name}.v{version}")
        try:
            files.copy(self.path, copy)
        except OSError as error:
            raise MemctlError(
                f"the store is from an older memctl and cannot be copied before its upgrade: {error.strerror}",
                where=str(copy),
                hint="free some space, or let memctl write there",
            ) from None

    def _version(self, connection: DuckConnection) -> int:
        """The version of a store this memctl can use, 0 for a file without tables."""
        version = version_of(connection)
        if version is not None and version.endswith(COPYING):
            if not self.copying or version != f"{SCHEMA_VERSION}{COPYING}":
                raise UnfinishedCopy(self.place)
            return SCHEMA_VERSION
        if version is None or not version.isdecimal():
            hint = or_choose(REPLACING, self.named)
            raise UnusableStore("this DuckDB file is not a memctl store", where=str(self.path), hint=hint)
        if int(version) > SCHEMA_VERSION:
            raise MemctlError(
                f"the store has schema version {version}, this memctl reads up to {SCHEMA_VERSION}",
                where=str(self.path),
                hint="upgrade memctl",
            )
        return int(version)

    def _locked(self, detail: str) -> Locked:
        holder = re.search(r"held in (\S+).*?\(PID (\d+)\)", detail)
        who = f" by {Path(holder[1]).name} (PID {holder[2]})" if holder else ""
        return Locked(
            f"the store is locked{who} and was not released within {self.lock_timeout:g} s",
            where=str(self.path),
            hint="try again, or wait longer with --lock-timeout",
        )


@contextlib.contextmanager
def _rolled_back(connection: Connection) -> Iterator[None]:
    """Roll the transaction back if the block raises."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(driver().Error):
            connection.execute("ROLLBACK")
        raise


def _jitter() -> float:
    import random

    return random.uniform(0.5, 1.5)
