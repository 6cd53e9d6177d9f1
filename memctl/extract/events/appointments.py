"""Plans named by a noun: "the dentist is on Thursday", "interview at Ramboll on 4 June", "the MOT moved to the 9th"."""

import re
from datetime import datetime
from functools import cache

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.events import event_dates, noted_plans
from memctl.extract.events.noted_plans import PREPOSITIONS, SENTENCE
from memctl.extract.grammar.clauses import ADVERBS
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.rule_tables import filled
from memctl.extract.time.dates import Grounded, certain, may_name_time
from memctl.extract.vocabulary.verbs import FORMS

_WHOSE = r"(?:(?P<whose>my|our|the|an?|(?:mum|mom|dad|nan|gran|grandma|grandad)'s|(?-i:[A-ZÀ-Þ])[\w-]+'s|the kids'?) )?"
_LINK = (
    r"(?P<link>(?:'s| is| are|'re| will be|'ll be| has been| have been| got| gets| been| now| also| all| finally|"
    r" actually| just| still| moved| changed| pushed(?: back)?| brought forward| rescheduled| postponed| delayed|"
    r" switched| booked(?: in)?| scheduled| set| due| planned| confirmed| arranged| fixed| starts| begins| kicks off|"
    r" takes place| happens| expires| runs out| ends| opens| comes? out| falls| lands| coming up| leaves| departs|"
    r" arrives| up)*)"
)
_LEAD = late(
    r"(?:(?:and|but|so|also|oh|btw|reminder|note|update)[,:]? )*(?:(?:i'm |i am |im |we're |"
    r"we are )?(?:booked (?:in )?for|signed up for|enrolled (?:on|in)|registered for|scheduled for|down for) )?",
    re.IGNORECASE,
)
PREPOSITION = late(rf"{PREPOSITIONS}$", re.IGNORECASE)
_CLOCK_BEFORE = late(r"(?P<o> at \d{1,2}(?:[:.]\d\d)?(?: ?[ap]m)?)(?:,? on)?(?: the)?$", re.IGNORECASE)
""" "My flight is at 6.40 on Sunday"."""
_NAMED = (
    rf"{_WHOSE}(?P<o>(?:(?!their\b|his\b|her\b|your\b|and\b|but\b|if\b|when\b|i\b|we\b|you\b|it\b)[\w'’&-]+ "
    rf"){{0,4}}?{{EVENT}}s?(?: (?:to|with|at|in|for|of|about|on) [\w.'& -]{{2,40}}?)?){_LINK}{PREPOSITIONS}"
)
PASSED = KeyedPattern(r"\b(?:was|were|went|had)\b", re.IGNORECASE)
MORE_DAYS = late(r",? (?:and |or )?\d{1,2}\b(?!:|\.\d|[ap]m)")
AFTER = late(
    r"\W*(?:(?:at|around|from|by|until) \d[\d:.]*\s?(?:am|pm|h)?|\d[\d:.]*\s?(?:am|pm)|\d{1,2}[:.]\d\d|(?:in the )?"
    r"(?:morning|afternoon|evening|night|lunchtime)|at (?:noon|midnight|lunch(?:time)?|half \w+|quarter \w+ \w+))?"
    r"(?:$|\s*[,;.!–—-]|\s+(?:and|but|so|then|with|in|at|from|for|which|because|if|to|now|instead|please|not)\b)",
    re.IGNORECASE,
)


CONDITION = late(
    r"[\s,(–-]*(?:but )?(?:only )?(?:if|unless|provided|assuming|depending|weather permitting)\b", re.IGNORECASE
)
""" "Back at work in 6 weeks if the consultant agrees" may not happen."""
_DANGLING = late(r"(?: (?:on|at|in|by|for|to|from))?(?: (?:the|this|next))+$", re.IGNORECASE)
""" "Dentist on the 3rd": the words before the date."""
""" "Matt's taking his leave in May" and "Ida has a conference in June" name no occasion of the speaker."""


_HAS_CHANGED = late(
    r".*\b(?:moved|changed|rescheduled|rebooked|booked|pushed|postponed|switched) (?:my|our|the) (?P<o>[\w' -]+)",
    re.IGNORECASE,
)
""" "The heart clinic moved my appointment to 8 April"."""
_ENDING = KeyedPattern(r"\b(?:expires|runs out|ends|up)$", re.IGNORECASE)
""" "My tenancy is up in June"."""
_STARTING = late(r"\b(?:starts|begins)", re.IGNORECASE)
_LONG = late(r"\b(?:contract|lease|tenancy|insurance|course|visa)$", re.IGNORECASE)
""" "The contract starts in May": the plan is its start."""
_OWNED = late(r"(?:my|our|the|an?)?", re.IGNORECASE)


@cache
def _named() -> KeyedPattern:
    return KeyedPattern(filled(rf"^{_NAMED}$"))


def _to_come(text: str, at: datetime | None) -> list[Grounded]:
    """The days that a clause names, if the first is not over."""
    dates = [one for one in certain(text, at, future=True) if one.role == "at"]
    over = dates and at is not None and dates[0].end <= at.astimezone(dates[0].start.tzinfo)
    return [] if over else dates


def appointment(text: str, span: tuple[int, int], at: datetime | None) -> tuple[Draft, list[Grounded]] | None:
    """The plan and its dates, if a clause names an occasion and its day; otherwise None."""
    if not may_name_time(text) or HIDDEN in text or PASSED.search(text):
        return None
    lead = _LEAD.match(text)
    text = text[lead.end() :] if lead else text
    dates = _to_come(text, at)
    if not dates:
        return None
    first, end = dates[0], dates[-1].span[1]
    before = text[: first.span[0]].rstrip(" ,")
    matched = _named().compiled().fullmatch(before) if _named().possible(text) else None
    after = text[end - text[:end].endswith(",") :]
    if CONDITION.match(after) or not AFTER.match(after) or MORE_DAYS.match(after):
        return None
    if matched is None:
        noted = noted_plans.of_any_noun(before, text[slice(*first.span)], after, span)
        return (noted_plans.on_its_day(noted, first, after), dates) if noted is not None else None
    draft = _of_an_occasion(matched, text, first, after, span)
    return (draft, dates) if draft is not None else None


def _of_an_occasion(
    matched: re.Match[str], text: str, first: Grounded, after: str, span: tuple[int, int]
) -> Draft | None:
    """The plan that `matched` names, on the `first` day of the clause `text`; `after` are the words after its days."""
    whose, what = (matched["whose"] or "").lower(), _DANGLING.sub("", matched["o"].strip())
    if changed := _HAS_CHANGED.match(what):
        whose, what = "my", changed["o"]
    first_word = FORMS.get(what.split(" ")[0].lower(), ("", ""))
    told = first_word[1] in ("past", "pp") and first_word[0] != "book"
    if not ADVERBS.isdisjoint(what.lower().split()) or told or SENTENCE.search(what):
        return None
    if not whose and not matched["link"].strip() and first.span[0] > 60:
        return None
    if _STARTING.search(matched["link"]) and _LONG.search(what):
        return None
    if _ENDING.search(matched["link"]):
        thing = matched["o"].strip()
        draft = Draft(
            predicate="plans",
            object=thing,
            phrase=event_dates.absolute(f"'s {thing} {'expires' if 'expires' in matched['link'] else 'ends'}", [first]),
            quote=span,
            confidence=0.8,
            category="plans",
        )
        return draft if _OWNED.fullmatch(whose) else None
    clock = _CLOCK_BEFORE.search(text[: first.span[0]].rstrip(" ,"))
    owned = f"{matched['whose']} {what}" if whose.endswith(("'s", "s'")) or whose == "the kids" else what
    if what.lower() in ("appointment", "meeting", "trip", "party", "course", "class", "match") and not whose:
        return None
    return Draft(
        predicate="plans",
        object=owned,
        phrase=event_dates.absolute(
            event_dates.at_time(f"has {_possessed(owned, named=owned != what)}", clock["o"] if clock else after),
            [first],
        ),
        quote=span,
        confidence=0.8,
        category="plans",
    )


_VISITED = late(
    r"\b(?:dentist|hygienist|optician|gp|vet|doctor|orthodontist|dermatologist|physio|midwife)$", re.IGNORECASE
)


_SEVERAL = late(r"^[^'\s]+[^'siu]s$")
""" "Interviews", which have no article."""


def _possessed(what: str, *, named: bool) -> str:
    """The occasion with its owner: "a scan", "Ida's recital", "their sister's wedding"."""
    if _VISITED.search(what):
        what += " appointment"
    if named:
        return what if what[:1].isupper() or what.startswith("the ") else f"their {what}"
    if _SEVERAL.search(what):
        return what
    if what.lower().startswith(("next ", "first ", "last ", "final ", "second ")):
        return f"their {what[0].lower()}{what[1:]}"
    return f"their {what}" if re.match(r"[a-z]+(?: [a-z-]+){0,2}?'s ", what) else article(what)
