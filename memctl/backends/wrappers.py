"""A wrapper around a backend that retries and limits the rate of calls, so that callers use plain methods."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ParamSpec, TypeVar, cast
from uuid import UUID

from memctl.backends.contract import Backend, Capabilities, Conversation, Outcome, Page
from memctl.backends.field_diff import difference
from memctl.backends.files import STANDARD
from memctl.core.errors import Fatal, NotFound, Rejected, Retryable
from memctl.core.fact import Fact
from memctl.runtime.retry import Pace, Retry, guarded

SETTLE = timedelta(minutes=1)
"""How long an asynchronous backend may take before its writes can be read."""

T = TypeVar("T")
P = ParamSpec("P")


# Methods of the class from those of the contract, with their types.


def _passed(method: Callable[P, T]) -> Callable[P, T]:
    def call(self: Retrying, *args: Any, **kwargs: Any) -> Any:
        return getattr(self.backend, method.__name__)(*args, **kwargs)

    return cast("Callable[P, T]", call)


def _retried(method: Callable[P, T]) -> Callable[P, T]:
    def call(self: Retrying, *args: Any, **kwargs: Any) -> Any:
        return self.retry.call(partial(getattr(self.backend, method.__name__), *args, **kwargs))

    return cast("Callable[P, T]", call)


def _listed(method: Callable[P, Iterator[str]]) -> Callable[P, Iterator[str]]:
    def call(self: Retrying) -> Iterator[str]:
        return iter(self.retry.call(lambda: list(getattr(self.backend, method.__name__)())))

    return cast("Callable[P, Iterator[str]]", call)


class Retrying(Backend):
    """A backend whose temporary failures are retried, and whose calls to read a page or to write wait for `pace`.

    `users`, `everyone` and `conversations` restart after a failure, `read` resumes from the last cursor, and `write`
    looks for what was stored before it sends facts again. Other exceptions become MemctlErrors, see `guarded`.
    """

    def __init__(self, backend: Backend, retry: Retry, pace: Pace | None = None) -> None:
        self.backend = backend
        self.name = backend.name
        self.capabilities = backend.capabilities
        self.features = backend.features
        self.identity = backend.identity
        self.retry = retry
        self._pace = pace or Pace(None, retry.halt)

    # Calls that reach no service, or whose failure is the answer, are passed on as they are.
    check, check_writable, close = _passed(Backend.check), _passed(Backend.check_writable), _passed(Backend.close)
    remarks, rejects, now = _passed(Backend.remarks), _passed(Backend.rejects), _passed(Backend.now)
    initialized, init = _passed(Backend.initialized), _passed(Backend.init)
    revision = _passed(Backend.revision)
    start_run, changed = _passed(Backend.start_run), _passed(Backend.changed)

    users, everyone = _listed(Backend.users), _listed(Backend.everyone)
    owners, count, inventory = _retried(Backend.owners), _retried(Backend.count), _retried(Backend.inventory)
    search, settle = _retried(Backend.search), _retried(Backend.settle)
    delete, forget = _retried(Backend.delete), _retried(Backend.forget)

    def add(self, user: str, turns: Iterable[Any]) -> Any:
        """A lost response cannot be distinguished from a lost call, because the results carry no memctl id: the turns
        are sent again, and the backend itself has to recognise repeated ones."""
        sent = list(turns)
        return self.retry.call(lambda: self._paced(partial(self.backend.add, user, sent)))

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """Raises Fatal if the cursors form a loop (detected by R. P. Brent's method, BIT 20, 1980, in constant
        memory)."""
        loop = _Loop()
        failed = 0
        while True:
            began = cursor
            try:
                stream = guarded(partial(self.backend.read, user, since, cursor))
                while (page := self._paced(partial(next, stream, None))) is not None:
                    failed = 0
                    if page.cursor is not None and loop.closed_by(page.cursor):
                        raise Fatal(
                            f"pagination loop: for {user!r}, {self.name} repeated the cursor {page.cursor[:60]!r}",
                            hint="this is a bug in the backend or its adapter; nothing was written twice",
                        )
                    yield page
                    cursor = page.cursor
                    if cursor is None:
                        return
            except Retryable as error:
                failed += 1
                self.retry.pause(failed, error)
                continue
            if cursor == began:
                return

    def read_vectors(self, models: Collection[str]) -> None:
        """Asks no server, so there is nothing to try again."""
        self.backend.read_vectors(models)

    def conversations(self, user: str) -> Iterator[Conversation]:
        """After a failure the list is read again, without the conversations that were returned already."""
        done: set[str] = set()
        failed = 0
        while True:
            try:
                stream = guarded(partial(self.backend.conversations, user))
                while (conversation := guarded(partial(next, stream, None))) is not None:
                    if conversation.id not in done:
                        yield conversation
                        done.add(conversation.id)
                        failed = 0
                return
            except Retryable as error:
                failed += 1
                self.retry.pause(failed, error)

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """A batch that is rejected as a whole is halved until the invalid fact stands alone."""
        outcomes: dict[UUID, Outcome] = {}
        rest = list(facts)
        failed = 0
        while rest:
            try:
                outcomes |= self._paced(partial(self._send, rest), guard=self.name != STANDARD)
                break
            except Retryable as error:
                failed += 1
                self.retry.pause(failed, error)
            except Rejected as error:
                if len(rest) == 1:
                    outcomes[rest[0].id] = Outcome(state="rejected", reason=str(error))
                    break
                outcomes |= self._stored(rest)
                rest = [fact for fact in rest if fact.id not in outcomes]
                middle = (len(rest) + 1) // 2
                for half in (rest[:middle], rest[middle:]):
                    outcomes |= dict(zip([fact.id for fact in half], self.write(half), strict=True))
                break
            outcomes |= self._stored(rest)
            rest = [fact for fact in rest if fact.id not in outcomes]
        return [outcomes[fact.id] for fact in facts]

    def _send(self, facts: Sequence[Fact]) -> dict[UUID, Outcome]:
        outcomes = self.backend.write(facts)
        if len(outcomes) != len(facts):
            raise Fatal(f"{self.name} returned {len(outcomes)} outcomes for {len(facts)} facts")
        return dict(zip([fact.id for fact in facts], outcomes, strict=True))

    def _stored(self, facts: Sequence[Fact]) -> dict[UUID, Outcome]:
        """Outcomes for facts that the backend stored although no response confirmed them."""
        if self.capabilities.asynchronous:
            self.settle((), datetime.now(UTC) + SETTLE)
        wanted = {fact.id: fact for fact in facts}
        return {
            record.id: Outcome(state="written", target_id=target_id(self.capabilities, record))
            for user in dict.fromkeys(fact.user_id for fact in facts)
            for record in self._records(user)
            if record.id in wanted and difference(wanted[record.id], record, self.capabilities).same
        }

    def _records(self, user: str) -> Iterator[Fact]:
        try:
            for page in self.read(user):
                yield from page.facts
        except NotFound:
            return

    def _paced(self, call: Callable[[], T], *, guard: bool = True) -> T:
        self._pace.wait()
        # A closed pipe on standard output is not a failing connection, and must not be retried.
        return guarded(call) if guard else call()


class _Loop:
    """Detects a sequence that returns to an earlier value, and stores only one value."""

    def __init__(self) -> None:
        self._marked: str | None = None
        self._power = 1
        self._steps = 0

    def closed_by(self, cursor: str) -> bool:
        if cursor == self._marked:
            return True
        self._steps += 1
        if self._steps == self._power:
            self._marked, self._power, self._steps = cursor, self._power * 2, 0
        return False


def target_id(capabilities: Capabilities, record: Fact) -> str | None:
    """The backend's own id of a fact read from it."""
    return str(record.id) if capabilities.ids_survive else record.source.id
