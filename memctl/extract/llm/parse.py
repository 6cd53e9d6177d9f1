"""Parse a model's answer into proposals, whatever surrounds its JSON."""

from __future__ import annotations

import re
from typing import Any, Literal

import msgspec


class UnreadableAnswer(ValueError):
    """The text contains no list of facts."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A fact as a model proposes it, with the fields of `prompt.SCHEMA`; not validated yet."""

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
    """The proposals in an answer, and the number of malformed facts in it.

    Accepts plain JSON, JSON in a Markdown fence, after a reasoning model's thoughts, or surrounded by prose; an object
    with `facts`, or the list alone. Raises UnreadableAnswer if there is none.
    """
    text = _THOUGHTS.sub("", text)
    facts = _facts(text)
    proposals = []
    for fact in facts:
        try:
            proposals.append(msgspec.convert(fact, Proposal, strict=False))
        except (msgspec.ValidationError, ValueError):
            continue
    return proposals, len(facts) - len(proposals)


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
    raise UnreadableAnswer("the answer contains no list of facts")
