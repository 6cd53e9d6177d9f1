"""What whoever runs memctl from cron can rely on: one line a run, codes that tell, and no name in a log."""

import json
import stat

import pytest


@pytest.fixture
def log(home):
    return home / "work" / "memctl.log"


def test_every_run_is_one_line_with_its_end_and_what_it_changed(memctl, log, fixtures):
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


def test_nobody_is_named_in_a_log(memctl, log):
    memctl("--log-file", log, "add", "alice", "I live in Oslo.")
    memctl("--log-file", log, "facts", "alice smith", "--nonsense")
    said = log.read_text()
    assert said.count("\n") == 2
    assert "memctl" not in said
    assert "alice" not in said
    assert " exit=0 " in said


def test_a_log_that_cannot_be_written_is_told_before_anything_is_done(memctl, log):
    refused = memctl("--log-file", log.parent / "missing" / "log", "add", "alice", "I live in Oslo.")
    assert refused.code == 1
    assert "log" in refused.err
    assert memctl("users").code != 0


def test_the_variables_of_a_crontab_do_as_well(memctl, log, monkeypatch):
    monkeypatch.setenv("MEMCTL_LOG_FILE", str(log))
    monkeypatch.setenv("MEMCTL_LOG_FORMAT", "json")
    memctl("add", "alice", "I live in Oslo.")
    assert json.loads(log.read_text())["command"] == "add"


def test_the_last_run_tells_a_monitor_how_it_ended(memctl, home):
    assert memctl("migrations", "--last").code == 4
    memctl("add", "alice", "I live in Oslo.")
    memctl("migrate", "--from", "local", "--to", "x.jsonl", "--user", "alice")
    good = memctl("migrations", "--last", "--json")
    assert (good.code, good.document["run"]["state"]) == (0, "done")
    facts = (home / "work" / "x.jsonl").read_text()
    (home / "work" / "bad.jsonl").write_text(facts + '{"id": 1}\n')
    assert memctl("import", "bad.jsonl").code == 3
    assert memctl("migrations", "--last").code == 3
