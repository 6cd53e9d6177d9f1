"""`memctl.open(name)`: any backend through three calls, `add`, `search` and `facts`."""

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
"""How much more is asked of a search whose hits are sifted here, and at most how many."""


class Memory:
    """A backend's memory. `backend` is the adapter itself, for what goes beyond the three calls.

    Usable as a context manager; `close` lets go of what the backend holds.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend

    def __enter__(self) -> Memory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and connections."""
        self.backend.close()

    def add(self, user_id: str, turns: Iterable[Any]) -> Any:
        """Hand conversation turns, such as {"role": "user", "content": "…"}, to the backend's extraction."""
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
        """The k best facts for `query`, best first; `user_id` None searches everyone.

        `kinds` keeps those kinds only, `since`/`until` bound when the fact was said or true, `as_of` keeps what held at
        that instant. Where the backend's own search does not take one of these, its hits are held against it here.
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
        found = [
            fact
            for page in self.backend.read(user_id)
            for fact in page.facts
            if fact.kind != "episode" and (subject is None or (fact.subject or "").casefold() == subject.casefold())
        ]
        return current(found, datetime.now(UTC))


def _matches(fact: Fact, query: Query) -> bool:
    at = fact.valid_at or fact.created_at
    return (
        (not query.kinds or fact.kind in query.kinds)
        and (query.since is None or (at is not None and at >= query.since))
        and (query.until is None or (at is not None and at <= query.until))
        and (query.as_of is None or bool(timeline.as_of([fact], query.as_of)))
    )


def open_memory(name: str = "local", **options: Any) -> Memory:
    """The memory of a backend: `local`, one named in the configuration, an adapter's name, or a file of facts.

    `options` go to the adapter (for `local`: path, embedder, base_url, dimensions, lock_timeout). Raises NotFound for
    an unknown name, UsageError for an option the backend does not have.
    """
    return Memory(open_backend(name, **options))
