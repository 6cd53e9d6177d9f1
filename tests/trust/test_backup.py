"""Backups: everything is restored, and modified archives are refused."""

import json
import stat
import tempfile
import zipfile
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest


@pytest.fixture
def backup(memctl, store, fixtures, home, once):
    """The store of the fixtures, and a backup of it."""

    def make():
        assert memctl("ingest", fixtures).code == 0
        result = memctl("backup", "memory.memctl")
        assert result.code == 0, result.err

    once(make)
    return home / "work" / "memory.memctl"


def everything(memctl, store):
    facts = {
        user["user"]: memctl("history", user["user"], "--json").document["facts"]
        for user in memctl("users", "--json").document["users"]
    }
    with duckdb.connect(str(store), read_only=True) as connection:
        tables = [row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()]
        rows = {table: sorted(map(str, connection.execute(f"FROM {table}").fetchall())) for table in tables}
    return facts, rows


def test_a_store_is_restored_completely_on_another_machine(backup, memctl, store, fixtures):
    before = everything(memctl, store)
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    store.unlink()
    ran = memctl("restore", backup)
    assert ran.code == 0, ran.err
    assert everything(memctl, store) == before
    assert memctl("search", "alice", "shipping").code == 0
    assert "nothing to do" in memctl("ingest", fixtures).out


def test_any_parquet_reader_can_read_a_backup(backup, tmp_path):
    with zipfile.ZipFile(backup) as archive:
        archive.extract("records.parquet", tmp_path)
    users = duckdb.sql(f"SELECT DISTINCT user_id FROM '{tmp_path / 'records.parquet'}'").fetchall()
    assert ("alice",) in users


def test_an_existing_store_is_kept_by_a_restore(backup, memctl, store):
    memctl("add", "zoe", "I live in Oslo.")
    refused = memctl("restore", backup)
    assert refused.code == 2
    assert "--force" in refused.err
    forced = memctl("restore", backup, "--force", "--json")
    assert forced.code == 0
    assert memctl("facts", "zoe").code == 4
    assert memctl("snapshot", "restore", "last").code == 4
    assert memctl("snapshot", "restore", forced.document["kept"]["name"]).code == 0
    assert memctl("facts", "zoe").code == 0


def test_a_restored_backup_does_not_restore_forgotten_people(backup, memctl, store):
    memctl("forget", "alice", "--confirm", "alice")
    assert memctl("restore", backup, "--force").code == 0
    assert memctl("facts", "alice").code == 4
    assert memctl("facts", "bruno").code == 0
    assert b"Alice" not in store.read_bytes()


def rewrite(backup, change):
    """Rewrite the archive with changed entries: name -> bytes."""
    with zipfile.ZipFile(backup) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    change(entries)
    with zipfile.ZipFile(backup, "w") as archive:
        for name, content in entries.items():
            archive.writestr(name, content)


def flip(entries):
    content = bytearray(entries["records.parquet"])
    content[len(content) // 2] ^= 1
    entries["records.parquet"] = bytes(content)


def strange(entries):
    manifest = json.loads(entries["manifest.json"])
    manifest["tables"]["strangers"] = manifest["tables"]["removed"]
    entries["strangers.parquet"] = entries["removed.parquet"]
    entries["manifest.json"] = json.dumps(manifest).encode()


def escaping(entries):
    manifest = json.loads(entries["manifest.json"])
    manifest["tables"]["../evil"] = manifest["tables"]["removed"]
    entries["../evil.parquet"] = entries["removed.parquet"]
    entries["manifest.json"] = json.dumps(manifest).encode()


def newer(entries):
    entries["manifest.json"] = json.dumps(json.loads(entries["manifest.json"]) | {"store_version": 99}).encode()


@pytest.mark.parametrize(
    ("change", "code", "message"),
    [
        (flip, 1, "damaged"),
        (lambda entries: entries.pop("claims.parquet"), 2, "not a memctl backup"),
        (lambda entries: entries.pop("manifest.json"), 2, "not a memctl backup"),
        (lambda entries: entries.update({"manifest.json": b"[1]"}), 2, "not a memctl backup"),
        (strange, 1, "strangers"),
        (escaping, 2, "not a memctl backup"),
        (newer, 1, "upgrade memctl"),
    ],
    ids=["a flipped bit", "a lost table", "no manifest", "another manifest", "a strange table", "a path", "newer"],
)
def test_a_modified_archive_is_refused(backup, memctl, store, home, change, code, message):
    rewrite(backup, change)
    before = store.read_bytes()
    ran = memctl("restore", backup, "--force")
    assert (ran.code, message in ran.err) == (code, True), ran.err
    assert store.read_bytes() == before
    assert not list(home.rglob("evil*"))
    assert [path.name for path in store.parent.iterdir() if path.name.startswith(".")] == []


def test_a_truncated_or_missing_backup_is_an_error(backup, memctl, home):
    whole = backup.read_bytes()
    backup.write_bytes(whole[100:])
    ran = memctl("restore", backup, "--force")
    assert (ran.code, "not a memctl backup" in ran.err) == (2, True), ran.err
    backup.write_bytes(whole)
    backup.write_bytes(backup.read_bytes()[:-100])
    assert memctl("restore", backup, "--force").code == 2
    assert memctl("restore", "nowhere", "--force").code == 4


def test_a_backup_replaces_only_a_backup(backup, memctl, store, home):
    chat = home / "chat.json"
    chat.write_text('[{"role": "user", "content": "I live in Rome."}]')
    for file in (chat, store):
        before = file.read_bytes()
        ran = memctl("backup", file)
        assert (ran.code, "not a backup" in ran.err, file.read_bytes() == before) == (2, True, True), ran.err
    (home / "empty").touch()
    (home / "cut").write_bytes(backup.read_bytes()[:1000])
    for file in (backup, home / "empty", home / "cut"):
        assert memctl("backup", file).code == 0


def test_a_failed_backup_leaves_no_partial_file(backup, memctl, home):
    before = backup.read_bytes()
    assert memctl("backup", "missing/folder.memctl").code == 1
    (home / "work" / "folder").mkdir()
    assert memctl("backup", "folder").code == 1
    assert backup.read_bytes() == before
    assert not list(home.rglob("*half*"))


def swell(entries):
    """A table that repeats one long text, with a correct manifest."""
    with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
        with duckdb.connect() as connection:
            connection.execute(
                "COPY (SELECT repeat('x', 4000000) AS id FROM range(100)) TO ? (FORMAT parquet, COMPRESSION zstd)",
                [file.name],
            )
        entries["records.parquet"] = content = Path(file.name).read_bytes()
    manifest = json.loads(entries["manifest.json"])
    manifest["tables"]["records"] = {"rows": 100, "bytes": len(content), "sha256": sha256(content).hexdigest()}
    entries["manifest.json"] = json.dumps(manifest).encode()


def test_a_table_that_is_too_large_unpacked_is_refused(backup, memctl, store):
    rewrite(backup, swell)
    before = store.read_bytes()
    ran = memctl("restore", backup, "--force")
    assert (ran.code, "times its size, the limit is 200" in ran.err) == (1, True), ran.err
    assert store.read_bytes() == before
