"""Nothing is erased if the erasure cannot be proved, and a receipt can be checked later."""

import re

import pytest

pytestmark = pytest.mark.engines(campaign="postgres")


def facts_of(memctl, user):
    return len(memctl("facts", user, "--json").document.get("facts", []))


def test_nothing_is_erased_if_the_receipt_cannot_be_written(ingested, memctl, home):
    before = facts_of(memctl, "alice")
    (home / "taken").write_text("a file, not a folder")
    ran = memctl("forget", "alice", "--confirm", "alice", "--receipt", home / "taken" / "receipt.json")
    assert ran.code != 0
    assert before == facts_of(memctl, "alice") > 0


def test_nothing_is_erased_while_the_ledger_is_damaged(ingested, memctl, home):
    ledger = home / "ledger.duckdb"
    ledger.write_bytes(b"not a ledger" * 1000)
    before = facts_of(memctl, "alice")
    ran = memctl("forget", "alice", "--confirm", "alice", "--ledger", ledger)
    assert ran.code != 0
    assert before == facts_of(memctl, "alice") > 0
    # The person is not blocked either, because nothing was erased.
    assert memctl("add", "alice", "I live in Ghent.").code == 0


@pytest.mark.parametrize("name", ["Alicia", "Alice", "nobody-at-all"])
def test_a_name_without_data_is_not_found(ingested, memctl, name):
    ran = memctl("forget", name, "--confirm", name)
    assert ran.code == 4, ran.err
    assert facts_of(memctl, "alice") > 0
    if name != "nobody-at-all":
        assert "alice" in ran.err


def test_a_second_run_shows_when_the_person_was_forgotten(ingested, memctl):
    assert memctl("forget", "alice", "--confirm", "alice").code == 0
    again = memctl("forget", "alice", "--confirm", "alice")
    assert "already erased on" in again.out + again.err


def test_check_compares_a_receipt_with_the_name_and_current_data(ingested, memctl, home):
    receipt = home / "receipt.json"
    assert memctl("forget", "alice", "--confirm", "alice", "--receipt", receipt).code == 0
    assert memctl("forget", "alice", "--check", receipt).code == 0
    assert memctl("forget", "bruno", "--check", receipt).code == 6
    receipt.write_text(re.sub(r"\b20\d\d-", "2019-", receipt.read_text()))
    assert memctl("forget", "alice", "--check", receipt).code == 6
    assert "2019" not in memctl("forget", "alice", "--check", receipt).out


@pytest.mark.engines
def test_a_check_finds_what_was_stored_again(memctl, home):
    receipt = home / "receipt.json"
    assert memctl("add", "alice", "I live in Oslo.").code == 0
    assert memctl("forget", "alice", "--confirm", "alice", "--receipt", receipt).code == 0
    assert memctl("forget", "alice", "--check", receipt).code == 0
    assert memctl("forget", "alice", "--restore").code == 0
    assert memctl("add", "alice", "I live in Oslo.").code == 0
    ran = memctl("forget", "alice", "--check", receipt)
    assert (ran.code, "found 2 records" in ran.err) == (6, True), ran


@pytest.mark.engines(only="file")
def test_a_store_on_a_server_that_is_not_in_use_is_not_counted_as_erased(memctl, address, home):
    assert memctl("add", "alice", "I live in Oslo.").code == 0
    assert memctl("export", "--user", "alice", "-o", "alice.jsonl").code == 0
    assert memctl("migrate", "--from", "alice.jsonl", "--to", "local", "--user", "alice", "--store", address).code == 0
    (home / "work" / "alice.jsonl").unlink()
    ran = memctl("forget", "alice", "--everywhere", "--confirm", "alice")
    assert (ran.code != 0, "--store" in ran.out + ran.err) == (True, True), ran
    assert memctl("facts", "alice", "--store", address).code == 0


def test_an_erasure_in_the_store_names_the_other_backends_of_the_persons_migrations(memctl, home):
    assert memctl("add", "alice", "I live in Oslo.").code == 0
    assert memctl("add", "bruno", "I live in Turin.").code == 0
    for name, user in (("alice.jsonl", "alice"), ("gone.jsonl", "alice"), ("bruno.jsonl", "bruno")):
        assert memctl("migrate", "--from", "local", "--to", name, "--user", user).code == 0
    (home / "work" / "gone.jsonl").unlink()
    for options in (("--dry-run",), ("--confirm", "alice")):
        ran = memctl("forget", "alice", *options)
        assert (ran.code, "--everywhere" in ran.out) == (0, True)
        assert [name for name in ("alice.jsonl", "gone.jsonl", "bruno.jsonl") if name in ran.out] == ["alice.jsonl"]
    ran = memctl("forget", "alice", "--everywhere", "--confirm", "alice")
    assert (ran.code, "--everywhere" in ran.out) == (0, False)


@pytest.mark.engines
def test_find_person_lists_records_of_others_that_name_the_person(memctl, chat):
    memctl(
        "ingest", chat("ada/a.jsonl", "My sister Zoë lives in Oslo.", "Zoe visits on Sunday.", "Zoetrope").parent.parent
    )
    mentions = memctl("find-person", "zoe", "--json").document
    assert mentions["users"].keys() == {"ada"}
    assert not any("Zoetrope" in mention["text"] for mention in mentions["mentions"])
    assert memctl("find-person", "Quentin").code == 0


@pytest.mark.engines
def test_find_person_lists_what_the_person_said_in_records_of_others(memctl, home):
    chat = home / "work" / "ada" / "WhatsApp Chat - Yuki.txt"
    chat.parent.mkdir(parents=True)
    lines = ["Ada: I live in Oslo.", "Yuki: I live in Kyoto.", "Ada: Lovely."]
    chat.write_text("".join(f"03/0{day}/2026, 09:00 - {line}\n" for day, line in enumerate(lines, 1)))
    assert memctl("ingest", chat.parent, "--user", "ada", "--date-order", "dmy").code == 0
    mentions = memctl("find-person", "yuki", "--json").document["mentions"]
    assert ["speaker"] in [mention["fields"] for mention in mentions if mention["text"] == "I live in Kyoto."]
    assert "I live in Oslo." not in [mention["text"] for mention in mentions]
