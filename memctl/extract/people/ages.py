"""Ages after names: "Nora (she is 12) plays the flute", "Nora's 12 and Ben's 9"."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from itertools import pairwise

from memctl.extract.draft_claim import Draft
from memctl.extract.filters.object_types import is_opening
from memctl.extract.grammar.clauses import ADVERBS
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.word_masks import DIGIT
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import lexicon
from memctl.extract.time.dates import certain
from memctl.extract.vocabulary.date_words import in_figures
from memctl.extract.vocabulary.verbs import FORMS

_AGED = KeyedPattern(
    r"(?:^|[\s,;(])(?P<name>(?-i:[A-ZÀ-Þ])[\w-]{2,}|[a-zà-þ][\w-]{3,}) \((?:(?:he|she|they)(?:'s|'re| is| are)|"
    r"aged?) (?:only |just |now )?(?P<age>\d{1,2})\)",
    re.IGNORECASE,
)

_AGE = r"(?:\d{1,2}|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen)"
_LISTED = KeyedPattern(
    r"(?:(?:^|[,;.:–—] ?|\band ))(?P<name>(?-i:[A-ZÀ-Þ])[\w-]+)(?:'s| is) (?:only |just |now )?"
    rf"(?P<age>{_AGE})(?: now| already)?(?=$|[,;.!)]| and (?-i:[A-ZÀ-Þ])[\w-]+(?:'s| is) {_AGE})",
    re.IGNORECASE,
)

_BIRTHDAY = KeyedPattern(
    r"(?:^|[\s,;(])(?P<name>i|my (?P<relation>son|daughter|wife|husband|partner|mum|mom|dad|brother|sister)|"
    r"(?-i:[A-ZÀ-Þ])[\w-]+|[a-zà-þ][\w-]{2,})(?: turns?|'ll be| will be|(?:'m|'s| am| is) (?:turning|going to be|gonna "
    r"be)| turned) (?P<age>\d{1,2})(?: years old)?,? (?P<day>(?:on|in|this|next|last|tomorrow|yesterday)\b[^.!?]*)",
    re.IGNORECASE,
)
""" "Nia turns 9 on 6 September"."""

NUMBERS = KeyedGroup(words=(DIGIT, *re.findall(r"[a-z]{3,}", _AGE)))
"""What a sentence has that tells an age."""


def _listed(text: str) -> list[re.Match[str]]:
    """ "Nora's 12 and Ben's 9": the ages of two people or more, one after the other."""
    found = [match for match in _LISTED.finditer(text) if may_be_a_person(match["name"])]
    joined = any(one.end() + len(" and ") >= two.start() for one, two in pairwise(found))
    return found if joined else []


def aged(text: str, span: tuple[int, int], known: Mapping[str, tuple[str, str]]) -> Iterator[Draft]:
    """ "Nora (she is 12) plays the flute": the age of somebody whose relation may be unknown."""
    for match in (*_AGED.finditer(text), *_listed(text)):
        person = known.get(match["name"].casefold())
        ordinary = match["name"].casefold() in ADVERBS or match["name"].casefold() in FORMS
        if person is None and (
            ordinary or re.fullmatch(lexicon("RELATIONS"), match["name"], re.IGNORECASE) or is_opening(match["name"])
        ):
            continue
        age = in_figures(match["age"])
        name = person[0] if person else match["name"][0].upper() + match["name"][1:]
        yield Draft(
            subject=name,
            owner=person[1] if person else None,
            predicate="age",
            object=age,
            phrase=f"is {age} years old",
            quote=span,
            confidence=0.8,
            category="identity",
        )


def on_birthdays(
    text: str, span: tuple[int, int], known: Mapping[str, tuple[str, str]], at: datetime | None
) -> Iterator[Draft]:
    """ "Nia turns 9 on 6 September": the age from that day on, of the speaker or of a person who is known."""
    for match in _BIRTHDAY.finditer(text):
        told = match["relation"] or match["name"]
        subject, owner = (None, "") if told.lower() == "i" else known.get(told.casefold(), (match["relation"], told))
        dates = certain(match["day"], at, future=" turned" not in match[0].lower())
        days = [one for one in dates if one.role == "at"][:1]
        if not days or (subject is None and told.lower() != "i"):
            continue
        yield Draft(
            subject=subject,
            owner=owner or None,
            predicate="age",
            object=match["age"],
            phrase=f"is {match['age']} years old",
            quote=span,
            confidence=0.8,
            category="identity",
            valid_at=days[0].start,
            precision=days[0].precision,
        )
