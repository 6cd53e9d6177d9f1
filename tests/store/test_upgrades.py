"""A store of an older memctl is copied and then upgraded completely or not at all."""

import json
import lzma
import stat
from pathlib import Path

import duckdb
import pytest

from memctl.core.errors import MemctlError
from memctl.store.duckdb.database import Database
from memctl.store.duckdb.schema import SCHEMA_VERSION


@pytest.fixture(params=range(1, SCHEMA_VERSION))
def older(request, memctl, age):
    """A store with facts, written by a memctl with an older schema."""
    memctl("add", "alice", "I live in Oslo.")
    age(request.param)
    return request.param


def tables(path):
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = connection.execute("SELECT table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal")
        return sorted(rows.fetchall())


@pytest.mark.parametrize("command", [("search", "alice", "Oslo"), ("add", "alice", "I have a dog named Rex.")])
def test_any_first_command_upgrades_and_finds_old_facts(older, memctl, store, command):
    assert memctl(*command).code == 0
    assert "Oslo" in memctl("facts", "alice").out
    copy = store.with_name(f"{store.name}.v{older}")
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with duckdb.connect(str(copy), read_only=True) as connection:
        assert connection.execute("SELECT value FROM meta WHERE name = 'schema_version'").fetchall() == [(str(older),)]
        kinds = connection.execute("SELECT kind FROM records ORDER BY kind").fetchall()
        assert kinds == [("episode",), ("fact",)]


def test_an_upgraded_store_has_the_schema_of_a_new_one(older, memctl, store):
    memctl("facts", "alice")
    fresh = store.with_name("fresh.duckdb")
    with Database(fresh).writing() as connection:
        connection.execute("SELECT 1")
    # The table of vectors and its view are created with the first embedder.
    made_later = ("vectors", "facts")
    assert [row for row in tables(store) if row[0] not in made_later] == tables(fresh)


def test_a_failed_copy_before_an_upgrade_leaves_the_store_unchanged(older, store, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("memctl.store.duckdb.opened_file.OpenedFile.copy", full)
    before = store.read_bytes()
    with pytest.raises(MemctlError, match="No space left") as refused, Database(store).reading():
        pass
    assert refused.value.hint
    assert store.read_bytes() == before


def test_a_failed_upgrade_step_leaves_the_store_unchanged(older, memctl, store, monkeypatch):
    from memctl.store.duckdb import schema

    broken = {f"schema_{SCHEMA_VERSION}.sql": "CREATE TABLE half (a INTEGER); SELECT * FROM nowhere"}
    statements = schema._statements
    monkeypatch.setattr(schema, "_statements", lambda name: broken.get(name) or statements(name))
    assert memctl("facts", "alice").code == 1
    monkeypatch.undo()
    assert "half" not in {row[0] for row in tables(store)}


def test_a_store_written_by_version_2_keeps_its_facts_evidence_and_undo(memctl, store):
    """The file was written by memctl with schema 2: an ingest of three turns, two facts added, and two removed by
    hand."""
    store.parent.mkdir(parents=True)
    store.write_bytes(lzma.decompress((Path(__file__).parent / "data" / "store_2.duckdb.xz").read_bytes()))
    facts = {user: memctl("facts", user, "--json").document["facts"] for user in ("zoe", "yan")}
    assert [fact["object"] for fact in facts["zoe"]] == ["Bergen"]
    assert [fact["object"] for fact in facts["yan"]] == ["Acme"]
    details = memctl("show", facts["zoe"][0]["id"], "--json").document
    assert "Bergen" in json.dumps(details["evidence"])
    with Database(store).reading() as connection:
        for table in ("evidence", "sightings", "undo_evidence"):
            owners = connection.execute(f"SELECT DISTINCT user_id FROM {table}").fetchall()
            assert {user for (user,) in owners} <= {"zoe", "yan"}, table
            assert owners, table
    for run in [run["id"] for run in memctl("runs", "--json").document["runs"] if run["command"] == "rm"]:
        undone = memctl("undo", run)
        assert undone.code == 0, undone
    assert "Rex" in memctl("facts", "zoe").out
    assert "tea" in memctl("facts", "yan").out
    for run in [run["id"] for run in memctl("runs", "--json").document["runs"] if not run["undone_at"]]:
        assert memctl("undo", run).code == 0
    assert memctl("users", "--json").document["users"] == []
