"""The schema in the database: created on request, upgraded by numbered migrations, and its vector index.

Every statement of the adapter runs with the schema on the search path, so that no statement contains its name. The
search path also has the schema of the `vector` type, because some hosts install extensions in a separate schema.
"""

from importlib.resources import files
from typing import Any, NamedTuple

from psycopg import Connection, errors
from psycopg.sql import SQL, Identifier, Literal

from memctl.core.errors import AuthError, NotFound, UsageError

MIGRATIONS: tuple[tuple[int, str], ...] = ((1, "schema.sql"),)
VERSION = MIGRATIONS[-1][0]

INDEX = "facts_embedding"
_VECTOR_LIMIT, _HALFVEC_LIMIT, _COLUMN_LIMIT = 2000, 4000, 16000
"""The maximum dimensions of a vector and of a halfvec in pgvector's HNSW, and of a column."""

_LOCK = 0x6D656D63746C  # "memctl"


class State(NamedTuple):
    """The schema's version (None: no schema), pgvector's version and schema, and the vectors' dimensions."""

    version: int | None
    pgvector: str | None
    extension_schema: str | None
    dimensions: int | None
    indexed: bool


def outside(connection: Connection[Any]) -> State:
    """The state, without reading memctl's schema."""
    extension = connection.execute(
        "SELECT e.extversion, n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace "
        "WHERE e.extname = 'vector'"
    ).fetchone()
    version, where = extension or (None, None)
    return State(version=None, pgvector=version, extension_schema=where, dimensions=None, indexed=False)


def state(connection: Connection[Any], schema: str) -> State:
    """The state of the database, which is only read."""
    table = connection.execute(
        "SELECT to_regclass(format('%%I.migrations', %(schema)s::text)) IS NOT NULL, "
        "(SELECT atttypmod FROM pg_attribute WHERE attname = 'embedding' "
        " AND attrelid = to_regclass(format('%%I.facts', %(schema)s::text))), "
        "EXISTS (SELECT FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relname = %(index)s "
        " AND i.indisvalid AND i.indrelid = to_regclass(format('%%I.facts', %(schema)s::text)))",
        {"schema": schema, "index": INDEX},
    ).fetchone()
    assert table is not None
    exists, typmod, indexed = table
    version = None
    if exists:
        row = connection.execute(SQL("SELECT max(version) FROM {}").format(Identifier(schema, "migrations"))).fetchone()
        version = row[0] if row else None
    return outside(connection)._replace(
        version=version,
        dimensions=typmod if typmod and typmod > 0 else None,
        indexed=indexed,
    )


def require(state: State, schema: str) -> None:
    """Raise NotFound if there is no schema, UsageError if it is of another version."""
    if state.version is None:
        raise NotFound(
            f"the database has no memctl schema {schema!r}",
            hint="memctl backends init postgres creates it",
        )
    if state.version < VERSION:
        raise UsageError(
            f"the schema {schema!r} has version {state.version}, this memctl needs {VERSION}",
            hint="memctl backends init postgres upgrades it",
        )
    if state.version > VERSION:
        raise UsageError(
            f"the schema {schema!r} has version {state.version}, this memctl supports {VERSION}",
            hint="install a newer memctl",
        )


def search_path(schema: str, extension_schema: str | None) -> str:
    """The value of the setting: the schema, then that of the vector type."""
    names = dict.fromkeys((schema, extension_schema or "public"))
    return ", ".join('"' + name.replace('"', '""') + '"' for name in names)


def init(connection: Connection[Any], schema: str) -> list[int]:
    """Create or upgrade the schema in one transaction; returns the versions applied, none if it was up to date.

    Raises AuthError if the account lacks a privilege, UsageError if the server has no pgvector or the schema is newer.
    """
    applied = []
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        try:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except errors.InsufficientPrivilege:
            raise AuthError(
                "this account is not allowed to install pgvector",
                hint="have an administrator run CREATE EXTENSION vector in the database",
            ) from None
        except (errors.FeatureNotSupported, errors.UndefinedFile):
            raise UsageError(
                "the server has no pgvector",
                hint="install the extension on the server, or omit the DSN to use the embedded PostgreSQL",
            ) from None
        current = state(connection, schema)
        if (current.version or 0) > VERSION:
            require(current, schema)
        if connection.info.parameter_status("server_encoding") != "UTF8":
            raise UsageError("the database's encoding is not UTF8", hint="use a database created with ENCODING 'UTF8'")
        connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(schema)))
        connection.execute(
            "SELECT set_config('search_path', %s, true)", [search_path(schema, current.extension_schema)]
        )
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migrations (version integer PRIMARY KEY, applied_at timestamptz DEFAULT now())"
        )
        for version, name in MIGRATIONS:
            if version > (current.version or 0):
                try:
                    connection.execute(files(__package__).joinpath(name).read_bytes())
                except errors.DuplicateTable:
                    raise UsageError(
                        f"the schema {schema!r} has tables of another program, with names that memctl needs",
                        hint="choose another one with the option schema; memctl's own store is not a backend's schema",
                    ) from None
                connection.execute("INSERT INTO migrations (version) VALUES (%s)", [version])
                applied.append(version)
    return applied


def may_change(connection: Connection[Any]) -> bool:
    """Whether the account owns the table of facts, and can therefore change its columns and indexes."""
    row = connection.execute(
        "SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = 'facts'::regclass"
    ).fetchone()
    return bool(row and row[0])


def fix_dimensions(connection: Connection[Any], dimensions: int) -> int | None:
    """Set the dimensions of the embedding column, unless it has a number of dimensions and there are vectors; returns
    its dimensions.

    Runs in the caller's transaction and locks the table. None if no column can have that many dimensions, or if the
    column has none and the account is not allowed to change it.
    """
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    row = connection.execute(
        "SELECT atttypmod, EXISTS (SELECT FROM facts WHERE embedding_model IS NOT NULL) "
        "FROM pg_attribute WHERE attrelid = 'facts'::regclass AND attname = 'embedding'"
    ).fetchone()
    fixed, used = (row[0], row[1]) if row and row[0] > 0 else (None, False)
    if fixed is not None and (used or fixed == dimensions):
        return int(fixed)
    if dimensions > _COLUMN_LIMIT or not may_change(connection):
        return fixed
    drop_index(connection)
    connection.execute(SQL("ALTER TABLE facts ALTER COLUMN embedding TYPE vector({})").format(Literal(dimensions)))
    return dimensions


def distance(dimensions: int | None) -> str:
    """The cosine distance to the query's vector, in the type that the index uses: HNSW supports more dimensions in half
    precision."""
    if dimensions and _VECTOR_LIMIT < dimensions <= _HALFVEC_LIMIT:
        return f"(embedding::halfvec({dimensions})) <=> (%(vector)s::halfvec({dimensions}))"
    return "embedding <=> %(vector)s::vector"


def drop_index(connection: Connection[Any]) -> None:
    """Drop the vector index for a bulk load; `build_index` creates it again."""
    connection.execute(SQL("DROP INDEX IF EXISTS {}").format(Identifier(INDEX)))


def build_index(connection: Connection[Any], dimensions: int | None) -> bool:
    """Create the HNSW index if it is missing; returns whether there is one now. Runs in the caller's transaction, and
    blocks writers.

    Vectors with more dimensions than HNSW supports have no index: search compares them all. An account that does not
    own the table leaves the index to the owner.
    """
    if dimensions is None or dimensions > _HALFVEC_LIMIT or not may_change(connection):
        return False
    connection.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    rows = connection.execute("SELECT count(embedding) FROM facts").fetchone()
    # A graph that does not fit into the build's memory takes many times longer (pgvector's README, "Index Build Time").
    megabytes = min(2048, max(64, (rows[0] if rows else 0) * (dimensions * 4 + 512) * 5 // 4 // 2**20))
    connection.execute("SELECT set_config('maintenance_work_mem', %s, true)", [f"{megabytes}MB"])
    half = dimensions > _VECTOR_LIMIT
    column = f"(embedding::halfvec({dimensions})) halfvec_cosine_ops" if half else "embedding vector_cosine_ops"
    connection.execute(f'CREATE INDEX IF NOT EXISTS "{INDEX}" ON facts USING hnsw ({column})')
    return True
