"""Monitoring of runs, whatever way they end: one log line with the exit code, and the state of the last migration."""

import json
import signal
import time
from pathlib import Path

import pytest
from campaigns import campaign
from chains.people import facts
from emulators import openai_chat

from memctl.core.errors import Exit
from memctl.core.fact import encode_lines

FACTS = 40
MOVE = ("migrate", "--from", "people.jsonl", "--to", "local", "--all-users")
SLOWLY = (*MOVE, "--batch-size", "2", "--rate", "5/s")


@pytest.fixture
def people_file(home):
    path = Path("people.jsonl")
    path.write_bytes(b"".join(encode_lines(facts(1, FACTS))))
    return path


@pytest.fixture
def log(home, monkeypatch):
    """The lines of the log set by the variables of a crontab."""
    path = home / "runs.log"
    monkeypatch.setenv("MEMCTL_LOG_FILE", str(path))
    monkeypatch.setenv("MEMCTL_LOG_FORMAT", "json")
    return lambda: [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture
def moving(memctl, process, people_file):
    """A migration running in a separate process and recorded in the ledger."""
    running = process(*SLOWLY)
    while memctl("migrations", "--last").code == Exit.NOT_FOUND:
        time.sleep(0.3)
    yield running
    running.kill()
    running.communicate()


@pytest.mark.parametrize(
    ("line", "command", "code"),
    [
        (("ingset", "../in"), "", Exit.USAGE),
        (("ingest", "../in", "--no-such-option"), "ingest", Exit.USAGE),
        (("ingest",), "ingest", Exit.USAGE),
        (("search", "alice", "Oslo"), "search", Exit.NOT_FOUND),
        (("ingest", "bad.jsonl", "--user", "alice"), "ingest", Exit.PARTIAL),
        (("migrate", "--from", "local", "--to", "nowhere:x", "--all-users"), "migrate", Exit.NOT_FOUND),
        (("restore", "people.jsonl", "--force"), "restore", Exit.USAGE),
        (("add", "alice", "I live in Oslo."), "add", Exit.OK),
    ],
)
def test_every_run_leaves_one_log_line_with_its_exit_code(memctl, log, people_file, line, command, code):
    Path("bad.jsonl").write_text(
        '{"role": "user", "content": "I live in Oslo.", "id": "1"}\n{"role": \n{"role": "user"}\n'
    )
    ran = memctl(*line)
    assert ran.code == code, ran.err
    (told,) = log()
    assert (told["command"], told["exit"]) == (command, code)
    assert "alice" not in json.dumps(told)


def test_an_internal_error_leaves_a_log_line(memctl, log, monkeypatch):
    monkeypatch.setattr("memctl.workspace.Workspace.statistics", lambda self: 1 / 0)
    memctl("add", "alice", "I live in Oslo.")
    assert memctl("stats").code == Exit.ERROR
    assert [line["exit"] for line in log()] == [0, Exit.ERROR]


@pytest.mark.parametrize("number", [signal.SIGINT, *campaign(signal.SIGTERM)])
def test_a_terminated_ingest_leaves_a_log_line(process, store, log, chat, monkeypatch, number):
    chat("alice/a.jsonl", "I live in Oslo.", "I work at Acme.")
    with openai_chat.serve() as model:
        monkeypatch.setenv("MEMCTL_LLM_MODEL", openai_chat.MODEL)
        monkeypatch.setenv("MEMCTL_LLM_BASE_URL", model.url)
        model.faults = [openai_chat.hangs]
        running = process("ingest", "../in")
        assert model.arrived.wait(60)
        running.send_signal(number)
        time.sleep(0.3)
        model.released.set()
        _, err = running.communicate(timeout=60)
    assert running.returncode == Exit.INTERRUPTED, err
    assert "Traceback" not in err
    assert [(line["command"], line["exit"]) for line in log()] == [("ingest", Exit.INTERRUPTED)]


@pytest.mark.parametrize("number", [*campaign(signal.SIGINT), signal.SIGTERM])
def test_a_terminated_migration_leaves_a_log_line_and_its_state(memctl, log, moving, number):
    assert memctl("migrations", "--last", "--json").document["run"]["state"] == "running"
    assert memctl("migrations", "--last").code == Exit.OK
    moving.send_signal(number)
    _, err = moving.communicate(timeout=60)
    assert moving.returncode == Exit.INTERRUPTED, err
    assert [line["exit"] for line in log() if line["command"] == "migrate"] == [Exit.INTERRUPTED]
    assert memctl("migrations", "--last").code == Exit.INTERRUPTED
    assert memctl(*MOVE).code == memctl("migrations", "--last").code == Exit.OK


def test_a_migration_started_with_sigint_ignored_continues(process, memctl, people_file):
    """As started by `nohup sh -c 'memctl … &'` and some CI runners."""
    default = signal.signal(signal.SIGINT, signal.SIG_IGN)
    running = process(*SLOWLY[:-1], "20/s")
    signal.signal(signal.SIGINT, default)
    while memctl("migrations", "--last").code == Exit.NOT_FOUND:
        time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == Exit.OK, err


def test_a_killed_migration_is_shown_at_once(memctl, moving):
    moving.kill()
    moving.communicate()
    last = memctl("migrations", "--last", "--json")
    assert (last.code, last.document["run"]["state"]) == (Exit.ERROR, "killed")
    assert memctl("migrations", "--json").document["runs"][0]["state"] == "killed"
    assert memctl(*MOVE).code == memctl("migrations", "--last").code == Exit.OK
    assert [run["state"] for run in memctl("migrations", "--json").document["runs"]] == ["done", "killed"]


def test_a_migration_beyond_max_duration_is_logged_and_shown(memctl, log, people_file):
    assert memctl(*SLOWLY, "--max-duration", "1s").code == Exit.LIMIT
    assert memctl("migrations", "--last").code == Exit.LIMIT
    assert memctl(*MOVE).code == memctl("migrations", "--last").code == Exit.OK
    assert [line["exit"] for line in log() if line["command"] == "migrate"] == [Exit.LIMIT, Exit.OK]


def test_a_failed_migration_is_shown(memctl, log, people_file, home):
    Path("memctl.toml").write_text(f'[backends.second]\nadapter = "local"\npath = "{home}/second.duckdb"\n')
    (home / "second.duckdb").write_bytes(b"no store" * 1000)
    ran = memctl("migrate", "--from", people_file, "--to", "second", "--all-users")
    assert ran.code == Exit.ERROR, ran.err
    last = memctl("migrations", "--last", "--json")
    assert (last.code, last.document["run"]["state"]) == (Exit.ERROR, "failed")
    assert last.document["run"]["error"]
    assert log()[0]["exit"] == Exit.ERROR
