"""A program that reads often keeps the store open without blocking other processes or its own writes."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from forked import run

import memctl
from memctl.core.errors import MemctlError
from memctl.core.fact import Fact, Source, derive_id
from memctl.store.duckdb import connection, instances
from memctl.store.sql import held_ranking
from tests.store.conftest import same

WRITE = "import sys; from memctl.store.duckdb.database import Database; from memctl.store.sql.meta import set_meta\n"
WRITE += "from pathlib import Path\n"
WRITE += "with Database(Path(sys.argv[1]), 60).writing() as c: set_meta(c, 'by', 'another process')"
ENDLESS = 3600.0


def tea(number: int, user: str = "alice") -> Fact:
    at = datetime(2026, 3, 1, tzinfo=UTC)
    text = f"{user} drinks tea number {number}."
    return Fact(
        id=derive_id(user, str(number)), user_id=user, kind="fact", text=text, created_at=at, source=Source(system="t")
    )


@pytest.fixture
def open_memory(store):
    memory = memctl.open(store, hold=True, lock_timeout=60)
    memory.backend.write([tea(number) for number in range(5)])
    yield memory
    memory.close()


@pytest.fixture
def never_idle(monkeypatch):
    monkeypatch.setattr(instances, "HOLD", ENDLESS)


def noted(memory):
    with memory.backend.engine.reading() as connection:
        return dict(connection.execute("SELECT name, value FROM meta").fetchall()).get("by")


def until(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_the_store_stays_open_between_two_equal_searches(open_memory, store, never_idle):
    hits = open_memory.search("alice", "tea number 3")
    assert open_memory.backend.engine.holding
    same(open_memory.search("alice", "tea number 3"), hits)
    open_memory.close()
    assert not open_memory.backend.engine.holding
    same(memctl.open(store).search("alice", "tea number 3"), hits)


def test_a_waiting_process_gets_the_store_and_its_write_is_seen(open_memory, store, never_idle):
    open_memory.search("alice", "tea")
    assert run([sys.executable, "-c", WRITE, store]).returncode == 0
    assert noted(open_memory) == "another process"
    assert open_memory.backend.engine.holding


def test_continuous_searches_do_not_block_a_writer(open_memory, store, never_idle):
    written, failures = threading.Event(), []

    def searching():
        try:
            while not written.is_set():
                open_memory.search("alice", "tea")
        except Exception as error:
            failures.append(error)

    thread = threading.Thread(target=searching)
    thread.start()
    try:
        done = run([sys.executable, "-c", WRITE, store])
    finally:
        written.set()
        thread.join()
    assert (done.returncode, failures) == (0, [])
    assert noted(open_memory) == "another process"


def test_the_store_stays_open_after_a_write_until_another_process_waits(open_memory, store, never_idle):
    open_memory.backend.write([tea(7)])
    assert open_memory.backend.engine.holding
    assert run([sys.executable, "-c", WRITE, store]).returncode == 0
    assert noted(open_memory) == "another process"
    open_memory.backend.write([tea(8)])
    assert open_memory.search("alice", "tea number 8")[0].fact == tea(8)


def test_what_a_program_wrote_is_in_the_file_once_it_is_released(open_memory, store, never_idle):
    open_memory.backend.write([tea(7)])
    log = Path(f"{store}.wal")
    assert log.stat().st_mode & 0o777 == 0o600
    open_memory.close()
    assert not log.exists()
    assert memctl.open(store).search("alice", "tea number 7")[0].fact == tea(7)


def test_only_writing_is_limited_to_little_memory(open_memory, never_idle):
    engine, limits = open_memory.backend.engine, []
    for opening in (engine.reading, engine.writing, engine.reading, engine.writing):
        with opening() as opened:
            limits += opened.execute("SELECT current_setting('memory_limit')").fetchone()
    assert limits == [limits[0], "167.8 MiB"] * 2
    assert limits[0] != limits[1]


def test_a_failed_write_releases_the_store(open_memory, never_idle):
    with pytest.raises(ZeroDivisionError), open_memory.backend.engine.writing():
        raise ZeroDivisionError
    assert not open_memory.backend.engine.holding


def test_the_store_stays_open_between_the_writes_of_a_run(store, never_idle):
    backend = memctl.open(store).backend
    backend.write([tea(1)])
    assert not backend.engine.holding
    backend.start_run("a-run", "migrate")
    backend.write([tea(2)])
    assert backend.engine.holding
    backend.close()
    assert not backend.engine.holding


def test_an_idle_program_releases_the_store(open_memory, monkeypatch):
    monkeypatch.setattr(instances, "HOLD", 0.05)
    open_memory.search("alice", "tea")
    until(lambda: not open_memory.backend.engine.holding)
    assert open_memory.search("alice", "tea number 2")[0].fact == tea(2)


def test_writes_of_the_same_program_are_found(open_memory, never_idle):
    open_memory.search("alice", "tea")
    open_memory.backend.write([tea(77)])
    assert open_memory.search("alice", "tea number 77")[0].fact.id == tea(77).id


def test_a_store_that_was_replaced_on_disk_is_read(open_memory, store, tmp_path, never_idle):
    open_memory.search("alice", "tea")
    second = tmp_path / "second.duckdb"
    memctl.open(second).backend.write([tea(1, "bob")])
    second.replace(Path(store))
    assert open_memory.users() == ["bob"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_using_other_stores_does_not_disturb_a_search(open_memory, tmp_path, never_idle):
    hits = open_memory.search("alice", "tea")
    for number in range(4):
        memctl.open(tmp_path / f"{number}.duckdb").backend.write([tea(number)])
        same(open_memory.search("alice", "tea"), hits)


def texts_of(memory, query, user="alice", **conditions):
    return {hit.fact.text for hit in memory.search(user, query, 50, **conditions)}


def search_twice(memory, user="alice"):
    """Search twice, so that data that does not depend on the query is cached."""
    return [texts_of(memory, "tea", user) for _ in range(2)][-1]


def test_writes_of_another_process_are_found_by_the_next_search(open_memory, store, never_idle):
    before = search_twice(open_memory)
    add = [
        str(Path(sys.executable).parent / "memctl"),
        "add",
        "alice",
        "Alice drinks tea from Assam.",
        "--kind",
        "fact",
    ]
    assert run([*add, "--store", store]).returncode == 0
    assert texts_of(open_memory, "tea") == before | {"Alice drinks tea from Assam."}


def test_changes_of_the_same_program_are_seen_by_the_next_search(open_memory, never_idle):
    search_twice(open_memory)
    open_memory.backend.write([msgspec.structs.replace(tea(1), text="alice drinks coffee.")])
    open_memory.backend.delete("alice", [tea(2).id])
    texts = texts_of(open_memory, "tea")
    assert "alice drinks coffee." in texts
    assert texts.isdisjoint({tea(1).text, tea(2).text})


def test_a_store_restored_after_a_cached_search_is_searched(open_memory, store, tmp_path, never_idle):
    search_twice(open_memory)
    other = tmp_path / "other.duckdb"
    memctl.open(other).backend.write([tea(77)])
    other.replace(store)
    assert texts_of(open_memory, "tea") == {tea(77).text}


def test_each_of_many_users_finds_their_own_facts(open_memory, never_idle):
    users = [f"user{number}" for number in range(connection._REMEMBERED + 2)]
    open_memory.backend.write([tea(number, user) for number, user in enumerate(users)])
    for _ in range(3):
        for number, user in enumerate(users):
            assert texts_of(open_memory, "tea", user) == {tea(number, user).text}


def test_conditions_apply_to_a_cached_search(open_memory, never_idle):
    open_memory.backend.write(
        [
            msgspec.structs.replace(tea(8), kind="preference"),
            msgspec.structs.replace(tea(9), expires_at=datetime(2026, 4, 1, tzinfo=UTC)),
        ]
    )
    assert tea(9).text not in search_twice(open_memory)
    assert tea(9).text in texts_of(open_memory, "tea", as_of="2026-03-15")
    assert texts_of(open_memory, "tea", kinds="preference") == {tea(8).text}
    assert not texts_of(open_memory, "tea", since="2026-03-02")


def test_a_user_with_too_many_records_for_the_cache_is_searched(open_memory, never_idle, monkeypatch):
    monkeypatch.setattr(held_ranking, "MOST", 3)
    assert search_twice(open_memory) == texts_of(open_memory, "tea") == {tea(number).text for number in range(5)}


def test_two_threads_search_at_the_same_time(open_memory, never_idle):
    hits = search_twice(open_memory)
    with ThreadPoolExecutor(4) as threads:
        assert all(texts == hits for texts in threads.map(lambda _: texts_of(open_memory, "tea"), range(20)))


def test_a_failed_read_leaves_a_store_that_can_be_searched(open_memory, never_idle):
    search_twice(open_memory)
    with pytest.raises(MemctlError), open_memory.backend.engine.reading() as opened:
        opened.execute("SELECT no_such_column FROM records")
    assert texts_of(open_memory, "tea")


BUSY_KEEPER = """
import sys, time
from pathlib import Path
from memctl.store.duckdb import instances

def detach(self):
    end = time.monotonic() + 2
    while time.monotonic() < end:
        self.memory.execute("SELECT 1").fetchall()

instances._Instance.detach = detach
instances.HOLD = 0.0
with instances.held(Path(sys.argv[1])):
    pass
time.sleep(0.2)
"""


@pytest.mark.engines(only="file")
def test_a_program_that_ends_while_a_file_is_released_ends_without_an_error(open_memory, store):
    open_memory.close()
    ended = subprocess.run([sys.executable, "-c", BUSY_KEEPER, str(store)], capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")
