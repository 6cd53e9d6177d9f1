"""Plans made in two messages: "Want to come to mine tomorrow?" – "yes please!" is a plan of the one who accepts."""

import re
from collections.abc import Iterator
from datetime import datetime

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.events import event_dates
from memctl.extract.events.new_days import rescheduled
from memctl.extract.grammar.segmentation import HIDDEN, last_question
from memctl.extract.time.dates import certain
from memctl.extract.vocabulary.verbs import FORMS

LONGEST_ANSWER = 10
"""Words of an answer."""
LONGEST_PLAN = 9
"""Words of a plan."""
_ACCEPTS = late(
    r"\W*(?:(?:oh|ooh|omg|aw|haha|ok|well)\b\W*)*(?:yes|yeah|yep|yup|yea|sure|ok|okay|deal|perfect|definitely|absolutely|"
    r"of course|defo|count me in|i'm in|im in|in\W*$|works for me|sounds (?:good|great|lovely|perfect|fun)|"
    r"(?:i'?d |would )?love to|see (?:you|u) (?:then|there))\b",
    re.IGNORECASE,
)
_BUT = late(
    r"\b(?:but|can'?t|cannot|maybe|perhaps|depends|if|unless|not|no|what|which|where|who|how|why|late|later|instead|or|"
    r"rather|wish|right|sorry|think|check|ask|see if|joking|lol)\b",
    re.IGNORECASE,
)
_INVITES = late(
    r"\W*(?:(?:so|and|oh|hey|ok|right|btw|also|well|then|anyway|guys|everyone|hi)\b[ ,]*)*"
    r"(?:(?:do|would|does) (?:you|u|anyone|anybody) (?:guys |all )?(?:want|wanna|fancy|like)(?: to)?|want(?: to)?|"
    r"wanna|(?:you |u )?fancy|(?:(?:are )?(?:you|u) |anyone )?(?:up for|keen (?:for|on))|shall we|should we|"
    r"how about(?: we)?|can (?:you|u|we)|could we|let's) (?P<o>.+)",
    re.IGNORECASE,
)
_NO_PLAN = late(
    r"\b(?:you|your|yours|it|that|this|him|her|them|help|anything|something|what|which|know|hear|see|remind|send|tell|"
    r"bring|check|confirm|ask|wait|if|or)\b",
    re.IGNORECASE,
)
_OF_ASKER = {"us": "{}", "me": "{}", "mine": "{}'s", "ours": "{}'s", "my": "{}'s", "our": "{}'s"}
_FIRST_PERSON = late(r"\b(?:us|me|mine|ours|my|our)\b", re.IGNORECASE)
_DAYTIME = late(r"(?:in the )?(?:morning|afternoon|evening|night|lunchtime)\b ?", re.IGNORECASE)
_MEET = late(r"meet(?: up)?|catch up", re.IGNORECASE)
_PREPOSITION = late(r",?(?: (?:on|at|this|next|for|in|the|coming))*$", re.IGNORECASE)


def confirmed(question: str, text: str, at: datetime | None, earlier: EarlierDrafts) -> Iterator[Draft]:
    """The plan with its new day, if `text` says yes to "So the wedding moves to 20 December?"."""
    asked = last_question(question) if earlier.plans else None
    if asked is None or len(text.split()) > LONGEST_ANSWER or "?" in text or HIDDEN in asked:
        return
    if _ACCEPTS.match(text) and not _BUT.search(text):
        for draft in rescheduled(asked.rstrip("?! "), at, earlier):
            draft.quote = (0, len(text.rstrip()))
            yield draft


def accepted(question: str, asker: str | None, text: str, at: datetime | None) -> list[Draft]:
    """The plan of the speaker of `text`, which accepts an invitation of the `asker` for a certain day."""
    asked = last_question(question)
    if asker is None or asked is None or len(text.split()) > LONGEST_ANSWER or "?" in text or HIDDEN in asked:
        return []
    if not _ACCEPTS.match(text) or _BUT.search(text):
        return []
    invitation = _INVITES.fullmatch(asked.rstrip("?! "))
    dates = [one for one in certain(invitation["o"], at, future=True) if one.role == "at"] if invitation else []
    if invitation is None or len(dates) != 1:
        return []
    day, words = dates[0], invitation["o"]
    before, after = _PREPOSITION.sub("", words[: day.span[0]].rstrip(" ,")), words[day.span[1] :].strip(" ,")
    what = before.strip(" ,") or after
    if before.strip() and after and not _DAYTIME.fullmatch(after):
        what = f"{what} {_DAYTIME.sub('', after)}".strip()
    if _MEET.fullmatch(what):
        what = f"{what} {asker.split()[0]}"
    goal = _FIRST_PERSON.sub(lambda match: _OF_ASKER[match[0].lower()].format(asker.split()[0]), what)
    if not goal or _NO_PLAN.search(goal) or len(goal.split()) > LONGEST_PLAN:
        return []
    verb, _, rest = goal.partition(" ")
    lemma, form = FORMS.get(verb.lower(), ("", ""))
    goal = f"{lemma} {rest}".strip() if form == "ing" else goal
    phrase = f"plans to {goal}" if form in ("base", "ing") else f"plans {goal}"
    draft = Draft(
        predicate="plans",
        object=goal,
        phrase=event_dates.absolute(phrase, [day]),
        quote=(0, len(text.rstrip())),
        confidence=0.8,
        category="plans",
    )
    return event_dates.timed([draft], asked, at, None, [day])
