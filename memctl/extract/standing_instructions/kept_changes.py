"""The instructions that the end of an earlier one gives: "you can use emojis again", "stop the iron reminder"."""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, instruction
from memctl.extract.rule_tables import compiled
from memctl.extract.standing_instructions.lifted_orders import Lift
from memctl.extract.standing_instructions.order_forms import is_stoppable, is_understood, trimmed
from memctl.extract.standing_instructions.order_topics import shared, stems

_STYLE = r"(?:(?:the|some|any|your) )?(?:\w+ )?(?P<o>{STYLE}|{UTTERANCES})"
_PART_ONLY = late(
    r"\b(?:for|in|on|with|about|to|when|if|unless|after|before|at) (?!(?:again|now|me\b|us\b|the end|the start|you)\b)"
    r"(?P<scope>[\w' -]+)",
    re.IGNORECASE,
)
_KEPT_REST = late(
    r",? ?(?:but |just |and )?(?:when(?:ever)?|if|unless|except|only|not|as long as|in "
    r"moderation|sparingly|up to|than|max|at most|until|till|for|in|on|at)\b[^,;]*| (?:with|about) (?!me\b)[^,;]*",
    re.IGNORECASE,
)
_UNCLEAR = late(r"\b(?:it|that|this|those|these|him|her|today|tonight|thing|them)\b", re.IGNORECASE)
_TO_ASSISTANT = late(
    r"(?:you|u) (?:can|may|could) (?:mention|bring up|talk about|say|(?:suggest|recommend|ask|tell|show|give|send|"
    r"call)"
    r"(?: to)? me)\b.*\b(?:again|now)\b",
    re.IGNORECASE,
)
""" "You can mention Ana again" is said to the assistant, "you can use the pool again" of people in general."""
_ITS_WORK = (
    r"(?:(?:with )?(?:the|those|all the|your|my|any|all) )?(?:[\w'-]+ ){0,2}?(?:reminders?|corrections|quizzes|"
    r"questions|"
    r"check-?ins|{STYLE}|{UTTERANCES}|{UNITS})(?: (?:at|in|on|about|with|for|after|before) .*)?(?: (?:now|for good|"
    r"too|please|pls))*"
)
_WHY = late(r"(?<= )(?:now (?!if\b|when\b|unless\b)(?=\S)|because\b|since\b|cos\b|but (?!not\b)).*", re.IGNORECASE)
""" "Paragraphs are fine now that I have a desk"."""
_FOR_GOOD = late(r" (?:now|too|for good|already)$", re.IGNORECASE)
_DOING = late(r"(?:with |to )?(?P<verb>[a-z]+ing)\b(?! (?:it|that|this|them)\b)(?= \w)", re.IGNORECASE)
LEAST_WORDS = 3
"""Words of a permission."""
WHOLE = ("all", "may", "that", "back", "freely", "fronted")
"""The groups with which a permission begins."""


def lasting_changes(lift: Lift, text: str, *, known: bool, new: list[Draft]) -> Iterator[Draft]:
    """The instruction that `lift` is itself, and the denial of a ban from an earlier session.

    `known` says that it ended an instruction of this session; `new` are the drafts of the turn.
    """
    if lift.strict and not known:
        return
    words = _allowed(lift, text, known=known) if lift.allows else _stopped(lift, text)
    style = compiled(_STYLE).fullmatch(lift.what) if lift.allows and not lift.strict else None
    if style and not known and not of_a_part(lift, lift.what):
        yield _denial(style["o"].lower(), lift.span)
    if words and not any(_says_so(draft, lift, words) for draft in new):
        yield instruction(words, lift.span)


def of_a_part(lift: Lift, order: str) -> bool:
    """Whether only a part of what an order forbids is allowed: "on Fridays lists are fine"."""
    condition = _condition(lift)
    said = (lift.part, lift.what, "" if condition.lstrip(" ,").startswith("if you") else condition)
    scopes = [stems(part["scope"]) for words in said for part in _PART_ONLY.finditer(words)]
    return any(scope and not shared(scope, stems(order)) for scope in scopes)


def _condition(lift: Lift) -> str:
    """The condition after a permission: "when it is Christmas"."""
    groups = lift.allows.groupdict() if lift.allows else {}
    found = _KEPT_REST.match(groups.get("only") or groups.get("rest") or "")
    return found[0] if found else ""


def _after(lift: Lift) -> str:
    """What follows the words that allow something."""
    groups = lift.allows.groupdict() if lift.allows else {}
    return (groups.get("only") or "") + (groups.get("rest") or "")


def _denial(name: str, span: tuple[int, int]) -> Draft:
    """The end of a ban that an earlier session may have."""
    return Draft(
        predicate="instruction",
        object=name,
        phrase=f"wants the assistant to follow: no {name}",
        quote=span,
        op="retract",
        kind="procedure",
        category="instructions",
        denial=True,
    )


def _allowed(lift: Lift, text: str, *, known: bool) -> str | None:
    """The words of a permission with its condition, if they are understood alone: "you can joke again"."""
    groups = lift.allows.groupdict() if lift.allows else {}
    if lift.allows is None:
        return None
    words = text[slice(*lift.span)]
    start = next(lift.allows.start(name) for name in WHOLE if groups.get(name))
    kept = words[start : len(words) - len(_after(lift))].rstrip(" .,!") + _condition(lift)
    kept = _WHY.sub("", trimmed(f"{lift.part}, {kept}" if lift.part else kept)).strip()
    if _UNCLEAR.search(kept.removeprefix(lift.part)) or len(kept.split()) < LEAST_WORDS:
        return None
    style = compiled(_STYLE).fullmatch(lift.what) is not None
    if groups.get("that") and re.match(r"(?:the|this|that|your) ", lift.what, re.I):
        style = re.search(r"\b(?:again|now|back)\b", kept) is not None and style
    return kept if style or known or lift.how or _TO_ASSISTANT.match(kept) else None


def _stopped(lift: Lift, text: str) -> str | None:
    """The words of an order to stop something: "leave off the summaries"; None for "that line", which is not named."""
    order = lift.stops
    if not order or _UNCLEAR.search(lift.what):
        return None
    doing = _DOING.match(lift.what) if lift.told else None
    if not (doing and is_stoppable(doing["verb"])) and not compiled(_ITS_WORK).fullmatch(lift.what.strip()):
        return None
    kept = trimmed(f"{order} {lift.what}")
    while (shorter := _FOR_GOOD.sub("", kept)) != kept:
        kept = shorter
    return kept if is_understood(kept) else None


def _says_so(draft: Draft, lift: Lift, words: str) -> bool:
    """Whether an instruction that was read already is the permission."""
    within = draft.quote[0] < lift.span[1] and lift.span[0] < draft.quote[1]
    return (
        draft.predicate == "instruction"
        and draft.op == "assert"
        and within
        and shared(stems(words), stems(draft.object or "")) > 0
    )
