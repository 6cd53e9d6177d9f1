"""The conformance suite over the backend it names."""

from postgres_backend import PostgresBackend


class TestPostgres(PostgresBackend):
    """Every case."""
