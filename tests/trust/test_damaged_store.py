"""Whatever is at the path of the store: one command restores a store there, and the former content is kept."""

import random
import subprocess
import sys
from itertools import product

import duckdb
import forked
import pytest
from campaigns import campaign, campaign_cases

from memctl.store.duckdb import files
from memctl.store.duckdb.database import Database


def truncated(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def with_damaged_page(path):
    data = bytearray(path.read_bytes())
    data[4_096:8_192] = random.Random(1).randbytes(4_096)
    path.write_bytes(data)


def a_folder(path):
    path.unlink()
    path.mkdir()
    (path / "note.txt").write_text("not to be lost")


def of_another_program(path):
    path.unlink()
    with duckdb.connect(str(path)) as connection:
        connection.execute("CREATE TABLE theirs AS SELECT 'not to be lost' AS said")


def flipped_log(path):
    """A write-ahead log left by a killed command, with one flipped bit."""
    code = f"""
import os, duckdb
connection = duckdb.connect({str(path)!r})
connection.execute("UPDATE meta SET value = 'x' WHERE name = 'nobody'")
connection.execute("INSERT INTO meta VALUES ('note', repeat('not to be lost', 100))")
os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
    log = path.with_name(f"{path.name}.wal")
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)


DAMAGES = {
    "noise": lambda path: path.write_bytes(random.Random(1).randbytes(9_000)),
    "cut short": truncated,
    "holed": with_damaged_page,
    "empty": lambda path: path.write_bytes(b""),
    "a folder": a_folder,
    "of another program": of_another_program,
    "a damaged log": flipped_log,
}
WAYS = {"backup": ("restore", "whole.memctl", "--force"), "snapshot": ("snapshot", "restore", "last")}


@pytest.fixture
def store_with_copies(memctl, store, once):
    """A store with a snapshot and a backup of it."""

    def make():
        assert memctl("add", "zoe", "I live in Oslo.").code == 0
        assert memctl("snapshot", "create").code == memctl("backup", "whole.memctl").code == 0

    once(make)
    return store


def contents(path):
    """The bytes of the file or folder at the path, and of its log."""
    paths = sorted(path.rglob("*")) if path.is_dir() else [path, path.with_name(f"{path.name}.wal")]
    return [file.read_bytes() for file in paths if file.is_file()]


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_command_on_a_damaged_store_fails_with_a_hint(memctl, store_with_copies, damage):
    DAMAGES[damage](store_with_copies)
    before = contents(store_with_copies)
    for command in (("facts", "zoe"), ("add", "zoe", "I like tea."), ("stats",), ("snapshot", "create")):
        ran = memctl(*command)
        assert ran.code == 1, (command, ran.err)
        assert str(store_with_copies) in ran.err
        assert "memctl restore BACKUP --force" in ran.err
        assert "Traceback" not in ran.err
    assert contents(store_with_copies) == before
    assert not list(store_with_copies.parent.glob("*.damaged-*"))


@pytest.mark.parametrize(
    ("damage", "way"),
    [
        *product(DAMAGES, ["backup"]),
        ("cut short", "snapshot"),
        *campaign_cases(*((name, "snapshot") for name in DAMAGES if name != "cut short")),
    ],
)
def test_a_restore_replaces_the_damaged_store_and_keeps_it(memctl, store_with_copies, damage, way):
    DAMAGES[damage](store_with_copies)
    before = contents(store_with_copies)
    ran = memctl(*WAYS[way], "--json")
    assert ran.code == 0, ran.err
    assert "Oslo" in memctl("facts", "zoe").out
    assert memctl("add", "zoe", "I like tea.").code == 0
    (damaged,) = Database(store_with_copies).damaged()
    assert ran.document["damaged"] == str(damaged)
    assert ran.document["kept"] is None
    assert contents(damaged) == before
    assert [path.name for path in store_with_copies.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("command", [*WAYS.values(), ("restore", "whole.memctl")])
def test_a_restore_replaces_a_file_whose_first_write_was_killed(memctl, store_with_copies, command):
    """Such a file has no tables: it is no store that --force would have to replace, and nothing of it is kept."""
    store_with_copies.unlink()
    files.create(store_with_copies)
    ran = memctl(*command, "--json")
    assert ran.code == 0, ran.err
    assert "Oslo" in memctl("facts", "zoe").out
    assert (ran.document["kept"], ran.document["damaged"]) == (None, None)
    assert Database(store_with_copies).damaged() == []


@pytest.mark.parametrize("damage", ["cut short", "of another program"])
def test_a_restore_replaces_a_damaged_store_only_with_force(memctl, store_with_copies, damage):
    DAMAGES[damage](store_with_copies)
    before = contents(store_with_copies)
    ran = memctl("restore", "whole.memctl")
    assert (ran.code, "a store already exists" in ran.err, "--force" in ran.err) == (2, True, True), ran.err
    assert contents(store_with_copies) == before


def test_the_kept_damaged_file_is_named(memctl, store_with_copies):
    truncated(store_with_copies)
    ran = memctl(*WAYS["backup"])
    assert str(Database(store_with_copies).damaged()[0]) in ran.err


@pytest.mark.parametrize("way", ["backup", *campaign("snapshot")])
def test_a_restore_works_without_hard_links(memctl, store_with_copies, monkeypatch, way):
    def none(*_, **__):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", none)
    truncated(store_with_copies)
    before = contents(store_with_copies)
    assert memctl(*WAYS[way]).code == 0
    assert contents(Database(store_with_copies).damaged()[0]) == before


@pytest.mark.parametrize("damage", [*campaign("cut short"), "a damaged log"])
def test_a_restore_killed_at_any_step_can_be_repeated(memctl, store_with_copies, damage):
    """The process ends before each of its steps in turn, like after kill -9."""
    DAMAGES[damage](store_with_copies)
    before = contents(store_with_copies)
    code = """
import os, sys
left = int(sys.argv.pop(1))
def step(audited, _):
    global left
    if audited in ("os.rename", "os.link"):
        left -= 1
        if left < 0:
            os._exit(9)
sys.addaudithook(step)
from memctl.cli.app import main
main()
"""
    for steps in range(9):
        ended = forked.run([sys.executable, "-c", code, str(steps), *WAYS["backup"]])
        kept_contents = [part for path in Database(store_with_copies).damaged() for part in contents(path)]
        current = contents(store_with_copies)
        assert store_with_copies.exists()
        assert all(part in kept_contents or part in current for part in before)
        if ended.returncode == 0:
            break
    assert ended.returncode == 0
    assert steps > 1
    assert "Oslo" in memctl("facts", "zoe").out


@pytest.mark.parametrize("way", WAYS)
def test_forgotten_people_of_a_damaged_store_are_known_from_its_snapshots(memctl, store_with_copies, way):
    assert memctl("forget", "zoe", "--confirm", "zoe").code == 0
    truncated(store_with_copies)
    ran = memctl(*WAYS[way])
    assert ran.code == 0, ran.err
    assert memctl("facts", "zoe").code == 4
    assert memctl("add", "zoe", "I live in Oslo.").code != 0


def test_forget_fails_while_a_damaged_store_may_contain_the_person(memctl, store_with_copies, home):
    truncated(store_with_copies)
    assert memctl(*WAYS["backup"]).code == 0
    ran = memctl("forget", "zoe", "--confirm", "zoe", "--receipt", "receipt.json")
    (damaged,) = Database(store_with_copies).damaged()
    assert ran.code == 1
    assert damaged.name in (home / "work" / "receipt.json").read_text()
    assert b"Oslo" not in store_with_copies.read_bytes()
    assert memctl("facts", "zoe").code == 4


def test_a_damaged_snapshot_does_not_replace_a_sound_store(memctl, store_with_copies):
    (snapshot,) = store_with_copies.with_name(f"{store_with_copies.name}.snapshots").glob("*.duckdb")
    truncated(snapshot)
    before = store_with_copies.read_bytes()
    ran = memctl("snapshot", "restore", "last")
    assert (ran.code, "the snapshot is damaged" in ran.err) == (1, True), ran.err
    assert store_with_copies.read_bytes() == before


def test_a_damaged_snapshot_description_is_an_error(memctl, store_with_copies):
    (about,) = store_with_copies.with_name(f"{store_with_copies.name}.snapshots").glob("*.json")
    about.write_bytes(b'{"name": "\xff')
    ran = memctl("snapshot", "list")
    assert (ran.code, str(about) in ran.err, "fault" in ran.err) == (1, True, False), ran.err


def test_a_newer_or_locked_store_is_never_replaced_as_damaged(memctl, store_with_copies):
    with duckdb.connect(str(store_with_copies)) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")
    for way in WAYS.values():
        ran = memctl(*way)
        assert (ran.code, "upgrade memctl" in ran.err) == (1, True), ran.err
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import duckdb\nc = duckdb.connect({str(store_with_copies)!r})\nprint(1, flush=True)\ninput()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        holder.stdout.readline()
        for way in WAYS.values():
            assert memctl(*way, "--lock-timeout", "0.1").code == 11
        holder.stdin.close()
    assert Database(store_with_copies).damaged() == []


@pytest.mark.parametrize(
    "damage",
    [
        *("empty", "of another program"),
        *campaign("noise", "a folder"),
    ],
)
def test_a_damaged_ledger_is_an_error_with_a_hint(memctl, store_with_copies, home, damage):
    ledger = home / "ledger.duckdb"
    move = ("migrate", "--from", "local", "--to", "out.jsonl", "--all-users", "--ledger", ledger)
    assert memctl(*move).code == 0
    DAMAGES[damage](ledger)
    for command in (move, ("migrations", "--ledger", ledger)):
        ran = memctl(*command)
        assert ran.code == 1
        assert str(ledger) in ran.err
        assert "move it away" in ran.err
