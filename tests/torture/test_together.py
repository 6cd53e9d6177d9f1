"""Two programs that keep a store open and a job that writes to it cause no errors and lose nothing.
MEMCTL_TOGETHER_SECONDS is the duration.
"""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from forked import Process, run

import memctl

MEMCTL = Path(sys.executable).with_name("memctl")
PROGRAM = """
import sys, time, memctl
from datetime import UTC, datetime
from memctl.core.fact import Fact, Source, derive_id
store, name, seconds = sys.argv[1], sys.argv[2], float(sys.argv[3])
memory = memctl.open(store, hold=True, lock_timeout=120)
end, rounds = time.monotonic() + seconds, 0
while rounds < 4 or time.monotonic() < end:
    if rounds % 4 == 0:
        text = f"{name} drinks tea number {rounds // 4}."
        id_, at = derive_id(name, str(rounds)), datetime(2026, 3, 1, tzinfo=UTC)
        source = Source(system="t")
        memory.backend.write([Fact(id=id_, user_id=name, kind="fact", text=text, created_at=at, source=source)])
    assert memory.search(name, "tea", 3)
    rounds += 1
print((rounds + 3) // 4)
"""
WRITER = """
import sys, memctl
from datetime import UTC, datetime
from memctl.core.fact import Fact, Source, derive_id
store, name = sys.argv[1:]
memory = memctl.open(store, lock_timeout=120)
for number in range(12):
    at, source = datetime(2026, 3, 1, tzinfo=UTC), Source(system="t")
    id_, text = derive_id(name, str(number)), f"{name} drinks tea number {number}."
    memory.backend.write([Fact(id=id_, user_id="alice", kind="fact", text=text, created_at=at, source=source)])
"""
SLOW_LOCKS = ["strace", "-f", "-o", os.devnull, "-e", "trace=fcntl", "-e", "inject=fcntl:delay_enter=30000"]
"""Runs a command that waits 30 ms before it locks a file, so that other processes write in the meantime."""


def test_two_programs_and_a_cron_job_can_share_a_store(store, tmp_path):
    seconds = os.environ.get("MEMCTL_TOGETHER_SECONDS", "0.5")
    programs = {
        name: Process([sys.executable, "-c", PROGRAM, store, name, seconds], stdout=subprocess.PIPE, text=True)
        for name in ("alice", "bob")
    }
    jobs = 0
    deadline = time.monotonic() + float(seconds)
    while jobs < 2 or time.monotonic() < deadline:
        chat = tmp_path / "chats" / f"{jobs}.jsonl"
        chat.parent.mkdir(exist_ok=True)
        chat.write_text(f'{{"role": "user", "content": "My job is number {jobs}."}}\n', encoding="utf-8")
        done = run([MEMCTL, "ingest", chat.parent, "--user", "carol", "--store", store, "--lock-timeout", "120"])
        assert done.returncode == 0, done.stderr
        jobs += 1
    written = {}
    for name, program in programs.items():
        out, _ = program.communicate()
        assert program.returncode == 0
        written[name] = int(out)
    memory = memctl.open(store)
    assert {name: memory.backend.count(name) for name in written} == written
    with memory.backend.store.reading() as session:
        assert len(session.ingested_files()) == jobs


@pytest.mark.campaign
@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_no_write_is_lost_if_another_process_writes_before_a_file_is_locked(store):
    subprocess.run([sys.executable, "-c", WRITER, store, "init"], check=True)
    names = ("one", "two", "three")
    writers = [subprocess.Popen([*SLOW_LOCKS, sys.executable, "-c", WRITER, store, name]) for name in names]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert memctl.open(store).backend.count("alice") == 12 * 4
