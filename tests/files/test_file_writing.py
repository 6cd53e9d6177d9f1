"""Writing to a file: merged by id, replaced as a whole, safe against kills, and untouched if nothing changes."""

import os
import stat
import subprocess
import sys

import pytest

from memctl.backends.contract import Query
from memctl.backends.files import open_file
from memctl.core.errors import MemctlError, UsageError
from memctl.core.fact import encode_lines

KINDS = ["jsonl", "parquet", "csv"]


def state(path):
    status = path.stat()
    return path.read_bytes(), status.st_mtime_ns, status.st_ino


@pytest.mark.parametrize("kind", KINDS)
def test_writing_the_same_facts_again_does_not_touch_the_file(tmp_path, fact, put, kind):
    path = tmp_path / f"facts.{kind}"
    facts = [fact(f"Fact {number}.", f"user {number % 3}") for number in range(50)]
    put(path, *facts)
    before = state(path)
    assert {outcome.state for outcome in put(path, *facts)} == {"unchanged"}
    assert state(path) == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("kind", KINDS)
def test_merging_keeps_the_order_and_other_facts(tmp_path, fact, put, read, kind):
    path = tmp_path / f"facts.{kind}"
    first, second, third = (fact(text) for text in ("One.", "Two.", "Three."))
    put(path, first, second)
    changed = fact("Number one.", id=first.id)
    assert [outcome.state for outcome in put(path, third, changed)] == ["written", "updated"]
    assert read(path) == [changed, second, third]


@pytest.mark.parametrize("kind", KINDS)
def test_a_failed_save_keeps_the_old_file_and_the_new_facts(tmp_path, fact, put, read, kind, monkeypatch):
    path = tmp_path / f"facts.{kind}"
    put(path, fact("One."))
    before = state(path)
    backend = open_file(path, "w")
    backend.write([fact("Two.")])
    with monkeypatch.context() as broken:

        def full(*_):
            raise OSError(28, "No space left on device")

        broken.setattr(os, "fsync", full)
        with pytest.raises(MemctlError, match="No space left"):
            backend.close()
    assert state(path) == before
    assert not list(tmp_path.glob("*.memctl-new"))
    put(path)
    assert read(path) == [fact("One."), fact("Two.")]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


KILLED = """
import os, sys
from memctl.core.fact import decode
from memctl.backends.files import open_file
backend = open_file(sys.argv[1], "w")
backend.write([decode(line) for line in sys.stdin.buffer])
backend._log._file.write(b'{"id": "half a li')
backend._log._file.flush()
os._exit(9)
"""


@pytest.mark.parametrize("kind", KINDS)
def test_a_killed_writer_loses_no_acknowledged_batch(tmp_path, fact, put, read, kind):
    path = tmp_path / f"facts.{kind}"
    facts = [fact(f"Fact {number}.") for number in range(30)]
    lines = b"".join(encode_lines(facts[:20]))
    assert subprocess.run([sys.executable, "-c", KILLED, str(path)], input=lines, check=False).returncode == 9
    assert not path.exists()
    outcomes = put(path, *facts)
    assert [outcome.state for outcome in outcomes] == ["unchanged"] * 20 + ["written"] * 10
    assert read(path) == facts


def test_opening_for_writing_creates_no_file_before_the_first_write(tmp_path, fact):
    path = tmp_path / "facts.jsonl"
    backend = open_file(path, "w")
    assert backend.check().ok
    assert list(backend.users()) == []
    backend.close()
    assert list(tmp_path.iterdir()) == []
    backend = open_file(path, "w")
    backend.write([])
    backend.close()
    assert path.read_bytes() == b""


def test_a_file_opened_for_reading_cannot_be_changed(tmp_path, fact, put):
    path = tmp_path / "facts.jsonl"
    put(path, fact())
    backend = open_file(path)
    for change in (lambda: backend.write([fact("More.")]), lambda: backend.delete("alice", [fact().id])):
        with pytest.raises(UsageError, match="opened for reading"):
            change()


def test_a_new_file_is_private_and_an_old_one_keeps_its_permissions(tmp_path, fact, put):
    path = tmp_path / "facts.parquet"
    put(path, fact())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    put(path, fact("More."))
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_symbolic_link_stays_a_link(tmp_path, fact, put, read):
    real, link = tmp_path / "real.jsonl", tmp_path / "link.jsonl"
    put(real, fact())
    link.symlink_to(real)
    put(link, fact("More."))
    assert link.is_symlink()
    assert read(real) == [fact(), fact("More.")]


def test_a_device_is_never_replaced(tmp_path):
    with pytest.raises(UsageError, match="regular file"):
        open_file("/dev/null", "w")


def test_a_file_has_another_revision_after_every_change(tmp_path, fact, put):
    path = tmp_path / "facts.jsonl"
    put(path, fact("Number one."))
    backend = open_file(path)
    first = backend.revision()
    assert first is not None
    assert list(backend.users()) == ["alice"]
    assert backend.revision() == first
    put(path, fact("Number two."))
    assert backend.revision() != first
    backend.close()
    written = open_file(path, "w")
    assert written.revision() is None, "its changes are not in the file yet"
    written.close()


def test_a_file_changed_by_another_process_is_read_again(tmp_path, fact, put):
    path = tmp_path / "facts.jsonl"
    put(path, fact())
    backend = open_file(path)
    assert backend.count("alice") == 1
    put(path, fact("More."))
    assert backend.count("alice") == 2
    backend.close()


@pytest.mark.parametrize("kind", KINDS)
def test_search_ranks_by_words_and_prefers_rare_ones(tmp_path, fact, put, kind):
    path = tmp_path / f"facts.{kind}"
    put(
        path,
        fact("Likes green tea."),
        fact("Likes black tea."),
        fact("Likes coffee."),
        fact("Likes green tea too.", "bruno"),
    )
    backend = open_file(path)
    hits = backend.search(Query("alice", "green teas"))
    assert [hit.fact.text for hit in hits] == ["Likes green tea.", "Likes black tea."]
    assert hits[0].parts == {"lexical": hits[0].score}
    assert len(backend.search(Query(None, "green"))) == 2
    backend.close()


def test_adding_turns_to_a_file_is_refused(tmp_path, fact, put):
    path = tmp_path / "facts.jsonl"
    put(path, fact())
    with pytest.raises(UsageError) as refused:
        open_file(path).add("alice", [{"role": "user", "content": "Hello."}])
    assert "memctl ingest" in refused.value.hint
