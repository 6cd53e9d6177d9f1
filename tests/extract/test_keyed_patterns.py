"""Skipping the patterns whose words are not in a text loses no match."""

import re
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import memctl.extract
from memctl.extract.dialogue import doubts
from memctl.extract.extractor import extract
from memctl.extract.patterns.hints import HintIndex
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern, OpeningPattern, keys_in, keys_of, opening_in
from memctl.extract.rule_tables import PHRASES, TOPICS, filled, phrases, records
from memctl.extract.statements import details, phrase_rules
from memctl.transcripts.model import Session, Turn

DATA = sorted((Path(__file__).parent / "data").glob("*.tsv"))
TEXTS = [record["example"] for table in (*TOPICS, *PHRASES) for record in records(table)] + [
    line.partition("\t")[0] for file in DATA for line in file.read_text(encoding="utf-8").splitlines()
]
CASES = (
    (r"\b(?:said|says) nobody\b", ("He SAID nobody came", "says nobody")),
    (r"\b(?:the )?cat\b", ("the cat", "a cat", "Cat")),
    (r"\bdivorc\w+", ("Divorced", "divorcing")),
    (r"\b(?:really )*love\b", ("love", "really really love")),
    (r"\bi(?:'m| am) (?:vegan|\d+)", ("I'm vegan", "i am 40")),
    (r"(?:^|\s)/s\b|\bjk\b", ("great /s", "jk")),
    (r"\banaly[sz]e\b|\bcolou?rs?\b", ("analyze", "ANALYſE", "colour", "colors")),
    (r"\b(?:no|n)(?:pe)?[,.]* wait\b", ("no wait", "nope, wait", "nwait no wait")),
    (r"\bin (?:my|the) (?:19|20)?\d0s\b", ("in the 90s", "in my 1990s")),
    (r"\bco-?op\b", ("coop", "co-op")),
    (r"(?:sub)?marine", ("submarine", "ultramarine")),
    (r"\b(?!x)kids?\b(?<=s)", ("kids",)),
    (r"^\W*(?:so )?if\b", ("If", "...so if", "\nif")),
    (r"\byou\b[ ,]*(?:are|'re) (?:an?|the) ", ("you are a ", "you, are the ")),
    (r"\bfoo(?:\s+bar){1,2}\b", ("foo bar bar", "foo\tbar")),
    (r"\b(?:w[io]n|lose)s?\b", ("wins", "WON", "loſe")),
    (r"\b(?-i:[AB])nna\b", ("Anna", "Bnna")),
    (r"\bskı\b|\bski\b", ("skİ", "SKI", "skı")),
)


MODULES = [import_module(module.name) for module in walk_packages(memctl.extract.__path__, "memctl.extract.")]


def patterns() -> list[KeyedPattern]:
    named = [value for module in MODULES for value in vars(module).values() if isinstance(value, KeyedPattern)]
    return [*named, *details._compiled().patterns, *(cue for _, cue in doubts._CUES)]


def groups() -> list[KeyedGroup]:
    named = [value for module in MODULES for value in vars(module).values() if isinstance(value, KeyedGroup)]
    return [*named, details._compiled()]


def every_rule_whose_hint_is_looked_for_alone(
    index: HintIndex[Any], lowered: str, hints: Iterable[str] | None = None
) -> list[Any]:
    numbers = {number for hint, numbers in index.numbers.items() if hint in lowered for number in numbers}
    return [rule for number, rule in enumerate(index.rules) if number in numbers]


@pytest.mark.parametrize(("pattern", "texts"), CASES, ids=[pattern for pattern, _ in CASES])
def test_every_text_that_a_pattern_matches_contains_its_keys(pattern: str, texts: tuple[str, ...]) -> None:
    keys = keys_of(pattern)
    for text in texts:
        for whole in (text, f"(x {text} y)"):
            if re.search(pattern, whole, re.IGNORECASE):
                assert keys is None or not keys.isdisjoint(keys_in(whole)), (sorted(keys), whole)


def test_no_matching_rule_is_skipped() -> None:
    everywhere = {pattern.text: pattern for pattern in patterns()}.values()
    keyed = [(keys_of(pattern.text, pattern.flags), pattern.compiled()) for pattern in everywhere]
    assert sum(keys is not None for keys, _ in keyed) > len(keyed) // 2
    for text in [*TEXTS[::9], *map(str.upper, TEXTS[::45])]:
        words = keys_in(text)
        for keys, pattern in keyed:
            if keys is not None and keys.isdisjoint(words):
                assert not pattern.search(text), (pattern.pattern, text)


def test_no_matching_clause_opener_is_skipped() -> None:
    openings = [(pattern, pattern.computed()) for pattern in patterns() if isinstance(pattern, OpeningPattern)]
    matches = 0
    for text in [*TEXTS, *(f"... {text.upper()}" for text in TEXTS[::5])]:
        for pattern, keys in openings:
            if keys is not None and pattern.compiled().match(text):
                matches += 1
                assert not keys.isdisjoint(opening_in(text)), (pattern.text, text)
    assert matches > 100


def test_no_phrase_is_skipped_in_its_own_example() -> None:
    for row in (row for table in PHRASES for row in phrases(table)):
        keys, pattern = keys_of(filled(row.pattern)), re.compile(filled(row.pattern), re.IGNORECASE)
        for text in (row.example, row.example.upper(), row.example.replace("s", "ſ")):
            if keys is not None and pattern.search(text):
                assert not keys.isdisjoint(keys_in(text)), (row.pattern, text)


def test_each_phrase_has_one_of_its_hints_in_a_text_in_which_it_matches() -> None:
    rows = [(row, re.compile(filled(row.pattern), re.IGNORECASE)) for table in PHRASES for row in phrases(table)]
    lost = [
        (row.pattern, text)
        for row, pattern in rows
        for text in (row.example, *TEXTS[::25])
        if pattern.search(text) and not any(hint in text.lower() for hint in row.hints)
    ]
    assert not lost


@given(
    text=st.text("abc ", max_size=30), hints=st.sets(st.text("abc ", min_size=1, max_size=4), min_size=1, max_size=9)
)
def test_all_hints_of_a_text_are_found_even_where_they_overlap(text: str, hints: set[str]) -> None:
    index = HintIndex((hint, [hint]) for hint in sorted(hints))
    expected = [hint for hint in sorted(hints) if hint in text]
    assert index.due(text) == expected
    index.left = 0
    assert index.due(text) == expected
    assert index.due(text, index.hints(f"{text} abc")) == expected


def test_facts_are_the_same_if_every_pattern_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = tuple(Turn(turn_id=str(number), role="user", text=text) for number, text in enumerate(TEXTS[::3]))
    sessions = [Session(source_format="test", session_id="s", turns=turns[at : at + 40]) for at in range(0, 200, 40)]
    for session in sessions:
        extract(session, "alice")  # so that the keys are computed
    skipped = [extract(session, "alice") for session in sessions]
    phrase_rules._keyed.cache_clear()
    for pattern in (*patterns(), *groups()):
        monkeypatch.setattr(pattern, "keys", None)
        monkeypatch.setattr(pattern, "left", 0)
    monkeypatch.setattr(KeyedPattern, "warming", KeyedPattern.compiled)
    monkeypatch.setattr(HintIndex, "due", every_rule_whose_hint_is_looked_for_alone)
    assert [extract(session, "alice") for session in sessions] == skipped
    assert sum(map(len, skipped)) > 60
