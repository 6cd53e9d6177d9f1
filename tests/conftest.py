"""What several rooms' tests share: one embedded PostgreSQL for the whole run, however many workers it has."""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

import pytest


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """The DSN of a real PostgreSQL with pgvector, which all workers share; it stops and goes with the last of them."""
    import psycopg
    from memctl_postgres import embedded

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}")
    folder = Path(tempfile.gettempdir()) / f"memctl-test-{run[:12]}"
    sharing = _shared(folder.with_suffix(".lock"))
    with embedded.lease(folder, linger=0.0) as lease:
        with psycopg.connect(lease.dsn, autocommit=True) as connection, suppress(psycopg.errors.UniqueViolation):
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        yield lease.dsn
    fcntl.flock(sharing, fcntl.LOCK_UN)
    try:
        fcntl.flock(sharing, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sharing.close()
        return
    with (folder / "keeper.lock").open("ab") as keeper:
        fcntl.flock(keeper, fcntl.LOCK_EX)
    shutil.rmtree(folder)
    Path(sharing.name).unlink()
    sharing.close()


def _shared(path: Path) -> IO[bytes]:
    """The lock file, held with the other workers; never one that the last of them is just removing."""
    while True:
        file = path.open("ab")
        fcntl.flock(file, fcntl.LOCK_SH)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()
        time.sleep(0.01)


@pytest.fixture
def postgres_schema(postgres_dsn: str) -> Iterator[str]:
    """The name of a schema that nobody else uses; it goes with the test."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    name = f"test {uuid4().hex}"
    yield name
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(name)))
