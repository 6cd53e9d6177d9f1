"""`memctl sql`: a user's own statement on the store, with `embed()` and `similarity()`.

Without permission to write, the file is opened read-only and DuckDB's access to anything else is disabled: no file, no
network, no ATTACH, no COPY TO, and no way to enable any of that again.
"""

from typing import Any

from memctl.core.errors import UsageError
from memctl.store.duckdb.connection import DuckConnection
from memctl.store.duckdb.database import Database
from memctl.store.duckdb.driver import driver
from memctl.store.sql.writes import outdated_model, stored_embedder

LOCKED_DOWN = {"enable_external_access": "false"}


def run(database: Database, statement: str, *, write: bool = False) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    """The columns and rows of `statement`. Raises UsageError with DuckDB's own words when it cannot be run."""
    if not statement.strip(" \t\r\n;"):
        raise UsageError("STATEMENT is empty", where="sql", hint='memctl sql "SELECT ..."')
    opened = database.writing(make=False) if write else database.reading(**LOCKED_DOWN)
    with opened as connection:
        if not write:
            connection.execute("SET lock_configuration = true")
        return _run(connection, statement, write=write)


def _run(connection: DuckConnection, statement: str, *, write: bool) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
    spec = stored_embedder(connection)
    with_embed = spec is not None and "embed" in statement.lower()
    if spec is not None and with_embed:
        if name := outdated_model(connection):
            raise UsageError(
                f"the store's embeddings are from the outdated model {name}", where="sql", hint="run memctl reindex"
            )
        embedder = spec.open()
        connection.raw.create_function("embed", embedder.embed_one, ["VARCHAR"], f"FLOAT[{embedder.dim}]")
    try:
        if len(connection.raw.extract_statements(statement)) != 1:
            raise UsageError("pass exactly one statement", where="sql", hint="run several one by one")
        result = connection.execute(statement)
        columns = tuple(column[0] for column in result.description or ())
        return columns, result.fetchall() if columns else []
    except driver().Error as error:
        hint = None if write or _reads(connection, statement) else "memctl sql is read-only without --write"
        raise UsageError(f"the statement failed: {error}", where="sql", hint=hint) from None
    finally:
        if with_embed:
            connection.raw.remove_function("embed")


def _reads(connection: DuckConnection, statement: str) -> bool:
    """Whether the statement is a query, or is not understood."""
    try:
        types = {each.type for each in connection.raw.extract_statements(statement)}
    except (driver().Error, ValueError):
        # ValueError: a kind of statement that DuckDB's Python module has no name for.
        return True
    kinds = driver().StatementType
    return types <= {kinds.SELECT, kinds.EXPLAIN, kinds.RELATION, kinds.CALL, kinds.PRAGMA}
