"""Facts that a migration leaves out or leaves in the target are always reported with a count and a reason."""

import json
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from memctl.backends.contract import FieldSupport
from memctl.core.fact import Fact, Source, derive_id, encode_lines
from memctl.migrate.endpoints import make_plan
from memctl.migrate.plan import Refused
from memctl.migrate.selection import Selection

pytestmark = pytest.mark.engines(campaign="postgres")

ENDED = datetime(2026, 3, 1, tzinfo=UTC)
ENDS = ("invalid_at", "expired_at", "expires_at", "superseded_by")
TIMELESS = {"fields": {name: FieldSupport("in_metadata", "under memctl") for name in ENDS}, "updatable": True}
"""A target that keeps the ends of facts only in their metadata, as most services do."""


def later(fact, **fields):
    return msgspec.structs.replace(fact, updated_at=datetime(2026, 4, 1, tzinfo=UTC), **fields)


@pytest.fixture
def facts(facts_of):
    """Two current facts, and one for each way in which a fact can end."""
    six_facts = facts_of(6)
    ends = (None, None, {"expired_at": ENDED}, {"superseded_by": six_facts[0].id}, {"invalid_at": ENDED})
    return [msgspec.structs.replace(fact, **(end or {})) for fact, end in zip(six_facts, ends, strict=False)] + [
        msgspec.structs.replace(six_facts[5], expires_at=ENDED)
    ]


def test_ended_facts_are_left_out_if_the_target_would_show_them_as_current(route, backend, facts):
    source, target = backend(facts), backend(name="service", **TIMELESS)
    report = route.run(source, target)
    reason = "facts that are no longer true, which service would show as current"
    assert [fact.id for fact in target.records] == [facts[0].id, facts[1].id]
    assert (report.left_out, report.plan.left_out, report.exit) == ({reason: 4}, {reason: 4}, 0)
    assert (report.counts.read, report.plan.facts, report.verification.missing) == (2, 2, 0)
    again = route.run(source, target)
    assert (again.left_out, again.counts.unchanged, len(target.records)) == ({reason: 4}, 2, 2)


def test_ended_facts_are_migrated_on_request_or_if_the_target_has_end_dates(route, new_route, backend, facts, tmp_path):
    asked = backend(name="service", **TIMELESS)
    report = route.run(backend(facts), asked, selection=Selection(include_retired=True))
    assert (len(asked.records), report.left_out) == (6, {})
    other = new_route(tmp_path)
    able = backend(name="able")
    assert (other.run(backend(facts), able).left_out, len(able.records)) == ({}, 6)


def test_a_target_that_hides_expired_facts_gets_them(route, backend, facts):
    target = backend(name="service", ends=frozenset({"expires_at"}), **TIMELESS)
    assert sum(route.run(backend(facts), target).left_out.values()) == 3
    assert [fact.id for fact in target.records] == [facts[0].id, facts[1].id, facts[5].id]


def test_facts_with_an_end_in_the_future_are_current(route, backend, facts_of):
    source = backend(
        [msgspec.structs.replace(fact, invalid_at=datetime(2999, 1, 1, tzinfo=UTC)) for fact in facts_of(2)]
    )
    target = backend(name="service", **TIMELESS)
    assert (route.run(source, target).left_out, len(target.records)) == ({}, 2)


def test_rederive_leaves_out_texts_of_ended_facts(route, backend, facts):
    target = backend(name="able")
    report = route.run(backend(facts), target, mode="rederive")
    assert sum(report.left_out.values()) == 4
    assert sum(len(turns) for _, turns in target.added) == 2


def test_a_fact_that_ended_after_it_was_moved_is_updated_there(route, backend, facts_of):
    source, target = backend(facts_of(2)), backend(name="service", **TIMELESS)
    route.run(source, target)
    source.records[1] = later(source.records[1], expired_at=ENDED)
    report = route.run(source, target)
    assert (report.counts.updated, report.left_out) == (1, {})
    assert [fact.expired_at for fact in target.records] == [None, ENDED]


def test_a_fact_that_ended_and_is_gone_from_the_target_is_not_written_again(route, backend, facts_of):
    source, target = backend(facts_of(2)), backend(name="service", **TIMELESS)
    route.run(source, target)
    source.records[1] = later(source.records[1], expired_at=ENDED)
    target.delete("alice", [source.records[1].id])
    report = route.run(source, target)
    assert (len(target.records), sum(report.left_out.values())) == (1, 1)


def test_a_plan_that_leaves_facts_out_is_a_loss(route, backend, facts):
    ends = route.ends(backend(facts), backend(name="service", **TIMELESS))
    plan = make_plan(ends.job(ends.plan(Selection(), "preserve"), command=""), route.halt)
    assert (plan.facts, sum(plan.left_out.values())) == (2, 4)
    with pytest.raises(Refused, match="4 facts that are no longer true"):
        plan.refuse_loss()


def test_facts_removed_from_the_source_are_counted_and_stay_in_the_target(route, backend, facts_of):
    source, target = backend(facts_of(3) + facts_of(2, "bruno")), backend(name="copy")
    assert route.run(source, target).only_in_target == {}
    removed = source.records[1].id
    source.records = [fact for fact in source.records if fact.id != removed and fact.user_id != "bruno"]
    report = route.run(source, target)
    assert {user: len(ids) for user, ids in report.only_in_target.items()} == {"alice": 1, "bruno": 2}
    assert (report.only_in_target["alice"], report.exit, len(target.records)) == ([removed], 0, 5)
    target.delete("alice", [removed])
    assert list(route.run(source, target).only_in_target) == ["bruno"]
    assert list(route.run(source, target, selection=Selection(users=("alice",))).only_in_target) == []


@pytest.mark.parametrize("part", [{"kinds": ("fact",)}, {"limit": 1}, {"since": ENDED}])
def test_facts_that_were_not_read_are_not_counted_as_removed(route, backend, facts_of, part):
    source, target = backend(facts_of(2) + facts_of(1, "bruno", kind="block")), backend(name="copy")
    route.run(source, target)
    assert route.run(source, target, selection=Selection(**part)).only_in_target == {}


@pytest.mark.parametrize("number", [2, 1_200])
def test_facts_of_two_users_with_one_id_stay_separate(route, backend, facts_of, number):
    """Both in one batch of the target and in two."""
    mine, own = facts_of(number), facts_of(1, "bruno")
    brunos = [msgspec.structs.replace(fact, user_id="bruno", text="of bruno") for fact in mine]
    target = backend(name="copy", updatable=True, batch_size=5_000)
    report = route.run(backend(mine + brunos + own, page_size=500), target)
    assert {(fact.user_id, fact.text == "of bruno") for fact in target.records} == {("alice", False), ("bruno", False)}
    assert (report.counts.written, report.counts.rejected, report.exit) == (number + 1, number, 3)
    lines = [json.loads(line) for line in Path(report.rejects_file).read_text().splitlines()]
    assert {line["reason"] for line in lines} == {"a fact of another user has the same id"}
    assert len(lines) == number


def stored(memctl, tmp_path, **ended):
    """A file with a current fact, an ended one, and an episode."""
    records = [
        Fact(
            id=derive_id("alice", str(number)),
            user_id="alice",
            kind=kind,
            text=f"Text {number}.",
            **fields,
            source=Source(system="test"),
        )
        for number, (kind, fields) in enumerate((("fact", {}), ("fact", {"expired_at": ENDED}), ("episode", {})))
    ]
    path = tmp_path / "facts.jsonl"
    path.write_bytes(b"".join(encode_lines(records)))
    return path


def test_the_plan_counts_facts_and_episodes_separately(memctl, tmp_path):
    out = memctl("migrate", "--from", stored(memctl, tmp_path), "--to", "local", "--all-users", "--dry-run").out
    assert "moves  2 facts and 1 episode of 1 user" in out
    ran = memctl("export", "--from", tmp_path / "facts.jsonl", "--all-users", "-o", tmp_path / "copy.jsonl")
    assert "2 facts and 1 episode written" in ran.out


@pytest.mark.parametrize("command", ["migrate", "export", "import"])
def test_an_unwritable_rejects_file_is_refused_before_anything_is_written(memctl, tmp_path, command):
    path = stored(memctl, tmp_path)
    blocked = tmp_path / "folder"
    blocked.mkdir()
    arguments = {
        "migrate": ("migrate", "--from", path, "--to", tmp_path / "out.jsonl", "--all-users"),
        "export": ("export", "--from", path, "-o", tmp_path / "out.jsonl", "--all-users"),
        "import": ("import", path, "--to", tmp_path / "out.jsonl"),
    }[command]
    ran = memctl(*arguments, "--rejects", blocked)
    assert (ran.code, "cannot write the rejects file" in ran.err) == (1, True), ran.err
    assert not (tmp_path / "out.jsonl").exists()
    assert memctl(*arguments, "--rejects", tmp_path / "rejects.jsonl").code == 0
    assert not (tmp_path / "rejects.jsonl").exists()
