"""Skipping the patterns whose words are not in a text loses no match."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from threading import Event, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import memctl.extract
from memctl.extract.dialogue import doubts, rosters
from memctl.extract.extractor import extract
from memctl.extract.filters import assertion_filter
from memctl.extract.grammar import clause_cuts, clause_openers
from memctl.extract.patterns.hints import HintIndex
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern, OpeningPattern
from memctl.extract.patterns.lower_case import for_lower_case
from memctl.extract.patterns.pattern_keys import keys_of
from memctl.extract.patterns.rule_index import RuleIndex
from memctl.extract.patterns.word_masks import DIGIT, WORDS, WordMasks
from memctl.extract.patterns.wordlist import first_two_words, lowered, words_with_digits
from memctl.extract.people import ages, foreign_kinship, people, relatives_of_others, sentence_subjects, strangers
from memctl.extract.rule_tables import PHRASES, TOPICS, filled, frames, phrases, records
from memctl.extract.sentence_rules import SENTENCE_RULES, TURN_RULES
from memctl.extract.statements import (
    apposition,
    details,
    frame_matcher,
    languages,
    mentions,
    multilingual,
    phrase_rules,
    possessive_rules,
    self_introductions,
)
from memctl.extract.time import dates
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
    (r"\b\d+ (?:cats|dogs)\b|\bv[0-9]", ("3 cats", "٣ dogs", "v2")),
    (r"\bbak(?:er|ing)(?=$|[,.]| at\b)", ("baker", "baking at night")),
    (r"\bbak(?=e|,)", ("bake", "bak,")),
)


MODULES = [import_module(module.name) for module in walk_packages(memctl.extract.__path__, "memctl.extract.")]


def patterns() -> list[KeyedPattern]:
    named = [value for module in MODULES for value in vars(module).values() if isinstance(value, KeyedPattern)]
    return [*named, *details.DETAILS.patterns, *(cue for _, cue in doubts._CUES)]


def groups() -> list[KeyedGroup]:
    return [value for module in MODULES for value in vars(module).values() if isinstance(value, KeyedGroup)]


def filled_index(index: RuleIndex[Any]) -> RuleIndex[Any]:
    filled_one: RuleIndex[Any] = RuleIndex(index.needs)
    filled_one.left = 1
    filled_one.due("")
    return filled_one


def every_rule_whose_hint_is_looked_for_alone(index: HintIndex[Any], text: str) -> list[Any]:
    masks = [mask for hint, mask in index.masks.items() if hint in lowered(text)]
    return [rule for number, rule in enumerate(index.rules) if any(mask & 1 << number for mask in masks)]


def bits(masks: WordMasks, keys: Iterable[frozenset[str] | None]) -> list[int]:
    """The bit of each set of keys, 0 for patterns without keys."""
    return [0 if one is None else masks.add(one) for one in keys]


@pytest.mark.parametrize(("pattern", "texts"), CASES, ids=[pattern for pattern, _ in CASES])
def test_every_text_that_a_pattern_matches_contains_its_keys(pattern: str, texts: tuple[str, ...]) -> None:
    masks = WordMasks(words_with_digits)
    (bit,) = bits(masks, [keys_of(pattern)])
    for text in texts:
        for whole in (text, f"(x {text} y)"):
            if re.search(pattern, whole, re.IGNORECASE):
                assert not bit or bit & masks.of[whole], whole


def test_a_word_that_a_lookahead_ends_is_a_key_as_a_whole() -> None:
    assert keys_of(r"\bbaker(?=$|[,.;!]| (?:in|at)\b)") == {"baker"}
    assert keys_of(r"\bbaker(?=[,.]*\s)") == {"baker"}
    assert keys_of(r"\bbaker(?=s|$)") == {"bak-"}
    assert keys_of(r"\bbaker(?<=r)") == {"bak-"}


def test_no_matching_rule_is_skipped() -> None:
    everywhere = {pattern.text: pattern for pattern in patterns()}.values()
    masks = WordMasks(words_with_digits)
    keyed = bits(masks, [keys_of(pattern.text, pattern.flags) for pattern in everywhere])
    assert sum(map(bool, keyed)) > len(keyed) // 2
    for text in [*TEXTS[::9], *map(str.upper, TEXTS[::45])]:
        for bit, pattern in zip(keyed, everywhere, strict=True):
            if bit and not bit & masks.of[text]:
                assert not pattern.compiled().search(text), (pattern.text, text)


def test_no_matching_clause_opener_is_skipped() -> None:
    openings = [pattern for pattern in patterns() if isinstance(pattern, OpeningPattern)]
    masks, matches = WordMasks(first_two_words), 0
    keyed = bits(masks, [pattern.keys for pattern in openings])
    for text in [*TEXTS, *(f"... {text.upper()}" for text in TEXTS[::5])]:
        for bit, pattern in zip(keyed, openings, strict=True):
            if bit and pattern.compiled().match(text):
                matches += 1
                assert bit & masks.of[text], (pattern.text, text)
    assert matches > 100


def test_no_frame_is_skipped_where_it_matches_the_words_after_its_verb() -> None:
    patterns = sorted({frame.pattern for of_verb in frames().values() for frame in of_verb})
    openings = [frame_matcher._opening(pattern) for pattern in patterns]
    masks, matches = WordMasks(first_two_words), 0
    keyed = bits(masks, [pattern.keys for pattern in openings])
    assert sum(map(bool, keyed)) > len(keyed) // 2
    words = [text.split() for text in TEXTS[::2]]
    for rest in {" ".join(one[at:]) for one in words for at in range(1, min(4, len(one)))}:
        for bit, pattern in zip(keyed, openings, strict=True):
            if bit and pattern.compiled().match(rest):
                matches += 1
                assert bit & masks.of[rest], (pattern.text, rest)
    assert matches > 1000


def test_no_phrase_is_skipped_in_its_own_example() -> None:
    for row in (row for table in PHRASES for row in phrases(table)):
        masks, pattern = WordMasks(words_with_digits), re.compile(filled(row.pattern), re.IGNORECASE)
        (bit,) = bits(masks, [keys_of(filled(row.pattern))])
        for text in (row.example, row.example.upper(), row.example.replace("s", "ſ")):
            if bit and pattern.search(text):
                assert bit & masks.of[text], (row.pattern, text)


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


def test_the_first_match_is_found_where_the_pattern_for_lower_case_matches() -> None:
    both = [(one, for_lower_case(one.text, one.flags)) for one in patterns()]
    small = [(one, lower) for one, lower in both if lower is not None]
    assert len(small) > len(both) * 3 // 4
    for text in [*TEXTS[::9], *map(str.upper, TEXTS[::45])]:
        for one, lower in small:
            match, expected = one.first_as(lower, text), one.compiled().search(text)
            assert (match and match.regs) == (expected and expected.regs), (one.text, text)


@pytest.mark.parametrize("index", [SENTENCE_RULES, TURN_RULES])
def test_a_rule_is_due_in_every_text_with_one_of_its_patterns(index: RuleIndex[str]) -> None:
    filled_one, found = filled_index(index), 0
    for text in [*TEXTS[::5], *map(str.upper, TEXTS[::25])]:
        due = filled_one.due(text)
        for name, group in index.needs.items():
            method = "match" if group.opening else "search"
            if any(getattr(pattern.compiled(), method)(text) for pattern in group.patterns):
                found += 1
                assert name in due, (name, text)
    assert found > 30
    assert set(filled_one.due("colourless green ideas dance furiously")) <= {"tools"}


SPAN = (0, 1)
READERS: dict[str, Callable[[str], Iterable[object]]] = {
    "foreign": lambda text: [text] * assertion_filter.foreign(text),
    "introductions": lambda text: self_introductions.introduction_drafts(text, SPAN),
    "properties": lambda text: possessive_rules.inverted_properties(text, SPAN),
    "tools": lambda text: apposition.tech_list(text, SPAN),
    "details": lambda text: details.detail_drafts(text, SPAN),
    "languages": lambda text: languages.spoken(text, SPAN),
    "relatives": lambda text: people.relations(text, SPAN),
    "ages": lambda text: ages.aged(text, SPAN, {}),
    "relatives_of_others": lambda text: relatives_of_others.of_names(text, SPAN),
    "foreign_relations": foreign_kinship.foreign_relations,
    "rosters": lambda text: rosters.roster_drafts(text, None, []),
    "dates": lambda text: dates.ground(text, None),
    "mentions": lambda text: filter(None, mentions.may_mention(text)),
    "multilingual": multilingual.multilingual_drafts,
    "in_that_case": lambda text: [text] * assertion_filter.in_that_case(text),
}


@pytest.mark.parametrize("name", READERS)
def test_a_rule_is_due_in_every_text_in_which_it_finds_something(name: str) -> None:
    index = filled_index(SENTENCE_RULES if name in SENTENCE_RULES.needs else TURN_RULES)
    found = [text for text in TEXTS if any(True for _ in READERS[name](text))]
    names = {name, "introductions_by_name"} if name == "introductions" else {name}
    assert found
    assert all(names & set(index.due(text)) for text in found)


def test_a_rule_is_due_by_words_digits_and_pairs() -> None:
    index = filled_index(
        RuleIndex(
            {
                "words": KeyedGroup(words=("go", "hat")),
                "digits": KeyedGroup(words=(DIGIT,)),
                "pairs": KeyedGroup(KeyedPattern(r"\bthe end\b")),
                "openings": KeyedGroup(OpeningPattern(r"^so sorry\b")),
                "anywhere": KeyedGroup(OpeningPattern(r"^so sorry\b"), anywhere=True),
                "stems": KeyedGroup(KeyedPattern(r"\bdivorc\w+")),
                "tests": KeyedGroup(test=lambda word: word.startswith("zy")),
            }
        )
    )
    assert index.due("Go!") == index.due("_hat_") == ("words",)
    assert index.due("a Go2 hat") == ("words", "digits")
    assert index.due("hats, goes") == ()
    assert index.due("K9") == ("digits",)
    assert index.due("The end, the start") == ("pairs",)
    assert index.due("end the") == ()
    assert index.due("So sorry") == ("openings", "anywhere")
    assert index.due("But so sorry") == ("anywhere",)
    assert index.due("Divorced") == ("stems",)
    assert index.due("Zyrtec") == index.due("_zyrtec") == ("tests",)


SUBJECTS = (
    ("It was great fun, and there was cake", False),
    ("The weather is really nice here", False),
    ("That's so cool", False),
    ("I live in Leeds", True),
    ("It was great, as we moved house", True),
    ("Imma sell it", True),
    ("My sister sold it", True),
    ("Mum died", True),
    ("The missus works nights", True),
    ("It rained, she lives there", True),
    ("Been living abroad", True),
    ("It rained, you know been living abroad", True),
    ("As someone who works nights, it is loud", True),
    ("Great stuff, sold the van", True),
    ("Me & the girls are off to Ibiza", True),
    ("Tetteh sold the Corsa", True),
    ("That is where Tetteh works", True),
    ("ana works there", True),
)


@pytest.mark.parametrize(("sentence", "read"), SUBJECTS)
def test_a_sentence_is_read_if_a_clause_may_be_about_a_person(
    sentence: str, read: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for group in groups():
        group.add_keys()
    assert sentence_subjects.may_have_subject(sentence, {"ana": ("Ana", "sister")}) is read


def eagerly(subjects: sentence_subjects.SubjectsSoFar, text: str, people: dict[str, tuple[str, str]]) -> None:
    """Find out who a sentence is about before it is asked for."""
    subjects._unread = [(text, people)]
    subjects.are_another()


def test_facts_are_the_same_if_every_rule_and_pattern_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = tuple(Turn(turn_id=str(number), role="user", text=text) for number, text in enumerate(TEXTS[::3]))
    sessions = [Session(source_format="test", session_id="s", turns=turns[at : at + 40]) for at in range(0, 240, 40)]
    for session in sessions:
        extract(session, "alice")  # so that the keys are computed
    skipped = [extract(session, "alice") for session in sessions]
    for cached in (phrase_rules._keyed, phrase_rules.hint_index, frame_matcher._opening, frame_matcher.frames_of):
        cached.cache_clear()
    for pattern in (*patterns(), *groups()):
        monkeypatch.setattr(pattern, "bit", 0)
        monkeypatch.setattr(pattern, "left", 0)
    for pattern in patterns():
        monkeypatch.setattr(pattern, "in_lower_case", None)
        monkeypatch.setattr(pattern, "left_with_key", 0)
    monkeypatch.setattr(KeyedPattern, "add_keys", lambda _: None)
    monkeypatch.setattr(HintIndex, "due", every_rule_whose_hint_is_looked_for_alone)
    monkeypatch.setattr(strangers, "_no_names", defaultdict(bool))
    monkeypatch.setattr(RuleIndex, "due", lambda index, _: tuple(index.needs))
    monkeypatch.setattr(clause_openers, "is_of_nobody", lambda *_, **__: False)
    monkeypatch.setattr(clause_cuts, "has_later_subject", lambda _: True)
    monkeypatch.setattr(sentence_subjects.SubjectsSoFar, "add", eagerly)
    monkeypatch.setattr(sentence_subjects, "may_have_subject", lambda *_: True)
    assert [extract(session, "alice") for session in sessions] == skipped
    assert sum(map(len, skipped)) > 60


def test_all_rules_are_due_while_another_thread_computes_their_keys() -> None:
    """Otherwise a worker with several threads would lose facts among its first turns."""
    looked_up: list[tuple[str, ...]] = []

    class Slow(KeyedGroup):
        def keys(self) -> frozenset[str] | None:
            if not looked_up:
                looked_up.append(())
                looked_up.append(index.due("one text without any word"))
            return super().keys()

    index = RuleIndex({"cats": KeyedGroup(words=("cat",)), "dogs": Slow(words=("dog",))})
    while not looked_up:
        index.due("a text before the keys are known")
    assert looked_up[1] == ("cats", "dogs")
    assert index.due("one dog") == ("dogs",)


def test_two_threads_give_a_rule_one_bit() -> None:
    """Otherwise a worker with several threads would lose the rule: its index would know the other bit."""
    others: list[Thread] = []
    added = Event()

    def add() -> None:
        group.add_keys()
        added.set()

    def words() -> tuple[str, ...]:
        if not others:
            others.append(Thread(target=add))
            others[0].start()
            added.wait(0.5)
        return ("qwxyz",)

    group = KeyedGroup(words=words)
    group.add_keys()
    bit = group.bit
    others[0].join()
    assert group.bit == bit
    assert WORDS.of["qwxyz"] == bit, "another bit was added"


def test_a_text_is_looked_up_again_after_a_pattern_was_added() -> None:
    masks = WordMasks(words_with_digits)
    assert masks.of["one dog"] == 0
    bit = masks.add({"dog"})
    assert masks.of["one dog"] == bit
    pair = masks.add({"one dog"})
    assert masks.of["one dog"] == bit | pair
