"""The dates of plans and events: the dates that say when, the words without them, and the time of the claim."""

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.clauses import Clause, Head
from memctl.extract.grammar.noun_phrases import cut
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.time.dates import Grounded, certain, may_name_time
from memctl.extract.vocabulary.date_words import ENGLISH_MONTHS, HOLIDAYS, alternation

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
    before = re.search(
        r"\b(?:of|with|between|than|met|meet|from .+ (?:to|till|until))\s+$", text[: span[0]], re.IGNORECASE
    )
    return bool(before or _SUBORDINATE.search(text[: span[0]])) or not (
        text[: span[1]].endswith(",") or _AFTER_DATE.match(text[span[1] :])
    )


_SEPARATOR = late(r"[,;:–—]\s+|\s[-–—]+\s|\b(?:and|but|then)\s", re.IGNORECASE)
_SAME_PHRASE = late(
    r"$|(?:in|at|on|with|by|from|for|to|near|as|of|after|before|since|until|till|over|under|into|onto|via|through|per|"
    r"about|around|during|between|up|down|back|out|off|outside|inside|next|last|this|early|late|mid|only|just|again|"
    r"now|finally|officially|almost|nearly|roughly|mostly|always|both|all|together|sometime|probably|then|the|end|"
    r"start|beginning|middle|every|each|\w+ly|\w+ing|\w+ed)\b|(?-i:[A-ZÀ-Þ\d])",
    re.IGNORECASE,
)
""" "In Leeds, on the wards, since 2019": the date is still the verb's; of "team lead, nights since 2019" it is not."""
_CONTINUES = late(r"\s*,\s*(?!and\b|but\b|so\b|or\b)[\w']", re.IGNORECASE)
_JOINED = late(r"\b(?:and|but)\W*$", re.IGNORECASE)
_ALSO = late(r"\b(?:also|too|as well)\b", re.IGNORECASE)
_MEMBERS = late(r"\b(?:class|batch|cohort|vintage|intake|year group|generation|team|squad) of $", re.IGNORECASE)
""" "Class of 2019": no day on which anything began."""


def of_another_phrase(text: str, after: int, one: Grounded) -> bool:
    """True if the date `one` of a clause belongs to words that begin between `after` and the date."""
    lead = text[after : one.span[0]]
    if _MEMBERS.search(lead):
        return True
    last = max(_SEPARATOR.finditer(lead), key=lambda found: found.start(), default=None)
    if last is None:
        return False
    segment = _BEFORE_DATE.sub("", " " + lead[last.end() :]).strip()
    if segment and _JOINED.search(last[0]) and _ALSO.search(segment):
        return True  # "I'm Danish, and Swedish too since 2020"
    if segment:
        return not _SAME_PHRASE.match(segment)
    # "and, since January, a section at Castleton"
    return _JOINED.search(lead[: last.start()]) is not None and _CONTINUES.match(text, one.span[1]) is not None


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


_BARE_DAY = late(r"(?:\w+ )?the (?P<day>\d{1,2})(?:st|nd|rd|th)", re.IGNORECASE)
_NAMED_MONTH = late(
    rf"\b(?:{alternation(ENGLISH_MONTHS)}|{alternation(HOLIDAYS)})\b(?! (?:i|we|you|they|be)\b)", re.IGNORECASE
)


def within(text: str, at: datetime | None, before: str, future: bool | None) -> list[Grounded]:
    """The dates of a clause. After "on 9 January", which is `before` it in its sentence, "the 15th" is in January."""
    dates = certain(text, at, future=future)
    bare = [one for one in dates if _BARE_DAY.fullmatch(text[slice(*one.span)])]
    if not bare or at is None or not _NAMED_MONTH.search(before):
        return dates
    named = [one for one in certain(before, at, future=True) if _NAMED_MONTH.search(before[slice(*one.span)])]
    return [_in_month(one, named[-1], at) if named and one in bare else one for one in dates]


def _in_month(bare: Grounded, named: Grounded, at: datetime) -> Grounded:
    """`bare`, a day without a month, as the day of that number from the `named` date on."""
    later = named.start > at and (named.start.year, named.start.month) > (bare.start.year, bare.start.month)
    if not later or bare.start.day < named.start.day:
        return bare
    try:
        start = named.start.replace(day=bare.start.day)
    except ValueError:
        return bare
    return msgspec.structs.replace(bare, start=start, end=start + (bare.end - bare.start))


def date_into(draft: Draft, dates: list[Grounded], head: Head | None) -> None:
    """Set a draft's time from `dates`: the day of an event, the start or end of a state."""
    at = next((one for one in dates if one.role == "at"), None)
    happens = draft.predicate in ("plans", "event", "attended")
    since = next((one for one in dates if one.role == "since" and not happens), None)
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
        began = head is not None and (head.tense in ("past", "perfect") or head.started)
        if happens or began:
            draft.valid_at, draft.precision = at.start, at.precision


def of_another_month(draft: Draft, text: str, heard: str) -> bool:
    """True if a plan is on "the 27th" and the words before it, in `text` or `heard` before that, name a later month."""
    if draft.predicate != "plans" or draft.valid_at is None or draft.precision != "day":
        return False
    said = text[slice(*draft.quote)]
    if _NAMED_MONTH.search(said) or not re.search(r"\bthe \d{1,2}(?:st|nd|rd|th)\b", said, re.IGNORECASE):
        return False
    named = [match[0].lower() for match in _NAMED_MONTH.finditer(f"{heard} {text[: draft.quote[0]]}")]
    months = [_MONTHS_SHORT.index(month[:3]) + 1 for month in named if month in ENGLISH_MONTHS]
    return bool(months) and 0 < (months[-1] - draft.valid_at.month) % 12 < 6


_MONTHS_SHORT = words("jan feb mar apr may jun jul aug sep oct nov dec")


SEASON_NAMES = {3: "spring", 6: "summer", 9: "autumn", 12: "winter"}


def absolute(phrase: str, dates: list[Grounded]) -> str:
    """`phrase` with the full date of its event or plan, so that it can be understood later."""
    at = next((one for one in dates if one.role == "at"), None)
    if at is None:
        return phrase
    booked = phrase.startswith("has booked")  # for that time, not then
    if at.precision == "day" and (at.end - at.start).days <= 1:
        return f"{phrase} {'by' if at.deadline else 'for' if booked else 'on'} {at.start.day} {at.start:%B %Y}"
    if at.precision == "month":
        return f"{phrase} {'by' if at.deadline else 'for' if booked else 'in'} {at.start:%B %Y}"
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


_EVERY_YEAR = late(r"\b(?:i|we) (?:\w+ly |always )?(?:take|use|need|get|wear|have)\b", re.IGNORECASE)


def _yearly(one: Grounded, at: datetime | None) -> bool:
    """Whether a date may be of every year: "I take antihistamines from April"."""
    return one.role == "since" and one.precision in ("month", "season") and at is not None and one.start > at


def starting_later(drafts: list[Draft], text: str, at: datetime | None) -> list[Draft]:
    """`drafts` with the date from which a figure is true: "rent goes up to 640 from May"."""
    if at is None or not any(draft.predicate in _STARTING_LATER for draft in drafts):
        return drafts
    later = next((one for one in certain(text, at, future=True) if one.role == "since" and one.start > at), None)
    if later is not None and _yearly(later, at) and _EVERY_YEAR.search(text):
        return drafts
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


CLOCK_IN_WORDS = r"(?:half (?:past )?|(?:a )?(?:quarter|five|ten|twenty(?:[- ]five)?) (?:past|to) )\w+"
_CLOCK = late(
    r",? (?:(?:at|around|from) )?(?P<o>\d{1,2}(?:[:.]\d\d)? ?[ap]\.?m\b|\d{1,2}[:.]\d\d\b(?! ?(?:km|mins?|per)\b)|"
    rf"(?<=at )(?:\d{{1,2}}|noon|midnight|{CLOCK_IN_WORDS})\b(?![:.]\d))",
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
    for draft in drafts if dates else ():
        date_into(
            draft, dates if draft.predicate == "plans" and head is None else _own(draft, dates, text, at, head), head
        )
    back = _return(drafts[0], text, dates) if len(dates) > 1 and drafts[0].predicate == "plans" else None
    return [*drafts, back] if back is not None else drafts


_JOURNEY = late(
    r"(?:fly|go|travel|sail|drive|leave|be) (?:out |off |away |over |down |up )*(?:to|for|in) "
    r"(?P<o>(?-i:[A-ZÀ-Þ]).*?)(?: and back)?"
)
_BACK = late(
    r"(?:,|;| -| –)? ?(?:and |then )*(?:(?:i'm|i am|we're|we are|i come|we come|i fly|we fly|coming|flying) )?"
    r"(?:back|home|return(?:ing)?)(?: home)?(?: on)?(?: the)? *",
    re.IGNORECASE,
)


def _return(journey: Draft, text: str, dates: list[Grounded]) -> Draft | None:
    """The plan of coming back in "I fly to Accra on 20 December, back 4 January"."""
    where = _JOURNEY.fullmatch(journey.object or "")
    days = [one for one in dates if one.role == "at" and one.precision == "day"]
    if where is None or len(days) < 2:
        return None
    if not _BACK.fullmatch(text[days[0].span[1] : days[1].span[0]]) or days[1].start < days[0].start:
        return None
    phrase = f"comes back from {where['o']}"
    return msgspec.structs.replace(
        journey,
        object=f"come back from {where['o']}",
        phrase=absolute(phrase, [days[1]]),
        valid_at=days[1].start,
        precision=days[1].precision,
    )


_FIRST_PART = late(r"[,;]")


def _own(draft: Draft, dates: list[Grounded], text: str, at: datetime | None, head: Head | None) -> list[Grounded]:
    """The `dates` of a clause that say when a state or an event began or ended."""
    if draft.predicate == "takes_medication" and _EVERY_YEAR.search(text):
        dates = [one for one in dates if not _yearly(one, at)]
    value = draft.object or ""
    found = text.find(value) if value else -1
    after = found + len(_FIRST_PART.split(value)[0]) if found >= 0 else head.rest_at if head is not None else len(text)
    return [one for one in dates if not of_another_phrase(text, after, one)]
