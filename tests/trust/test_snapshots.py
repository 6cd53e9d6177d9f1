"""Snapshots: creating, comparing and restoring."""

import stat

import duckdb
import pytest

from memctl.store.duckdb import files


@pytest.fixture
def snapshot(memctl, once):
    """Alice lives in Oslo; a snapshot; she moves to Bergen."""

    def make():
        memctl("add", "alice", "I live in Oslo.")
        result = memctl("snapshot", "create", "--note", "before the move", "--json")
        assert result.code == 0, result.err
        memctl("add", "alice", "I moved to Bergen.")
        memctl("add", "bruno", "I have a dog named Rex.")
        return result.document["snapshot"]["name"]

    return once(make)


def home_of(memctl, user="alice"):
    facts = memctl("facts", user, "--json").document["facts"]
    return {fact["object"] for fact in facts if fact["predicate"] == "lives_in"}


def test_a_snapshot_is_complete_and_private(snapshot, memctl, store):
    folder = store.with_name("store.duckdb.snapshots")
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    (listed,) = memctl("snapshot", "list", "--json").document["snapshots"]
    assert (listed["name"], listed["note"], listed["users"], listed["facts"]) == (snapshot, "before the move", 1, 1)
    assert "Oslo" in memctl("facts", "alice", "--store", folder / f"{snapshot}.duckdb").out


def test_diff_lists_new_removed_and_changed_facts(snapshot, memctl):
    rows = memctl("snapshot", "diff", "last").out.splitlines()
    assert {(row.split()[0], row.split()[1]) for row in rows} >= {("*", "alice"), ("+", "alice"), ("+", "bruno")}
    alone = memctl("snapshot", "diff", snapshot[:13], "--user", "bruno", "--json").document["changes"]
    assert {change["symbol"] for change in alone} == {"+"}
    memctl("snapshot", "create")
    (dog,) = memctl("facts", "bruno", "--json").document["facts"]
    memctl("rm", dog["id"], "--yes")
    (gone,) = memctl("snapshot", "diff", "last", "--json").document["changes"]
    assert (gone["symbol"], gone["fact"]["id"]) == ("-", dog["id"])


def test_a_restore_is_exact_and_can_be_reverted(snapshot, memctl):
    now = memctl("facts", "alice", "--all", "--json").document
    restored = memctl("snapshot", "restore", snapshot)
    assert restored.code == 0, restored.err
    assert home_of(memctl) == {"Oslo"}
    assert memctl("facts", "bruno").code == 4
    assert memctl("snapshot", "restore", restored.err.split()[-1]).code == 0
    assert memctl("facts", "alice", "--all", "--json").document == now


def test_restoring_last_twice_uses_the_same_snapshot(snapshot, memctl):
    """The copy that a restore saves of the replaced store must not be used as the last snapshot."""
    memctl("snapshot", "restore", "last")
    memctl("snapshot", "restore", "last")
    assert home_of(memctl) == {"Oslo"}


def test_a_restore_does_not_restore_forgotten_people(snapshot, memctl, store):
    memctl("forget", "alice", "--confirm", "alice")
    folder = store.with_name("store.duckdb.snapshots")
    assert not any(b"Oslo" in path.read_bytes() for path in folder.iterdir())
    memctl("snapshot", "restore", snapshot)
    assert memctl("facts", "alice").code == 4
    assert "is blocked" in memctl("add", "alice", "I live in Oslo.").err


def test_old_snapshots_are_removed_on_request(snapshot, memctl, store):
    newer = memctl("snapshot", "create", "--json").document["snapshot"]["name"]
    assert memctl("snapshot", "prune").code == 2
    assert memctl("snapshot", "prune", "--keep", "1", "--json").document["removed"][0]["name"] == snapshot
    assert [path.stem for path in store.with_name("store.duckdb.snapshots").glob("*.duckdb")] == [newer]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("restore", "1999"), 4), (("diff", "last", "1999"), 4), (("restore",), 2), (("prune", "--keep", "-1"), 2)],
)
def test_a_wrong_name_changes_nothing(snapshot, memctl, arguments, code):
    assert memctl("snapshot", *arguments).code == code
    assert home_of(memctl) == {"Bergen"}


def test_without_a_store_a_snapshot_is_an_error(memctl):
    assert memctl("snapshot", "create").code == 4
    assert memctl("snapshot", "list").code == 0


def test_no_snapshot_is_made_of_what_is_not_a_store(memctl, store):
    """The error names the store, and no folder of snapshots is left."""
    store.parent.mkdir(mode=0o700)
    files.create(store)
    ran = memctl("snapshot", "create")
    assert (ran.code, f"{store}: there is no store yet" in ran.err) == (4, True), ran.err
    with duckdb.connect(str(store)) as connection:
        connection.execute("CREATE TABLE theirs (said VARCHAR)")
    ran = memctl("snapshot", "create")
    assert (ran.code, f"{store}: this DuckDB file is not a memctl store" in ran.err) == (1, True), ran.err
    assert [path.name for path in store.parent.iterdir()] == [store.name]


def test_an_interrupted_copy_is_not_a_snapshot(snapshot, memctl, store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    monkeypatch.setattr("memctl.store.duckdb.opened_file.OpenedFile.copy", full)
    refused = memctl("snapshot", "create")
    assert refused.code == 1
    assert "No space left" in refused.err
    assert len(memctl("snapshot", "list", "--json").document["snapshots"]) == 1
    assert memctl("snapshot", "restore", snapshot).code == 1
    assert home_of(memctl) == {"Bergen"}
