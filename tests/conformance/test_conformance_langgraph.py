"""The conformance suite over the backends it names."""

from langgraph_backend import PostgresStoreBackend, SqliteStoreBackend


class TestLangGraphOnSqlite(SqliteStoreBackend):
    """Every case."""


class TestLangGraphOnPostgres(PostgresStoreBackend):
    """Every case."""
