"""The ledger of ingested files: what was read of each, by which recipe, and which episodes were seen in it.

What could not be read is in `meta`, as hashes: the place after `REFUSED`, and the state it was in.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

import msgspec

from memctl.store.connection import Connection
from memctl.store.model import FileEntry, FileRead
from memctl.store.sql import fact_rows
from memctl.store.sql.fact_rows import aware, naive
from memctl.store.sql.meta import get_meta

CHUNK = 100_000
"""Rows made at a time."""
ADMITTED = "admitted again at"
"""The name in `meta` of the time when a forgotten user was last admitted again."""
REFUSED = "refused "
"""How the names in `meta` of what was refused begin."""

_COLUMNS = FileEntry.__struct_fields__
COLUMNS = f"key, {', '.join(_COLUMNS)}, ingested_at"
SIGHTINGS = "file, episode, user_id"


def entries(connection: Connection) -> dict[tuple[str, str], FileEntry]:
    """Every file ingested so far, by uri and attribution.

    One that was read before a user was admitted again is not complete: their turns in it were erased.
    """
    rows = connection.execute(f"SELECT ingested_at, {', '.join(_COLUMNS)} FROM files ORDER BY key").fetchall()  # noqa: S608
    admitted = datetime.fromisoformat(get_meta(connection, ADMITTED) or "0001-01-01T00:00:00+00:00")
    files = []
    for ingested_at, *row in rows:
        entry = FileEntry(**dict(zip(_COLUMNS, row, strict=True)))
        complete = entry.complete and (aware(ingested_at) or admitted) > admitted
        files.append(msgspec.structs.replace(entry, since=aware(entry.since), complete=complete))
    return {(entry.uri, entry.attribution): entry for entry in files}


def keys(connection: Connection, files: Sequence[FileEntry]) -> list[int]:
    """The row keys of those of the files that were entered before."""
    rows = connection.execute(
        "SELECT key FROM files WHERE (uri, attribution) IN (SELECT unnest(?::TEXT[]), unnest(?::TEXT[]))",
        [[file.uri for file in files], [file.attribution for file in files]],
    ).fetchall()
    return [row[0] for row in rows]


def episodes_of(connection: Connection, entry: FileEntry) -> set[UUID]:
    """The episodes seen in a file when it was last read."""
    rows = connection.execute(
        f"SELECT episode FROM sightings WHERE file {connection.in_list('BIGINT')}",  # noqa: S608
        [keys(connection, [entry])],
    ).fetchall()
    return {row[0] for row in rows}


def unseen(connection: Connection, episodes: Iterable[UUID]) -> set[UUID]:
    """Those of `episodes` that no file shows."""
    rows = connection.execute(
        "SELECT id FROM (SELECT unnest(?::UUID[]) AS id) asked "  # noqa: S608
        f"WHERE NOT EXISTS (SELECT 1 FROM sightings s WHERE {connection.mine('s')} AND s.episode = asked.id)",
        [list(episodes)],
    ).fetchall()
    return {row[0] for row in rows}


def record(connection: Connection, files: Sequence[FileRead]) -> list[int]:
    """Enter files that were read to their end, replacing what was recorded of them; returns their row keys."""
    files = list({(file.entry.uri, file.entry.attribution): file for file in files}.values())
    before = {
        (uri, attribution): key
        for key, uri, attribution in connection.execute(
            "SELECT key, uri, attribution FROM files "
            "WHERE (uri, attribution) IN (SELECT unnest(?::TEXT[]), unnest(?::TEXT[]))",
            [[file.entry.uri for file in files], [file.entry.attribution for file in files]],
        ).fetchall()
    }
    old = list(before.values())
    new = [file.entry for file in files if (file.entry.uri, file.entry.attribution) not in before]
    (fresh,) = connection.keys(files=len(new))
    before |= zip(((entry.uri, entry.attribution) for entry in new), fresh, strict=True)
    keys_ = [before[file.entry.uri, file.entry.attribution] for file in files]
    now = naive(datetime.now(UTC))
    # A file that was read before may have had turns of anyone.
    for table, column in (("sightings", "file"), ("files", "key")) if old else ():
        connection.execute(f"DELETE FROM {table} WHERE {column} {connection.in_list('BIGINT')}", [old])  # noqa: S608
    connection.append("files", COLUMNS, [_row(key, file.entry, now) for key, file in zip(keys_, files, strict=True)])
    sighted = ((key, episode) for key, file in zip(keys_, files, strict=True) for episode in file.episodes)
    while chunk := list(islice(sighted, CHUNK)):
        _sight(connection, chunk)
    return keys_


def _row(key: int, entry: FileEntry, now: datetime | None) -> tuple[Any, ...]:
    return (key, *msgspec.structs.astuple(msgspec.structs.replace(entry, since=naive(entry.since))), now)


def _sight(connection: Connection, sighted: list[tuple[int, UUID]]) -> None:
    """Record which files contain which episodes, each with its owner, who may be anyone; that of a removed one is not
    known."""
    owners = fact_rows.owners(connection, (episode for _, episode in sighted))
    connection.append("sightings", SIGHTINGS, [(file, episode, owners.get(episode, "")) for file, episode in sighted])


def refusals(connection: Connection) -> dict[str, str]:
    """What was refused so far: place -> state."""
    rows = connection.execute("SELECT name, value FROM meta WHERE starts_with(name, ?)", [REFUSED]).fetchall()
    return {name.removeprefix(REFUSED): value for name, value in rows}


def record_refusals(connection: Connection, new: Mapping[str, str], over: Collection[str]) -> None:
    """Remember what was refused, by place, and drop the places of `over`."""
    rows = [(f"{REFUSED}{place}", state) for place, state in new.items()]
    gone = [f"{REFUSED}{place}" for place in over]
    connection.execute("DELETE FROM meta WHERE name IN (SELECT unnest(?::TEXT[]))", [[name for name, _ in rows] + gone])
    connection.append("meta", "name, value", rows)
