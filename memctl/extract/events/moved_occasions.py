"""An occasion that a text names itself and puts on another day: "knee op's not the 6th, it's the 20th now", "audiology
moved. Thurs 28th instead", "the training is postponed to 6 March". The plan need not have been told before.
"""

import re
from datetime import datetime
from typing import NamedTuple

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.events import event_dates
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.rule_tables import compiled
from memctl.extract.time.dates import Grounded, certain
from memctl.extract.vocabulary import kinship
from memctl.extract.vocabulary.date_words import ENGLISH_MONTHS, ORDINALS, alternation
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.verbs import FORMS

_WEEKDAY = r"(?:mon|tue|tues|wed|weds|wednes|thu|thur|thurs|fri|sat|satur|sun)(?:day)?"
_MONTH = rf"(?P<{{0}}>{alternation(ENGLISH_MONTHS)})"
_ORDINAL = rf"(?:\d{{1,2}}(?:st|nd|rd|th)?|(?:{alternation(ORDINALS)})(?= of (?:{alternation(ENGLISH_MONTHS)})\b))"
_YEAR = r"(?:,? \d{4})?"
_DAY = (
    rf"\b(?:the )?(?:{_WEEKDAY},? (?:the )?)?(?:{_MONTH.format('m')} {_ORDINAL}{_YEAR}|"
    rf"{_ORDINAL}(?: (?:of )?{_MONTH.format('n')}{_YEAR})?)\b(?!(?:[:.]\d| ?[ap]m\b| ?(?:mins?|minutes|hours|days|"
    rf"weeks|months|people|quid|euros?|pounds|%)\b))|\b{_WEEKDAY}\b"
)
_DAYS = late(_DAY, re.IGNORECASE)
_A_DAY = re.sub(r"\?P<\w>", "?:", _DAY)
_NO_NOUN = (
    r"(?!(?:it|its|this|that|these|those|there|here|i|we|you|he|she|they|who|what|which|if|and|but|or|so|then|when|not|"
    r"no|now|is|are|was|has|have|had|got|been|to|from|at|on|in|by|just|only|also|his|her|their|your|a|an|my|our|the|"
    r"today|tomorrow|yesterday|change|update|correction|news|plan|plans|date|day|time|anyway|btw|well|oh|ok|okay|yes|"
    r"yeah|also|still|actually|hey|hi)\b)"
)
_TOPIC = (
    r"(?:^|[.!?;:\n,–-] ?|\b(?:and|but|so|also|well|the|my|our) )(?:(?:the|my|our) )?"
    rf"(?P<o>(?:{_NO_NOUN}[^\W\d_][\w'’-]* |\d+ weeks? |of |for (?:the |my )?){{0,4}}?{_NO_NOUN}[^\W\d_][\w-]*)"
)
_CHANGES = (
    r"(?:moved|pushed|shifted|bumped|postponed|rescheduled|adjourned|changed|delayed|put back|put off|brought forward|"
    r"switched)"
)
_LINK = r"(?:'s|’s| is| are| has| have| was| got| gets| been| being| also| just| now| again)*"
_PUT_OFF = KeyedPattern(
    rf"{_TOPIC}(?: (?:on|of|from|for) (?:{_A_DAY}))?(?:{_LINK} {_CHANGES}\b(?! (?:the|my|our|your|his|her|"
    rf"their|it|me|us|him|them|an?|dates?|times?|days?)\b)|"
    rf"(?:'s| is)(?: now)? (?:off|cancell?ed) (?=(?:on |for )?(?:{_A_DAY}))|"
    rf"(?:'s| is| are)? ?(?:n't|nt|\bnot|\bain't|\baint|\bno longer|\bno)(?: on)? (?=(?:{_A_DAY})))",
    re.IGNORECASE,
)
_PUT = KeyedPattern(
    rf"\b{_CHANGES} (?:the|my|our) (?P<o>(?:{_NO_NOUN}[^\W\d_][\w'’-]* ){{0,4}}?{_NO_NOUN}[^\W\d_][\w-]*)"
    rf"(?= to (?:{_A_DAY})|[.,;:!–-]| from (?:{_A_DAY}))",
    re.IGNORECASE,
)
MOVED_OCCASIONS = (_PUT_OFF, _PUT)
"""With what a text puts an occasion on another day."""
CUES = KeyedGroup(
    words=frozenset(re.findall(r"[a-z]+", _CHANGES))
    | {"off", "cancelled", "canceled", "not", "no", "isn", "aren", "ain"},
    test=lambda word: word.endswith("nt"),
)
"""What a text has that does so, beside a day."""
_OLD = late(
    r"(?:\b(?:not|no|isn't|isnt|ain't|aint|from|of|instead of|no longer|was|off|cancell?ed)(?: on| for)?) $",
    re.IGNORECASE,
)
_OVER = late(r"(?: no more| any ?more| is (?:off|gone|cancelled)| ?(?:→|->))", re.IGNORECASE)
_NEW = late(
    r"(?:\b(?:now|it's|its|it is|but|instead|new (?:date|day)(?: is|:)?|so)|→|->)(?: (?:now|on|for))*,? $",
    re.IGNORECASE,
)
_TO = late(r"(?: back| forward| on| from)* (?:to|till|until|for)(?: the week of)? ", re.IGNORECASE)
_AFTER_NEW = late(r",? (?:now|instead|noo)\b|,? not (?=(?:the |on )*[\w ]{0,10}\d)", re.IGNORECASE)
_UNSURE = late(
    r"\b(?:if|would|could|should|might|(?<!\d )(?<!th )(?<!st )(?<!nd )(?<!rd )(?<!of )may (?!\d)|maybe|perhaps|"
    r"probably|want|wants|ask|asked|asking|hope|can|can't|hoping|try|trying|said|joke|dream\w*)\b|\?",
    re.IGNORECASE,
)
_PLACE = late(r"[A-ZÀ-Þ][a-zà-ÿ]+")
""" "Halle was put back": inside a sentence, a name says where, not what."""
_BY_ANOTHER = late(r"\b(?:s?he(?:['’]?s| has)?|[A-ZÀ-Þ]\w+ has) (?:just |now )?$")
""" "She's moved the flight": hers."""
_ENDS = ("", ".", "!", "?", ":", "-", "–")
_THIS_TIME = late(r" (?:this week|just this)\b", re.IGNORECASE)
""" "Choir moved to Friday this week": a change for one week is not stored."""
_JUST_PUT = late(r"(?:moved|pushed|shifted|postponed|rescheduled|adjourned|back|forward)$", re.IGNORECASE)
""" "Rescheduled for 6 March" tells the new day, "cancelled for 6 March" the old one."""
_BARE = late(r"(?:the )?\d+(?:st|nd|rd|th)?", re.IGNORECASE)
_FARTHEST = 120
"""Characters after the occasion in which its new day is looked for."""


class Moved(NamedTuple):
    """An occasion, its new day, whether that is without a month, the words after it, and the quote."""

    topic: str
    day: Grounded
    bare: bool
    after: str
    span: tuple[int, int]


def moved_occasion(text: str, at: datetime | None) -> Moved | None:
    """The occasion that `text` names and puts on another day; None without one."""
    if at is None or HIDDEN in text:
        return None
    for pattern in MOVED_OCCASIONS:
        for named in pattern.finditer(text) if pattern.possible(text) else ():
            topic = named["o"].strip()
            if pattern is _PUT and _BY_ANOTHER.search(text[: named.start()]):
                continue
            if _PLACE.fullmatch(topic) and text[: named.start("o")].strip(" \n")[-1:] not in _ENDS:
                continue
            new = _new_day(text, named.end(), at) if _is_occasion(topic) else None
            if pattern is _PUT and new is not None and not (new.replaces or _is_event(topic)):
                continue
            if new is not None and not _UNSURE.search(text, named.start(), new.end):
                return Moved(topic, new.day, new.bare, text[new.end :], (named.start("o"), new.end))
    return None


_BODY = late(
    r"(?:(?:left|right|other|new|bad|second) )*(?:hips?|knees?|eyes?|shoulder|foot|feet|back|tooth|teeth|heart|ear)"
)
""" "The hip is put back to 14 May" does not say what is done to it."""
_OWNED = late(r".*['’]s ")


def _is_event(topic: str) -> bool:
    return compiled("(?:.* )?{EVENT}s?").fullmatch(topic) is not None


def _is_occasion(topic: str) -> bool:
    nouns = topic.split()
    forms = {FORMS.get(word.lower(), ("", ""))[1] for word in nouns}
    if forms & {"past", "pp"} or _BODY.fullmatch(topic) or kinship.canonical(nouns[-1].lower()) in kinship.FAMILY:
        return False
    return not is_given_name(nouns[-1])


class _NewDay(NamedTuple):
    """A new day, whether it is without a month, whether an old one was named before it, and where its words end."""

    day: Grounded
    bare: bool
    replaces: bool
    end: int


def _new_day(text: str, begin: int, at: datetime) -> _NewDay | None:
    """The first day after `begin` that is said to be the new one."""
    tail = text[begin : begin + _FARTHEST]
    last, old = 0, None
    for match in _DAYS.finditer(tail):
        before, after = tail[last : match.start()], tail[match.end() :]
        beside = old is not None and not before.strip(" ,.;:–-")
        put_for = last == 0 and before.strip() == "for" and _JUST_PUT.search(text[:begin]) is not None
        if not put_for and _is_old(before, after, first=last == 0, beside=beside):
            old, last = match, match.end()
            continue
        if not (beside or _is_new(before, after)) or _THIS_TIME.match(after):
            return None
        day, bare = _grounded(match, old, at), _BARE.fullmatch(match[0]) is not None
        return _NewDay(day, bare, old is not None, begin + match.end()) if day is not None else None
    return None


def _is_old(before: str, after: str, *, first: bool, beside: bool) -> bool:
    """Whether the words around a day say that it is the old one; `beside`: it stands right after an old one."""
    named = first and before.strip() in ("", "on", "for")
    return named or _OVER.match(after) is not None or (not beside and _OLD.search(before) is not None)


def _is_new(before: str, after: str) -> bool:
    return bool(_NEW.search(before) or _TO.fullmatch(before) or _AFTER_NEW.match(after))


def _grounded(new: re.Match[str], old: re.Match[str] | None, at: datetime) -> Grounded | None:
    """The day of `new`, in the month of `old` if it has none itself."""
    said = re.sub(r"^the ", "", new[0], flags=re.IGNORECASE)
    month = (old["m"] or old["n"]) if old is not None and not (new["m"] or new["n"]) else None
    if month and said[:1].isdigit():
        said = f"{said} {month}"
    day = next((one for one in certain(f"on {'the ' * said[:1].isdigit()}{said}", at, future=True)), None)
    return day if day is not None and day.precision == "day" and day.start > at else None


def draft_of(moved: Moved) -> Draft:
    """The plan of an occasion that was not told before."""
    own, whose = moved.topic, _OWNED.match(moved.topic)
    named = f"has {article(own)}" if _is_event(own) else f"expects the {own}"
    phrase = event_dates.at_time(f"expects {own}" if whose else named, moved.after)
    return Draft(
        predicate="plans",
        object=moved.topic,
        phrase=event_dates.absolute(phrase, [moved.day]),
        quote=moved.span,
        confidence=0.8,
        category="plans",
        valid_at=moved.day.start,
        precision=moved.day.precision,
    )
