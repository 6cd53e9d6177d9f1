"""Facts that state the same, and facts that contradict each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from memctl.core.fact import Fact
from memctl.core.predicates import OPPOSITES, SINGLE_VALUED
from memctl.core.subjects import aliases
from memctl.extract.extractor import extract
from memctl.maintenance.consolidate.duplicates import NEAR, pairs
from memctl.reconcile.normalize import normalise, same_value
from memctl.report.audit.model import Fault, Memory
from memctl.transcripts.model import Session, Turn

_SLOTTED = frozenset({"favorite", "measure", "dose", "detail"})
"""Predicates with one value per slot; facts do not contain the slot."""
_CERTAIN = frozenset(
    {"lives_in", "works_at", "relationship_status", "age", "birthday", "name", "hometown", "timezone", "pronouns"}
    | {"blood_type", "favorite"}
)
"""Single-valued predicates that are also compared if the rules extracted them from a text."""
_LAST = datetime.max.replace(tzinfo=UTC)
_USER = r"(?:the )?user|he|she|they"
_THIRD = re.compile(rf"^(?:{_USER})(?P<own>['’]s)?\s+", re.IGNORECASE)
_PAIRS = (("is", "am"), ("has", "have"), ("was", "was"), ("does", "do"), ("doesn't", "don't"), ("isn't", "am not"))
_FIRST_PERSON = {"are": "am", **dict(_PAIRS)}
_VERB = re.compile(
    r"(?:lives|works|resides|prefers|likes|dislikes|loves|hates|speaks|uses|owns|moved|studies|has|is)\b"
)


def duplicates(memory: Memory) -> Iterator[Fault]:
    """Facts with the same words as an older fact."""
    groups: dict[str, list[Fact]] = defaultdict(list)
    for fact in _by_age(memory.facts):
        groups[normalise(fact.text) or fact.text].append(fact)
    for same in groups.values():
        for fact in same[1:]:
            yield Fault(fact, f"stored {len(same)} times")


def near_duplicates(memory: Memory) -> Iterator[Fault]:
    """Facts that state the same as an older fact in other words."""
    seen: dict[str, Fact] = {}
    for fact in _by_age(memory.facts):
        seen.setdefault(normalise(fact.text) or fact.text, fact)
    facts = list(seen.values())
    for pair in pairs(facts, _vectors(facts)):
        if pair.same or pair.cosine >= NEAR:
            yield Fault(pair.other, f"like {pair.kept.text!r}")


def contradictions(memory: Memory) -> Iterator[Fault]:
    """Current facts that a newer fact contradicts: it states the opposite, or another value of a single-valued
    predicate."""
    values: dict[tuple[str, ...], list[Fact]] = defaultdict(list)
    for fact in _by_age(memory.facts):
        for read, slot in [(fact, "")] if fact.predicate else _read(fact, memory.user):
            predicate = read.predicate or ""
            subject = memory.user if read.subject in aliases(memory.user, [read.subject or ""]) else read.subject or ""
            if predicate in OPPOSITES:
                values[subject, "likes", normalise(read.object or "")].append(read)
            elif predicate in (SINGLE_VALUED - _SLOTTED if fact.predicate else _CERTAIN):
                values[subject, predicate, normalise(slot)].append(read)
    for (_, predicate, _), facts in values.items():
        newest = facts[-1]
        for fact in facts[:-1]:
            if predicate == "likes":
                differs = fact.predicate != newest.predicate
            else:
                differs = not same_value(fact.object or "", newest.object or "")
            if differs:
                yield Fault(fact, f"newer: {newest.text!r}")


def _by_age(facts: Sequence[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: (fact.valid_at or fact.created_at or _LAST, fact.created_at or _LAST))


def _read(fact: Fact, user: str) -> list[tuple[Fact, str]]:
    """What the rules extract from a fact without a triple, such as "User lives in Ghent", each with its slot."""
    text = _first_person(fact.text, user)
    if text is None:
        return []
    turn = Turn(turn_id="0", role="user", text=text, at=fact.created_at)
    claims = extract(Session(source_format="audit", session_id="audit", turns=(turn,)), user)
    return [
        (
            msgspec.structs.replace(fact, subject=claim.subject, predicate=claim.predicate, object=claim.object),
            claim.slot or "",
        )
        for claim in claims
        if claim.op == "assert" and claim.object
    ]


def _first_person(text: str, user: str) -> str | None:
    """ "User lives in Ghent" as the user would say it; None if the text is about somebody else."""
    own = re.compile(rf"^{re.escape(user)}(?P<own>['’]s)?\s+", re.IGNORECASE)
    match = own.match(text) or _THIRD.match(text)
    if match is None and not _VERB.match(text.lower()):
        return None
    rest = text[match.end() :] if match else text[:1].lower() + text[1:]
    if match and match["own"]:
        return f"My {rest}"
    first, _, others = rest.partition(" ")
    if first in _FIRST_PERSON:
        verb = _FIRST_PERSON[first]
    else:
        verb = first[:-1] if first.endswith("s") and not first.endswith("ss") else first
    return f"I {verb} {others}".strip()


def _vectors(facts: Sequence[Fact]) -> dict[UUID, Any]:
    from memctl.embed.spec import EmbedderSpec

    matrix = EmbedderSpec().open().embed([fact.text for fact in facts]) if facts else ()
    return {fact.id: row for fact, row in zip(facts, matrix, strict=True)}
