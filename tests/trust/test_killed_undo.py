"""A killed or interrupted undo, and the undo of a killed ingest, restore the exact rows of the store. MEMCTL_KILLS is
the number of moments at which each command is killed; `make torture` uses 20.
"""

import json
import os
import shutil
import signal
import time
from functools import partial
from itertools import product

import pytest
from campaigns import campaign, campaign_cases
from trust.killing import MEMCTL, breaking, facts_in, killed, left_over, memctl, moments
from trust.store_rows import rows

from memctl.core.errors import Exit

INGEST = ("ingest", "../in")
TOWNS = ("Oslo", "Rome", "Paris", "Lima")
SIGNALS = (signal.SIGKILL, *campaign(signal.SIGINT))
IN_AN_UNDO = (
    ("memctl.store.sql.undo", "_require_untouched"),
    ("memctl.store.sql.undo", "_put_back"),
    ("memctl.store.sql.transaction:SqlTransaction", "restore_run"),
    ("memctl.workspace:Workspace", "undo"),
)
"""Where an undo can be broken off: before it changes a row, before its transaction is whole, and after that."""
AFTER_IT = {("memctl.workspace:Workspace", "undo")}


@pytest.fixture
def tmp_path(emptied_folder):
    return emptied_folder


@pytest.fixture
def restore_state(home, store, chat):
    """A store about Ann and Bob from files, some of which then change or are added; the result restores it."""
    if not (aside := home.with_name("aside")).exists():
        for user in ("ann", "bob"):
            for number in range(2):
                chat(f"{user}/{number}.jsonl", f"I live in {TOWNS[number]}.", f"I like tea number {number}.")
        assert memctl(*INGEST).returncode == 0
        for user in ("ann", "bob", "cleo"):
            for number in range(1, 4):
                chat(f"{user}/{number}.jsonl", f"I live in {TOWNS[number]}.", f"I like cake number {number}.")
        shutil.copytree(home, aside)

    def restore(kept=aside):
        shutil.rmtree(home)
        shutil.copytree(kept, home)
        os.chdir(home / "work")

    restore()
    return restore


@pytest.fixture
def ingested(restore_state, home, store):
    """The rows before an ingest, its run, and a function that restores the store after it."""
    before = rows(store)
    if not (aside := home.with_name("ingested")).exists():
        assert memctl(*INGEST).returncode == 0
        shutil.copytree(home, aside)
    restore_state(aside)
    return before, active()[0], partial(restore_state, aside)


def active():
    """The runs that were not undone, the newest first."""
    result = memctl("undo", "--json")
    assert result.returncode == 0, result.stderr
    return [run["id"] for run in json.loads(result.stdout)["runs"] if run["undone_at"] is None]


def ensure_undone(run, former, store):
    """Undo a run that may already be undone; returns whether it was."""
    ran = memctl("undo", run)
    assert ran.returncode in (Exit.OK, Exit.USAGE), ran.stderr
    assert ran.returncode == Exit.OK or f"run {run} was undone on" in ran.stderr
    assert rows(store) == former
    assert run not in active()
    return ran.returncode != Exit.OK


def timed(*command):
    began = time.monotonic()
    ran = memctl(*command, program=MEMCTL)
    assert ran.returncode == 0, ran.stderr
    return time.monotonic() - began


@pytest.mark.parametrize("number", SIGNALS)
def test_a_killed_undo_is_complete_or_completed_by_the_next(ingested, home, store, number):
    former, run, restore = ingested
    takes = timed("undo", run)
    assert rows(store) == former
    at_work = 0
    for moment in moments(f"undo {number.name}", takes):
        restore()
        at_work += killed(moment, "undo", run, number=number)
        assert memctl("stats").returncode == 0
        done = ensure_undone(run, former, store)
        assert left_over(home) == []
        print(f"undo: {number.name} after {moment:.2f} of {takes:.2f} s, {'done' if done else 'not done'} by then")
    print(f"undo: {at_work} at work")


@pytest.mark.parametrize(
    ("place", "number"),
    [
        *product(IN_AN_UNDO, [signal.SIGKILL]),
        (IN_AN_UNDO[1], signal.SIGINT),
        *campaign_cases(*((place, signal.SIGINT) for place in IN_AN_UNDO if place != IN_AN_UNDO[1])),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else None,
)
def test_an_interrupted_undo_changes_everything_or_nothing(ingested, store, place, number):
    former, run, _ = ingested
    after = rows(store)
    broken = memctl("undo", run, program=breaking(*place, number))
    assert broken.returncode == (-signal.SIGKILL if number == signal.SIGKILL else Exit.INTERRUPTED), broken.stderr
    assert "Traceback" not in broken.stderr
    assert rows(store) == (former if place in AFTER_IT else after)
    assert ensure_undone(run, former, store) == (place in AFTER_IT)


@pytest.mark.parametrize(
    ("place", "number"),
    [
        (("memctl.ingest.pipeline", "commit"), signal.SIGKILL),
        (("memctl.ingest.pipeline:Run", "commit"), signal.SIGINT),
        *campaign_cases(
            (("memctl.ingest.pipeline", "commit"), signal.SIGINT),
            (("memctl.ingest.pipeline:Run", "commit"), signal.SIGKILL),
        ),
    ],
    ids=lambda value: ".".join(value) if isinstance(value, tuple) else None,
)
def test_an_interrupted_ingest_can_be_undone(restore_state, store, place, number):
    former, runs = rows(store), active()
    broken = memctl(*INGEST, program=breaking(*place, number, call=4))
    assert broken.returncode == (-signal.SIGKILL if number == signal.SIGKILL else Exit.INTERRUPTED), broken.stderr
    assert rows(store) != former
    (run,) = active()[: -len(runs)]
    assert ensure_undone(run, former, store) is False


@pytest.mark.parametrize("number", SIGNALS)
def test_a_killed_ingest_can_be_undone_and_repeated(restore_state, home, store, number):
    former, runs = rows(store), active()
    small = breaking("memctl.ingest.pipeline", "commit", number, call=-1)
    began = time.monotonic()
    assert memctl(*INGEST, program=small).returncode == 0
    takes = time.monotonic() - began
    wanted = facts_in("local")
    at_work = 0
    for moment in moments(f"ingest {number.name}", takes):
        restore_state()
        at_work += killed(moment, *INGEST, program=small, number=number)
        left = active()[: -len(runs)]
        for run in left:
            assert ensure_undone(run, former, store) is False
        assert rows(store) == former
        assert left_over(home) == []
        assert memctl(*INGEST).returncode == 0
        assert facts_in("local") == wanted
        print(f"ingest: {number.name} after {moment:.2f} of {takes:.2f} s left {len(left)} run to undo")
    print(f"ingest: {at_work} at work")
