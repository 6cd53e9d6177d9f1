"""Undo of a run restores every row of the store, or is refused and changes nothing."""

from pathlib import Path
from uuid import UUID

import pytest
from campaigns import campaign
from msgspec import structs
from trust.store_rows import rows

from memctl.core.errors import Locked, MemctlError
from memctl.core.fact import encode_lines
from memctl.ingest import pipeline as ingesting
from memctl.workspace import Workspace

pytestmark = pytest.mark.engines(campaign="postgres")


def facts(store):
    """The facts without fields that differ from run to run."""
    local = Workspace(store)
    return {
        (fact.text, fact.kind, fact.superseded_by, fact.invalid_at)
        for user in local.users()
        for page in local.read(user)
        for fact in page.facts
    }


def newest(memctl):
    return memctl("undo", "--json").document["runs"][0]


def ingest(memctl, *arguments):
    ran = memctl("ingest", *arguments, "--json")
    assert ran.code == 0, ran.err
    return ran.document["report"]["run"]


@pytest.fixture
def tmp_path(emptied_folder):
    return emptied_folder


@pytest.fixture
def rows_before(memctl, chat, store, once):
    """A store with facts about Ann and Bob from files."""

    def make():
        chat("ann/a.jsonl", "I live in Oslo.", "My favourite colour is green.")
        ingest(memctl, chat("bob/b.jsonl", "I work at Siemens.").parent.parent)
        return rows(store)

    return once(make)


@pytest.mark.engines
def test_undo_of_an_ingest_of_new_files_restores_every_row(memctl, chat, store, rows_before):
    chat("ann/more.jsonl", "I am allergic to peanuts.", folder="new")
    folder = chat("cleo/c.jsonl", "I play the cello.", folder="new").parent.parent
    ran = memctl("ingest", folder)
    run = newest(memctl)
    assert f"to undo it: memctl undo {run['id']}" in ran.out
    assert run["command"] == "ingest"
    after = rows(store)
    assert after != rows_before
    assert memctl("search", "cleo", "cello").code == 0
    undone = memctl("undo", run["id"])
    assert undone.code == 0, undone.err
    assert rows(store) == rows_before
    assert memctl("search", "cleo", "cello").code == 4
    assert "peanuts" not in memctl("search", "ann", "peanuts").out


def test_a_second_ingest_after_undo_gives_the_same_result(memctl, chat, store, rows_before):
    folder = chat("ann/more.jsonl", "I live in Rome.", folder="new").parent.parent
    run = ingest(memctl, folder)
    after = facts(store)
    assert memctl("undo", run).code == 0
    assert facts(store) != after
    assert ingest(memctl, folder) not in (None, run)
    assert facts(store) == after
    assert ingest(memctl, folder) is None


@pytest.mark.engines
def test_undo_of_an_ingest_restores_turns_and_facts_it_withdrew(memctl, chat, store, rows_before):
    chat("ann/a.jsonl", "I live in Rome.", "My favourite colour is green.")
    folder = chat("bob/b.jsonl", "I work at Bosch.").parent.parent
    run = ingest(memctl, folder)
    assert "Oslo" not in memctl("facts", "ann", "--all").out
    assert memctl("undo", run).code == 0
    assert rows(store) == rows_before
    assert "Oslo" in memctl("search", "ann", "where does she live").out


def test_a_run_over_many_transactions_is_one_run(memctl, chat, store, rows_before, monkeypatch):
    monkeypatch.setattr(ingesting, "CHUNK_TURNS", 1)
    monkeypatch.setattr(ingesting, "BATCH_TURNS", 1)
    chat("ann/a.jsonl", "I live in Rome.", "I like tea.", "I live in Paris.")
    for number in range(4):
        chat(f"ann/more{number}.jsonl", f"I like tea number {number}.", "I live in Oslo.", "I live in Madrid.")
    run = ingest(memctl, chat("bob/b.jsonl", "I work at Bosch.").parent.parent)
    assert newest(memctl)["id"] == run
    assert memctl("undo", run).code == 0
    assert rows(store) == rows_before


def test_an_interrupted_ingest_can_be_undone(memctl, chat, store, rows_before, monkeypatch):
    monkeypatch.setattr(ingesting, "CHUNK_TURNS", 1)
    monkeypatch.setattr(ingesting, "BATCH_TURNS", 1)
    real, calls = ingesting.commit, []

    def breaks(*arguments, **more):
        calls.append(arguments)
        if len(calls) == 3:
            raise Locked("the store is held")
        return real(*arguments, **more)

    monkeypatch.setattr(ingesting, "commit", breaks)
    for number in range(5):
        folder = chat(f"ann/more{number}.jsonl", f"I like tea number {number}.", folder="new").parent.parent
    assert memctl("ingest", folder).code != 0
    assert rows(store) != rows_before
    assert memctl("undo", newest(memctl)["id"]).code == 0
    assert rows(store) == rows_before


@pytest.mark.engines
@pytest.mark.parametrize(
    "command",
    [
        ("add", "ann", "I live in Rome."),
        *campaign(("add", "ann", "What is kept as it stands.")),
        ("add", "ann", "She lives in Rome.", "--predicate", "lives_in", "--object", "Rome"),
        ("edit", "FACT", "--text", "Ann lives in Bergen.", "--object", "Bergen"),
        *campaign(("rm", "FACT", "--yes")),
        ("rm", "EPISODE", "FACT", "--yes"),
        ("import", "facts.jsonl"),
    ],
)
def test_undo_of_manual_changes_restores_every_row(memctl, store, rows_before, command):
    held = [fact for page in Workspace(store).read("ann") for fact in page.facts]
    fact = next(str(one.id) for one in held if one.object == "Oslo")
    episode = next(str(one.id) for one in held if one.kind == "episode")
    other = next(one for one in held if one.kind != "episode" and one.object != "Oslo")
    written = [structs.replace(other, text="Another text."), structs.replace(other, id=UUID(int=7))]
    Path("facts.jsonl").write_bytes(b"".join(encode_lines(written)))
    ran = memctl(*({"FACT": fact, "EPISODE": episode}.get(word, word) for word in command))
    assert ran.code == 0, ran.err
    assert rows(store) != rows_before
    run = newest(memctl)
    assert run["command"] == command[0]
    assert memctl("undo", run["id"]).code == 0
    assert rows(store) == rows_before


@pytest.mark.engines(campaign="postgres")
def test_a_program_can_undo_its_additions(store, rows_before):
    local = Workspace(store)
    report = local.add("ann", ["I live in Rome.", {"role": "user", "content": "I like tea."}])
    assert rows(store) != rows_before
    assert local.undo(report.run)[0].command == "add"
    assert rows(store) == rows_before


@pytest.mark.engines
def test_undo_is_refused_twice_or_over_a_later_edit(memctl, chat, store, rows_before):
    run = ingest(memctl, chat("cleo/c.jsonl", "I live in Lima.", folder="new").parent.parent)
    fact = memctl("facts", "cleo", "--json").document["facts"][0]["id"]
    assert memctl("edit", fact, "--text", "Cleo lives in Quito.", "--object", "Quito").code == 0
    edit = newest(memctl)["id"]
    before = rows(store)
    ran = memctl("undo", run)
    assert (ran.code, f"undo first: {edit}" in ran.err) == (1, True)
    assert rows(store) == before
    assert memctl("undo", edit).code == 0
    assert memctl("undo", run).code == 0
    assert "was undone" in memctl("undo", run).err
    assert rows(store) == rows_before


@pytest.mark.engines(campaign="postgres")
def test_undo_keeps_turns_that_a_later_copy_contains(memctl, chat, store, rows_before):
    first = ingest(memctl, chat("cleo/c.jsonl", "I live in Lima.", folder="new").parent.parent)
    second = ingest(memctl, chat("cleo/c.jsonl", "I live in Lima.", folder="copy").parent.parent)
    ran = memctl("undo", first)
    assert (ran.code, f"undo first: {second}" in ran.err) == (1, True)
    assert memctl("undo", second).code == 0
    assert memctl("undo", first).code == 0
    assert rows(store) == rows_before


@pytest.mark.engines(campaign="postgres")
def test_undo_is_refused_while_a_later_fact_was_ended_by_this_run(memctl, chat, store, rows_before):
    folder = chat("cleo/c.jsonl", ("2026-03-01T00:00:00Z", "I live in Lima."), folder="new").parent.parent
    late = ingest(memctl, folder)
    folder = chat("cleo/o.jsonl", ("2020-03-01T00:00:00Z", "I live in Quito."), folder="old").parent.parent
    early = ingest(memctl, folder)
    ran = memctl("undo", late)
    assert (ran.code, f"undo first: {early}" in ran.err) == (1, True)
    assert memctl("undo", early).code == 0
    assert memctl("undo", late).code == 0
    assert rows(store) == rows_before


@pytest.mark.engines(campaign="postgres")
def test_runs_that_cancel_out_can_all_be_undone(store, rows_before):
    """If two later runs cancel out, a fact is as the first run wrote it; undoing the first run first would make the
    later ones impossible to undo."""
    local = Workspace(store)
    first, second = (local.add("cleo", [f"I live in {place}."]).run for place in ("Oslo", "Rome"))
    local.delete("cleo", [fact.id for fact in local.facts("cleo") if fact.object == "Rome"])
    third = local.changing_runs()[0].id
    for run, before in ((first, third), (second, third)):
        with pytest.raises(MemctlError) as refused:
            local.undo(run)
        assert refused.value.hint == f"undo first: {before}"
    local.undo(third)
    with pytest.raises(MemctlError) as refused:
        local.undo(first)
    assert refused.value.hint == f"undo first: {second}"
    local.undo(second)
    local.undo(first)
    assert rows(store) == rows_before


@pytest.mark.engines(only="file")
def test_a_forgotten_person_is_in_no_undo_log(memctl, chat, store, rows_before):
    chat("ann/a.jsonl", "I live in Rome.")
    chat("cleo/zebra.jsonl", "I keep a zebra.")
    run = ingest(memctl, chat("bob/b.jsonl", "I work at Bosch.").parent.parent)
    cleo = memctl("facts", "cleo", "--kind", "episode", "--json").document["facts"][0]["id"]
    assert memctl("rm", cleo, "--yes").code == 0
    for person in ("cleo", "ann"):
        assert memctl("forget", person, "--confirm", person).code == 0
    raw = store.read_bytes()
    assert [word for word in (b"zebra", b"cleo", b"Rome", b"Oslo", b"green") if word in raw] == []
    ran = memctl("undo", run)
    assert ran.code == 0, ran.err
    assert "Siemens" in memctl("facts", "bob").out
    assert memctl("facts", "ann").code == 4


@pytest.mark.engines(only="file")
def test_after_an_undo_a_migration_writes_its_facts_again(memctl, chat, store, rows_before):
    assert memctl("export", "--all-users", "--output", "facts.jsonl").code == 0
    folder = chat("ann/long.jsonl", *(f"I like tea number {number}." for number in range(9)), folder="x").parent.parent
    other = store.with_name("other.duckdb")
    ingest(memctl, folder, "--store", other)
    before = facts(other)
    move = ("migrate", "--from", "facts.jsonl", "--to", "local", "--all-users", "--store", other)
    moved = memctl(*move)
    assert moved.code == 0, moved.err
    after = facts(other)
    run = memctl("undo", "--store", other, "--json").document["runs"][0]
    assert (run["command"], f"to undo it: memctl undo {run['id']}" in moved.out) == ("migrate", True)
    assert memctl("undo", run["id"], "--store", other).code == 0
    assert facts(other) == before
    again = memctl(*move, "--json").document
    assert again["counts"]["written"] == len(after) - len(before)
    assert facts(other) == after
    assert memctl(*move, "--json").document["counts"]["written"] == 0


def test_a_dry_run_is_not_listed_as_a_run(memctl, chat, store, rows_before):
    runs = memctl("undo").out
    folder = chat("ann/more.jsonl", "I like tea.", folder="new").parent.parent
    assert ingest(memctl, folder, "--dry-run") is None
    assert memctl("undo").out == runs
