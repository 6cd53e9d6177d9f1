"""Readings of the neural extractor in turns with several people: each fact is given to the right one, or dropped."""

from datetime import UTC, datetime
from typing import Any

import pytest

from memctl.extract.draft_claim import Draft
from memctl.extract.neural.decoding import Reading
from memctl.extract.neural.drafts import combined

AT = datetime(2026, 3, 14, 12, tzinfo=UTC)


def _reading(text: str, words: str, predicate: str, **more: Any) -> Reading:
    start = text.index(words)
    return Reading(
        predicate=predicate, object=(start, start + len(words)), scores=(1, 1, 1, 1), **{"confidence": 0.9} | more
    )


def _drafts(text: str, read: tuple[str, str, dict[str, Any]], named: tuple[str, ...]) -> list[Draft]:
    """The drafts of one reading; the model has also read the names of the people and drugs in `named`."""
    words, predicate, more = read
    others = [
        _reading(text, one, "relation" if one[0].isupper() else "takes_medication", confidence=0.4, slot="friend")
        for one in named
    ]
    return combined(text, AT, [*others, _reading(text, words, predicate, **more)], [], [])


@pytest.mark.parametrize(
    ("text", "read", "named"),
    [
        ("hes 41 and can look for himself", ("41", "age", {}), ()),
        ("his knee is bad, has arthritis", ("arthritis", "has_condition", {}), ()),
        ("met the boy, 24, at the yard", ("24", "age", {}), ()),
        ("My neighbour came round, told me she's moving to Hull", ("moving to Hull", "plans", {}), ()),
        ("Lives out in Hull with my daughter.", ("Hull", "lives_in", {}), ()),
        ("works at the library now", ("library", "works_at", {}), ()),
        ("It will be called Nordwind", ("Nordwind", "name", {}), ()),
        ("Priya, 39, architect", ("39", "age", {}), ("Priya",)),
        ("Omar works in Oslo now", ("Oslo", "lives_in", {}), ("Omar",)),
        ("We met Ida and her son Leo, who is nine", ("nine", "age", {"subject": "Ida"}), ("Leo",)),
        ("They have Leo, who is nine, and my son Omar", ("nine", "age", {"subject": "Omar"}), ("Leo",)),
        ("A solicitor in Bath, she is married to Huw.", ("solicitor", "job_title", {"subject": "Huw"}), ()),
        ("my son Omar and my tortoise Pip. She is 22", ("22", "age", {"subject": "Omar"}), ("Pip",)),
        ("Ramipril as before, and atorvastatin 20", ("20", "dose", {"slot": "Ramipril"}), ("atorvastatin",)),
    ],
)
def test_a_fact_about_one_person_is_not_given_to_another(
    text: str, read: tuple[str, str, dict[str, Any]], named: tuple[str, ...]
) -> None:
    assert _drafts(text, read, named) == []


@pytest.mark.parametrize(
    ("text", "read", "named"),
    [
        ("she's put me on lozenges, 4 mg", ("lozenges", "takes_medication", {}), ()),
        ("I'm Omar, 39, architect", ("39", "age", {}), ()),
        ("my brother Kuba is a physio", ("physio", "job_title", {"subject": "my brother"}), ("Kuba",)),
        ("my sister, Kuba, is a physio", ("physio", "job_title", {"subject": "my sister"}), ("Kuba",)),
        ("Omar takes metformin 500", ("500", "dose", {"subject": "Omar", "slot": "metformin"}), ("metformin",)),
        ("Omar is on metformin and works at Tesco", ("Tesco", "works_at", {"subject": "Omar"}), ("metformin",)),
        ("Omar has two cats, Pip and Moss", ("Moss", "has_pet", {"subject": "Omar", "slot": "cats"}), ("Pip",)),
        ("Leo is nine and Omar is six", ("six", "age", {"subject": "Omar"}), ("Leo",)),
        ("Ramipril 5 and atorvastatin 20", ("20", "dose", {"slot": "atorvastatin"}), ("Ramipril",)),
    ],
)
def test_a_fact_about_the_nearest_person_is_kept(
    text: str, read: tuple[str, str, dict[str, Any]], named: tuple[str, ...]
) -> None:
    assert [one.predicate for one in _drafts(text, read, named)] == [read[1]]


@pytest.mark.parametrize(
    ("text", "name", "slot", "named"),
    [
        ("me, dre and steves wife Pam", "Pam", "wife", ()),
        ("His wife Pam is lovely", "Pam", "wife", ()),
        ("her father Jerzy is diabetic and my mother Halina is not", "Jerzy", "mother", ()),
        ("they had the baby, a girl, Mira. my accountant had a stroke", "Mira", "accountant", ()),
        ("I saw Theo. my accountant had a stroke", "Theo", "accountant", ()),
        ("a lady called Verna at the market", "Verna", "lady", ()),
        ("the driver is a new boy, Kojo", "Kojo", "boy", ()),
        ("my son Omar, and Huw works for the bank", "Huw", "son", ("Omar",)),
    ],
)
def test_a_name_is_not_made_a_relative_of_the_speaker(text: str, name: str, slot: str, named: tuple[str, ...]) -> None:
    assert _drafts(text, (name, "relation", {"slot": slot}), named) == []


@pytest.mark.parametrize(
    ("text", "name", "slot", "named"),
    [
        ("My lassie Kirsty is a dental nurse", "Kirsty", "lassie", ()),
        ("my two college friends, Deepa and Farzana", "Farzana", "college friends", ("Deepa",)),
        ("the neurologist, Dr. Okafor, was kind", "Dr. Okafor", "neurologist", ()),
        ("my older sister Nerys farms sheep", "Nerys", "sister", ()),
    ],
)
def test_a_name_beside_its_relation_is_kept(text: str, name: str, slot: str, named: tuple[str, ...]) -> None:
    assert [one.object for one in _drafts(text, (name, "relation", {"slot": slot}), named)] == [name]


@pytest.mark.parametrize(
    ("text", "words", "predicate"),
    [
        ("due on 14 June", "due", "plans"),
        ("moving sat 30 aug", "moving", "plans"),
        ("PASSED PASSED PASSED", "PASSED PASSED PASSED", "event"),
    ],
)
def test_a_verb_that_does_not_say_what_is_not_stored(text: str, words: str, predicate: str) -> None:
    assert _drafts(text, (words, predicate, {}), ()) == []


@pytest.mark.parametrize(
    ("text", "words", "order"),
    [
        ("and put times the 24 hour way will you", "put times", "put times the 24 hour way"),
        ("yea but make it sound like a person wrote it", "make it sound", "make it sound like a person wrote it"),
        ("keep answers short and tell me about the trip", "keep answers", "keep answers short"),
    ],
)
def test_an_order_is_stored_whole(text: str, words: str, order: str) -> None:
    assert [one.object for one in _drafts(text, (words, "instruction", {}), ())] == [order]
