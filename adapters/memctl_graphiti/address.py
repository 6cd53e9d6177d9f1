"""Where a graph lies: the file of an embedded one, or the address of a server. What is in it, others know."""

from pathlib import Path

from memctl.backends.contract import server_parts
from memctl_graphiti import falkor

FILE = "graphiti.kuzu"
SCHEMES = {"bolt", "bolt+s", "bolt+ssc", "neo4j", "neo4j+s", "neo4j+ssc"}


def default_path() -> Path:
    """Where the embedded graph lies when no other is named: memctl's data folder on this platform."""
    import platformdirs

    return Path(platformdirs.user_data_dir("memctl", appauthor=False)) / FILE


def file_of(path: str | Path | None) -> Path:
    """The file of the graph at a path, which may be a folder; with None the default one."""
    given = Path(path).expanduser().absolute() if path is not None else default_path()
    return given / FILE if given.is_dir() else given


def address(uri: str, database: str) -> tuple[str, str]:
    """The uri without an account in it, and the name of the database there. Raises UsageError for another uri."""
    schemes = SCHEMES | falkor.SCHEMES
    hint = "a path of an embedded graph, or a uri of Neo4j or FalkorDB: " + ", ".join(sorted(schemes))
    parts = server_parts(uri, hint=hint, schemes=schemes)
    host = str(parts.hostname) + (f":{parts.port}" if parts.port else "")
    return f"{parts.scheme}://{host}", f"{parts.scheme}://{host}" + (f"/{database}" if database else "")


def is_falkor(uri: str) -> bool:
    """Whether a uri is that of a FalkorDB server."""
    return uri.partition("://")[0].lower() in falkor.SCHEMES


def quoted(path: Path) -> str:
    """A path as Kuzu's statements take it, which know no parameter there."""
    return "'" + str(path).replace("\\", "\\\\").replace("'", "\\'") + "'"
