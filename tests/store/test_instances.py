"""A DuckDB instance is kept for the next transaction but releases the file, so that no process waits for it."""

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import duckdb
import numpy as np
import pytest

from memctl.core.errors import Locked
from memctl.store.duckdb import instances
from memctl.store.duckdb.database import Database
from memctl.store.duckdb.driver import interruptible
from memctl.store.duckdb.instances import _instances
from memctl.store.sql import writes

WRITE = "from pathlib import Path; from memctl.store.duckdb.database import Database\n"
WRITE += "import sys; from memctl.store.sql.meta import set_meta\n"
WRITE += "with Database(Path(sys.argv[1]), 5).writing() as c: set_meta(c, 'by', 'another process')"


def noted(database):
    with database.reading() as connection:
        return dict(connection.execute("SELECT name, value FROM meta").fetchall()).get("by")


def note(database, value):
    with database.writing() as connection:
        connection.execute("DELETE FROM meta WHERE name = 'by'")
        connection.execute("INSERT INTO meta VALUES ('by', ?)", [value])


def test_another_process_writes_between_two_transactions_and_is_seen(store):
    database = Database(store)
    note(database, "this one")
    subprocess.run([sys.executable, "-c", WRITE, store], check=True)
    assert noted(database) == "another process"
    note(database, "this one again")
    assert noted(database) == "this one again"


def test_a_store_that_was_replaced_on_disk_is_read_again(store, tmp_path):
    first, second = Database(store), Database(tmp_path / "second.duckdb")
    note(first, "first")
    note(second, "second")
    second.path.replace(first.path)
    assert noted(first) == "second"


def test_two_names_of_one_file_are_one_store(store, tmp_path):
    note(Database(store), "one")
    link = tmp_path / "link.duckdb"
    link.symlink_to(store)
    with Database(store).reading():
        assert noted(Database(link)) == "one"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_no_other_thread_opens_or_releases_a_file_during_a_fork(monkeypatch):
    def acquire():
        taken = instances._lock.acquire(timeout=0.01)
        waited.append(not taken)
        if taken:
            instances._lock.release()

    def other_thread_waits():
        # A pool would wait for a lock of its own, which is held during a fork.
        thread = threading.Thread(target=acquire)
        thread.start()
        thread.join()

    waited = []
    monkeypatch.setattr(instances, "_close_idle", other_thread_waits)
    if not (child := os.fork()):
        os._exit(0 if instances._lock.acquire(timeout=0) else 1)
    assert (waited, os.waitpid(child, 0)[1]) == ([True], 0)
    assert instances._lock.acquire(timeout=0)
    instances._lock.release()


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_forked_process_uses_the_store_and_so_does_its_parent(store):
    note(Database(store), "parent")
    child = multiprocessing.get_context("fork").Process(target=note, args=(Database(store, 5), "child"))
    child.start()
    child.join(60)
    assert child.exitcode == 0
    assert noted(Database(store)) == "child"


def test_readers_in_another_thread_wait_only_for_the_writers_transaction(store):
    note(Database(store), "before")
    inside, seen = threading.Event(), []

    def read():
        inside.wait(30)
        with pytest.raises(Locked):
            noted(Database(store, 0))
        seen.append("locked")
        ended.wait(30)
        seen.append(noted(Database(store)))

    ended = threading.Event()
    thread = threading.Thread(target=read)
    thread.start()
    with Database(store).writing() as connection:
        connection.execute("UPDATE meta SET value = 'after' WHERE name = 'by'")
        inside.set()
        while not seen and thread.is_alive():
            thread.join(0.01)
    ended.set()
    thread.join(60)
    assert seen == ["locked", "after"]


def test_temporary_files_of_a_large_transaction_are_removed(store):
    with Database(store).writing() as connection:
        connection.execute("SET memory_limit = '40MB'")
        connection.execute("CREATE TEMP TABLE large AS SELECT range AS a, md5(range::VARCHAR) AS b FROM range(1000000)")
        assert any(store.with_name(f"{store.name}.tmp").iterdir())
    assert sorted(path.name for path in store.parent.iterdir()) == [store.name]
    with Database(store).reading() as connection:
        assert connection.execute("SELECT current_setting('memory_limit') <> '38.1 MiB'").fetchall() == [(True,)]


def test_a_program_with_many_stores_keeps_few_instances(tmp_path):
    for number in range(6):
        note(Database(tmp_path / f"{number}.duckdb"), "here")
    assert len([path for path in _instances if path.startswith(os.path.realpath(tmp_path))]) <= 2


def test_a_writer_continues_if_its_temporary_folder_is_removed(store, monkeypatch):
    listed = Path.iterdir

    def removed(folder):
        if folder.name.endswith(".tmp"):
            folder.rmdir()
        return listed(folder)

    monkeypatch.setattr(Path, "iterdir", removed)
    note(Database(store), "one")
    note(Database(store), "two")
    assert noted(Database(store)) == "two"


def test_a_write_after_another_rewrites_few_rows(store):
    database = Database(store)

    def largest_group():
        with database.reading() as connection:
            groups = "SELECT max(number) FROM (SELECT max(start + count) AS number FROM pragma_storage_info('numbers') "
            return connection.execute(groups + "WHERE column_name = 'n' GROUP BY row_group_id)").fetchall()[0][0]

    with database.writing() as connection:
        connection.execute("CREATE TABLE numbers AS SELECT range AS n FROM range(60000)")
    for _ in range(3):
        with database.writing() as connection:
            connection.execute("INSERT INTO numbers SELECT range FROM range(9000)")
    assert 0 < largest_group() <= 40_960
    database.rebuild()
    assert 0 < largest_group() <= 40_960


def test_vectors_are_stored_without_compression(store):
    vectors = np.random.default_rng(1).random((2000, 8), dtype=np.float32)
    with Database(store).writing() as connection:
        writes.make_vectors_table(connection, "signed", 8)
        connection.append_vectors("signed", range(2000), ["alice"] * 2000, vectors)
    with Database(store).reading() as connection:
        rows = connection.execute(
            "SELECT DISTINCT compression FROM pragma_storage_info('signed') WHERE segment_type = 'FLOAT'"
        )
        assert rows.fetchall() == [("Uncompressed",)]


ABORTED = "Current transaction is aborted (please ROLLBACK)"


def interrupted_and_failing(first: BaseException) -> None:
    with interruptible():
        try:
            raise first
        finally:
            raise duckdb.TransactionException(ABORTED)


def test_ctrl_c_is_an_interrupt_also_if_it_made_another_statement_fail() -> None:
    for first in (KeyboardInterrupt(), duckdb.InterruptException("Interrupted!")):
        with pytest.raises(KeyboardInterrupt):
            interrupted_and_failing(first)
    with pytest.raises(duckdb.TransactionException):
        interrupted_and_failing(ValueError())
