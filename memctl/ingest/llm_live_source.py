"""Answers of a model's server: requested by several threads, within a rate and a cost limit.

An answer is saved in the store before its thread sends the next request, so that no request is sent twice after a kill.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence

from memctl.core.errors import Halted, MemctlError, Retryable
from memctl.extract.llm.client import ChatModel, Completion, SilentError
from memctl.ingest import llm_costs
from memctl.ingest.llm_costs import Budget, Prices, SpentError
from memctl.ingest.llm_requests import Question, outcome_of
from memctl.ingest.llm_usage import Use
from memctl.runtime.retry import Halt, Pace, Retry
from memctl.store.base import Store
from memctl.store.model import Answer

TRIES = 3
"""How often a request is sent if its answer cannot be read."""
SILENCES = 3
"""Successive requests without an answer in time, after which the run ends."""
LEAVE = 10.0
"""Seconds to wait, after Ctrl-C, for requests in progress: they are paid for already."""


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
