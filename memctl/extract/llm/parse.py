"""Parse a model's answer into proposals, whatever surrounds its JSON."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import msgspec


class UnreadableAnswer(ValueError):
    """The text contains no list of facts."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A fact as a model proposes it, not validated yet: its subject, predicate and object."""

    subject: str = msgspec.field(name="s")
    predicate: str = msgspec.field(name="p")
    object: str = msgspec.field(name="o")


class Parsed(msgspec.Struct, frozen=True, kw_only=True):
    """The distinct proposals of an answer, the ids of facts that ended, and the number of invalid items."""

    facts: tuple[Proposal, ...] = ()
    ended: tuple[str, ...] = ()
    malformed: int = 0


_THOUGHTS = re.compile(r"^\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"```(?:json|JSON)?[ \t]*\n(.*?)```", re.DOTALL)
_ITEM = re.compile(r"\{[^{}]*\}")


def parse(text: str) -> Parsed:
    """The proposals in an answer.

    Accepts plain JSON, JSON in a Markdown fence, after a reasoning model's thoughts, or surrounded by prose; an object
    with `facts`, or the list alone. Raises UnreadableAnswer if there is none.
    """
    text = _THOUGHTS.sub("", text)
    fenced = _FENCED.search(text)
    for candidate in (text, fenced[1] if fenced else "", text[text.find("{") : text.rfind("}") + 1]):
        try:
            decoded = msgspec.json.decode(candidate)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            continue
        lists = decoded if isinstance(decoded, dict) else {"facts": decoded}
        if isinstance(lists.get("facts"), list):
            ended = lists.get("ended")
            return _parsed(lists["facts"], ended if isinstance(ended, list) else ())
    raise UnreadableAnswer("the answer contains no list of facts")


def parse_cut(text: str) -> Parsed:
    """The proposals of an answer that was cut off: its complete items."""
    items: list[Any] = []
    for item in _ITEM.findall(_THOUGHTS.sub("", text)):
        try:
            items.append(msgspec.json.decode(item))
        except (msgspec.DecodeError, UnicodeError):
            continue
    return _parsed(items)


def _parsed(items: Iterable[Any], names: Iterable[Any] = ()) -> Parsed:
    facts: dict[Proposal, None] = {}
    ended: dict[str, None] = {}
    malformed = 0
    for item in items:
        try:
            facts[msgspec.convert(item, Proposal, strict=False)] = None
        except (msgspec.ValidationError, ValueError):
            malformed += 1
    for name in names:
        if isinstance(name, str):
            ended[name] = None
        else:
            malformed += 1
    return Parsed(facts=tuple(facts), ended=tuple(ended), malformed=malformed)
