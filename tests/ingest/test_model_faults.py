"""Failures between memctl and a model server cause neither wrong facts nor double costs."""

import json
import signal
import time

import pytest
from campaigns import campaign, campaign_cases

from memctl.core.errors import Halted
from memctl.ingest.llm_live_source import Gate
from memctl.runtime.retry import Halt
from memctl.store.duckdb import files

SAID = ("I live in Oslo.", "I am allergic to peanuts.", "I love hiking.")
ALL = {"alice lives in Oslo.", "alice is allergic to peanuts.", "alice likes hiking."}


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    """Shorten the waits between retries."""
    monkeypatch.setattr("memctl.runtime.retry.FIRST_WAIT", 0.001)


def facts(memctl, user="alice", *more):
    return {fact["text"]: fact for fact in memctl("facts", user, "--json", *more).document["facts"]}


def cached_responses(memctl):
    return memctl("sql", "select count(*) n from extract_cache", "--json").document["rows"][0]["n"]


@pytest.fixture
def folder(chat):
    return chat("alice/a.jsonl", *SAID).parent.parent


def test_json_in_a_code_fence_is_read(memctl, folder, model, chat_emulator):
    answer = json.dumps({"facts": chat_emulator.plain_reader("[1] alice: I live in Oslo.")})
    model.faults = [chat_emulator.says(f"Here you are:\n```json\n{answer}\n```\nAnything else?")]
    assert memctl("ingest", folder).code == 0
    assert facts(memctl)["alice lives in Oslo."]["native"]["extractor"] == "llm:small-reader@2"
    assert len(model.requests) == 1


@pytest.mark.parametrize(
    "response", ["I cannot say.", None, *campaign("", '{"facts": [{"text": "alice li', "[1, 2", "<think>hm</think>")]
)
def test_an_unreadable_response_is_requested_again(memctl, folder, model, chat_emulator, response):
    model.faults = [chat_emulator.says(response)]
    assert memctl("ingest", folder).code == 0
    assert set(facts(memctl)) == ALL
    assert len(model.requests) == 2
    assert "JSON Schema" in model.requests[1]["messages"][0]["content"], "the format is also described in the prompt"


def test_after_unreadable_responses_the_rules_are_used_until_a_later_run(memctl, folder, model, chat_emulator):
    model.always = chat_emulator.says("I cannot say.")
    ran = memctl("ingest", folder)
    assert (ran.code, "cannot be read" in ran.err) == (3, True)
    assert len(model.requests) == 3
    assert {fact["native"]["extractor"] for fact in facts(memctl).values()} == {"rules@1"}
    model.always = None
    assert memctl("ingest", folder).code == 0
    assert set(facts(memctl)) == ALL
    assert {fact["native"]["extractor"] for fact in facts(memctl).values()} == {"llm:small-reader@2"}


def test_facts_in_a_wrong_form_are_skipped_and_the_others_kept(memctl, folder, model, chat_emulator):
    good = chat_emulator.plain_reader("[1] alice: I live in Oslo.")
    bad = [{"text": "alice sings."}, "alice dances.", 7, {"s": "alice", "p": "likes", "o": ["jazz"]}]
    model.faults = [chat_emulator.says(json.dumps([*good, *bad]))]
    ran = memctl("ingest", folder, "--json")
    assert ran.document["report"]["model"]["refused"] == {"not in the form of a fact": 4}
    assert facts(memctl)["alice lives in Oslo."]["native"]["extractor"] == "llm:small-reader@2"


def test_a_truncated_response_halves_the_window(memctl, folder, model, chat_emulator):
    cut = chat_emulator.says('{"facts": [{"text": "ali', finish="length")
    model.faults = [cut, cut]
    assert memctl("ingest", folder, "--jobs", "1").code == 0
    assert set(facts(memctl)) == ALL
    sent_lines = [[line for line in chat_emulator.lines(message) if not line.context] for message in model.messages]
    assert [len(lines) for lines in sent_lines] == [3, 1, 2], "a window that cannot be halved is read by the rules"
    asked = len(model.requests)
    memctl("sql", "--write", "delete from files")
    memctl("ingest", folder)
    assert len(model.requests) == asked, "the responses of the halves are cached too"


def test_a_request_too_long_for_the_server_is_halved(memctl, folder, model, chat_emulator):
    message = "This model's maximum context length is 4096 tokens. However, you requested 9000 tokens."
    model.faults = [chat_emulator.fails(400, message, "context_length_exceeded")]
    assert memctl("ingest", folder).code == 0
    assert set(facts(memctl)) == ALL
    assert len(model.requests) == 3


@pytest.mark.parametrize("kind", ["refusal", "content filter", "filtered request"])
def test_the_rules_read_turns_that_the_model_refuses(memctl, folder, model, chat_emulator, kind):
    model.always = {
        "refusal": chat_emulator.says(None, refusal="I can't help with that."),
        "content filter": chat_emulator.says("", finish="content_filter"),
        "filtered request": chat_emulator.fails(400, "The response was filtered.", "content_filter"),
    }[kind]
    ran = memctl("ingest", folder, "--json")
    assert ran.code == 0, ran.err
    assert sum(ran.document["report"]["model"]["failed"].values()) == 1
    assert {fact["object"] for fact in facts(memctl).values()} == {"Oslo", "peanuts", "hiking"}
    memctl("ingest", folder)
    assert len(model.requests) == 1, "a refused turn is not sent again"


def test_a_rate_limit_is_waited_for(memctl, folder, model, chat_emulator):
    model.faults = [chat_emulator.fails(429, "Rate limit reached.", "rate_limit_exceeded")] * 2
    assert memctl("ingest", folder).code == 0
    assert set(facts(memctl)) == ALL
    assert len(model.requests) == 3


def test_retry_after_of_a_server_is_respected(memctl, folder, model, chat_emulator):
    waits = []
    model.faults = [chat_emulator.fails(429, "Rate limit reached.", "rate_limit_exceeded", retry_after="1")]
    model.always = lambda *_: waits.append(time.monotonic())
    began = time.monotonic()
    assert memctl("ingest", folder).code == 0
    assert waits[0] - began >= 1.0
    assert len(model.requests) == 2


def test_a_wait_or_rate_limit_applies_to_all_threads():
    class Told(Exception):
        pass

    class Clock(Halt):
        def wait(self, seconds, tick=None):
            raise Told(round(seconds))

    gate = Gate(None, Clock())
    gate.wait()
    gate.hold(7)
    for _ in range(2):
        with pytest.raises(Told, match="7"):
            gate.wait()
    paced = Gate(0.1, Halt())
    paced.wait()
    paced.halt.stop("interrupted")
    with pytest.raises(Halted):
        paced.wait()


@pytest.mark.parametrize(
    ("status", "code"),
    [(429, "insufficient_quota"), (401, "invalid_api_key"), *campaign_cases((402, None), (403, None))],
)
def test_no_credit_or_access_ends_the_run_and_responses_are_kept(memctl, chat, model, chat_emulator, status, code):
    for name in "abcd":
        folder = chat(f"alice/{name}.jsonl", f"I love song {name}.").parent.parent
    model.faults = [chat_emulator.works]
    model.always = chat_emulator.fails(status, "Not any more.", code)
    ran = memctl("ingest", folder, "--jobs", "1")
    assert (ran.code, "Not any more." in ran.err) == (7, True)
    assert len(model.requests) == 2, "no repeated requests"
    assert (cached_responses(memctl), len(facts(memctl))) == (1, 1)
    model.always = None
    assert memctl("ingest", folder).code == 0
    assert len(model.requests) == 5
    assert len(facts(memctl)) == 4


@pytest.mark.parametrize("status", [503, *campaign(500, 502, 529)])
def test_a_temporary_server_error_is_retried(memctl, folder, model, chat_emulator, status):
    model.faults = [chat_emulator.fails(status, "Overloaded.")]
    assert memctl("ingest", folder).code == 0
    assert set(facts(memctl)) == ALL


def test_a_permanent_server_error_ends_the_run_as_retryable(memctl, folder, model, chat_emulator):
    model.always = chat_emulator.fails(503, "Down for the night.")
    ran = memctl("ingest", folder)
    assert (ran.code, "Down for the night." in ran.err) == (5, True)
    assert len(model.requests) == 8


def test_an_unreachable_server_is_named(memctl, folder, model):
    ran = memctl("ingest", folder, "--llm-base-url", "http://127.0.0.1:9/v1")
    assert (ran.code, "127.0.0.1:9" in ran.err) == (5, True)


def test_a_missing_model_is_not_retried(memctl, folder, model, chat_emulator):
    model.always = chat_emulator.fails(404, "The model does not exist.", "model_not_found")
    ran = memctl("ingest", folder)
    assert (ran.code, len(model.requests)) == (7, 1)
    assert "does not exist" in ran.err


@pytest.mark.parametrize("kind", ["before the first word", "in the middle"])
def test_a_request_that_times_out_is_halved(memctl, folder, model, chat_emulator, monkeypatch, kind):
    monkeypatch.setenv("MEMCTL_LLM_TIMEOUT", "0.3")
    silent = chat_emulator.falls_silent('{"facts": [{"s": "alice", "p": "li')
    model.faults = [chat_emulator.hangs if kind == "before the first word" else silent]
    ran = memctl("ingest", folder)
    assert ran.code == 0, ran.err
    assert set(facts(memctl)) == ALL
    sent_lines = [[line for line in chat_emulator.lines(message) if not line.context] for message in model.messages]
    assert [len(lines) for lines in sent_lines] == [3, 1, 2]


def test_a_slow_response_that_continues_is_waited_for(memctl, folder, model, chat_emulator, monkeypatch):
    monkeypatch.setenv("MEMCTL_LLM_TIMEOUT", "0.4")
    model.pause = 0.06
    assert memctl("ingest", folder).code == 0
    assert set(facts(memctl)) == ALL
    assert len(model.requests) == 1, "the timeout limits silence, not the whole response"


def test_a_turn_without_a_response_is_read_by_rules_and_sent_again_next_time(
    memctl, chat, model, chat_emulator, monkeypatch
):
    monkeypatch.setenv("MEMCTL_LLM_TIMEOUT", "0.3")
    folder = chat("alice/a.jsonl", "I live in Oslo.").parent.parent
    model.faults = [chat_emulator.hangs]
    ran = memctl("ingest", folder)
    assert (ran.code, "did not answer in time" in ran.err) == (3, True)
    assert facts(memctl)["alice lives in Oslo."]["native"]["extractor"] == "rules@1"
    assert memctl("ingest", folder).code == 0
    assert facts(memctl)["alice lives in Oslo."]["native"]["extractor"] == "llm:small-reader@2"


def test_a_silent_server_ends_the_run_as_retryable(memctl, folder, model, chat_emulator, monkeypatch):
    monkeypatch.setenv("MEMCTL_LLM_TIMEOUT", "0.2")
    model.always = chat_emulator.hangs
    ran = memctl("ingest", folder)
    assert (ran.code, "sent nothing for 0.2 seconds" in ran.err) == (5, True)
    assert len(model.requests) == 3


def test_an_interrupted_response_is_requested_again(memctl, folder, model, chat_emulator):
    model.faults = [chat_emulator.breaks_off('{"facts": [{"s": 1')]
    assert memctl("ingest", folder).code == 0
    assert set(facts(memctl)) == ALL
    assert len(model.requests) == 2


def test_after_a_truncated_response_only_the_remaining_lines_are_sent(memctl, folder, model, chat_emulator):
    (first,) = chat_emulator.plain_reader("[1] alice: I live in Oslo.")
    cut = json.dumps({"facts": [first]})[:-1] + ', {"s": "ali'
    model.faults = [chat_emulator.says(cut, finish="length")]
    assert memctl("ingest", folder).code == 0
    assert set(facts(memctl)) == ALL
    sent_lines = [[line for line in chat_emulator.lines(message) if not line.context] for message in model.messages]
    assert [len(lines) for lines in sent_lines] == [3, 2]


def test_a_model_that_repeats_itself_is_stopped(memctl, folder, model, chat_emulator):
    (first,) = chat_emulator.plain_reader("[1] alice: I live in Oslo.")
    model.faults = [chat_emulator.says(json.dumps({"facts": [first] * 500}))]
    assert memctl("ingest", folder).code == 0
    assert set(facts(memctl)) == ALL
    assert len(model.requests) == 2


def test_a_model_with_made_up_facts_adds_nothing(memctl, chat, model, chat_emulator):
    texts = ("I live in Oslo.", "We watched an English film.", "My sister works at Acme.", "I might move to Rome.")

    def liar(message):
        lies = [("speaks", "English"), ("works_at", "Acme"), ("lives_in", "Rome"), ("likes", "Oslo"), ("age", "42")]
        return [chat_emulator.fact(chat_emulator.lines(message)[0], *lie) for lie in lies]

    model.reader = liar
    model.ended = lambda message: ["E1"]
    folder = chat("alice/a.jsonl", *texts).parent.parent
    ran = memctl("ingest", folder, "--json")
    assert ran.code == 0
    assert {fact["native"]["extractor"] for fact in facts(memctl).values()} == {"rules@1"}
    assert sum(ran.document["report"]["model"]["refused"].values()) == 6


def test_the_rules_add_facts_that_the_model_misses(memctl, folder, model):
    model.reader = lambda message: []
    assert memctl("ingest", folder).code == 0
    assert {fact["object"] for fact in facts(memctl).values()} == {"Oslo", "peanuts", "hiking"}


@pytest.mark.parametrize("forms", [("text",), *campaign(("json_object", "text"))])
def test_a_server_without_json_schema_gets_the_next_best_format(memctl, chat, model, forms):
    for name in "abc":
        folder = chat(f"alice/{name}.jsonl", f"I love song {name}.").parent.parent
    model.forms = forms
    assert memctl("ingest", folder, "--jobs", "1").code == 0
    assert len(facts(memctl)) == 3
    assert len(model.requests) == 3 + 3 - len(forms)


def test_parameters_unknown_to_a_server_are_omitted(memctl, folder, model):
    model.refused_parameters = ("temperature", "max_tokens")
    assert memctl("ingest", folder).code == 0
    assert set(facts(memctl)) == ALL
    assert "max_completion_tokens" in model.requests[-1]


def test_usage_is_estimated_if_the_server_does_not_report_it(memctl, folder, model):
    model.tells_usage = False
    use = memctl("ingest", folder, "--price-per-million", "1,1", "--json").document["report"]["model"]
    assert use["input_tokens"] > 400
    assert use["output_tokens"] > 30
    assert use["cost"] > 0


def test_the_key_is_sent_only_to_its_server_and_never_shown(memctl, folder, model, chat_emulator, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "a-key-of-" + "openai")
    memctl("ingest", folder)
    assert model.keys == ["Bearer none"], "a private http server does not get OpenAI's key"
    model.needs_key = True
    secret = "not-the-" + "right-one"
    monkeypatch.setenv("MEMCTL_LLM_API_KEY", secret)
    ran = memctl("ingest", folder, "--model", "other")
    assert (ran.code, secret in ran.err, "MEMCTL_LLM_API_KEY" in ran.err) == (7, False, True)
    monkeypatch.setenv("MEMCTL_LLM_API_KEY", chat_emulator.KEY)
    assert memctl("ingest", folder, "--model", "other").code == 0


def test_openai_without_a_key_is_an_error_before_anything_is_read(memctl, folder, model, monkeypatch):
    monkeypatch.delenv("MEMCTL_LLM_BASE_URL")
    ran = memctl("ingest", folder)
    assert (ran.code, "OPENAI_API_KEY" in ran.err) == (7, True)


def test_no_request_is_repeated_after_a_kill_before_the_commit(memctl, chat, model, chat_emulator, process):
    for name in "abc":
        folder = chat(f"alice/{name}.jsonl", f"I love song {name}.").parent.parent
    model.faults = [chat_emulator.works, chat_emulator.works, chat_emulator.hangs]
    running = process("ingest", folder, "--jobs", "1")
    assert model.arrived.wait(60)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    assert cached_responses(memctl) == 2
    model.released.set()
    before = list(model.messages)
    assert memctl("ingest", folder).code == 0
    assert model.messages[3:] == [before[2]]
    assert len(facts(memctl)) == 3


def test_ctrl_c_keeps_received_responses(memctl, chat, model, chat_emulator, process):
    for name in "abc":
        folder = chat(f"alice/{name}.jsonl", f"I love song {name}.").parent.parent
    model.faults = [chat_emulator.works, chat_emulator.hangs]
    running = process("ingest", folder, "--jobs", "1")
    assert model.arrived.wait(60)
    running.send_signal(signal.SIGINT)
    time.sleep(0.3)
    model.released.set()
    _, err = running.communicate(timeout=60)
    assert (running.returncode, "Traceback" in err) == (130, False)
    assert cached_responses(memctl) == 2, "the response of the running request is saved"
    assert memctl("ingest", folder).code == 0
    assert len(model.requests) == 3
    assert len(facts(memctl)) == 3


@pytest.mark.campaign  # tests/trust/test_cron_overlap.py runs the rules so, and the requests to a model
def test_two_simultaneous_runs_give_the_same_store_as_one(memctl, chat, model, process, store, every_fact, monkeypatch):
    for name in "abcdef":
        folder = chat(f"alice/{name}.jsonl", *SAID, f"I love song {name}.").parent.parent
    running = [process("ingest", folder) for _ in range(2)]
    for run in running:
        _, err = run.communicate(timeout=120)
        assert run.returncode == 0, err
    monkeypatch.setenv("MEMCTL_STORE", str(store.with_name("alone.duckdb")))
    memctl("ingest", folder)
    assert every_fact(store) == every_fact(store.with_name("alone.duckdb"))


@pytest.mark.parametrize("options", [(), ("--batch",), ("--dry-run",), ("--extractor", "rules"), ("--jobs", "2")])
def test_an_ingest_works_after_a_kill_before_the_first_write(memctl, chat, model, store, options):
    """Such a kill leaves a file without tables."""
    store.parent.mkdir(mode=0o700)
    files.create(store)
    ran = memctl("ingest", chat("alice/a.jsonl", "I live in Oslo.").parent.parent, *options)
    assert ran.code == 0, ran.err
