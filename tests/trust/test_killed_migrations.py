"""After a migration was killed at any moment, the same command stores and verifies every fact, without duplicates.
MEMCTL_KILLS is the number of moments at which a migration into each backend is killed; `make torture` uses 20.
"""

import json
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import forked
import pytest
from chains.people import facts
from trust.kill_targets import SECRET, TARGETS
from trust.killing import KILLS, MEMCTL, memctl

from memctl.core.fact import encode_lines

USERS, EACH = 2, 12
FACTS = USERS * EACH
MOVE = ("migrate", "--from", "people.jsonl", "--to", "target", "--all-users", "--include-retired", "--batch-size", "2")
SLOWLY, AT_ONCE = (*MOVE, "--rate", "4/s"), (*MOVE, "--rate", "1000/s")
WRITING = 1.0
"""Seconds within which the moment of death lies. At the slow rate the target is written for nearly three times as
long, so that a busy machine does not miss it."""


def killed_at(moment, has_begun, loaded):
    """Kill the migration `moment` seconds after it began; returns whether it was still running."""
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    running = forked.Process([*MEMCTL, *SLOWLY], loaded=loaded, **quiet)
    while running.poll() is None and not has_begun():
        time.sleep(0.01)
    time.sleep(moment)
    at_work = running.poll() is None
    running.send_signal(signal.SIGKILL)
    running.wait()
    return at_work


@pytest.mark.parametrize("name", TARGETS)
def test_a_killed_migration_run_again_stores_every_fact_once(name, home, monkeypatch, postgres_dsn):
    Path("people.jsonl").write_bytes(b"".join(encode_lines(facts(USERS, EACH))))
    chance = random.Random(name)
    killed = 0
    for number in range(KILLS):
        with TARGETS[name](home, postgres_dsn) as target:
            monkeypatch.setenv(SECRET, target.secret)
            options = [f"{key} = {json.dumps(value)}" for key, value in target.settings.items()]
            settings = ["[backends.target]", f'adapter = "{target.adapter}"', *options]
            Path("memctl.toml").write_text("\n".join(settings) + "\n")
            ledger = home / f"ledger-{number}.duckdb"
            monkeypatch.setenv("MEMCTL_LEDGER", str(ledger))
            # Sometimes while it still reads the existing records of the target.
            has_begun = ledger.exists if number % 4 == 3 else target.has_records
            killed += killed_at(chance.uniform(0.0, WRITING), has_begun, target.loaded)
            again = memctl(*AT_ONCE)
            assert again.returncode == 0, again.stderr + again.stdout
            line = re.search(r"(\d+) written, (\d+) updated, (\d+) unchanged|0 changed, (\d+) unchanged", again.stdout)
            assert line, again.stdout
            assert sum(int(count) for count in line.groups() if count) == FACTS
            assert target.record_count() == FACTS
            print(name, line[0])
    assert killed, "every migration ended before it could be killed"
