"""The conformance suite over the backends it names."""

from langgraph_backend import PostgresStoreBackend, SqliteStoreBackend
from langgraph_redis_backend import RedisStoreBackend


class TestLangGraphOnSqlite(SqliteStoreBackend):
    """Every case."""


class TestLangGraphOnPostgres(PostgresStoreBackend):
    """Every case."""


class TestLangGraphOnRedis(RedisStoreBackend):
    """Every case."""
