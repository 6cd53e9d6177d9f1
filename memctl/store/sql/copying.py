"""A whole store copied to another place and engine, verified at the end.

Each table is compared by the sum of a hash of every row, computed while the rows are read here and again from the copy.
A large copy takes several transactions. Until the last one, the copy is marked as unfinished, so that no other command
uses it; the same copy, run again, continues after the rows that exist.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from hashlib import blake2b
from secrets import token_hex
from types import TracebackType
from typing import Any

import msgspec

from memctl.core.errors import MemctlError, NotFound, UsageError
from memctl.store.connection import COPYING, Connection, Engine
from memctl.store.sql import writes
from memctl.store.sql.meta import get_meta, set_meta

BATCH = 5000
TOGETHER = 50_000
"""Rows after which a transaction is committed."""
_VECTORS = "vectors"
_COPY = "copy"
"""The property of an unfinished copy that names its source and the process that works on it."""
_OWN_META = ("schema_version", "embedder_next", _COPY)
"""Properties that are not copied: the version is the copy's own, and an unfinished reindex is not taken along."""
_REALS = {"undo_vectors"}
"""Tables with lists of single-precision numbers."""
_ORDER = ("run", "place", "key", "batch", "unit", "id", "fact", "file", "episode", "seq", "digest")
"""Columns by which a table is read, so that a second reading begins with the same rows."""

Progress = Callable[[int, int, str], None]
"""Called with the rows copied, the rows in all, and the table in work."""


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of each table that was copied. `runs_left` is the number of runs that can be undone at the old place
    only, because the states of rows that an undo compares differ between engines."""

    source: str
    target: str
    rows: dict[str, int]
    runs_left: int


class _Unfinished(msgspec.Struct, frozen=True):
    source: str
    token: str


def copy(source: Engine, target: Engine, progress: Progress | None = None) -> Copied:
    """Copy the store of `source` to `target`, which must not have one yet, and verify every row.

    An interrupted copy is continued. Raises NotFound if the source does not exist, UsageError if the target does,
    MemctlError if a row differs.
    """
    if source.place == target.place:
        raise UsageError("the source and the target are the same store", where=source.place)
    target.copying = True
    mark = _Unfinished(source=_name(source), token=token_hex(8))
    _require_free(target, mark)
    with source.reading() as old, _Writer(target, mark) as writer:
        undo_too = (source.file is None) == (target.file is None)
        tables = [name for name in old.tables() if _copied(name, undo_too)]
        counts = {name: _count(old, name) for name in tables}
        meter = _Meter(progress, sum(counts.values()))
        _copy_meta(old, writer.connection)
        # Vectors come last, because each belongs to a row of `units`.
        tables.sort(key=lambda name: (name == _VECTORS, name))
        digests = {table: _copy_rows(old, writer, table, meter) for table in tables}
        new = writer.connection
        for table, digest in digests.items():
            if digest != _digest(new, table):
                raise MemctlError(
                    f"the copy of {table!r} differs from its source",
                    where=target.place,
                    hint="run the command again to copy the table again",
                )
        for table in ("records", "units", "files"):
            new.skip_keys(table, _highest(old, table))
        runs = 0 if undo_too else _count(old, "runs")
        writer.finish()
    return Copied(source=source.place, target=target.place, rows=counts, runs_left=runs)


class _Writer:
    """Transactions on the target, one after the other, each of about `TOGETHER` rows; `connection` is in the current
    one."""

    def __init__(self, engine: Engine, mark: _Unfinished) -> None:
        self.engine, self.mark = engine, mark
        self._rows = 0

    def __enter__(self) -> _Writer:
        self._begin()
        if (mark := _mark(self.connection)) is None:
            # Another process may have created the store in the meantime.
            if self.connection.execute("SELECT 1 FROM records LIMIT 1").fetchall():
                self._transaction.close()
                raise _exists(self.engine)
            version = get_meta(self.connection, "schema_version")
            set_meta(self.connection, "schema_version", f"{version}{COPYING}")
        elif mark.source != self.mark.source:
            self._transaction.close()
            raise _is_other_copy(self.engine, mark)
        set_meta(self.connection, _COPY, msgspec.json.encode(self.mark).decode())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transaction.__exit__(kind, error, trace)

    def _begin(self) -> None:
        self._transaction = ExitStack()
        self.connection = self._transaction.enter_context(self.engine.writing())

    def wrote(self, rows: int) -> None:
        """Count rows that were written, and commit when there are enough of them."""
        self._rows += rows
        if self._rows < TOGETHER:
            return
        self._rows = 0
        self._transaction.close()
        self._begin()
        if _mark(self.connection) != self.mark:
            raise MemctlError("another process is running this copy", where=self.engine.place)

    def finish(self) -> None:
        """Make the copy a store."""
        version = get_meta(self.connection, "schema_version") or ""
        set_meta(self.connection, "schema_version", version.removesuffix(COPYING))
        self.connection.execute("DELETE FROM meta WHERE name = ?", [_COPY])


class _Meter:
    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def add(self, rows: int, table: str) -> None:
        self.done += rows
        if self.progress:
            self.progress(self.done, self.total, table)


class _Digest(msgspec.Struct):
    """The number of rows and the sum of their hashes, for which their order is of no importance."""

    rows: int = 0
    sum: int = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            value = int.from_bytes(blake2b(msgspec.json.encode(row), digest_size=16).digest(), "big")
            self.sum = (self.sum + value) % (1 << 128)
        self.rows += len(rows)


def _name(engine: Engine) -> str:
    """The place of a store, whatever folder a command runs in."""
    return str(engine.file.absolute()) if engine.file else engine.place


def _mark(connection: Connection) -> _Unfinished | None:
    text = get_meta(connection, _COPY)
    return msgspec.json.decode(text, type=_Unfinished) if text else None


def _require_free(target: Engine, mark: _Unfinished) -> None:
    """Raise UsageError if the target is a store, or the unfinished copy of another store."""
    if not target.exists():
        return
    try:
        with target.reading() as connection:
            there = _mark(connection)
    except NotFound:
        # A file that a killed first write left without tables.
        return
    if there is None:
        raise _exists(target)
    if there.source != mark.source:
        raise _is_other_copy(target, there)


def _is_other_copy(target: Engine, mark: _Unfinished) -> UsageError:
    return UsageError(
        f"an unfinished copy of {mark.source} is there",
        where=target.place,
        hint="finish that copy, remove it, or choose another target",
    )


def _exists(target: Engine) -> UsageError:
    return UsageError("a store already exists there", where=target.place, hint="choose a target without a store")


def _copied(table: str, undo_too: bool) -> bool:
    if table in ("meta", "vectors_next"):
        return False
    return undo_too or not (table.startswith("undo_") or table in ("runs", "touched"))


def _copy_meta(old: Connection, new: Connection) -> None:
    begun = get_meta(new, "embedder_spec")
    if begun is not None and begun != get_meta(old, "embedder_spec"):
        # The source was reindexed since.
        new.execute("DROP VIEW facts")
        new.execute(f"DROP TABLE {_VECTORS}")
        begun = None
    for (name,) in new.execute("SELECT name FROM meta").fetchall():
        if name not in _OWN_META:
            new.execute("DELETE FROM meta WHERE name = ?", [name])
    for name, value in old.execute("SELECT name, value FROM meta ORDER BY name").fetchall():
        if name not in _OWN_META:
            set_meta(new, name, value)
    dim = get_meta(old, "dim")
    if dim is not None and begun is None:
        writes.make_vectors_table(new, _VECTORS, int(dim))
        writes.define_facts_view(new)


def _copy_rows(old: Connection, writer: _Writer, table: str, meter: _Meter) -> _Digest:
    """Add the rows that an earlier attempt did not copy; returns the digest of all rows."""
    digest = _digest(writer.connection, table)
    if digest.rows and digest != _digest(old, table, digest.rows):
        # The source changed since.
        writer.connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of the catalogue
        digest = _Digest()
    meter.add(digest.rows, table)
    columns = _columns(old, table)
    for rows, vectors in _batches(old, table, skip=digest.rows):
        if vectors is None:
            writer.connection.append(table, columns, rows)
        else:
            units, users = zip(*rows, strict=True)
            writer.connection.append_vectors(table, units, users, vectors)
        digest.add(_comparable(rows, vectors, table))
        meter.add(len(rows), table)
        writer.wrote(len(rows))
    return digest


def _digest(connection: Connection, table: str, first: int | None = None) -> _Digest:
    """The digest of a table, or of its `first` rows."""
    digest = _Digest()
    for rows, vectors in _batches(connection, table, first=first):
        digest.add(_comparable(rows, vectors, table))
    return digest


def _batches(
    connection: Connection, table: str, *, skip: int = 0, first: int | None = None
) -> Iterator[tuple[list[tuple[Any, ...]], Any]]:
    """The rows of a table in a fixed order, without the `skip` first ones or only the `first` ones; of the table of
    vectors, each row's unit and user, and the vectors."""
    if table == _VECTORS:
        yield from _vectors(connection, skip, first)
        return
    columns = _columns(connection, table)
    order = [name for name in _ORDER if name in columns.split(", ")]
    statement = f"SELECT {columns} FROM {table}"  # noqa: S608 - names of the catalogue
    if order:
        statement += f" ORDER BY {', '.join(order)}"
    if first is not None:
        statement += f" LIMIT {first}"
    if skip:
        statement += f" OFFSET {skip}"
    for rows in connection.stream(statement, BATCH):
        yield rows, None


def _vectors(connection: Connection, skip: int, first: int | None) -> Iterator[tuple[list[tuple[Any, ...]], Any]]:
    """The vectors by the keys of their units, with the rows' unit and user."""
    last = -1
    if skip:
        ((last,),) = connection.execute(
            "SELECT unit FROM vectors ORDER BY unit LIMIT 1 OFFSET ?", [skip - 1]
        ).fetchall()
    while first is None or first > 0:
        rows, vectors = connection.vectors(
            "SELECT unit, user_id, embedding FROM vectors WHERE unit > ? ORDER BY unit LIMIT ?",
            [last, BATCH if first is None else min(BATCH, first)],
        )
        if not rows:
            return
        yield rows, vectors
        last = rows[-1][0]
        if first is not None:
            first -= len(rows)


def _columns(connection: Connection, table: str) -> str:
    """The names of a table's columns in alphabetical order, with commas."""
    rows = connection.execute(
        "SELECT column_name::TEXT FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = ? ORDER BY 1",
        [table],
    ).fetchall()
    return ", ".join(row[0] for row in rows)


def _comparable(rows: Sequence[tuple[Any, ...]], vectors: Any, table: str) -> Sequence[Sequence[Any]]:
    """Rows in which equal single-precision numbers are equal whatever engine they come from."""
    if vectors is not None:
        return [(*row, vector.tobytes()) for row, vector in zip(rows, vectors, strict=True)]
    if table not in _REALS:
        return rows
    import numpy as np

    return [
        [np.asarray(each, dtype=np.float32).tobytes() if isinstance(each, list) else each for each in row]
        for row in rows
    ]


def _count(connection: Connection, table: str) -> int:
    return int(connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0])  # noqa: S608


def _highest(connection: Connection, table: str) -> int:
    """The highest row key of a table, rows that an undo would bring back included."""
    rows = connection.execute(
        f"SELECT coalesce(max(key), 0) FROM (SELECT key FROM {table} UNION ALL SELECT key FROM undo_{table}) k"  # noqa: S608
    ).fetchall()
    return int(rows[0][0])
