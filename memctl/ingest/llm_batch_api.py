"""Requests through a server's Batch API: half the price, with answers within a day.

A batch is recorded in the store before it is sent, under a name that the server stores too, so that after a crash
memctl can find out whether it was sent. Its answers are cached like any others, and the ingest that needs them is run
again.

Limits, from https://platform.openai.com/docs/guides/batch: at most 50,000 requests and 200 MB in a batch, its lines in
any order.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from typing import IO, Any
from uuid import uuid4

import msgspec

from memctl.core.errors import Fatal, MemctlError, NotFound, Retryable
from memctl.extract.llm.client import ChatModel, Completion, completion, finish_of
from memctl.ingest import llm_costs
from memctl.ingest.llm_costs import Budget, Prices, SpentError
from memctl.ingest.llm_requests import Question, outcome_of
from memctl.ingest.llm_usage import Use
from memctl.store.base import Store
from memctl.store.model import Answer, Batch, BatchRequest

MOST_REQUESTS, MOST_BYTES = 40_000, 150_000_000
MOST_TRIES = 3
"""Batches a question goes into before it is given up."""
GRACE = timedelta(minutes=10)
"""How long another process may take between noting a batch and sending it."""
TAG = "memctl_batch"
"""The name in a batch's metadata under which the server keeps ours."""
OVER = frozenset({"completed", "expired", "cancelled"})


class _Part:
    """The requests of one batch, collected in a temporary file."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.TemporaryFile(prefix="memctl-")  # noqa: SIM115 - closed when sent
        self.requests: list[BatchRequest] = []

    def add(self, question: Question, body: dict[str, Any]) -> None:
        line = {"custom_id": question.key, "method": "POST", "url": "/v1/chat/completions", "body": body}
        self.file.write(msgspec.json.encode(line) + b"\n")
        self.requests.append(
            BatchRequest(
                key=question.key,
                user_id=question.window.user_id,
                existing=msgspec.json.encode(question.existing).decode(),
                episodes=question.episodes,
            )
        )

    @property
    def full(self) -> bool:
        return len(self.requests) >= MOST_REQUESTS or self.file.tell() >= MOST_BYTES


class BatchSource:
    """Returns no answers now: collects requests, and submits them after all files have been read."""

    def __init__(
        self,
        store: Store,
        model: ChatModel,
        use: Use,
        command: dict[str, Any],
        *,
        prices: Prices | None = None,
        max_cost: float | None = None,
    ) -> None:
        self.store, self.model, self.use, self.command, self.prices = store, model, use, command, prices
        self.budget = Budget(max_cost)
        self.error: MemctlError | None = None
        self.parts: list[_Part] = []
        self._gathered: set[str] = set()
        use.cost = 0.0 if prices else None

    @property
    def over(self) -> bool:
        """True if the cost limit was reached."""
        return self.use.stopped is not None

    def accepts(self, answer: Answer) -> bool:
        """Every answer: unreadable ones are requested again only by an ingest that waits for answers."""
        return True

    def obtain(self, questions: Sequence[Question]) -> dict[str, Answer]:
        """No answers, except empty ones for requests that failed in several batches and are given up."""
        waiting: set[str] = set()
        tries: dict[str, int] = {}
        with suppress(NotFound), self.store.reading() as session:
            waiting, tries = session.batch_attempts([question.key for question in questions])
        given_up = {}
        for question in questions:
            if self.over:
                break
            if question.key in waiting:
                self.use.waiting += 1
            elif tries.get(question.key, 0) >= MOST_TRIES:
                nothing = Completion(text="", finish="stop", input=0, output=0)
                given_up[question.key] = question.answer(self.use.model, "unreadable", nothing)
            elif question.key not in self._gathered:
                self._gather(question)
        return given_up

    def _gather(self, question: Question) -> None:
        message = question.message
        most = llm_costs.most_output(question.window, thinks=self.model.thinks)
        input_tokens, output_tokens = llm_costs.input_tokens(message), llm_costs.output_tokens(question.window)
        try:
            worst = self._price(-(-len(message.encode()) // 3) + llm_costs.input_tokens(""), most)
            self.budget.promise(worst)
            self.budget.settle(worst, worst)
        except SpentError:
            self.use.stopped = "max-cost"
            return
        if not self.parts or self.parts[-1].full:
            self.parts.append(_Part())
        self.parts[-1].add(question, self.model.body(message, most))
        self._gathered.add(question.key)
        self.use.submitted += 1
        self.use.input_tokens += input_tokens
        self.use.output_tokens += output_tokens
        if self.use.cost is not None:
            self.use.cost += self._price(input_tokens, output_tokens)

    def _price(self, input_tokens: int, output_tokens: int) -> float:
        return self.prices.of(input_tokens, 0, output_tokens, batch=True) if self.prices else 0.0

    def finish(self) -> None:
        """Submit the collected requests. Raises the error of a server that refuses; batches that were submitted
        before remain."""
        with ExitStack() as files:
            for part in self.parts:
                files.enter_context(part.file)
            for part in self.parts:
                self._submit(part)

    def _submit(self, part: _Part) -> None:
        batch = Batch(
            id=uuid4().hex,
            model=self.model.model,
            base_url=self.model.base_url,
            command=self.command,
            made_at=datetime.now(UTC),
        )
        with self.store.writing() as tx:
            tx.add_batch(batch, part.requests)
        try:
            remote = self._send(batch.id, part.file)
        except (MemctlError, KeyboardInterrupt) as error:
            # If the response was lost, the batch may exist; any other error means that it does not.
            if not isinstance(error, Retryable | KeyboardInterrupt):
                with self.store.writing() as tx:
                    tx.set_batch_state(batch.id, "dropped")
            raise
        with self.store.writing() as tx:
            tx.set_batch_state(batch.id, "submitted", remote)

    def _send(self, id_: str, file: IO[bytes]) -> str:
        file.seek(0)
        with self.model.errors():
            uploaded = self.model.client.files.create(file=("memctl.jsonl", file), purpose="batch")
            made = self.model.client.batches.create(
                input_file_id=uploaded.id,
                endpoint="/v1/chat/completions",
                completion_window="24h",
                metadata={TAG: id_},
            )
            return str(made.id)


class Again(msgspec.Struct, kw_only=True):
    """An ingest to run again, and the batches that are done after it."""

    command: dict[str, Any]
    batches: list[str]


class Collected(msgspec.Struct, kw_only=True):
    """The result of a collection: the numbers of ended and of open batches, answers, tokens and cost.

    `again` are the ingests to run again now.
    """

    collected: int = 0
    waiting: int = 0
    answers: int = 0
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    cost: float | None = None
    again: list[Again] = []


def collect(
    store: Store,
    open_model: Callable[[str, str], ChatModel],
    prices_of: Callable[[str], Prices | None],
    now: datetime | None = None,
) -> Collected:
    """Fetch the answers of all batches that have ended. `open_model` opens a model by name and base URL.

    Raises AuthError, Retryable and Fatal as the server does.
    """
    now = now or datetime.now(UTC)
    result = Collected()
    batches: list[Batch] = []
    with suppress(NotFound), store.reading() as session:
        batches = session.open_batches()
    left: list[Batch] = []
    for batch in batches:
        model = open_model(batch.model, batch.base_url)
        if not _finish(store, model, batch, prices_of(batch.model), result, now):
            left.append(batch)
    result.waiting = len(left)
    open_commands = [batch.command for batch in left]
    # From the store, to include those whose collector was killed before it ran their ingest again.
    over: list[Batch] = []
    with suppress(NotFound), store.reading() as session:
        over = session.ended_batches()
    for batch in over:
        same = next((one for one in result.again if one.command == batch.command), None)
        if same:
            same.batches.append(batch.id)
        elif batch.command not in open_commands:
            result.again.append(Again(command=batch.command, batches=[batch.id]))
    return result


def _finish(
    store: Store, model: ChatModel, batch: Batch, prices: Prices | None, result: Collected, now: datetime
) -> bool:
    """Process a batch if the server has finished it; False if not."""
    with model.errors():
        remote = _remote(model, batch)
    if remote is None:
        if now - batch.made_at < GRACE:
            return False
        with store.writing() as tx:
            tx.set_batch_state(batch.id, "lost")
        return True
    if remote.status == "failed":
        with store.writing() as tx:
            tx.set_batch_state(batch.id, "dropped", remote.id)
        errors = getattr(getattr(remote, "errors", None), "data", None) or []
        reason = "; ".join(str(one.message) for one in errors) or "the server does not say why"
        raise Fatal(f"batch {remote.id} failed: {reason}", where=batch.base_url, hint="ingest it again with --batch")
    if remote.status not in OVER:
        with store.writing() as tx:
            tx.set_batch_state(batch.id, "submitted", remote.id)
        return False
    with store.reading() as session:
        requests = session.batch_requests(batch.id)
    with model.errors():
        answers = list(_answers(model, remote, requests))
    with store.writing() as tx:
        tx.keep_answers(answers)
        tx.set_batch_state(batch.id, "collected", remote.id)
    result.collected += 1
    result.answers += len(answers)
    for answer in answers:
        result.input_tokens += answer.input_tokens
        result.cached_tokens += answer.cached_tokens
        result.output_tokens += answer.output_tokens
        if prices:
            cost = prices.of(answer.input_tokens, answer.cached_tokens, answer.output_tokens, batch=True)
            result.cost = (result.cost or 0.0) + cost
    return True


def _remote(model: ChatModel, batch: Batch) -> Any:
    """The batch on the server; None if it was never submitted."""
    if batch.remote_id is not None:
        return model.client.batches.retrieve(batch.remote_id)
    for remote in model.client.batches.list(limit=100):
        if (remote.metadata or {}).get(TAG) == batch.id:
            return remote
    return None


def _answers(model: ChatModel, remote: Any, requests: dict[str, BatchRequest]) -> Iterator[Answer]:
    """The answers in a batch's files. A request with a temporary failure is left out, so that it is sent again."""
    for file in (remote.output_file_id, remote.error_file_id):
        if not file:
            continue
        for raw in model.client.files.content(file).text.splitlines():
            try:
                line = msgspec.json.decode(raw, type=_Line)
            except (msgspec.DecodeError, ValueError):
                continue
            request = requests.get(line.custom_id)
            completion = _completion(line.response or {})
            if request is not None and completion is not None:
                yield Answer(
                    key=request.key,
                    model=model.model,
                    user_id=request.user_id,
                    outcome=outcome_of(completion),
                    answer=completion.text,
                    existing=request.existing,
                    episodes=request.episodes,
                    input_tokens=completion.input or 0,
                    cached_tokens=completion.cached,
                    output_tokens=completion.output or 0,
                )


class _Line(msgspec.Struct):
    """A line of a batch's output or error file."""

    custom_id: str
    response: dict[str, Any] | None = None


def _completion(response: dict[str, Any]) -> Completion | None:
    body = response.get("body") or {}
    status = int(response.get("status_code") or 0)
    if status == 200:
        from openai.types.chat import ChatCompletion

        return completion(ChatCompletion.construct(**body))
    error = body.get("error") or {}
    finish = finish_of(status, error.get("code"), str(error.get("message")))
    return Completion(text="", finish=finish, input=0, output=0) if finish else None
