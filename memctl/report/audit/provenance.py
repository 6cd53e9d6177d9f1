"""Facts that are out of date, without evidence in the transcripts, with a doubtful owner, or without a usable
vector."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from memctl.core.fact import Fact
from memctl.core.tokenization import STOP_WORDS, stems
from memctl.extract.patterns.wordlist import words as spoken
from memctl.reconcile.normalize import normalise
from memctl.report.audit.model import Fault, Memory

_STATES = frozenset(
    {"lives_in", "works_at", "job_title", "relationship_status", "phone", "diet", "primary_stack", "takes_medication"}
)
"""Predicates whose values change every few years."""
STATE_AGE = timedelta(days=2 * 365)
AGE_AGE = timedelta(days=365)
PLAN_AGE = timedelta(days=30)
_PLANNED = re.compile(
    r"\b(?:plans? to|is going to|intends to|upcoming|"
    r"has an? (?:[\w-]+ )?(?:flight|appointment|interview|exam|meeting|trip))\b"
)
_DAYS = "monday|tuesday|wednesday|thursday|friday|saturday|sunday"
_RELATIVE = re.compile(
    rf"\b(?:today|tonight|tomorrow|yesterday|right now|this (?:morning|afternoon|evening|week|weekend|month)|"
    rf"next (?:week|weekend|month|{_DAYS})|in (?:a few|two|three|\d+) days)\b",
    re.IGNORECASE,
)
_DATED = re.compile(r"\b\d{4}\b")
_PLACEHOLDERS = frozenset(
    spoken(
        "default default_user default-user user users test tester testuser test_user unknown anonymous anon null none "
        "undefined nan admin root guest me you assistant agent system n/a"
    )
)
_GROUNDED = 0.6
"""The share of a fact's content words that one turn must contain."""
_BY_HAND = frozenset({"memctl"})


def expired(memory: Memory) -> Iterator[Fault]:
    """Facts whose `expires_at` is past."""
    for fact in memory.facts:
        if fact.expires_at and fact.expires_at <= memory.now:
            yield Fault(fact, f"expired on {fact.expires_at:%Y-%m-%d}")


def stale(memory: Memory) -> Iterator[Fault]:
    """Plans in the past, states that were not confirmed for years, and texts with words such as "tomorrow"."""
    for fact in memory.facts:
        confirmed = max((at for at in (fact.valid_at, fact.created_at, fact.updated_at) if at), default=None)
        if confirmed is None:
            continue
        age = memory.now - confirmed
        if _planned(fact, memory.now) and age > PLAN_AGE:
            yield Fault(fact, f"a plan of {confirmed:%Y-%m-%d}")
        elif _RELATIVE.search(fact.text) and not _DATED.search(fact.text) and age > timedelta(days=7):
            yield Fault(fact, f"a relative date, stated on {confirmed:%Y-%m-%d}")
        elif (fact.predicate == "age" and age > AGE_AGE) or (fact.predicate in _STATES and age > STATE_AGE):
            yield Fault(fact, f"not confirmed since {confirmed:%Y-%m-%d}")


def _planned(fact: Fact, now: datetime) -> bool:
    """Whether the fact is a plan, and its text does not name this year or a later one."""
    if fact.kind == "procedure" or (fact.predicate != "plans" and not _PLANNED.search(fact.text)):
        return False
    return fact.valid_at is not None or not any(int(year) >= now.year for year in _DATED.findall(fact.text))


def has_turns(memory: Memory) -> bool:
    """Whether the memory has turns, in which to look for evidence."""
    return bool(memory.episodes)


def without_evidence(memory: Memory) -> Iterator[Fault]:
    """Facts whose words are in no turn of the transcripts."""
    turns = [normalise(turn.text) for turn in memory.episodes]
    said = [frozenset(stems(turn.text)) for turn in memory.episodes]
    ignored = frozenset(stems(f"user {memory.user}"))
    for fact in memory.facts if turns else ():
        if fact.source.system in _BY_HAND:
            continue
        quote = normalise(fact.source.quote or "")
        if quote and any(quote in turn for turn in turns):
            continue
        content = [stem for stem in stems(fact.object or fact.text) if stem not in ignored and stem not in STOP_WORDS]
        best = max((sum(stem in turn for stem in content) for turn in said), default=0)
        if content and best / len(content) < _GROUNDED:
            yield Fault(fact, "in no turn of the transcripts")


def orphans(memory: Memory) -> Iterator[Fault]:
    """Facts of an owner that is a placeholder, or a different spelling of another owner."""
    twins = [name for name in memory.owners if name != memory.user and _folded(name) == _folded(memory.user)]
    placeholder = memory.user.strip().casefold() in _PLACEHOLDERS
    # The spelling with the fewest capitals counts as the correct one.
    if placeholder or any(
        (sum(map(str.isupper, name)), name) < (sum(map(str.isupper, memory.user)), memory.user) for name in twins
    ):
        detail = "the owner is a placeholder" if placeholder else f"the owner is also called {twins[0]!r}"
        for fact in memory.facts:
            yield Fault(fact, detail)


def has_vectors(memory: Memory) -> bool:
    """Whether the backend returns vectors."""
    return any(fact.embedding for fact in memory.facts)


def mixed_vectors(memory: Memory) -> Iterator[Fault]:
    """Facts without a vector, or whose vector is not of the model and length of most vectors."""
    models = Counter(_model(fact) for fact in memory.facts)
    if not has_vectors(memory) or len(models) < 2:
        return
    usual = max((model for model in models if model), key=lambda model: models[model])
    for fact in memory.facts:
        if _model(fact) != usual:
            yield Fault(fact, f"vector of {_model(fact)}" if fact.embedding else "no vector")


def _model(fact: Fact) -> str | None:
    return f"{fact.embedding.model} ({len(fact.embedding.vector)})" if fact.embedding else None


def _folded(name: str) -> str:
    return re.sub(r"[\s._-]+", " ", name.strip().casefold())
