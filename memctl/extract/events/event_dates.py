"""The dates of plans and events: the dates that say when, the words without them, and the time of the claim."""

import re
from collections.abc import Iterable
from datetime import datetime

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.clauses import Clause, Head
from memctl.extract.grammar.noun_phrases import cut
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.time.dates import Grounded, certain, may_name_time

_DAYTIME = KeyedPattern(r"^ (?:morning|afternoon|evening|night)s?\b")
_AFTER_DATE = late(
    r"(?:,? ?\d{4})?(?:$|\s*[^\w\s]|\s+(?:[a-z]+ly|(?:morning|afternoon|evening|night|at|in|on|for|with|to|from|by|"
    r"and|or|but|so|as|after|before|because|since|when|while|which|where|who|that|if|then|until|till|through|via|"
    r"near|over|about|around|of|without|during|again|too|now|alone|together|instead|though|also|just|is|was|i|we|he|"
    r"she|they|it|my|our|the|a|an|this|next|last|up|"
    r"down|out|off|back|if|using|against|between|despite|like|not|next|skiing|via)\b))",
    re.IGNORECASE,
)

_NEW_PHRASE = late(
    r"^\s*,(?!\s*(?:and |both |all )?(?:to|from|with|without|in|at|on|near|by|via|for|into|onto|as|through|over|around|"
    r"after|before|during|until|till)\b|\s*(?-i:[A-ZÀ-Þ])[\w'-]+$).*|^\s+so\b.*",
    re.IGNORECASE | re.DOTALL,
)
""" "On 12 June, arthroscopy": what comes after the date and a comma says something else, unless it is a
preposition, or a name ("had a girl on Friday, Wren")."""
_SUBORDINATE = late(
    r"\b(?:when|because|after|before|while|whilst|if|until|till|since|once|who|which|where)\s+\w+\s+(?!of\b)\w+",
    re.IGNORECASE,
)
""" "I dropped it when the licence ran out in July": the date is that of the other clause."""


def of_the_clause(text: str, dates: list[Grounded]) -> list[Grounded]:
    """The `dates` that say when something happens. In "a deadline of 5 April" and "the 15 May submission" the date only
    says which one is meant."""
    return [one for one in dates if not _which(text, one.span)]


def _which(text: str, span: tuple[int, int]) -> bool:
    """True if the date belongs to the noun before or after it."""
    before = re.search(r"\b(?:of|with|between|than|met|meet)\s+$", text[: span[0]], re.IGNORECASE)
    return bool(before or _SUBORDINATE.search(text[: span[0]])) or not (
        text[: span[1]].endswith(",") or _AFTER_DATE.match(text[span[1] :])
    )


_BEFORE_DATE = late(
    r"(?:\s(?:on|in|at|for|by|until|till|to|through|since|from|about|around|roughly|almost|nearly))?"
    r"(?:\s(?:the )?(?:end|start|beginning|middle)(?: of)?)?(?:\s(?:the|early|late|mid))?\s*$",
    re.IGNORECASE,
)
_BEFORE_DAY = late(r"(?:\s(?:for|by|until|till|through|since|from))?\s*$", re.IGNORECASE)
_DAY_WITHOUT_PREPOSITION = late(r"(?:yesterday|today|tonight|tomorrow|last|next|this)\b", re.IGNORECASE)
""" "A shelter I volunteer at yesterday": the preposition does not belong to such a day."""


def without_dates(clause: Clause, head: Head, dates: list[Grounded]) -> str:
    """The words after the verb, without date expressions."""
    text = clause.text
    for one in reversed(dates):
        if one.span[0] >= head.rest_at:
            after = _DAYTIME.sub("", text[one.span[1] - text[: one.span[1]].endswith(",") :])
            before = _BEFORE_DAY if _DAY_WITHOUT_PREPOSITION.match(text, one.span[0]) else _BEFORE_DATE
            text = before.sub(" ", text[: one.span[0]]) + _NEW_PHRASE.sub("", after)
    return cut(" ".join(text[head.rest_at :].split()))


_UNDATED = frozenset({"hometown", "name", "surname", "preferred_name", "age", "birthday", "nationality"})
""" "I'm Ana, a nurse since 2014": what somebody is called did not begin with the job."""
_OF_ITEMS = frozenset({"job_title", "works_at", "studied_at"})
_ANOTHER_ITEM = late(
    r".*,\s+(?!(?:since|from|as|in|at|on|with|for|of|until|till|back|i|ever|also|now|this|last)\b)(?:and )?[a-z]"
    r"[^,]*[^\s,]|.*\band,?",
    re.IGNORECASE | re.DOTALL,
)
_PREPOSITION = late(r"\s+(?:since|from|in)?\s*$|^$", re.IGNORECASE)


def of_another_item(draft: Draft, text: str, dates: list[Grounded]) -> bool:
    """Whether the dates of a clause belong to a later item of a list: "I'm a team lead, nights since 2019"."""
    value = draft.object or ""
    at = text.find(value) if draft.op == "assert" and draft.predicate in _OF_ITEMS and value else -1
    if at < 0 and draft.predicate != "job_title":
        return False
    after = max(at, 0) + (len(value) if at >= 0 else 0)
    between = (_PREPOSITION.sub("", text[after : one.span[0]]) for one in dates if one.span[0] > after)
    return any(map(_ANOTHER_ITEM.fullmatch, between))


def date_into(draft: Draft, dates: list[Grounded], head: Head | None) -> None:
    """Set a draft's time from `dates`: the day of an event, the start or end of a state."""
    at = next((one for one in dates if one.role == "at"), None)
    since = next((one for one in dates if one.role == "since" and draft.predicate != "plans"), None)
    until = next((one for one in dates if one.role == "until"), None)
    if until is not None:
        draft.invalid_at, draft.precision = until.start, until.precision
    if draft.op == "retract":
        if at is not None and (head is None or head.tense != "present" or head.stopped):
            draft.invalid_at, draft.precision = at.start, at.precision
        if since is not None and until is not None:
            draft.valid_at = since.start
        return
    if draft.predicate in _UNDATED:
        return
    if since is not None:
        draft.valid_at, draft.precision = since.start, since.precision
    elif at is not None and draft.predicate not in ("birthday", "age"):
        dated = draft.predicate in ("plans", "event", "attended") or (
            head is not None and (head.tense in ("past", "perfect") or head.started)
        )
        if dated:
            draft.valid_at, draft.precision = at.start, at.precision


SEASON_NAMES = {3: "spring", 6: "summer", 9: "autumn", 12: "winter"}


def absolute(phrase: str, dates: list[Grounded]) -> str:
    """`phrase` with the full date of its event or plan, so that it can be understood later."""
    at = next((one for one in dates if one.role == "at"), None)
    if at is None:
        return phrase
    if at.precision == "day" and (at.end - at.start).days <= 1:
        return f"{phrase} on {at.start.day} {at.start:%B %Y}"
    if at.precision == "month":
        return f"{phrase} in {at.start:%B %Y}"
    if at.precision == "year":
        return f"{phrase} in {at.start:%Y}"
    if at.precision == "season":
        return f"{phrase} in {SEASON_NAMES[at.start.month]} {at.start:%Y}"
    if (at.end - at.start).days == 2:
        return f"{phrase} on the weekend of {at.start.day} {at.start:%B %Y}"
    return f"{phrase} in the week of {at.start.day} {at.start:%B %Y}"


def in_time(draft: Draft | None, dates: list[Grounded], at: datetime | None, *, ahead: bool = False) -> Draft | None:
    """`draft`, unless it is an event whose day is still to come, or a plan whose day is over.

    `ahead` is set if the clause is certainly about the future; otherwise the year of a plan may be another one.
    """
    day = next((one for one in dates if one.role == "at"), None)
    if draft is None or day is None or at is None:
        return draft
    now = at.astimezone(day.start.tzinfo)
    if draft.predicate == "plans":
        return None if ahead and day.end <= now else draft
    return None if day.start > now else draft


def date_events(drafts: Iterable[Draft], dates: list[Grounded]) -> None:
    """Add the full date to the words of the events among `drafts`."""
    for draft in drafts:
        if draft.predicate == "event":
            draft.phrase = absolute(draft.phrase, dates)


_STARTING_LATER = frozenset({"detail", "dose"})


def starting_later(drafts: list[Draft], text: str, at: datetime | None) -> list[Draft]:
    """`drafts` with the date from which a figure is true: "rent goes up to 640 from May"."""
    if at is None or not any(draft.predicate in _STARTING_LATER for draft in drafts):
        return drafts
    later = next((one for one in certain(text, at, future=True) if one.role == "since" and one.start > at), None)
    for draft in drafts if later else ():
        if later and draft.predicate in _STARTING_LATER and draft.valid_at is None:
            draft.valid_at, draft.precision = later.start, later.precision
    return drafts


def undated(phrase: str, at: datetime | None) -> str:
    """A verb phrase without the time at its end; `absolute` adds the full date."""
    dates = certain(phrase, at) if may_name_time(phrase) else []
    last = max(dates, key=lambda one: one.span[1], default=None)
    if last is None or phrase[last.span[1] :].strip(" .,"):
        return phrase
    return re.sub(r"\W+(?:on|in|at|by|for)?\W*$", "", phrase[: last.span[0]]) or phrase


_LONG_AGO = 30
"""Years after which a move says little about where somebody lives."""


def long_ago(draft: Draft, now: datetime | None) -> bool:
    """True for a home or job that somebody took so long ago: "my grandmother moved to Leith in 1931"."""
    if draft.predicate not in ("lives_in", "works_at", "job_title") or draft.op == "retract":
        return False
    return draft.valid_at is not None and now is not None and draft.valid_at.year < now.year - _LONG_AGO


_CLOCK = late(
    r",? (?:(?:at|around|from) )?(?P<o>\d{1,2}(?:[:.]\d\d)? ?[ap]\.?m\b|\d{1,2}[:.]\d\d\b(?! ?(?:km|mins?|per)\b)|"
    r"(?<=at )(?:\d{1,2}|noon|midnight|half (?:past )?\w+)\b(?![:.]\d))",
    re.IGNORECASE,
)


def at_time(phrase: str, after: str) -> str:
    """`phrase` with the time of day that the words `after` a date begin with: "a scan at 8:40"."""
    clock = _CLOCK.match(after)
    return f"{phrase} at {clock['o']}" if clock else phrase


def timed(
    drafts: list[Draft], text: str, at: datetime | None, head: Head | None, dates: list[Grounded] | None = None
) -> list[Draft]:
    """`drafts`, with the dates of their clause `text`."""
    if not drafts:
        return drafts
    dates = certain(text, at) if dates is None else dates
    if dates:
        for draft in drafts:
            if not of_another_item(draft, text, dates):
                date_into(draft, dates, head)
    return drafts
