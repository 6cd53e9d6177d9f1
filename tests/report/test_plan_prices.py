"""The cost of a plan is exact at every boundary of the price lists; otherwise budgets would be wrong."""

from decimal import Decimal
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memctl.report import price_book, pricing
from memctl.report.price_book import Figure, Meter, Plan, Tier

BOOK = price_book.load("2026-11")


def total(system: str, plan: str, **drivers: float | str) -> Decimal | None:
    """USD of a named plan for quantities of drivers; None if they exceed the plan."""
    (chosen,) = (each for each in BOOK.systems[system].plans if each.name == plan)
    quoted = pricing.quote(chosen, BOOK, {name: Decimal(str(amount)) for name, amount in drivers.items()})
    return None if quoted is None else quoted.total


@pytest.mark.parametrize(
    ("plan", "price", "adds", "searches"),
    [("Hobby", 0, 10_000, 1_000), ("Starter", 19, 50_000, 5_000), ("Pro", 249, 500_000, 50_000)],
)
def test_mem0_plans_end_at_their_quotas_and_have_no_overage(plan: str, price: int, adds: int, searches: int):
    assert total("mem0", plan) == price
    assert total("mem0", plan, add_requests=adds, searches=searches) == price
    assert total("mem0", plan, add_requests=adds + 1) is None
    assert total("mem0", plan, searches=searches + 1) is None


@pytest.mark.parametrize(
    ("plan", "used", "price"),
    [
        ("Free", 10_000, 0),
        ("Free", 10_001, None),
        ("Flex", 0, 125),
        ("Flex", 50_000, 125),
        ("Flex", 50_001, 150),
        ("Flex", 60_000, 150),
        ("Flex", 60_001, 175),
        ("Flex", 1_000_000, 125 + 95 * 25),
        ("Flex Plus", 200_000, 375),
        ("Flex Plus", 200_001, 450),
        ("Flex Plus", 240_000, 450),
        ("Flex Plus", 240_001, 525),
    ],
)
def test_zep_bills_started_blocks_of_credits(plan: str, used: int, price: int | None):
    assert total("zep", plan, episode_credits=used) == price


def test_letta_bills_agents_and_seconds_to_the_fraction():
    assert total("letta", "API Plan") == 20
    assert total("letta", "API Plan", active_agents=1) == Decimal("20.10")
    assert total("letta", "API Plan", active_agents=3, tool_seconds=1) == Decimal("20.30015")
    assert total("letta", "API Plan", tool_seconds="0.5") == Decimal("20.000075")


def test_postgres_costs_an_instance_for_the_vectors_plus_storage():
    assert total("postgres", "db.t4g.micro", memory_gb=0.5, storage_gb=10) == Decimal("11.68") + Decimal("1.15")
    assert total("postgres", "db.t4g.micro", memory_gb="0.500001") is None
    assert total("postgres", "db.t4g.micro", peak_searches="200.1") is None
    sharded = "db.r6i.16xlarge, sharded"
    assert total("postgres", sharded, memory_gb=256) == 5840
    assert total("postgres", sharded, memory_gb="256.1") == 2 * 5840
    assert total("postgres", sharded, memory_gb=513) == 3 * 5840


def test_the_local_store_is_free_up_to_the_measured_size():
    assert total("local", "one DuckDB file", records_stored=1_000_000) == 0
    assert total("local", "one DuckDB file", records_stored=1_000_001) is None


@pytest.mark.parametrize(
    ("system", "drivers", "plan"),
    [
        ("mem0", {"searches": 1_000}, "Hobby"),
        ("mem0", {"searches": 1_001}, "Starter"),
        ("mem0", {"searches": 50_001}, None),
        ("zep", {"episode_credits": 10_000}, "Free"),
        ("zep", {"episode_credits": 10_001}, "Flex"),
        ("zep", {"episode_credits": 150_000}, "Flex"),
        ("zep", {"episode_credits": 150_001}, "Flex Plus"),
        ("postgres", {"memory_gb": 1}, "db.t4g.small"),
        ("postgres", {"memory_gb": 128}, "db.r6i.8xlarge"),
        ("postgres", {"memory_gb": 129}, "db.r6i.16xlarge, sharded"),
    ],
)
def test_the_cheapest_fitting_plan_is_chosen(system: str, drivers: dict, plan: str | None):
    quoted = pricing.cheapest(BOOK.systems[system], BOOK, {name: Decimal(amount) for name, amount in drivers.items()})
    assert (quoted.plan if quoted else None) == plan


def figure(value: float | str) -> Figure:
    return Figure(Decimal(str(value)), "plan-claim", "assumption")


def test_graduated_tiers_price_each_unit_by_the_tier_it_falls_in():
    meter = Meter(
        driver="facts_stored",
        included=figure(100),
        tiers=(
            Tier(price=figure(2), up_to=figure(200)),
            Tier(price=figure(30), per=figure(50), up_to=figure(500), whole=True),
            Tier(price=figure("0.5")),
        ),
    )
    ended = msgspec.structs.replace(meter, tiers=meter.tiers[:2])

    def usd(quantity: float | str) -> Decimal | None:
        charged = pricing.charge(meter, Decimal(str(quantity)))
        return None if charged is None else charged.usd

    assert [usd(amount) for amount in (0, 100, 101, 200)] == [0, 0, 2, 200]
    assert [usd(amount) for amount in (201, 250, 251, 500)] == [230, 230, 260, 380]
    assert [usd(amount) for amount in (501, "501.5", 600)] == [Decimal("380.5"), Decimal("380.75"), 430]
    assert pricing.charge(ended, Decimal(500)) is not None
    assert pricing.charge(ended, Decimal("500.001")) is None


def hundredths(least: int, most: int) -> st.SearchStrategy[Decimal]:
    """Amounts with two places. Hypothesis' own decimals are slow to draw."""
    return st.integers(least * 100, most * 100).map(lambda number: Decimal(number) / 100)


amounts = hundredths(0, 1_000_000)
drivers = st.sampled_from(("add_requests", "searches", "tool_seconds"))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    meters = []
    for driver in draw(st.lists(drivers, unique=True, max_size=3)):
        reached = draw(amounts)
        included = figure(str(reached))
        tiers = []
        for _ in range(draw(st.integers(0, 3))):
            end = reached + draw(hundredths(1, 100_000))
            per = draw(st.none() | hundredths(1, 1000))
            tiers.append(
                Tier(
                    price=figure(str(draw(amounts))),
                    per=None if per is None else figure(str(per)),
                    up_to=figure(str(end)),
                    whole=draw(st.booleans()),
                )
            )
            reached = end
        if tiers and draw(st.booleans()):
            tiers[-1] = msgspec.structs.replace(tiers[-1], up_to=None)
        meters.append(Meter(driver=driver, included=included, tiers=tuple(tiers)))
    return Plan(name="made up", price=figure(str(draw(amounts))), meters=tuple(meters))


@given(plans(), st.dictionaries(drivers, amounts), drivers, amounts)
def test_cost_within_a_plan_never_falls_with_volume(plan: Plan, used: dict, driver: str, more: Decimal):
    before = pricing.quote(plan, BOOK, used)
    after = pricing.quote(plan, BOOK, used | {driver: used.get(driver, Decimal(0)) + more})
    if after is None:
        return
    assert before is not None, "a plan that allows more also allows less"
    assert before.total <= after.total
    assert after.total == after.base + sum(charge.usd for charge in after.charges)


@given(
    st.sampled_from(sorted(BOOK.systems)),
    st.dictionaries(st.sampled_from(get_args(price_book.Driver)), st.integers(0, 3_000_000)),
)
def test_no_other_fitting_plan_is_cheaper_than_the_chosen_one(system: str, used: dict):
    quantities = {name: Decimal(amount) for name, amount in used.items()}
    fitting = [pricing.quote(plan, BOOK, quantities) for plan in BOOK.systems[system].plans]
    chosen = pricing.cheapest(BOOK.systems[system], BOOK, quantities)
    totals = [quoted.total for quoted in fitting if quoted is not None]
    assert (chosen is None) == (not totals)
    if chosen is not None:
        assert chosen.total == min(totals)


def test_tokens_are_priced_by_model_only_if_the_user_pays_for_them():
    from memctl.report.workload import Usage

    usage = Usage(
        month=1,
        users=1,
        drivers={"turns": Decimal(1000)},
        turn_tokens=Decimal(28_000),
        fact_tokens=Decimal(2_000),
    )
    chosen = pricing.models(BOOK, "gpt-5-mini", "text-embedding-3-small")
    own = pricing.cost("local", BOOK, usage, chosen)
    given_tokens, written = 28_000 * Decimal("1.15") + 83_000, 24_000
    assert own.llm == (given_tokens * Decimal("0.25") + written * 2) / 1_000_000
    assert own.embedding == Decimal("0.0006")
    assert own.total == own.llm + own.embedding
    hosted = pricing.cost("zep", BOOK, usage, chosen)
    assert hosted.tokens == 0
    rules = pricing.cost("local", BOOK, usage, pricing.models(BOOK, "rules", "static"))
    assert rules.total == 0


def test_an_unknown_model_lists_those_with_a_price():
    from memctl.core.errors import UsageError

    with pytest.raises(UsageError, match="unknown model 'gpt-9'") as wrong:
        pricing.models(BOOK, "gpt-9")
    assert wrong.value.where == "--model"
    assert "gpt-5-mini" in str(wrong.value.hint)
    assert "rules" in str(wrong.value.hint)


def test_costs_based_on_unconfirmed_figures_are_marked():
    assert pricing.quote(BOOK.systems["zep"].plans[1], BOOK, {}).assumed is False
    assert pricing.quote(BOOK.systems["letta"].plans[0], BOOK, {}).assumed is True
    april = price_book.load("2026-04")
    bound = pricing.cheapest(april.systems["zep"], april, {"users": Decimal(1000)})
    assert (bound.total, bound.bound, bound.assumed) == (200, True, True)
    assert pricing.cheapest(april.systems["zep"], april, {"users": Decimal(1001)}) is None
