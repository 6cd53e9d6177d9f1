"""The embedded server starts with its first client, is shared, and stops after the last, even if it was killed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import psycopg
import pytest
from memctl_postgres import embedded, server_process
from memctl_postgres.adapter import PostgresAdapter

from memctl.core.errors import Fatal, UsageError
from memctl.core.fact import Fact, Source, derive_id

USER = """
import sys, time
from pathlib import Path
from memctl_postgres import embedded
with embedded.lease(Path(sys.argv[1]), linger=0.0) as lease:
    import psycopg
    with psycopg.connect(lease.dsn) as connection:
        print(connection.execute("SELECT pg_postmaster_start_time()::text").fetchone()[0], flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A new private folder, as a home folder may be; it is deleted afterwards."""
    made = Path(tempfile.mkdtemp(prefix="memctl-test-"))
    yield made
    stopped(made / "postgres")
    rmtree(made)


def server(folder: Path) -> server_process.Server:
    return server_process.Server(folder, folder, folder, None, None)


def stopped(folder: Path) -> bool:
    """Whether the folder's server stops within some seconds."""
    deadline = time.monotonic() + 60
    while server(folder).running() and time.monotonic() < deadline:
        time.sleep(0.05)
    return not server(folder).running()


def use(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def started(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


def end(process: subprocess.Popen[str]) -> None:
    process.communicate("", timeout=60)


def test_processes_share_one_server_that_stops_with_the_last(folder: Path) -> None:
    data = folder / "postgres"
    first, second = use(data), use(data)
    assert started(first) == started(second) != ""
    end(first)
    assert server(data).running()
    # Killed, not closed: the server must stop anyway.
    second.send_signal(signal.SIGKILL)
    end(second)
    assert stopped(data)

    fact = Fact(id=derive_id("a"), user_id="alice", kind="fact", text="Kept.", source=Source(system="test"))
    with embedded.lease(data, linger=0.0), PostgresAdapter(data_folder=data, init=True) as adapter:
        assert f"embedded:{data}" in adapter.check().detail
        adapter.write([fact])
    assert stopped(data)

    # If the process that watches the server is killed, the next client takes the server over and later stops it.
    with embedded.lease(data, linger=0.0):
        lock = (data / "keeper.lock").stat().st_ino
        keepers = [line.split()[4] for line in Path("/proc/locks").read_text().splitlines() if f":{lock} " in line]
        assert len(set(keepers)) == 1
        os.kill(int(keepers[0]), signal.SIGKILL)
    assert server(data).running()
    with PostgresAdapter(data_folder=data) as adapter:
        assert [page.facts for page in adapter.read("alice")] == [(fact,)]
        with embedded.lease(data) as lease, psycopg.connect(lease.dsn) as connection:
            row = connection.execute("SHOW listen_addresses").fetchone()
            assert row == ("",)
        assert data.stat().st_mode & 0o077 == 0
    assert stopped(data)


def test_a_folder_of_other_files_is_refused(folder: Path) -> None:
    if os.geteuid() == 0:
        (folder / "letters.txt").write_text("private")
        with pytest.raises(UsageError, match="other files"):
            embedded.lease(folder)
        assert folder.stat().st_uid == 0
    else:
        with pytest.raises(UsageError, match="another account"):
            embedded.lease(Path("/"))


def test_a_server_that_cannot_start_names_its_log_file(folder: Path) -> None:
    data = folder / "postgres"
    (data / server_process.DATA).mkdir(parents=True)
    (data / server_process.DATA / "PG_VERSION").write_text("18\n")
    (data / "users.lock").touch()
    with pytest.raises(Fatal, match="does not start") as caught:
        embedded.lease(data)
    assert str(data / server_process.LOG) in str(caught.value.hint)


def test_a_folder_with_a_long_name_has_its_socket_in_another_folder(folder: Path) -> None:
    account = embedded.Account(os.geteuid(), os.getegid())
    long = folder / ("x" * 90)
    sockets = embedded._sockets(long, account)
    try:
        assert len(str(sockets)) < 80
        assert sockets.stat().st_mode & 0o777 == 0o700
        assert embedded._sockets(long, account) == sockets
        sockets.chmod(0o777)
        with pytest.raises(UsageError, match="belongs to another account"):
            embedded._sockets(long, account)
    finally:
        sockets.rmdir()
    assert embedded._sockets(folder, account) == folder / server_process.DATA


def test_a_parent_folder_without_access_is_named(folder: Path) -> None:
    inner = folder / "a" / "b"
    inner.mkdir(parents=True)
    folder.chmod(0o755)
    stranger = embedded.Account(54321, 54321)
    assert embedded._closed_to(inner, stranger) is None
    (folder / "a").chmod(0o700)
    assert embedded._closed_to(inner, stranger) == folder / "a"
    assert embedded._closed_to(inner / "not" / "there", stranger) == folder / "a"
