"""The properties of a store: its version, its embedder, its salt."""

from memctl.store.connection import Connection

_TOGETHER = ("schema_version", "embedder_spec", "embedder", "embedder_next", "dim")
"""Properties that most transactions need, and that are therefore read with one statement."""
_READ = f"SELECT name, value FROM meta WHERE name IN ({', '.join(map(repr, _TOGETHER))})"  # noqa: S608


def get_meta(connection: Connection, name: str) -> str | None:
    """A property of the store."""
    if name in _TOGETHER:
        return dict(connection.once(_READ)).get(name)
    rows = connection.once("SELECT value FROM meta WHERE name = ?", [name])
    return rows[0][0] if rows else None


def set_meta(connection: Connection, name: str, value: str) -> None:
    """Set a property of the store."""
    connection.execute("DELETE FROM meta WHERE name = ?", [name])
    connection.execute("INSERT INTO meta (name, value) VALUES (?, ?)", [name, value])
