"""Forgetting a person erases every byte of their data, with a receipt that proves it without names."""

import hashlib
import json
import stat

import msgspec
import pytest

from memctl.backends.registry import open_backend
from memctl.maintenance.receipt import Receipt, checksum

pytestmark = pytest.mark.engines(campaign="postgres")

WORDS = (b"alice", b"Alice")


def files_with(folder, words=WORDS):
    """The files below the folder that contain one of the words."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if any(word in path.read_bytes() for word in words)}


@pytest.fixture
def tmp_path(emptied_folder):
    return emptied_folder


@pytest.fixture
def remembered(memctl, store, ingested, once):
    """A store with all people of the fixtures, after a migration of Alice's facts."""

    def make():
        assert memctl("migrate", "--from", "local", "--to", "copy.jsonl", "--user", "alice").code == 0
        return {user["user"]: user["facts"] for user in memctl("users", "--json").document["users"]}

    return once(make)


def test_no_byte_of_the_person_is_left_in_the_store_or_its_folder(remembered, memctl, store, home):
    (home / "work" / "copy.jsonl").unlink()
    said = memctl("search", "alice", "shipping", "--json").document["hits"][0]["fact"]["text"].encode()
    assert files_with(home, (*WORDS, said))
    ran = memctl("forget", "alice", "--confirm", "alice")
    assert ran.code == 0, ran.err
    left = files_with(home, (*WORDS, said))
    # The transcripts are the user's own files, which memctl never changes.
    assert {
        name for name in left if not name.endswith((".json", ".txt", ".jsonl", ".md", ".vtt", ".srt", ".zip"))
    } == set()
    assert memctl("facts", "alice").code == 4


def test_facts_of_other_people_are_unchanged(remembered, memctl):
    memctl("forget", "alice", "--confirm", "alice")
    users = {user["user"]: user["facts"] for user in memctl("users", "--json").document["users"]}
    assert users == {user: facts for user, facts in remembered.items() if user != "alice"}
    assert memctl("search", "bruno", "work").code == 0


@pytest.mark.engines
def test_later_ingests_and_migrations_do_not_restore_the_person(remembered, memctl, fixtures):
    assert memctl("ingest", fixtures).code == 0
    memctl("forget", "alice", "--confirm", "alice")
    again = memctl("ingest", fixtures)
    assert again.code == 0, "nothing needs attention: alice was forgotten on request"
    assert "is blocked" in again.out
    moved = memctl("import", "copy.jsonl")
    assert moved.code == 3
    assert "0 changed" in moved.out
    assert "is blocked" in memctl("add", "alice", "I live in Oslo.").err
    assert "alice" not in memctl("users").out
    assert memctl("forget", "alice", "--restore").code == 0
    assert memctl("ingest", fixtures).code == 0
    assert memctl("search", "alice", "shipping").code == 0


def test_the_receipt_proves_the_erasure_without_names(remembered, memctl, home):
    ids = {fact["id"] for fact in memctl("facts", "alice", "--all", "--json").document["facts"]}
    ran = memctl("forget", "alice", "--confirm", "alice", "--receipt", "receipt.json", "--json")
    file = home / "work" / "receipt.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    receipt = msgspec.json.decode(file.read_bytes(), type=Receipt)
    assert receipt == msgspec.convert(ran.document["receipt"], Receipt)
    assert receipt.sha256 == checksum(receipt)
    (erased,) = receipt.backends
    assert (erased.before > len(ids), erased.left) == (True, 0)
    assert {hashlib.sha256(id_.encode()).hexdigest() for id_ in ids} <= set(erased.ids)
    assert not any(word in file.read_bytes() for word in WORDS)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [((), 2), (("--confirm", "Alice"), 2), (("--everywhere", "--from", "local"), 2), (("--from", "pluto"), 4)],
)
def test_without_a_correct_confirmation_nothing_is_erased(remembered, memctl, arguments, code):
    assert memctl("forget", "alice", *arguments).code == code
    assert memctl("facts", "alice").code == 0


def test_a_dry_run_lists_the_records_and_erases_nothing(remembered, memctl):
    planned = memctl("forget", "alice", "--dry-run", "--json").document
    assert planned["holdings"][0]["kinds"]["preference"] >= 1
    assert memctl("facts", "alice").code == 0


def test_everywhere_covers_every_backend_in_the_settings(remembered, memctl, home, monkeypatch, postgres_dsn):
    monkeypatch.setenv("TEAM_DSN", postgres_dsn)
    schema = f"forget_{hashlib.sha256(str(home).encode()).hexdigest()[:12]}"
    (home / "work" / "memctl.toml").write_text(
        f'[backends.team]\nadapter = "postgres"\ndsn_env = "TEAM_DSN"\nschema = "{schema}"\n'
    )
    assert memctl("migrate", "--from", "local", "--to", "team", "--all-users").code == 0
    ran = memctl("forget", "alice", "--everywhere", "--confirm", "alice", "--json")
    assert ran.code == 0, ran.err
    assert [(erased["backend"], erased["left"]) for erased in ran.document["receipt"]["backends"]] == [
        ("local", 0),
        ("team", 0),
        # The ledger names this file, because the fixture migrated facts into it.
        (str(home / "work" / "copy.jsonl"), 0),
    ]
    team = open_backend("team")
    assert "alice" not in set(team.users())
    assert team.count("bruno")
    team.close()


def test_a_backend_that_still_has_the_person_is_a_failure(remembered, memctl, home, monkeypatch):
    from memctl.backends.files.adapter import FileBackend

    monkeypatch.setattr(FileBackend, "delete", lambda *_: 0)
    ran = memctl("forget", "alice", "--from", "local", "--from", "copy.jsonl", "--confirm", "alice", "--json")
    assert ran.code == 1
    left = {erased["backend"]: erased["left"] for erased in ran.document["receipt"]["backends"]}
    assert left["local"] == 0
    assert left["copy.jsonl"] > 0


def test_an_unreachable_backend_does_not_stop_the_erasure_in_others(remembered, memctl, monkeypatch):
    from memctl.backends.files.adapter import FileBackend

    def down(*_):
        raise OSError("the disk of alice is gone")

    monkeypatch.setattr(FileBackend, "delete", down)
    ran = memctl("forget", "alice", "--from", "copy.jsonl", "--from", "local", "--confirm", "alice", "--json")
    assert ran.code == 1
    first, second = ran.document["receipt"]["backends"]
    assert "disk of [forgotten] is gone" in first["error"]
    assert second["left"] == 0


def test_an_error_that_quotes_a_fact_is_in_the_receipt_without_it(remembered, memctl, monkeypatch):
    from memctl.backends.files.adapter import FileBackend

    def broken(*_):
        raise ValueError("no such town: Oslo")

    monkeypatch.setattr(FileBackend, "delete", broken)
    ran = memctl("forget", "alice", "--from", "copy.jsonl", "--confirm", "alice", "--json")
    assert ran.code == 1
    assert ran.document["receipt"]["backends"][0]["error"] == "the adapter failed with ValueError"
    assert "Oslo" not in ran.out + ran.err


def test_an_unknown_person_is_blocked_only_on_request(remembered, memctl):
    """The person may appear in a later transcript, but a mistyped name must not be reported as an erasure."""
    assert memctl("forget", "zoe", "--confirm", "zoe").code == 4
    assert memctl("forget", "zoe", "--confirm", "zoe", "--allow-unknown").code == 0
    assert "is blocked" in memctl("add", "zoe", "I live in Oslo.").err


@pytest.mark.engines(only="file")
def test_copies_of_an_older_store_are_erased(memctl, store, age):
    memctl("add", "alice", "I live in Oslo.")
    age(1)
    memctl("facts", "alice")
    assert [path.name for path in store.parent.glob("*.v1")] == ["store.duckdb.v1"]
    memctl("forget", "alice", "--confirm", "alice")
    assert not list(store.parent.glob("*.v1"))


@pytest.mark.engines(only="file")
def test_only_rejected_records_of_the_person_are_erased(memctl, store, home):
    rejects = store.with_name("store.duckdb.rejects.jsonl")
    memctl("add", "alice", "I live in Oslo.")
    lines = [{"where": f"/chats/{user}/1.txt", "reason": "cannot be read"} for user in ("alice", "malice", "bruno")]
    rejects.write_text("".join(json.dumps(line) + "\n" for line in lines))
    memctl("forget", "alice", "--confirm", "alice")
    assert [json.loads(line)["where"].split("/")[2] for line in rejects.read_text().splitlines()] == ["malice", "bruno"]
