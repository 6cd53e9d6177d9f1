"""Requests to a model: which are cached, which have to be sent, by how many threads and within which limits.

An answer is saved in the store before its thread sends the next request, so that no request is sent twice after a kill.
The order of the answers does not matter. `memctl.extract.llm` interprets the answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import cached_property
from typing import Protocol
from uuid import UUID

import msgspec

from memctl.core.errors import Halted, MemctlError, NotFound, Retryable
from memctl.extract.llm import parse, prompt
from memctl.extract.llm.client import ChatModel, Completion, SilentError
from memctl.extract.llm.windows import MOST_TURNS, Window
from memctl.ingest import llm_costs
from memctl.ingest.llm_costs import Budget, Prices, SpentError
from memctl.ingest.llm_usage import Use
from memctl.runtime.retry import Halt, Pace, Retry
from memctl.store.base import Store
from memctl.store.model import Answer, AnswerOutcome

TRIES = 3
"""How often a request is sent if its answer cannot be read."""
SILENCES = 3
"""Successive requests without an answer in time, after which the run ends."""
LEAVE = 10.0
"""Seconds to wait, after Ctrl-C, for requests in progress: they are paid for already."""


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
            found: dict[str, Answer] = {}
            with suppress(NotFound), self.store.reading() as session:
                found = session.answers(todo)
            found = {key: answer for key, answer in found.items() if self.source.accepts(answer)}
            self.use.known += len(found)
            missing = [question for key, question in todo.items() if key not in found]
            now = found | (self.source.obtain(missing) if missing else {})
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
    found: list[Leaf] = []
    rest = question.rest(model, answer)
    if not rest or parse.parse_cut(answer.answer).facts:
        found.append(Leaf(window=question.window, answer=answer))
    for part in rest:
        more = leaves(model, part, answered)
        if more is None:
            return None
        found += more
    return found


class Gate:
    """When the next request may start: at the rate, and after the wait that the server asked for."""

    def __init__(self, rate: float | None, halt: Halt) -> None:
        self.halt = halt
        self._pace = Pace(rate, halt)
        self._until = 0.0

    def wait(self) -> None:
        """Wait for this request's turn. Raises Halted."""
        self._pace.wait()
        while (left := self._until - time.monotonic()) > 0:
            self.halt.wait(left)

    def hold(self, seconds: float) -> None:
        """Let no request start for this time, because the server asked for it."""
        self._until = max(self._until, time.monotonic() + seconds)


class LiveSource:
    """Answers from the server, requested by `jobs` threads with one rate, one cost limit and one count of timeouts.

    The reason for the end of the run (no credit, no access, no response, the limit) is in `error` or `use.stopped`;
    earlier answers are kept.
    """

    def __init__(
        self,
        store: Store,
        model: ChatModel,
        use: Use,
        *,
        prices: Prices | None = None,
        max_cost: float | None = None,
        jobs: int = 4,
        rate: float | None = None,
        halt: Halt | None = None,
        announce: Callable[[str, float], None] | None = None,
        tick: Callable[[], object] | None = None,
    ) -> None:
        self.store, self.model, self.use, self.prices, self.jobs = store, model, use, prices, jobs
        self.budget = Budget(max_cost)
        use.cost = 0.0 if prices else None
        self.halt = halt or Halt()
        self.gate = Gate(rate, self.halt)
        self.retry = Retry(self.halt, announce=announce)
        self.tick = tick
        self.error: MemctlError | None = None
        self._lock = threading.Lock()
        self._saving = threading.Lock()
        self._unsaved: list[Answer] = []
        self._silences = 0

    @property
    def over(self) -> bool:
        """True if no more answers can be had, because of an error or a limit."""
        return self.halt.reason is not None

    def accepts(self, answer: Answer) -> bool:
        """Every answer except unreadable ones."""
        return answer.outcome != "unreadable"

    def finish(self) -> None:
        """Nothing to do."""

    def obtain(self, questions: Sequence[Question]) -> dict[str, Answer]:
        """Send all requests, until all are answered or the run has to end. After Ctrl-C, requests in progress get a
        moment to finish."""
        todo = list(reversed(questions))
        done: dict[str, Answer] = {}

        working = threading.Semaphore(0)
        jobs = min(self.jobs, len(questions))

        def work() -> None:
            try:
                while self.halt.reason is None:
                    with self._lock:
                        if not todo:
                            return
                        question = todo.pop()
                    answer = self._guarded(question)
                    if answer is not None:
                        with self._lock:
                            done[answer.key] = answer
            finally:
                working.release()

        for _ in range(jobs):
            threading.Thread(target=work, daemon=True).start()
        ended = 0
        # No Thread.join: Python 3.11 takes an interrupted one for the thread's end.
        try:
            while ended < jobs:
                ended += working.acquire(timeout=0.2)
        except KeyboardInterrupt:
            self.halt.stop("interrupted")
            deadline = time.monotonic() + LEAVE
            while ended < jobs and time.monotonic() < deadline:
                ended += working.acquire(timeout=0.2)
            raise
        with self._lock:
            return dict(done)

    def _guarded(self, question: Question) -> Answer | None:
        """The answer to a request; None, and the run is stopped, if there is an error."""
        try:
            return self._one(question)
        except Halted:
            return None
        except SpentError:
            with self._lock:
                self.use.stopped = "max-cost"
        except MemctlError as error:
            self.error = self.error or error
        except Exception as error:
            self.error = self.error or MemctlError(f"internal error: {type(error).__name__}: {error}")
        self.halt.stop("failed")
        return None

    def _one(self, question: Question) -> Answer:
        message = question.message
        most = llm_costs.most_output(question.window, thinks=self.model.thinks)
        for attempt in range(TRIES):
            try:
                completion = self._call(message, most, spelled=attempt > 0)
            except SilentError as error:
                return self._unanswered(question, error)
            self._silences = 0
            outcome = outcome_of(completion)
            answer = question.answer(self.use.model, outcome, completion, completion.text)
            self._count(answer, question)
            if outcome != "unreadable":
                self._save(answer)
                return answer
        return answer

    def _unanswered(self, question: Question, error: SilentError) -> Answer:
        """The substitute for an answer that did not arrive in time: the request is sent again in halves, or its turn
        is left to the rules until the next run. Raises `error` after too many timeouts in a row."""
        with self._lock:
            self._silences += 1
            if self._silences >= SILENCES:
                raise error
        nothing = Completion(text="", finish="length", input=0, output=0)
        if not question.window.halves():
            return question.answer(self.use.model, "unreadable", nothing)
        answer = question.answer(self.use.model, "length", nothing)
        self._save(answer)
        return answer

    def _call(self, message: str, most: int, *, spelled: bool) -> Completion:
        """One answer, within the budget, retried after temporary failures."""
        failed = 0
        worst = self._price(-(-len(message.encode()) // 3) + llm_costs.input_tokens(""), 0, most)
        while True:
            self.gate.wait()
            self.budget.promise(worst)
            cost = 0.0
            try:
                completion = self.model.ask(message, most, spelled=spelled)
                cost = self._price(
                    llm_costs.input_tokens(message) if completion.input is None else completion.input,
                    completion.cached,
                    -(-len(completion.text) // 4) if completion.output is None else completion.output,
                )
                with self._lock:
                    self.use.took += completion.seconds
                return completion
            except SilentError:
                raise
            except Retryable as error:
                failed += 1
                passing = error
            finally:
                self.budget.settle(worst, cost)
            if passing.after is not None:
                self.gate.hold(passing.after)
            self.retry.pause(failed, passing)

    def _price(self, input_tokens: int, cached: int, output: int) -> float:
        return self.prices.of(input_tokens, cached, output) if self.prices else 0.0

    def _count(self, answer: Answer, question: Question) -> None:
        with self._lock:
            self.use.asked += 1
            self.use.turns += len(question.window.asked)
            self.use.input_tokens += answer.input_tokens
            self.use.cached_tokens += answer.cached_tokens
            self.use.output_tokens += answer.output_tokens
            self.use.cost = self.budget.spent if self.prices else None
        if self.tick:
            self.tick()

    def _save(self, answer: Answer) -> None:
        """Save the answer before the next request; answers that arrive in the meantime are saved together."""
        with self._lock:
            self._unsaved.append(answer)
        with self._saving:
            with self._lock:
                unsaved, self._unsaved = self._unsaved, []
            try:
                if unsaved:
                    with self.store.writing() as tx:
                        tx.keep_answers(unsaved)
            except BaseException:
                # The answers are paid for, so the next thread tries to save them again.
                with self._lock:
                    self._unsaved = unsaved + self._unsaved
                raise


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
            given, got = llm_costs.input_tokens(question.message), llm_costs.output_tokens(question.window)
            self.use.asked += 1
            self.use.turns += len(question.window.asked)
            self.use.input_tokens += given
            self.use.output_tokens += got
            if self.prices and self.use.cost is not None:
                self.use.cost += self.prices.of(given, 0, got, batch=self.batch)
            if self.use.seconds is not None:
                self.use.seconds += (llm_costs.SECONDS_PER_REQUEST + got / llm_costs.TOKENS_PER_SECOND) / self.jobs
        return {}
