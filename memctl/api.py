"""`memctl.open(name)`: any backend through three calls, `add`, `search` and `facts`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from memctl.adapter import Adapter, Hit
from memctl.backends import open_backend
from memctl.fact import Fact
from memctl.timeline import current


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

    def search(self, user_id: str, query: str, k: int = 10) -> list[Hit]:
        """The k best facts for `query`, best first."""
        return self.backend.search(user_id, query, k)

    def facts(self, user_id: str, subject: str | None = None) -> list[Fact]:
        """The user's current facts (no episodes), optionally about one subject only."""
        found = [
            fact
            for page in self.backend.read(user_id)
            for fact in page.facts
            if fact.kind != "episode" and (subject is None or (fact.subject or "").casefold() == subject.casefold())
        ]
        return current(found, datetime.now(UTC))


def open_memory(name: str = "local", **options: Any) -> Memory:
    """The memory of a backend: `local`, one named in the configuration, an adapter's name, or a file of facts.

    `options` go to the adapter (for `local`: path, embedder, base_url, dimensions, lock_timeout). Raises NotFound for
    an unknown name, UsageError for an option the backend does not have.
    """
    return Memory(open_backend(name, **options))
