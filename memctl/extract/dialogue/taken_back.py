"""Statements that a later sentence of the same turn takes back or corrects.

"I got a dog. I mean I've reserved one", "We're engaged. No, just kidding", "on 4 March. Sorry, the 5th".
"""

import re
from datetime import datetime

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.vocabulary.kinship import canonical

_OPENING = r"(?:(?:^|[.!?…\n;,–—(-])\s*(?:(?:haha|lol|ok|okay|oh|and|but)[,. ]+)*)"
_NO = r"(?:(?:no|nah|nope|wait|hm+|actually|sorry|oops|hang on|ah)\b[,. ]*)"
_IN_JEST = KeyedPattern(
    rf"{_OPENING}(?:{_NO}*(?:(?:i'm|it's|he's|she's|i am) not[,.]+ *)?(?:i'?m |i was )?(?:just |only |totally )?"
    rf"(?:kidding|joking|messing(?: with you)?|having you on)|{_NO}+(?:i'm|we're|i am|we are) not|(?:lol|haha),? no)"
    r"(?=$|[,.!\n)])",
    re.IGNORECASE,
)
_NO_ORDER = KeyedPattern(
    rf"{_OPENING}{_NO}+(?:don'?t|do not|never ?mind|scrap that|forget (?:it|that)|leave it)(?=$|[,.!\n)]| that'?s|"
    r" its?\b| it's)",
    re.IGNORECASE,
)
_ONLY_ORDERED = KeyedPattern(
    rf"{_OPENING}(?:{_NO}|(?:i mean|well|or rather|technically)\b[,. ]*)+(?:i|we)(?:'ve|'m|'re| have| am| are|'ll)? "
    r"(?:only |just |actually )*(?:reserved|ordered|pre-?ordered|put|applied|thinking|getting|going to|paid a deposit|"
    r"asked|signed)\b",
    re.IGNORECASE,
)
_GONE_AGAIN = KeyedPattern(
    r"\b(?:and|but|then|until|till|,) (?:then )?(?:it|they)(?:'s| was| were| got| has been| have been)(?: already|"
    r" just)? (?:stolen|nicked|trashed|written off|destroyed|impounded|repossessed)\b",
    re.IGNORECASE,
)
""" "I bought a bike on Monday and it was stolen on Thursday"."""
_LIKED = KeyedPattern(r"[.…,;] no,? (?:actually,? )?i (?:do )?(?:like|love) (?:it|them|that)\b", re.IGNORECASE)
_NO_RELATION = KeyedPattern(
    r"\b(?:my|our) (?P<rel>[a-z-]+),? \(?(?:(?:well|ok|okay|or),? )?(?:not|no)(?: (?:really|quite|exactly|yet|my|a))* "
    r"(?P=rel)\b",
    re.IGNORECASE,
)
_OTHER_DAY = KeyedPattern(
    rf"{_OPENING}(?:{_NO}|i mean[, ]+|make that |it's )+(?:on )?(?:the )?(?P<day>\d{{1,2}})(?:st|nd|rd|th)\b"
    r"(?! (?:of|one|time|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))",
    re.IGNORECASE,
)
_SORRY = late(r"\b(?:no|nah|nope|wait|sorry|oops|actually|i mean|make that)\b", re.IGNORECASE)
_NAME_IS = late(r"(?:the )?name(?:'s| is)\b", re.IGNORECASE)
_LETTER = late(r"\b(?:letter|e-?mail|mail|message|note|text|card) (?:to|for) (?:the|my|our|an?)\b", re.IGNORECASE)
_END = late(r"[.!?\n]+(?:\s|$)")
_OWNED = frozenset({"owns", "has_pet"})
_ROMANCE = frozenset({"wife", "husband", "spouse"})


def without_taken_back(text: str, drafts: list[Draft]) -> list[Draft]:
    """The `drafts` of a turn without those that a later sentence takes back; corrected plans have the new day."""
    if jest := _IN_JEST.search(text):
        drafts = _without_last(drafts, text, jest.start())
    if order := _NO_ORDER.search(text):
        drafts = _without_last(drafts, text, order.start(), "instruction")
    if ordered := _ONLY_ORDERED.search(text):
        drafts = _without_last(drafts, text, ordered.start(), *_OWNED)
    if gone := _GONE_AGAIN.search(text):
        drafts = _without_last(drafts, text, gone.start(), *_OWNED)
    if liked := _LIKED.search(text):
        drafts = [one for one in drafts if one.predicate != "dislikes" or one.quote[0] > liked.start()]
    if denied := _NO_RELATION.search(text):
        drafts = [draft for draft in drafts if not _is_of(draft, canonical(denied["rel"]))]
    drafts = [draft for draft in drafts if draft.predicate != "name" or not _is_addressee(draft, text)]
    for other in _OTHER_DAY.finditer(text):
        drafts = _on_day(drafts, other.start(), int(other["day"])) if _SORRY.search(other[0]) else drafts
    return drafts


def _without_last(drafts: list[Draft], text: str, at: int, *only: str) -> list[Draft]:
    """`drafts` without those of the last sentence of `text` before `at`; with `only`, without these predicates."""
    ends = [end.end() for end in _END.finditer(text, 0, at) if text[end.end() : at].strip()]
    start = ends[-1] if ends else 0
    return [
        draft
        for draft in drafts
        if draft.op != "assert" or not start <= draft.quote[0] <= at or (only and draft.predicate not in only)
    ]


def _is_addressee(draft: Draft, text: str) -> bool:
    """True for the name of the person a letter is for: "a letter to the landlord. Name's De Smet"."""
    start, end = draft.quote
    named = _NAME_IS.match(text, start, end) is not None
    return named and draft.subject is None and _LETTER.search(text[:start]) is not None


def _is_of(draft: Draft, relation: str) -> bool:
    """Whether a draft is about a `relation` of the speaker, or says that there is one."""
    owner = canonical(draft.owner) if draft.owner else ""
    married = relation in _ROMANCE and (draft.predicate, draft.object) == ("relationship_status", "married")
    return relation in (owner, draft.predicate.removeprefix("has_").replace("_", "-")) or married


def _on_day(drafts: list[Draft], at: int, day: int) -> list[Draft]:
    """`drafts` with the last plan before `at` on another `day` of its month."""
    dated = [
        draft
        for draft in drafts
        if draft.predicate == "plans" and draft.precision == "day" and draft.valid_at and draft.quote[0] < at
    ]
    old = dated[-1].valid_at if dated else None
    if old is None or old.day == day:
        return drafts
    try:
        new = old.replace(day=day)
    except ValueError:
        return drafts
    return [_moved(draft, old, new) if draft is dated[-1] else draft for draft in drafts]


def _moved(draft: Draft, old: datetime, new: datetime) -> Draft:
    phrase = draft.phrase.replace(f" on {old.day} {old:%B}", f" on {new.day} {new:%B}")
    return msgspec.structs.replace(draft, valid_at=new, phrase=phrase)
