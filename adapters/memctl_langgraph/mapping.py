"""Items of a LangGraph store as facts, and back.

An item has a namespace, a key, and a JSON value with keys that the application chooses. The text of the fact is the
first of `content`, `text`, `memory` and `data`; it may be in an object under one of them, as LangMem writes it. The
other fields of a fact are under the value's key `memctl`, as JSON text, because PostgreSQL changes numbers in JSON.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from memctl.core.errors import UsageError
from memctl.core.fact import Fact, Source, derive_id, pack, unpack

SYSTEM = "langgraph"
PACKED = "memctl"
TEXTS = ("content", "text", "memory", "data")
_HIDDEN = "�"
"""Replaces NUL in the text of an item, because PostgreSQL cannot store NUL."""


class Item(NamedTuple):
    """A row of the table `store`, or a document of a RedisStore. Times are in UTC."""

    prefix: str
    key: str
    value: Any
    created_at: datetime | None
    updated_at: datetime | None
    expires_at: datetime | None
    ttl_minutes: float | None = None


class Namespace:
    """A template of namespaces, such as `memories.{user}`; labels are separated by dots.

    LangGraph does not allow dots in labels: a dot in a user's name becomes %2E, and the item has the name itself.
    """

    def __init__(self, template: str) -> None:
        self.template = template
        self._head, user, self._tail = template.partition("{user}")
        labels = template.split(".")
        if not user or labels.count("{user}") != 1 or "{user}" in self._tail or not all(labels):
            raise UsageError(
                f"the namespace {template!r} does not contain {{user}} once", hint="example: memories.{user}"
            )

    def prefix(self, user: str) -> str:
        """The namespace of a user. Raises ValueError for an empty name, because labels cannot be empty."""
        if not user:
            raise ValueError("a user without a name has no namespace")
        return f"{self._head}{label_of(user)}{self._tail}"

    def label(self, prefix: str) -> str | None:
        """The label of the user in a namespace; None if the namespace does not match the template."""
        if not (prefix.startswith(self._head) and prefix.endswith(self._tail)):
            return None
        label = prefix[len(self._head) : len(prefix) - len(self._tail)]
        return label if label and "." not in label else None


def label_of(user: str) -> str:
    """The user as a label."""
    return user.replace(".", "%2E").replace("\0", "%00")


class Layout(NamedTuple):
    """How items are read: the form of namespaces, the keys that may have the text, and what the store keeps."""

    namespace: Namespace
    texts: tuple[str, ...] = TEXTS
    kept: Callable[[Item], Item] = lambda item: item

    def to_fact(self, item: Item) -> Fact:
        """The fact of an item. Raises ValueError for an item of another namespace, and for one without a text."""
        label = self.namespace.label(item.prefix)
        if label is None:
            raise ValueError(f"the namespace {item.prefix!r} has no user")
        text = _text(item.value, self.texts)
        if text is None:
            raise ValueError(f"the value has no text under {', '.join(self.texts)}")
        packed = _packed(item.value)
        if packed is None:
            native = {"namespace": item.prefix, "value": item.value}
            if item.ttl_minutes is not None:
                native["ttl_minutes"] = item.ttl_minutes
            return Fact(
                id=derive_id(SYSTEM, item.prefix, item.key),
                user_id=label,
                kind="fact",
                text=text,
                created_at=item.created_at,
                updated_at=item.updated_at,
                expires_at=item.expires_at,
                source=Source(system=SYSTEM, id=item.key, uri=item.prefix),
                native=native,
            )
        values = unpack(packed["fact"])
        shown = values.pop("text", text)
        owner = values.get("user_id")
        if owner is None or label_of(owner) != label:
            values |= {"user_id": label, "id": derive_id(SYSTEM, item.prefix, item.key)}
        times = _times(item, packed.get("times") or {})
        return Fact(**values | times, text=shown if visible(shown) == text else text)

    def to_item(self, fact: Fact, now: datetime) -> Item:
        """The fact's item. Raises ValueError for a fact that cannot be stored as one."""
        if fact.embedding is not None and not all(map(isfinite, fact.embedding.vector)):
            raise ValueError("the embedding contains a number that is not finite")
        prefix, key = self.namespace.prefix(fact.user_id), key_of(fact)
        expires_at = fact.expires_at if fact.expires_at is not None and fact.expires_at > now else None
        value = self._value(fact)
        ttl = fact.native.get("ttl_minutes") if fact.source.system == SYSTEM else None
        created = fact.created_at or fact.updated_at or now
        item = self.kept(
            Item(
                prefix,
                key,
                value,
                created,
                fact.updated_at or created,
                expires_at,
                ttl if isinstance(ttl, int | float) else None,
            )
        )
        if b"\\u0000" not in msgspec.json.encode(value) and self._is(item, fact):
            return item
        times = {"created_at": fact.created_at, "updated_at": fact.updated_at, "expires_at": fact.expires_at}
        packed = {
            "fact": pack(fact, [name for name in Fact.__struct_fields__ if name not in ("text", *times)])
            | ({"text": fact.text} if visible(fact.text) != fact.text else {}),
            "times": {name: [at, getattr(item, name)] for name, at in times.items()},
        }
        cleaned = msgspec.json.decode(msgspec.json.encode(value).replace(b"\\u0000", _HIDDEN.encode()))
        return item._replace(value=cleaned | {PACKED: msgspec.json.encode(packed).decode()})

    def _is(self, item: Item, fact: Fact) -> bool:
        """Whether the item gives the same fact without the fields under `memctl`."""
        try:
            read = self.to_fact(item)
        except ValueError:
            return False
        # Python compares 1 and 1.0 as equal, but in JSON they differ, and a store may turn one into the other.
        return read == fact and _as_json(read.native) == _as_json(fact.native)

    def _value(self, fact: Fact) -> dict[str, Any]:
        value = fact.native.get("value") if fact.source.system == SYSTEM else None
        if not isinstance(value, dict):
            return {TEXTS[0]: visible(fact.text)}
        value = {name: inner for name, inner in value.items() if name != PACKED}
        return _with_text(value, self.texts, visible(fact.text))


def visible(text: str) -> str:
    """The text as it is in an item."""
    return text.replace("\0", _HIDDEN)


def key_of(fact: Fact) -> str:
    """The key of the fact's item: its LangGraph key if it came from LangGraph, else the fact's id."""
    source = fact.source
    came = source.system == SYSTEM and source.id and derive_id(SYSTEM, source.uri or "", source.id) == fact.id
    return str(source.id) if came else str(fact.id)


def _packed(value: Any) -> dict[str, Any] | None:
    """The fields that memctl wrote. Raises ValueError if they are damaged."""
    text = value.get(PACKED) if isinstance(value, dict) else None
    if text is None:
        return None
    try:
        packed: dict[str, Any] = msgspec.json.decode(text)
        UUID(packed["fact"]["id"])
    except (msgspec.DecodeError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise ValueError(f"the key {PACKED!r} is damaged: {error}") from None
    return packed


def _times(item: Item, packed: Mapping[str, Any]) -> dict[str, Any]:
    """The fact's times: those that memctl wrote, or the item's own times if they have changed since."""
    times: dict[str, Any] = {}
    for name in ("created_at", "updated_at", "expires_at"):
        exact, shown = (_instant(value) for value in packed.get(name) or (None, None))
        own = getattr(item, name)
        times[name] = exact if own == shown else own
    return times


def _instant(value: Any) -> datetime | None:
    return msgspec.convert(value, datetime).astimezone(UTC) if value is not None else None


def _as_json(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


def _text(value: Any, names: tuple[str, ...]) -> str | None:
    if not isinstance(value, dict):
        return None
    for name in names:
        inner = value.get(name)
        if isinstance(inner, str):
            return inner
        if isinstance(inner, dict) and (text := _text(inner, names)) is not None:
            return text
    return None


def _with_text(value: dict[str, Any], names: tuple[str, ...], text: str) -> dict[str, Any]:
    """The value with its text replaced."""
    for name in names:
        inner = value.get(name)
        if isinstance(inner, str):
            return value | {name: text}
        if isinstance(inner, dict) and _text(inner, names) is not None:
            return value | {name: _with_text(inner, names, text)}
    return value | {names[0]: text}
