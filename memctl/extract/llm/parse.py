"""A model's answer as text into proposals: what servers return in place of plain JSON is this room's to know."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec


class UnreadableAnswer(ValueError):
    """The text holds no list of facts."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One fact as a model proposes it, field for field as `prompt.SCHEMA` has it; nothing in it is believed yet."""

    text: str
    subject: str
    predicate: str
    object: str | None = None
    category: str = ""
    valid_at: str | None = None
    invalid_at: str | None = None
    date_precision: str = "none"
    polarity: Literal["assert", "retract"] = "assert"
    confidence: Literal["explicit", "implied"] = "implied"
    evidence: tuple[int, ...] = ()
    quote: str
    supersedes: tuple[str, ...] = ()


_THOUGHTS = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"```(?:json|JSON)?[ \t]*\n(.*?)```", re.DOTALL)


def parse(text: str) -> tuple[list[Proposal], int]:
    """The proposals in an answer, and how many facts in it had not the form of one.

    Plain JSON, JSON in a Markdown fence, after a reasoning model's thoughts, or with words around it; an object with
    `facts`, or the list alone. Raises UnreadableAnswer when there is none of these.
    """
    text = _THOUGHTS.sub("", text)
    found = _facts(text)
    proposals = []
    for fact in found:
        try:
            proposals.append(msgspec.convert(fact, Proposal, strict=False))
        except (msgspec.ValidationError, ValueError):
            continue
    return proposals, len(found) - len(proposals)


def _facts(text: str) -> list[Any]:
    fenced = _FENCED.search(text)
    candidates = [text, fenced[1] if fenced else "", text[text.find("{") : text.rfind("}") + 1]]
    for candidate in candidates:
        try:
            decoded = msgspec.json.decode(candidate)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            continue
        facts = decoded.get("facts") if isinstance(decoded, dict) else decoded
        if isinstance(facts, list):
            return facts
    raise UnreadableAnswer("the answer holds no list of facts")
