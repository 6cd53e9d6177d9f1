"""The ledger of ingested files: what was read of each, by which recipe, and which episodes were seen in it."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

import msgspec

from memctl.store.duckdb.database import Connection
from memctl.store.duckdb.fact_rows import aware, naive, next_key

CHUNK = 100_000
"""Rows made at a time."""


class PackedIds:
    """Ids in the order they came, 16 bytes each where a set takes 140: an export may show millions of episodes."""

    def __init__(self, ids: Iterable[UUID] = ()) -> None:
        self._bytes = bytearray()
        self.extend(ids)

    def extend(self, ids: Iterable[UUID]) -> None:
        """Take more ids in."""
        self._bytes += b"".join(id_.bytes for id_ in ids)

    def __iter__(self) -> Iterator[UUID]:
        return (UUID(bytes=bytes(self._bytes[at : at + 16])) for at in range(0, len(self._bytes), 16))


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One ingested file. `attribution` says by which rule its owner was found and
    `recipe` names every other option that decides what comes out of it (extractor, time zone, …);
    `size` is in bytes and `sha256` (hex) is over all of them. Turns before `since` were left out. `complete` is False
    when something in the file could not be read."""

    uri: str
    attribution: str
    recipe: str
    format: str
    size: int
    mtime_ns: int
    sha256: str
    sessions: int
    turns: int
    since: datetime | None = None
    complete: bool = True

    def covers(self, recipe: str, since: datetime | None) -> bool:
        """True when the same bytes, read by `recipe` from `since` on, have nothing more to give."""
        enough = self.since is None or (since is not None and since >= self.since)
        return self.complete and enough and self.recipe == recipe


_COLUMNS = FileEntry.__struct_fields__


def entries(connection: Connection) -> dict[tuple[str, str], FileEntry]:
    """Every file ingested so far, by uri and attribution."""
    rows = connection.execute(f"SELECT {', '.join(_COLUMNS)} FROM files ORDER BY key").fetchall()  # noqa: S608
    raw = [FileEntry(**dict(zip(_COLUMNS, row, strict=True))) for row in rows]
    found = [msgspec.structs.replace(entry, since=aware(entry.since)) for entry in raw]
    return {(entry.uri, entry.attribution): entry for entry in found}


def keys(connection: Connection, files: Sequence[FileEntry]) -> list[int]:
    """The row keys of those of the files that were entered before."""
    rows = connection.execute(
        "SELECT key FROM files WHERE (uri, attribution) IN (SELECT (unnest(?::VARCHAR[]), unnest(?::VARCHAR[])))",
        [[file.uri for file in files], [file.attribution for file in files]],
    ).fetchall()
    return [row[0] for row in rows]


def episodes_of(connection: Connection, entry: FileEntry) -> set[UUID]:
    """The episodes seen in a file when it was last read."""
    rows = connection.execute(
        "SELECT episode FROM sightings WHERE file IN (SELECT unnest(?::BIGINT[]))", [keys(connection, [entry])]
    ).fetchall()
    return {row[0] for row in rows}


def unseen(connection: Connection, episodes: Iterable[UUID]) -> set[UUID]:
    """Those of `episodes` that no file shows."""
    rows = connection.execute(
        "SELECT e FROM (SELECT unnest(?::UUID[]) e) WHERE e NOT IN (SELECT episode FROM sightings)",
        [list(episodes)],
    ).fetchall()
    return {row[0] for row in rows}


def record(connection: Connection, entry: FileEntry, episodes: Iterable[UUID]) -> int:
    """Enter a file that was read to its end, replacing what stood there for it; its row key."""
    key = next(iter(keys(connection, [entry])), None) or next_key(connection, "files")
    connection.execute("DELETE FROM sightings WHERE file = ?", [key])
    connection.execute("DELETE FROM files WHERE key = ?", [key])
    connection.execute(
        "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            key,
            entry.uri,
            entry.attribution,
            entry.recipe,
            entry.format,
            entry.size,
            entry.mtime_ns,
            entry.sha256,
            entry.sessions,
            entry.turns,
            naive(entry.since),
            entry.complete,
            naive(datetime.now(UTC)),
        ],
    )
    left = iter(episodes)
    while rows := [(key, episode) for episode in islice(left, CHUNK)]:
        with connection.appender("sightings") as appender:
            appender.append_rows(rows)
    return key
