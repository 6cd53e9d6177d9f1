"""The location of a graph: the file of an embedded one, or the address of a server."""

from pathlib import Path

from memctl.backends.contract import server_parts
from memctl_graphiti import falkor

FILE = "graphiti.kuzu"
SCHEMES = {"bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"}


def default_path() -> Path:
    """The default file of the embedded graph, in memctl's data folder."""
    import platformdirs

    return Path(platformdirs.user_data_dir("memctl", appauthor=False)) / FILE


def file_of(path: str | Path | None) -> Path:
    """The file of the graph at a path, which may be a folder; None is the default."""
    location = Path(path).expanduser().absolute() if path is not None else default_path()
    return location / FILE if location.is_dir() else location


def address(uri: str, database: str) -> tuple[str, str]:
    """The uri without user and password, and the same with the database. Raises UsageError for an unsupported uri."""
    schemes = SCHEMES | falkor.SCHEMES
    hint = "a path of an embedded graph, or a uri of Neo4j or FalkorDB: " + ", ".join(sorted(schemes))
    parts = server_parts(uri, hint=hint, schemes=schemes)
    host = str(parts.hostname) + (f":{parts.port}" if parts.port else "")
    return f"{parts.scheme}://{host}", f"{parts.scheme}://{host}" + (f"/{database}" if database else "")


def is_falkor(uri: str) -> bool:
    """Whether the uri is that of a FalkorDB server."""
    return uri.partition("://")[0].lower() in falkor.SCHEMES


def quoted(path: Path) -> str:
    """A path as a literal, because Kuzu's statements accept no parameter for it."""
    return "'" + str(path).replace("\\", "\\\\").replace("'", "\\'") + "'"
