"""A LangGraph store over any backend: graphs and `langmem` read and change the memory of a user.

store = MemctlStore(memctl.open("local"))
graph = builder.compile(store=store)
store.search(("memories", "alice"), query="shipping")
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from langgraph.store.base import BaseStore, GetOp, Item, ListNamespacesOp, MatchCondition, Op, PutOp, Result, SearchItem
from langgraph.store.base import SearchOp as Search

from memctl.core.errors import NotFound, Rejected, UsageError
from memctl.core.fact import Fact, Source, derive_id
from memctl.core.timeline import is_current
from memctl.memory import Memory

SYSTEM = "langgraph"
USER = "{user}"
TEXTS = ("content", "text", "memory", "data")
"""The keys of a value that may have the text of the fact; the first one that it has counts."""
UNKNOWN = datetime.min.replace(tzinfo=UTC)
"""The time of an item whose time is unknown, because LangGraph needs one."""
WIDEST = 1000


class MemctlStore(BaseStore):
    """The items of all users. In `namespace`, the label "{user}" stands for the user; further labels may follow.

    A current fact that LangGraph did not write is also an item: its key is the fact's id, and its value has `content`
    and `kind`. Only one thread at a time uses the backend.
    """

    def __init__(self, memory: Memory, namespace: Sequence[str] = ("memories", USER)) -> None:
        if list(namespace).count(USER) != 1:
            raise UsageError(f"the namespace needs the label {USER!r} once", where=".".join(namespace))
        self._memory = memory
        self._backend = memory.backend
        self._namespace = tuple(namespace)
        self._lock = threading.Lock()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """The results of operations, in order."""
        with self._lock:
            return [self._done(op) for op in ops]

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """As `batch`, in a thread."""
        return await asyncio.to_thread(self.batch, list(ops))

    def _done(self, op: Op) -> Result:
        if isinstance(op, GetOp):
            fact = self._fact(op.namespace, op.key)
            return None if fact is None else self._item(fact)
        if isinstance(op, PutOp):
            self._put(op)
            return None
        if isinstance(op, Search):
            return self._search(op)
        if isinstance(op, ListNamespacesOp):
            return self._namespaces(op)
        raise UsageError(f"unknown operation {type(op).__name__}")

    def _user(self, namespace: tuple[str, ...]) -> str | None:
        """The user in a namespace; None if it is too short to name one. Raises UsageError if it does not match the
        template."""
        for template, label in zip(self._namespace, namespace, strict=False):
            if template not in (USER, label):
                wanted = ".".join(self._namespace)
                raise UsageError(
                    "the namespace does not belong to this store",
                    where=".".join(namespace),
                    hint=f"namespaces of this store begin with {wanted}",
                )
        place = self._namespace.index(USER)
        return namespace[place] if len(namespace) > place else None

    def _owner(self, namespace: tuple[str, ...]) -> str:
        user = self._user(namespace)
        if user is None or len(namespace) < len(self._namespace):
            wanted = ".".join(self._namespace)
            raise UsageError("the namespace names no user", where=".".join(namespace), hint=f"begin it with {wanted}")
        return user

    def _fact(self, namespace: tuple[str, ...], key: str) -> Fact | None:
        user = self._owner(namespace)
        ids = {derive_id(SYSTEM, *namespace, key)}
        with suppress(ValueError):
            ids.add(UUID(key))
        for fact in self._facts(user):
            if fact.id in ids and self._place(fact) == (namespace, key):
                return fact
        return None

    def _facts(self, user: str) -> Iterator[Fact]:
        now = datetime.now(UTC)
        try:
            pages = list(self._backend.read(user))
        except NotFound:
            return
        for page in pages:
            for fact in page.facts:
                if SYSTEM in fact.native or (fact.kind != "episode" and is_current(fact, now)):
                    yield fact

    def _place(self, fact: Fact) -> tuple[tuple[str, ...], str]:
        own = fact.native.get(SYSTEM)
        if isinstance(own, dict):
            return tuple(own["namespace"]), own["key"]
        return tuple(fact.user_id if label == USER else label for label in self._namespace), str(fact.id)

    def _item(self, fact: Fact) -> Item:
        namespace, key = self._place(fact)
        created = fact.created_at or fact.valid_at or UNKNOWN
        return Item(
            value=_value(fact), key=key, namespace=namespace, created_at=created, updated_at=fact.updated_at or created
        )

    def _put(self, op: PutOp) -> None:
        user = self._owner(op.namespace)
        stored = self._fact(op.namespace, op.key)
        if op.value is None:
            if stored is not None:
                self._backend.delete(user, [stored.id])
            return
        now = datetime.now(UTC)
        text = next((op.value[name] for name in TEXTS if isinstance(op.value.get(name), str)), None)
        native: dict[str, Any] = {SYSTEM: {"namespace": list(op.namespace), "key": op.key, "value": op.value}}
        values: dict[str, Any] = {
            "text": text or msgspec.json.encode(op.value).decode(),
            "native": native,
            "updated_at": now,
        }
        if stored is not None:
            fact = msgspec.structs.replace(stored, **values)
        else:
            id_ = derive_id(SYSTEM, *op.namespace, op.key)
            source = Source(system=SYSTEM, id=op.key)
            fact = Fact(id=id_, user_id=user, kind="fact", created_at=now, source=source, **values)
        (outcome,) = self._backend.write([fact])
        if outcome.state == "rejected":
            raise Rejected(outcome.reason or "no reason given", where=self._backend.name)

    def _search(self, op: Search) -> list[SearchItem]:
        user = self._user(op.namespace_prefix)
        scored: list[tuple[Fact, float | None]]
        if op.query:
            hits = self._memory.search(user, op.query, WIDEST)
            scored = [(hit.fact, hit.score) for hit in hits if hit.fact.kind != "episode" or SYSTEM in hit.fact.native]
        else:
            users = [user] if user is not None else self._users()
            scored = [(fact, None) for owner in users for fact in self._facts(owner)]
        items: list[SearchItem] = []
        for fact, score in scored:
            item = self._item(fact)
            below = item.namespace[: len(op.namespace_prefix)] == tuple(op.namespace_prefix)
            if below and all(_fits(item.value.get(name), wanted) for name, wanted in (op.filter or {}).items()):
                items.append(
                    SearchItem(item.namespace, item.key, item.value, item.created_at, item.updated_at, score=score)
                )
        return items[op.offset : op.offset + op.limit]

    def _users(self) -> list[str]:
        try:
            return self._memory.users()
        except NotFound:
            return []

    def _namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        names = {self._place(fact)[0] for user in self._users() for fact in self._facts(user)}
        matching = {name for name in names if all(_under(name, condition) for condition in op.match_conditions or ())}
        if op.max_depth is not None:
            matching = {name[: op.max_depth] for name in matching}
        return sorted(matching)[op.offset : op.offset + op.limit]


def _value(fact: Fact) -> dict[str, Any]:
    own = fact.native.get(SYSTEM)
    if isinstance(own, dict):
        value: dict[str, Any] = own["value"]
        return value
    return {"content": fact.text, "kind": fact.kind}


def _under(name: tuple[str, ...], condition: MatchCondition) -> bool:
    path = tuple(condition.path)
    labels = name[: len(path)] if condition.match_type == "prefix" else name[len(name) - len(path) :]
    return len(labels) == len(path) and all(wanted in ("*", label) for wanted, label in zip(path, labels, strict=True))


_COMPARISONS = {
    "$eq": lambda value, wanted: value == wanted,
    "$ne": lambda value, wanted: value != wanted,
    "$gt": lambda value, wanted: value > wanted,
    "$gte": lambda value, wanted: value >= wanted,
    "$lt": lambda value, wanted: value < wanted,
    "$lte": lambda value, wanted: value <= wanted,
}


def _fits(value: Any, wanted: Any) -> bool:
    """Whether a field of an item matches its filter: a value, or comparisons such as {"$gt": 3}."""
    if not isinstance(wanted, dict) or not any(name.startswith("$") for name in wanted):
        return bool(value == wanted)
    for name, operand in wanted.items():
        if name not in _COMPARISONS:
            raise UsageError(f"unknown comparison {name!r}", hint=f"use {', '.join(_COMPARISONS)}")
        try:
            if not _COMPARISONS[name](value, operand):
                return False
        except TypeError:
            return False
    return True
