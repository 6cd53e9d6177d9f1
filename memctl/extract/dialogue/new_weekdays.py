"""A habit that moved to other days of the week: "choir's moved to Thursdays", "Tom's practice is Wednesdays now"."""

import re
from collections.abc import Iterator, Mapping

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.dialogue.corrections import retraction
from memctl.extract.dialogue.named_again import Naming, namings
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.patterns.wordlist import words
from memctl.extract.people.last_mentioned import Person

CUES = frozenset(
    words("moved moves moving switched switches changed changes shifted goes going gone went back now instead")
)
_DAY = (
    r"(?:mon(?:day)?|tues?(?:day)?|wed(?:s|nesday)?|thu(?:rs?|rsday)?|fri(?:day)?|sat(?:urday)?|sun(?:day)?|weekday|"
    r"weekend)s?\b"
)
_DAYS = rf"{_DAY}(?:(?:,| and| &| ?\+|, and|,? then| to| or)? ?{_DAY})*"
_OLD_DAYS = late(rf"(?:\b(?:on|every|each) )?\b{_DAYS}", re.IGNORECASE)
_CLOCK = late(r"(?:,? at | from )\d[\d:.]*(?: ?[ap]m)?(?: ?(?:-|–|to) ?\d[\d:.]*(?: ?[ap]m)?)?", re.IGNORECASE)
_NEW_DAYS = late(
    r"(?: (?:practice|practise|class(?:es)?|lessons?|group|club|nights?|rehearsals?|training|sessions?|thing))*"
    r"(?P<moved>(?:'s|s| is| are| has| have| got| been| just| all| now)*(?: (?:moved|moves|moving|switched|switches|"
    r"changed|changes|shifted|goes|going|gone|went))?)(?: back| over)?(?: (?:from [\w ]{3,20}? )?(?:to|on))?(?: the)? "
    rf"(?:only )?(?P<days>{_DAYS})(?P<at>(?:,? at| from)? \d[\d:.]*(?: ?[ap]m)?)?(?P<now> (?:now|instead|"
    rf"from (?:now|here) "
    r"on|these days|from (?:next|this) \w+|as of \w+))?",
    re.IGNORECASE,
)
_MOVES = late(r"\b(?:mov|switch|chang|shift|go|went|now)", re.IGNORECASE)
_NOT_SO = late(
    r"\b(?:not|n't|never|if|would|could|should|might|may|want|hope|hoping|wish|maybe|last week|this week|next week|"
    r"this "
    r"once|just this|for one|only this|today|tomorrow|yesterday|until|till)\b|n't\b",
    re.IGNORECASE,
)


def new_weekdays(text: str, earlier: EarlierDrafts, new: list[Draft], people: Mapping[str, Person]) -> Iterator[Draft]:
    """The earlier habits that `text` moves to other days, as ends and new claims; `new` are its drafts so far."""
    moved: set[int] = set()
    for naming in namings(text, earlier, people, CUES):
        old = naming.draft
        if old.predicate != "habit" or id(old) in moved or not _OLD_DAYS.search(old.object or ""):
            continue
        days = _days(naming)
        if days is None or days["days"].casefold() in (old.object or "").casefold():
            continue
        moved.add(id(old))
        yield retraction(old, naming.span)
        yield msgspec.structs.replace(
            old,
            object=_on(old.object or "", days),
            phrase=_on(old.phrase, days),
            quote=naming.span,
            confidence=0.8,
            valid_at=None,
            precision=None,
        )


def _days(naming: Naming) -> re.Match[str] | None:
    match = _NEW_DAYS.match(naming.after)
    if match is None or not (match["now"] or _MOVES.search(match["moved"])):
        return None
    return None if _NOT_SO.search(naming.sentence) else match


def _on(words_before: str, days: re.Match[str]) -> str:
    """The words of a habit on other days, at the time that is told with them, or else at none."""
    same = "same time" in days.string
    bare = words_before if same else _CLOCK.sub("", words_before)
    clock = (days["at"] or "").lstrip(", ")
    at = f" {clock if clock.startswith(('at', 'from')) else f'at {clock}'}" if clock else ""
    return _OLD_DAYS.sub(f"on {days['days'].strip()}{at}", bare, count=1)
