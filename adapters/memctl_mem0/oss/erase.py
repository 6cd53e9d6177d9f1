"""Erasing an owner's other records in mem0's library.

mem0 records former texts of memories and the last messages of each conversation in a SQLite file, and names in a
separate collection. mem0's own deletion keeps all of them. Deleted rows of a SQLite file, and of a Qdrant folder (also
SQLite), remain in free pages until the file is rewritten.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

from memctl.backends.contract import need
from memctl_mem0.mapping import owner_beside_users
from memctl_mem0.oss.config import Library
from memctl_mem0.oss.points import Row, Shelf
from memctl_mem0.oss.sqlite_files import opened, rewrite
from memctl_mem0.oss.vector_stores import open_shelf

_PAGE = 1000
_ORPHANS = (
    "{count} entries of mem0's history belong to memories deleted earlier, whose owners mem0 does not record; "
    "they are kept, and may contain text about the user"
)


class Beside(NamedTuple):
    """The number of entries of the history, messages, and points of names."""

    history: int
    messages: int
    entities: int


def rows_of(shelf: Shelf, owner: str) -> list[Row]:
    """All memories of an owner."""
    matching: list[Row] = []
    after: str | None = None
    while True:
        rows, after = shelf.page(owner, after, _PAGE)
        matching += rows
        if after is None:
            return matching


def names_of(library: Library, shelf: Shelf, owner: str) -> list[str]:
    """The ids of the names in the owner's memories. `shelf` is the collection of memories, which is closed first."""
    entities = library.of_entities()
    exists = shelf.has(entities.collection)
    shelf.close()
    if not exists:
        return []
    with closing(open_shelf(entities)) as names:
        return [row.id for row in rows_of(names, owner)]


def forget_names(library: Library, ids: Sequence[str]) -> None:
    """Delete names."""
    if ids:
        with closing(open_shelf(library.of_entities())) as names:
            names.delete(ids)


def counted(path: str | None, owner: str, memories: Sequence[str], entities: int) -> Beside:
    """The counts for an owner whose memories have these ids."""
    if path is None or not Path(path).is_file():
        return Beside(0, 0, entities)
    with opened(path) as connection:
        return Beside(len(_entries(connection, memories)), len(_messages(connection, owner)), entities)


def forget_history(path: str | None, owner: str, memories: Sequence[str], living: Sequence[str]) -> list[str]:
    """Delete the history of these memories and the owner's messages, and rewrite the file; returns a note on what
    remains.

    `living` are the ids of all existing memories.
    """
    if path is None or not Path(path).is_file():
        return []
    with opened(path) as connection:
        with connection:
            connection.executemany("DELETE FROM history WHERE id = ?", _entries(connection, memories))
            connection.executemany("DELETE FROM messages WHERE id = ?", _messages(connection, owner))
        ids = {*living, *memories}
        orphans = sum(row[0] not in ids for row in connection.execute("SELECT memory_id FROM history"))
    rewrite(Path(path))
    return [_ORPHANS.format(count=orphans)] if orphans else []


def _has(connection: sqlite3.Connection, table: str) -> bool:
    tables = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", [table])
    return tables.fetchone() is not None


def _entries(connection: sqlite3.Connection, memories: Sequence[str]) -> list[tuple[str]]:
    """The ids of the history's entries of these memories."""
    if not _has(connection, "history"):
        return []
    ids = set(memories)
    return [(id_,) for id_, memory in connection.execute("SELECT id, memory_id FROM history") if memory in ids]


def _messages(connection: sqlite3.Connection, owner: str) -> list[tuple[str]]:
    """The ids of the messages of the owner's conversations, by mem0's scope in the same row."""
    if not _has(connection, "messages"):
        return []
    kind, name = owner_beside_users(owner) or ("user", owner)
    # mem0's own function, because it escapes the separator in names.
    session_scope = need("mem0.memory.main", "mem0")._build_session_scope({f"{kind}_id": name})
    rows = connection.execute("SELECT id, session_scope FROM messages")
    return [(id_,) for id_, scope in rows if session_scope and _is_of(str(scope or "").split("&"), session_scope)]


def _is_of(parts: Sequence[str], scope: str) -> bool:
    """Whether a conversation belongs to the owner. One with a user is the user's, whoever else takes part; an agent
    owns only conversations without a user."""
    return scope in parts and (scope.startswith("user_id=") or not any(part.startswith("user_id=") for part in parts))
