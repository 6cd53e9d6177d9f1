"""A whole store copied to another place and engine, in one transaction: complete and verified, or not there at all.

Each table is compared by the sum of a hash of every row, computed while the rows are read here and again from the copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

import msgspec

from memctl.core.errors import MemctlError, NotFound, UsageError
from memctl.store.connection import Connection, Engine
from memctl.store.sql import writes
from memctl.store.sql.meta import get_meta, set_meta

BATCH = 5000
_VECTORS = "vectors"
_OWN_META = ("schema_version", "embedder_next")
"""Properties that are not copied: the version is the copy's own, and an unfinished reindex is not taken along."""
_REALS = {"undo_vectors"}
"""Tables with lists of single-precision numbers."""

Progress = Callable[[int, int, str], None]
"""Called with the rows copied, the rows in all, and the table in work."""


class Copied(msgspec.Struct, frozen=True, kw_only=True):
    """The rows of each table that was copied. `runs_left` is the number of runs that can be undone at the old place
    only, because the states of rows that an undo compares differ between engines."""

    source: str
    target: str
    rows: dict[str, int]
    runs_left: int


def copy(source: Engine, target: Engine, progress: Progress | None = None) -> Copied:
    """Copy the store of `source` to `target`, which must not have one yet, and verify every row.

    Raises NotFound if the source does not exist, UsageError if the target does, MemctlError if a row differs.
    """
    if source.place == target.place:
        raise UsageError("a store cannot be copied to its own place", where=source.place)
    _require_absent(target)
    with source.reading() as old, target.writing() as new:
        # Another process may have created it in the meantime.
        if new.execute("SELECT 1 FROM records LIMIT 1").fetchall():
            raise _exists(target)
        undo_too = (source.file is None) == (target.file is None)
        tables = [name for name in old.tables() if _copied(name, undo_too)]
        counts = {name: _count(old, name) for name in tables}
        meter = _Meter(progress, sum(counts.values()))
        _copy_meta(old, new)
        for table in sorted(tables, key=lambda name: (name == _VECTORS, name)):
            # Vectors come last, because each belongs to a row of `units`.
            digest = (_copy_vectors if table == _VECTORS else _copy_rows)(old, new, table, meter)
            if (digest.rows, digest.sum) != _digest(new, table):
                raise MemctlError(
                    f"the copy of {table!r} differs from its source; nothing was kept", where=target.place
                )
        for table in ("records", "units", "files"):
            new.skip_keys(table, _highest(old, table))
        runs = 0 if undo_too else _count(old, "runs")
    return Copied(source=source.place, target=target.place, rows=counts, runs_left=runs)


class _Meter:
    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def add(self, rows: int, table: str) -> None:
        self.done += rows
        if self.progress:
            self.progress(self.done, self.total, table)


class _Digest:
    """The number of rows and the sum of their hashes, for which their order is of no importance."""

    def __init__(self) -> None:
        self.rows = self.sum = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:
            value = int.from_bytes(blake2b(msgspec.json.encode(row), digest_size=16).digest(), "big")
            self.sum = (self.sum + value) % (1 << 128)
        self.rows += len(rows)


def _require_absent(target: Engine) -> None:
    if not target.exists():
        return
    try:
        with target.reading():
            raise _exists(target)
    except NotFound:
        # A file that a killed first write left without tables.
        return


def _exists(target: Engine) -> UsageError:
    return UsageError("a store already exists there", where=target.place, hint="name a place without a store")


def _copied(table: str, undo_too: bool) -> bool:
    if table in ("meta", "vectors_next"):
        return False
    return undo_too or not (table.startswith("undo_") or table in ("runs", "touched"))


def _copy_meta(old: Connection, new: Connection) -> None:
    for name, value in old.execute("SELECT name, value FROM meta ORDER BY name").fetchall():
        if name not in _OWN_META:
            set_meta(new, name, value)
    dim = get_meta(old, "dim")
    if dim is not None:
        writes.make_vectors_table(new, _VECTORS, int(dim))
        writes.define_facts_view(new)


def _copy_rows(old: Connection, new: Connection, table: str, meter: _Meter) -> _Digest:
    digest = _Digest()
    columns = _columns(old, table)
    for rows in _batches(old, table, columns):
        digest.add(_comparable(rows, table))
        new.append(table, columns, rows)
        meter.add(len(rows), table)
    return digest


def _copy_vectors(old: Connection, new: Connection, table: str, meter: _Meter) -> _Digest:
    digest = _Digest()
    for rows, vectors in _vectors(old):
        digest.add([(*row, vector.tobytes()) for row, vector in zip(rows, vectors, strict=True)])
        new.append_vectors(table, [row[0] for row in rows], vectors)
        meter.add(len(rows), table)
    return digest


def _digest(connection: Connection, table: str) -> tuple[int, int]:
    digest = _Digest()
    if table == _VECTORS:
        for rows, vectors in _vectors(connection):
            digest.add([(*row, vector.tobytes()) for row, vector in zip(rows, vectors, strict=True)])
    else:
        for batch in _batches(connection, table, _columns(connection, table)):
            digest.add(_comparable(batch, table))
    return digest.rows, digest.sum


def _batches(connection: Connection, table: str, columns: str) -> Iterator[list[tuple[Any, ...]]]:
    yield from connection.stream(f"SELECT {columns} FROM {table}", BATCH)  # noqa: S608 - names of the catalogue


def _vectors(connection: Connection) -> Iterator[tuple[list[tuple[Any, ...]], Any]]:
    """The vectors by the keys of their units, with the rows' unit and user."""
    last = -1
    while True:
        rows, vectors = connection.vectors(
            "SELECT unit, user_id, embedding FROM vectors WHERE unit > ? ORDER BY unit LIMIT ?", [last, BATCH]
        )
        if not rows:
            return
        yield rows, vectors
        last = rows[-1][0]


def _columns(connection: Connection, table: str) -> str:
    """The names of a table's columns in alphabetical order, with commas."""
    rows = connection.execute(
        "SELECT column_name::TEXT FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND table_name = ? ORDER BY 1",
        [table],
    ).fetchall()
    return ", ".join(row[0] for row in rows)


def _comparable(rows: Sequence[tuple[Any, ...]], table: str) -> Sequence[Sequence[Any]]:
    """Rows in which equal single-precision numbers are equal whatever engine they come from."""
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
