"""A change written with an arrow replaces the value that was told before."""

import pytest
from spelt_claims import said, spelt


def told_last(*messages: str) -> list[str]:
    """The claims of the last message, in order."""
    return [spelt(claim) for claim in said(*messages)[len(said(*messages[:-1])) :]]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("My office is Room 4", "Room 4 => Room 9", "detail/office=Room 9"),
        ("My office is Room 4", "Office: Room 4 → Room 9 from Monday", "detail/office=Room 9"),
        ("My rent is 900 euros", "rent 900 -> 950", "detail/rent=950 euros"),
        ("I'm 15", "15 -> 16", "age=16"),
        ("My daughter Ida is 15", "Ida 15 -> 16", "Ida:age=16"),
        ("I take ramipril 5 mg", "ramipril 5 mg → 10 mg", "takes_medication=ramipril ; dose/ramipril=10 mg"),
        ("I live in Leeds", "Leeds → York", "lives_in=York"),
        ("I use vim", "vim -> zed", "-uses=vim ; uses=zed"),
        ("Hello", "rent: 900 → 950 from May", "detail/rent=950"),
    ],
)
def test_the_value_after_an_arrow_replaces_the_one_before_it(before: str, after: str, expected: str) -> None:
    assert " ; ".join(told_last(before, after)) == expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("My rent is 900 euros", "fare 900 -> 950"),
        ("My office is Room 4", "click Room 4 -> Room 9 in the map"),
        ("I live in Leeds", "Leeds → York at 9"),
        ("I live in Leeds", "Leeds → York → Hull"),
        ("I live in Leeds", "train Leeds → York"),
        ("I have a dentist appointment on 24 March", "hygienist 24th → 29th"),
    ],
)
def test_an_arrow_between_other_things_changes_nothing(before: str, after: str) -> None:
    assert told_last(before, after) == []


@pytest.mark.parametrize(
    ("message", "day"),
    [
        ("dentist 24th → 29th", 29),
        ("24th -> 31st", 31),
        ("dentist moved 24 March → 29 March", 29),
    ],
)
def test_an_arrow_between_days_moves_the_plan(message: str, day: int) -> None:
    before, after = said("I have a dentist appointment on 24 March", message)
    assert (before.predicate, before.object) == (after.predicate, after.object) == ("plans", "dentist appointment")
    assert after.valid_at is not None
    assert (after.valid_at.month, after.valid_at.day) == (3, day)
    assert f"on {day} March 2026" in after.text
    assert after.quote in message
