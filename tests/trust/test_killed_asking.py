"""After an ingest with a model or with batches was killed, the same commands run again give the normal result, and no
request is in two batches or sent again after its response was saved. MEMCTL_KILLS is the number of moments at which
each command is killed; `make torture` uses 20.
"""

import copy
import os
import shutil
import sys
import time
from collections import Counter

import pytest
from trust.killing import KILLS, MEMCTL, facts_in, killed, left_over, memctl, moments

JOBS = 4
PATIENT = ("ingest", "../in", "--extractor", "llm", "--jobs", str(JOBS))
BATCHED = (*PATIENT, "--batch")
COLLECT = ("ingest", "--collect")
HASTY = (
    sys.executable,
    "-c",
    "from datetime import timedelta\nfrom memctl.ingest import llm_batch_api\nfrom memctl.cli.app import main\n"
    "llm_batch_api.GRACE = timedelta(0)\nmain()",
)
"""memctl that takes a batch which the server does not list for lost at once: nobody else is about to send it."""
FILES = 6 if KILLS == 1 else 25
TOWNS = ("Oslo", "Bergen", "Lima", "Kyoto", "Quito")


@pytest.fixture
def restore_state(home, chat, model):
    """The initial state of each command, saved together with that of the server; the result restores it,
    and its method `after` also runs a command."""
    for number in range(FILES):
        said = (f"I live in {TOWNS[number % 5]}.", f"I am allergic to nuts{number}.", f"I like tea {number}.")
        chat(f"alice/{number}.jsonl", *said, "I work at Acme.")
    aside = home.with_name("aside")
    shutil.copytree(home, aside)
    saved = {"files": {}, "batches": {}}

    class Beginning:
        def after(self, *command):
            assert memctl(*command).returncode == 0
            shutil.rmtree(aside)
            shutil.copytree(home, aside)
            saved.update(files=dict(model.files), batches=copy.deepcopy(model.batches))

        def __call__(self):
            for path in home.iterdir():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
            shutil.copytree(aside, home, dirs_exist_ok=True)
            os.chdir(home / "work")
            model.requests.clear()
            model.files, model.batches = dict(saved["files"]), copy.deepcopy(saved["batches"])

    return Beginning()


def collected():
    """Collect until no batch is in progress."""
    for _ in range(5):
        ran = memctl(*COLLECT, program=HASTY)
        assert ran.returncode == 0, ran.stderr
        if "0 collected, 0 in progress" in ran.stdout:
            return
    pytest.fail("batches stay under way")


def duration(*command):
    began = time.monotonic()
    ran = memctl(*command, program=MEMCTL)
    assert ran.returncode == 0, ran.stderr
    return time.monotonic() - began


def test_a_killed_ingest_sends_only_unanswered_requests_again(restore_state, home, model):
    takes = duration(*PATIENT)
    wanted, questions = facts_in("local"), set(model.messages)
    assert set(Counter(model.messages).values()) == {1}
    at_work = 0
    for moment in moments("model", takes):
        restore_state()
        at_work += killed(moment, *PATIENT)
        before = len(model.requests)
        assert memctl(*PATIENT).returncode == 0
        assert facts_in("local") == wanted
        assert left_over(home) == []
        twice = sum(number - 1 for number in Counter(model.messages).values())
        assert set(model.messages) == questions
        assert twice <= JOBS, "only requests in progress at the kill are sent again"
        print(f"killed after {moment:.2f} of {takes:.2f} s, {before} asked until then, {twice} of them again")
    print(f"model: {at_work} at work")


@pytest.mark.parametrize("name", ["batch", "collect"])
def test_a_killed_batch_is_neither_lost_nor_sent_twice(restore_state, home, model, name):
    command = BATCHED
    if name == "collect":
        restore_state.after(*BATCHED)
        command = COLLECT
    takes = duration(*command)
    collected()
    wanted, questions = facts_in("local"), set(model.messages)
    at_work = 0
    for moment in moments(name, takes):
        restore_state()
        at_work += killed(moment, *command)
        assert memctl(*command).returncode == 0
        collected()
        assert facts_in("local") == wanted
        assert left_over(home) == []
        assert Counter(model.messages) == dict.fromkeys(questions, 1), "each request was answered once"
        assert "nothing to do" in memctl(*BATCHED).stdout
        print(f"{name}: killed after {moment:.2f} of {takes:.2f} s, {len(model.batches)} batches")
    print(f"{name}: {at_work} at work")
