"""A plan shows losses before anything is written, and verification finds changes that a backend did not declare."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from memctl.backends.contract import Capabilities, FieldSupport
from memctl.backends.field_diff import difference
from memctl.backends.wrappers import Retrying
from memctl.core.errors import Exit, NotFound, Retryable, UsageError
from memctl.core.fact import Embedding
from memctl.migrate import plan as planning
from memctl.migrate.endpoints import make_plan
from memctl.migrate.plan import Refused
from memctl.migrate.selection import Selection, load_user_map
from memctl.migrate.target import Target
from memctl.migrate.verify import Verifier
from memctl.runtime.retry import Retry

NARROW = {
    "fields": {
        "confidence": FieldSupport("dropped", "there is no place for it"),
        "categories": FieldSupport("in_metadata", "under categories"),
    },
    "time_precision": 1.0,
    "longest_text": 30,
    "ids_survive": False,
}


@pytest.fixture
def plan_of(route):
    def plan(source, target, **job):
        ends = route.ends(source, target)
        return make_plan(ends.job(ends.plan(Selection(), "preserve"), command="", **job), route.halt)

    return plan


@pytest.fixture
def verify(route):
    def run(source, target, selection=None, **how):
        ends = [Retrying(end, Retry(route.halt)) for end in (source, target)]
        return Verifier(ends[0], Target(ends[1:]), selection or Selection(), **how).run()

    return run


def test_a_plan_counts_changed_and_lost_values_with_examples(backend, facts_of, plan_of):
    half = datetime(2026, 1, 1, 0, 0, 0, 500_000, tzinfo=UTC)
    source = backend(
        facts_of(2, confidence=0.5, categories=("work",))
        + facts_of(3, "bruno", valid_at=half, kind="episode")
        + facts_of(1, "mei", text="y" * 31)
    )
    plan = plan_of(source, backend(name="narrow", **NARROW))
    assert plan.users == {"alice": {"fact": 2}, "bruno": {"episode": 3}, "mei": {"fact": 1}}
    fields = {field.field: field for field in plan.fields}
    assert (fields["confidence"].dropped, fields["confidence"].how) == (2, "there is no place for it")
    assert fields["confidence"].example == {"fact": str(source.records[0].id), "value": "0.5"}
    assert fields["categories"].in_metadata == 2
    assert (fields["valid_at"].coarsened, fields["created_at"].coarsened, fields["created_at"].kept) == (3, 0, 6)
    assert fields["id"].in_metadata == 6
    assert "embedding" not in fields
    assert [(loss.field, loss.keeping, loss.count) for loss in plan.losses()] == [
        ("id", "in_metadata", 6),
        ("categories", "in_metadata", 2),
        ("confidence", "dropped", 2),
        ("valid_at", "coarsened", 3),
        ("text", "rejected", 1),
    ]
    with pytest.raises(Refused, match="2 x confidence"):
        plan.refuse_loss()
    plan_of(backend(facts_of(2)), backend(name="narrow", **NARROW)).refuse_loss()


def test_costs_are_shown_only_if_known(backend, facts_of, plan_of):
    source = backend(facts_of(10), page_size=4)
    free = plan_of(source, backend(name="target", batch_size=3))
    assert (free.calls.read, free.calls.write, free.seconds) == (3, 4, None)
    paced = plan_of(source, backend(name="target", batch_size=1, rate=2.0))
    assert (paced.calls.write, paced.seconds) == (10, 5.0)
    assert plan_of(source, backend(name="target", batch_size=1, rate=2.0), rate=0.5).seconds == 20.0


def test_a_plan_is_applied_only_to_its_own_source(backend, facts_of, plan_of, tmp_path):
    facts, target = facts_of(9), backend(name="target")
    plan = plan_of(backend(facts), target)
    planning.save(plan, str(tmp_path / "plan.json"))
    again = planning.load(str(tmp_path / "plan.json"))
    assert again == plan
    again.check_unchanged(plan_of(backend(facts[::-1], page_size=2), target))
    for changed in (
        facts[1:],
        [*facts, *facts_of(1, "bruno")],
        [msgspec.structs.replace(facts[0], text="another"), *facts[1:]],
        [msgspec.structs.replace(facts[0], native={"a": 1}), *facts[1:]],
    ):
        with pytest.raises(Refused, match="the source has changed"):
            again.check_unchanged(plan_of(backend(changed), target))
    with pytest.raises(Refused, match="is for the target"):
        again.check_unchanged(plan_of(backend(facts), backend(name="elsewhere")))
    assert target.records == []


def test_a_file_that_is_not_a_plan_is_refused_with_its_path(tmp_path):
    (tmp_path / "plan.json").write_text('{"schema": "memctl.facts/1"}')
    with pytest.raises(UsageError, match="not a plan") as refused:
        planning.load(str(tmp_path / "plan.json"))
    assert refused.value.where == str(tmp_path / "plan.json")


def test_an_incomplete_reading_gives_no_plan(backend, facts_of, plan_of):
    source = backend(facts_of(4))
    source.lie = 1
    with pytest.raises(Refused, match="returned 4"):
        plan_of(source, backend(name="target"))


def test_every_kind_of_difference_has_its_symbol(backend, facts_of, verify):
    facts = facts_of(5)
    target = backend(
        [
            facts[0],
            msgspec.structs.replace(facts[1], text="else", valid_at=datetime(2020, 1, 1, tzinfo=UTC)),
            facts[3],
            facts[3],
            *facts_of(1, "stranger"),
        ],
        name="target",
    )
    rows = []
    result = verify(backend(facts), target, on_row=rows.append)
    assert {(row.symbol, row.id, row.fields) for row in rows} == {
        ("=", facts[0].id, ()),
        ("*", facts[1].id, ("text", "valid_at")),
        ("+", facts[2].id, ()),
        ("=", facts[3].id, ()),
        ("-", facts[3].id, ()),
        ("+", facts[4].id, ()),
        ("-", facts_of(1, "stranger")[0].id, ()),
    }
    assert (result.same, result.differs, result.missing, result.extra, result.exit) == (2, 1, 2, 2, Exit.DIFFERENCES)
    assert [row.symbol for row in result.rows].count("=") == 0


def test_one_way_and_a_selection_ignore_facts_only_in_the_target(backend, facts_of, verify):
    source, target = backend(facts_of(2)), backend(facts_of(4), name="target")
    assert verify(source, target).exit is Exit.DIFFERENCES
    assert verify(source, target, one_way=True).exit is Exit.OK
    assert verify(source, target, Selection(limit=1)).exit is Exit.OK


def test_unreadable_records_are_reported_and_the_others_compared(backend, facts_of, verify):
    source, target = backend(facts_of(2) + facts_of(2, "bruno")), backend(facts_of(4), name="target")
    target.records += facts_of(2, "bruno")
    target.records = target.records[:2] + target.records[4:]
    target.read_faults = {1: UsageError("broken page")}
    result = verify(source, target)
    assert (result.errors, result.same, result.exit) == (1, 2, Exit.DIFFERENCES)
    assert "broken page" in result.rows[0].detail
    target.read_faults = {3: Retryable("502")}
    assert verify(source, target).same == 4


def test_only_differences_declared_by_the_capabilities_are_accepted(facts_of):
    at = datetime(2026, 5, 5, 5, 5, 5, 600_000, tzinfo=UTC)
    vector = Embedding(model="m", vector=(0.1, 0.2))
    (fact,) = facts_of(1, confidence=0.5, valid_at=at, metadata={"a": 1}, embedding=vector)
    change = msgspec.structs.replace
    whole, narrow = Capabilities(), Capabilities(**NARROW)
    coarse = change(fact, valid_at=at.replace(microsecond=0), confidence=None)
    assert difference(fact, coarse, whole).undeclared == ("confidence", "valid_at")
    assert difference(fact, coarse, narrow).declared == ("confidence", "valid_at")
    assert difference(fact, change(fact, metadata={"a": 1, "categories": []}), narrow).undeclared == ()
    assert difference(fact, change(fact, metadata={"a": 1, "b": 2}), whole).undeclared == ("metadata",)
    assert difference(fact, change(fact, metadata={"a": True}), whole).undeclared == ("metadata",)
    assert difference(fact, change(fact, metadata={}), narrow).undeclared == ("metadata",)
    for field, other in {
        "user_id": "bruno",
        "kind": "block",
        "subject": "x",
        "session_id": "s",
        "categories": ("a",),
        "invalid_at": at + timedelta(1),
        "native": {"a": 1},
        "source": change(fact.source, quote="so"),
        "embedding": None,
    }.items():
        assert difference(fact, change(fact, **{field: other}), whole).undeclared == (field,)
    near = change(fact, embedding=change(vector, vector=(0.1 + 1e-9, 0.2)), updated_at=at)
    assert difference(fact, near, whole).same
    assert difference(change(fact, embedding=None), fact, whole).same


def test_a_user_map_is_read_with_or_without_its_header(tmp_path):
    file = tmp_path / "map.csv"
    file.write_text('\ufefffrom,to\nal,alice\n"b, o",bruno\n\n', encoding="utf-8")
    assert load_user_map(str(file)) == {"al": "alice", "b, o": "bruno"}
    for wrong, line in (("al\n", 1), ("al,alice\nal,bob\n", 2), ("al,alice\nbo,\n", 2)):
        file.write_text(wrong)
        with pytest.raises(UsageError) as refused:
            load_user_map(str(file))
        assert refused.value.where == f"{file}:{line}" or "two users" in refused.value.message
    with pytest.raises(NotFound, match="cannot read"):
        load_user_map(str(tmp_path / "none.csv"))
