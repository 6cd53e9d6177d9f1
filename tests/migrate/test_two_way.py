"""Two backends that both change: every change reaches the other side, and no side of a conflict is lost silently."""

from datetime import UTC, datetime, timedelta

import pytest
from migrate.conftest import MemoryBackend, QuickHalt, made
from msgspec import structs

from memctl.core.errors import Rejected
from memctl.core.fact import decode
from memctl.migrate.removal import DeleteLimit, Removal
from memctl.migrate.two_way import Sides, run
from memctl.runtime.retry import Retry
from memctl.store.duckdb.ledger import Ledger

pytestmark = pytest.mark.engines(campaign="postgres")

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class Pair:
    def __init__(self, folder, number=6):
        self.folder = folder
        self.ledger = Ledger(folder / "ledger.duckdb")
        self.left = MemoryBackend(made(number), updatable=True)
        self.right = MemoryBackend(name="right", updatable=True)
        self.halt = QuickHalt()

    def sync(self, removal=Removal(), **more):  # noqa: B008 - frozen
        self.halt = QuickHalt()
        sides = Sides(self.left, self.right, ("from:left", "to:right"), Retry(self.halt))
        return run(sides, (), self.ledger, self.halt, removal=removal, command="memctl sync --both", **more)

    def edit(self, side, index, text, days):
        fact = next(fact for fact in side.records if fact.id == made(index + 1)[index].id)
        new = structs.replace(fact, text=text, updated_at=NOW + timedelta(days=days) if days is not None else None)
        side.records = [new if held.id == fact.id else held for held in side.records]
        return new

    @property
    def equal(self):
        return {f.id: f.text for f in self.left.records} == {f.id: f.text for f in self.right.records}


@pytest.fixture
def pair(tmp_path):
    pair = Pair(tmp_path)
    assert pair.sync().exit == 0
    assert pair.equal
    yield pair
    pair.ledger.close()


def test_new_changed_and_deleted_facts_go_both_ways(pair):
    pair.left.records.append(made(7)[-1])
    pair.right.records.append(made(8)[-1])
    pair.edit(pair.left, 0, "left edited", None)
    pair.edit(pair.right, 1, "right edited", None)
    del pair.left.records[2]
    pair.right.records = [fact for fact in pair.right.records if fact.id != made(4)[3].id]
    result = pair.sync()
    assert (result.exit, result.conflicts) == (0, [])
    assert pair.equal
    texts = {fact.text for fact in pair.left.records}
    assert {"left edited", "right edited", "alice owns thing 6", "alice owns thing 7"} <= texts
    assert not {"alice owns thing 2", "alice owns thing 3"} & texts
    assert sorted((step.side, step.symbol) for step in result.steps) == [
        ("source", "*"), ("source", "+"), ("source", "-"), ("target", "*"), ("target", "+"), ("target", "-"),
    ]  # fmt: skip
    assert pair.sync().steps == []


@pytest.mark.parametrize(("left", "right", "winner"), [(2, 1, "left"), (1, 2, "right")])
def test_the_newer_of_two_edits_wins_and_the_other_is_saved_in_a_file(pair, left, right, winner):
    pair.edit(pair.left, 0, "left", left)
    pair.edit(pair.right, 0, "right", right)
    result = pair.sync()
    assert pair.equal
    assert winner in {fact.text for fact in pair.left.records}
    (conflict,) = result.conflicts
    assert conflict.kept == {"left": "source", "right": "target"}[winner]
    with open(result.backup, "rb") as file:  # noqa: PTH123 - a text path of the result
        (lost,) = map(decode, file)
    assert lost.text == {"left": "right", "right": "left"}[winner]


def test_two_edits_without_times_are_reported_and_not_changed(pair):
    pair.edit(pair.left, 0, "left", None)
    pair.edit(pair.right, 0, "right", None)
    for _ in range(2):
        result = pair.sync()
        assert (result.exit, result.conflicts[0].kept) == (6, None)
        assert not pair.equal
    pair.edit(pair.left, 0, "right", None)
    assert pair.sync().exit == 0


def test_an_edit_wins_over_a_deletion(pair):
    edited = pair.edit(pair.left, 0, "still needed", None)
    pair.right.records = [fact for fact in pair.right.records if fact.id != edited.id]
    result = pair.sync()
    assert pair.equal
    assert "still needed" in {fact.text for fact in pair.right.records}
    assert result.conflicts[0].detail == "changed in the source, deleted in the target"


def test_the_first_run_deletes_nothing(tmp_path):
    pair = Pair(tmp_path)
    pair.right.records = made(9)[6:]
    assert pair.sync().exit == 0
    assert len(pair.left.records) == len(pair.right.records) == 9
    pair.ledger.close()


@pytest.mark.parametrize("fault", ["empty", "count", "limit", "unreadable"])
def test_a_side_that_hides_facts_deletes_none_on_the_other(pair, fault, monkeypatch):
    if fault == "empty":
        pair.left.records.clear()
    elif fault == "count":
        pair.left.lost = {pair.left.records[0].id}
    elif fault == "unreadable":
        del pair.left.records[0]
        monkeypatch.setattr(pair.left, "rejects", lambda: [Rejected("a broken line")])
    else:
        del pair.left.records[:3]
    limit = Removal(limit=DeleteLimit(share=0.0, number=2))
    result = pair.sync(limit)
    assert result.exit in (1, 8)
    assert len(pair.right.records) == 6
    if fault in ("empty", "limit"):
        assert pair.sync(structs.replace(limit, force=True)).exit == 0
        assert pair.equal


def test_a_dry_run_changes_neither_side(pair):
    del pair.left.records[0]
    pair.right.records.append(made(7)[-1])
    before = [side.records[:] for side in (pair.left, pair.right)]
    result = pair.sync(dry_run=True)
    assert [(step.side, step.symbol) for step in result.steps] == [("source", "+"), ("target", "-")]
    assert [pair.left.records, pair.right.records] == before
    assert pair.sync().exit == 0
    assert pair.equal


def test_a_run_that_failed_half_way_is_completed_by_the_next(pair, fault):
    pair.left.records += made(12)[6:]
    pair.right.write_faults = [None, fault("half", OSError("gone"))]
    with pytest.raises(Exception):  # noqa: B017 - whatever the backend says
        pair.sync()
    assert pair.sync().exit == 0
    assert pair.equal


@pytest.mark.parametrize("reason", ["interrupted", "max-duration"])
def test_a_run_that_has_to_end_stops_after_the_batch_and_knows_what_it_wrote(pair, reason):
    pair.left.records += made(12)[6:]
    pair.left.records += made(3, user="bruno")
    pair.right.records = [fact for fact in pair.right.records if fact.id != made(1)[0].id]
    pair.right.on_write = lambda: pair.halt.stop(reason)
    result = pair.sync()
    assert (result.halted, result.exit) == (reason, {"interrupted": 130, "max-duration": 8}[reason])
    assert [step.id for step in result.steps] == sorted(fact.id for fact in made(9)[6:])
    assert len(pair.right.records) == 5 + 3, "only the current batch was written"
    assert len(pair.left.records) == 15, "nothing more was deleted"
    (last,) = [run for run in pair.ledger.runs() if run.id == result.run]
    assert last.state == {"interrupted": "interrupted", "max-duration": "limit"}[reason]

    pair.right.on_write = lambda: None
    pair.edit(pair.left, 6, "edited since", None)
    pair.right.records = [fact for fact in pair.right.records if fact.id != made(8)[7].id]
    result = pair.sync()
    assert (result.exit, result.conflicts) == (0, []), "an edit of a fact written before is not a conflict"
    assert pair.equal
    texts = {fact.text for fact in pair.left.records}
    assert {"edited since", "alice owns thing 11", "bruno owns thing 2"} <= texts
    assert not {"alice owns thing 0", "alice owns thing 7"} & texts, "facts deleted in the meantime stay deleted"


def test_a_conflict_whose_write_was_not_made_is_reported_by_the_run_that_makes_it(pair, fault):
    pair.edit(pair.left, 0, "left", 1)
    pair.edit(pair.right, 0, "right", 2)
    pair.left.write_faults = [fault("before", ConnectionError("gone"))]
    pair.left.on_write = lambda: pair.halt.stop("interrupted")
    result = pair.sync()
    assert (result.exit, result.steps, result.conflicts) == (130, [], [])
    pair.left.on_write = lambda: None
    assert [conflict.kept for conflict in pair.sync().conflicts] == ["target"]
    assert pair.equal


# On the command line.


def test_two_files_are_kept_equal(memctl, tmp_path):
    one, two = tmp_path / "one.jsonl", tmp_path / "two.jsonl"
    memctl("add", "ada", "I live in Ghent.")
    memctl("export", "--all-users", "-o", one)
    both = ("sync", "--from", one, "--to", two, "--all-users", "--both")
    assert "2 new" in memctl(*both, "--dry-run").out
    assert not two.exists()
    assert memctl(*both).code == 0
    two.write_text(two.read_text().replace("Ghent", "Oslo"))
    ran = memctl(*both, "--json")
    assert (ran.code, ran.document["schema"]) == (0, "memctl.sync-both/1")
    assert "Oslo" in one.read_text()
    assert memctl(*both, "--watch", "1s").code == 2
