"""An earlier plan on a new day: "the dentist moved to the 9th", "sorry, it's the 25th".

A plan is moved only by a sentence that names it, or by one right after such a sentence: "The dentist rang. They moved
it to the 9th". A later turn that shares a word with a plan and names some day does not move it.
"""

import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.events import event_dates
from memctl.extract.grammar.segmentation import sentences
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.time.dates import Grounded, certain

_DAY_FOLLOWS = (
    r"(?:(?:on|at|in|for|the|this|next|early|late|mid) )*(?:\d|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|"
    r"jul|aug|sep|oct|nov|dec|spring|summer|autumn|winter|tomorrow|tonight|today)"
)
_CHANGED = KeyedPattern(
    r"\b(?:moved|moves|changed|pushed|brought forward|rescheduled|postponed|delayed|switched|put back|shifted|bumped|"
    rf"now(?= {_DAY_FOLLOWS})|not(?= {_DAY_FOLLOWS})|"
    r"(?:push|move|bring|shift|bump|put|postpone|delay|reschedule) (?:the|my|our|it))\b",
    re.IGNORECASE,
)
_NOT_THE_OLD = late(rf",? (?:and )?not {_DAY_FOLLOWS}.*", re.IGNORECASE | re.DOTALL)
""" "It's the 3rd, not the 12th"."""
_SMALL = frozenset(
    words(
        "a an the my our their on in at to for of with and appointment appt date day meeting her him them his you your "
        "have has get got see take make call tell talk speak come start meet new one"
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
_SAME_TIME = late(r"\bsame time\b", re.IGNORECASE)
_OTHER_CLOCK = late(r"\b(?:at|for) (?P<o>\d{1,2}(?:[.:]\d\d)?(?: ?[ap]m| o'clock)?)(?=$|[\s,.;!)])", re.IGNORECASE)
_THE_DAY = late(
    r"(?<!on)(?= the \d{1,2}(?:st|nd|rd|th)\b(?! (?:of|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))) the",
    re.IGNORECASE,
)
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
    before = ""
    for sentence in [text] if corrected else [one.text for one in sentences(text)]:
        if corrected or _CHANGED.search(sentence):
            named = f"{before} {sentence}" if _REFERS_BACK.match(sentence) else sentence
            moved = _moved(sentence, named, at, earlier, last if corrected else None)
            if moved is not None:
                moved.quote = (0, len(text.rstrip()))
                yield moved
                return
        before = sentence


def _moved(
    text: str, named: str, at: datetime | None, earlier: EarlierDrafts, last: list[Draft] | None
) -> Draft | None:
    """The latest plan that `named` names, or that of `last`, on the day that `text` names; None without either."""
    told = _THE_DAY.sub(" on the", _NOT_THE_OLD.sub("", text), 1)
    dates = [one for one in certain(told, at, future=True) if one.role == "at"]
    if not dates:
        return None
    spoken = set(_words(named))
    for draft in reversed(earlier.plans):
        if draft.valid_at is None or draft.subject is not None:
            continue
        chief = set(_words(draft.object or "")) & spoken
        if not (
            draft in last
            if last is not None
            else chief and not (_is_another(draft, chief, named) or _moves_another(text, chief))
        ):
            continue
        new = _in_its_month(dates[-1], draft.valid_at) if _THE_DAY.search(text) else dates[-1]
        new = new if last is not None or at is None or new.start > at else dates[-1]
        if new.start != draft.valid_at:
            return _on(draft, new, text)
    return None


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


def _on(draft: Draft, new: Grounded, text: str) -> Draft:
    """The plan `draft` on the day `new` of `text`, at its time of day."""
    phrase = re.sub(r" (?:on|in) (?:the (?:week|weekend) of )?(?:\d{1,2} )?[A-Z]?[a-z]* ?\d{4}$", "", draft.phrase)
    if (later := event_dates.at_time("", text[new.span[1] :])) and not _SAME_TIME.search(text):
        phrase = re.sub(r" at \d[\d:.]*(?: ?[ap]m)?$", "", phrase) + later
    elif clock := _OTHER_CLOCK.search(text, new.span[1]):
        phrase = f"{re.sub(r' at [0-9][0-9:.]*(?: ?[ap]m)?$', '', phrase)} at {clock['o']}"
    return msgspec.structs.replace(
        draft, phrase=event_dates.absolute(phrase, [new]), valid_at=new.start, precision=new.precision
    )


def with_new_day(text: str, at: datetime | None, earlier: EarlierDrafts, drafts: list[Draft]) -> list[Draft]:
    """The drafts of a turn, with an earlier plan on its new day in place of what the same words say by themselves."""
    moved = list(rescheduled(text, at, earlier))
    known = {word for plan in moved for word in _words(plan.object or "")}
    said = [draft for draft in drafts if draft.predicate != "plans" or not known.issuperset(_words(draft.object or ""))]
    return (said if moved else drafts) + moved


def _words(text: str) -> list[str]:
    return [word for word in re.findall(r"op\b|[^\W\d_][\w-]{2,}", text.casefold()) if word not in _SMALL]
