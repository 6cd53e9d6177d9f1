"""The properties of a store: its version, its embedder, its salt."""

from memctl.store.connection import Connection


def get_meta(connection: Connection, name: str) -> str | None:
    """A property of the store."""
    rows = connection.once("SELECT value FROM meta WHERE name = ?", [name])
    return rows[0][0] if rows else None


def set_meta(connection: Connection, name: str, value: str) -> None:
    """Set a property of the store."""
    connection.execute("DELETE FROM meta WHERE name = ?", [name])
    connection.execute("INSERT INTO meta (name, value) VALUES (?, ?)", [name, value])
