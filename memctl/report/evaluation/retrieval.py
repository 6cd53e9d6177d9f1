"""Asking a backend, and scoring its hits."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import starmap, zip_longest
from statistics import median
from typing import NamedTuple
from uuid import UUID

from memctl.backends.contract import Backend, Query
from memctl.core.errors import NotFound
from memctl.core.fact import Fact
from memctl.reconcile.normalize import normalise
from memctl.report.evaluation.model import Kind, Question, Scores
from memctl.report.evaluation.questions import content
from memctl.report.evaluation.statistics import estimate

ALIKE = 0.8
"""A text with at least this share of common content words (F1) counts as the expected fact."""


class Asked(NamedTuple):
    """A question, its hits, and for each expected fact the rank of the first correct hit; None if there is none."""

    question: Question
    hits: list[Fact]
    places: list[int | None]
    seconds: float


def ask(backend: Backend, questions: Sequence[Question], k: int, tick: Callable[[int], None]) -> list[Asked]:
    """Ask all questions. An unknown user has no hits."""
    asked = []
    for number, question in enumerate(questions):
        tick(number)
        started = time.perf_counter()
        try:
            hits = [hit.fact for hit in backend.search(Query(question.user, question.text, k))]
        except NotFound:
            hits = []
        seconds = time.perf_counter() - started
        asked.append(Asked(question, hits, _places(question, hits), seconds))
    return asked


def scores(asked: Sequence[Asked], k: int, count: Callable[[str], int]) -> Scores:
    """The scores of at least one question; `count` counts the tokens of a text."""
    steps = sorted({1, min(5, k), k})
    return Scores(
        recall={step: estimate([recall(each, step) for each in asked]) for step in steps},
        mrr=estimate([reciprocal(each) for each in asked]),
        tokens=estimate([float(sum(count(hit.text) for hit in each.hits)) for each in asked]),
        milliseconds=1000 * median(each.seconds for each in asked),
    )


def recall(asked: Asked, k: int) -> float:
    """The share of the expected facts among the first k hits."""
    return sum(place is not None and place <= k for place in asked.places) / len(asked.places)


def reciprocal(asked: Asked) -> float:
    """1 / rank of the first correct hit; 0 if there is none."""
    places = [place for place in asked.places if place is not None]
    return 1 / min(places) if places else 0.0


def agreement(one: Asked, other: Asked) -> float:
    """The share of the first backend's hits that the second one also has; 1 if the first has no hits."""
    if not one.hits:
        return 1.0
    ids, texts = {hit.id for hit in other.hits}, {normalise(hit.text) for hit in other.hits}
    return sum(hit.id in ids or normalise(hit.text) in texts for hit in one.hits) / len(one.hits)


def by_kind(asked: Sequence[Asked]) -> dict[Kind, list[Asked]]:
    """The questions by kind."""
    kinds: dict[Kind, list[Asked]] = {}
    for each in asked:
        kinds.setdefault(each.question.kind, []).append(each)
    return kinds


class _Expected(NamedTuple):
    """An expected fact: its id, the turn it comes from, or its text."""

    id: UUID | None = None
    turn: str | None = None
    text: str | None = None

    def met_by(self, hit: Fact) -> bool:
        return hit.id == self.id or self.turn in hit.source.turns or _says(hit, self.text)


def _places(question: Question, hits: Sequence[Fact]) -> list[int | None]:
    expected = list(starmap(_Expected, zip_longest(question.ids, question.turns, question.texts)))
    if expected:
        return [_first(hits, each.met_by) for each in expected]
    answer = f" {normalise(question.answer or '')} "
    return [_first(hits, lambda hit: answer in f" {normalise(hit.text)} ")]


def _first(hits: Sequence[Fact], right: Callable[[Fact], bool]) -> int | None:
    return next((place for place, hit in enumerate(hits, 1) if right(hit)), None)


def _says(hit: Fact, text: str | None) -> bool:
    """Whether the hit or its quote contains the expected text, is contained in it, or has nearly the same words."""
    if text is None:
        return False
    expected = normalise(text)
    theirs = [normalise(hit.text), *([normalise(hit.source.quote)] if hit.source.quote else [])]
    if any(one and (expected in one or (len(one.split()) > 2 and one in expected)) for one in theirs):
        return True
    return _common(content(text), content(hit.text)) >= ALIKE


def _common(ours: Sequence[str], theirs: Sequence[str]) -> float:
    shared = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * shared / (len(ours) + len(theirs)) if shared else 0.0
