"""Facts that another state of the speaker leaves behind, without being named: the neighbours of an old home, the former
girlfriend once there is another, the age before a birthday, an illness of a part of the body that is fine again, a diet
and a budget that changed."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.filters.assertion_filter import declarative
from memctl.extract.grammar.segmentation import HIDDEN, Sentence, plain, sentences
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.vocabulary.date_words import in_figures

_LATELY = timedelta(days=120)
_MOVED = late(
    r"\b(?:mov(?:e|es|ed|ing)|now|these days|new (?:address|home|place|flat|house|apartment|studio)|keys|packed|"
    r"first (?:night|week|weekend|morning)|box(?:es)?)\b",
    re.IGNORECASE,
)
_TOGETHER = late(r"\b(?:we|us|we've|we're|both|all|together|with|our|and i)\b", re.IGNORECASE)
_AROUND = ("has_neighbor", "has_landlord", "has_landlady")
_UNDER_ONE_ROOF = ("has_roommate", "has_flatmate", "has_housemate")
_LOVES = ("partner", "has_girlfriend", "has_boyfriend")
_WEEKDAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"
_ON_A_DAY = (
    rf"(?: on (?:the \d{{1,2}}(?:st|nd|rd|th)|{_WEEKDAY})|,? (?:since|as of|from) (?:the \d{{1,2}}(?:st|nd|rd|th)|"
    rf"yesterday|today|last \w+|this \w+|{_WEEKDAY})| (?:yesterday|last (?:week|month|\w+day)))"
    r"(?=$|[,.;!]| and\b)"
)
_NUMBER = r"(?P<age>\d{2}|(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-\w+)?)"
_OLDER = KeyedPattern(
    rf"\b(?:i was|i'm|im|i am|i turned)(?: now)? {_NUMBER}{_ON_A_DAY}|"
    rf"^\W*(?:(?:well|so|and|hi|morning|hello|now)\W+)*{_NUMBER.replace('<age>', '<alone>')}(?: now)?{_ON_A_DAY}",
    re.IGNORECASE,
)
_LIMB = "wrist|elbow|shoulder|knee|ankle|heel|foot|feet|achilles|thumb|hip"
_HURTS = (
    (late(r"tend[io]nitis|bursitis|sprain\w*|strain\w*|fracture\w*|\brsi\b", re.IGNORECASE), _LIMB),
    (late(r"fasciitis|heel spur", re.IGNORECASE), "foot|feet|heel"),
    (late(r"slipped dis[ck]|sciatica|lumbago", re.IGNORECASE), "back"),
    (late(r"(?:tennis|golfer'?s) elbow", re.IGNORECASE), "elbow"),
    (late(r"carpal tunnel", re.IGNORECASE), "wrist|hand"),
    (late(r"frozen shoulder|rotator", re.IGNORECASE), "shoulder"),
    (late(r"bronchitis|pneumonia|chest infection", re.IGNORECASE), "chest|lungs"),
)
"""Illnesses that heal, and the parts of the body where they are."""
_FINE = KeyedPattern(
    rf"(?:^|[,;–-] ?|\b(?:and|but|so|my|the|your) )(?:(?:my|the|left|right|bad|sore) )*(?P<part>{_LIMB}|back|hand|"
    r"chest|lungs)(?:'s|s| is| are| has| have| feels)(?: all| totally| completely| finally| now| been| fully)* "
    r"(?:fine|all (?:good|better)|healed|back to normal|good as new|cured|mended|clear)(?=$|[,.;!)]| (?:now|again|btw|"
    r"finally|at last|since|thank|and|so|turns)\b)(?!,? (?:as long|unless|if|when|until|till|except|but only|so "
    r"(?:far|long))| now(?:,? (?:but|as long|unless|if|when))\b)",
    re.IGNORECASE,
)
_NOT_SO = late(
    r"\b(?:if|when|whether|once|until|till|not|n't|hope|hoping|says?|said|thinks?|wish|would|could|should|might|may|"
    r"maybe|almost|nearly|he|she|his|her|their|they|your|you|was|used to|before|unless|while|other|mum|mom|dad|son|"
    r"daughter|sister|brother|wife|husband)(?:'s)?\b|n't\b",
    re.IGNORECASE,
)
_SPEAKER = late(r"\b(?:i|i'm|im|i've|ive)\b", re.IGNORECASE)
_DIET = r"(?P<o>pescatarian|pescetarian|vegetarian|vegan|veggie|flexitarian)"
_EATS = KeyedPattern(
    rf"(?:^|[.,;:!–-] ?)(?:(?:so|i guess|officially|now|basically) )*(?:(?:(?<=so )|(?<=now )|(?<=guess )|"
    rf"(?<=officially )){_DIET}(?=$|[,.;!]| (?:i guess|then|now|it is)\b)|{_DIET.replace('<o>', '<now>')} (?:now|"
    r"these days|from now on)(?=$|[,.;!]))",
    re.IGNORECASE,
)
_SUM = r"(?P<o>(?P<sign>[£$€₹]|r\$ ?)? ?\d[\d.,]*\d?k?(?: ?(?P<unit>€|£|\$|euros?|pounds|dollars|quid|bucks))?)"
_BUDGET = KeyedPattern(
    r"(?:^|[,;–-] ?|\b(?:and|so|but|my|our|the) )(?:(?:my|our|the|weekly|monthly|food|grocery|groceries) )*"
    rf"budget(?:'s|s| is| has| has been| went| goes| gone| got| now| been)*(?: (?P<up>raised|upped|increased|cut|"
    rf"lowered|gone|up|down|now))*(?: to| at)? {_SUM}(?P<per> (?:a|per) (?:week|month|day))?(?P<now>,? (?:now|from now "
    r"on|from (?:this|next) (?:week|month)|these days))?(?=$|[,.;!]| (?:by the way|btw|because|since|and|as)\b)",
    re.IGNORECASE,
)
_PER = late(r" (?:a|per) (?:week|month|day)$", re.IGNORECASE)
OUTDATED = KeyedGroup(_OLDER, _FINE, _EATS, _BUDGET)
"""What a message has that says so in words of its own; a new home and a new partner are known by their drafts."""


def outdated(
    text: str, at: datetime | None, earlier: EarlierDrafts, new: list[Draft], *, worded: bool
) -> Iterator[Draft]:
    """The ends of what is out of date, and the states in its place; `new` are the drafts of the turn so far.

    `worded` is whether the turn may have the words of `OUTDATED`.
    """
    for draft in new:
        if draft.subject is None and not draft.denial and not draft.corrects:
            if draft.predicate == "lives_in":
                yield from _around_old_home(text, at, draft, earlier)
            elif draft.predicate in _LOVES and draft.op == "assert" and draft.object:
                yield from _former_loves(draft, earlier)
    if not worded:
        return
    said = {one.predicate for one in new if one.subject is None}
    for one in sentences(plain(text)):
        body, _ = declarative(one.text, one.mark)
        if not body or HIDDEN in body or "?" in one.mark:
            continue
        if "age" not in said:
            yield from _older(body, one, earlier)
        yield from _healed(body, one, earlier)
        if "diet" not in said:
            yield from _other_diet(text, body, one, earlier)
        yield from _other_budget(body, one, earlier, new)


def _live(earlier: EarlierDrafts, *predicates: str) -> list[Draft]:
    return [one for predicate in predicates for one in earlier.live.get((None, predicate), {}).values()]


def _span(sentence: Sentence) -> tuple[int, int]:
    return sentence.start, sentence.start + len(sentence.text)


def _around_old_home(text: str, at: datetime | None, home: Draft, earlier: EarlierDrafts) -> Iterator[Draft]:
    """The end of the neighbours with the home, and of the flatmates of a speaker who moves alone."""
    said = text[slice(*home.quote)]
    long_ago = home.op == "assert" and home.valid_at and at and home.valid_at < at - _LATELY
    homes = [(one.object or "").casefold() for one in _live(earlier, "lives_in")]
    place = (home.object or "").casefold()
    same = home.op == "assert" and any(place in one or one in place for one in homes)
    if not homes or same or long_ago or not _MOVED.search(said):
        return
    for old in _live(earlier, *_AROUND, *(() if _TOGETHER.search(said) else _UNDER_ONE_ROOF)):
        over = retraction(old, home.quote)
        over.invalid_at = home.invalid_at or home.valid_at
        over.precision = home.precision if over.invalid_at else None
        yield over


def _former_loves(love: Draft, earlier: EarlierDrafts) -> Iterator[Draft]:
    for old in _live(earlier, *_LOVES):
        if old.predicate != love.predicate and old.object and old.object.split()[0] != (love.object or "").split()[0]:
            yield retraction(old, love.quote)


def _older(body: str, sentence: Sentence, earlier: EarlierDrafts) -> Iterator[Draft]:
    """ "Fifty-nine since Tuesday", of somebody who was 58."""
    ages = _live(earlier, "age")
    match = next(iter(_OLDER.finditer(body)), None) if len(ages) == 1 else None
    if match is None:
        return
    age = in_figures(next(value for value in match.groups() if value))
    if ages[0].object and ages[0].object.isdigit() and int(ages[0].object) + 1 == int(age):
        yield msgspec.structs.replace(
            ages[0], object=age, phrase=f"is {age} years old", quote=_span(sentence), confidence=0.8, valid_at=None,
            precision=None,
        )  # fmt: skip


def _healed(body: str, sentence: Sentence, earlier: EarlierDrafts) -> Iterator[Draft]:
    """ "The wrist is fine now", of the only illness that the wrist may have."""
    match = _FINE.search(body)
    if match is None or _NOT_SO.search(body[: match.start("part")]):
        return
    part = match["part"].casefold()
    there = [
        one
        for one in _live(earlier, "has_condition")
        if any(hurts.search(one.object or "") and part in parts.split("|") for hurts, parts in _HURTS)
    ]
    if len(there) == 1:
        yield retraction(there[0], _span(sentence))


def _other_diet(text: str, body: str, sentence: Sentence, earlier: EarlierDrafts) -> Iterator[Draft]:
    """ "So pescatarian, I guess", of somebody who was vegetarian."""
    diets = _live(earlier, "diet")
    match = _EATS.search(body) if len(diets) == 1 else None
    if match is None or _NOT_SO.search(body[: match.start()]) or not _SPEAKER.search(body[: match.start()] or text):
        return
    diet = (match["o"] or match["now"]).lower()
    if diet != (diets[0].object or "").casefold():
        yield msgspec.structs.replace(
            diets[0], object=diet, phrase=f"is {diet}", quote=_span(sentence), confidence=0.8, valid_at=None,
            precision=None,
        )  # fmt: skip


def _other_budget(body: str, sentence: Sentence, earlier: EarlierDrafts, new: list[Draft]) -> Iterator[Draft]:
    """ "Budget's $200 now", of somebody who told of one budget, in the same currency."""
    budgets = [one for one in _live(earlier, "constraint") if one.phrase.startswith("has a budget of ")]
    match = _BUDGET.search(body) if len(budgets) == 1 else None
    if match is None or not (match["up"] or match["now"]) or _NOT_SO.search(body[: match.start()]):
        return
    (old,) = budgets
    value = old.object or ""
    if (match["sign"] or match["unit"] or "").strip() not in value or match["o"].strip() == _PER.sub("", value):
        return
    period = _PER.search(value)
    amount = match["o"].strip()
    if not match["sign"] and not match["unit"]:
        amount = re.sub(r"\d[\d.,]*\d?k?", amount, _PER.sub("", value), count=1)
    amount += match["per"] or (period[0] if period else "")
    yield retraction(old, _span(sentence))
    for again in [one for one in new if one.phrase.startswith("has a budget of ")]:
        new.remove(again)
    yield msgspec.structs.replace(
        old, object=amount, phrase=f"has a budget of {amount}", quote=_span(sentence), confidence=0.8
    )
