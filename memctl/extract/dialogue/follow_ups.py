"""Changes that can be read only with earlier turns: "down to 10 mg now", "back in Porto again", "mum died". They name
the new value or the person, but not the property that changed."""

import re
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet
from functools import cache

import msgspec

from memctl.core.late_pattern import late
from memctl.core.predicates import kind_of
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import holds, words
from memctl.extract.rule_tables import lexicon
from memctl.extract.vocabulary.kinship import canonical

_DOSE = KeyedPattern(
    r"\b(?:up|down|back|increased|reduced|upped|dropped|lowered|raised|halved|cut|bumped)(?: (?:it|me|that|them))?"
    r"(?: (?:up|down|back))? to (?P<o>\d+(?:\.\d+)? ?(?:mg|mcg|ml|g|units?))(?![\w/])",
    re.IGNORECASE,
)
_DOSE_NOW = KeyedPattern(
    r"\W*(?:(?:actually|update|oh|ah|well|sorry|no|so|and|correction|wait|hm+)\b[,.:]* )*"
    r"(?:it's|its|it is|i'm on|im on|make that|make it) (?:up to |down to )?"
    r"(?P<o>\d+(?:\.\d+)? ?(?P<unit>mg|mcg|ml|g|units?)?),? (?:now|these days|since \w+|actually)\b",
    re.IGNORECASE,
)
""" "Actually it's 100 now", right after a dose."""
_LIKELY = 4
"""How many times a changed dose is more or less than the one before, at most, if the change names no unit."""
_FIGURE = late(r"\d+(?:[.,]\d+)?")
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
    yield from _named_deaths(text, earlier)
    yield from _births(text, earlier)
    yield from _weights(text, earlier, fresh)
    yield from _switches(text, earlier)
    if ("relationship_status", "assert") not in fresh:
        yield from _marriages(new, fresh, earlier)
    if holds(text, (", not ", " not my ", " not a ")):
        yield from _roles(text, earlier)


_LOST = KeyedPattern(
    r"\b(?:we|i) lost (?:her|him)(?=$|[,.;!]| (?:in|last|to|on|back|this|just|suddenly|when|two|three|four|five|six|a|"
    r"\d+)\b)|\b(?:she|he)(?: [a-z]+)? (?:died|passed away|passed on|passed(?= in\b| last\b| "
    r"suddenly\b| peacefully\b| (?:two|three|four|five|six|\d+|a few) (?:years|months|weeks)\b|[.!,]|$))\b|"
    r"\bmy (?:late (?:husband|wife|partner)\b|(?:husband|wife|partner)(?:'s (?:eulogy|funeral|ashes|grave|headstone|"
    r"wake|"
    r"will|memorial|estate|death|passing)\b| (?:died|passed (?:away|on))\b))",
    re.IGNORECASE,
)
_SEPARATED = KeyedPattern(
    r"\b(?:are|is|'re|'s|they've|we've|have|has) (?:now |just |finally |both )*(?:separating|separated|divorcing|"
    r"split(?:ting)? up|"
    r"getting (?:a )?divorced?)\b(?!.*\b(?:again|remarried|second)\b)",
    re.IGNORECASE,
)
_SPOUSES = frozenset(words("spouse partner has_wife has_husband has_partner has_boyfriend has_girlfriend"))


def without_widowhood(text: str, drafts: list[Draft]) -> list[Draft]:
    """`drafts` without a marriage that has ended: "I married Joan in 1977. We lost her last March"."""
    if _SEPARATED.search(text):
        drafts = [one for one in drafts if (one.predicate, one.object) != ("relationship_status", "married")]
    drafts = _without_those_left(text, drafts)
    if not _LOST.search(text):
        return drafts
    return [
        draft
        for draft in drafts
        if draft.predicate not in _SPOUSES and (draft.predicate, draft.object) != ("relationship_status", "married")
    ]


_UNMARRIED = late(r"widow.*|divorced?.*|separated|single", re.IGNORECASE)
_IMPLIED = 0.75
"""The confidence of a marriage that only "my wife" tells of."""


def without_implied_marriage(drafts: list[Draft], earlier: EarlierDrafts) -> list[Draft]:
    """`drafts` without the marriage that "my wife" implies, if the speaker has said that it has ended."""
    if not any(
        draft.predicate == "relationship_status" and draft.subject is None and _UNMARRIED.fullmatch(draft.object or "")
        for draft in (earlier.standing.values() if "relationship_status" in earlier.predicates else ())
    ):
        return drafts
    return [
        one
        for one in drafts
        if (one.predicate, one.object, one.subject) != ("relationship_status", "married", None)
        or one.confidence > _IMPLIED
    ]


_JOINED = frozenset({"engaged", "married", "in a relationship"})
_TOGETHER = KeyedPattern(r"\b(?:engaged|married|wedding|together|dating)\b", re.IGNORECASE)
_SPLIT = KeyedPattern(
    r"\b(?:we|have|i|then) (?:have |just |then |finally |since |both )*(?:split(?:ted)? up|split(?=$|[,.;!])|broke up|"
    r"broken up|separated|divorced|called it off|called it quits|parted)\b",
    re.IGNORECASE,
)


def _without_those_left(text: str, drafts: list[Draft]) -> list[Draft]:
    """`drafts` without the bond that a text tells of and then ends: "got engaged in May, but we split up in August"."""
    split = _SPLIT.search(text)
    if split is None or not _TOGETHER.search(text[: split.start()]) or _TOGETHER.search(text[split.end() :]):
        return drafts
    return [
        draft
        for draft in drafts
        if draft.op != "assert"
        or not (draft.predicate in _SPOUSES or (draft.predicate == "relationship_status" and draft.object in _JOINED))
    ]


def _doses(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    now = _DOSE_NOW.match(text)
    match = now or _DOSE.search(text)
    among = earlier.last_turn() if now else earlier.standing.values()
    doses = {draft.slot: draft for draft in among if draft.predicate == "dose" and (now or not draft.subject)}
    if match is None or len(doses) != 1:
        return
    (old,) = doses.values()
    value = match["o"].strip()
    if now and not now["unit"]:
        before = _FIGURE.search(old.object or "")
        if before is None or not _is_likely(float(before[0].replace(",", ".")), float(value)):
            return  # "It's 4 now, time for lunch"
        value = _FIGURE.sub(value, old.object or "", count=1)
    phrase = old.phrase.replace(old.object or "", value)
    yield msgspec.structs.replace(old, object=value, phrase=phrase, quote=match.span(), valid_at=None, precision=None)


def _is_likely(old: float, new: float) -> bool:
    return new <= old * _LIKELY and old <= new * _LIKELY


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
    """The end of the speaker's marriage, if the wife or husband has died or the two have separated."""
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


_DIED = KeyedPattern(
    r"(?:^|[.,;!] ?|\b(?:and|but|so) )(?P<name>(?-i:[A-ZÀ-Þ])[\w-]+) (?:has |sadly |just |finally |suddenly )*"
    r"(?:died|passed away|passed on)\b(?! (?:laughing|inside|of (?:laughter|boredom|embarrassment|shame)|on (?:me|"
    r"stage)))",
    re.IGNORECASE,
)


def _named_deaths(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    """ "Ilse passed away": the death of a relative who was named before."""
    match = _DIED.search(text)
    if match is None:
        return
    kin = [
        draft
        for draft in earlier.naming({match["name"].casefold()})
        if draft.predicate in _KIN and draft.object == match["name"] and draft.subject is None
    ]
    if kin:
        relation = kin[-1].predicate.removeprefix("has_").replace("_", "-")
        phrase = f"'s {relation} died"
        death = msgspec.structs.replace(kin[-1], predicate="family_event", object=f"{relation} died", phrase=phrase)
        death = msgspec.structs.replace(death, quote=match.span("name"), category="family")
        yield death
        yield from _deaths(death, earlier)


_KIN = frozenset(
    words(
        "has_mother has_father has_grandmother has_grandfather has_sister has_brother has_wife has_husband has_partner "
        "has_aunt has_uncle has_cousin has_child has_friend has_mother_in_law has_father_in_law has_niece has_nephew"
    )
)
_BORN = KeyedPattern(r"\b(?:born|arrived|gave birth|had (?:the|our|her) baby)\b", re.IGNORECASE)
_NAMED = KeyedPattern(
    r"\b(?:(?:her|his|the baby's|baby's) name(?:'s| is)|(?:she|he)(?:'s| is) (?:called|named)|called (?:her|him)|"
    r"named (?:her|him)|called|named) (?P<name>(?-i:[A-ZÀ-Þ])[\w-]+)",
    re.IGNORECASE,
)


def _births(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    """ "She was born last night! Her name is Juno", after a pregnancy."""
    if "family_event" not in earlier.predicates or not _BORN.search(text):
        return
    expected = [
        one for one in earlier.standing.values() if one.predicate == "family_event" and one.object == "pregnant"
    ]
    named = _NAMED.search(text)
    if expected and named:
        yield Draft(
            predicate="has_child",
            object=named["name"],
            phrase=f"has a child called {named['name']}",
            quote=named.span(),
            confidence=0.8,
            category="family",
        )


_WEIGHT = KeyedPattern(
    r"(?:^|[.,;!] ?|\b(?:i'm|im|i am|i've got|already|finally) )(?:down|up|back) to (?P<o>\d{2,3}(?:[.,]\d)?)(?=$|"
    r"[,.;!)](?!\d)| (?:now|today|this|again|already|as of|and|but)\b)",
    re.IGNORECASE,
)


def _weights(text: str, earlier: EarlierDrafts, fresh: AbstractSet[tuple[str, object]]) -> Iterator[Draft]:
    """ "Down to 79 now", after "I weigh 82 kg"."""
    match = _WEIGHT.search(text) if "measure" in earlier.predicates and ("measure", "assert") not in fresh else None
    if match is None:
        return
    known = [
        one for one in earlier.last_turn() or earlier.standing.values() if one.slot == "weight" and not one.subject
    ]
    before = _FIGURE.search(known[-1].object or "") if known else None
    if before is None:
        return
    old, new = (float(value.replace(",", ".")) for value in (before[0], match["o"]))
    if abs(new - old) <= old / 4:
        value = (known[-1].object or "").replace(before[0], match["o"])
        phrase = known[-1].phrase.replace(known[-1].object or "", value)
        yield msgspec.structs.replace(
            known[-1], object=value, phrase=phrase, quote=match.span(), valid_at=None, precision=None
        )


_SWITCHED = KeyedPattern(
    r"\b(?:switched|moved|migrated|changed|gone) (?:over )?to (?P<o>[\w+#.-]*\w(?: [\w+#.-]*\w)?)", re.IGNORECASE
)


def _switches(text: str, earlier: EarlierDrafts) -> Iterator[Draft]:
    """ "Switched to Helix", after "I use vim": both are editors."""
    match = _SWITCHED.search(text) if "uses" in earlier.predicates else None
    new = match["o"] if match else ""
    new = new if kind_of(new) else new.split(" ")[0]
    if match is None or kind_of(new) is None:
        return
    for old in list(earlier.standing.values()):
        same = old.predicate == "uses" and old.subject is None and kind_of(old.object) == kind_of(new)
        if same and (old.object or "").casefold() != new.casefold():
            yield retraction(old, match.span())
            yield msgspec.structs.replace(old, object=new, phrase=f"uses {new}", quote=match.span(), valid_at=None)
            return


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


CUES = KeyedGroup(_DOSE, _DOSE_NOW, _BACK, _DIED, _BORN, _WEIGHT, _SWITCHED, words=("not",))
"""What a text has that says such a change by itself, without other drafts of its turn."""
