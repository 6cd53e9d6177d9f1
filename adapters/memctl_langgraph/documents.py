"""The JSON documents of a RedisStore. They are listed with SCAN, because LangGraph's search returns a part of them."""

import re
from bisect import insort
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Any

import msgspec
from memctl_redis.client import Server, instant, milliseconds

from memctl.core.errors import Fatal, Rejected, Retryable
from memctl.core.fact import derive_id
from memctl_langgraph.mapping import Item

SCHEMES = ("redis://", "rediss://", "unix://")
DOCUMENTS, VECTORS = b"store:", b"store_vectors:"
FRESH = 5.0
"""Seconds before the keys are listed again, because another program may have written."""

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_PUNCTUATION = re.compile(r"[,.<>{}\[\]\\\"':;!@#$%^&*()\-+=~/ ?]")
"""The characters that LangGraph escapes in a namespace: those of redisvl's TokenEscaper."""
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LISTED = ("$.prefix", "$.key", "$.updated_at")
_DEEPEST = 120
"""RedisJSON refuses documents with more than 127 levels."""
_ATTEMPTS = 3

Place = tuple[str, str]
"""The namespace and the key of an item."""


class RedisDocuments:
    """The database of a RedisStore. Needs the module for JSON, as LangGraph does."""

    def __init__(self, url: str) -> None:
        self._server = Server(url)
        self.place = self._server.place
        self._names: dict[Place, list[bytes]] = {}
        self._ordered: dict[str, list[str]] = {}
        self._strays: list[str] = []
        self._fresh_until: float | None = None

    def exists(self) -> bool:
        """True: an empty database is an empty store."""
        with self._server.client() as client:
            client.ping()
        return True

    def create(self) -> None:
        """Do nothing: LangGraph's setup() creates its index, which then also covers existing documents."""

    def kept(self, item: Item) -> Item:
        """The item with its expiry in milliseconds, which is all that LangGraph stores of a TTL in Redis."""
        expires_at = item.expires_at and instant(milliseconds(item.expires_at))
        return item._replace(value=_as_redis(item.value, _DEEPEST), expires_at=expires_at, ttl_minutes=None)

    def strays(self) -> list[str]:
        self._list()
        return list(self._strays)

    def prefixes(self) -> list[str]:
        self._list()
        return sorted(self._ordered)

    def page(self, prefix: str, after: str, size: int) -> list[Item]:
        if not after:
            self._refresh()
        for attempt in range(_ATTEMPTS):
            if attempt or self._fresh_until is None:
                self._list()
            keys = [key for key in self._ordered.get(prefix, ()) if key > after][:size]
            items = self._items([(prefix, key) for key in keys])
            if items is not None:
                return items
        raise Retryable("items change faster than they can be read", where=self.place)

    def with_keys(self, keys: Sequence[str]) -> list[Item]:
        wanted = set(keys)
        self._refresh()
        for attempt in range(_ATTEMPTS):
            if attempt:
                self._list()
            items = self._items([place for place in self._names if place[1] in wanted])
            if items is not None:
                return items
        raise Retryable("items change faster than they can be read", where=self.place)

    def put(self, items: Sequence[Item]) -> None:
        self._refresh()
        with self._changing() as pipeline:
            for item in items:
                place = (item.prefix, item.key)
                old_names = self._names.get(place, [])
                name = old_names[-1] if old_names else DOCUMENTS + _ulid(item).encode()
                _unlink(pipeline, {name, *old_names})
                pipeline.execute_command("JSON.SET", name, "$", msgspec.json.encode(_document(item)))
                if item.expires_at is not None:
                    pipeline.execute_command("PEXPIREAT", name, milliseconds(item.expires_at))
                self._add(place, name)

    def delete(self, prefix: str, keys: Sequence[str]) -> None:
        self._refresh()
        with self._changing() as pipeline:
            for key in keys:
                _unlink(pipeline, self._names.get((prefix, key), ()))
        self._fresh_until = None

    def close(self) -> None:
        self._fresh_until = None
        self._server.close()

    @contextmanager
    def _changing(self) -> Iterator[Any]:
        """A transaction."""
        with self._server.client() as client:
            pipeline = client.pipeline(transaction=True)
            yield pipeline
            pipeline.execute()

    def _add(self, place: Place, name: bytes) -> None:
        if place not in self._names:
            insort(self._ordered.setdefault(place[0], []), place[1])
        self._names[place] = [name]

    def _refresh(self) -> None:
        if self._fresh_until is None or monotonic() > self._fresh_until:
            self._list()

    def _list(self) -> None:
        """List all documents: the document names of each item, newest last, and the keys of each namespace."""
        began = monotonic()
        dated: dict[Place, list[tuple[float, bytes]]] = {}
        strays = 0
        names = self._server.keys(DOCUMENTS + b"*", "ReJSON-RL")
        for name, (answer, _) in self._server.each(names, ("JSON.GET", *_LISTED)):
            if answer is None:
                continue
            if isinstance(answer, Exception):
                raise Fatal(f"cannot read {name.decode(errors='replace')!r}: {answer}", where=self.place)
            try:
                fields = msgspec.json.decode(answer)
                prefix, key, at = (fields[path][0] for path in _LISTED)
                dated.setdefault((_without_escapes(prefix), key + ""), []).append((float(at), name))
            except (TypeError, ValueError, LookupError, msgspec.DecodeError):
                strays += 1
        self._names = {place: [name for _, name in sorted(documents)] for place, documents in dated.items()}
        self._ordered = {}
        for prefix, key in sorted(dated):
            self._ordered.setdefault(prefix, []).append(key)
        older = sum(len(documents) - 1 for documents in dated.values())
        self._strays = [f"{strays} documents under {DOCUMENTS.decode()} are not items and are not read"] * bool(strays)
        self._strays += [f"{older} older documents of items with the same key are not read"] * bool(older)
        # A long list stays valid for longer, so that listing never takes most of the time.
        self._fresh_until = monotonic() + max(FRESH, 10 * (monotonic() - began))

    def _items(self, places: Iterable[Place]) -> list[Item] | None:
        """The items in these places; None if one of them is gone, or has another document since the list was made."""
        keys_by_name = {self._names[place][-1]: place for place in places}
        items: list[Item] = []
        for name, document, expires_at in self._server.documents(keys_by_name):
            prefix, key = keys_by_name.pop(name)
            body = {} if isinstance(document, Rejected) else document
            created_at, updated_at = (_time(body.get(field)) for field in ("created_at", "updated_at"))
            items.append(Item(prefix, key, body.get("value"), created_at, updated_at, expires_at))
        return None if keys_by_name else items


def _document(item: Item) -> dict[str, Any]:
    times = {"created_at": item.created_at, "updated_at": item.updated_at}
    micros = {name: (at - _FIRST) // _MICROSECOND for name, at in times.items() if at is not None}
    return {"prefix": _PUNCTUATION.sub(r"\\\g<0>", item.prefix), "key": item.key, "value": item.value} | micros


def _unlink(pipeline: Any, names: Iterable[bytes]) -> None:
    """Remove documents and their vectors."""
    for name in names:
        pipeline.unlink(name, VECTORS + name.removeprefix(DOCUMENTS))


def _ulid(item: Item) -> str:
    """The name of a new document. The same item always has the same name, so that two writers make one document."""
    number = derive_id("langgraph-redis", item.prefix, item.key).int
    return "".join(_DIGITS[number >> shift & 31] for shift in range(125, -1, -5))


def _without_escapes(text: str) -> str:
    return _ESCAPED.sub(r"\1", text)


def _time(micros: Any) -> datetime | None:
    try:
        return _FIRST + timedelta(microseconds=micros)
    except (TypeError, OverflowError):
        return None


def _as_redis(value: Any, levels: int) -> Any:
    """The value as RedisJSON returns it: integers of more than 64 bits are floats.

    Raises ValueError for a value that RedisJSON cannot store.
    """
    if levels == 0:
        raise ValueError("the value has too many levels for Redis")
    if isinstance(value, dict):
        return {name: _as_redis(inner, levels - 1) for name, inner in value.items()}
    if isinstance(value, list):
        return [_as_redis(inner, levels - 1) for inner in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        try:
            return float(value)
        except OverflowError:
            raise ValueError("the value contains a number that is too large for Redis") from None
    return value
