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
_CHAT = re.compile(r"\b(?:you|your|it|this|that)$|\b(?:you|your)\b", re.IGNORECASE)


def event(clause: Clause, head: Head, dates: list[Grounded], offset: tuple[int, int]) -> Draft | None:
    """A past-tense clause with a date of its own, as an `attended` or `event` draft."""
    if head.tense not in ("past", "perfect") or head.neg or head.modal or head.stopped or head.can:
        return None
    if not any(one.role == "at" for one in dates) or head.lemma in (
        "live",
        "work",
        "be",
        "think",
        "feel",
        "say",
        "tell",
        "know",
        "want",
        "love",
        "like",
        "hate",
        "hear",
    ):
        return None
    verb_word = clause.text[: head.rest_at].split()
    if not verb_word or (not PAST_EVENT.match(verb_word[-1].strip(",")) and not verb_word[-1].lower().endswith("ed")):
        return None
    rest = cut(head.rest)
    if not rest or HIDDEN in rest or len(rest.split()) > 14 or _CHAT.search(rest):
        return None
    going = re.match(r"(?:to|for) (?:(?:my|our|an?|the) )?(?P<o>.+)", rest, re.IGNORECASE)
    if head.lemma == "go" and going:
        return Draft(
            predicate="attended",
            object=going["o"],
            phrase=f"went {rest}",
            quote=offset,
            confidence=0.8,
            category="events",
        )
    if head.lemma == "attend":
        bare = re.sub(r"^(?:my|our|an?|the) ", "", rest)
        return Draft(
            predicate="attended",
            object=bare,
            phrase=f"attended {rest}",
            quote=offset,
            confidence=0.8,
            category="events",
        )
    past = verb_word[-1].strip(",").lower()
    return Draft(
        predicate="event",
        object=f"{past} {rest}",
        phrase=f"{past} {rest}",
        quote=offset,
        confidence=0.8,
        category="events",
    )


def plan(clause: Clause, head: Head, dates: list[Grounded], offset: tuple[int, int]) -> Draft | None:
    """A clause about the future, as a `plans` draft when it names a date, a number or a name."""
    if head.neg or head.modal or head.stopped or head.can:
        return None
    rest, verb = head.rest, head.lemma
    if head.tense == "future":
        pass
    elif head.tense == "present" and (
        head.lemma in ("plan", "intend", "aim", "hope")
        or (head.lemma in ("think", "look") and head.prog and re.match(r"(?:about|of|forward to) ", rest))
    ):
        found = _WANT.match(rest)
        words = (found["o"] if found else "").split(None, 1)
        if not words or words[0].lower() not in FORMS:
            return None
        verb, rest = FORMS[words[0].lower()][0], words[1] if len(words) > 1 else ""
    elif head.tense == "present" and head.prog and head.lemma in _GOING:
        if head.lemma in ("go", "fly", "travel") and not re.match(
            r"(?:back |over |out |down |up |away |home )*(?:to|on|for|with|camping|skiing|hiking)\b", rest
        ):
            return None
        if head.lemma in ("have", "see", "run", "take", "get") and not dates:
            return None
    elif head.tense in ("past", "perfect") and head.lemma == "book":
        verb = "go on"
    elif head.tense == "present" and head.lemma in ("fly", "leave", "start", "move", "graduate") and dates:
        pass
    else:
        return None
    body = cut(rest)
    if HIDDEN in body or _CHAT.search(body) or len(body.split()) > 14 or _VAGUE.match(f"{verb} {body}"):
        return None
    if not (dates or _ANCHOR.search(" " + body)):
        return None
    if not body and not dates:
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
