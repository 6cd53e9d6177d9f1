"""Changes that can be read only with earlier turns: "down to 10 mg now", "back in Porto again", "mum died". They name
the new value or the person, but not the property that changed."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cache

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.corrections import retraction
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.keyed_pattern import KeyedPattern
from memctl.extract.kinship import canonical
from memctl.extract.rule_tables import lexicon
from memctl.extract.wordlist import holds, words

_DOSE = KeyedPattern(
    r"\b(?:up|down|back|increased|reduced|upped|dropped|lowered|raised|halved|cut|bumped)(?: (?:it|me|that|them))?"
    r"(?: (?:up|down|back))? to (?P<o>\d[\d.]* ?(?:mg|mcg|ml|g|units?))(?![\w/])",
    re.IGNORECASE,
)
_BACK = KeyedPattern(
    r"\b(?:back (?:home |living )*in|moved back to|returned to|back to living in) (?P<o>(?-i:[A-ZÀ-Þ])[\w-]+(?: "
    r"(?-i:[A-ZÀ-Þ])[\w-]+)?)(?= (?:again|now|for good|permanently|full time)\b|\W*$)",
    re.IGNORECASE,
)
_LIVING = frozenset(words("lives_in works_at job_title age studies studied_at plans has_condition"))
"""What is over when somebody dies."""


def follow_ups(text: str, earlier: EarlierDrafts, new: Iterable[Draft]) -> Iterator[Draft]:
    """The drafts of such changes, without those that are already in `new`."""
    if "?" in text or not earlier.standing:
        return
    new = list(new)
    fresh = {(draft.predicate, draft.op) for draft in new}
    if "dose" in earlier.predicates and ("dose", "assert") not in fresh:
        yield from _doses(text, earlier)
    yield from _doses_over(new, earlier)
    if "lives_in" in earlier.predicates and ("lives_in", "assert") not in fresh:
        yield from _returns(text, earlier)
    for death in (
        draft for draft in new if draft.predicate == "family_event" and (draft.object or "").endswith(" died")
    ):
        yield from _deaths(death, earlier)
    if ("relationship_status", "assert") not in fresh:
        yield from _marriages(new, fresh, earlier)
    if holds(text, (", not ", " not my ", " not a ")):
        yield from _roles(text, earlier)


def _doses(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    match = _DOSE.search(text)
    doses = {
        draft.slot: draft for draft in earlier.standing.values() if draft.predicate == "dose" and not draft.subject
    }
    if match is None or len(doses) != 1:
        return
    (old,) = doses.values()
    phrase = old.phrase.replace(old.object or "", match["o"])
    yield msgspec.structs.replace(
        old, object=match["o"], phrase=phrase, quote=match.span(), valid_at=None, precision=None
    )


def _doses_over(new: list[Draft], earlier: EarlierDrafts) -> Iterator[Draft]:
    """The dose of a drug ends with the drug."""
    kept = {(draft.subject, draft.slot) for draft in new if draft.predicate == "dose"}
    for over in new:
        if over.predicate == "takes_medication" and over.op == "retract" and over.object:
            key = over.subject, over.object.casefold()
            for draft in list(earlier.standing.values()):
                if draft.predicate == "dose" and (draft.subject, draft.slot) == key and key not in kept:
                    yield retraction(draft, over.quote)


def _returns(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    match = _BACK.search(text)
    homes = [draft for draft in earlier.standing.values() if draft.predicate == "lives_in" and not draft.subject]
    if match is None or len(homes) < 2:
        return
    for home in homes:
        if (home.object or "").casefold() == match["o"].casefold():
            yield msgspec.structs.replace(home, quote=match.span(), valid_at=None, precision=None)


def _marriages(new: list[Draft], fresh: AbstractSet[tuple[str, object]], earlier: EarlierDrafts) -> Iterator[Draft]:
    """The speaker is no longer married once the wife or husband has died or the two have separated."""
    over = [
        draft
        for draft in new
        if draft.subject is None
        and (
            (draft.predicate == "family_event" and draft.object in ("wife died", "husband died"))
            or (draft.op == "retract" and draft.predicate in ("has_wife", "has_husband"))
        )
    ]
    if not over or not fresh.isdisjoint({("has_wife", "assert"), ("has_husband", "assert")}):
        return
    for draft in list(earlier.standing.values()):
        if draft.predicate == "relationship_status" and draft.object == "married" and draft.subject is None:
            yield retraction(draft, over[0].quote)


def _deaths(death: Draft, earlier: EarlierDrafts) -> Iterator[Draft]:
    relation = (death.object or "").removesuffix(" died")
    for draft in list(earlier.standing.values()):
        if draft.predicate in _LIVING and draft.owner and canonical(draft.owner) == relation:
            yield retraction(draft, death.quote)


@cache
def _role() -> re.Pattern[str]:
    relations = lexicon("RELATIONS")
    return late(
        rf"^(?:(?:no|sorry|actually|well|oops|he's|she's|i mean|i meant),? )*(?:my |a )?(?P<new>{relations}),? "
        rf"not (?:my |a )?"
        rf"(?P<old>{relations})\b",
        re.IGNORECASE,
    )


def _roles(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    """ "Colleague, not boyfriend, I mean": correct the relation of the last person that had the wrong one."""
    match = _role().match(text)
    if match is None:
        return
    wrong, right = (f"has_{canonical(match[side]).replace('-', '_').replace(' ', '_')}" for side in ("old", "new"))
    named = [draft for draft in earlier.standing.values() if draft.predicate == wrong and not draft.subject]
    if wrong == right or not named:
        return
    old = named[-1]
    phrase = f"has a {canonical(match['new'])} called {old.object}"
    yield retraction(old, match.span())
    yield msgspec.structs.replace(old, predicate=right, phrase=phrase, quote=match.span(), corrects=True)
