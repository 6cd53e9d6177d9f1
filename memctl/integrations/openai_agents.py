"""A session of the OpenAI Agents SDK whose items are kept in any backend.

memory = memctl.open("local")
session = MemctlSession(memory, "alice", "support-42")
await Runner.run(agent, "Where is my order?", session=session)
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from agents.memory.session import SessionABC
from agents.memory.session_settings import SessionSettings

from memctl.core.errors import NotFound, Rejected
from memctl.core.fact import Fact, Source, derive_id
from memctl.memory import Memory
from memctl.transcripts.messages.content import content_text

SYSTEM = "openai-agents"
T = TypeVar("T")


class MemctlSession(SessionABC):
    """The items of one conversation of `user_id`. Each is stored verbatim as a record of the kind `episode`.

    For an item without text, such as a tool call, the text of the record is the type of the item. Calls run in threads,
    one at a time.
    """

    def __init__(
        self, memory: Memory, user_id: str, session_id: str, session_settings: SessionSettings | None = None
    ) -> None:
        self.session_id = session_id
        self.session_settings = session_settings or SessionSettings()
        self._backend = memory.backend
        self._user = user_id
        self._lock = asyncio.Lock()

    async def get_items(self, limit: int | None = None) -> list[Any]:
        """The items in order; only the latest ones if there is a `limit`, here or in the session's settings."""
        most = limit if limit is not None else self.session_settings.limit if self.session_settings else None
        items = [fact.native[SYSTEM]["item"] for fact in await self._run(self._facts)]
        return items if most is None else items[max(0, len(items) - most) :]

    async def add_items(self, items: list[Any]) -> None:
        """Append items. Raises Rejected if the backend refuses one."""
        if items:
            await self._run(lambda: self._add(items))

    async def pop_item(self) -> Any | None:
        """Remove the last item and return it; None if there are no items."""
        return await self._run(self._pop)

    async def clear_session(self) -> None:
        """Remove all items of this session."""
        await self._run(lambda: self._delete(self._facts()))

    async def _run(self, call: Callable[[], T]) -> T:
        async with self._lock:
            return await asyncio.to_thread(call)

    def _facts(self) -> list[Fact]:
        try:
            pages = list(self._backend.read(self._user))
        except NotFound:
            return []
        facts = [
            fact
            for page in pages
            for fact in page.facts
            if fact.session_id == self.session_id and SYSTEM in fact.native
        ]
        return sorted(facts, key=lambda fact: fact.native[SYSTEM]["position"])

    def _add(self, items: list[Any]) -> None:
        facts = self._facts()
        start = facts[-1].native[SYSTEM]["position"] + 1 if facts else 0
        now = datetime.now(UTC)
        added = [self._fact(item, position, now) for position, item in enumerate(items, start)]
        for outcome in self._backend.write(added):
            if outcome.state == "rejected":
                raise Rejected(outcome.reason or "no reason given", where=self._backend.name)

    def _fact(self, item: Any, position: int, now: datetime) -> Fact:
        plain = msgspec.to_builtins(item)
        text = content_text(plain.get("content") or plain.get("output") or "")
        native: dict[str, Any] = {SYSTEM: {"item": plain, "position": position}}
        if isinstance(plain.get("role"), str):
            native["role"] = plain["role"]
        return Fact(
            id=derive_id(SYSTEM, self._user, self.session_id, str(position), now.isoformat()),
            user_id=self._user,
            kind="episode",
            text=text if text.strip() else str(plain.get("type") or "item"),
            session_id=self.session_id,
            valid_at=now,
            created_at=now,
            source=Source(system=SYSTEM, session=self.session_id, turns=(str(position),)),
            native=native,
        )

    def _pop(self) -> Any | None:
        facts = self._facts()
        if not facts:
            return None
        self._delete(facts[-1:])
        return facts[-1].native[SYSTEM]["item"]

    def _delete(self, facts: list[Fact]) -> None:
        if facts:
            self._backend.delete(self._user, [fact.id for fact in facts])
