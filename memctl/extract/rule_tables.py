"""Extraction rules kept as data in `tables/`: verb frames by topic, properties, phrases, and the words they use.

A table is a text file of records separated by blank lines. A record is a list of `key: value` lines; an indented line
continues the value above it, and a line that starts with `#` is a comment. In a pattern, `{NAME}` stands for the entry
NAME of `tables/lexicon.txt`. Each rule has an `example` and the `claims` it must give, which tests/extract checks.

Tables are parsed, and patterns compiled, when first used.
"""

import re
from collections import defaultdict
from functools import cache, cached_property
from pathlib import Path
from typing import Literal, TypeVar

import msgspec

from memctl.core.claim import Op
from memctl.core.fact import Kind
from memctl.core.late_pattern import late

Shape = Literal[
    "np",
    "list",
    "place",
    "org",
    "proper",
    "job",
    "number",
    "vp",
    "raw",
    "word",
    "preference",
    "subject",
    "none",
    "activity",
    "habit",
]
"""How the object is cut out of the words matched; `memctl.extract.grammar.noun_phrases` has most of the cutters."""

FOLDER = Path(__file__).with_name("tables")
TOPICS = (
    "home",
    "identity",
    "employment",
    "occupation",
    "education",
    "family",
    "health",
    "diet",
    "preferences",
    "possessions",
    "hobbies",
    "skills",
    "tools",
    "constraints",
)
"""Tables of verb frames, in the order they are tried: of two frames with one verb and predicate, the first wins."""

PHRASES = (
    "phrases",
    "everyday",
    "particulars",
    "remarks",
    "reactions",
    "tastes",
    "contacts",
    "retractions",
    "asides",
    "work",
    "multilingual",
)
"""Tables of phrases."""

_MACRO = late(r"\{([A-Z_]+)\}")


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of every rule: a pattern with the object as group `o`, and the claim to make.

    `template` is the claim's text in the third person, with the object {o}; {a} is the object with an article, {s} the
    slot, and in phrases {c} are the words that `value` replaces. `shape` says how the object is cut out of the words
    matched.
    """

    pattern: str
    predicate: str
    template: str
    shape: Shape = "np"
    kind: Kind = "fact"
    category: str = "personal"
    example: str
    claims: str


R = TypeVar("R", bound=Row)


class Frame(Row, frozen=True, kw_only=True):
    """One reading of a verb, given by its lemma; `verbs` are separated by blanks ("give_up" is "give up").

    `pattern` is matched where the verb ends (for "be": where its complement starts). `past` says what the simple past
    means: still a fact (joined), no longer one (lived), or unclear. `neg` names the predicate that a negation asserts,
    or "retract", or "skip". `can` allows "can" and "can't". `present: false` takes only past and perfect ("we bought").
    `only_neg` frames apply only when negated ("can't stand", "don't eat"). `value` replaces the object.
    `others: false` keeps the frame to the speaker, `own: false` to other people.
    """

    verbs: tuple[str, ...]
    op: Op = "assert"
    past: Literal["assert", "retract", "skip"] = "skip"
    neg: str = "retract"
    can: bool = False
    present: bool = True
    confidence: float = 0.85
    value: str | None = None
    only_neg: bool = False
    others: bool = True
    own: bool = True


class Property(Row, frozen=True, kw_only=True):
    """ "My X is Y": `pattern` matches the whole noun phrase X and may name a slot `s`."""

    confidence: float = 0.9


class Phrase(Row, frozen=True, kw_only=True):
    """A phrase searched for in a whole sentence.

    One of `hints` (lower case, separated by blanks, `_` for a blank) occurs in every sentence that can match. An
    object that matches `unless` is not kept. `value` replaces the object. `slot` is the slot, if the pattern names
    none. With `every`, each occurrence counts, not only the first. `ends` lists what a row ends without claiming
    anything: predicates, each with all its values, or `predicate=value` (`_` for a blank).
    A row with `after` is read only in a sentence that follows one with this pattern.
    With `subject`, the group `s` is the person that the claim is about.
    """

    shape: Shape = "raw"
    hints: tuple[str, ...]
    op: Op = "assert"
    confidence: float = 0.85
    value: str | None = None
    unless: str | None = None
    slot: str | None = None
    every: bool = False
    ends: str = ""
    after: str | None = None
    subject: bool = False


@cache
def frames() -> dict[str, list[Frame]]:
    """The frames of every topic by the lemma of their verb, in the order they are tried."""
    return {lemma: verb_frames(lemma) for lemma in _frame_blocks()}


@cache
def verb_frames(lemma: str) -> list[Frame]:
    """The frames of one verb, in the order they are tried: a sentence needs few of a thousand."""
    return [_row(_record(block), Frame) for block in _frame_blocks().get(lemma, ())]


@cache
def _frame_blocks() -> dict[str, list[str]]:
    by_lemma: dict[str, list[str]] = defaultdict(list)
    for topic in TOPICS:
        for block in _blocks(topic):
            for verb in _listed(block, "verbs"):
                by_lemma[verb].append(block)
    return by_lemma


@cache
def properties() -> list[Property]:
    """The nouns of "my X is Y"."""
    return _rows("properties", Property)


class LatePhrase:
    """A phrase of which only the hints are read until one of them is in a text."""

    def __init__(self, block: str) -> None:
        self._block = block
        self.hints = _listed(block, "hints")

    @cached_property
    def row(self) -> Phrase:
        """The phrase itself."""
        return _row(_record(self._block), Phrase)


@cache
def late_phrases(table: str) -> list[LatePhrase]:
    """The phrases of one table."""
    return [LatePhrase(block) for block in _blocks(table) if _listed(block, "pattern")]


def phrases(table: str) -> list[Phrase]:
    """The phrases of one table, all of them read."""
    return [late.row for late in late_phrases(table)]


def _rows(table: str, kind: type[R]) -> list[R]:
    return [_row(record, kind) for record in records(table)]


def _row(record: dict[str, str], kind: type[R]) -> R:
    lists = {key: _words(record[key]) for key in ("verbs", "hints") if key in record}
    return msgspec.convert(record | lists, kind, strict=False)


def _listed(block: str, key: str) -> tuple[str, ...]:
    """The words of one line of a record."""
    _, _, after = f"\n{block}".partition(f"\n{key}: ")
    return _words(after.partition("\n")[0])


def _words(text: str) -> tuple[str, ...]:
    """Words separated by blanks, `_` for a blank inside one."""
    words = text.split()
    return tuple(word.replace("_", " ") for word in words) if "_" in text else tuple(words)


def records(table: str) -> list[dict[str, str]]:
    """The records of `tables/<table>.txt`, in order."""
    return list(filter(None, map(_record, _blocks(table))))


def _blocks(table: str) -> list[str]:
    """The texts of the records, each line with its continuation."""
    return re.sub(r"\n +", "", (FOLDER / f"{table}.txt").read_text(encoding="utf-8")).split("\n\n")


def _record(block: str) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith("#"))


@cache
def compiled(pattern: str, *, ignore_case: bool = True) -> re.Pattern[str]:
    """A row's pattern, lexicon entries filled in."""
    return late(filled(pattern), re.IGNORECASE if ignore_case else 0)


def filled(pattern: str) -> str:
    """`pattern` with every `{NAME}` replaced by the lexicon's entry."""
    return _MACRO.sub(lambda macro: lexicon(macro[1]), pattern)


@cache
def lexicon(name: str) -> str:
    """The lexicon's entry `name`, the entries it names filled in."""
    return filled(_entries()[name])


@cache
def _entries() -> dict[str, str]:
    (entries,) = records("lexicon")
    return entries
