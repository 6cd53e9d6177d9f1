"""The backend named `mem0-server`: mem0's self-hosted REST server, over HTTP.

The server lists at most 1,000 memories of an owner, without pages, and scans 10,000 for its list of owners. Beyond
these limits, reading is an error, and its hint points to the server's PostgreSQL, which `mem0-oss` and `postgres` read
completely. The server assigns the ids of memories, so the fact's id is stored in the metadata.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
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
from memctl.core.errors import Fatal, Rejected
from memctl.core.fact import Fact
from memctl_mem0.mapping import SCOPES, owner_of
from memctl_mem0.oss.adapter import KEEPING
from memctl_mem0.oss.mapping import SLOTS, fact_of_row, messages_of, payload_of, stamp_of, stamped
from memctl_mem0.server.client import Connection

PAGE_SIZE = 200
MOST_LISTED = 1000
"""The maximum number of memories of an owner that the server lists (server/main.py, ALL_MEMORIES_LIMIT)."""
MOST_SCANNED = 10_000
"""The number of memories that the server scans for its list of owners (server/routers/entities.py, SCAN_LIMIT)."""
TIMEOUT_SECONDS = 120.0

_POSTGRES = (
    "read the server's own PostgreSQL: --from mem0-oss:CONFIG.yaml with its vector store, or --from postgres with "
    'layout = "mem0" and its DSN (postgresql://postgres:PASSWORD@HOST:8432/postgres, table memories)'
)
_HISTORY = (
    "the server keeps a history of deleted memories, which its API cannot erase: delete the rows in its history "
    "database (HISTORY_DB_PATH of the server), or remove that file"
)
_KEEPING = KEEPING | {
    "updated_at": FieldSupport("in_metadata", "mem0 sets its own; the fact's is under the key `memctl`")
}
_SLOTS = SLOTS - {"created_at", "updated_at"}
# Keys of a payload that the server takes under other names or creates itself.
_NOT_METADATA = frozenset(
    {"data", "hash", "user_id", "agent_id", "run_id", "app_id", "expiration_date", "role", "actor_id", "updated_at"}
)


class Mem0ServerAdapter(Backend):
    """mem0's REST server at `url`; `api_key` is sent as X-API-Key, and is optional if the server needs none.
    `default_user` owns memories that name no user. `timeout` is in seconds per response.

    Connects at the first call. Raises UsageError for an invalid URL.
    """

    name = "mem0-server"
    capabilities = Capabilities(fields=_KEEPING, batch_size=100, ends=frozenset({"expires_at"}))
    features = Features(
        options=("url", "api_key", "default_user", "timeout"),
        address_option="url",
        env_vars={"url": ("MEMCTL_MEM0_SERVER_URL",), "api_key": ("MEM0_SERVER_API_KEY",)},
        forget=True,
    )

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        default_user: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> None:
        self._server = Connection(url, api_key, timeout)
        self._default_user = default_user
        self.identity = self._server.place

    def __repr__(self) -> str:
        return f"Mem0ServerAdapter({self.identity})"

    def __enter__(self) -> "Mem0ServerAdapter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._server.close()

    def check(self) -> Health:
        """Connect to the server with the configured key; the detail has its numbers of memories and users."""
        totals = self._totals()
        users = [total for (kind, _), total in totals.items() if kind == "user"]
        detail = f"mem0 server at {self.identity}: {count(sum(users), 'memory')} of {count(len(users), 'user')}"
        if sum(totals.values()) >= MOST_SCANNED:
            detail += f" among the first {MOST_SCANNED} (the server counts no more)"
        return Health(ok=True, detail=detail)

    def users(self) -> Iterator[str]:
        """Every owner of a memory: users, and `agent:ID` or `run:ID` for memories that have no user.

        Raises Fatal if the server may have more memories than it scans for its list.
        """
        totals = self._totals()
        if sum(totals.values()) >= MOST_SCANNED:
            raise Fatal(
                f"the server lists only the owners of its first {MOST_SCANNED} memories, and may have more",
                where=self.identity,
                hint=_POSTGRES,
            )
        owners = [name for kind, name in totals if kind == "user"]
        for kind, name in totals:
            owner = f"{kind}:{name}"
            if kind != "user" and owner not in owners and self._rows(owner):
                owners.append(owner)
        return iter(owners)

    def count(self, user: str) -> int | None:
        """The server's own total of the user's memories; None if it includes those of others, or not all."""
        totals = self._totals()
        if sum(totals.values()) >= MOST_SCANNED or _scope(user)[0] != "user_id":
            return None
        return totals.get(("user", user), 0)

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The owner's memories by id; the server returns them at once, in a single page.

        Raises Fatal if the owner has more memories than the server lists.
        """
        rows = [row for row in self._rows(user) if cursor is None or str(row.get("id")) > cursor]
        for first in range(0, max(len(rows), 1), PAGE_SIZE):
            some = rows[first : first + PAGE_SIZE]
            facts = map(self._fact, some)
            more = len(rows) > first + PAGE_SIZE
            yield Page(
                tuple(fact for fact in facts if since is None or _is_since(fact, since)),
                str(some[-1]["id"]) if more else None,
            )

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim, one request each. A changed fact is stored as a new memory before the old one is
        deleted; if both exist, the later one is used.

        Facts beyond the number that the server lists per owner are rejected.
        """
        if not facts:
            return []
        rows = self._list("user_id", "*")
        # A small store is listed in one request; in a larger one, each owner's memories are listed.
        known = _Held(complete=len(rows) < MOST_LISTED)
        for row in rows if known.complete else ():
            known.owners.setdefault(str(self._owner(row)), []).append(row)
        return [self._written(fact, known) for fact in facts]

    def _written(self, fact: Fact, known: "_Held") -> Outcome:
        try:
            payload = payload_of(fact, _SLOTS, blanks=False)
        except ValueError as error:
            return Outcome(state="rejected", reason=str(error))
        memories = self._mine(fact.user_id, known)
        rows = memories.get(fact.id, [])
        if rows and self._fact(rows[-1]) == msgspec.structs.replace(fact, embedding=None):
            return Outcome(state="unchanged", target_id=str(rows[-1]["id"]))
        if not rows and self._is_anothers(fact, known):
            return Outcome(state="rejected", reason=f"the id {fact.id} belongs to another user's memory")
        if sum(map(len, memories.values())) >= MOST_LISTED:
            return Outcome(
                state="rejected",
                reason=f"the server lists only {MOST_LISTED} memories of an owner and would hide this one; {_POSTGRES}",
            )
        try:
            row = self._add(fact, payload)
        except Rejected as error:
            return Outcome(state="rejected", reason=error.message)
        for old in rows:
            self._server.remove(str(old["id"]))
        memories[fact.id] = [row]
        known.owners.setdefault(fact.user_id, [])
        return Outcome(state="updated" if rows else "written", target_id=str(row["id"]))

    def _add(self, fact: Fact, payload: dict[str, Any]) -> dict[str, Any]:
        """Store a fact; returns the memory as it will be listed, as far as it is known."""
        payload = stamped(payload, datetime.now(UTC).isoformat(timespec="microseconds"))
        role = payload.get("role")
        ids = {key: payload[key] for key in ("user_id", "agent_id", "run_id") if key in payload}
        body: dict[str, Any] = {
            "messages": [{"role": role if role in ("user", "assistant") else "user", "content": fact.text}],
            "metadata": {key: value for key, value in payload.items() if key not in _NOT_METADATA},
            "infer": False,
        } | ids
        if "expiration_date" in payload:
            body["expiration_date"] = payload["expiration_date"]
        answer = self._server.post("/memories", body)
        rows = answer.get("results") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or len(rows) != 1 or not isinstance(rows[0], dict) or "id" not in rows[0]:
            raise Fatal("the server stored no memory and gave no reason", where=self.identity)
        times = {key: payload[key] for key in ("created_at", "expiration_date") if key in payload}
        metadata = {key: value for key, value in body["metadata"].items() if key != "created_at"}
        return {"id": rows[0]["id"], "memory": fact.text, "metadata": metadata} | ids | times

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove memories of the owner, found by the ids of their facts; returns the number that existed."""
        if not ids:
            return 0
        memories = self._by_fact(user)
        deleted = [memories[id_] for id_ in set(ids) if id_ in memories]
        for rows in deleted:
            for row in rows:
                self._server.remove(str(row["id"]))
        return len(deleted)

    def forget(self, user: str) -> Sequence[str]:
        """Remove all memories of the owner, even more than the server lists. Its history of changes remains."""
        visited: set[str] = set()
        while _is_key(user):
            rows = [row for row in self._list(*_scope(user)) if self._owner(row) == user]
            ids = [str(row["id"]) for row in rows if str(row["id"]) not in visited]
            if not ids:
                break
            for id_ in ids:
                self._server.remove(id_)
            visited.update(ids)
        return [_HISTORY] if visited else []

    def search(self, query: Query) -> list[Hit]:
        """The best memories by the server's own search; `parts` has its `semantic` score, and `lexical` and `entity`
        if the server returns them."""
        text, user, k = query.text.replace("\0", " "), query.user, query.k
        if not text.strip() or k < 1 or (user is not None and not _is_key(user)):
            return []
        key, name = _scope(user) if user is not None else ("user_id", "*")
        body = {"query": text, "filters": {key: name}, "top_k": min(k, MOST_LISTED), "threshold": 0.0, "explain": True}
        answer = self._server.post("/search", body)
        rows = [row for row in _results(answer, self.identity) if user is None or self._owner(row) == user]
        return [_hit(row, self._fact(row)) for row in rows[:k]]

    def add(self, user: str, turns: Iterable[Any]) -> list[str]:
        """Send turns (texts, or mappings with `role` and `content`) to the server's own extraction; returns the ids
        of the new memories."""
        messages = messages_of(turns)
        answer = self._server.post("/memories", {"messages": messages, "user_id": user})
        return [str(row["id"]) for row in _results(answer, self.identity)]

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Writes can be read at once."""

    def _totals(self) -> dict[tuple[str, str], int]:
        """The number of memories of each owner, by kind and name."""
        rows = self._server.get("/entities")
        if not isinstance(rows, list):
            raise Fatal("not a list of owners", where=self.identity, hint="check that this is mem0's REST server")
        return {(str(row["type"]), str(row["id"])): int(row["total_memories"]) for row in rows}

    def _rows(self, owner: str) -> list[dict[str, Any]]:
        """All memories of the owner by id, expired ones included; of two with one fact the later one.

        Raises Fatal if the server lists fewer than it counts.
        """
        if not _is_key(owner):
            return []
        key, name = _scope(owner)
        total = self._totals().get((key.removesuffix("_id"), name))
        rows = self._list(key, name)
        if len(rows) >= MOST_LISTED and total != len(rows):
            raise Fatal(
                f"{owner!r} has more than the {MOST_LISTED} memories that the server lists of one owner",
                where=self.identity,
                hint=_POSTGRES,
            )
        if total is not None and len(rows) < min(total, MOST_LISTED):
            raise Fatal(
                f"the server counts {total} memories of {owner!r} and lists {len(rows)}",
                where=self.identity,
                hint=f"it was changed during the read, or hides expired memories; otherwise {_POSTGRES}",
            )
        own_rows = [row for row in rows if self._owner(row) == owner]
        latest: dict[UUID, dict[str, Any]] = {}
        for row in sorted(own_rows, key=stamp_of):
            latest[self._fact(row).id] = row
        return sorted(latest.values(), key=lambda row: str(row["id"]))

    def _by_fact(self, owner: str) -> dict[UUID, list[dict[str, Any]]]:
        """The owner's memories by the ids of their facts; an interrupted change leaves two, the later one last."""
        if not _is_key(owner):
            return {}
        return self._grouped(row for row in self._list(*_scope(owner)) if self._owner(row) == owner)

    def _grouped(self, rows: Iterable[dict[str, Any]]) -> dict[UUID, list[dict[str, Any]]]:
        groups: dict[UUID, list[dict[str, Any]]] = {}
        for row in sorted(rows, key=stamp_of):
            groups.setdefault(self._fact(row).id, []).append(row)
        return groups

    def _mine(self, owner: str, held: "_Held") -> dict[UUID, list[dict[str, Any]]]:
        if owner not in held.facts:
            known = held.complete and _scope(owner)[0] == "user_id"
            held.facts[owner] = self._grouped(held.owners.get(owner, ())) if known else self._by_fact(owner)
        return held.facts[owner]

    def _is_anothers(self, fact: Fact, known: "_Held") -> bool:
        """Whether another owner has a memory of that fact, as far as the server finds one by memctl's metadata."""
        if known.complete:
            return any(fact.id in self._mine(owner, known) for owner in known.owners if owner != fact.user_id)
        body = {"query": fact.text.strip() or "-", "filters": {"user_id": "*", "memctl_id": str(fact.id)}}
        answer = self._server.post("/search", body | {"top_k": 1, "threshold": 0.0, "show_expired": True})
        return any(self._owner(row) != fact.user_id for row in _results(answer, self.identity))

    def _list(self, key: str, name: str) -> list[dict[str, Any]]:
        """The server's list for an owner, expired memories included; at most 1,000."""
        answer = self._server.get("/memories", top_k=MOST_LISTED, show_expired="true", **{key: name})
        return _results(answer, self.identity)

    def _owner(self, row: dict[str, Any]) -> str | None:
        return owner_of(row) or self._default_user

    def _fact(self, row: dict[str, Any]) -> Fact:
        return fact_of_row(row, self.identity, self._default_user)


class _Held:
    """The server's memories during a call of `write`: those of each owner as they were listed, and by fact.
    With `complete`, these are all memories of users on the server."""

    def __init__(self, *, complete: bool) -> None:
        self.complete = complete
        self.owners: dict[str, list[dict[str, Any]]] = {}
        self.facts: dict[str, dict[UUID, list[dict[str, Any]]]] = {}


def _results(answer: Any, place: str) -> list[dict[str, Any]]:
    rows = answer.get("results") if isinstance(answer, dict) else None
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise Fatal(
            "the server returned no list of memories", where=place, hint="check that this is mem0's REST server"
        )
    return rows


def _scope(owner: str) -> tuple[str, str]:
    """The server's parameter for an owner, with its value."""
    kind, colon, name = owner.partition(":")
    return (SCOPES[kind], name) if colon and kind in ("agent", "run") and name else ("user_id", owner)


def _is_key(owner: str) -> bool:
    return bool(owner) and owner != "*" and "\0" not in owner and not any(map(str.isspace, owner))


def _is_since(fact: Fact, since: datetime) -> bool:
    at = fact.updated_at or fact.created_at
    return at is None or at >= since


def _hit(row: dict[str, Any], fact: Fact) -> Hit:
    score = float(row.get("score") or 0.0)
    details = row.get("score_details")
    parts = {"semantic": score}
    if isinstance(details, dict):
        names = {"semantic": "semantic_score", "lexical": "bm25_score", "entity": "entity_boost"}
        parts = {name: float(details[key]) for name, key in names.items() if key in details}
    return Hit(score=score, parts=parts, fact=fact)
