"""After a command was killed, the store opens and shows nothing partial, and the same command run again gives the
normal result without duplicates. MEMCTL_KILLS is the number of moments at which each command is killed; `make torture`
uses 20. `make test` leaves out the commands in VARIANTS.
"""

import json
import os
import shutil
import time
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from campaigns import campaign
from chains.people import facts
from msgspec import structs
from trust.killing import KILLS, MEMCTL, facts_in, killed, left_over, memctl, moments

from memctl.core.fact import derive_id, encode_lines

PREPARED = (
    ("import", "people.jsonl"),
    ("snapshot", "create"),
    ("backup", "people.memctl"),
    ("migrate", "--from", "people.jsonl", "--to", "third", "--all-users"),
)
FILES = ("moved.jsonl", "moved.csv", "moved.parquet")
COMMANDS = {
    "ingest": ("ingest", "transcripts"),
    "import": ("import", "people.jsonl"),
    **{f"migrate to {file}": ("migrate", "--from", "local", "--to", file, "--all-users") for file in FILES},
    "migrate to another store": ("migrate", "--from", "people.jsonl", "--to", "second", "--all-users"),
    "reindex": ("reindex", "--embedder", "static"),
    "consolidate": ("consolidate", "alice"),
    "dedupe": ("dedupe", "alice"),
    "prune": ("prune",),
    "forget": ("forget", "alice", "--confirm", "alice"),
    "forget elsewhere": ("forget", "alice", "--from", "local", "--from", "third", "--confirm", "alice"),
    "snapshot restore": ("snapshot", "restore", "last"),
    "restore": ("restore", "people.memctl", "--force"),
    "backup": ("backup", "other.memctl"),
}

VARIANTS = {"import", "migrate to moved.csv", "migrate to moved.parquet", "dedupe", "prune"}
"""Commands that write and finish their work like another one."""


def people():
    """Facts of three people, some of them duplicated and some long expired."""
    known = list(facts(3, 20 if KILLS == 1 else 150))
    twice = [structs.replace(fact, id=derive_id("twice", str(fact.id))) for fact in known[:60:4]]
    past = datetime(2025, 1, 1, tzinfo=UTC)
    over = [
        structs.replace(fact, id=derive_id("over", str(fact.id)), text=f"{fact.text} once", expires_at=past)
        for fact in known[1:120:4]
    ]
    return [*known, *twice, *over]


def state(home, facts_of):
    """The facts in every store and file. `facts_of` caches those of stores by the bytes of their files."""
    stores = {"local": Path(os.environ["MEMCTL_STORE"])}
    stores |= {name: path for name in ("second", "third") if (path := home / f"{name}.duckdb").exists()}
    facts = {file: facts_in(file) for file in FILES if Path(file).exists()}
    for place, path in stores.items():
        content = tuple(part.read_bytes() for part in sorted(path.parent.glob(f"{path.name}*")) if part.is_file())
        key = place, sha256(b"".join(content)).digest()
        if key not in facts_of:
            facts_of[key] = facts_in(place)
        facts[place] = facts_of[key]
    return facts


def naming(name, home):
    """The stores, ledgers, logs and snapshots that contain a person's name."""
    return sorted(
        path.name for path in home.rglob("*") if ".duckdb" in path.name and path.is_file() and name in path.read_bytes()
    )


@pytest.fixture(scope="module")
def template_folder(tmp_path_factory):
    """The folder where the first command's home folder is kept for the others."""
    return tmp_path_factory.mktemp("killed") / "home"


@pytest.fixture(scope="module")
def facts_of():
    """A cache of the facts of stores by the content of their files."""
    return {}


@pytest.fixture
def restore_state(home, store, fixtures, template_folder):
    """A copy of the home folder from which each command starts; the returned function restores it."""
    work = home / "work"
    paths = {name: json.dumps(str(home / f"{name}.duckdb")) for name in ("second", "third")}
    settings = [f'[backends.{name}]\nadapter = "local"\npath = {path}\n' for name, path in paths.items()]
    (work / "memctl.toml").write_text("".join(settings))
    if template_folder.exists():
        shutil.copytree(template_folder, home, dirs_exist_ok=True, ignore=shutil.ignore_patterns("memctl.toml"))
    else:
        shutil.copytree(fixtures, work / "transcripts")
        (work / "people.jsonl").write_bytes(b"".join(encode_lines(people())))
        for command in PREPARED:
            assert memctl(*command).returncode == 0
        memctl("add", "alice", "I live in Oslo.")
        shutil.copytree(home, template_folder)
    aside = home.with_name("aside")
    shutil.copytree(home, aside)

    def restore():
        shutil.rmtree(home)
        shutil.copytree(aside, home)
        os.chdir(work)

    return restore


@pytest.mark.parametrize("name", [*(name for name in COMMANDS if name not in VARIANTS), *campaign(*sorted(VARIANTS))])
def test_a_killed_command_run_again_gives_the_normal_result(name, restore_state, home, facts_of):
    command = COMMANDS[name]
    began = time.monotonic()
    undisturbed = memctl(*command, program=MEMCTL)
    takes = time.monotonic() - began
    assert undisturbed.returncode == 0, undisturbed.stderr
    wanted = state(home, facts_of)
    at_work = 0
    for moment in moments(name, takes):
        restore_state()
        at_work += killed(moment, *command)
        opened = memctl("stats", "--json")
        assert opened.returncode == 0, opened.stderr
        again = memctl(*command)
        assert again.returncode == 0, again.stderr
        assert state(home, facts_of) == wanted
        assert left_over(home) == []
        if command[0] == "forget":
            assert naming(b"alice", home) == ([] if "third" in command else ["third.duckdb"])
        print(f"{name}: killed after {moment:.2f} of {takes:.2f} s")
    print(f"{name}: {at_work} at work")
