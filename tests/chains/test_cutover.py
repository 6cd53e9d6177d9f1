"""A cut-over as described in docs/sync.md and docs/weekend.md, with mem0 in use: in the end both sides are equal."""

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import forked
import pytest
from chains import mem0_library
from emulators import openai_embeddings

from memctl.core.fact import decode

ROOT = Path(__file__).resolve().parents[2]
USERS = ("ada", "bruno", "cem")
EACH = 8
SYNC = ("sync", "--from", "library", "--to", "pg", "--all-users")

pytestmark = [pytest.mark.services, pytest.mark.kills]


@pytest.fixture
def library(home: Path, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """mem0 on pgvector as an application uses it. The settings call it `library`, and an empty schema `pg`."""
    unique = f"cutover_{uuid4().hex[:12]}"
    with openai_embeddings.serve() as embeddings:
        embeddings.vector_of = openai_embeddings.likeness
        config = mem0_library.config(postgres_dsn, unique, embeddings.url, home)
        (home / "mem0.json").write_text(json.dumps(config))
        monkeypatch.setenv("CUTOVER_DSN", postgres_dsn)
        (home / "work" / "memctl.toml").write_text(
            f'[backends.library]\nadapter = "mem0-oss"\nconfig = {json.dumps(str(home / "mem0.json"))}\n'
            f'[backends.pg]\nadapter = "postgres"\ndsn_env = "CUTOVER_DSN"\nschema = "{unique}"\n'
        )
        monkeypatch.setenv("MEM0_TELEMETRY", "False")
        monkeypatch.setenv("MEM0_DIR", str(home / "mem0"))
        from mem0 import Memory

        memory = Memory.from_config(config)
        yield memory
        memory.close()


def watching() -> "subprocess.Popen[str]":
    """A sync that repeats every second, once it has completed a run."""
    code = "import sys; from memctl.cli.app import main; sys.exit(main())"
    command = [sys.executable, "-c", code, *SYNC, "--max-delete", "50%", "--watch", "1s"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    running = forked.Process(command, loaded=mem0_library.LOADED, **pipes)
    assert running.stdout is not None
    assert "written" in running.stdout.readline()
    return running


def test_both_sides_are_equal_after_writes_and_two_kills_of_the_sync(library, memctl):
    ids = {user: [added(library, user, f"{user} owns thing {number}") for number in range(EACH)] for user in USERS}
    for round_number in range(2):
        running = watching()
        for user in USERS:
            library.delete(ids[user].pop(0))
            ids[user].append(added(library, user, f"{user} bought thing {round_number} of the second year"))
            library.update(ids[user][0], text=f"{user} sold a thing in round {round_number}")
        # The sync is killed at whatever it is doing now.
        running.send_signal(signal.SIGKILL)
        running.wait()
        assert running.stdout is not None
        running.stdout.close()
    library.delete(ids["cem"].pop())
    last = memctl(*SYNC, "--json")
    assert last.code == 0, last.err
    verified = memctl("verify", "--from", "library", "--to", "pg")
    assert verified.code == 0, verified.out
    assert "- 0 only in the target" in verified.out
    exported = memctl("export", "--from", "pg", "--all-users", "-o", "end.jsonl")
    assert exported.code == 0, exported.err
    facts = [decode(line) for line in Path("end.jsonl").read_bytes().splitlines()]
    assert len(facts) == sum(map(len, ids.values()))
    assert sum("sold a thing" in fact.text for fact in facts) == len(USERS)
    evaluated = memctl("eval", "--from", "library", "--to", "pg", "--all-users", "--fail-on-loss")
    assert evaluated.code == 0, evaluated.out
    assert memctl(*SYNC, "--dry-run", "--json").document["changes"] == []


def test_the_commands_of_the_weekend_page_run_in_order(library, memctl, home):
    settings = Path("memctl.toml").read_text().replace("[backends.library]", "[backends.old]")
    Path("memctl.toml").write_text(settings.replace("[backends.pg]", "[backends.new]"))
    for user in USERS:
        for number in range(EACH):
            added(library, user, f"{user} owns thing {number}")
    memctl("add", "ada", "I live in Ghent.")  # So that the backup has content.
    page = (ROOT / "docs" / "weekend.md").read_text(encoding="utf-8")
    lines = [line.strip().partition("  #")[0] for line in page.splitlines() if line.strip().startswith("memctl ")]
    assert len(lines) > 15
    for line in lines:
        ran = memctl(*shlex.split(line.replace(" --watch 5m", ""))[1:])
        assert ran.code == 0, (line, ran.err, ran.out)


def added(library: Any, user: str, text: str) -> str:
    """Add a memory verbatim; returns its id."""
    for _ in range(3):
        result = library.add(text, user_id=user, infer=False)["results"]
        if result:
            return str(result[0]["id"])
        time.sleep(0.1)
    raise AssertionError(text)
