"""The facts, users and counts of any backend, for `memctl facts --from` and other commands. All pages are read, with
retries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime

from memctl.backends.contract import Backend
from memctl.backends.wrappers import Retrying
from memctl.core.errors import Fatal, Rejected
from memctl.core.fact import Fact
from memctl.core.subjects import about
from memctl.core.timeline import is_current
from memctl.migrate.selection import Selection
from memctl.migrate.source import Reader
from memctl.runtime.retry import Halt, Pace, Retry
from memctl.store.model import Statistics, UserSummary

Warn = Callable[[str], None]

_LAST = datetime.max.replace(tzinfo=UTC)
_NAMED = 5
"""The number of unreadable records that are named."""


class Listing:
    """A backend to read from. All methods raise Fatal if the backend returns fewer facts than it counts.

    `warn` receives the records that could not be read.
    """

    def __init__(self, backend: Backend, warn: Warn | None = None) -> None:
        self._backend, self._warn = backend, warn

    def close(self) -> None:
        """Release files and connections."""
        self._backend.close()

    def facts(
        self,
        user: str,
        subject: str | None = None,
        *,
        predicate: str | None = None,
        kind: str | None = None,
        all: bool = False,  # noqa: A002 - the option's own name
    ) -> list[Fact]:
        """The user's facts in the order they were learned, as `LocalStore.facts` returns them.

        Raises NotFound for a user the backend does not have.
        """
        now = datetime.now(UTC)
        facts = [
            fact
            for fact in self.records(user)
            if (fact.kind != "episode" if kind is None else fact.kind == kind)
            and (predicate is None or fact.predicate == predicate)
            and (all or is_current(fact, now))
        ]
        if subject is not None:
            facts = about(facts, subject)
        return sorted(facts, key=lambda fact: fact.created_at or _LAST)

    def user_summaries(self) -> list[UserSummary]:
        """Every user with counts and times, in alphabetical order."""
        facts, episodes = Counter[str](), Counter[str]()
        times: dict[str, list[datetime]] = {}
        for fact in self.records():
            (episodes if fact.kind == "episode" else facts)[fact.user_id] += 1
            if fact.created_at is not None:
                span = times.get(fact.user_id, [fact.created_at])
                times[fact.user_id] = [min(*span, fact.created_at), max(*span, fact.created_at)]
        return [
            UserSummary(
                user=user,
                facts=facts[user],
                episodes=episodes[user],
                first=times[user][0] if user in times else None,
                last=times[user][1] if user in times else None,
            )
            for user in sorted(facts.keys() | episodes.keys())
        ]

    def statistics(self) -> Statistics:
        """The counts; fields that only the store has are None."""
        now = datetime.now(UTC)
        users, kinds = set(), Counter[str]()
        current = superseded = 0
        for fact in self.records():
            users.add(fact.user_id)
            kinds[fact.kind] += 1
            current += fact.kind != "episode" and is_current(fact, now)
            superseded += fact.superseded_by is not None
        return Statistics(
            path=self._backend.identity or self._backend.name,
            bytes=None,
            users=len(users),
            facts=kinds.total() - kinds["episode"],
            current=current,
            superseded=superseded,
            episodes=kinds["episode"],
            units=None,
            pending=None,
            files=None,
            kinds=dict(sorted(kinds.items())),
            embedder=None,
        )

    def records(self, *users: str) -> Iterator[Fact]:
        """Every record of these users (none: of all users), including episodes."""
        with reading(self._backend, *users, warn=self._warn) as reader:
            for user in reader.users():
                for page in reader.facts(user):
                    yield from page


@contextmanager
def reading(backend: Backend, *users: str, warn: Warn | None = None) -> Iterator[Reader]:
    """A reader of the users' facts (none: of all users), with retries and the backend's rate limit.

    `warn` receives what could not be read, at the end. Raises Fatal then if the backend returned fewer facts than it
    counts.
    """
    halt = Halt()
    retrying = Retrying(backend, Retry(halt), Pace(backend.capabilities.rate, halt))
    with closing(Reader(retrying, Selection(users=users))) as reader:
        yield reader
        if reader.problems:
            raise Fatal("; ".join(reader.problems))
        if warn:
            warn_of_unreadable((*backend.rejects(), *reader.repeated), warn)


def warn_of_unreadable(rejects: Iterable[Rejected], warn: Warn) -> None:
    """Name the first records of a backend that could not be read, and count the others."""
    rejects = tuple(rejects)
    for reject in rejects[:_NAMED]:
        warn(f"not read: {reject}")
    if len(rejects) > _NAMED:
        warn(f"not read: {len(rejects) - _NAMED} more records; memctl migrate --dry-run lists the reasons")
