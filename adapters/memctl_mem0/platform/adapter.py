"""The backend named `mem0`: mem0's hosted platform, through `mem0.MemoryClient`.

Implements the contract of a backend with the other modules of `platform/`. mem0's library (`oss/`) and its self-hosted
server (`server/`) are separate backends.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec

from memctl.backends.contract import (
    Backend,
    Capabilities,
    Features,
    FieldSupport,
    Health,
    Hit,
    Outcome,
    Page,
    Query,
    count,
)
from memctl.core.errors import Fatal, Rejected, UsageError
from memctl.core.fact import Fact
from memctl_mem0.mapping import SCOPES, owner_beside_users, owner_name, owner_of, seconds, time_of, to_fact
from memctl_mem0.platform import erase
from memctl_mem0.platform.client import ANYBODY, LARGEST_PAGE, Filter, Platform
from memctl_mem0.platform.pages import parts
from memctl_mem0.platform.write import Events, Writer, filter_of, results_of

TIMEOUT = 60.0
MOST_HITS = 1000

_PACKED = FieldSupport("in_metadata", "in the metadata, under the key `memctl`")
_FIELDS = {
    **dict.fromkeys(
        ("subject", "predicate", "object", "confidence", "valid_at", "invalid_at", "expired_at", "source", "native"),
        _PACKED,
    ),
    "kind": _PACKED,
    "categories": FieldSupport(
        "in_metadata", "mem0 sets its own; the fact's are in the metadata, under the key `memctl`"
    ),
    "created_at": FieldSupport(
        "in_metadata", "mem0 stores seconds; the exact time is in the metadata, under the key `memctl`"
    ),
    "updated_at": FieldSupport(
        "in_metadata", "mem0 sets its own; the fact's is in the metadata, under the key `memctl`"
    ),
    "expires_at": FieldSupport(
        "in_metadata", "mem0 stores the day; the time is in the metadata, under the key `memctl`"
    ),
    "superseded_by": FieldSupport(
        "in_metadata", "mem0 sets its own; the fact's is in the metadata, under the key `memctl`"
    ),
    "embedding": FieldSupport("dropped", "mem0 creates its own vectors"),
}


class Added(msgspec.Struct, frozen=True, kw_only=True):
    """The result of `add`: the events of mem0's extraction, the memories that exist already, and the turns that mem0
    ignores."""

    events: tuple[str, ...]
    memories: tuple[str, ...]
    rejects: tuple[Rejected, ...]


class Mem0Adapter(Backend):
    """mem0's platform with the key `api_key`; `url` is for a platform other than api.mem0.ai.

    A memory that names no user belongs to `agent:ID`, `app:ID` or `run:ID`. `page_size` is in memories, at most 200;
    `timeout` in seconds per response.

    Connects at the first call. Raises AuthError without a key, UsageError for invalid options.
    """

    name = "mem0"
    capabilities = Capabilities(fields=_FIELDS, batch_size=100, asynchronous=True, ends=frozenset({"expires_at"}))
    features = Features(
        options=("api_key", "url", "page_size", "timeout"),
        env_vars={"api_key": ("MEM0_API_KEY",), "url": ("MEMCTL_MEM0_URL", "MEM0_BASE_URL")},
        tested_versions={"mem0ai": "2.2."},
        writers=4,
        forget=True,
        inventory=True,
    )

    def __init__(
        self,
        api_key: str | None = None,
        *,
        url: str | None = None,
        page_size: int | None = None,
        timeout: float = TIMEOUT,
    ) -> None:
        if page_size is not None and not 1 <= page_size <= LARGEST_PAGE:
            raise UsageError(
                f"invalid page size {page_size}: mem0's pages have 1 to 200 memories", hint=f"use 1 to {LARGEST_PAGE}"
            )
        self._platform = Platform(api_key, url, timeout)
        # A digest of the key identifies the account without a request and without revealing the key.
        self.identity = f"{self._platform.place}/key-{sha256((api_key or '').encode()).hexdigest()[:8]}"
        self._page_size = page_size or LARGEST_PAGE
        self._events = Events(self._platform)
        self._writer = Writer(self._platform, self._events)
        self._counts: dict[str, int] = {}
        self._unread: dict[str, dict[str, Rejected]] = {}
        self._listed = False

    def __repr__(self) -> str:
        return f"Mem0Adapter({self._platform.place})"

    def __enter__(self) -> "Mem0Adapter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._platform.close()

    def check(self) -> Health:
        """Connect to the platform; the detail has the key's account and its number of memories."""
        account, total = self._platform.account, self._platform.total()
        found = "unknown many memories" if total is None else count(total, "memory")
        return Health(ok=True, detail=f"{account}: {found}")

    def users(self) -> Iterator[str]:
        """Every owner of a memory: users by name, then agents, apps and runs with memories that have no user.

        Owners whose memories were deleted, which mem0 still lists, are left out.
        """
        others = []
        for kind, name in self._platform.owners():
            if kind != "user":
                others.append((kind, name))
            elif (count := self._platform.count(filter_of(name))) > 0:
                self._counts[name] = count
                yield name
        of_users = self._platform.count({"AND": [{"user_id": "*"}, ANYBODY]})
        if self._platform.count(ANYBODY) > of_users:
            yield from self._owners_beside_users(others)
        self._listed = True

    def _owners_beside_users(self, candidates: Sequence[tuple[str, str]]) -> Iterator[str]:
        for kind, name in candidates:
            owner = owner_name(kind, name)
            rows = (row for rows in self._platform.pages(filter_of(f"{kind}:{name}")) for row in rows)
            if kind in SCOPES and owner is not None and any(owner_of(row) == owner for row in rows):
                yield owner

    def count(self, user: str) -> int | None:
        """mem0's own total of the user's memories; None for an agent, app or run, for which mem0 has no total."""
        if owner_beside_users(user) is not None:
            return None
        if user in ("", "*"):
            return 0
        count = self._counts.pop(user, None)
        total = self._platform.count(filter_of(user)) if count is None else count
        return total - len(self._unread.get(user, ()))

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's memories, newest first; the cursor has the next page and the number of rows before it.

        Raises Fatal if the list remains shorter than mem0's own total.
        """
        if user in ("", "*"):
            yield Page((), None)
            return
        beside: set[bool] = set()
        native_ids: dict[UUID, str] = {}
        what = f"the list of {user!r}'s memories"
        for part in parts(self._platform, filter_of(user), what, cursor, self._page_size):
            rows = [row for row in part.rows if owner_of(row) == user]
            beside |= {not row.get("user_id") for row in rows}
            if len(beside) > 1:
                raise Fatal(
                    f"mem0 has a user called {user!r} and memories of that {user.partition(':')[0]} alone",
                    where=self._platform.place,
                    hint="memctl cannot tell them apart: rename one of them in mem0",
                )
            facts = self._facts(user, rows, native_ids)
            yield Page(tuple(fact for fact in facts if since is None or _recent(fact, since)), part.cursor)

    def _facts(self, user: str, rows: Sequence[dict[str, Any]], native_ids: dict[UUID, str]) -> Iterator[Fact]:
        successors = self._successors(rows)
        for row in rows:
            native_id = str(row.get("id"))
            try:
                fact = self._fact(row, successors)
            except ValueError as error:
                self._unreadable(user, native_id, str(error))
                continue
            if native_ids.setdefault(fact.id, native_id) == native_id:
                yield fact
            else:
                self._unreadable(user, native_id, f"it is a second copy of the fact {fact.id}")

    def _unreadable(self, user: str, native_id: str, reason: str) -> None:
        self._unread.setdefault(user, {})[native_id] = Rejected(reason, where=f"mem0 memory {native_id} of {user!r}")

    def _fact(self, row: Mapping[str, Any], successors: Mapping[str, UUID] | None = None) -> Fact:
        return to_fact(row, account=self._platform.account, successors=successors)

    def _successors(self, rows: Sequence[dict[str, Any]]) -> dict[str, UUID]:
        """The facts' ids of the memories that replace some of these; one that memctl wrote has the id in its
        metadata."""
        ids = list(dict.fromkeys(row["replaced_by"] for row in rows if isinstance(row.get("replaced_by"), str)))
        if not ids:
            return {}
        successors: dict[str, UUID] = {}
        for page in self._platform.pages({"AND": [ANYBODY, {"memory_ids": ids}]}):
            for row in page:
                if owner_of(row) is not None and isinstance(row.get("memory"), str):
                    successors[str(row["id"])] = self._fact(row).id
        return successors

    def rejects(self) -> Iterator[Rejected]:
        """Memories that are not valid facts, and, after all owners were listed, those that mem0 counts but does not
        list."""
        for unread in self._unread.values():
            yield from unread.values()
        if not self._listed:
            return
        total, number = self._platform.total(), self._platform.count(ANYBODY)
        if total is not None and total > number:
            yield Rejected(f"mem0 counts {total} memories, but lists {number} of them", where=self._platform.account)

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim, one call each; facts that mem0 refuses are rejected with the reason."""
        for user in {fact.user_id for fact in facts}:
            self._counts.pop(user, None)
        return self._writer.write(facts)

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user; returns the number of facts that existed."""
        native_ids = self._writer.find(user, ids) if ids else []
        self._counts.pop(user, None)
        self._writer.forget()
        erase.delete(self._platform, native_ids)
        return len(native_ids)

    def inventory(self, user: str) -> Mapping[str, int]:
        """mem0's other records of a user: an entry in its list of entities."""
        return {"entities": int(user not in erase.NOBODY and erase.is_listed(self._platform, user))}

    def forget(self, user: str) -> Sequence[str]:
        """Remove the user's memories, and their entry in mem0's list of entities; `settle` waits for the latter."""
        self._counts.pop(user, None)
        self._unread.pop(user, None)
        self._writer.forget()
        return erase.forget(self._platform, self._events, user)

    def search(self, query: Query) -> list[Hit]:
        """The best facts by mem0's own search, best first.

        The parts of a score are mem0's: `semantic`, `bm25`, `entity`. Raises UsageError for more than 1,000.
        """
        text, user, k = query.text, query.user, query.k
        if k > MOST_HITS:
            raise UsageError(f"mem0 returns at most {MOST_HITS} results", hint=f"use -k {MOST_HITS} or less")
        if not text.strip() or k < 1 or user in ("", "*"):
            return []
        filters: Filter = ANYBODY if user is None else filter_of(user)
        answer = self._platform.call(
            lambda client: client.search(text, filters=filters, top_k=k, threshold=0.0), record=True
        )
        rows = [row for row in answer.get("results", ()) if user is None or owner_of(row) == user]
        return [Hit(score=float(row["score"]), parts=_parts(row), fact=self._fact(row)) for row in rows]

    def add(self, user: str, turns: Iterable[Any]) -> Added:
        """Send conversation turns (texts of the user, or mappings with `role` and `content`) to mem0's extraction.

        It is asynchronous; `settle` waits for it. System turns, which mem0 ignores, are in `rejects`.
        """
        messages, rejects, said_at = [], [], None
        for number, turn in enumerate(turns):
            message = {"role": "user", "content": turn} if isinstance(turn, str) else turn
            if not isinstance(message, Mapping) or not isinstance(message.get("content"), str):
                raise UsageError("a turn needs a text under 'content'", where=f"turn {number}")
            role = message.get("role", "user")
            if role == "system":
                rejects.append(Rejected("mem0 ignores system messages", where=f"turn {number}"))
                continue
            at = message.get("at")
            said_at = said_at or (at if isinstance(at, datetime) else time_of(at))
            messages.append({"role": role, "content": message["content"]})
        if not messages:
            return Added(events=(), memories=(), rejects=tuple(rejects))
        stamp = None if said_at is None else seconds(said_at)
        self._counts.pop(user, None)
        answer = self._platform.call(
            lambda client: client.add(messages, user_id=user, infer=True, timestamp=stamp), record=True
        )
        events = (str(answer["event_id"]),) if answer.get("status") == "PENDING" and answer.get("event_id") else ()
        for event in events:
            self._events.expect(event)
        ids = tuple(str(memory["id"]) for memory in results_of(answer))
        return Added(events=events, memories=ids, rejects=tuple(rejects))

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Wait for mem0's asynchronous writes. Raises Retryable at the deadline, Rejected for memories that failed."""
        self._events.settle(deadline)


def _recent(fact: Fact, since: datetime) -> bool:
    changed = fact.updated_at or fact.created_at
    return changed is None or changed >= since


def _parts(row: Mapping[str, Any]) -> dict[str, float]:
    parts = row.get("score_breakdown")
    if not isinstance(parts, dict):
        return {"score": float(row["score"])}
    return {name: float(part) for name, part in parts.items() if isinstance(part, int | float)}
