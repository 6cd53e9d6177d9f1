"""`memctl.open(name)`: the same few calls for any backend."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, get_args

import msgspec

from memctl.backends.contract import Backend, Filter, Hit, Query
from memctl.backends.registry import open_backend
from memctl.core import timeline
from memctl.core.fact import Fact
from memctl.core.timeline import current

WIDER, WIDEST = 4, 1000
"""The factor by which a search whose hits are filtered here asks for more, and the maximum it asks for."""


class Memory:
    """A backend's memory. `backend` is the adapter itself, for everything else. Usable as a context manager."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Release files and connections."""
        self.backend.close()

    def add(self, user_id: str, turns: Iterable[Any]) -> Any:
        """Pass conversation turns, such as {"role": "user", "content": "…"}, to the backend's extraction."""
        return self.backend.add(user_id, turns)

    def search(
        self,
        user_id: str | None,
        query: str,
        k: int = 10,
        *,
        kinds: tuple[str, ...] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | None = None,
    ) -> list[Hit]:
        """The k best facts for `query`, best first; `user_id` None searches all users.

        `kinds` limits the hits to these kinds, `since` and `until` to facts said or true in that time, `as_of` to facts
        true at that instant. Conditions that the backend's own search does not support are applied to its hits here.
        """
        asked = Query(user_id, query, k, tuple(kinds), since, until, as_of)
        filters = self.backend.features.filters
        rest = [name for name in get_args(Filter) if getattr(asked, name) and name not in filters]
        if not rest:
            return self.backend.search(asked)
        passed = msgspec.structs.replace(asked, **{name: () if name == "kinds" else None for name in rest})
        wide = k
        while True:
            wide *= WIDER
            hits = self.backend.search(msgspec.structs.replace(passed, k=wide))
            matches = [hit for hit in hits if _matches(hit.fact, asked)]
            if len(matches) >= k or len(hits) < wide or wide >= WIDEST:
                return matches[:k]

    def facts(self, user_id: str, subject: str | None = None) -> list[Fact]:
        """The user's current facts (no episodes), optionally about one subject only."""
        return current(self._facts(user_id, subject), datetime.now(UTC))

    def history(self, user_id: str, subject: str | None = None) -> list[Fact]:
        """The user's facts in order of time, superseded and ended ones included (no episodes)."""
        return timeline.history(self._facts(user_id, subject))

    def users(self) -> list[str]:
        """The users of the backend, sorted."""
        return sorted(self.backend.users())

    def _facts(self, user_id: str, subject: str | None) -> list[Fact]:
        return [
            fact
            for page in self.backend.read(user_id)
            for fact in page.facts
            if fact.kind != "episode" and (subject is None or (fact.subject or "").casefold() == subject.casefold())
        ]


def _matches(fact: Fact, query: Query) -> bool:
    at = fact.valid_at or fact.created_at
    return (
        (not query.kinds or fact.kind in query.kinds)
        and (query.since is None or (at is not None and at >= query.since))
        and (query.until is None or (at is not None and at <= query.until))
        and (query.as_of is None or bool(timeline.as_of([fact], query.as_of)))
    )


def open_memory(name: str = "local", **options: Any) -> Memory:
    """The memory of a backend: `local`, one named in the settings, an adapter's name, or a file of facts.

    `options` go to the backend (for `local`: path, embedder, base_url, dimensions, lock_timeout). Raises NotFound for
    an unknown name, UsageError for an option the backend does not have.
    """
    return Memory(open_backend(name, **options))
