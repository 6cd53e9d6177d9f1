"""Requests to a model: which are cached, which have to be sent, and what they would cost.

The order of the answers does not matter. `memctl.extract.llm` interprets the answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Protocol
from uuid import UUID

import msgspec

from memctl.core.errors import MemctlError, NotFound
from memctl.extract.llm import parse, prompt
from memctl.extract.llm.client import Completion
from memctl.extract.llm.windows import MOST_TURNS, Window
from memctl.ingest import llm_costs
from memctl.ingest.llm_costs import Prices
from memctl.ingest.llm_usage import Use
from memctl.store.base import Store
from memctl.store.model import Answer, AnswerOutcome


class Question(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """A window to be read, the facts shown with it, and the episodes of its turns."""

    key: str
    window: Window
    existing: tuple[prompt.ExistingFact, ...] = ()
    episodes: tuple[UUID, ...] = ()

    @cached_property
    def message(self) -> str:
        """The user message."""
        return prompt.message(self.window, self.existing)

    def rest(self, model: str, answer: Answer) -> list[Question]:
        """The requests for the rest, if the answer was cut off: the lines after the last one with a complete fact,
        because a model reads from the top; or the two halves if it has no complete fact."""
        if answer.outcome != "length":
            return []
        facts = parse.parse_cut(answer.answer).facts
        last = max((self.window.line_with(fact.object) for fact in facts), default=0)
        parts = self.window.after(last) if last else self.window.halves()
        return [msgspec.structs.replace(self, key=prompt.key(model, part), window=part) for part in parts]

    def answer(self, model: str, outcome: AnswerOutcome, completion: Completion, text: str = "") -> Answer:
        """The answer as the store keeps it; tokens that the server does not report are estimated."""
        told = completion.input is not None and completion.output is not None
        return Answer(
            key=self.key,
            model=model,
            user_id=self.window.user_id,
            outcome=outcome,
            answer=text,
            existing=msgspec.json.encode(self.existing).decode(),
            episodes=self.episodes,
            input_tokens=(completion.input or 0) if told else llm_costs.input_tokens(self.message),
            cached_tokens=completion.cached,
            output_tokens=(completion.output or 0) if told else -(-len(completion.text) // 4),
        )


class Source(Protocol):
    """Where answers come from that are not in the store. `error` is the error that ended the run."""

    error: MemctlError | None

    @property
    def over(self) -> bool:
        """True if no more answers can be had, because of an error or a limit."""

    def obtain(self, questions: Sequence[Question]) -> dict[str, Answer]:
        """The answers that are available now, by key."""

    def accepts(self, answer: Answer) -> bool:
        """False for a cached answer that should be requested again."""

    def finish(self) -> None:
        """Complete the work after all files have been read."""


class Asker:
    """Answers to requests, from the store if they are cached there, else from `source`. A window has up to `turns`
    turns."""

    def __init__(self, store: Store, source: Source, use: Use, turns: int = MOST_TURNS) -> None:
        self.store, self.source, self.use, self.turns = store, source, use, turns

    def ask(self, questions: Iterable[Question]) -> dict[str, Answer]:
        """The available answers, by key, including those of the rest of answers that were cut off. Some may be
        missing."""
        answered: dict[str, Answer] = {}
        todo = {question.key: question for question in questions}
        while todo:
            self.use.windows += len(todo)
            answers: dict[str, Answer] = {}
            with suppress(NotFound), self.store.reading() as session:
                answers = session.answers(todo)
            answers = {key: answer for key, answer in answers.items() if self.source.accepts(answer)}
            self.use.known += len(answers)
            missing = [question for key, question in todo.items() if key not in answers]
            now = answers | (self.source.obtain(missing) if missing else {})
            answered |= now
            rest = [part for key, answer in now.items() for part in todo[key].rest(self.use.model, answer)]
            todo = {part.key: part for part in rest if part.key not in answered}
        return answered


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A window as it was sent in the end, and its answer."""

    window: Window
    answer: Answer


def leaves(model: str, question: Question, answered: dict[str, Answer]) -> list[Leaf] | None:
    """The answers of a request, including those of its rest if it was cut off; None if one is missing."""
    answer = answered.get(question.key)
    if answer is None:
        return None
    sent: list[Leaf] = []
    rest = question.rest(model, answer)
    if not rest or parse.parse_cut(answer.answer).facts:
        sent.append(Leaf(window=question.window, answer=answer))
    for part in rest:
        more = leaves(model, part, answered)
        if more is None:
            return None
        sent += more
    return sent


def outcome_of(completion: Completion) -> AnswerOutcome:
    """The outcome of an answer."""
    if completion.finish in ("length", "refused", "filtered"):
        return completion.finish
    try:
        parse.parse(completion.text)
    except parse.UnreadableAnswer:
        return "unreadable"
    return "answered"


class PlanSource:
    """Returns no answers, and adds up what the requests would cost."""

    error: MemctlError | None = None
    over = False

    def finish(self) -> None:
        """Nothing to do."""

    def __init__(self, use: Use, prices: Prices | None, jobs: int, *, batch: bool = False) -> None:
        self.use, self.prices, self.jobs, self.batch = use, prices, jobs, batch
        use.cost = 0.0 if prices else None
        use.seconds = None if batch else 0.0

    def accepts(self, answer: Answer) -> bool:
        """Every answer except unreadable ones."""
        return answer.outcome != "unreadable"

    def obtain(self, questions: Sequence[Question]) -> dict[str, Answer]:
        """No answers; see the class."""
        for question in questions:
            input_tokens, output_tokens = (
                llm_costs.input_tokens(question.message),
                llm_costs.output_tokens(question.window),
            )
            self.use.asked += 1
            self.use.turns += len(question.window.asked)
            self.use.input_tokens += input_tokens
            self.use.output_tokens += output_tokens
            if self.prices and self.use.cost is not None:
                self.use.cost += self.prices.of(input_tokens, 0, output_tokens, batch=self.batch)
            if self.use.seconds is not None:
                self.use.seconds += (
                    llm_costs.SECONDS_PER_REQUEST + output_tokens / llm_costs.TOKENS_PER_SECOND
                ) / self.jobs
        return {}
