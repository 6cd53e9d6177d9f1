"""Monthly usage of a workload, its costs on each system, and the price of a migration."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memctl.core.errors import UsageError
from memctl.report import (
    comparison,
    cost_curves,
    json_csv,
    migration_cost,
    price_book,
    pricing,
    requests,
    tokens,
    workload,
)
from memctl.report.volume import Volume
from memctl.report.volume_counts import Streaming

NOW = datetime(2026, 11, 15, tzinfo=UTC)
BOOK = price_book.load("2026-11")
CHOSEN = pricing.models(BOOK)


def load(**numbers: float | str) -> workload.Workload:
    return workload.workload(BOOK, None, {name: Decimal(str(number)) for name, number in numbers.items()})


def test_months_grow_from_the_given_users_and_records_accumulate():
    asked = load(users=1000, growth="0.08", months=3, turns_per_user_month=10, facts_per_turn=0.5)
    months = workload.months(asked, BOOK)
    assert [month.users for month in months] == [1000, 1080, 1166]
    assert [month.drivers["turns"] for month in months] == [10_000, 10_800, 11_660]
    assert [month.drivers["facts_stored"] for month in months] == [5_000, 10_400, 16_230]
    assert months[-1].drivers["records_stored"] == 16_230 + 10_000 + 10_800 + 11_660
    assert months[0].drivers["add_requests"] == 5_000
    assert months[0].drivers["active_agents"] == 1000
    assert months[0].drivers["tool_seconds"] == 5_000


@pytest.mark.parametrize(("size", "filled"), [(1, 1), (350, 1), (351, 2), (700, 2), (701, 3)])
def test_an_episode_is_charged_by_started_blocks_of_bytes(size: int, filled: int):
    assert workload.credits(load(bytes_per_turn=size), Decimal(350), 1000) == 1000 * filled


def test_credits_follow_the_measured_sizes_and_not_their_mean():
    """Nine short turns and one very long turn fill more blocks than ten turns of the mean length."""
    assert workload.blocks({10: 9, 3500: 1}, Decimal(350), 1000) == 100 * (9 + 10)
    assert workload.blocks({0: 1}, Decimal(350), 7) == 7
    assert workload.blocks({10: 2, 400: 1}, Decimal(350), 1) == 2, "a third of a block counts as a started block"


def volume(**changes: Any) -> Volume:
    """A measured memory of two users: 90 turns and 30 facts over three user-months."""
    from memctl.core.fact import Fact, Source, derive_id

    def fact(number: int, user: str, month: int, kind: str, text: str) -> Fact:
        at = datetime(2026, month, 1, tzinfo=UTC)
        given_id = derive_id(user, kind, str(number))
        source = Source(system="test")
        return Fact(id=given_id, user_id=user, kind=kind, text=text, created_at=at, source=source)

    streaming = Streaming("month", NOW, 10)
    for user, month in (("alice", 8), ("alice", 9), ("bruno", 9)):
        streaming.take(fact(100 * month + n, user, month, "episode", "x" * (400 if n == 0 else 100)) for n in range(30))
        streaming.take(fact(100 * month + n, user, month, "fact", "Likes tea.") for n in range(10))
    from memctl.report.volume import _report

    return msgspec.structs.replace(_report(streaming.done(), "test", "month", NOW, None, tokens.counter()), **changes)


def test_missing_values_are_measured_and_marked():
    taken_load = workload.workload(BOOK, volume(), {"searches_per_turn": Decimal(2)})
    numbers = {name: number.value for name, number in taken_load.numbers().items()}
    assert numbers["users"] == 2
    assert numbers["turns_per_user_month"] == 30
    assert numbers["facts_per_turn"] == Decimal("0.3333")
    assert numbers["bytes_per_turn"] == 110
    assert taken_load.turn_sizes == {100: 87, 400: 3}
    assert (taken_load.held_facts, taken_load.held_turns) == (30, 90)
    origins = {name: number.origin for name, number in taken_load.numbers().items()}
    assert origins["searches_per_turn"] == "given"
    assert origins["users"] == "measured"
    assert origins["months"] == "assumed"
    assert taken_load.users.said == "measured in test on 2026-11-15"
    assert taken_load.searches_per_turn.said == "--searches-per-turn"
    # Users went from one to two in the two steps between the three complete months.
    assert numbers["growth"] == Decimal("0.4142")


def test_given_users_start_with_an_empty_memory():
    taken_load = workload.workload(BOOK, volume(), {"users": Decimal(500)})
    assert (taken_load.held_facts, taken_load.held_turns) == (0, 0)
    assert taken_load.turns_per_user_month.origin == "measured"


def test_turns_are_estimated_from_facts_if_the_backend_has_none():
    facts_only = volume(episodes=0)
    taken_load = workload.workload(BOOK, facts_only, {})
    assert taken_load.facts_per_turn.origin == "assumed"
    assert taken_load.turns_per_user_month.value == Decimal("33.3333")


@pytest.mark.parametrize(
    ("numbers", "where"),
    [
        ({"users": "-1"}, "--users"),
        ({"users": "1.5"}, "--users"),
        ({"months": "0"}, "--months"),
        ({"months": "121"}, "--months"),
        ({"growth": "-2"}, "--growth"),
        ({"facts_per_turn": "NaN"}, "--facts-per-turn"),
    ],
)
def test_invalid_numbers_are_refused_with_the_option_name(numbers: dict[str, str], where: str):
    with pytest.raises(UsageError) as wrong:
        load(**numbers)
    assert wrong.value.where == where


def test_growth_is_read_in_common_notations():
    assert [requests.growth(text) for text in ("8%/month", "8%", "0.08", "-5 %")] == [
        Decimal("0.08"),
        Decimal("0.08"),
        Decimal("0.08"),
        Decimal("-0.05"),
    ]
    assert requests.growth(None) is None
    with pytest.raises(UsageError, match="invalid growth 'fast'"):
        requests.growth("fast")


def test_zero_users_cost_the_base_price_of_each_plan():
    report = comparison.compare(BOOK, load(users=0), CHOSEN)
    assert {cost.system: cost.total for cost in report.costs[0]} == {
        "mem0": 0,
        "zep": 0,
        "letta": 20,
        "postgres": Decimal("11.68"),
        "local": 0,
    }


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, 50_000),
    st.integers(0, 50_000),
    st.decimals(0, 500, places=1),
    st.decimals(0, 2, places=2),
    st.sampled_from(sorted(BOOK.systems)),
)
def test_more_users_never_cost_less(users: int, more: int, turns: Decimal, facts: Decimal, system: str):
    """Neither within the tiers of a plan nor when a larger plan is chosen."""
    asked = load(users=1, turns_per_user_month=str(turns), facts_per_turn=str(facts))
    months = [workload.steady(asked, BOOK, number) for number in (users, users + more)]
    few, many = (pricing.cost(system, BOOK, month, CHOSEN).total for month in months)
    if many is not None:
        assert few is not None
        assert few <= many


def test_a_crossing_is_the_first_number_of_users_with_another_order():
    curves = cost_curves.curves(load(), BOOK, CHOSEN)
    assert curves.crossings
    for crossing in curves.crossings:

        def usd(system: str, users: int) -> Decimal:
            return pricing.cost(system, BOOK, workload.steady(load(), BOOK, users), CHOSEN).total

        users, cheaper, dearer = crossing.users, crossing.cheaper, crossing.dearer
        assert usd(cheaper, users) == crossing.usd < usd(dearer, users)
        assert usd(cheaper, users - 1) >= usd(dearer, users - 1)


def test_a_curve_ends_at_the_maximum_of_users_of_the_plans():
    curves = cost_curves.curves(load(), BOOK, CHOSEN)
    assert curves.ends["mem0"] == 1000
    assert curves.ends["zep"] is None
    at = workload.steady(load(), BOOK, 1000), workload.steady(load(), BOOK, 1001)
    assert [pricing.cost("mem0", BOOK, usage, CHOSEN).total for usage in at] == [249, None]
    for key, costs in curves.costs.items():
        totals = [cost.total for cost in costs if cost.total is not None]
        assert all(few <= many for few, many in pairwise(totals)), key


def test_the_claim_of_200_dollars_is_checked_for_each_system():
    verdicts = {one.system: one for one in cost_curves.curves(load(), BOOK, CHOSEN).verdicts}
    assert {key: one.under for key, one in verdicts.items()} == {
        "mem0": False,
        "zep": False,
        "letta": True,
        "postgres": True,
        "local": None,
    }
    zep = [pricing.cost("zep", BOOK, workload.steady(load(), BOOK, n), CHOSEN).total for n in (1000, 100_000)]
    assert zep == [250, 18_750]
    assert verdicts["zep"].exponent == pytest.approx(math.log10(75) / 2)
    assert verdicts["zep"].superlinear is False
    april = price_book.load("2026-04")
    free = pricing.models(april, "rules", "static")
    bounds = cost_curves.curves(workload.workload(april, None, {}), april, free).verdicts
    by_system = {one.system: (one.under, one.bound, one.superlinear) for one in bounds if one.system != "local"}
    assert by_system == dict.fromkeys(("mem0", "zep", "letta", "postgres"), (True, True, None))


def test_every_assumption_is_listed_with_its_reason():
    report = comparison.compare(BOOK, load(), CHOSEN)
    reasons = {place: one.said for one in report.assumptions for place in one.places}
    assert "one add request" in reasons["turns_per_add"]
    assert "one agent per user" in reasons["agents_per_user"]
    assert "searches_per_turn" in reasons
    assert "facts_per_turn" not in reasons, "measured values are not assumptions"
    assert "users" not in {
        place for one in comparison.compare(BOOK, load(users=1000), CHOSEN).assumptions for place in one.places
    }
    hundred_thousand = [one.said for one in report.assumptions if "db.r6i.16xlarge" in one.said]
    assert hundred_thousand, "the plans in the table by users depend on it"


def test_the_parts_of_a_cost_add_up_also_in_json():
    report = comparison.compare(BOOK, load(growth="0.08"), CHOSEN)
    document = json_csv.comparison(report)
    for month in document["months"]:
        for cost in month["costs"]:
            if cost["total"] is None:
                assert cost["parts"] == {}
            else:
                assert sum(cost["parts"].values()) == pytest.approx(cost["total"], abs=0.001)
    assert document["systems"]["zep"]["total"] == pytest.approx(sum(m["costs"][1]["total"] for m in document["months"]))
    assert document["systems"]["mem0"]["total"] is None
    rows = json_csv.csv(json_csv.comparison_rows(report)).splitlines()
    assert len(rows) == 1 + 12 * 5
    assert rows[1] == "1,1000,mem0,Pro,249,249,0,0,0,0,1"


def test_a_migration_counts_calls_credits_and_tokens():
    moved = migration_cost.Load(users=3, records=1_001, tokens=9_000, sizes={100: 1_000, 351: 1}, said="made up")
    price = migration_cost.move("mem0:zep", BOOK, moved, CHOSEN)
    assert (price.read_calls, price.write_calls) == (3 + 5, 11)
    assert price.drivers == {"episode_credits": 1_002}
    assert (price.quote.plan, price.quote.total) == ("Free", 0)
    assert price.minutes == Decimal(11) / 600
    assert (price.embedding, price.rederived) == (0, None)
    assert any("what a written edge costs" in said for said in price.assumptions)
    back = migration_cost.move("zep:mem0", BOOK, moved, CHOSEN)
    assert back.write_calls == back.drivers["add_requests"] == 1_001
    own = migration_cost.move("letta:postgres", BOOK, moved, CHOSEN)
    assert own.embedding == Decimal(9_000) * Decimal("0.02") / 1_000_000
    assert own.rederived > 0
    assert own.write_calls == 1
    nothing = migration_cost.move(
        "mem0:zep", BOOK, migration_cost.Load(users=0, records=0, tokens=0, sizes={}, said=""), CHOSEN
    )
    assert (nothing.read_calls, nothing.write_calls, nothing.quote.total) == (0, 0, 0)


@pytest.mark.parametrize("route", ["mem0", "mem0:", "mem0:redis", ":zep", "redis:zep"])
def test_an_unknown_route_lists_the_systems(route: str):
    with pytest.raises(UsageError, match="invalid route") as wrong:
        migration_cost.move(
            route, BOOK, migration_cost.Load(users=1, records=1, tokens=1, sizes={1: 1}, said=""), CHOSEN
        )
    assert "mem0, zep, letta, postgres, local" in str(wrong.value.hint)
