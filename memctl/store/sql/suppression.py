"""Forgotten users: erased from the store completely, and kept out of it.

All that remains of a person is a salted hash of their name, so that a later ingest or migration can refuse them. While
an erasure is under way, `meta` has the same hash with the time it began: one that was interrupted is completed later.
"""

from __future__ import annotations

from datetime import UTC, datetime

from memctl.store.connection import Connection, Engine
from memctl.store.sql import fact_rows, ingested_files, undo_log
from memctl.store.sql.meta import get_meta, set_meta
from memctl.store.suppressed_users import SuppressedUsers, salted_hash

SALT_BYTES = 32
_UNDER_WAY = "erasing "
"""How the names in `meta` of erasures that did not end begin; the hash of the user follows."""

_OWNED = ("units", "claims", "records")
"""The tables whose rows name their user, in the order they are emptied; `_others` go before them."""
_BEFORE = (
    # A file with this user only is deleted, its name too; of a shared file, only the user's sightings are deleted.
    "DELETE FROM files WHERE key IN (SELECT file FROM sightings) AND NOT EXISTS (SELECT 1 FROM sightings s "
    "WHERE s.file = files.key AND s.episode IN (SELECT id FROM records WHERE user_id <> $user))",
    "DELETE FROM sightings WHERE user_id = $user OR NOT EXISTS (SELECT 1 FROM files f WHERE f.key = sightings.file)",
    # Records removed by hand stay removed if the user is admitted again; the name is not kept.
    "INSERT INTO removed (id, user_id) SELECT id, '' FROM removed WHERE user_id = $user",
)


def digest(connection: Connection, user: str) -> str:
    """HMAC-SHA-256 of the name under the store's own salt, as hex."""
    salt = get_meta(connection, "salt")
    if salt is None:
        import secrets

        salt = secrets.token_hex(SALT_BYTES)
        set_meta(connection, "salt", salt)
    return salted_hash(salt, user)


def suppressed(connection: Connection) -> SuppressedUsers:
    """The users who were forgotten, here or in a store that this one replaced."""
    pairs = connection.execute("SELECT salt, digest FROM forgotten").fetchall()
    return SuppressedUsers(frozenset((salt, hashed) for salt, hashed in pairs))


def is_digest(connection: Connection, user: str, hashed: str) -> bool:
    """Whether `hashed` stands for this name, here or in a store that this one replaced."""
    salts = {salt for (salt,) in connection.execute("SELECT DISTINCT salt FROM forgotten").fetchall()}
    salts |= {get_meta(connection, "salt")} - {None}
    from hmac import compare_digest

    return any(compare_digest(salted_hash(salt, user), hashed) for salt in salts)


def forgotten_at(connection: Connection, user: str) -> datetime | None:
    """When the user was forgotten, last; None if they were not."""
    rows = connection.execute("SELECT salt, digest, forgotten_at FROM forgotten").fetchall()
    digests = {salt: salted_hash(salt, user) for salt, _, _ in rows}
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
    began = None if salt is None else get_meta(connection, f"{_UNDER_WAY}{salted_hash(salt, user)}")
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
        connection.execute(statement, {"user": user})
    undo_log.forget(connection, user)
    for table in (*_others(connection), *_OWNED):
        connection.execute(f'DELETE FROM "{table}" WHERE user_id = ?', [user])  # noqa: S608 - a table of the catalogue
    # The questions of a batch name their user; a batch without questions is useless.
    connection.execute(
        "DELETE FROM batches WHERE NOT EXISTS (SELECT 1 FROM batch_requests r WHERE r.batch = batches.id)"
    )
    return int(rows[0][0])


def mark(connection: Connection, user: str) -> str:
    """Keep the user out from now on; returns the salted hash that stands for their name."""
    hashed = digest(connection, user)
    connection.execute("DELETE FROM meta WHERE name = ?", [f"{_UNDER_WAY}{hashed}"])
    if not suppressed(connection).among([user]):
        now = fact_rows.naive(datetime.now(UTC))
        connection.execute(
            "INSERT INTO forgotten (salt, digest, forgotten_at) VALUES (?, ?, ?)",
            [get_meta(connection, "salt"), hashed, now],
        )
    return hashed


def restore(connection: Connection, user: str) -> bool:
    """Admit the user again; returns whether they were forgotten."""
    known = bool(suppressed(connection).among([user]))
    for (salt,) in connection.execute("SELECT DISTINCT salt FROM forgotten").fetchall():
        connection.execute("DELETE FROM forgotten WHERE salt = ? AND digest = ?", [salt, salted_hash(salt, user)])
    if known:
        set_meta(connection, ingested_files.ADMITTED, datetime.now(UTC).isoformat())
    return known


def carry_over(old: Engine, new: Engine) -> None:
    """Make `new`, which replaces `old`, keep out the users that `old` keeps out."""
    if not old.exists():
        return
    with old.reading() as connection:
        rows = connection.execute("SELECT salt, digest, forgotten_at FROM forgotten").fetchall()
    with new.writing() as connection:
        known = set(connection.execute("SELECT salt, digest FROM forgotten").fetchall())
        new_rows = [row for row in rows if (row[0], row[1]) not in known]
        connection.append("forgotten", "salt, digest, forgotten_at", new_rows)
        users = [row[0] for row in connection.execute("SELECT DISTINCT user_id FROM records").fetchall()]
        gone = suppressed(connection).among(users)
        for user in gone:
            forget(connection, user)
    if gone:
        new.rebuild()


def _others(connection: Connection) -> list[str]:
    """The tables besides `_OWNED` that have a user: vectors, and whatever a later schema adds."""
    rows = connection.execute(
        "SELECT table_name FROM information_schema.columns "
        "WHERE column_name = 'user_id' AND table_catalog = current_database() AND table_schema = current_schema()"
    ).fetchall()
    return sorted({row[0] for row in rows}.intersection(connection.tables()) - set(_OWNED))
