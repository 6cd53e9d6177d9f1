"""What standing instructions are about: whether two of them set the same thing differently."""

import re
from collections.abc import Container, Sequence
from typing import NamedTuple

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.date_words import in_figures

_SMALL = frozenset(
    words(
        "a an the my me i you your to of in at on for and with no not never always don't dont do only please all any "
        "it that this what said about use using give add rule thing limit ban instruction request again now after "
        "more each every btw tho though question questions business stuff lol pls reminder reminders bit from on at"
    )
)
_SAME = {
    "sorry": "apologise",
    "apologize": "apologise",
    "apologizing": "apologising",
    "smiley": "emoji",
    "smileys": "emoji",
}
"""Words for the same thing."""
_ASPECTS: tuple[tuple[str, ...], ...] = (
    (
        r"\b(?:short(?:er)?|brief(?:er)?|concise|terse|one-line|to the point)\b",
        r"\b(?:long(?:er)?|detailed|in[- ]depth|full|thorough|verbose)\b",
    ),
    (
        r"\b(?:metric|kilomet\w+|km|kilos?|kg|celsius|cm|grams?|millilit\w+|ml)\b",
        r"\b(?:imperial|miles?|pounds|lbs?|fahrenheit|ounces|oz|inches|stones?)\b",
        r"\bcups\b",
    ),
    (
        r"\b(?:british|uk)\b",
        r"\b(?:american|us)\b",
        r"\b(?:canadian|canada)\b(?! dollars)",
        r"\b(?:australian|aussie)\b(?! dollars)",
    ),
    (r"\b(?:formal(?:ly)?|polite(?:ly)?)\b", r"\b(?:informal(?:ly)?|casual(?:ly)?|chatty)\b"),
    (r"\b(?:blunt(?:ly)?|harsh(?:ly)?|brutal(?:ly)?)\b", r"\b(?:gent(?:le|ly)|kind(?:ly)?|nice(?:ly)?|soft(?:ly)?)\b"),
    (
        r"\beuros?\b",
        r"\bdollars?\b",
        r"\b(?:pounds|sterling)\b",
        r"\bnaira\b",
        r"\brupees\b",
        r"\bpesos\b",
        r"\bfrancs\b",
        r"\bshillings\b",
    ),
    (r"\b24[- ]?h", r"\b12[- ]?h|am/pm|\bam and pm\b"),
    (
        r"\bvancouver\b",
        r"\b(?:harvard|author-date(?: \(harvard\))?)",
        r"\bapa\b",
        r"\bmla\b",
        r"\bchicago\b",
        r"\bieee\b",
    ),
    (
        r"\btables?\b",
        r"\b(?:bullets?|bullet points?|bulleted)\b",
        r"\bnumbered\b",
        r"\b(?:plain (?:lines|sentences|text)|prose|paragraphs)\b",
    ),
    (r"\b(?:lower ?case)\b", r"\b(?:upper ?case|capitals|capital letters|caps)\b"),
)
"""Values of one aspect of answers, of which one holds at a time."""
_VALUES_OF_ASPECTS = tuple(value for values in _ASPECTS for value in values)
_ANSWERING = KeyedPattern(
    r"\b(?:answer|reply|respond|write|speak|talk|answers|replies)\b.*\bin (?P<tongue>[a-z]+)\b|^in (?P<bare>[a-z]+)$|"
    r"^switch (?:back )?to (?P<next>[a-z]+)\b",
    re.IGNORECASE,
)
LIMIT = late(
    r"\b(?:max(?:imum)?|at most|no more than|up to) (?P<number>\d+|[a-z]+) (?P<of>[a-z]{4,})\b",
    re.IGNORECASE,
)
_NARROW = KeyedPattern(r"\b(?:for|in|with|when|if|unless|except) (?!english|french|german|spanish)\w+", re.IGNORECASE)
_NOT = late(r"\b(?:not|never|no|without|instead of|rather than|no more|stop (?:the|using|with)?) ?(?P<o>[^,;]+)", re.I)
_REFUSES = late(r"(?:please )?(?:no(?: more)?|never|don'?t|do not|stop|quit|avoid)(?: ever)? (?=\w)", re.IGNORECASE)
_ADDRESSED = late(r"\b(?:address|refer to|greet) me as (?P<name>[^,;]+)", re.IGNORECASE)
_RESTRAINS = late(
    r"\b(?:no|not|never|nothing|none|don'?t|dont|doesn'?t|stop|quit|avoid|skip|without|leave out|(?:keep|"
    r"leave) .* out|drop|"
    r"ban\w*|only|max\w*|at most|less|fewer|under|tops|limit|short|brief|one|instead|rather)\b",
    re.IGNORECASE,
)


LEAST_SHARED = 2
"""Words that two orders share at least if only a value makes them differ."""


def named_by(phrase: str, standing: Sequence[Draft], ended: Container[str | None] = ()) -> Draft | None:
    """The latest of the `standing` instructions that shares a word with a phrase such as "the rule about tables"."""
    spoken = stems(phrase)
    fitting = (one for one in reversed(standing) if one.object not in ended and shared(spoken, stems(one.object or "")))
    return next(fitting, None)


def restrains(order: str) -> bool:
    """True for an order that forbids or limits something: "no emojis", "max three lines"."""
    return _RESTRAINS.search(order) is not None


def stems(text: str) -> set[str]:
    """The words of an instruction that tell what it is about, without their endings."""
    found = (
        re.sub(r"(?:ings?|ions?|ies|ed|es|s|e|y)$", "", _SAME.get(word, word))
        for word in re.findall(r"[\w'-]+", text.casefold())
        if word not in _SMALL
    )
    return {word for word in found if len(word) > 2}


def shared(some: set[str], others: set[str]) -> int:
    """How many of the words occur among the others, also with another ending: "correct" and "corrections"."""
    return sum(
        word in others or (len(word) > 4 and any(len(one) > 4 and one[:5] == word[:5] for one in others))
        for word in some
    )


def replaces(new: str, old: str) -> bool:
    """True if both instructions set the same thing differently, and the new one does not concern only a part of it."""
    if new.casefold() == old.casefold() or _is_narrow(new) != _is_narrow(old):
        return False
    tongue, before = tongue_of(new), tongue_of(old)
    if tongue and before:
        return tongue != before
    limit, former = LIMIT.search(new), LIMIT.search(old)
    if limit and former and limit["of"].rstrip("s") == former["of"].rstrip("s"):
        return bool(limit["number"] != former["number"])
    address, earlier = _ADDRESSED.search(new), _ADDRESSED.search(old)
    if address and earlier:
        return address["name"].casefold() != earlier["name"].casefold()
    return _sets_aspect(new, old) or _has_other_value(new, old) or _is_opposite(new, old)


def _sets_aspect(new: str, old: str) -> bool:
    """Whether both choose a value of the same aspect, or one forbids what the other asks for."""
    for values in _ASPECTS:
        chosen, refused = _chosen(values, new)
        before, unwanted = _chosen(values, old)
        if len(chosen) == 1 and len(before) == 1:
            return chosen != before
        if chosen & unwanted or refused & before:
            return True
    return False


def _chosen(values: Sequence[str], order: str) -> tuple[set[int], set[int]]:
    """The values of an aspect that an order asks for, and those that it refuses."""
    refused = {
        n for part in _NOT.finditer(order) for n, value in enumerate(values) if re.search(value, part["o"], re.I)
    }
    rest = _NOT.sub(" ", order)
    return {n for n, value in enumerate(values) if re.search(value, rest, re.IGNORECASE)}, refused


def _has_other_value(new: str, old: str) -> bool:
    """Whether both are the same order with another number, time or day: "remind me at 8 to water the beans"."""
    values, before = values_in(new), values_in(old)
    if not values or not before or {one for _, one in values} == {one for _, one in before}:
        return False
    if {kind for kind, _ in values} != {kind for kind, _ in before}:
        return False
    some, others = stems(VALUE.sub(" ", new)), stems(VALUE.sub(" ", old))
    same = shared(some, others)
    return same >= LEAST_SHARED and same == min(len(some), len(others)) and 2 * same >= max(len(some), len(others))


class OtherValue(NamedTuple):
    """A new `value` of what an order sets between `start` and `end`, and the `rest` of the words that name it."""

    value: str
    start: int
    end: int
    rest: str


def other_value(words: str, order: str) -> OtherValue | None:
    """The other value of an aspect of `order`, or the other language, that a few `words` name."""
    tongue, old_tongue = words.casefold(), tongue_of(order)
    if old_tongue and compiled("{TONGUES}").fullmatch(tongue):
        start = order.casefold().find(old_tongue)
        return OtherValue(words, start, start + len(old_tongue), "") if tongue != old_tongue else None
    for values in _ASPECTS:
        new = [found for value in values if (found := re.search(value, words, re.IGNORECASE))]
        old = [found for value in values if (found := re.search(value, order, re.IGNORECASE))]
        if len(new) == 1 and len(old) == 1 and new[0].re.pattern != old[0].re.pattern:
            rest = f"{words[: new[0].start()]} {words[new[0].end() :]}"
            return OtherValue(new[0][0], old[0].start(), old[0].end(), rest)
    return None


def _is_opposite(new: str, old: str) -> bool:
    """Whether one asks for exactly what the other forbids: "give me the answers", "don't give me the answers"."""
    refused, before = _REFUSES.match(new), _REFUSES.match(old)
    if bool(refused) == bool(before):
        return False
    words = stems(new[refused.end() :] if refused else new)
    return bool(words) and words == stems(old[before.end() :] if before else old)


def _is_narrow(order: str) -> bool:
    for value in _VALUES_OF_ASPECTS:
        order = re.sub(value, "", order, flags=re.IGNORECASE)
    return _NARROW.search(order) is not None


def tongue_of(text: str) -> str | None:
    """The language that an instruction asks for."""
    match = _ANSWERING.search(text)
    tongue = (match["tongue"] or match["bare"] or match["next"]).lower() if match else None
    return tongue if tongue and compiled("{TONGUES}").fullmatch(tongue) else None


_NUMBER = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty)"
_CLOCK = r"(?:\d{1,2}[:.h]\d\d(?: ?[ap]\.?m\b)?|\d{1,2} ?[ap]\.?m\b|noon|midnight|half (?:past )?\w+)"
_DAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?)"
VALUES = rf"(?:{_CLOCK}|{_DAY}|{_NUMBER})"
VALUE = late(rf"\b(?:(?P<clock>{_CLOCK})|(?P<day>{_DAY})\b|(?P<number>{_NUMBER})\b)", re.IGNORECASE)
"""A time, a day or a number."""


def values_in(text: str) -> list[tuple[str, str]]:
    """The values in a text, each with its kind: ("day", "sunday")."""
    return [(one.lastgroup or "", plain_value(one[0])) for one in VALUE.finditer(text)]


def plain_value(words: str) -> str:
    """A value in one form: "Two" is "2", "Sundays" is "sunday", "15.30" is "15:30"."""
    value = in_figures(words.casefold())
    return re.sub(r"[.h](?=\d\d)", ":", value).removesuffix("s").replace(" ", "").replace(":00", "")
