"""Reading a backend to its end: pages with retries, no fact twice, and the number read held against its own count.

What a backend says of itself is not believed here: a cursor that runs in a circle, a page that repeats facts, a list
shorter than the total are all found out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from functools import partial

from memctl.backends.contract import Backend, Page
from memctl.core.errors import Fatal, NotFound, Retryable
from memctl.core.fact import Fact
from memctl.migrate.selection import Selection
from memctl.runtime.retry import Pace, Retry, guarded
from memctl.runtime.spool import SeenIds

Forgotten = Callable[[Collection[str]], set[str]]
"""Which of these users were forgotten."""


def pages(
    adapter: Backend, user: str, retry: Retry, *, since: datetime | None = None, pace: Pace | None = None
) -> Iterator[Page]:
    """The user's pages to the last one; after a passing failure reading goes on from the last cursor.

    Raises Fatal when the cursors run in a circle (found by R. P. Brent's method, BIT 20, 1980, in constant memory).
    """
    cursor: str | None = None
    circle = _Circle()
    failed = 0
    while True:
        began = cursor
        try:
            stream = guarded(partial(adapter.read, user, since, cursor))
            while True:
                if pace:
                    pace.wait()
                page = guarded(partial(next, stream, None))
                if page is None:
                    break
                failed = 0
                if page.cursor is not None and circle.closed_by(page.cursor):
                    raise Fatal(
                        f"reading {user!r} never ends: {adapter.name} gives the cursor {page.cursor[:60]!r} again",
                        hint="this is a fault of the backend or its adapter; nothing read twice was written twice",
                    )
                yield page
                cursor = page.cursor
                if cursor is None:
                    return
        except Retryable as error:
            failed += 1
            retry.pause(failed, error)
            continue
        if cursor == began:
            return


class _Circle:
    """Notices a sequence that returns to a value it had, remembering one value only."""

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


class Reader:
    """The chosen facts of a source, user by user, and what was noticed on the way.

    `read` counts the facts handed out, `pages` the calls made for them, `problems` says which users came short.
    `forgotten` tells which of some users were forgotten: these are `refused`, under the name they have or would get.
    """

    def __init__(
        self,
        source: Backend,
        selection: Selection,
        retry: Retry,
        pace: Pace | None = None,
        *,
        forgotten: Forgotten | None = None,
    ) -> None:
        self._source = source
        self._selection = selection
        self._retry = retry
        self._pace = pace
        self._forgotten = forgotten
        self._seen = SeenIds()
        self._counts: dict[str, int | None] = {}
        self.read = 0
        self.pages = 0
        self.problems: list[str] = []
        self.refused: list[str] = []
        self.limited = False

    def close(self) -> None:
        """Give back what was set aside on disk."""
        self._seen.close()

    def users(self) -> list[str]:
        """The users chosen, without those who are refused. Raises NotFound for one of whom the source holds nothing."""
        chosen = self._chosen()
        owner = self._selection.owner
        gone = self._forgotten({*chosen, *map(owner, chosen)}) if self._forgotten else set()
        self.refused = [user for user in chosen if user in gone or owner(user) in gone]
        return [user for user in chosen if user not in self.refused]

    def _chosen(self) -> list[str]:
        if not self._selection.users:
            return sorted(self._retry.call(lambda: set(self._source.users())))
        for user in self._selection.users:
            if not self._known(user):
                some = sorted(self._retry.call(lambda: set(self._source.users())))
                names = ", ".join(some[:5]) + (", …" if len(some) > 5 else "")
                raise NotFound(
                    f"{self._source.name} holds nothing of a user {user!r}",
                    hint=f"users: {names}" if some else f"{self._source.name} is empty",
                )
        return list(dict.fromkeys(self._selection.users))

    def _known(self, user: str) -> bool:
        count = self._count(user)
        if count is not None:
            return count > 0
        # A backend without totals may have to ask after each of its users to list those who own a fact.
        try:
            return any(page.facts for page in pages(self._source, user, self._retry))
        except NotFound:
            return False

    def total(self, users: list[str]) -> int | None:
        """How many facts the source says the users have; None where it does not say."""
        counts = [self._count(user) for user in users]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    def _count(self, user: str) -> int | None:
        if user not in self._counts:
            self._counts[user] = self._retry.call(partial(self._source.count, user))
        return self._counts[user]

    def facts(self, user: str) -> Iterator[list[Fact]]:
        """The user's facts that were chosen, renamed for the target, a page at a time, each fact once.

        Raises Fatal when the source hands out a fact of somebody else.
        """
        selection = self._selection
        before = self._count(user) if selection.whole else None
        distinct = 0
        self._seen.clear()
        for page in pages(self._source, user, self._retry, since=selection.since, pace=self._pace):
            self.pages += 1
            fresh = self._seen.fresh(page.facts)
            distinct += len(fresh)
            for fact in fresh:
                if fact.user_id != user:
                    raise Fatal(f"{self._source.name} gave a fact of {fact.user_id!r} among those of {user!r}")
            chosen = [selection.renamed(fact) for fact in fresh if selection.wants(fact)]
            if selection.limit is not None and self.read + len(chosen) >= selection.limit:
                chosen = chosen[: selection.limit - self.read]
                self.limited = True
            self.read += len(chosen)
            if chosen:
                yield chosen
            if self.limited:
                return
        if before is not None and distinct != before:
            self._came_short(user, distinct, before)

    def _came_short(self, user: str, distinct: int, before: int) -> None:
        """Facts may come or go while they are read: only a number outside both counts is wrong."""
        after = self._retry.call(partial(self._source.count, user))
        counts = (before, before if after is None else after)
        if not min(counts) <= distinct <= max(counts):
            self.problems.append(
                f"{self._source.name} says it holds {counts[1]} facts of {user!r}, but gave {distinct} of them"
            )
