"""DuckDB instances that outlive a transaction: starting one takes 30 ms, attaching a file to it 2 ms.

An instance lives in memory. A file is attached to it only while a connection is open, so other processes can use the
file between two transactions, and an instance that no file needs serves the next one.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from memctl.core.errors import Locked
from memctl.runtime import file_lock
from memctl.store.duckdb.connection import DuckConnection
from memctl.store.duckdb.driver import Connection, driver, interruptible
from memctl.store.duckdb.opened_file import OpenedFile

CONFIG = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
ROW_GROUP = "ROW_GROUP_SIZE 40960"
"""How many rows of a table a file keeps together, as an option of ATTACH. DuckDB writes the last group, which is partly
filled, again after most batches; with its own 122,880 rows, that takes a tenth of the time of a bulk write. With 20,480
rows a search of all users takes a tenth longer."""
UNCOMPRESSED = "SET disabled_compression_methods = 'alp,alprd'"
"""Vectors are not compressed: that would make the file a tenth smaller, a bulk write a tenth slower, and reading all
vectors take 1.6 times as long."""
_KEPT = 2
"""How many instances without an attached file are kept for the next transaction."""
HOLD = 2.0
"""Seconds that a file stays attached after the last read."""
STEP = 0.02
"""Seconds between two looks at whether another process waits."""
PATIENCE = 1.0
"""Most seconds for which a program that held the file lets another one in first."""
_READING, _WRITING, _ALONE = "reading", "writing", "alone"


class Busy(Exception):
    """The file cannot be opened now: another thread of this process has it open in a different mode."""


class Overtaken(Busy):
    """Another process wrote to the file while DuckDB opened it."""


class _Instance:
    """An instance for one file at a time, because DuckDB cannot change where it spills to once it has spilled."""

    def __init__(self, path: Path, spare: _Instance | None = None) -> None:
        self.path = path
        self.spill = path.with_name(f"{path.name}.tmp")
        self.attached: tuple[int, int] | None = None
        """Device and number of the attached file; None if there is none."""
        self.file: OpenedFile | None = None
        """The attached file, opened a second time."""
        self.writable = False
        """Whether the attached file can be written to."""
        self.until: float | None = None
        """When to release the file that stays attached without a connection; None to release it at once."""
        self.memory: Connection | None = _moved(spare.memory, self.spill) if spare and spare.memory else None
        self.memory_limit: str | None = spare.memory_limit if spare else None
        self.connections = 0
        self.idle: list[DuckConnection] = []
        """Connections to the file that stays attached, for its next readers."""
        self.mode = _READING

    def attach(self, path: Path, memory_limit: str | None) -> None:
        """Attach the file if it is not attached yet, and limit the memory that DuckDB uses from now on. Raises
        Overtaken if another process wrote to the file in the meantime."""
        if self.memory is None:
            # With the limit among these settings, a migration of 100,000 facts takes 80 MB more.
            self.memory = driver().connect(":memory:", config=CONFIG | {"temp_directory": str(self.spill)})
            self.memory_limit = None
        if memory_limit != self.memory_limit:
            self.memory.execute(f"SET memory_limit = '{memory_limit}'" if memory_limit else "RESET memory_limit")
            self.memory_limit = memory_limit
        if self.attached is None:
            try:
                self._open(self.memory, path)
            except BaseException:
                self.detach()
                raise
            self.attached = _number(path)

    def _open(self, memory: Connection, path: Path) -> None:
        self.writable = self.mode == _WRITING
        quoted = str(path).replace("'", "''")
        if self.writable:
            memory.execute(UNCOMPRESSED)
        self.file = OpenedFile(path)
        memory.execute(f"ATTACH '{quoted}' AS store ({ROW_GROUP if self.writable else 'READ_ONLY'})")
        if self.file.changed():
            raise Overtaken
        if self.writable:
            _require_whole(memory, path)

    def connect(self) -> Connection:
        assert self.memory is not None, "nothing is attached"
        connection: Connection = self.memory.cursor()
        connection.execute("USE store")
        return _set_up(connection)

    def detach(self) -> None:
        """Release the file. An instance that spilled or that failed is closed, so that nothing of it is left."""
        memory, self.memory = self.memory, None
        file, self.file = self.file, None
        self.attached = self.until = None
        self.close_readers()
        try:
            if memory is not None:
                with contextlib.suppress(driver().Error), interruptible():
                    memory.execute("DETACH DATABASE IF EXISTS store")
                    if not self._spilled():
                        self.memory = memory
                # An instance that is not kept releases the file now.
                del memory
        finally:
            if file is not None:
                file.close()

    def close_readers(self) -> None:
        """Close the idle connections for readers, whose caches are of the file before a write."""
        while self.idle:
            self.idle.pop().raw.close()

    def serves(self, mode: str, path: Path) -> bool:
        """Whether the file is attached in a way that serves this mode."""
        return mode != _ALONE and self.attached == _number(path) and (mode == _READING or self.writable)

    def _spilled(self) -> bool:
        """Whether something is in the folder to spill to, which another process may remove at any time."""
        try:
            return any(self.spill.iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return False


def _require_whole(memory: Connection, path: Path) -> None:
    """Raise DuckDB's error if the attached file has no room for its blocks: it was cut off.

    DuckDB itself notices that only when it reads one of the missing blocks.
    """
    ((size, used, log),) = memory.execute(
        "SELECT block_size, used_blocks, wal_size FROM pragma_database_size() WHERE database_name = 'store'"
    ).fetchall()
    # What is in the log has no blocks yet.
    if log == "0 bytes" and path.stat().st_size < size * used:
        raise driver().IOException(f"the file is shorter than its {used} blocks of {size} bytes")


def _moved(memory: Connection, spill: Path) -> Connection | None:
    """The instance, which spills to a different folder from now on; None if it cannot, or fails."""
    quoted = str(spill).replace("'", "''")
    with contextlib.suppress(driver().Error):
        memory.execute(f"SET temp_directory = '{quoted}'")
        return memory
    return None


_instances: dict[str, _Instance] = {}
"""By the real path of the file, the one used last at the end."""
_lock = threading.RLock()


@contextlib.contextmanager
def connected(
    path: Path, *, read_only: bool, memory_limit: str | None = None, file: Path | None = None, keep: bool = False
) -> Iterator[Connection]:
    """A connection whose tables are those of the file at `path`, which is released at the end of the block.

    `file` is attached in its place: a file that is to become the one at `path`. With `keep` the file stays attached
    for HOLD seconds, unless the block fails.
    Threads of this process share a file in the same mode. Raises Busy if another thread has it open in the other
    mode, or if another process wrote to it in the meantime, and DuckDB's errors if the file is locked by another
    process, damaged or missing.
    """
    with _entered(path, _READING if read_only else _WRITING) as instance:
        with _lock:
            instance.attach(file or path, memory_limit)
            if keep:
                _keeper.keep(instance)
            connection = instance.connect()
        with contextlib.closing(connection):
            try:
                yield connection
            except BaseException:
                instance.until = None
                raise


@contextlib.contextmanager
def held(path: Path) -> Iterator[DuckConnection]:
    """A connection for reading. It stays open, and the file attached, for HOLD seconds. Raises as `connected` does."""
    with _entered(path, _READING) as instance:
        with _lock:
            instance.attach(path, None)
            _keeper.keep(instance)
            connection = instance.idle.pop() if instance.idle else DuckConnection(instance.connect(), stays_open=True)
        try:
            yield connection
        except BaseException:
            connection.raw.close()
            raise
        with _lock:
            instance.idle.append(connection)


@contextlib.contextmanager
def connected_alone(path: Path, config: dict[str, str]) -> Iterator[Connection]:
    """A read-only connection from an instance of its own with these settings. Raises as `connected` does."""
    with _entered(path, _ALONE), contextlib.closing(OpenedFile(path)) as file:
        connection: Connection = driver().connect(str(path), read_only=True, config=CONFIG | config)
        with contextlib.closing(connection):
            if file.changed():
                raise Overtaken
            yield _set_up(connection)


def _set_up(connection: Connection) -> Connection:
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


@contextlib.contextmanager
def _entered(path: Path, mode: str) -> Iterator[_Instance]:
    """The instance for the file, which counts this connection during the block."""
    key = os.path.realpath(path)
    with _lock:
        instance = _instances.pop(key, None) or _Instance(path, _spare() if mode != _ALONE else None)
        _instances[key] = instance
        if instance.connections and (instance.mode != mode or mode == _ALONE):
            raise Busy
        if instance.attached and not instance.connections and not instance.serves(mode, path):
            instance.detach()
        if mode == _WRITING:
            instance.close_readers()
        instance.mode = mode
        instance.connections += 1
    try:
        yield instance
    finally:
        with _lock:
            instance.connections -= 1
            if not instance.connections:
                if instance.until is None or _wanted(path):
                    instance.detach()
                _close_idle(_KEPT)


def _spare() -> _Instance | None:
    """The instance that has been idle the longest, which is removed, if as many are kept as may be."""
    idle = [key for key, each in _instances.items() if each.memory and not (each.connections or each.attached)]
    return _instances.pop(idle[0]) if len(idle) >= _KEPT else None


def _close_idle(keep: int = 0) -> None:
    idle = [key for key, instance in _instances.items() if not instance.connections]
    for key in idle[: len(idle) - keep]:
        _instances.pop(key).detach()


def release(path: Path) -> None:
    """Release a file that stayed attached; nothing if it is in use."""
    with _lock:
        instance = _instances.get(os.path.realpath(path))
        if instance and not instance.connections:
            instance.detach()


def copy(path: Path, to: Path) -> None:
    """Copy the file at `path`, to which this process has a connection."""
    file = _instances[os.path.realpath(path)].file
    assert file is not None, "nothing is attached"
    file.copy(to)


def holding(path: Path) -> bool:
    """Whether this process has the file attached, in use or not."""
    with _lock:
        instance = _instances.get(os.path.realpath(path))
        return instance is not None and instance.attached is not None


def _number(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _waiting_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.waiting.lock")


def _wanted(path: Path) -> bool:
    """Whether another process waits for the file."""
    try:
        return file_lock.is_held(_waiting_file(path))
    except OSError:
        return False


def waiting(path: Path, opened: contextlib.ExitStack) -> bool:
    """Show processes that have the file attached, until `opened` ends, that this one waits; False to try again
    later. One process at a time can show that, which is enough."""
    refused = Locked("another process is waiting too", where=str(path))
    try:
        opened.enter_context(file_lock.alone(_waiting_file(path), refused))
    except (Locked, OSError):
        return False
    return True


def give_way(path: Path) -> None:
    """Let a process that waits for the file have it; otherwise a process that reads all the time would block it."""
    deadline = time.monotonic() + PATIENCE
    while not holding(path) and _wanted(path) and time.monotonic() < deadline:
        time.sleep(STEP / 4)


class _Keeper:
    """A thread that releases the files that stay attached, each in its time. It runs while there is one."""

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None
        self.ended: bool | None = None
        """None until the first thread starts; True as soon as Python ends."""

    def keep(self, instance: _Instance) -> None:
        """Let the file of an instance stay attached from now on. The caller has `_lock`."""
        instance.until = time.monotonic() + HOLD
        if self.ended is None:
            # Registered after DuckDB's own, so called before it, which would interrupt the thread.
            atexit.register(self.end)
            self.ended = False
        if self.thread is None and not self.ended:
            self.thread = threading.Thread(target=self._run, name="memctl-keeper", daemon=True)
            self.thread.start()

    def end(self) -> None:
        """Let the thread call DuckDB no more: Python ends threads that come back from C++, which aborts the process."""
        with _lock:
            self.ended = True

    def _run(self) -> None:
        while True:
            time.sleep(STEP)
            with _lock:
                kept = [instance for instance in _instances.values() if instance.until is not None]
                if not kept or self.ended:
                    self.thread = None
                    return
                for instance in kept:
                    late = instance.until is not None and time.monotonic() > instance.until
                    if not instance.connections and (late or _wanted(instance.path)):
                        instance.detach()


_keeper = _Keeper()


_inherited: list[_Instance] = []


def _before_fork() -> None:
    """Release idle files, and let no other thread attach or release one until the process is forked."""
    _lock.acquire()
    _close_idle()


def _after_fork() -> None:
    """Leave alone, in a forked process, the instances in use: the threads they wait for exist in the parent only."""
    global _lock, _keeper
    _lock = threading.RLock()
    _keeper = _Keeper()
    _inherited.extend(_instances.values())
    _instances.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=lambda: _lock.release(), after_in_child=_after_fork)
