"""What becomes of a partner and of a job: "she said yes" makes the girlfriend a fiancée, a last day ends the job."""

import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts, words_of
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.time.dates import certain
from memctl.extract.vocabulary.given_names import is_name_of

_ENGAGED = {"has_girlfriend": "fiancée", "has_boyfriend": "fiancé"}
_MARRIED = {"has_girlfriend": "wife", "has_boyfriend": "husband", "has_fiancée": "wife", "has_fiancé": "husband"}
_IMPLIED = 0.75
"""The confidence of a marriage that only "my wife" tells of."""
_SAID_YES = KeyedPattern(r"\b(?:she|he) said yes\b", re.IGNORECASE)
_PROPOSAL = late(
    r"\bpropos\w+|\bmarry\b|\b(?:the|a|my) ring\b|\bone knee\b|\bengaged\b|\basked (?:her|him)(?! (?:if|to(?! marry)|"
    r"whether|for|about|out|what|when|how))",
    re.IGNORECASE,
)
_OF_ANOTHER = late(r"\b(?:brother|sister|son|daughter|friend|mate|cousin|colleague|boss)s?\b|\bif\b", re.IGNORECASE)
_LAST_DAY = KeyedPattern(
    r"\b(?P<my>my )?last (?:day|shift)(?: at work| there| (?:at|with|in) (?P<at>\w[\w&'-]*))?(?:'s| is| will be| "
    r"would be)?(?: on| the)* (?=\d|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|next)",
    re.IGNORECASE,
)
_LEAVES = late(
    r"\b(?:my notice|resign\w*|i(?:'m| am) leaving|i(?:'ve)? quit|(?:that )?i go\b|signed|accepted|new job|"
    r"handed in)\b",
    re.IGNORECASE,
)
_ONLY_OFF = late(
    r"\b(?:holidays?|vacation|leave\b|term|school|project|course|sick|before (?:my|our|the)|of the)\b", re.IGNORECASE
)
BONDS = KeyedGroup(_SAID_YES, _LAST_DAY)


def new_bonds(text: str, at: datetime | None, earlier: EarlierDrafts, new: list[Draft]) -> Iterator[Draft]:
    """The changes that a turn tells: an engagement or a wedding to a known partner, and a job that ends on a day."""
    yield from _partner(text, earlier, new)
    yield from _job(text, at, earlier, new)


def _partner(text: str, earlier: EarlierDrafts, new: list[Draft]) -> Iterator[Draft]:
    live = [one for predicate in _MARRIED for one in earlier.live.get((None, predicate), {}).values()]
    if len(live) != 1 or any(one.subject is None and one.predicate in _MARRIED for one in new):
        return
    (old,) = live
    said_yes = _SAID_YES.search(text)
    asked = said_yes and _PROPOSAL.search(text) and not _OF_ANOTHER.search(text)
    status = next((one for one in new if one.predicate == "relationship_status" and one.subject is None), None)
    relation, span = None, (said_yes.span() if said_yes else (0, 0))
    if status is not None and status.op == "assert":
        span = status.quote
        if status.object == "engaged":
            relation = _ENGAGED.get(old.predicate)
        elif status.object == "married" and (status.confidence > _IMPLIED or old.predicate.startswith("has_fianc")):
            relation = _MARRIED[old.predicate]
    elif asked:
        relation = _ENGAGED.get(old.predicate)
    name = old.object or ""
    if relation is None or not name:
        return
    if relation == "husband" and not is_name_of("he", name):
        relation = "wife"
    yield retraction(old, span)
    yield msgspec.structs.replace(
        old, predicate=f"has_{relation}", phrase=f"has a {relation} called {name}", quote=span, valid_at=None,
        precision=None,
    )  # fmt: skip


def _job(text: str, at: datetime | None, earlier: EarlierDrafts, new: list[Draft]) -> Iterator[Draft]:
    """ "My last day will be the 15 of March", after notice was given: the end of the job on that day."""
    match = _LAST_DAY.search(text)
    jobs = list(earlier.live.get((None, "works_at"), {}).values())
    if match is None or at is None or len(jobs) != 1 or _ONLY_OFF.search(text):
        return
    named = match["at"] is not None and match["at"].casefold() in words_of(jobs[0].object or "")
    leaves = match["my"] and (_LEAVES.search(text) or "works_at" in earlier.doubted)
    clause = re.split(r"[.;!?\n]", text[match.start() :])[0]
    days = [one for one in certain(clause, at, future=True) if one.start > at] if named or leaves else []
    if days:
        over = retraction(jobs[0], match.span())
        over.invalid_at, over.precision = days[0].start, days[0].precision
        yield over
