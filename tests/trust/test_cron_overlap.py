"""Two runs of cron at once: the second waits or ends with exit code 11, and nothing is done twice. If the first run
must still be active when the second starts, a model that does not respond or a rate limit delays it.
"""

import json
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import forked
import pytest
from campaigns import campaign
from chains.people import facts
from emulators import openai_chat
from msgspec import structs

from memctl.backends.registry import open_backend
from memctl.core.errors import Exit
from memctl.core.fact import derive_id, encode_lines

PEOPLE, EACH = 2, 15
WAIT = ("--lock-timeout", "60")
HOLD = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""
GATHERED = """
import sys
from memctl.cli.app import main
from memctl.ingest.llm_batch_api import BatchSource
finish = BatchSource.finish
def wait(source):
    print("gathered", flush=True)
    sys.stdin.readline()
    finish(source)
BatchSource.finish = wait
main()
"""
"""memctl that has gathered its questions, and submits them when it is told to."""
HELD = (
    ("ingest", "../in"),
    ("import", "people.jsonl"),
    ("migrate", "--from", "local", "--to", "out.jsonl", "--all-users"),
    ("consolidate", "alice"),
    ("prune",),
    ("backup", "people.memctl"),
    ("forget", "alice", "--confirm", "alice"),
    ("snapshot", "create"),
    ("snapshot", "restore", "last"),
)


@pytest.fixture
def people_file():
    path = Path("people.jsonl")
    path.write_bytes(b"".join(encode_lines(facts(PEOPLE, EACH))))
    return path


@pytest.fixture
def transcripts(chat):
    for number in range(3):
        texts = ("I live in Oslo.", f"I am allergic to nuts{number}.", f"I like tea {number}.", "I work at Acme.")
        chat(f"alice/{number}.jsonl", *texts)
    return "../in"


@contextmanager
def open_store(store):
    """Another process keeps the store open."""
    command = [sys.executable, "-c", HOLD, str(store)]
    with forked.Process(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        yield
        other.stdin.close()


def finish(*running):
    """Wait for processes; returns their exit codes and outputs."""
    results = [(one.communicate(timeout=120), one.returncode) for one in running]
    return [code for _, code in results], [out + err for (out, err), _ in results]


def test_a_command_on_a_locked_store_exits_with_11_and_changes_nothing(
    memctl, store, people_file, transcripts, every_fact
):
    assert memctl("import", people_file).code == memctl("snapshot", "create").code == 0
    before = every_fact(store)
    with open_store(store):
        for command in HELD:
            ran = memctl(*command, "--lock-timeout", "0.2")
            assert ran.code == Exit.LOCKED, (command, ran.err)
            assert "Traceback" not in ran.err
    assert every_fact(store) == before
    assert not Path("out.jsonl").exists()
    assert not Path("people.memctl").exists()
    assert len(memctl("snapshot", "list", "--json").document["snapshots"]) == 1


@pytest.mark.parametrize(
    "command",
    ["ingest", "consolidate", *campaign("import", "dedupe")],
)
def test_two_simultaneous_runs_give_the_same_result_as_one(
    memctl, process, store, people_file, transcripts, every_fact, monkeypatch, command
):
    known = list(facts(1, EACH // 2))
    twice = [structs.replace(fact, id=derive_id("twice", str(fact.id))) for fact in known[::4]]
    copies = Path("copies.jsonl")
    copies.write_bytes(b"".join(encode_lines([*known, *twice])))
    words = {"ingest": (transcripts,), "import": (people_file,)}.get(command, ("alice",))
    prepared = [("import", copies), ("add", "alice", "I live in Oslo."), ("add", "alice", "I live in Bergen.")]
    alone = store.with_name("alone.duckdb")
    for place in (store, alone):
        monkeypatch.setenv("MEMCTL_STORE", str(place))
        assert [memctl(*line).code for line in prepared] == [0, 0, 0]
    once = memctl(command, *words)
    assert (once.code, "nothing to do" in once.out) == (0, False), once.err
    monkeypatch.setenv("MEMCTL_STORE", str(store))
    codes, said = finish(*(process(command, *words, *WAIT, env={"MEMCTL_STORE": str(store)}) for _ in range(2)))
    assert 0 in codes, said
    # An import is a migration, and only one migration at a time may use a route.
    assert set(codes) <= ({0, Exit.LOCKED} if command == "import" else {0}), said
    assert texts(every_fact(store)) == texts(every_fact(alone))


def texts(records):
    """The stored facts, without the ids and times that differ between two stores."""
    return Counter(
        (fact["user_id"], fact["kind"], fact["text"], fact["expired_at"] is None) for fact in records.values()
    )


@pytest.mark.parametrize("patience", ["0.2", *campaign("60")])
def test_simultaneous_ingests_send_each_request_once(memctl, process, store, model, transcripts, patience):
    model.faults = [openai_chat.hangs]
    first = process("ingest", transcripts)
    assert model.arrived.wait(60)
    second = process("ingest", transcripts, "--lock-timeout", patience)
    if patience == "0.2":
        codes, said = finish(second)
        assert codes == [Exit.LOCKED], said
        assert "is using a model" in said[0]
    assert "Oslo" in memctl("search", "alice", "Oslo").out or memctl("search", "alice", "Oslo").code == 4
    model.released.set()
    codes, said = finish(*([first] if second.returncode is not None else [first, second]))
    assert set(codes) == {0}, said
    assert set(Counter(model.messages).values()) == {1}, "each request was sent once"
    assert "nothing to do" in memctl("ingest", transcripts).out


def test_no_request_is_submitted_in_two_batches(process, store, model, transcripts):
    program = [sys.executable, "-c", GATHERED, "ingest", transcripts, "--batch"]
    first = forked.Process(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert first.stdout.readline() == "gathered\n"
    codes, said = finish(process("ingest", transcripts, "--batch", "--lock-timeout", "0.2"))
    assert codes == [Exit.LOCKED], said
    assert not model.batches
    first.stdin.write("\n")
    codes, said = finish(first)
    assert codes == [0], said
    codes, said = finish(process("ingest", transcripts, "--batch", *WAIT))
    assert codes == [0], said
    assert len(model.batches) == 1
    asked = [json.loads(line)["custom_id"] for file in model.files.values() for line in file.splitlines()]
    assert len(asked) == len(set(asked))
    codes, said = finish(process("ingest", "--collect", *WAIT), process("ingest", "--collect", *WAIT))
    assert codes == [0, 0], said
    assert set(Counter(model.messages).values()) == {1}
    assert len(model.batches) == 1


def test_a_second_migration_on_the_same_route_exits_with_11(memctl, process, store, people_file):
    move = ("migrate", "--from", "people.jsonl", "--to", "local", "--all-users", "--batch-size", "2")
    first = process(*move, "--rate", "4/s")
    while memctl("migrations", "--last").code == Exit.NOT_FOUND:
        time.sleep(0.3)
    second = process(*move)
    codes, said = finish(second)
    assert codes == [Exit.LOCKED], said
    assert "another migration" in said[0]
    assert first.poll() is None, "the first run continues"
    codes, said = finish(first)
    assert codes == [0], said
    assert memctl("stats", "--json").document["facts"] == PEOPLE * EACH
    assert f"0 changed, {PEOPLE * EACH} unchanged" in memctl(*move).out


def test_migrations_on_different_routes_do_not_wait_for_each_other(memctl, process, store, people_file):
    assert memctl("import", people_file).code == 0
    codes, said = finish(
        *(process("migrate", "--from", "local", "--to", f"{name}.jsonl", "--all-users", *WAIT) for name in "ab")
    )
    assert codes == [0, 0], said
    for name in "ab":
        with open_backend(f"{name}.jsonl") as copy:
            assert sum(copy.count(user) or 0 for user in copy.users()) == PEOPLE * EACH


def test_two_simultaneous_backups_to_one_file_leave_a_complete_one(memctl, process, store, people_file):
    assert memctl("import", people_file).code == 0
    codes, said = finish(*(process("backup", "people.memctl", *WAIT) for _ in range(2)))
    assert codes == [0, 0], said
    assert memctl("restore", "people.memctl", "--force").code == 0
    assert memctl("stats", "--json").document["facts"] == PEOPLE * EACH
    assert not [path.name for path in Path().iterdir() if path.name.startswith(".")]


def test_two_simultaneous_erasures_erase_only_that_person(memctl, process, store, people_file):
    assert memctl("import", people_file).code == 0
    others = PEOPLE * EACH - EACH
    codes, said = finish(*(process("forget", "alice", "--confirm", "alice", *WAIT) for _ in range(2)))
    assert set(codes) <= {0, Exit.NOT_FOUND}, said
    assert 0 in codes
    assert memctl("stats", "--json").document["facts"] == others
    assert memctl("facts", "alice").code == Exit.NOT_FOUND
    assert b"alice" not in store.read_bytes()
