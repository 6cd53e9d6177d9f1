"""Full and read-only disks, damaged files, a clock that goes back: each causes a one-line error, existing data is kept,
and the same command succeeds once the problem is solved.
"""

import os
import random
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import count, product
from pathlib import Path

import forked
import pytest
from campaigns import campaign
from chains.people import facts
from examples import FACTOR
from msgspec import structs

from memctl.core.fact import derive_id, encode_lines
from memctl.embed import static

PEOPLE, EACH = 3, 10 if FACTOR == 1 else 60
WITHOUT_MODEL = "import _duckdb, numpy, memctl.cli.app, memctl.embed.static, memctl.ingest.manual, memctl.workspace"
"""What a process loads that has not read the model's files yet."""


@pytest.fixture
def people_file(home):
    """A facts file to migrate."""
    path = home / "work" / "people.jsonl"
    path.write_bytes(b"".join(encode_lines(facts(PEOPLE, EACH))))
    return path


@pytest.fixture
def disk(home):
    """A disk of one megabyte, and a function that mounts it again with other options."""
    if os.geteuid():
        pytest.skip("only root can mount a small disk")
    folder = home / "disk"
    folder.mkdir()

    def mounted(*options):
        return subprocess.run(["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", folder], capture_output=True)

    if mounted("size=8m").returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        yield folder, lambda *options: mounted("remount", *options).check_returncode()
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


@contextmanager
def no_room(folder):
    """Fill the disk except for a few kilobytes."""
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    ballast.write_bytes(bytes(max(0, free.f_bavail * free.f_bsize - 20_000)))
    yield
    ballast.unlink()


def check_error(ran, *words):
    """Check that the command failed with a line that says where, without a traceback."""
    assert ran.code in (1, 7), (ran.code, ran.err)
    assert "Traceback" not in ran.err
    assert all(word in ran.err for word in words), ran.err


def test_a_full_disk_under_the_ledger_ends_the_migration_and_the_next_run_completes_it(memctl, people_file, disk):
    folder, _ = disk
    move = ("migrate", "--from", people_file, "--to", "local", "--all-users", "--ledger", folder / "ledger.duckdb")
    with no_room(folder):
        check_error(memctl(*move), "ledger.duckdb")
    ran = memctl(*move)
    assert ran.code == 0, ran.err
    assert f"of {PEOPLE * EACH} read" in ran.out
    assert memctl("stats", "--json").document["facts"] == PEOPLE * EACH
    assert f"0 changed, {PEOPLE * EACH} unchanged" in memctl(*move).out


def test_a_full_disk_under_a_file_of_facts_leaves_the_file_that_was_there(memctl, people_file, disk):
    folder, _ = disk
    target = folder / "facts.jsonl"
    target.write_bytes(people_file.read_bytes().splitlines(keepends=True)[0])
    before = target.read_bytes()
    move = ("migrate", "--from", people_file, "--to", target, "--all-users")
    with no_room(folder):
        check_error(memctl(*move), "facts.jsonl")
        assert target.read_bytes() == before
    assert memctl(*move).code == 0
    assert len(target.read_bytes().splitlines()) == PEOPLE * EACH
    assert [path.name for path in folder.iterdir()] == ["facts.jsonl"]


@pytest.mark.parametrize("command", [("snapshot", "create"), ("backup", "{disk}/people.memctl")])
def test_a_full_disk_under_a_backup_leaves_no_partial_file(memctl, disk, store, command):
    folder, _ = disk
    assert memctl("add", "zoe", "I live in Oslo.", "--store", folder / "s.duckdb").code == 0
    copy = [part.format(disk=folder) for part in command]
    before = {path.name for path in folder.rglob("*")}
    with no_room(folder):
        check_error(memctl(*copy, "--store", folder / "s.duckdb"))
    assert {path.name for path in folder.rglob("*") if path.is_file()} <= before
    assert memctl(*copy, "--store", folder / "s.duckdb").code == 0
    assert "Oslo" in memctl("facts", "zoe", "--store", folder / "s.duckdb").out


def test_a_store_on_a_read_only_disk_can_be_read(memctl, disk):
    folder, mounted = disk
    store = folder / "s.duckdb"
    assert memctl("add", "zoe", "I live in Oslo.", "--store", store).code == 0
    mounted("ro")
    assert "Oslo" in memctl("facts", "zoe", "--store", store).out
    assert "Oslo" in memctl("search", "zoe", "where do I live", "--store", store).out
    check_error(memctl("add", "zoe", "I live in Bergen.", "--store", store), str(store))
    mounted("rw")
    assert memctl("add", "zoe", "I live in Bergen.", "--store", store).code == 0


@pytest.mark.parametrize("seed", [0, 1, *campaign(2, 3)])
def test_a_damaged_store_is_an_error_and_a_backup_replaces_it(memctl, store, people_file, once, seed):
    def make():
        assert memctl("import", people_file).code == memctl("backup", "whole.memctl").code == 0

    once(make)
    chance = random.Random(seed)
    data = bytearray(store.read_bytes())
    if seed == 0:
        del data[len(data) // 2 :]
    else:
        at = chance.randrange(0, 16_384)
        data[at : at + 2_000] = chance.randbytes(2_000)
    store.write_bytes(data)
    check_error(memctl("add", "zoe", "I live in Oslo."), str(store))
    assert memctl("doctor").code == 1
    assert memctl("restore", "whole.memctl", "--force").code == 0
    assert memctl("stats", "--json").document["facts"] == PEOPLE * EACH


def test_a_damaged_ledger_is_an_error_and_removing_it_causes_no_duplicates(memctl, people_file, home):
    ledger = home / "ledger.duckdb"
    move = ("migrate", "--from", people_file, "--to", "out.jsonl", "--all-users")
    assert memctl(*move, "--ledger", ledger).code == 0
    data = ledger.read_bytes()
    holed = data[:4_096] + bytes(8_192) + data[12_288:]
    for damaged in (data[: len(data) // 2], random.Random(1).randbytes(9_000), holed):
        ledger.write_bytes(damaged)
        check_error(memctl(*move, "--ledger", ledger), "ledger.duckdb")
        check_error(memctl("migrations", "--ledger", ledger), "ledger.duckdb")
    ledger.unlink()
    again = memctl(*move, "--ledger", ledger)
    assert (again.code, f"0 changed, {PEOPLE * EACH} unchanged" in again.out) == (0, True), again.err
    assert len(Path("out.jsonl").read_bytes().splitlines()) == PEOPLE * EACH


@pytest.mark.parametrize("command", ["ingest", "import"])
def test_missing_files_are_errors_before_anything_is_done(memctl, store, command):
    ran = memctl(command, "nowhere")
    assert ran.code in (2, 4)
    assert "nowhere" in ran.err
    assert not store.exists()


@pytest.mark.parametrize(
    "missing",
    [
        "vectors.u4",
        *campaign("vocabulary.txt", "pairs.u32", "scales.f16"),
    ],
)
def test_a_missing_model_file_is_an_error_and_loses_no_fact(memctl, store, home, missing):
    model = home / "model"
    for name in ("vectors.u4", "vocabulary.txt", "pairs.u32", "scales.f16"):
        if name != missing:
            (model / name).parent.mkdir(exist_ok=True)
            (model / name).write_bytes((Path(static.__file__).parent / "model" / name).read_bytes())
    code = f"""
import sys
from pathlib import Path
from memctl.cli.app import main
from memctl.embed.static import StaticEmbedder
StaticEmbedder.__init__.__defaults__ = (Path({str(model)!r}),)
sys.argv = ["memctl", "add", "zoe", "I live in Oslo."]
main()
"""
    ran = forked.run([sys.executable, "-c", code], text=True, loaded=WITHOUT_MODEL)
    assert ran.returncode
    assert "Traceback" not in ran.stderr
    assert missing in ran.stderr
    assert memctl("add", "zoe", "I live in Oslo.").code == 0


@contextmanager
def clock(monkeypatch, ahead, after=0):
    """Set the clock of memctl ahead of the machine's after `after` readings."""
    asked = count()

    class Times(type):
        """Replaces `datetime` in memctl; real datetimes are still instances of it."""

        def __getattr__(cls, name):
            return getattr(datetime, name)

        def __call__(cls, *given, **named):
            return datetime(*given, **named)

        def __instancecheck__(cls, value):
            return isinstance(value, datetime)

    class Shifted(metaclass=Times):
        @staticmethod
        def now(tz=None):
            return datetime.now(tz) + (ahead if next(asked) >= after else timedelta(0))

    with monkeypatch.context() as patch:
        for name, module in list(sys.modules.items()):
            if name.startswith("memctl.") and getattr(module, "datetime", None) is datetime:
                patch.setattr(module, "datetime", Shifted)
        yield


def test_a_clock_that_goes_back_loses_and_duplicates_nothing(memctl, store, people_file, chat, every_fact, monkeypatch):
    chat("alice/a.jsonl", "I live in Oslo.", "My dog is called Rex.")
    move = ("migrate", "--from", people_file, "--to", "out.jsonl", "--all-users")
    assert memctl("ingest", "../in").code == memctl(*move).code == memctl("snapshot", "create").code == 0
    before = every_fact(store)
    with clock(monkeypatch, timedelta(days=-400)):
        chat("alice/b.jsonl", ("2026-02-01T10:00:00Z", "I live in Bergen now."))
        assert memctl("ingest", "../in").code == 0
        assert f"0 changed, {PEOPLE * EACH} unchanged" in memctl(*move).out
        assert memctl("migrations", "--last", "--json").code == 0
        assert memctl("snapshot", "create").code == 0
        assert "Bergen" in memctl("facts", "alice").out
    assert "Bergen" in memctl("facts", "alice").out
    assert memctl("ingest", "../in").code in (0, 9)
    assert memctl(*move).code == 0
    assert every_fact(store).keys() >= before.keys()
    assert len(memctl("snapshot", "list", "--json").document["snapshots"]) == 2


BACK = timedelta(days=-400)


@pytest.mark.parametrize("after", [3] if FACTOR == 1 else range(1, 12))
def test_a_clock_that_goes_back_during_a_migration_loses_nothing(memctl, store, people_file, monkeypatch, after):
    move = ("migrate", "--from", people_file, "--to", "local", "--all-users", "--batch-size", "6")
    with clock(monkeypatch, BACK, after):
        assert memctl(*move).code == 0
    assert memctl("stats", "--json").document["facts"] == PEOPLE * EACH
    assert f"0 changed, {PEOPLE * EACH} unchanged" in memctl(*move).out


def test_the_last_run_and_snapshot_do_not_depend_on_the_clock(memctl, store, people_file):
    move = ("migrate", "--from", people_file, "--to", "local", "--all-users")
    assert memctl(*move).code == memctl("snapshot", "create", "--note", "first").code == 0
    with pytest.MonkeyPatch.context() as patch, clock(patch, BACK):
        people_file.write_bytes(people_file.read_bytes() + b'{"id": 1}\n')
        assert memctl(*move).code == 3
        memctl("add", "zoe", "I live in Oslo.")
        assert memctl("snapshot", "create", "--note", "second").code == 0
    assert memctl("migrations", "--last").code == 3, "a monitor must not get the previous run"
    listed = memctl("snapshot", "list", "--json").document["snapshots"]
    assert [snapshot["note"] for snapshot in listed] == ["second", "first"]
    assert memctl("snapshot", "prune", "--keep", "1").code == 0
    memctl("add", "zoe", "I live in Bergen.")
    assert memctl("snapshot", "restore", "last").code == 0
    assert "Oslo" in memctl("facts", "zoe").out


@pytest.mark.parametrize(
    ("command", "after"),
    [("consolidate", 2), ("prune", 0)] if FACTOR == 1 else list(product(["consolidate", "dedupe", "prune"], range(4))),
)
def test_a_clock_that_goes_back_during_consolidate_removes_nothing_early(
    memctl, store, every_fact, monkeypatch, command, after
):
    known = list(facts(1, 24 if FACTOR == 1 else 40))
    twice = [structs.replace(fact, id=derive_id("twice", str(fact.id))) for fact in known[: len(known) // 5]]
    past, soon = datetime(2025, 1, 1, tzinfo=UTC), datetime.now(UTC) + timedelta(days=1)
    ends = [
        structs.replace(fact, id=derive_id(str(end), str(fact.id)), text=f"{fact.text} until then", expires_at=end)
        for fact, end in ((known[20], past), (known[21], soon))
    ]
    Path("all.jsonl").write_bytes(b"".join(encode_lines([*known, *twice, *ends])))
    assert memctl("import", "all.jsonl").code == 0
    words = (command,) if command == "prune" else (command, "alice")
    with clock(monkeypatch, BACK, after):
        assert memctl(*words).code == 0
    assert memctl(*words).code == 0
    ended = every_fact(store)
    assert memctl(*words).code == 0
    assert every_fact(store) == ended, "a second run changes nothing"
    alone = store.with_name("alone.duckdb")
    assert memctl("import", "all.jsonl", "--store", alone).code == memctl(*words, "--store", alone).code == 0
    assert texts(ended) == texts(every_fact(alone))


def texts(records):
    return Counter((fact["kind"], fact["text"], fact["expired_at"] is None) for fact in records.values())
