"""`kill -9` in the middle of a migration, repeatedly: in the end the target is complete and has no duplicates."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import forked
import pytest

from memctl.backends.registry import open_backend
from memctl.workspace import Workspace

KILLS = 2 * int(os.environ.get("MEMCTL_KILLS", "1"))
"""How often the migration is killed; `make torture` takes 40."""
FACTS = 1200 if KILLS == 2 else 2400


@pytest.fixture
def memctl(tmp_path):
    """Starts the command in a separate home folder; the backend `work` is a second local store."""
    (tmp_path / "memctl.toml").write_text(
        f'store = "{tmp_path}/source.duckdb"\n[backends.work]\nadapter = "local"\npath = "{tmp_path}/work.duckdb"\n'
    )
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "MEMCTL_LEDGER": str(tmp_path / "ledger.duckdb")}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEMCTL_")} | home

    def start(*arguments: str) -> subprocess.Popen[str]:
        command = [str(Path(sys.executable).parent / "memctl"), *arguments]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        return forked.Process(command, cwd=tmp_path, env=environment, start_new_session=True, **pipes)

    return start


def records(adapter):
    try:
        return sorted((f for u in list(adapter.users()) for p in adapter.read(u) for f in p.facts), key=lambda f: f.id)
    finally:
        adapter.close()


@pytest.mark.campaign  # tests/trust/test_killed.py kills each kind of migration once
@pytest.mark.parametrize("target", ["work", "out.jsonl"])
def test_the_same_command_completes_a_killed_migration(memctl, facts_of, tmp_path, target):
    Workspace(tmp_path / "source.duckdb").write([*facts_of(FACTS // 2), *facts_of(FACTS // 2, "bruno")])
    command = ("migrate", "--from", "local", "--to", target, "--all-users", "--batch-size", "50", "--no-verify")
    begun = tmp_path / ("work.duckdb" if target == "work" else ".out.jsonl.memctl-journal")
    killed = 0
    for turn in range(KILLS):
        process = memctl(*command)
        while process.poll() is None and not begun.exists():
            time.sleep(0.01)
        time.sleep(0.05 + 0.17 * (turn % 10))
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            killed += 1
        process.communicate()
    assert killed, "the migration ended before it could be killed"
    last = memctl(*command)
    out, err = last.communicate()
    assert last.returncode == 0, err
    path = str(tmp_path / target)
    moved = records(Workspace(tmp_path / "work.duckdb") if target == "work" else open_backend(path))
    assert moved == records(Workspace(tmp_path / "source.duckdb"))
    assert len({fact.id for fact in moved}) == FACTS
    again = memctl(*command)
    out, err = again.communicate()
    assert again.returncode == 0, err
    assert out.startswith(f"0 changed, {FACTS} unchanged")


def test_ctrl_c_saves_progress_and_prints_how_to_resume(memctl, facts_of, tmp_path):
    Workspace(tmp_path / "source.duckdb").write(facts_of(FACTS))
    command = ("migrate", "--from", "local", "--to", "work", "--user", "alice", "--batch-size", "50", "--rate", "10/s")
    process = memctl(*command)
    while process.poll() is None and not (tmp_path / "work.duckdb").exists():
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert f"memctl {' '.join(command)}" in err
    written = int(out.split()[0])
    assert Workspace(tmp_path / "work.duckdb").count("alice") == written < FACTS
    resumed = memctl(*command[:-4])
    out, err = resumed.communicate(timeout=60)
    assert resumed.returncode == 0, err
    assert out.startswith(f"{FACTS - written} written, 0 updated, {written} unchanged")
