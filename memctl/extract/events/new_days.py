"""An earlier plan on a new day: "the dentist moved to the 9th", "sorry, it's the 25th".

A plan is moved by a sentence that names it, or by one right after such a sentence: "The dentist rang. They moved it to
the 9th"; by its old day: "28 October now, not the 21st"; or, if it is the only one to come, by "they've moved me to the
9th". A later turn that shares a word with a plan and names some day does not move it.
"""

import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.events import event_dates, moved_occasions
from memctl.extract.events.appointments import AFTER
from memctl.extract.grammar.segmentation import sentences
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.time.dates import Grounded, certain
from memctl.extract.vocabulary.date_words import ORDINALS, alternation

_DAY_FOLLOWS = (
    r"(?:(?:on|at|in|for|the|this|next|early|late|mid) )*(?:\d|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|"
    r"jul|aug|sep|oct|nov|dec|spring|summer|autumn|winter|tomorrow|tonight|today|"
    rf"(?:{alternation(ORDINALS)}) of)"
)
_CHANGED = KeyedPattern(
    r"\b(?:moved|moves|moving|changed|pushed|brought forward|rescheduled|postponed|delayed|switched|put back|shifted|"
    r"bumped|slipped|slips|instead|extension|(?:given|gave|put) (?:me|us|him|her|them)|"
    rf"now(?= (?:it's |its |it is )?{_DAY_FOLLOWS})|(?:not|isn't|isnt)(?= {_DAY_FOLLOWS})|(?<=\d)(?:st|nd|rd|th)? now|"
    r"(?:push|move|bring|shift|bump|put|postpone|delay|reschedule) (?:the|my|our|it))\b|"
    r"\b(?:rang|called|phoned|texted|emailed|wrote)\b[^.!?]{0,40}?\b(?:it's|its|it is) (?:now |on )*(?:the )?\d",
    re.IGNORECASE,
)
_NOT_THE_OLD = late(rf",? (?:and )?(?:not|isn't|isnt) {_DAY_FOLLOWS}(?:(?! but\b|,).)*", re.IGNORECASE | re.DOTALL)
""" "It's the 3rd, not the 12th"."""
_SMALL = frozenset(
    words(
        "a an the my our their on in at to for of with and appointment appt date day meeting her him them his you your "
        "due have has get got see take make call tell talk speak come start meet new one"
    )
)
"""Words that do not say which plan is meant."""
_CORRECTED = KeyedPattern(
    r"\W*(?:(?:correction|sorry|actually|wait|no|oops|my bad|hang on)\b[,.:! ]*)+(?:it's|its|it is|that's|make that|"
    r"make it)(?: on)? ",
    re.IGNORECASE,
)
""" "Correction, it's the 25th", right after a plan."""
NEW_DAYS = KeyedGroup(_CORRECTED, _CHANGED)
"""With what a text gives a plan another day."""
_SAME_TIME = late(r"\bsame (?:time|hour|\d)", re.IGNORECASE)
_OTHER_CLOCK = late(r"\b(?:at|for) (?P<o>\d{1,2}(?:[.:]\d\d)?(?: ?[ap]m| o'clock)?)(?=$|[\s,.;!)])", re.IGNORECASE)
_THE_DAY = late(
    r"(?<!on)(?= the \d{1,2}(?:st|nd|rd|th)\b(?! (?:of|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))) the",
    re.IGNORECASE,
)
_BARE_DAY = late(r"(?:\w+ )?the \d{1,2}(?:st|nd|rd|th)", re.IGNORECASE)
_REFERS_BACK = late(
    r"\W*(?:(?:so|and|but|well|actually) )*(?:moved|changed|pushed|rescheduled|postponed|delayed|switched|now)\b|"
    r".*\b(?:it|it's|its|they|they've|that's|that|appointment|date|day|slot|me|us)\b",
    re.IGNORECASE | re.DOTALL,
)
""" "They've moved it to the 19th": what, the sentence before says."""
_BESIDE = (
    r"\b(?:before|after|until|till|since|like|besides|missing|next|second|third|another|other|last|his|her|their|"
    r"[\w-]+'s) (?:\w+ ){0,2}?"
)
""" "Just before the boat", "the next scan": another thing than the boat and the first scan."""


def _in_its_month(new: Grounded, plan: datetime) -> Grounded:
    """The day `new` in the month of a `plan`, if that has such a day: "sorry, it's the 25th"."""
    try:
        start = plan.replace(day=new.start.day)
    except ValueError:
        return new
    return msgspec.structs.replace(new, start=start, end=start + (new.end - new.start))


def rescheduled(text: str, at: datetime | None, earlier: EarlierDrafts) -> Iterator[Draft]:
    """An earlier plan with its new day: "The dentist is moved to Friday"."""
    corrected = _CORRECTED.match(text) if earlier.plans else None
    if not earlier.plans or not (corrected or _CHANGED.search(text)) or "?" in text:
        return
    last = [draft for draft in earlier.last_turn() if draft.predicate == "plans"] if corrected else []
    if len({draft.object for draft in last}) > 1:
        return
    before, since = "", _LONG_SINCE
    for sentence in [text] if corrected else [one.text for one in sentences(text)]:
        tells = bool(corrected or _CHANGED.search(sentence))
        went_on = since < _LONG_SINCE and (tells or _GOES_ON.match(sentence) is not None)
        since = 0 if tells else since + 1
        if tells or since <= _LONG_SINCE:
            named = f"{before} {sentence}" if went_on or _REFERS_BACK.match(sentence) else sentence
            moved = _moved(sentence, named, at, earlier, last if corrected else None)
            if moved is not None:
                moved.quote = (0, len(text.rstrip()))
                yield moved
                return
        before = f"{before} {sentence}" if since < _LONG_SINCE else sentence


_LONG_SINCE = 2
"""How many sentences after a change its new day is still looked for."""
_GOES_ON = late(
    rf"\W*(?:(?:so|and|now|it's|its|it is|it will be|it'll be|new (?:date|day)|they|he|she|we|same)\b|{_DAY_FOLLOWS})",
    re.IGNORECASE,
)
""" "It rained. Now it's the 14th": a sentence after one that tells of a change."""
_ME_TO = KeyedPattern(
    r"\b(?:moved|pushed|shifted|bumped|rescheduled|changed|put|given|gave) (?:me|us|it|him|her|them)"
    rf"(?: back| forward)?(?: to| on| till| until|:)? {_DAY_FOLLOWS}|"
    rf"\b(?:now (?:it's|its|it is)|(?:it's|its|it is) now)(?: due| on)? {_DAY_FOLLOWS}|"
    r"\bnot (?:on )?(?:mon|tues|wednes|thurs|fri|satur|sun)day (?:now|any ?more)\b",
    re.IGNORECASE,
)
""" "They've moved me to the 9th": which of several plans, only their days tell."""
_OLD_DAY = late(
    r"\b(?:not|isn't|isnt|instead of|off|from|was|(?:flight|one|slot|ferry|train|date) of)(?: on)?(?: the)? "
    r"(?:(?P<m>[a-z]{3})[a-z]* )?(?P<d>\d{1,2})(?:st|nd|rd|th)?\b(?! ?[:.]\d| ?[ap]m)(?: of)?"
    r"(?: (?P<n>[a-z]{3})[a-z]*)?|(?<![\d:.])(?P<e>\d{1,2})(?:st|nd|rd|th)?(?: [a-z]{3,9})? ?(?:→|->|to) ?(?:the )?"
    r"(?=\d{1,2}\b(?! ?[:.]\d| ?[ap]m))",
    re.IGNORECASE,
)
""" "Not the 21st", "14 → 21 aug", "4th to 18 feb": the day on which a plan was before."""
_MONTHS = words("jan feb mar apr may jun jul aug sep oct nov dec")


def _was_on(plan: datetime, text: str) -> re.Match[str] | None:
    """Where `text` names the day of a `plan` as an old one."""
    for match in _OLD_DAY.finditer(text):
        month = (match["m"] or match["n"] or "").lower()
        if int(match["d"] or match["e"]) == plan.day and month in (*_NO_MONTH, _MONTHS[plan.month - 1]):
            return match
    return None


_NO_MONTH = ("", "but", "and", "now", "any", "bec")
"""What begins the word after a day without a month: "not the 21st any more"."""


def _moved(
    text: str, named: str, at: datetime | None, earlier: EarlierDrafts, last: list[Draft] | None
) -> Draft | None:
    """The latest plan that `named` names, or that of `last`, on the day that `text` names; None without either."""
    spoken = set(_words(_CHANGED.sub("", named)))
    plans = list({(one.subject, one.object): one for one in earlier.plans if one.valid_at is not None}.values())
    ahead = [one for one in plans if at is None or (one.valid_at is not None and one.valid_at > at)]
    for draft in reversed(plans):
        chief = set(_words(draft.object or "")) & spoken
        old = _was_on(draft.valid_at, named) if draft.valid_at else None
        if last is not None:
            meant = draft in last
        elif chief:
            meant = not (_is_another(draft, chief, named) or _moves_another(text, chief))
        else:
            only = len(ahead) == 1 and _ME_TO.search(named) and not _OLD_DAY.search(named)
            meant = draft in ahead and (old is not None or bool(only))
        moved = _new_day(draft, text, at, last) if meant else None
        if moved is not None and (chief or last is not None or old or _tells_only_the_day(*moved)):
            return _on(draft, *moved, same=last is not None or _SAME_TIME.search(named) is not None)
    return None


def _tells_only_the_day(new: Grounded, text: str) -> bool:
    """Whether "they've moved me to 9 July" and "3 June, 11:15" name the day `new` of a plan that they do not name."""
    to = _ME_TO.search(text)
    begins = new.span[0] <= (to.end() if to is not None else 1)
    end = new.span[1] - text[: new.span[1]].endswith(",")
    return begins and AFTER.match(_NOW.sub("", text[end:])) is not None


def _new_day(draft: Draft, text: str, at: datetime | None, last: list[Draft] | None) -> tuple[Grounded, str] | None:
    """The day in `text` that is the new one of a plan, and `text` without the old one."""
    if draft.valid_at is None:
        return None
    old = _was_on(draft.valid_at, text)
    told = text.replace(old[0], " " * len(old[0])) if old and old["e"] else text
    told = _NOT_THE_OLD.sub("", told)
    bare = _THE_DAY.search(told) is not None
    told = _THE_DAY.sub(" on the", told, count=1)
    dates = [one for one in certain(told, at, future=True) if one.role == "at" and one.start != draft.valid_at]
    dates = [one for one in dates if one.precision == "day" or draft.precision != "day"]
    if not dates:
        return None
    bare = bare or (old is not None and _BARE_DAY.fullmatch(told[slice(*dates[-1].span)]) is not None)
    new = _in_its_month(dates[-1], draft.valid_at) if bare else dates[-1]
    new = new if last is not None or at is None or new.start > at else dates[-1]
    return (new, told) if new.start != draft.valid_at else None


_WITHIN = late(r"\b(?:for|to|from|of|at|in|with|and|because)\b", re.IGNORECASE)


def _moves_another(text: str, chief: set[str]) -> bool:
    """Whether `text` says that something else moved: "changed my shirt for the viva", "the office moved to Oslo"."""
    changed = _CHANGED.search(text)
    after = min((at for word in chief if (at := text.casefold().find(word)) >= 0), default=0)
    return bool(changed and changed.end() <= after and _WITHIN.search(text[changed.end() : after]))


def _is_another(plan: Draft, chief: set[str], text: str) -> bool:
    """Whether `text` names another occasion with the words `chief` of a plan: "the next scan", "before the boat"."""
    own = (plan.object or "").casefold().split()
    for word in chief:
        if beside := re.search(_BESIDE + re.escape(word), text.casefold()):
            return beside[0].split()[0] not in own and (
                beside[0].split()[0] not in ("next", "last") or own[0] in ("first", "second", "third", "final")
            )
    return False


def _on(draft: Draft, new: Grounded, text: str, *, same: bool) -> Draft:
    """The plan `draft` on the day `new` of `text`, at the `same` time of day or the one that `text` names."""
    phrase = re.sub(r" (?:on|in) (?:the (?:week|weekend) of )?(?:\d{1,2} )?[A-Z]?[a-z]* ?\d{4}$", "", draft.phrase)
    without = re.sub(rf" at (?:\d[\d:.]*(?: ?[ap]m)?|{event_dates.CLOCK_IN_WORDS})$", "", phrase)
    after = _NOW.sub("", text[new.span[1] :])
    if later := event_dates.at_time("", after):
        phrase = without + later
    elif clock := _OTHER_CLOCK.search(after):
        phrase = f"{without} at {clock['o']}"
    elif not same:
        phrase = without
    return msgspec.structs.replace(
        draft, phrase=event_dates.absolute(phrase, [new]), valid_at=new.start, precision=new.precision
    )


_NOW = late(r"^(?:,? (?:now|instead|same (?:time|hour)))+", re.IGNORECASE)


def with_new_day(text: str, at: datetime | None, earlier: EarlierDrafts, drafts: list[Draft]) -> list[Draft]:
    """The drafts of a turn, with an earlier plan on its new day in place of what the same words say by themselves."""
    moved = _of_an_occasion(text, at, earlier)
    if moved is None:
        moved = list(rescheduled(text, at, earlier)) if earlier.plans and NEW_DAYS.possible(text) else []
    known = {word for plan in moved for word in _words(plan.object or "")}
    said = [draft for draft in drafts if draft.predicate != "plans" or not known.issuperset(_words(draft.object or ""))]
    return (said if moved else drafts) + moved


def _of_an_occasion(text: str, at: datetime | None, earlier: EarlierDrafts) -> list[Draft] | None:
    """The plan that `text` names and moves, which may have been told before in other words; none if it is on that day
    already. None if the text names no occasion."""
    moved = moved_occasions.moved_occasion(text, at)
    if moved is None or not (spoken := set(_words(moved.topic))):
        return None
    for draft in reversed(earlier.plans):
        chief = set(_words(draft.object or "")) & spoken
        if chief and draft.valid_at is not None and not _is_another(draft, chief, text):
            day = _in_its_month(moved.day, draft.valid_at) if moved.bare else moved.day
            day = day if at is None or day.start > at else moved.day
            moved = moved._replace(day=msgspec.structs.replace(day, span=(0, 0)))
            again = _on(draft, moved.day, moved.after, same=_SAME_TIME.search(text) is not None)
            again.quote = moved.span
            return [again] if draft.valid_at != moved.day.start else []
    return [moved_occasions.draft_of(moved)]


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"op\b|[^\W\d_][\w-]{2,}", text.casefold()) if word not in _SMALL]
