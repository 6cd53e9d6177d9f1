"""No write of another process is overlooked or replaced, however the processes take turns with the file.

DuckDB reads a file's header before it locks the file. Here another process writes in between.
"""

import sys

import pytest
from forked import run

from memctl.core.errors import Exit
from memctl.store.duckdb import files, instances
from memctl.store.duckdb.database import Database
from memctl.store.duckdb.ledger import Ledger
from memctl.store.duckdb.opened_file import OpenedFile
from memctl.store.sql.meta import set_meta

WRITE = "import sys; from pathlib import Path; from memctl.store.duckdb.database import Database\n"
WRITE += "from memctl.store.sql.meta import set_meta\n"
WRITE += "with Database(Path(sys.argv[1]), float(sys.argv[2])).writing() as c: set_meta(c, 'by', 'another process')"
REBUILD = "import sys; from pathlib import Path; from memctl.store.duckdb.database import Database\n"
REBUILD += "Database(Path(sys.argv[1]), 60).rebuild()"
PLAN = "import sys; from pathlib import Path; from memctl.store.duckdb.ledger import Ledger\n"
PLAN += "with Ledger(Path(sys.argv[1])) as ledger: ledger.set_reported(1, ['abc'], [])"


@pytest.fixture
def interrupted(monkeypatch):
    """A function that lets another process run this code on the next file, before DuckDB opens it."""
    opened = []

    def before_opening(code, *arguments):
        class Interrupted(OpenedFile):
            def __init__(self, path):
                super().__init__(path)
                opened.append(path)
                if len(opened) == 1:
                    assert run([sys.executable, "-c", code, str(path), *arguments]).returncode == 0

        monkeypatch.setattr(instances, "OpenedFile", Interrupted)
        return opened

    return before_opening


def noted(database, **config):
    with database.reading(**config) as connection:
        return dict(connection.execute("SELECT name, value FROM meta").fetchall()).get("by")


@pytest.mark.parametrize("code", [WRITE, REBUILD])
@pytest.mark.parametrize("hold", [False, True])
@pytest.mark.parametrize("config", [{}, {"memory_limit": "100MB"}])
def test_a_reader_opens_the_file_again_if_another_process_changed_it(store, interrupted, code, hold, config):
    with Database(store).writing():
        pass
    opened = interrupted(code, "60")
    database = Database(store, 60, hold=hold)
    assert noted(database, **config) == ("another process" if code == WRITE else None)
    assert opened == [store, store]
    database.close()


def test_a_writer_opens_the_file_again_if_another_process_changed_it(store, interrupted):
    with Database(store).writing():
        pass
    opened = interrupted(WRITE, "60")
    with Database(store, 60).writing() as connection:
        set_meta(connection, "also", "this process")
    assert opened == [store, store]
    assert noted(Database(store)) == "another process"


def test_a_ledger_is_opened_again_if_another_migration_changed_it(tmp_path, interrupted):
    path = tmp_path / "ledger.duckdb"
    with Ledger(path) as ledger:
        ledger.set_reported(1, ["old"], [])
    opened = interrupted(PLAN)
    with Ledger(path) as ledger:
        ledger.set_reported(1, ["new"], [])
        assert ledger.reported(1) == {"old", "abc", "new"}
    assert opened == [path, path]


def test_a_file_that_is_always_changed_is_given_up_as_locked(store, monkeypatch, memctl):
    memctl("add", "alice", "Lives in Oslo")
    monkeypatch.setattr(OpenedFile, "changed", lambda file: True)
    refused = memctl("facts", "alice", "--lock-timeout", "0.1")
    assert (refused.code, "the store is locked" in refused.err) == (Exit.LOCKED, True)


def test_a_copy_during_a_transaction_keeps_others_out(store, tmp_path):
    with Database(store).writing() as connection:
        set_meta(connection, "by", "this process")
        files.copy(store, tmp_path / "copy.duckdb")
        assert run([sys.executable, "-c", WRITE, str(store), "0.1"], stderr=-1).returncode == 1
    assert noted(Database(store)) == "this process"
    assert noted(Database(tmp_path / "copy.duckdb")) is None
