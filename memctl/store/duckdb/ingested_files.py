"""The ledger of ingested files: what was read of each, by which recipe, and which episodes were seen in it.

What could not be read is in `meta`, as hashes: the place after `REFUSED`, and the state it was in.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from uuid import UUID

import msgspec

from memctl.store.duckdb.database import Connection
from memctl.store.duckdb.fact_rows import aware, naive, next_key
from memctl.store.model import FileEntry

CHUNK = 100_000
"""Rows made at a time."""
REFUSED = "refused "
"""How the names in `meta` of what was refused begin."""
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


def refusals(connection: Connection) -> dict[str, str]:
    """What was refused so far: place -> state."""
    rows = connection.execute("SELECT name, value FROM meta WHERE starts_with(name, ?)", [REFUSED]).fetchall()
    return {name.removeprefix(REFUSED): value for name, value in rows}


def record_refusals(connection: Connection, new: Mapping[str, str], over: Collection[str]) -> None:
    """Remember what was refused, by place, and drop the places of `over`."""
    names = [f"{REFUSED}{place}" for place in new]
    gone = [f"{REFUSED}{place}" for place in over]
    connection.execute("DELETE FROM meta WHERE name IN (SELECT unnest(?::VARCHAR[]))", [names + gone])
    connection.execute(
        "INSERT INTO meta SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[])", [names, list(new.values())]
    )
