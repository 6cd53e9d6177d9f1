"""Whatever is killed in the middle: the store opens, shows nothing by halves, and the same command again ends where an
undisturbed one does, with nothing twice.

MEMCTL_KILLS says at how many moments each command is killed; `make torture` takes 20.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from chains.people import facts
from msgspec import structs

from memctl.fact import derive_id, encode_lines

KILLS = int(os.environ.get("MEMCTL_KILLS", "1"))
TIME = re.compile(r'"(\d{4}-\d\d-\d\dT[^"]+Z)"')
BEGAN, ENDS = (f"{datetime.now(UTC) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%S}" for minutes in (-1, 24 * 60))
PREPARED = (("import", "people.jsonl"), ("snapshot", "create"), ("backup", "people.memctl"))
COMMANDS = {
    "ingest": (("ingest", "transcripts"),),
    "import": (("import", "people.jsonl"),),
    "export to a file": (("migrate", "--from", "local", "--to", "moved.jsonl", "--all-users"),),
    "migrate to another store": (("migrate", "--from", "people.jsonl", "--to", "second", "--all-users"),),
    "reindex": (("reindex", "--embedder", "static"),),
    "consolidate": (("consolidate", "alice"),),
    "dedupe": (("dedupe", "alice"),),
    "prune": (("prune",),),
    "forget": (("forget", "alice", "--confirm", "alice"),),
    "snapshot restore": (("snapshot", "restore", "last"),),
    "restore": (("restore", "people.memctl", "--force"),),
    "backup": (("backup", "other.memctl"),),
}


def people():
    """Facts of three people, some of them twice and some that were to be kept until a day long past."""
    known = list(facts(3, 150))
    twice = [structs.replace(fact, id=derive_id("twice", str(fact.id))) for fact in known[:60:4]]
    past = datetime(2025, 1, 1, tzinfo=UTC)
    over = [
        structs.replace(fact, id=derive_id("over", str(fact.id)), text=f"{fact.text} once", expires_at=past)
        for fact in known[1:120:4]
    ]
    return [*known, *twice, *over]


def memctl(*arguments):
    """A command in a process of its own, run to its end."""
    command = [Path(sys.executable).parent / "memctl", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ.copy())


def killed(after, *arguments):
    """The same, killed `after` so many seconds unless it ends before."""
    command = [Path(sys.executable).parent / "memctl", *arguments]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ.copy())
    time.sleep(after)
    running.send_signal(signal.SIGKILL)
    running.wait()


def held(backend):
    """Every fact of a backend as JSON, in no order; a time of this very run reads "now"."""
    exported = memctl("export", "--from", backend, "--all-users", "-q")
    assert exported.returncode in (0, 4), exported.stderr
    return sorted(TIME.sub(lambda at: '"now"' if BEGAN <= at[1] < ENDS else at[0], exported.stdout).splitlines())


def state():
    """All that a user has: the facts of each place."""
    places = ["local"]
    if Path("moved.jsonl").exists():
        places.append("moved.jsonl")
    if Path(os.environ["HOME"], "second.duckdb").exists():
        places.append("second")
    return {place: held(place) for place in places}


def left_over(home):
    """Files of memctl's that no command would read again."""
    return [
        path.name for path in home.rglob("*") if path.name.endswith((".half", ".rebuilt", ".restored", ".memctl-new"))
    ]


@pytest.fixture
def beginning(home, store, fixtures):
    """The home folder each command starts from, kept aside; `begin()` brings it back."""
    work = home / "work"
    shutil.copytree(fixtures, work / "transcripts")
    (work / "people.jsonl").write_bytes(b"".join(encode_lines(people())))
    second = json.dumps(str(home / "second.duckdb"))
    (work / "memctl.toml").write_text(f'[backends.second]\nadapter = "local"\npath = {second}\n')
    for command in PREPARED:
        assert memctl(*command).returncode == 0
    memctl("add", "alice", "I live in Oslo.")
    aside = home.with_name("aside")
    shutil.copytree(home, aside)

    def begin():
        shutil.rmtree(home)
        shutil.copytree(aside, home)
        os.chdir(work)

    return begin


@pytest.mark.parametrize("name", COMMANDS)
def test_a_killed_command_run_again_ends_where_an_undisturbed_one_does(name, beginning, home):
    (command,) = COMMANDS[name]
    began = time.monotonic()
    undisturbed = memctl(*command)
    takes = time.monotonic() - began
    assert undisturbed.returncode == 0, undisturbed.stderr
    wanted = state()
    chance = random.Random(name)
    for _ in range(KILLS):
        beginning()
        killed(takes * chance.uniform(0.2, 1.0), *command)
        opened = memctl("stats", "--json")
        assert opened.returncode == 0, opened.stderr
        again = memctl(*command)
        assert again.returncode == 0, again.stderr
        assert state() == wanted
        assert left_over(home) == []
