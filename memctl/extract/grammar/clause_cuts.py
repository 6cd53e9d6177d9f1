"""Cutting a sentence into clauses, where a new subject or a second verb begins."""

import re
from collections.abc import Iterator
from functools import cache

from memctl.core.late_pattern import late
from memctl.extract.grammar.clauses import ADVERBS, Clause
from memctl.extract.patterns.hints import prefix_tree
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import lowered, words, words_with_digits
from memctl.extract.vocabulary.verbs import FORMS

_CONJUNCTIONS = words(
    "and and_then and_also but so yet plus then while whereas although though because cause cuz bc since given_that "
    "seeing_that considering after before when whenever if unless until once whether where that which_is_why except or "
    "lol haha lmao tho tbh btw"
)
_SUBJECT = (
    r"(?:i|im|ive|i'm|i've|i'd|i'll|i'ma|imma|we|we're|we've|my|our|he|she|he's|she's|hes|shes|they|they're|"
    r"his|her|their|it|it's|there|there's|you|you're|the (?:wife|husband|missus|hubby|other half|kids|twins|eldest|"
    r"youngest|baby|dog|cat|car|van)(?:'s)?|(?:mum|mam|mom|dad|nan|gran|grandma|grandad|hubby)(?:'s(?= )|(?= (?:is|"
    r"was|has|had|died|got|turned|moved|still|just|\w+s)\b)))"
)
_SUBJECT_WORDS = frozenset(
    words(
        "i im ive imma we my our he she hes shes they his her their it there you the mum mam mom dad nan gran grandma "
        "grandad hubby"
    )
)
"""The words with which `_SUBJECT` opens."""
_JOINING = frozenset(words("and but or then"))
"""Before a verb without a subject stands one of these words, or a comma."""
_NO_ELISION = frozenset(words("like love enjoy fancy favor study mean start stop try think"))
_MID = r"(?:don't|do not|never|no longer|am|have|used to|was|can't|cannot|will)"


@cache
def _adverbs() -> str:
    return prefix_tree(ADVERBS)


def _verb_forms(*, ing: bool, without: frozenset[str] = frozenset()) -> str:
    return prefix_tree(form for form, (lemma, kind) in FORMS.items() if (kind == "ing") is ing and lemma not in without)


# These patterns are for text in lower case. They open with a set of characters, which `re` looks for much faster than
# for alternatives. Their texts are made when they are first used: a single sentence seldom needs them.
@cache
def _boundary() -> re.Pattern[str]:
    """A conjunction after a blank or a comma, or a mark, before a subject."""
    conjunctions = prefix_tree(one.replace("_", " ") for one in _CONJUNCTIONS) + "|as(?! my| our)"
    return late(
        rf"[\s;:—–,(](?:(?<=[\s,])(?:(?<=\s)|\s)\s*(?P<conj>{conjunctions}),?\s+|"
        r"(?<=\s)\s*(?:[;:—–]\s*|--?\s+|\(\s*)|(?<=[;:—–(,])\s*)"
        rf"(?=(?:(?:{_adverbs()}|no longer),?\s+)*{_SUBJECT}(?![\w']))"
    )


@cache
def _elided() -> re.Pattern[str]:
    """What stands between a verb and another one with the same subject."""
    anded = _verb_forms(ing=False, without=frozenset({"like", "mean", "raise"}))
    listed = _verb_forms(ing=False, without=_NO_ELISION)
    return late(
        rf"[,\s](?:(?:(?<=\s)|\s)\s*(?:and|but|and then|then|and also|and now|or)\s+"
        rf"(?=(?:(?:{_adverbs()}|{_MID})\s+)*(?:{anded}|been (?:in|at|living|working))\b(?!['-]))"
        rf"|(?<=,)\s+(?=(?:(?:{_adverbs()}|{_MID})\s+)*(?:{listed})\b(?!['-])))"
    )


@cache
def _elided_ing() -> re.Pattern[str]:
    """The same before a verb in -ing."""
    return late(
        r"[,\s](?:(?:(?<=\s)|\s)\s*and(?: (?:also|now|currently))?\s+"
        rf"(?=(?!loving|liking|enjoying)(?:{_verb_forms(ing=True)})\b)"
        r"|(?<=,)\s+(?=(?:currently |now )?(?:living in|working (?:as|at|for)|studying at)\b))"
    )


_AFTER_ING = KeyedPattern(
    r",?\s+(?:after|by|since)\s+(?=(?:leaving|quitting|selling|moving|joining|graduating|getting|adopting|breaking up|"
    r"becoming|retiring|finishing|switching|starting|resigning)\b)",
    re.IGNORECASE,
)
_ME_AND = late(r"\W*(?:(?:so|well|also|oh),? )?(?:both )?me")
""" "Me and my boyfriend live in Hackney" is one clause."""


def clauses(sentence: str, start: int) -> Iterator[Clause]:
    """The clauses of a sentence whose offset is `start`."""
    cuts: dict[int, tuple[int, str, bool]] = {}
    spoken = lowered(sentence)
    for match in _boundary().finditer(spoken) if has_later_subject(sentence) else ():
        if match.end() > match.start() and match.start() > 0 and not _ME_AND.fullmatch(spoken, 0, match.start()):
            cuts.setdefault(match.start(), (match.end(), match["conj"] or "", False))
    for match, mark in _elisions(sentence):
        if match.start() not in cuts and not any(a <= match.start() < b for a, (b, _, _) in cuts.items()):
            cuts[match.start()] = (match.end(), mark, True)
    at, conj, elided = 0, "", False
    for cut in sorted(cuts):
        if cut < at:
            continue
        if sentence[at:cut].strip():
            yield _clause(sentence[at:cut], start + at, conj, elided)
        at, conj, elided = cuts[cut]
    if sentence[at:].strip():
        yield _clause(sentence[at:], start + at, conj, elided)


def has_boundary(sentence: str) -> bool:
    """True if a clause with a subject of its own follows another."""
    return has_later_subject(sentence) and _boundary().search(lowered(sentence)) is not None


def has_later_subject(sentence: str) -> bool:
    """False if no word of a sentence can be a subject before which another clause ends."""
    later = words_with_digits(sentence)[sentence[:1].isalnum() :]
    return not _SUBJECT_WORDS.isdisjoint(later)


def _is_joined(sentence: str) -> bool:
    """False if nothing in a sentence can join a clause without a subject of its own to another."""
    return "," in sentence or not _JOINING.isdisjoint(words_with_digits(sentence))


def may_be_joined(sentence: str) -> bool:
    """False if a sentence has no clause without a subject of its own that continues another."""
    return next(_elisions(sentence), None) is not None


def _elisions(sentence: str) -> Iterator[tuple[re.Match[str], str]]:
    """Where a sentence is cut before a clause without a subject of its own, and the conjunction of that clause."""
    spoken = lowered(sentence)
    if _is_joined(sentence):
        yield from ((match, "") for match in _elided().finditer(spoken))
        if "ing" in spoken:
            yield from ((match, "+ing") for match in _elided_ing().finditer(spoken))
    yield from ((match, "after+ing") for match in _AFTER_ING.finditer(sentence))


def _clause(text: str, start: int, conj: str, elided: bool) -> Clause:
    bare = text.lstrip(" ,;:.!-–—()")
    return Clause(bare, start + len(text) - len(bare), conj, elided)
