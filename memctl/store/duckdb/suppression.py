"""Forgotten users: erased from the store completely, and kept out of it.

All that remains of a person is a salted hash of their name, so that a later ingest or migration can refuse them. While
an erasure is under way, `meta` has the same hash with the time it began: one that was interrupted is completed later.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from memctl.store.duckdb import fact_rows, undo_log
from memctl.store.duckdb.database import Connection, Database, get_meta, set_meta

SALT_BYTES = 32
_UNDER_WAY = "erasing "
"""How the names in `meta` of erasures that did not end begin; the hash of the user follows."""

_OWNED = ("units", "claims", "records")
"""The tables whose rows name their user, in the order they are emptied; `_others` go before them."""
_BEFORE = (
    # A file that showed this user alone goes with its name; of one that showed others too, only the sightings. Of an
    # episode that was removed the user is no longer known.
    "DELETE FROM files WHERE key IN (SELECT file FROM sightings) AND key NOT IN (SELECT file FROM sightings "
    "WHERE episode IN (SELECT id FROM records WHERE user_id <> ?))",
    "DELETE FROM sightings WHERE file NOT IN (SELECT key FROM files) "
    "OR episode IN (SELECT id FROM records WHERE user_id = ?)",
    "DELETE FROM evidence WHERE claim IN (SELECT id FROM claims WHERE user_id = ?)",
)


def digest(connection: Connection, user: str) -> str:
    """HMAC-SHA-256 of the name under the store's own salt, as hex."""
    salt = get_meta(connection, "salt")
    if salt is None:
        salt = secrets.token_hex(SALT_BYTES)
        set_meta(connection, "salt", salt)
    return _digest(salt, user)


def _digest(salt: str, user: str) -> str:
    return hmac.new(bytes.fromhex(salt), user.encode(), hashlib.sha256).hexdigest()


def among(connection: Connection, users: Iterable[str]) -> set[str]:
    """The subset of the users who were forgotten, here or in a store that this one replaced."""
    pairs = set(connection.execute("SELECT salt, digest FROM forgotten").fetchall())
    salts = {salt for salt, _ in pairs}
    return {user for user in set(users) if any((salt, _digest(salt, user)) in pairs for salt in salts)}


def is_digest(connection: Connection, user: str, hashed: str) -> bool:
    """Whether `hashed` stands for this name, here or in a store that this one replaced."""
    salts = {salt for (salt,) in connection.execute("SELECT DISTINCT salt FROM forgotten").fetchall()}
    salts |= {get_meta(connection, "salt")} - {None}
    return any(hmac.compare_digest(_digest(salt, user), hashed) for salt in salts)


def forgotten_at(connection: Connection, user: str) -> datetime | None:
    """When the user was forgotten, last; None if they were not."""
    rows = connection.execute("SELECT salt, digest, forgotten_at FROM forgotten").fetchall()
    digests = {salt: _digest(salt, user) for salt, _, _ in rows}
    times = [at for salt, hashed, at in rows if digests[salt] == hashed]
    return fact_rows.aware(max(times)) if times else None


def begin(connection: Connection, user: str, at: datetime) -> str:
    """Record that the user is being erased; returns the salted hash that stands for their name."""
    hashed = digest(connection, user)
    set_meta(connection, f"{_UNDER_WAY}{hashed}", at.isoformat())
    return hashed


def begun_at(connection: Connection, user: str) -> datetime | None:
    """When an erasure of the user began that has not succeeded since; None if there is none."""
    salt = get_meta(connection, "salt")
    began = None if salt is None else get_meta(connection, f"{_UNDER_WAY}{_digest(salt, user)}")
    return None if began is None else datetime.fromisoformat(began)


def has_traces(connection: Connection, user: str) -> bool:
    """Whether any row names the user: records, and what is kept of them to undo a removal or to ask a model."""
    return any(
        connection.execute(f'SELECT 1 FROM "{table}" WHERE user_id = ? LIMIT 1', [user]).fetchall()  # noqa: S608
        for table in (*_OWNED, *_others(connection))
    )


def forget(connection: Connection, user: str) -> int:
    """Erase all rows of the user; returns how many records there were.

    The bytes are still in the file until it is rebuilt.
    """
    rows = connection.execute("SELECT count(*) FROM records WHERE user_id = ?", [user]).fetchall()
    for statement in _BEFORE:
        connection.execute(statement, [user])
    undo_log.forget(connection, user)
    for table in (*_others(connection), *_OWNED):
        connection.execute(f'DELETE FROM "{table}" WHERE user_id = ?', [user])  # noqa: S608 - a table of the catalogue
    # The questions of a batch name their user; a batch without questions is useless.
    connection.execute("DELETE FROM batches WHERE id NOT IN (SELECT batch FROM batch_requests)")
    return int(rows[0][0])


def mark(connection: Connection, user: str) -> str:
    """Keep the user out from now on; returns the salted hash that stands for their name."""
    hashed = digest(connection, user)
    connection.execute("DELETE FROM meta WHERE name = ?", [f"{_UNDER_WAY}{hashed}"])
    if not among(connection, [user]):
        now = fact_rows.naive(datetime.now(UTC))
        connection.execute("INSERT INTO forgotten VALUES (?, ?, ?)", [get_meta(connection, "salt"), hashed, now])
    return hashed


def restore(connection: Connection, user: str) -> bool:
    """Admit the user again; returns whether they were forgotten."""
    known = bool(among(connection, [user]))
    for (salt,) in connection.execute("SELECT DISTINCT salt FROM forgotten").fetchall():
        connection.execute("DELETE FROM forgotten WHERE salt = ? AND digest = ?", [salt, _digest(salt, user)])
    return known


def carry_over(old: Database, new: Database) -> None:
    """Make `new`, which replaces `old`, keep out the users that `old` keeps out."""
    if not old.path.exists():
        return
    with old.reading() as connection:
        held = connection.execute("SELECT salt, digest, forgotten_at FROM forgotten").fetchall()
    with new.writing() as connection:
        known = set(connection.execute("SELECT salt, digest FROM forgotten").fetchall())
        for salt, hashed, at in held:
            if (salt, hashed) not in known:
                connection.execute("INSERT INTO forgotten VALUES (?, ?, ?)", [salt, hashed, at])
        users = [row[0] for row in connection.execute("SELECT DISTINCT user_id FROM records").fetchall()]
        gone = among(connection, users)
        for user in gone:
            forget(connection, user)
    if gone:
        new.rebuild()


def _others(connection: Connection) -> list[str]:
    """The tables besides `_OWNED` that have a user: vectors, and whatever a later schema adds."""
    rows = connection.execute(
        "SELECT table_name FROM duckdb_columns() WHERE column_name = 'user_id' AND NOT internal AND table_name IN "
        "(SELECT table_name FROM duckdb_tables() WHERE NOT internal)"
    ).fetchall()
    return sorted({row[0] for row in rows} - set(_OWNED))
