"""A store copied between a file and PostgreSQL is equal to its source and can be used further."""

import pytest
from campaigns import campaign
from chains.people import facts
from memctl_postgres.store_connection import PostgresConnection

from memctl.core.fact import encode_lines
from memctl.store.connection import Connection
from memctl.store.duckdb.connection import DuckConnection
from memctl.store.duckdb.database import Database
from memctl.store.sql import copying

SEEN = ("users", "facts alice --all", "history alice", "search alice shipping --explain", "context alice shipping")


@pytest.fixture
def before(memctl, store, fixtures, home, once):
    """What is seen in a filled store."""

    def make():
        assert memctl("ingest", fixtures).code == 0
        people = home / "people.jsonl"
        people.write_bytes(b"".join(encode_lines(facts(2, 10))))
        assert memctl("import", people).code == 0
        fact = memctl("facts", "alice", "--json").document["facts"][0]
        assert memctl("rm", fact["id"], "--yes").code == 0
        assert memctl("forget", "bruno", "--confirm", "bruno").code == 0
        return seen(memctl, store)

    return once(make)


@pytest.fixture
def filled(before, store):
    return store


def rounded(value):
    """Scores rounded to the precision of single-precision vectors, without the address of the store."""
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, list):
        return [rounded(item) for item in value]
    return {key: rounded(item) for key, item in value.items()} if isinstance(value, dict) else value


def seen(memctl, place):
    return [rounded(memctl(*line.split(), "--json", "--store", place).document) for line in SEEN]


def test_a_store_copied_to_postgresql_and_back_is_equal(memctl, before, address, fixtures, home):
    there = memctl("store", "copy", "local", address, "--json")
    assert there.code == 0, there.err
    assert there.document["rows"]["evidence"] > 0
    assert there.document["rows"]["forgotten"] == 1
    assert seen(memctl, address) == before
    back = home / "back.duckdb"
    ran = memctl("store", "copy", address, back)
    assert ran.code == 0, ran.err
    assert seen(memctl, back) == before
    # Transcripts are not read again, removed facts stay removed, and bruno stays forgotten.
    for place in (address, back):
        again = memctl("ingest", fixtures, "--store", place, "--json")
        assert (again.code, again.document["report"]["added"]) == (0, 0), again.err
        assert [user["user"] for user in memctl("users", "--json", "--store", place).document["users"]] == [
            user["user"] for user in memctl("users", "--json").document["users"]
        ]
        # New rows do not get the keys of copied ones.
        assert memctl("add", "alice", "I prefer green tea.", "--store", place).code == 0
        assert memctl("facts", "alice", "--store", place).code == 0


def test_older_runs_can_be_undone_in_a_file_copy_but_not_in_postgresql(memctl, filled, address, home):
    other = home / "other.duckdb"
    assert memctl("store", "copy", filled, other).code == 0
    assert memctl("runs", "--json", "--store", other).document == memctl("runs", "--json").document
    ran = memctl("store", "copy", filled, address)
    assert "can be undone in" in ran.err


def test_an_existing_store_is_not_overwritten_by_a_copy(memctl, filled, home):
    other = home / "other.duckdb"
    assert memctl("add", "zoe", "I live in Oslo.", "--store", other).code == 0
    before = seen(memctl, other)
    refused = memctl("store", "copy", filled, other)
    assert refused.code == 2
    assert "a store already exists there" in refused.err
    assert seen(memctl, other) == before
    assert memctl("store", "copy", filled, filled).code == 2
    assert memctl("store", "copy", home / "nowhere.duckdb", home / "new.duckdb").code == 4


def test_an_error_about_a_file_names_its_argument(memctl, filled, home):
    """There is no --store to choose another file with."""
    (home / "folder").mkdir()
    (home / "noise.duckdb").write_bytes(b"not a store" * 1000)
    for arguments, named in (
        ((filled, home / "folder"), "name a file as TO"),
        ((home / "noise.duckdb", home / "new.duckdb"), "choose another file as FROM"),
        ((filled, home / "noise.duckdb" / "new.duckdb"), "choose another file as TO"),
        ((filled, "/proc/new.duckdb"), "choose another file as TO"),
    ):
        ran = memctl("store", "copy", *arguments)
        assert (ran.code, named in ran.err, "--store" in ran.err) == (1, True, False), ran.err


def test_a_copy_that_differs_from_its_source_is_removed(memctl, filled, home, own_tables, monkeypatch):
    append = DuckConnection.append

    def torn(self: Connection, table, columns, rows):
        append(self, table, columns, rows[:-1] if table == "evidence" else rows)

    monkeypatch.setattr(DuckConnection, "append", torn)
    other = home / "other.duckdb"
    ran = memctl("store", "copy", filled, other)
    assert ran.code == 1
    assert "'evidence' differs" in ran.err
    monkeypatch.undo()
    assert not Database(other).exists() or memctl("users", "--store", other).code == 4


def test_a_password_in_an_address_is_refused_and_not_shown(memctl, filled):
    address = "postgresql://u:hunter2@127.0.0.1/x"
    for place, command in {
        "TO": ("copy", filled, address),
        "FROM": ("copy", address, filled),
        "STORE": ("init", address),
    }.items():
        ran = memctl("store", *command)
        assert ran.code == 2
        assert "hunter2" not in ran.err + ran.out
        assert f"error: {place}: the store's address must not contain a password" in ran.err


def test_a_row_added_to_a_copy_does_not_reuse_the_key_of_a_removed_row(memctl, store, address):
    for text in ("I live in Oslo.", "I like tea."):
        assert memctl("add", "zoe", text, "--store", address).code == 0
    newest = memctl("facts", "zoe", "--json", "--store", address).document["facts"][-1]
    assert memctl("rm", newest["id"], "--yes", "--store", address).code == 0
    copied = f"{address}-copy"
    ran = memctl("store", "copy", address, copied)
    assert ran.code == 0, ran.err
    run = memctl("runs", "--json", "--store", copied).document["runs"][0]["id"]
    assert memctl("add", "zoe", "I work at Portavo.", "--store", copied).code == 0
    assert memctl("undo", run, "--store", copied).code == 0
    shared = "SELECT count(*) - count(DISTINCT key) AS n FROM records"
    assert memctl("sql", shared, "--json", "--store", copied).document["rows"] == [{"n": 0}]
    facts = memctl("facts", "zoe", "--all", "--json", "--store", copied).document["facts"]
    assert newest["text"] in {fact["text"] for fact in facts}


@pytest.fixture
def breaking(monkeypatch, own_tables):
    """Commit every 60 rows, and lose the connection at the `n`-th insertion into a table; counts the inserted rows."""
    monkeypatch.setattr(copying, "BATCH", 30)
    monkeypatch.setattr(copying, "TOGETHER", 60)
    state = {"until": 0, "rows": 0, "patch": monkeypatch}

    def counting(append):
        def counted(self, table, *added):
            state["until"] -= 1
            if state["until"] == 0:
                raise ConnectionResetError("lost")
            state["rows"] += len(added[-1])
            return append(self, table, *added)

        return counted

    for connection in (DuckConnection, PostgresConnection):
        for method in ("append", "append_vectors"):
            monkeypatch.setattr(connection, method, counting(getattr(connection, method)))
    return state


@pytest.fixture
def other(request, home):
    return home / "other.duckdb" if request.param == "file" else request.getfixturevalue("address")


BOTH = pytest.mark.parametrize("other", ["file", "postgres"], indirect=True)
FILE = pytest.mark.parametrize("other", ["file", *campaign("postgres")], indirect=True)


@BOTH
def test_a_copy_interrupted_many_times_is_completed_and_equal(memctl, before, filled, other, breaking):
    attempts = 0
    while True:
        breaking["until"] = 12
        ran = memctl("store", "copy", filled, other, "--json")
        if ran.code == 0:
            break
        attempts += 1
        if attempts <= 2:
            # The incomplete copy cannot be read or written.
            assert memctl("users", "--store", other).code == 1
            refused = memctl("add", "zoe", "I live in Oslo.", "--store", other)
            assert refused.code == 1
            assert "unfinished copy" in refused.err
        assert attempts < 100
    assert attempts >= 3
    breaking["until"] = 0
    rows = sum(ran.document["rows"].values())
    # Only rows of transactions that were rolled back are written again.
    assert breaking["rows"] < rows + attempts * 90
    assert seen(memctl, other) == before
    assert memctl("add", "alice", "I prefer green tea.", "--store", other).code == 0
    assert memctl("store", "copy", filled, other).code == 2


@BOTH
def test_a_resumed_copy_follows_changes_of_its_source(memctl, filled, other, breaking):
    breaking["until"] = 25
    assert memctl("store", "copy", filled, other).code != 0
    assert memctl("forget", "alice", "--confirm", "alice").code == 0
    assert memctl("add", "zoe", "I live in Oslo.").code == 0
    reindexed = "UPDATE meta SET value = replace(value, '{', '{\"since\": 1, ') WHERE name = 'embedder_spec'"
    assert memctl("sql", reindexed, "--write").code == 0
    ran = memctl("store", "copy", filled, other)
    assert ran.code == 0, ran.err
    for line in ("users", "facts zoe --all", "search zoe Oslo --explain"):
        here, there = (memctl(*line.split(), "--json", "--store", place).document for place in (filled, other))
        assert rounded(there) == rounded(here)


@FILE
def test_an_unfinished_copy_of_another_store_is_not_overwritten(memctl, filled, other, breaking, home):
    small = home / "small.duckdb"
    assert memctl("add", "zoe", "I live in Oslo.", "--store", small).code == 0
    breaking["until"] = 12
    assert memctl("store", "copy", filled, other).code != 0
    breaking["until"] = 0
    refused = memctl("store", "copy", small, other)
    assert refused.code == 2
    assert "an unfinished copy of" in refused.err
    assert str(filled) in refused.err
    ran = memctl("store", "copy", filled, other)
    assert ran.code == 0, ran.err


def test_the_later_of_two_copies_to_one_place_continues(memctl, before, filled, home, breaking):
    place = home / "other.duckdb"
    began = copying._Writer._begin
    times = []

    def begin(self):
        times.append(self)
        if len(times) == 4:
            assert memctl("store", "copy", filled, place).code == 0
        began(self)

    breaking["patch"].setattr(copying._Writer, "_begin", begin)
    ran = memctl("store", "copy", filled, place)
    assert ran.code == 1
    assert "another process" in ran.err
    assert seen(memctl, place) == before
