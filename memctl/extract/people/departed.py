"""People who have died or gone, in the words that name them: "my husband Rodel passed in 2019".

The speaker no longer has such a husband, so he is not stored as one. `memctl.extract.people.deaths` stores the death.
"""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.wordlist import spoken_words, words
from memctl.extract.vocabulary.kinship import CHILD, fits

_HINTS = frozenset(
    words(
        "died dead deceased passed gone left retired resigned quit moved rest mercy lost buried burying bury cremated "
        "widow widower widowed grave funeral ashes wake memorial headstone rip dep "
        "gestorben verstorben tot starb murió falleció descanse qepd morreu faleceu deus mort morte décédé décédée "
        "morto morta mancato mancata"
    )
)
_AGO = (
    r"(?:(?:(?:an?|these|about|over|nearly|almost|some|many|few|half|a couple of|one|two|three|four|five|six|seven|"
    r"eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|\d+) ){1,3}(?:years?|months?|weeks?|days?)\b)"
)
_DEAD = (
    rf"(?:died\b(?! (?:laughing|of (?:laughter|embarrassment|shame|boredom)))|passed away\b|deceased\b|"
    rf"(?:been |is |was )?(?:long )?dead(?= since| now| these| for|[,.;:!)]|$| {_AGO})|is no more\b|"
    rf"is no longer (?:with us|here)\b|been gone(?= since| now|[,.;!]|$| {_AGO})|gone now\b|gone since\b|gone {_AGO}|"
    r"rest (?:in peace|his soul|her soul)|rip\b|"
    r"(?:lost|losing) (?:his|her) (?:life|battle|fight)\b)"
)
_PASSED = (
    rf"passed(?: on)?(?:,? (?:in (?:'?\d\d|(?-i:[A-Z]))|on (?-i:[A-Z])|at (?:\d|[a-z]+ty)|last |this |suddenly|"
    rf"peacefully|{_AGO}ago))"
)
""" "Passed in 2019" is a death, but "my son passed on Friday" may be an examination."""
_BETWEEN = (
    r"(?:,? ?\(?\d{1,3}\)?,?)?(?:,? (?:who|he|she|sadly|suddenly|just|finally|only|actually|also|has|had|is)|'s)*,? "
    r"(?:(?:took|got|fell|was|had|became) [a-z' ]{3,30}?,? and(?: then| later| sadly| suddenly)* )?"
)
_AFTER_NAME = late(rf"{_BETWEEN}(?:(?P<dead>{_DEAD})|(?P<passed>{_PASSED}))", re.IGNORECASE)
_PRONOUN_LATER = late(
    rf"[^.!?;\n]{{0,90}}[.;,](?: and| but)? (?P<who>he|she)(?:'s| is| has| was)?(?: just| sadly| since| long| now)* "
    rf"(?:{_DEAD}|{_PASSED})",
    re.IGNORECASE,
)
_BLESSED = late(
    r",? ?\(?(?:god|may (?:he|she|allah|god|the lord)|lord)\b[^.!?;\n]{0,20}? (?:rest|have mercy on)\b|,? ?\(?(?:rip|"
    r"r\.i\.p|dep)\b",
    re.IGNORECASE,
)
_ABROAD = late(
    r"[^.!?;\n]{0,60}(?:\b(?:gestorben|verstorben|ist tot|starb|murió|falleció|en paz descanse|q\.?e\.?p\.?d|morreu|"
    r"faleceu|que deus (?:o |a )?(?:tem|tenha)|est mort|est morte|est décédée?|nous a quittés|è morto|è morta|"
    r"è mancat[oa]|buonanima)\b)",
    re.IGNORECASE,
)
_LOST_BEFORE = late(
    r"\b(?:lost|buried|burying|bury|cremated|widow(?:er)? of|(?:funeral|grave|ashes|wake|memorial|headstone) (?:of|"
    r"for)) (?:my|our) (?:[\w'-]+ ){1,3}$",
    re.IGNORECASE,
)
_INHERITED = late(
    r" (?:has )?left (?:me|us) (?!alone\b|behind\b|out\b|here\b|there\b|with\b|to\b|on\b|in\b|at\b|wondering\b)(?!(?:"
    r"an?|the|this|that|some|his|her|two) (?:\w+ )?(?:message|voicemail|voice ?note|note|text|review|comment|key|keys|"
    r"lift|spare|plate|present|parcel|food|card|mess|bag|dinner|lunch|minute)s?\b)(?:his|her|their|an?|the|some|"
    r"everything|all|money|£|\$|€|\d)",
    re.IGNORECASE,
)
_ELDERS = frozenset(
    words(
        "has_aunt has_uncle has_grandmother has_grandfather has_great_aunt has_great_uncle has_godmother "
        "has_godfather has_mother has_father"
    )
)
""" "My aunt left me a seal": in her will."""
_GONE_AWAY = late(
    r"(?:'s| is| has| just| since)* (?:gone to (?-i:[A-ZÀ-Þ])|(?P<job>retired\b|resigned\b|quit\b)|(?P<move>moved "
    r"(?:out|away|back|to (?-i:[A-ZÀ-Þ])))|left (?:us\b|the (?:company|practice|firm|surgery|team)|last |in "
    r"(?-i:[A-Z])|for "
    r"(?-i:[A-ZÀ-Þ])))",
    re.IGNORECASE,
)
_REPLACEABLE = frozenset(
    words(
        "has_dentist has_doctor has_gp has_vet has_therapist has_physio has_counsellor has_boss has_manager "
        "has_supervisor has_landlord has_landlady has_neighbor has_roommate has_colleague has_teammate has_tutor "
        "has_trainer has_coach has_accountant has_midwife has_teacher has_lodger"
    )
)
_AT_HOME = frozenset({"has_neighbor", "has_roommate", "has_landlord", "has_landlady", "has_lodger"})
_AT_WORK = frozenset(words("has_boss has_manager has_supervisor has_colleague has_teammate"))
_SPOUSES = frozenset({"has_husband", "has_wife", "has_partner", "spouse"})
_PARTNERS = _SPOUSES | frozenset(words("partner has_girlfriend has_boyfriend has_fiancé has_fiancée"))
_AGAIN = late(r"\b(?:remarried|married again|second|new|now|since)\b", re.IGNORECASE)
_SPOUSE = late(r"\bmy (?:late |dear |poor )*(?:husband|wife)\b", re.IGNORECASE)
_RELATED = frozenset({"has_pet", "has_condition"})


def without_departed(text: str, drafts: list[Draft]) -> list[Draft]:
    """`drafts` of a turn without the people that it says have died or gone, and what is said of those who died."""
    drafts = _without_former_partners(text, drafts)
    if _HINTS.isdisjoint(spoken_words(text)):
        return drafts
    dead, gone, single = set[str](), set[int](), False
    widowed = any(
        one.predicate == "relationship_status" and one.subject is None and (one.object or "").startswith("widow")
        for one in drafts
    ) and not _AGAIN.search(text)
    for draft in _people(drafts):
        if (widowed and draft.predicate in _SPOUSES) or _has_died(draft, text):
            dead.add(draft.object or "")
            single = single or draft.predicate in _SPOUSES
        elif draft.predicate in _REPLACEABLE and _has_gone(draft, text):
            gone.add(id(draft))
    single = single or widowed or any(map(_AFTER_NAME.match, (text[at.end() :] for at in _SPOUSE.finditer(text))))
    if not (dead or gone or single):
        return drafts
    return [
        one
        for one in drafts
        if one.op != "assert"
        or not (
            id(one) in gone
            or (single and (one.predicate, one.object, one.subject) == ("relationship_status", "married", None))
            or one.subject in dead
            or (one.subject is None and one.object in dead and one.predicate.startswith("has_"))
        )
    ]


def _without_former_partners(text: str, drafts: list[Draft]) -> list[Draft]:
    """`drafts` without a partner whom the sentence that names them leaves: "my girlfriend Jo and I broke up"."""
    ends = [one for one in drafts if one.op == "retract" and one.subject is None and one.predicate in _PARTNERS]
    return [one for one in drafts if not any(_is_left(one, end, text) for end in ends)]


def _is_left(draft: Draft, end: Draft, text: str) -> bool:
    if draft.op != "assert" or (draft.subject, draft.predicate) != (None, end.predicate):
        return False
    (first, last), (begin, stop) = draft.quote, end.quote
    named = end.object in (None, draft.object) and _AGAIN.search(text, begin, stop) is None
    return named and first < stop and begin < last


def _people(drafts: list[Draft]) -> Iterator[Draft]:
    """The drafts that name a person whom the speaker has."""
    for draft in drafts:
        if (
            draft.op == "assert"
            and draft.subject is None
            and draft.predicate.startswith("has_")
            and draft.predicate not in _RELATED
            and (draft.object or "")[:1].isupper()
        ):
            yield draft


def _after(draft: Draft, text: str) -> Iterator[str]:
    """What follows each mention of the person in the words of a draft."""
    name, at = draft.object or "", draft.quote[0]
    while (at := text.find(name, at)) >= 0 and at < draft.quote[1]:
        at += len(name)
        yield text[at : at + 200]


def _has_gone(draft: Draft, text: str) -> bool:
    """Whether a neighbour has moved away, or a dentist has retired. A neighbour who retires stays a neighbour, and a
    boss who moves stays a boss."""
    told = (_GONE_AWAY.match(after) for after in _after(draft, text))
    still = "job" if draft.predicate in _AT_HOME else "move" if draft.predicate in _AT_WORK else None
    return any(one and not (still and one[still]) for one in told)


def _has_died(draft: Draft, text: str) -> bool:
    relation = draft.predicate.removeprefix("has_").replace("_", "-")
    before = text[: text.find(draft.object or "", draft.quote[0])]
    if _LOST_BEFORE.search(before[-60:]):
        return True
    for after in _after(draft, text):
        told = _AFTER_NAME.match(after)
        if told and (told["dead"] or relation not in CHILD):
            return True
        later = _PRONOUN_LATER.match(after)
        if later and fits(later["who"].lower(), relation):
            return True
        if _BLESSED.match(after) or _ABROAD.match(after):
            return True
        if draft.predicate in _ELDERS and _INHERITED.match(after):
            return True
    return False
