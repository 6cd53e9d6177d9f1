"""A person is shown under the longest of their names, and facts supersede each other under all of them."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from campaigns import campaign_cases
from examples import FACTOR

import memctl

pytestmark = pytest.mark.engines(campaign="postgres")

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def current_facts(path, turns, order=None):
    """The current facts about others as "subject: predicate=object", from a session for each (speaker, text)."""
    with memctl.open("local", path=path) as memory:
        for n in order or range(len(turns)):
            speaker, text = turns[n]
            memory.add(
                "bob", [{"role": "user", "name": speaker, "content": text, "at": START + timedelta(days=200 * n)}]
            )
        facts = memory.facts("bob")
    return sorted(f"{fact.subject}: {fact.predicate}={fact.object}" for fact in facts if fact.subject != "bob")


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (
            [("Alice Morel", "I live in Oslo."), ("Alice", "I live in Rome now.")],
            ["Alice Morel: lives_in=Rome"],
        ),
        (
            [("alice", "I live in Oslo."), ("bob", "My friend Alice moved to Rome."), ("Alice Morel", "I like tea.")],
            ["Alice Morel: lives_in=Rome", "Alice Morel: likes=tea"],
        ),
        (
            [("خالد", "I live in Amman."), ("khalid", "I moved to Doha.")],
            ["خالد: lives_in=Doha"],
        ),
        (
            [("bob", "My mum lives in Cork."), ("bob", "My mother moved to Galway.")],
            ["mother: lives_in=Galway"],
        ),
        *campaign_cases(
            ([("bob", "my dad works at Ford"), ("bob", "my father works at Seat")], ["father: works_at=Seat"]),
        ),
        (
            [("Alice Morel", "I live in Oslo."), ("Alice Chen", "I live in Rome."), ("Alice", "I live in Bonn.")],
            ["Alice Chen: lives_in=Rome", "Alice Morel: lives_in=Oslo", "Alice: lives_in=Bonn"],
        ),
        (
            [("bob", "My sister lives in Cork."), ("bob", "My sister in law lives in Bath.")],
            ["sister: lives_in=Cork", "sister in law: lives_in=Bath"],
        ),
        (
            [("bob", "My brother Ali works at Ford."), ("bob", "My boss Ali Hassan works at Seat.")],
            ["Ali Hassan: works_at=Seat", "Ali: works_at=Ford"],
        ),
    ],
    ids=("speaker", "three names", "script", "mum", "dad", "two Alices", "in-law", "two relations"),
)
def test_names_of_one_person_are_one_subject_in_any_order_of_reading(store, tmp_path, turns, expected):
    orders = list(permutations(range(len(turns))))
    # In order and reversed; `make torture` tries every order.
    for n, order in enumerate(orders if FACTOR > 1 else (orders[0], orders[-1])):
        assert current_facts(tmp_path / f"{n}.duckdb", turns, order) == sorted(expected)


@pytest.mark.engines
def test_a_name_that_is_no_longer_used_is_not_shown(store):
    turns = [("alice", "I live in Oslo."), ("Alice Morel", "I like tea.")]
    assert current_facts(store, turns) == ["Alice Morel: likes=tea", "Alice Morel: lives_in=Oslo"]
    with memctl.open("local", path=store) as memory:
        (episode,) = [
            hit.fact for hit in memory.search("bob", "I like tea", kinds=("episode",)) if "tea" in hit.fact.text
        ]
        memory.backend.delete("bob", [episode.id])
        assert [fact.subject for fact in memory.facts("bob")] == ["alice"]
