"""Plans and dated events: verb phrases kept in the user's words.

An event needs a date its own sentence names; a plan needs a date, a number or a name. Without one it is small talk.
"""

import re

from memctl.extract.clauses import Clause, Head
from memctl.extract.dates import Grounded
from memctl.extract.draft import Draft
from memctl.extract.phrases import cut
from memctl.extract.text import HIDDEN
from memctl.extract.topics.doing import PAST_EVENT
from memctl.extract.verbs import FORMS
from memctl.extract.wordlist import words

_ANCHOR = re.compile(r"\d|(?<![.!?] )(?<!^)\b[A-ZÀ-Þ][\w'\-]{2,}")
_GOING = frozenset(
    [
        "move",
        "relocate",
        "join",
        "leave",
        "quit",
        "start",
        "begin",
        "retire",
        "return",
        "transfer",
        "marry",
        "buy",
        "sell",
        "adopt",
        "attend",
        "get",
        "graduate",
        "go",
        "fly",
        "travel",
        "visit",
        "run",
        "host",
        "celebrate",
        "launch",
        "open",
        "meet",
        "see",
        "take",
        "perform",
        "have",
    ]
)
_WANT = re.compile(r"(?:on |to |about |of |forward to )*(?P<o>.+)", re.IGNORECASE)
_VAGUE = re.compile(
    r"^(?:(?:be|do|see|know|say|make sure|try|get|help|let|keep|ask|check|tell|talk|think|give|go|have|take)\b(?: (?:it|that|this|you|them|him|her|something|so|there|some|a look|a try|back|more|sure|one))*\s*)$",
    re.IGNORECASE,
)
_CHAT = re.compile(r"\b(?:you|your|it|this|that|these|those|there|them)\b", re.IGNORECASE)


_STATES = frozenset(words("live work be think feel say tell know want love like hate hear need have"))
_HAD = re.compile(
    r"(?:an?|my|our) (?:[\w\-]+ ){0,4}?(?:interview|appointment|meeting|surgery|party|exam|test|baby|wedding|operation|accident|date|game|match|concert|show|ceremony|checkup|class|session|race|birthday)\b",
    re.IGNORECASE,
)


def without_dates(clause: Clause, head: Head, dates: list[Grounded]) -> str:
    """What follows the verb, without the words that say when."""
    text = clause.text
    for one in reversed(dates):
        if one.span[0] >= head.rest_at:
            text = re.sub(r"(?:\s(?:on|in|at|for|by|until|since))?\s*$", " ", text[: one.span[0]]) + text[one.span[1] :]
    return cut(" ".join(text[head.rest_at :].split()))


def event(clause: Clause, head: Head, dates: list[Grounded], offset: tuple[int, int]) -> Draft | None:
    """A past-tense clause with a date of its own, as an `attended` or `event` draft."""
    if head.tense not in ("past", "perfect") or head.neg or head.modal or head.stopped or head.can or head.prog:
        return None
    if not any(one.role == "at" for one in dates) or (head.lemma in _STATES and not _HAD.match(head.rest)):
        return None
    verb_word = clause.text[: head.rest_at].split()
    if not verb_word or (not PAST_EVENT.match(verb_word[-1].strip(",")) and not verb_word[-1].lower().endswith("ed")):
        return None
    rest = without_dates(clause, head, dates)
    if not rest or HIDDEN in rest or len(rest.split()) > 14 or _CHAT.search(rest):
        return None
    past = verb_word[-1].strip(",").lower()
    predicate, value = "event", f"{past} {rest}"
    going = re.match(r"to (?:(?:my|our|an?|the) )?(?P<o>.+)", rest, re.IGNORECASE)
    if head.lemma == "go" and going:
        predicate, value = "attended", going["o"]
    elif head.lemma == "attend":
        predicate, value = "attended", re.sub(r"^(?:my|our|an?|the) ", "", rest)
    return Draft(
        predicate=predicate, object=value, phrase=f"{past} {rest}", quote=offset, confidence=0.8, category="events"
    )


def _intended(head: Head, rest: str, dates: list[Grounded]) -> tuple[str, str] | None:
    """The verb and rest of what is planned, None when the clause plans nothing."""
    if head.tense == "future":
        return (head.lemma, rest) if head.lemma != "be" or dates else None
    if head.tense in ("past", "perfect"):
        return ("go on", rest) if head.lemma == "book" else None
    wanting = head.lemma in ("plan", "intend", "aim", "hope")
    pondering = head.lemma in ("think", "look") and head.prog and re.match(r"(?:about|of|forward to) ", rest)
    if wanting or pondering:
        found = _WANT.match(rest)
        parts = (found["o"] if found else "").split(None, 1)
        if not parts or parts[0].lower() not in FORMS:
            return None
        return FORMS[parts[0].lower()][0], parts[1] if len(parts) > 1 else ""
    if head.prog and head.lemma in _GOING:
        aimless = head.lemma in ("go", "fly", "travel") and not _GOES_TO.match(rest)
        return None if aimless or (head.lemma in _DATED_ONLY and not dates) else (head.lemma, rest)
    if head.lemma in ("fly", "leave", "start", "move", "graduate") and dates:
        return head.lemma, rest
    return None


_GOES_TO = re.compile(r"(?:back |over |out |down |up |away |home )*(?:to|on|for|with|camping|skiing|hiking)\b")
_DATED_ONLY = frozenset({"have", "see", "run", "take", "get", "start", "host", "perform", "open"})


def plan(clause: Clause, head: Head, dates: list[Grounded], offset: tuple[int, int]) -> Draft | None:
    """A clause about the future, as a `plans` draft when it names a date, a number or a name."""
    if head.neg or head.modal or head.stopped or head.can:
        return None
    ahead = [one for one in dates if one.role == "at"]
    intended = _intended(head, without_dates(clause, head, ahead), ahead)
    if intended is None:
        return None
    verb, body = intended[0], cut(intended[1])
    vague = HIDDEN in body or _CHAT.search(body) or len(body.split()) > 14 or _VAGUE.match(f"{verb} {body}")
    if vague or not (ahead or _ANCHOR.search(" " + body)):
        return None
    goal = " ".join(f"{verb} {body}".split())
    return Draft(
        predicate="plans", object=goal, phrase=f"plans to {goal}", quote=offset, confidence=0.8, category="plans"
    )


def date_into(draft: Draft, dates: list[Grounded], head: Head | None) -> None:
    """Give a draft the time its words name: an event's day, a state's beginning or end."""
    at = next((one for one in dates if one.role == "at"), None)
    since = next((one for one in dates if one.role == "since"), None)
    until = next((one for one in dates if one.role == "until"), None)
    if until is not None:
        draft.invalid_at, draft.precision = until.start, until.precision
    if draft.op == "retract":
        if at is not None and (head is None or head.tense != "present" or head.stopped):
            draft.invalid_at, draft.precision = at.start, at.precision
        if since is not None and until is not None:
            draft.valid_at = since.start
        return
    if since is not None:
        draft.valid_at, draft.precision = since.start, since.precision
    elif at is not None and draft.predicate not in ("birthday", "age"):
        dated = draft.predicate in ("plans", "event", "attended") or (
            head is not None
            and (head.tense in ("past", "perfect") or head.started or (head.prog and head.lemma != "be"))
        )
        if dated:
            draft.valid_at, draft.precision = at.start, at.precision


def absolute(phrase: str, dates: list[Grounded]) -> str:
    """The date an event or plan goes by, written out, so that the text is understood later."""
    at = next((one for one in dates if one.role == "at"), None)
    if at is None:
        return phrase
    if at.precision == "day" and (at.end - at.start).days <= 1:
        return f"{phrase} on {at.start.day} {at.start:%B %Y}"
    if at.precision == "month":
        return f"{phrase} in {at.start:%B %Y}"
    if at.precision == "year":
        return f"{phrase} in {at.start:%Y}"
    return f"{phrase} around {at.start.day} {at.start:%B %Y}"
