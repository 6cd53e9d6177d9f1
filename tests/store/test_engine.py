"""The store file: private, never one of another program, never half written, shared by processes, one-line errors."""

import contextlib
import os
import random
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import forked
import pytest
from examples import FACTOR

from memctl.core.errors import Locked, MemctlError, NotFound
from memctl.store.duckdb import instances
from memctl.store.duckdb.database import Database
from memctl.store.duckdb.ledger import Ledger


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def one_line(ran, code=1):
    assert ran.code == code
    assert ran.out == ""
    assert ran.err.startswith("error: ")
    assert "Traceback" not in ran.err
    assert ran.err.count("\n") <= 2
    return ran.err


class TestPrivate:
    def test_store_log_and_folder_are_private_even_with_umask_0(self, store):
        before = os.umask(0)
        try:
            with Database(store).writing() as connection:
                connection.execute("INSERT INTO meta VALUES ('a', 'b')")
                modes = {path.name: mode(path) for path in store.parent.iterdir()}
        finally:
            os.umask(before)
        assert modes
        assert {name: oct(mode) for name, mode in modes.items() if mode & 0o077} == {}
        assert mode(store.parent) == 0o700

    @pytest.mark.parametrize("opened", [Database, Ledger])
    def test_the_log_of_a_killed_program_is_private(self, store, opened, monkeypatch):
        modes = []

        class Watched:
            """A connection that checks the log after each commit, where a kill could happen."""

            def __init__(self, raw):
                self.raw = raw

            def __getattr__(self, name):
                return getattr(self.raw, name)

            def execute(self, statement, *parameters):
                result = self.raw.execute(statement, *parameters)
                log = store.with_name(f"{store.name}.wal")
                if statement == "COMMIT" and log.exists():
                    modes.append(oct(mode(log)))
                return result

        watched = opened(store)
        before = os.umask(0)
        try:
            if opened is Database:
                connected = instances.connected

                @contextlib.contextmanager
                def watching(*arguments, **options):
                    with connected(*arguments, **options) as connection:
                        yield Watched(connection)

                monkeypatch.setattr(instances, "connected", watching)
                with watched.writing() as connection:
                    connection.execute("INSERT INTO meta VALUES ('a', 'b')")
            else:
                connect = watched._connect
                monkeypatch.setattr(watched, "_connect", lambda: Watched(connect()))
                watched.start_run("r", watched.route("a", "b", "preserve"), "memctl migrate")
        finally:
            os.umask(before)
            watched.close()
        assert set(modes) == {"0o600"}
        assert not store.with_name(f"{store.name}.wal").exists()

    def test_a_write_that_changes_nothing_leaves_no_log(self, store):
        with Database(store).writing():
            pass
        with Database(store).writing():
            assert not store.with_name(f"{store.name}.wal").exists()
        assert not store.with_name(f"{store.name}.wal").exists()

    def test_the_umask_of_an_embedding_program_is_unchanged(self, store):
        before = os.umask(0o022)
        try:
            with pytest.raises(RuntimeError), Database(store).writing():
                raise RuntimeError
            assert os.umask(0o022) == 0o022
        finally:
            os.umask(before)


class TestStrangers:
    def test_a_file_that_is_not_a_database_is_refused(self, memctl, store):
        store.parent.mkdir()
        store.write_text("dear diary\n" * 1000)
        assert "is damaged" in one_line(memctl("facts", "alice"))
        one_line(memctl("add", "alice", "I live in Oslo."))
        assert store.read_text().startswith("dear diary")

    def test_a_database_of_another_program_is_neither_read_nor_written(self, memctl, store):
        store.parent.mkdir()
        with duckdb.connect(str(store)) as connection:
            connection.execute("CREATE TABLE accounts (id INTEGER)")
        for command in (("facts", "alice"), ("add", "alice", "I live in Oslo."), ("stats",)):
            assert "not a memctl store" in one_line(memctl(*command))
        with duckdb.connect(str(store)) as connection:
            assert connection.execute("SHOW TABLES").fetchall() == [("accounts",)]

    def test_a_table_named_meta_does_not_make_a_database_a_store(self, memctl, store):
        store.parent.mkdir()
        with duckdb.connect(str(store)) as connection:
            connection.execute("CREATE TABLE meta (id INTEGER)")
        assert "not a memctl store" in one_line(memctl("facts", "alice"))

    def test_a_store_of_a_newer_memctl_is_refused(self, memctl, store):
        memctl("add", "alice", "I live in Oslo.")
        with duckdb.connect(str(store)) as connection:
            connection.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
        assert "99" in one_line(memctl("facts", "alice"))
        assert "upgrade memctl" in one_line(memctl("add", "alice", "I live in Rome."))

    def test_an_empty_database_can_become_a_store(self, memctl, store):
        store.parent.mkdir()
        duckdb.connect(str(store)).close()
        one_line(memctl("facts", "alice"), code=4)
        assert memctl("add", "alice", "I live in Oslo.").code == 0


class TestMissing:
    @pytest.mark.parametrize(
        "command",
        [
            ("facts", "alice"),
            ("search", "alice", "x"),
            ("show", "ab"),
            ("stats",),
            ("users",),
            ("rm", "ab", "--yes"),
            ("reindex",),
            ("sql", "select 1", "--write"),
        ],
    )
    def test_a_command_that_needs_a_store_does_not_create_one(self, memctl, store, command):
        assert "no store yet" in one_line(memctl(*command), code=4)
        assert not store.exists()

    def test_a_folder_that_cannot_be_created_is_an_error(self, memctl, home):
        (home / "file").write_text("")
        one_line(memctl("add", "alice", "I live in Oslo.", "--store", home / "file" / "s.duckdb"))

    def test_a_folder_instead_of_the_store_is_an_error(self, memctl, store):
        store.mkdir(parents=True)
        one_line(memctl("add", "alice", "I live in Oslo."))

    def test_deleting_through_the_api_does_not_create_a_store(self, store):
        from memctl.workspace import Workspace

        with pytest.raises(NotFound):
            Workspace(store).delete("alice", [])
        assert not store.exists()


def test_a_database_error_becomes_a_memctl_error_with_the_path(store):
    with pytest.raises(MemctlError) as caught, Database(store).writing() as connection:
        connection.execute("SELECT * FROM nothing")
    assert caught.value.where == str(store)


def test_a_failed_transaction_is_rolled_back(store, own_tables):
    with pytest.raises(AttributeError), Database(store).writing() as connection:
        connection.execute("INSERT INTO meta VALUES ('a', 'b')").no_such_method()
    with pytest.raises(NotFound), Database(store).reading():
        pass


HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(store):
    """Another process that locks the store until the end of the test."""
    with Database(store).writing():
        pass
    command = [sys.executable, "-c", HOLD, str(store)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        yield other
        other.stdin.close()


def test_a_locked_store_is_waited_for_and_the_error_names_the_holder(memctl, holder):
    for command in (("stats",), ("add", "alice", "I live in Oslo.")):
        ran = memctl(*command, "--lock-timeout", "0.2", "--json")
        assert ran.code == 11
        assert ran.document["exit"] == 11
        assert str(holder.pid) in ran.document["error"]["message"]


def test_a_store_released_in_time_is_used(store, holder):
    import threading

    threading.Timer(0.3, holder.stdin.close).start()
    with Database(store, lock_timeout=20).reading() as connection:
        assert connection.execute("SELECT 1").fetchall() == [(1,)]


def test_threads_of_one_program_wait_for_each_other(store):
    with Database(store).writing():
        for opened in (Database(store, 0.1).reading(), Database(store, 0.1).writing()):
            with pytest.raises(Locked), opened:
                pass


def write_sessions(folder: Path, user: str, sessions: int) -> None:
    """Sessions in which a user moves to another city, one file each."""
    (folder / user).mkdir(parents=True)
    for number in range(sessions):
        lines = [
            f'{{"role": "user", "id": "m{turn}", "created_at": "2026-01-{number + 1:02}T10:{turn:02}:00Z", '
            f'"content": "I live in City{chr(65 + number)}{chr(97 + turn)}. I like tea number {turn}."}}\n'
            for turn in range(20)
        ]
        (folder / user / f"{number}.jsonl").write_text("".join(lines))


def check_complete(store: Path) -> None:
    """Check that no record is half written."""
    with Database(store).reading() as connection:

        def none(query: str) -> None:
            assert connection.execute(query).fetchall() == [], query

        none("SELECT key FROM units WHERE record NOT IN (SELECT key FROM records)")
        none("SELECT key FROM records WHERE key NOT IN (SELECT record FROM units)")
        none("SELECT unit FROM vectors WHERE unit NOT IN (SELECT key FROM units)")
        none("SELECT fact FROM evidence WHERE fact NOT IN (SELECT id FROM records)")
        none("SELECT claim FROM evidence WHERE claim NOT IN (SELECT id FROM claims)")
        none("SELECT id FROM claims WHERE episode NOT IN (SELECT id FROM records)")
        none("SELECT episode FROM sightings WHERE episode NOT IN (SELECT id FROM records)")
        none("SELECT file FROM sightings WHERE file NOT IN (SELECT key FROM files)")
        none("SELECT id FROM records GROUP BY id HAVING count(*) > 1")
        none("SELECT superseded_by FROM records WHERE superseded_by NOT IN (SELECT id FROM records)")


SMALL_BATCHES = """
from memctl.ingest import pipeline as run
run.BATCH_TURNS = run.CHUNK_TURNS = 10
from memctl.cli.app import main
main()
"""


def test_a_killed_ingest_leaves_complete_records_and_is_resumed(memctl, home, store, every_fact):
    write_sessions(home / "in", "alice", 3)
    undisturbed = home / "undisturbed.duckdb"
    began = time.monotonic()
    command = [sys.executable, "-c", SMALL_BATCHES, "ingest", str(home / "in"), "--quiet", "--store"]
    assert forked.run([*command, str(undisturbed)]).returncode == 0
    length = time.monotonic() - began
    rng = random.Random(11)
    for number in range(2 if FACTOR == 1 else 4):
        if number % 2 == 0:
            store = home / f"killed{number}.duckdb"
        with forked.Process([*command, str(store)], stderr=subprocess.DEVNULL) as victim:
            try:
                victim.wait(length * rng.uniform(0.3, 0.9))
            except subprocess.TimeoutExpired:
                victim.send_signal(signal.SIGKILL)
        if store.exists():
            try:
                check_complete(store)
            except NotFound:
                continue
    assert memctl("ingest", home / "in", "--store", store).code == 0
    check_complete(store)
    assert every_fact(store) == every_fact(undisturbed)


def test_two_simultaneous_ingests_are_both_complete_and_search_works(home, store, process, memctl, every_fact):
    memctl("add", "zoe", "I live in Oslo.")
    for user in ("alice", "bruno"):
        write_sessions(home / user, user, 2)
    both = [process("ingest", home / user, "--lock-timeout", "60") for user in ("alice", "bruno")]
    searches = [memctl("search", "zoe", "Oslo", "--lock-timeout", "60") for _ in range(2)]
    for running in both:
        _, err = running.communicate(timeout=90)
        assert running.returncode == 0, err
    assert all(ran.code == 0 and "Oslo" in ran.out for ran in searches)
    check_complete(store)
    for user in ("alice", "bruno"):
        alone = home / f"{user}.duckdb"
        memctl("ingest", home / user, "--store", alone)
        assert every_fact(alone).items() <= every_fact(store).items()


def test_an_interrupt_exits_with_130_and_keeps_finished_work(home, store):
    write_sessions(home / "in", "alice", 25)
    command = [sys.executable, "-c", SMALL_BATCHES, "ingest", str(home / "in"), "--json"]
    with forked.Process(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        while running.poll() is None and not (store.exists() and store.stat().st_size > 1_000_000):
            time.sleep(0.01)
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=60)
    assert "Traceback" not in err
    assert running.returncode == 130, err
    assert '"exit": 130' in out
    check_complete(store)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_disk_is_an_error_and_the_store_is_unchanged(memctl, home, own_tables):
    disk = home / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(disk)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        store = disk / "s.duckdb"
        assert memctl("add", "zoe", "I live in Oslo.", "--store", store).code == 0
        (disk / "ballast").write_bytes(bytes(540_000))
        write_sessions(home / "in", "alice", 25)
        ran = memctl("ingest", home / "in", "--store", store)
        assert ran.code == 1
        assert "Traceback" not in ran.err
        assert str(store) in ran.err
        (disk / "ballast").unlink()
        assert "Oslo" in memctl("facts", "zoe", "--store", store).out
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)
