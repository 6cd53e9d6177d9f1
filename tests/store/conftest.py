"""Where the tests keep a store in PostgreSQL."""

from urllib.parse import quote

import pytest


@pytest.fixture
def address(postgres_dsn: str, postgres_schema: str) -> str:
    """The address of a store that nobody else uses."""
    parts = dict(part.split("=", 1) for part in postgres_dsn.split())
    return (
        f"postgresql://{parts['user']}@/{parts['dbname']}?host={quote(parts['host'].strip(chr(39)), safe='')}"
        f"&port={parts['port']}&schema={quote(postgres_schema)}"
    )
