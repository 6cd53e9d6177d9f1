"""Doubts: a turn that says that something has changed, and not how ("new number, will send it later").

The fact stays current; it is marked as possibly outdated until it is said again or replaced.
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from memctl.extract.assertion_filter import declarative
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.segmentation import HIDDEN, plain, sentences
from memctl.extract.wordlist import words

_WORK = frozenset(words("works_at job_title works_in has_boss has_manager"))
_HOME = frozenset({"lives_in"})
_PARTNER = frozenset(
    words("spouse partner has_wife has_husband has_girlfriend has_boyfriend has_partner relationship_status")
)
_CUES: tuple[tuple[frozenset[str], re.Pattern[str]], ...] = tuple(
    (predicates, re.compile(pattern, re.IGNORECASE))
    for predicates, pattern in (
        (
            _WORK,
            r"\b(?:new (?:job|role|employer|gig)|chang(?:ed|ing) (?:jobs?|careers?|employers?)|(?:left|quit|leaving|"
            r"lost) my job|my (?:old|last|"
            r"previous) job|job[- ]hunting|looking for (?:a new )?(?:job|work)|handed in my notice|career change|"
            r"unemployed|between jobs)\b",
        ),
        (
            frozenset({"has_boss", "has_manager"}),
            r"\b(?:new (?:boss|manager|team)|(?:changed|moved|switched) teams|reorg\w*)\b",
        ),
        (
            _HOME,
            r"\b(?:(?:we|i)(?:'ve| have)? (?:just |finally )?(?:moved (?:house|home|out|again|flat|in(?! with my))|"
            r"moved(?= last| in \w+ber| yesterday|$))|"
            r"(?:my|our) (?:old|last|previous) (?:flat|place|house|address|apartment)|(?:my|our) new (?:flat|place|"
            r"house|address|apartment|neighbou?rs|"
            r"neighbou?rhood|landlord)|house move)\b",
        ),
        (
            _PARTNER,
            r"\b(?:my ex(?:-\w+)?(?= (?:and|has|is|says|said|took|kept|got|still))|since the (?:split|divorce|"
            r"break-?up)|dating again|single life|my new (?:girlfriend|boyfriend|partner))\b",
        ),
        (
            frozenset({"phone"}),
            r"\b(?:new (?:phone )?number|chang(?:ed|ing) my (?:phone )?number|old number|number(?:'s| is| has) "
            r"changed)\b",
        ),
        (frozenset({"email"}), r"\b(?:new e-?mail|chang(?:ed|ing) my e-?mail|old e-?mail)\b"),
        (
            frozenset({"takes_medication", "dose"}),
            r"\b(?:new (?:meds|medication|tablets|pills|prescription|dose)|chang(?:ed|ing) my (?:meds|medication|"
            r"tablets|pills|prescription|dose)|"
            r"(?:meds|medication|dose) (?:has |have |was |were |got )?changed|different (?:meds|tablets|dose))\b",
        ),
        (
            frozenset({"diet"}),
            r"\b(?:fell off the wagon|not (?:so|as|that) strict (?:any ?more|these days|now|lately)|the (?:vegan|"
            r"veggie|vegetarian|keto) thing (?:is|isn't|didn't|lasted))\b",
        ),
    )
)
_UNSURE = re.compile(
    r"\b(?:up in the air|on hold|might not (?:happen|go ahead|make it)|may not (?:happen|go ahead)|not sure (?:about|"
    r"if)|in doubt|touch and go|"
    r"fifty[- ]fifty|plans? (?:have |has )?changed|changed (?:our|my) plans?|having second thoughts|don't know "
    r"(?:about|if))\b",
    re.IGNORECASE,
)
_NOT_OWN = re.compile(
    r"(?-i:[A-ZÀ-Þ]\w+) (?:has|got|had|found|is|was)\b|\b(?:sister|brother|mum|mom|dad|wife|husband|partner|son|"
    r"daughter|mate|colleague|boss|neighbour|cousin)s?\b|"
    r"\b(?:if|would|could|should|might be|maybe|want|wish|hope|hoping|need|thinking of|thinking about|dream\w*|ideal|"
    r"not|never|no|don't|"
    r"didn't|haven't|he|she|they|his|her|their|your|friend|someday|one day|i'd|we'd|love|like|fancy|need)\b",
    re.IGNORECASE,
)
_SMALL = frozenset(words("the a an my our to in at on for of and with go have trip"))


def doubts(text: str, earlier: EarlierDrafts, new: Iterable[Draft]) -> Iterator[Draft]:
    """Doubts about the drafts in `earlier`; what `new` says of the same predicate is no doubt."""
    cues = [cue for kinds, cue in _CUES if kinds & earlier.predicates] + [_UNSURE] * ("plans" in earlier.predicates)
    if not any(cue.search(text) for cue in cues):
        return
    said = {one.predicate for one in new}
    for sentence in sentences(plain(text)):
        body, _ = declarative(sentence.text, sentence.mark)
        if not body or HIDDEN in body:
            continue
        span = (sentence.start, sentence.start + len(sentence.text))
        spoken = set(re.findall(r"[\w-]+", body.casefold())) - _SMALL
        for draft in earlier.standing.values():
            if draft.subject is not None or draft.predicate in said or (None, draft.predicate) in earlier.ended:
                continue
            unsure = draft.predicate == "plans" and _UNSURE.search(body) and spoken & _chief(draft.object or "")
            if unsure or (_changed(draft.predicate, body) and not said & _related(draft.predicate)):
                yield msgspec.structs.replace(
                    draft, op="retract", doubt=True, quote=span, valid_at=None, invalid_at=None, precision=None
                )


def _changed(predicate: str, body: str) -> bool:
    """True if a sentence says that what `predicate` is about has changed for the speaker."""
    for predicates, cue in _CUES:
        match = cue.search(body) if predicate in predicates else None
        if match is not None and not _NOT_OWN.search(body[: match.start()]):
            return True
    return False


def _chief(value: str) -> set[str]:
    return {word for word in re.findall(r"[\w-]+", value.casefold()) if len(word) > 3} - _SMALL


def _related(predicate: str) -> frozenset[str]:
    """Predicates whose change says how `predicate` changed."""
    return next((group for group in (_WORK, _HOME, _PARTNER) if predicate in group), frozenset({predicate}))
