"""New values in earlier instructions: "the rule of 15:30, make it 16:30", "reminders at 8 now, not 7".

The new instruction has the words of the old one with the new value, so that it is understood alone.
"""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.rule_tables import compiled
from memctl.extract.standing_instructions.order_topics import (
    VALUE,
    VALUES,
    other_value,
    plain_value,
    shared,
    stems,
)

_AT = r"(?:at |on |before |after |by )?"
_MAKE = r"(?:make|change|move|push|shift|set|bump|raise|lower|bring)"
_FROM_OLD = KeyedPattern(
    rf"(?P<new>{VALUES})\b(?: \w+)??,? (?:now,? )?(?:and )?(?:not|instead of|rather than) {_AT}(?P<old>{VALUES})\b|"
    rf"\bnot {_AT}(?P<old2>{VALUES})\b(?: any ?more| now)?(?:, | but | - )(?:but |it's |"
    rf"make it )?(?P<new2>{VALUES})\b|"
    rf"\bfrom (?P<old3>{VALUES}) to (?P<new3>{VALUES})\b|"
    rf"\b(?P<old4>{VALUES})\b(?=.*\b(?:rule|limit|{_MAKE} (?:it|that)|too)\b)[^.!?\n]{{0,60}}?(?:[.,;:–—-] ?|"
    rf"\bso )(?:please )?"
    rf"(?:{_MAKE} (?:it|that)(?: to)?|it's|give me|do) (?P<new4>{VALUES})\b|"
    rf"\b{_MAKE} (?:the |that |my )?(?P<old5>{VALUES})(?: [\w' -]{{1,40}}?)? (?:to |into |an? |"
    rf"at )?(?P<new5>{VALUES})\b",
    re.IGNORECASE,
)
_TOPIC = (
    r"(?:reminders?|rules?|limit|alarm|plans?|lists?|summar(?:y|ies)|reports?|quiz(?:zes)?|check-?ins?|updates?|"
    r"messages?|briefings?|questions?|options?|jokes?|quotes?|digest|nudges?|word count)"
)
_TO_NEW = KeyedPattern(
    rf"(?:^|[.!?;,\n] ?|\b(?:so|and|please|you can|can you|now) )(?:{_MAKE}|do|send|give me|ask me(?: for)?|switch) "
    rf"(?P<topic>(?:[\w' -]{{0,40}} )?{_TOPIC}(?: [\w' -]{{1,30}})?) (?:to |at |on |for |by )?(?P<new>{VALUES})\b"
    r"(?= (?:instead|now|from now on|please|pls|again)\b|\W*(?:$|[.,;!\n]))|"
    rf"(?:^|[.!?;,\n] ?)(?:(?:so|and|also|ok|please|now) )*(?:(?:{_MAKE}|change (?:to|of|for)) )?(?:the |"
    rf"my )?(?P<topic2>(?:[\w'-]+ ){{0,3}}?{_TOPIC})(?: [\w' "
    rf"-]{{1,30}}?)? "
    rf"(?:to |at |on |for |by )(?P<new2>{VALUES})\b(?= (?:instead|now|from now on)\b)|"
    rf"\b{_MAKE} (?:it|that|them) (?:up |down |back )?(?:to )?(?P<new3>{VALUES}) (?P<topic3>at a time|each|(?:an?|"
    rf"per) \w+)\b",
    re.IGNORECASE,
)
""" "Move my reminders to 5.15 instead"."""
_NEW_STYLE = KeyedPattern(
    r"(?:^|[.!?;\n,] ?|\bso )(?:(?:so|and|also|ok|please|actually|oh) )*(?:(?:change|switch|go back)(?: back| over)? "
    r"(?:(?:the |my )?[\w ]{3,30}?(?:style|format|units?|currency|spelling|numbers|prices),? ?)?(?:it'?s|to|is now|"
    r"make it) (?P<new>[\w /()-]{2,40})|"
    r"(?P<new2>[\w' /-]{2,35}?) (?:now|instead|from (?:now|here)(?: on)?)(?: please| pls)*(?=$|[,.!;\n])|"
    r"from (?:now|here)(?: on)? (?P<new3>[\w' /-]{2,35}?)(?: please| pls)*(?=$|[,.!;\n])|"
    r"(?P<new4>[a-z]+) (?:please|pls)(?=$|[,.!;\n]))",
    re.IGNORECASE,
)
""" "Change the reference style, it's Harvard", "grams now please"."""
_STYLE_WORDS = late(
    r"\b(?:use|in|only|just|the|as|make|back|with|everything|all|please|pls|style|units?)\b", re.IGNORECASE
)
_OF_SPEAKER = late(r"(?:i|we|he|she|they|it|my|our|his|her|you)\b", re.IGNORECASE)
NEW_VALUES = KeyedGroup(_FROM_OLD, _TO_NEW, _NEW_STYLE)
_SAYS_CHANGE = late(
    r"\b(?:rules?|limit|remind\w*|from now on|please|pls|now|instead|(?:make|change|move|push|bump|set) (?:it|that|"
    r"the|my)|"
    r"change (?:to|of|for)|again|too)\b",
    re.IGNORECASE,
)
_TOLD = late(r"\b(?:was|were|did|had|we|he|she|they|yesterday|last (?:week|night|year|month|time))\b", re.IGNORECASE)
""" "We had it at 16:00, not 15:00" is news."""
_ONE_THING = late(r"^( [a-z]{3,}[^\Ws])\b", re.IGNORECASE)
_TIMES = late(r"\b(?:at|by|before|after|until|till|from)\s*$", re.IGNORECASE)


def new_values(text: str, standing: list[Draft]) -> Iterator[tuple[Draft, str, tuple[int, int]]]:
    """The `standing` instructions to which `text` gives another value, their new words, and where it says so."""
    for found in _FROM_OLD.finditer(text):
        groups = {name.rstrip("2345"): value for name, value in found.groupdict().items() if value}
        begin, end = _sentence(text, *found.span())
        if not _SAYS_CHANGE.search(text, begin, end) or _TOLD.search(text, begin, found.end()):
            continue
        about = _about(text[begin:end])
        for order in reversed(standing):
            fitting = [one for one in VALUE.finditer(order.object or "") if _is(one[0], groups["old"])]
            if len(fitting) == 1 and shared(about, _about(order.object or "")):
                yield order, _with(order.object or "", fitting[0], groups["new"]), found.span()
                break
    for found in _TO_NEW.finditer(text):
        groups = {name.rstrip("23"): value for name, value in found.groupdict().items() if value}
        about = _about(groups["topic"])
        for order in reversed(standing):
            goal = order.object or ""
            same = [one for one in VALUE.finditer(goal) if _same_kind(one, groups["new"])]
            if len(same) == 1 and about and shared(about, _about(goal)) == len(about):
                if not _is(same[0][0], groups["new"]):
                    yield order, _with(goal, same[0], groups["new"]), found.span()
                break


def new_styles(text: str, standing: list[Draft]) -> Iterator[tuple[Draft, str, tuple[int, int]]]:
    """The `standing` instructions of which `text` changes a style or a unit, as `new_values` does: "grams now "
    "please"."""
    for found in _NEW_STYLE.finditer(text):
        words = (found["new"] or found["new2"] or found["new3"] or found["new4"]).strip()
        if _OF_SPEAKER.match(words) or (found["new4"] and not compiled("{TONGUES}").fullmatch(words)):
            continue
        for order in reversed(standing):
            goal = order.object or ""
            change = other_value(words, goal)
            if change and stems(_STYLE_WORDS.sub(" ", change.rest)) <= stems(goal):
                before = goal[: change.start]
                before = before.removesuffix("a ") if change.value.endswith("s") else before
                yield order, f"{before}{change.value}{goal[change.end :]}", found.span()
                break


def _about(text: str) -> set[str]:
    """The words that tell what a text is about, without values; a reminder reminds."""
    return stems(VALUE.sub(" ", text).replace("reminder", "remind"))


def _same_kind(old: re.Match[str], new: str) -> bool:
    """Whether both values are times, days or numbers; "at 7" is a time."""
    kind = VALUE.fullmatch(new)
    if kind is None or old.lastgroup == kind.lastgroup:
        return kind is not None
    timed = _TIMES.search(old.string, 0, old.start()) is not None
    return {old.lastgroup, kind.lastgroup} == {"clock", "number"} and (timed or old.lastgroup == "clock")


def _sentence(text: str, start: int, end: int) -> tuple[int, int]:
    """The bounds of the sentences of a change."""
    begin = max((text.rfind(mark, 0, start) for mark in ".!?\n"), default=-1) + 1
    ends = [at for at in (text.find(mark, end) for mark in ".!?\n") if at >= 0]
    return begin, min(ends, default=len(text))


def _is(value: str, other: str) -> bool:
    return plain_value(value) == plain_value(other)


def _with(order: str, old: re.Match[str], new: str) -> str:
    """`order` with another value: "one question" becomes "two questions"."""
    rest = order[old.end() :]
    if plain_value(old[0]) == "1" and plain_value(new) != "1":
        rest = _ONE_THING.sub(r"\1s", rest, count=1)
    return f"{order[: old.start()]}{new}{rest}"
