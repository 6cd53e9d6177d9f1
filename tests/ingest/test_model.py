"""Extraction with a model: its facts are combined with those of the rules, requests are not repeated, costs are
limited."""

import json
import re
import time

import pytest

SAID = ("I live in Oslo.", "I am allergic to peanuts.", "I moved to Rome last week.")


def facts(memctl, user="alice", *more):
    return {fact["text"]: fact for fact in memctl("facts", user, "--json", *more).document["facts"]}


def ingest(memctl, *arguments):
    ran = memctl("ingest", *arguments, "--json")
    return ran.code, ran.document.get("report") or ran.document


def test_auto_uses_the_configured_model_and_reports_it(memctl, chat, model):
    folder = chat("alice/a.jsonl", *SAID).parent.parent
    ran = memctl("ingest", folder)
    assert ran.code == 0, ran.err
    assert "(llm small-reader)" in ran.out
    assert set(facts(memctl)) == {"alice is allergic to peanuts.", "alice lives in Rome."}
    assert len(model.requests) == 1


def test_auto_without_a_model_uses_the_rules_and_reports_it(memctl, chat):
    ran = memctl("ingest", chat("alice/a.jsonl", *SAID).parent.parent)
    assert "(rules)" in ran.out
    assert "tokens" not in ran.out


def test_the_model_can_be_set_with_options(memctl, chat, model, monkeypatch):
    monkeypatch.delenv("MEMCTL_LLM_MODEL")
    monkeypatch.delenv("MEMCTL_LLM_BASE_URL")
    folder = chat("alice/a.jsonl", *SAID).parent.parent
    ran = memctl("ingest", folder, "--extractor", "llm")
    assert (ran.code, "MEMCTL_LLM_MODEL" in ran.err) == (2, True)
    ran = memctl("ingest", folder, "--extractor", "llm", "--model", "small-reader", "--llm-base-url", model.url)
    assert ran.code == 0, ran.err
    assert len(model.requests) == 1


def test_a_fact_has_quote_dates_and_extractor(memctl, chat, model):
    memctl("ingest", chat("alice/a.jsonl", *SAID).parent.parent)
    rome = facts(memctl)["alice lives in Rome."]
    assert rome["native"]["extractor"] == "llm:small-reader@2"
    assert rome["source"]["quote"] == "I moved to Rome last week"
    assert rome["source"]["turns"] == ["m3"]
    assert rome["valid_at"].startswith("2025-12-2"), "last week, counted from 3 January 2026"
    oslo = facts(memctl, "alice", "--all")["alice lives in Oslo."]
    assert oslo["superseded_by"] == rome["id"]


def test_a_second_run_sends_no_request(memctl, chat, model, store, every_fact):
    folder = chat("alice/a.jsonl", *SAID).parent.parent
    memctl("ingest", folder)
    before = every_fact(store)
    assert "nothing to do" in memctl("ingest", folder).out
    assert len(model.requests) == 1
    assert every_fact(store) == before


def test_cached_responses_are_used_if_files_are_read_again(memctl, chat, model):
    folder = chat("alice/a.jsonl", *SAID).parent.parent
    memctl("ingest", folder)
    before = facts(memctl)
    memctl("sql", "--write", "delete from files")
    memctl("sql", "--write", "delete from sightings")
    code, report = ingest(memctl, folder)
    assert (code, report["model"]["known"], report["model"]["asked"]) == (0, 1, 0)
    assert facts(memctl) == before
    assert len(model.requests) == 1


def test_only_new_turns_of_a_grown_file_are_sent(memctl, chat, model, chat_emulator):
    folder = chat("alice/a.jsonl", *SAID[:2]).parent.parent
    memctl("ingest", folder)
    chat("alice/a.jsonl", *SAID)
    memctl("ingest", folder)
    assert len(model.requests) == 2
    assert [line.text for line in chat_emulator.lines(model.messages[1])] == [SAID[2]]
    assert set(facts(memctl)) == {"alice is allergic to peanuts.", "alice lives in Rome."}


def test_a_dry_run_shows_tokens_and_price_and_sends_nothing(memctl, chat, model, store):
    folder = chat("alice/a.jsonl", *SAID).parent.parent
    ran = memctl("ingest", folder, "--dry-run")
    assert "removed" not in ran.out
    assert (ran.code, model.requests, store.exists()) == (0, [], False)
    assert "price unknown" in ran.out
    ran = memctl("ingest", folder, "--dry-run", "--price-per-million", "1,10", "--json")
    use = ran.document["report"]["model"]
    assert use["windows"] == use["asked"] == 1
    assert use["cost"] == pytest.approx((use["input_tokens"] + 10 * use["output_tokens"]) / 1e6)
    assert use["seconds"] > 0
    memctl("ingest", folder)
    assert "0 would be sent" in memctl("ingest", folder, "--dry-run").out


def test_the_estimate_is_close_to_the_billed_cost(memctl, chat, model):
    folder = chat("alice/a.jsonl", *[f"I love number {n} of many songs." for n in range(30)]).parent.parent
    planned = ingest(memctl, folder, "--dry-run")[1]["model"]["input_tokens"]
    billed = ingest(memctl, folder)[1]["model"]["input_tokens"]
    assert 0.8 <= planned / billed <= 1.6


def test_max_cost_stops_the_run_and_the_next_one_continues(memctl, chat, model):
    for name in ("a", "b", "c"):
        chat(f"alice/{name}.jsonl", *[f"I love {name} song {n} a lot." for n in range(4)])
    folder = chat("alice/d.jsonl", "I live in Oslo.").parent.parent
    ran = memctl("ingest", folder, "--price-per-million", "1,1", "--max-cost", "0.0025", "--jobs", "1", "--json")
    use = ran.document["report"]["model"]
    assert (ran.code, use["stopped"]) == (8, "max-cost")
    assert 0 < use["cost"] <= 0.0025
    assert 0 < len(model.requests) < 4
    asked = len(model.requests)
    ran = memctl("ingest", folder)
    assert ran.code == 0, ran.err
    assert len(model.requests) == 4
    assert len(facts(memctl)) == 13
    assert asked == use["asked"]


def test_max_cost_without_a_known_price_is_refused(memctl, chat, model):
    ran = memctl("ingest", chat("alice/a.jsonl", *SAID).parent.parent, "--max-cost", "5")
    assert (ran.code, "--price-per-million" in ran.err, model.requests) == (2, True, [])
    ran = memctl("ingest", ".", "--price-per-million", "cheap")
    assert (ran.code, "0.25,2.00" in ran.err) == (2, True)


def test_known_facts_are_sent_to_the_model_which_can_end_them(memctl, chat, model, chat_emulator):
    folder = chat("alice/a.jsonl", "I love hiking.").parent.parent
    memctl("ingest", folder)

    model.ended = lambda message: ["E1"]
    chat("alice/b.jsonl", ("2026-02-01T10:00:00Z", "My knees hurt, I gave up hiking."))
    memctl("ingest", folder)
    assert "E1 alice likes hiking." in model.messages[1]
    assert facts(memctl) == {}
    (hiking,) = facts(memctl, "alice", "--all").values()
    assert hiking["invalid_at"].startswith("2026-02-01")


def test_another_model_reads_everything_again(memctl, chat, model):
    folder = chat("alice/a.jsonl", *SAID).parent.parent
    memctl("ingest", folder)
    memctl("ingest", folder, "--model", "other-reader")
    assert len(model.requests) == 2
    assert {fact["native"]["extractor"] for fact in facts(memctl).values()} == {"llm:other-reader@2"}


def test_facts_of_the_rules_are_replaced_by_those_of_the_model(memctl, chat, model):
    folder = chat("alice/a.jsonl", *SAID).parent.parent
    memctl("ingest", folder, "--extractor", "rules")
    assert model.requests == []
    memctl("ingest", folder)
    assert {fact["native"]["extractor"] for fact in facts(memctl).values()} == {"llm:small-reader@2"}


def test_removing_a_turn_removes_its_cached_responses(memctl, chat, model):
    memctl("ingest", chat("alice/a.jsonl", *SAID).parent.parent)
    episode = memctl("facts", "alice", "--kind", "episode", "--json").document["facts"][0]
    assert memctl("rm", episode["id"], "--yes").code == 0
    assert memctl("sql", "select count(*) n from extract_cache", "--json").document["rows"][0]["n"] == 0


def test_secrets_in_turns_and_facts_are_not_sent(memctl, chat, model):
    secret = "sk-" + "proj-" + "Zq8vTn2LmX4pRw7sYb1c" * 2
    memctl("add", "alice", "I live in Oslo.")
    memctl("ingest", chat("alice/a.jsonl", f"I live in Rome and my key is {secret}.").parent.parent)
    assert secret not in json.dumps(model.requests)
    assert "[redacted:" in model.messages[0]


def test_the_number_of_threads_does_not_change_the_store(memctl, chat, model, store, every_fact, monkeypatch):
    for name in "abcdefgh":
        chat(f"alice/{name}.jsonl", *[f"I love {name} song {n}." for n in range(5)], f"I live in {name.upper()}town.")
    folder = chat("alice/z.jsonl", *SAID).parent.parent
    memctl("ingest", folder, "--jobs", "1")
    one = every_fact(store)
    monkeypatch.setenv("MEMCTL_STORE", str(store.with_name("eight.duckdb")))
    model.always = lambda *_: time.sleep(0.05)
    memctl("ingest", folder, "--jobs", "8")
    assert every_fact(store.with_name("eight.duckdb")) == one
    assert model.most_at_once > 1


def test_an_older_store_gets_missing_tables(memctl, chat, model, age):
    memctl("add", "alice", "I can't eat sesame.")
    age(1)
    assert memctl("facts", "alice").code == 0
    folder = chat("alice/a.jsonl", *SAID).parent.parent
    assert memctl("ingest", folder, "--dry-run").code == 0
    assert memctl("ingest", folder).code == 0
    assert len(facts(memctl)) == 3


def test_progress_shows_tokens_and_cost_so_far(chat, model, store):
    from memctl.ingest.llm_costs import Prices
    from memctl.ingest.llm_options import ModelOptions
    from memctl.ingest.scan import Options
    from memctl.ingest.session_extraction import Recipe
    from memctl.workspace import Workspace

    folder = chat("alice/a.jsonl", *SAID).parent.parent
    chosen = ModelOptions(name="small-reader", base_url=model.url, prices=Prices(input=1.0, output=1.0))
    messages = []
    options = Options(recipe=Recipe(model="small-reader"), model=chosen)
    Workspace(store).ingest([str(folder)], options, lambda done, total, item: messages.append(item))
    assert any(re.search(r"tokens, [0-9.]+ tokens/s, \$0.0", item) for item in messages)


def test_a_model_about_to_be_shut_down_causes_a_warning(memctl, chat, model, monkeypatch):
    monkeypatch.delenv("MEMCTL_LLM_BASE_URL")
    folder = chat("alice/a.jsonl", *SAID).parent.parent
    assert "2026-12-11" in memctl("ingest", folder, "--dry-run", "--model", "gpt-5-mini").err
    assert memctl("ingest", folder, "--dry-run", "--model", "gpt-5.4-mini").err == ""
