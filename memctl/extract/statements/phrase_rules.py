"""Phrases searched for in whole sentences: "call me Ally", "the Lisbon trip's off", "Favourite colour: teal"."""

import re
from collections.abc import Iterable, Iterator
from functools import cache, cached_property

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.grammar.clauses import ADVERBS
from memctl.extract.grammar.noun_phrases import job, listed, noun, preference
from memctl.extract.patterns.hints import HintIndex
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.rule_tables import PHRASES, LatePhrase, Phrase, compiled, filled, late_phrases
from memctl.extract.vocabulary.verbs import FORMS, gerund

TABLES = tuple(table for table in PHRASES if table != "multilingual")


def phrase_drafts(
    text: str,
    span: tuple[int, int],
    tables: tuple[str, ...] = TABLES,
    before: str = "",
) -> Iterator[Draft]:
    """The drafts of the phrases of `tables` in a sentence at `span` of the turn; `before` is the sentence before it."""
    for phrase in hint_index(tables).due(text):
        row, pattern = phrase.reading
        if pattern.possible(text) and (row.after is None or compiled(row.after).search(before)):
            yield from row_drafts(row, pattern, text, span)


class _Phrase:
    """A row of a table with its pattern, both made when one of its hints is first in a text."""

    def __init__(self, late: LatePhrase, flags: int) -> None:
        self.late, self.flags = late, flags

    @cached_property
    def reading(self) -> tuple[Phrase, KeyedPattern]:
        """The row and its pattern."""
        return self.late.row, _keyed(self.late.row.pattern, self.flags)


@cache
def hint_index(tables: tuple[str, ...], *, ignore_case: bool = True) -> HintIndex[_Phrase]:
    """The rows of `tables` by their hints."""
    flags = re.IGNORECASE if ignore_case else 0
    rows = (row for table in tables for row in late_phrases(table))
    return HintIndex((_Phrase(row, flags), row.hints) for row in rows)


@cache
def _keyed(pattern: str, flags: int) -> KeyedPattern:
    return KeyedPattern(filled(pattern), flags)


def row_drafts(row: Phrase, pattern: KeyedPattern, text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of one phrase, none if it does not occur in `text`."""
    if row.every:
        for match in pattern.finditer(text):
            yield from _matched(row, match, span)
    elif first := pattern.search(text):
        yield from _matched(row, first, span)


def _matched(row: Phrase, match: re.Match[str], span: tuple[int, int]) -> Iterator[Draft]:
    if cut_in_word(match) or _NOT_DONE.search(match.string, 0, match.start(match.lastgroup or 0)):
        return
    groups = match.groupdict()
    slot = groups["s"].lower() if groups.get("s") else row.slot
    if row.ends:
        yield from _endings(row, groups.get("o") or groups.get("o2") or groups.get("o3"), span)
        return
    caught = groups.get("o") or groups.get("o2") or ""
    for value in _values(row, caught, groups.get("s") or ""):
        if not value or (row.unless and compiled(row.unless).search(value)):
            continue
        yield Draft(
            predicate=row.predicate,
            object=value,
            subject=groups["s"] if row.subject else None,
            owner=groups["s"] if row.subject and groups["s"].islower() else None,
            slot=None if row.value or row.subject else slot,
            phrase=row.template.format(o=value, a=article(value), s=slot, c=caught.strip(" .,")),
            quote=span,
            op=row.op,
            kind=row.kind,
            confidence=row.confidence,
            category=row.category,
        )


_NOT_DONE = late(
    r"\b(?:almost|nearly|(?:talk(?:s|ed|ing)?|think(?:s|ing)?|thought) (?:of|about)|"
    r"(?:discuss|consider|suggest)(?:s|ed|ing)?|offered to|threaten(?:s|ed) to)(?: [\w']+){0,3} $",
    re.IGNORECASE,
)
""" "They almost switched me to Vyvanse", "talked of taking me off warfarin": nothing has changed."""


def cut_in_word(match: re.Match[str]) -> bool:
    """Whether the object ends inside a word, because the pattern takes no more characters."""
    end = match.end("o") if "o" in match.re.groupindex else -1
    return end > 0 and match.string[end - 1].isalnum() and match.string[end : end + 1].isalnum()


def _endings(row: Phrase, caught: str | None, span: tuple[int, int]) -> Iterator[Draft]:
    """One retraction for each predicate, or value of a predicate, that the row ends."""
    for entry in row.ends.split():
        predicate, _, value = entry.partition("=")
        ended = value.replace("_", " ") or caught
        yield Draft(
            predicate=predicate,
            object=ended,
            phrase=row.template.format(o=ended or "it", a=article(ended or "it"), s=""),
            quote=span,
            op="retract",
            kind=row.kind,
            confidence=row.confidence,
            category=row.category,
            denial=True,
        )


def _values(row: Phrase, text: str, slot: str) -> Iterable[str | None]:
    """The objects in the words that a phrase matched."""
    if row.value is not None:
        return [row.value.format(o=text, s=slot.lower())]
    match row.shape:
        case "list":
            return listed(text)
        case "job":
            return [job(text)]
        case "np":
            return [noun(text)]
        case "activity":
            return [_activity(text)]
        case "habit":
            return [preference(f"to {text}")]
        case _:
            return [text.strip(" .,")]


def _activity(text: str) -> str | None:
    """ "Build model railways" gives "building model railways"; None unless it opens with a verb in the present."""
    verb, _, rest = text.partition(" ")
    if verb.lower() in ADVERBS:
        return None
    lemma, form = FORMS.get(verb.lower(), (verb, "base"))
    value = noun(rest)
    if value is None or form not in ("base", "ing"):
        return None
    return f"{verb.lower() if form == 'ing' or verb.endswith('ing') else gerund(lemma)} {value}"
