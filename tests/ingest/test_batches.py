"""Batches of requests at half the price: submitted once, collected by cron, not lost in a crash."""

import json
from datetime import timedelta

import pytest

pytestmark = pytest.mark.engines(campaign="postgres")

SAID = ("I live in Oslo.", "I am allergic to peanuts.", "I love hiking.")


def facts(memctl, user="alice"):
    ran = memctl("facts", user, "--json")
    return {fact["text"] for fact in ran.document["facts"]} if ran.code == 0 else set()


@pytest.fixture
def folder(chat):
    chat("alice/a.jsonl", *SAID)
    return chat("alice/b.jsonl", "I work at Acme.").parent.parent


@pytest.mark.engines(only="file")
def test_a_collected_batch_gives_the_same_facts_as_direct_requests(
    memctl, folder, model, store, every_fact, monkeypatch
):
    ran = memctl("ingest", folder, "--batch")
    assert ran.code == 0, ran.err
    assert "2 submitted" in ran.out
    assert (len(model.batches), len(model.requests)) == (1, 0)
    assert facts(memctl) == set()
    assert memctl("search", "alice", "Where is Oslo?").code == 0, "turns can be found before the batch is collected"
    ran = memctl("ingest", "--collect")
    assert ran.code == 0, ran.err
    assert "1 collected" in ran.out
    assert len(facts(memctl)) == 4
    ran = memctl("ingest", "--collect")
    assert (ran.code, "0 collected, 0 in progress" in ran.out) == (0, True)
    assert "nothing to do" in memctl("ingest", folder).out
    assert len(model.requests) == 2
    batched = every_fact(store)
    monkeypatch.setenv("MEMCTL_STORE", str(store.with_name("live.duckdb")))
    memctl("ingest", folder)
    assert every_fact(store.with_name("live.duckdb")) == batched


def test_a_batch_in_progress_is_not_submitted_again(memctl, folder, model, chat):
    model.works = False
    memctl("ingest", folder, "--batch")
    ran = memctl("ingest", "--collect", "--json")
    assert (ran.document["collected"]["waiting"], ran.document["reports"]) == (1, [])
    chat("alice/c.jsonl", "I love singing.")
    ran = memctl("ingest", folder, "--batch", "--json")
    use = ran.document["report"]["model"]
    assert (use["submitted"], use["waiting"]) == (1, 2)
    model.works = True
    assert memctl("ingest", "--collect").code == 0
    assert len(facts(memctl)) == 5
    assert len(model.requests) == 3


def test_a_truncated_response_is_resubmitted_in_halves(memctl, folder, model, chat_emulator):
    memctl("ingest", folder, "--batch")
    model.faults = [chat_emulator.says('{"facts": [', finish="length")]
    memctl("ingest", "--collect")
    assert len(model.batches) == 2
    assert memctl("ingest", "--collect").code == 0
    assert len(facts(memctl)) == 4


def test_failed_requests_are_resubmitted_a_limited_number_of_times(memctl, folder, model, chat_emulator):
    memctl("ingest", folder, "--batch")
    model.always = chat_emulator.fails(500, "Try later.")
    codes = [memctl("ingest", "--collect").code for _ in range(4)]
    assert codes == [0, 0, 3, 0]
    assert len(model.requests) == 2 * 3
    assert len(model.batches) == 3
    assert "alice lives in Oslo." in facts(memctl), "the facts of the rules"


def test_unreadable_responses_are_reported_and_the_rules_are_used(memctl, folder, model, chat_emulator):
    memctl("ingest", folder, "--batch")
    model.always = chat_emulator.says("I cannot say.")
    ran = memctl("ingest", "--collect")
    assert (ran.code, "cannot be read" in ran.err) == (3, True)
    assert facts(memctl)


def test_a_batch_sent_before_a_kill_is_found_again(memctl, folder, model, monkeypatch):
    memctl("ingest", folder, "--batch")
    memctl("sql", "--write", "update batches set state = 'prepared', remote_id = null")
    memctl("ingest", folder, "--batch")
    assert len(model.batches) == 1
    assert "1 in progress" in memctl("ingest", "--collect").out
    assert memctl("ingest", "--collect").code == 0
    assert len(facts(memctl)) == 4
    assert len(model.requests) == 2


def test_a_batch_not_sent_before_a_kill_is_sent_after_a_grace_period(memctl, folder, model, monkeypatch):
    memctl("ingest", folder, "--batch")
    memctl("sql", "--write", "update batches set state = 'prepared', remote_id = null")
    model.batches.clear()
    assert "1 in progress" in memctl("ingest", "--collect").out, "another process may still send it"
    monkeypatch.setattr("memctl.ingest.llm_batch_api.GRACE", timedelta(0))
    assert memctl("ingest", "--collect").code == 0
    assert len(model.batches) == 1
    assert memctl("ingest", "--collect").code == 0
    assert len(facts(memctl)) == 4


def test_max_cost_applies_to_batches(memctl, folder, model):
    ran = memctl("ingest", folder, "--batch", "--price-per-million", "1,1", "--max-cost", "0.0011", "--json")
    assert ran.code == 8
    assert ran.document["report"]["model"]["submitted"] == 1
    (batch,) = model.batches.values()
    assert len(model.files[batch["input_file_id"]].splitlines()) == 1


def test_a_batch_refused_by_the_server_leaves_no_records(memctl, folder, model, chat_emulator):
    model.batch = lambda body: chat_emulator.error(429, "No credit.", "insufficient_quota")
    ran = memctl("ingest", folder, "--batch")
    assert (ran.code, "No credit." in ran.err) == (7, True)
    del model.batch
    assert memctl("ingest", folder, "--batch").code == 0
    assert len(model.batches) == 1


def test_a_failed_batch_shows_the_reason(memctl, folder, model):
    memctl("ingest", folder, "--batch")
    (batch,) = model.batches.values()
    batch |= {"status": "failed", "errors": {"object": "list", "data": [{"message": "Enqueued token limit reached."}]}}
    ran = memctl("ingest", "--collect")
    assert (ran.code, "Enqueued token limit reached." in ran.err) == (7, True)


def test_the_dry_run_of_a_batch_shows_half_the_price(memctl, folder, model):
    def cost(*more):
        ran = memctl("ingest", folder, "--dry-run", "--price-per-million", "1,1", "--json", *more)
        return ran.document["report"]["model"]["cost"]

    assert cost("--batch") == pytest.approx(cost() / 2)
    assert not model.batches


def test_collect_in_another_folder_reads_the_same_files(memctl, folder, model, home, monkeypatch):
    monkeypatch.chdir(folder)
    memctl("ingest", "alice", "--user", "ali", "--since", "2026-01-01", "--batch")
    monkeypatch.chdir(home)
    monkeypatch.delenv("MEMCTL_LLM_MODEL")
    monkeypatch.delenv("MEMCTL_LLM_BASE_URL")
    assert memctl("ingest", "--collect").code == 0
    assert "ali lives in Oslo." in facts(memctl, "ali")


def test_either_paths_or_collect_must_be_given(memctl, folder, model):
    assert memctl("ingest").code == 2
    assert memctl("ingest", folder, "--collect").code == 2
    assert memctl("ingest", "-", "--user", "a", "--batch", stdin=b"x").code == 2
    assert json.loads(memctl("ingest", "--collect", "--json").out)["collected"]["collected"] == 0
