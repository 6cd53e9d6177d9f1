"""`memctl.open(name)`: any backend through three calls, `add`, `search` and `facts`."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from memctl.backends.contract import Adapter, Hit
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

    def __init__(self, backend: Adapter) -> None:
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
        asked = {"kinds": kinds, "since": since, "until": until, "as_of": as_of}
        asked = {name: value for name, value in asked.items() if value}
        taken = inspect.signature(self.backend.search).parameters
        passed = {name: value for name, value in asked.items() if name in taken}
        search: Any = self.backend.search
        if passed == asked:
            hits: list[Hit] = search(user_id, query, k, **passed)
            return hits
        wide = k
        while True:
            wide *= WIDER
            hits = search(user_id, query, wide, **passed)
            kept = [hit for hit in hits if _wanted(hit.fact, kinds, since, until, as_of)]
            if len(kept) >= k or len(hits) < wide or wide >= WIDEST:
                return kept[:k]

    def facts(self, user_id: str, subject: str | None = None) -> list[Fact]:
        """The user's current facts (no episodes), optionally about one subject only."""
        found = [
            fact
            for page in self.backend.read(user_id)
            for fact in page.facts
            if fact.kind != "episode" and (subject is None or (fact.subject or "").casefold() == subject.casefold())
        ]
        return current(found, datetime.now(UTC))


def _wanted(
    fact: Fact, kinds: tuple[str, ...], since: datetime | None, until: datetime | None, as_of: datetime | None
) -> bool:
    at = fact.valid_at or fact.created_at
    return (
        (not kinds or fact.kind in kinds)
        and (since is None or (at is not None and at >= since))
        and (until is None or (at is not None and at <= until))
        and (as_of is None or bool(timeline.as_of([fact], as_of)))
    )


def open_memory(name: str = "local", **options: Any) -> Memory:
    """The memory of a backend: `local`, one named in the configuration, an adapter's name, or a file of facts.

    `options` go to the adapter (for `local`: path, embedder, base_url, dimensions, lock_timeout). Raises NotFound for
    an unknown name, UsageError for an option the backend does not have.
    """
    return Memory(open_backend(name, **options))
