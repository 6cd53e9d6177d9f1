"""Patterns for texts in lower case match where the others do."""

import re

import pytest

from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.lower_case import for_lower_case
from memctl.extract.patterns.wordlist import lowered

LOWER_CASE = (
    (r"\b(?:Anna|bob)\b", "ANNA", True),
    (r"(?-i:[A-ZÀ-Þ])\w+ lives", "Éva lives", True),
    (r"(?-i:[A-ZÀ-Þ])\w+ lives", "éva lives", False),
    (r"^(?!(?-i:Dr)\b)\w+ is in", "DR is in", True),
    (r"\bi (?!am\b)\w+", "I AM", False),
    (r"[^a-c]x", "Dx", True),
    (r"la[sz]t", "laſt", True),
    (r"(?:ab){2}c", "ABabC", True),
    (r"(?-i:[A-ZÀ-Þ])[\w\-À-ž]+ is my", "ÁNA IS MY", True),
    (r"[À-ž]x", "ıx", True),
    (r"[ſ]x", "Sx", True),
)


@pytest.mark.parametrize(("pattern", "text", "matches"), LOWER_CASE)
def test_the_pattern_for_lower_case_matches_where_the_other_does(pattern: str, text: str, matches: bool) -> None:
    small = for_lower_case(pattern, re.IGNORECASE)
    assert bool(re.search(pattern, text, re.IGNORECASE)) is matches
    assert small is not None
    assert small.search(lowered(text)) or not matches


@pytest.mark.parametrize("pattern", [r"(?-i:[^A-Z])x", r"(?P<a>x)(?(a)y|z)", r"(?>ab)c", r"\dµg"])
def test_a_pattern_that_lower_case_may_change_has_no_such_pattern(pattern: str) -> None:
    assert for_lower_case(pattern, re.IGNORECASE) is None
    assert for_lower_case("x", 0) is None


@pytest.mark.parametrize(("text", "span"), [("Anna", (0, 4)), ("anna, Bnna", (6, 10)), ("anna", None)])
def test_a_match_is_found_after_one_that_is_none_because_of_its_case(text: str, span: tuple[int, int] | None) -> None:
    pattern = KeyedPattern(r"\b(?-i:[AB])nna\b")
    lower = for_lower_case(pattern.text, pattern.flags)
    assert lower is not None
    match = pattern.first_as(lower, text)
    assert (match and match.span()) == span
