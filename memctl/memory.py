"""`memctl.open(name)`: the same few calls for any backend."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import msgspec

from memctl.backends.contract import Backend, Filter, Hit, Query
from memctl.backends.missing_users import no_records
from memctl.backends.registry import open_backend
from memctl.context.model import TOKENS, Context, Count, Format, Request
from memctl.core import timeline
from memctl.core.arguments import require_count, require_kinds, require_query, require_time, require_user
from memctl.core.errors import NotFound, UsageError
from memctl.core.fact import Fact
from memctl.core.subjects import about
from memctl.core.timeline import current, require_order

if TYPE_CHECKING:
    from memctl.ingest.result import Report
    from memctl.transcripts.model import Turn

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

    def add(self, user_id: str, turns: str | Mapping[str, Any] | Turn | Iterable[Any]) -> Report:
        """Pass conversation turns, such as {"role": "user", "content": "…"}, to the backend's extraction.

        A text or a single turn is one turn. If no turn has a time, the time of all is now. Raises UsageError for an
        empty user or text.
        """
        require_user(user_id)
        if isinstance(turns, str) and not turns.strip():
            raise UsageError("there is no text to add", hint="pass a text, or turns with a role and content")
        from memctl.transcripts.model import Turn  # with the readers of all formats, half as long as a search

        try:
            said = [turns] if isinstance(turns, str | Mapping | Turn) else list(turns)
        except TypeError:
            hint = "pass a text, a turn such as {'role': 'user', 'content': '…'}, or a list of turns"
            raise UsageError(f"turns cannot be of type {type(turns).__name__}", hint=hint) from None
        from memctl.ingest.result import Report  # the rules take as long to import as a search to run

        done = self.backend.add(user_id, said)
        return done if isinstance(done, Report) else Report(turns=len(said), extractor=self.backend.name)

    def search(
        self,
        user_id: str | None,
        query: str,
        k: int = 10,
        *,
        kinds: str | Iterable[str] = (),
        since: datetime | str | None = None,
        until: datetime | str | None = None,
        as_of: datetime | str | None = None,
    ) -> list[Hit]:
        """The k best facts for `query`, best first; `user_id` None searches all users. An unknown user has no facts.

        `kinds` limits the hits to these kinds, `since` and `until` to facts said or true in that time, `as_of` to facts
        true at that instant; times are `datetime` or text such as "2026-01-01" (UTC if they name no zone). Conditions
        that the backend's own search does not support are applied to its hits here. Raises UsageError for an empty user
        or query, and for a condition of another type.
        """
        asked = Query(
            None if user_id is None else require_user(user_id),
            require_query(query),
            require_count(k, "k"),
            require_kinds(kinds),
            require_time(since, "since"),
            require_time(until, "until"),
            require_time(as_of, "as_of"),
        )
        try:
            return self.find(asked)
        except NotFound:
            # A store that does not exist raises here as well.
            if user_id is None or self._facts(user_id, None):
                raise
            return []

    async def aadd(self, user_id: str, turns: str | Mapping[str, Any] | Turn | Iterable[Any]) -> Report:
        """`add` in a thread, so that an event loop is not blocked."""
        import asyncio

        return await asyncio.to_thread(self.add, user_id, turns)

    async def asearch(self, user_id: str | None, query: str, k: int = 10, **conditions: Any) -> list[Hit]:
        """`search` in a thread, so that an event loop is not blocked; takes the same conditions."""
        import asyncio

        return await asyncio.to_thread(self.search, user_id, query, k, **conditions)

    def find(self, asked: Query) -> list[Hit]:
        """The hits of a query, as `search` returns them.

        Raises NotFound for a user that the backend does not have, if it can count the user's records, UsageError for a
        span that ends before it starts.
        """
        if asked.since and asked.until:
            require_order(asked.since, asked.until)
        hits = self._hits(asked)
        if not hits and asked.user is not None and self.backend.count(asked.user) == 0:
            raise no_records(self.backend, asked.user)
        return hits

    def _hits(self, asked: Query) -> list[Hit]:
        """The hits, with the conditions that the backend's own search does not support applied here."""
        k = asked.k
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

    def context(
        self,
        user_id: str,
        query: str | None = None,
        tokens: int = TOKENS,
        *,
        as_of: datetime | str | None = None,
        format: Format = "text",  # noqa: A002 - the option's own name
        count: Count | None = None,
    ) -> Context:
        """The block of a user's memory for a prompt, of at most `tokens` tokens.

        It has the standing instructions, the profile, facts and turns that match the query, and the last turns of the
        session. `str()` of the result, or its `text`, is the block; `sections` has its lines and the number of records
        that did not fit. `format` is "text" or "markdown". `count` counts the tokens of a text as your model does;
        without it they are estimated. An unknown user has an empty block.
        """
        request = Request(
            user=require_user(user_id),
            query=require_query(query) if query else None,
            tokens=tokens,
            as_of=require_time(as_of, "as_of"),
            format=format,
            count=count,
        )
        try:
            return self.find_context(request)
        except NotFound:
            self._facts(user_id, None)  # Raises for a store that does not exist.
            return Context(user=user_id, query=query, as_of=request.as_of, budget=tokens, tokens=0, text="")

    def find_context(self, request: Request, session: Backend | None = None) -> Context:
        """The block, as `context` returns it, with the last turns from the backend `session`.

        Raises NotFound for a user that neither has.
        """
        from memctl.context.build import build  # what makes a text harmless takes as long to import as a search to run

        return build(self.backend, self.find, request, session)

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
        pages = self.backend.read(require_user(user_id))
        facts = [fact for page in pages for fact in page.facts if fact.kind != "episode"]
        return facts if subject is None else about(facts, subject)


def _matches(fact: Fact, query: Query) -> bool:
    at = fact.valid_at or fact.created_at
    return (
        (not query.kinds or fact.kind in query.kinds)
        and (query.since is None or (at is not None and at >= query.since))
        and (query.until is None or (at is not None and at <= query.until))
        and (query.as_of is None or bool(timeline.as_of([fact], query.as_of)))
    )


def open_memory(name: str | Path = "local", **options: Any) -> Memory:
    """The memory of a backend: `local`, one named in the settings, an adapter's name, the path of a store (a `.duckdb`
    file) or its `postgresql://` address, or a file of facts.

    `options` go to the backend (for `local`: path, embedder, base_url, dimensions, lock_timeout, hold). Raises NotFound
    for an unknown name, UsageError for an option the backend does not have.
    """
    if str(name).endswith(".duckdb") or str(name).startswith("postgresql://"):
        return Memory(open_backend("local", **{"path": str(name)} | options))
    return Memory(open_backend(str(name), **options))
