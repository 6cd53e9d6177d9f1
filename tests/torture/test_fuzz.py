"""Any file or record of a service is read, or refused with a declared error; nothing crashes, hangs, exhausts memory,
or gives partial records. `make test` mutates a few inputs; `make torture` continues for MEMCTL_FUZZ_SECONDS, guided by
bytecode coverage if atheris is installed.
"""

import json
import os
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import forked
import pytest
from examples import FACTOR
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torture.campaign import attempt
from torture.promises import FIXTURES
from torture.targets import targets

from memctl.backends.files import open_file
from memctl.core.errors import BadTranscript, MemctlError
from memctl.transcripts import Document, ReadOptions, Session, read

CORPUS = Path(__file__).with_name("corpus")
SEED = os.environ.get("MEMCTL_FUZZ_SEED", "9")
GUIDED = find_spec("atheris") is not None
SECONDS = float(os.environ.get("MEMCTL_FUZZ_SECONDS", "0"))
INPUTS = 100
LENGTHS = 20 if FACTOR == 1 else 60
"""The number of places at which a file is cut off."""
LOADED = "from torture.targets import targets"
MOST_MEMORY = 500_000_000
STEPS = st.lists(st.tuples(st.integers(0, 2**16), st.integers(0, 2**32), st.integers(0, 2**32)), max_size=6)
FOUND = {
    "a number of 5,000 digits in JSON": ("transcripts/langchain", b"[" + b"9" * 5_000 + b"]"),
    "such a number behind 64 KiB": ("transcripts/openai", b'[{"a": "' + b"x" * 70_000 + b'"}, ' + b"9" * 5_000 + b"]"),
    "such a number in a dump": ("dumps/mem0", b'[{"memory": "x", "user_id": "a", "n": ' + b"9" * 5_000 + b"}]"),
    "an exponent beyond all": ("transcripts/openai", b'[{"role": "user", "content": 1e9999999999999999999999}]'),
    "such an exponent in a dump": ("dumps/mem0", b'[{"memory": "x", "user_id": "a", "n": 1e9999999999999999999999}]'),
    "a table that is not UTF-8": ("files/csv", b"id,user_id,kind,text,source\nx\xdf,".replace(b"user_id", b"user\xdf")),
    "half a character in a dump": (
        "dumps/graphiti",
        b'[{"uuid": "1", "group_id": "a", "name": "b\\udfff", "fact": "c", "source_node_uuid": "1"}]',
    ),
}


@pytest.mark.parametrize("name", targets())
@settings(
    max_examples=2 if FACTOR == 1 else 12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(seed=st.integers(0, 1000), changes=STEPS)
def test_no_file_or_record_crashes_its_reader(name, seed, changes):
    target = targets()[name]
    target.run(target.worsen(target.seeds[seed % len(target.seeds)], changes))


def test_inputs_that_once_crashed_a_run_are_rejected():
    """In a separate process, because some of these inputs crashed it; what it printed last is the one it ended at."""
    inputs = list(FOUND.items())
    code = f"{LOADED}\nfor case, (name, data) in {inputs!r}: print(case, flush=True); targets()[name].run(data)"
    ran = forked.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], loaded=f"{LOADED}; targets()")
    assert ran.returncode == 0, ran.stdout.decode() + ran.stderr.decode()[-2000:]
    assert ran.stdout.decode().splitlines() == list(FOUND)


@pytest.mark.parametrize("path", sorted(CORPUS.rglob("*.*")), ids=lambda path: path.stem)
def test_inputs_that_once_broke_a_guarantee_keep_all(path):
    """The inputs that campaigns found."""
    (target,) = (target for target in targets().values() if target.folder == path.parent.name)
    happened = attempt(target, path.read_bytes())
    assert not happened.startswith("!"), happened


def _campaign(module, *arguments):
    """A campaign in a separate process."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", f"torture.{module}", *map(str, arguments)],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_campaign_with_little_memory_finds_nothing(tmp_path):
    print((_guided if SECONDS and GUIDED else _blind)(tmp_path))


def _guided(folder):
    ran = _campaign("shares", SECONDS, SEED, folder)
    report = json.loads((folder / "report.json").read_text())
    assert ran.returncode == 0, (ran.stdout, report["found"])
    return ran.stdout


def _blind(folder):
    report = folder / "report.json"
    ran = _campaign("campaign", SECONDS or 600, 10**9 if SECONDS else INPUTS, SEED, report)
    result = json.loads(report.read_text())
    assert ran.returncode == 0, (result, ran.stderr[-2000:], report.with_suffix(".input").read_bytes().hex())
    assert result["found"] == []
    assert result["peak"] < MOST_MEMORY
    assert result["inputs"] >= INPUTS
    return (
        f"not guided: {result['inputs']:,} inputs to {result['targets']} readers and mappings, "
        f"{result['kinds']:,} kinds of answers, peak {result['peak'] / 1e6:.0f} MB, nothing found"
    )


def _turns(path, form):
    document = Document(path.name, path.name, path.stat().st_size, 0, path=path)
    turns = []
    with suppress(BadTranscript):
        for item in read(document, ReadOptions(), form):
            if isinstance(item, Session):
                turns += [(item.session_id, turn.turn_id, turn.role, turn.text, turn.at) for turn in item.turns]
    return turns


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("alice/openai-chat.jsonl", "openai"),
        ("alice/chatgpt-conversations.json", "chatgpt"),
        ("alice/claude-conversations.json", "claude"),
        ("mei/sharegpt.json", "sharegpt"),
        ("nadia/mem0-messages.jsonl", "mem0"),
    ],
)
def test_a_truncated_transcript_gives_no_partial_message(tmp_path, name, form):
    whole = (FIXTURES / "transcripts" / name).read_bytes()
    path = tmp_path / Path(name).name
    path.write_bytes(whole)
    turns = set(_turns(path, form))
    assert turns
    for length in range(1, len(whole), max(1, len(whole) // LENGTHS)):
        path.write_bytes(whole[:length])
        assert set(_turns(path, form)) <= turns, length


@pytest.mark.parametrize(
    "name",
    ["graphiti/records.jsonl", "graphiti/graph.json", "mem0/memories.jsonl", "mem0/page.json", "zep/v4-users.json"],
)
def test_a_truncated_dump_gives_no_partial_fact(tmp_path, name):
    whole = (FIXTURES / "exports" / name).read_bytes()
    path = tmp_path / Path(name).name
    path.write_bytes(whole)
    texts = _texts(path)
    assert texts
    for length in range(1, len(whole), max(1, len(whole) // LENGTHS)):
        path.write_bytes(whole[:length])
        assert _texts(path) <= texts, length


def _texts(path):
    try:
        with open_file(path, "r", default_user="somebody") as backend:
            pages = [page for user in backend.users() for page in backend.read(user)]
    except MemctlError:
        return set()
    return {(fact.user_id, fact.text, fact.created_at) for page in pages for fact in page.facts}
