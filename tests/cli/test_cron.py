"""Guarantees for runs from cron: one log line per run, meaningful exit codes, and no names in the log."""

import json
import stat

import pytest


@pytest.fixture
def log(home):
    return home / "work" / "memctl.log"


def test_every_run_is_one_log_line_with_result_and_counts(memctl, log, fixtures):
    memctl("--log-file", log, "--log-format", "json", "ingest", fixtures, "-q")
    memctl("--log-file", log, "--log-format", "json", "facts", "nobody")
    memctl(
        "--log-file", log, "--log-format", "json", "migrate", "--from", "local", "--to", "x.jsonl", "--user", "alice"
    )
    ingested, refused, moved = [json.loads(line) for line in log.read_text().splitlines()]
    assert (ingested["command"], ingested["exit"], ingested["added"] > 0) == ("ingest", 0, True)
    assert (refused["command"], refused["exit"]) == ("facts", 4)
    assert (moved["written"] > 0, moved["rejected"], moved["seconds"] >= 0) == (True, 0, True)
    assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_the_log_names_no_person(memctl, log):
    memctl("--log-file", log, "add", "alice", "I live in Oslo.")
    memctl("--log-file", log, "facts", "alice smith", "--nonsense")
    text = log.read_text()
    assert text.count("\n") == 2
    assert "memctl" not in text
    assert "alice" not in text
    assert " exit=0 " in text


def test_an_unwritable_log_is_an_error_before_the_command_runs(memctl, log):
    refused = memctl("--log-file", log.parent / "missing" / "log", "add", "alice", "I live in Oslo.")
    assert refused.code == 1
    assert "log" in refused.err
    assert memctl("users").code != 0


def test_the_log_can_be_set_with_variables(memctl, log, monkeypatch):
    monkeypatch.setenv("MEMCTL_LOG_FILE", str(log))
    monkeypatch.setenv("MEMCTL_LOG_FORMAT", "json")
    memctl("add", "alice", "I live in Oslo.")
    assert json.loads(log.read_text())["command"] == "add"


def test_migrations_last_has_the_exit_code_of_the_last_run(memctl, home):
    assert memctl("migrations", "--last").code == 4
    memctl("add", "alice", "I live in Oslo.")
    memctl("migrate", "--from", "local", "--to", "x.jsonl", "--user", "alice")
    good = memctl("migrations", "--last", "--json")
    assert (good.code, good.document["run"]["state"]) == (0, "done")
    facts = (home / "work" / "x.jsonl").read_text()
    (home / "work" / "bad.jsonl").write_text(facts + '{"id": 1}\n')
    assert memctl("import", "bad.jsonl").code == 3
    assert memctl("migrations", "--last").code == 3
