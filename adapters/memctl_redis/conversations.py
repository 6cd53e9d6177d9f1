"""The conversations in a Redis server, in the layouts of several libraries, each with its keys.

The key of a buffer names its user. LangChain and LangGraph only name the session; a template of session ids can say
which part of them is the user.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from memctl.backends.contract import Conversation, Message
from memctl.core.errors import Fatal, Rejected, UsageError
from memctl_redis.client import Server, escaped
from memctl_redis.messages import checked, decoded, langchain, moment, plain, raw_ids

LISTS = b"message_store:"
CHATS = b"chat:"
CHECKPOINTS = b"checkpoint:"
WORKING = b"working_memory:"
ROOT = ("", "__empty__")
"""The namespaces of a graph that is not a subgraph."""
_JSON, _LIST = "ReJSON-RL", "list"


class Template:
    """A template of names with `{user}`, and `*` for any text: `buffer:{user}`, `{user}:*`."""

    def __init__(self, text: str) -> None:
        if text.count("{user}") != 1:
            raise UsageError(f"{text!r} does not contain {{user}} once", hint="example: buffer:{user}")
        self._parts = re.split(r"(\{user\}|\*)", text)
        names = {"{user}": "(?P<user>.+)", "*": ".*"}
        self._regex = re.compile("".join(names.get(part, re.escape(part)) for part in self._parts), re.DOTALL)

    def user(self, name: str) -> str | None:
        """The user in a name; None if the name does not match."""
        match = self._regex.fullmatch(name)
        return match["user"] if match else None

    def pattern(self) -> bytes:
        """The pattern of the keys that may match."""
        return b"".join(b"*" if part in ("{user}", "*") else escaped(part) for part in self._parts)


class Place(NamedTuple):
    """The owner of a conversation (None: unknown), its kind, its id, and all of its keys."""

    owner: str | None
    kind: str
    id: str
    keys: tuple[bytes, ...]


class Conversations:
    """All conversations of a server. `reject` is called for everything that is not a valid message."""

    def __init__(self, server: Server, buffers: str, sessions: str | None, reject: Callable[[Rejected], None]) -> None:
        self._server = server
        self._buffers = Template(buffers)
        self._sessions = Template(sessions) if sessions is not None else None
        self._reject = reject

    def places(self) -> Iterator[Place]:
        """The place of every conversation."""
        for key in self._server.keys(self._buffers.pattern(), _LIST):
            if (user := self._buffers.user(_name(key))) is not None and not key.startswith(LISTS):
                yield Place(user, "buffer", _name(key), (key,))
        for key in self._server.keys(LISTS + b"*", _LIST):
            session = _name(key.removeprefix(LISTS))
            yield Place(self._owner(session), "messages", session, (key,))
        # LangChain's key ends with an id of 26 characters; the session before it may contain colons.
        yield from self._grouped("chat", CHATS, lambda name: name.rpartition(":")[0])
        yield from self._grouped("thread", CHECKPOINTS, _thread)
        for key, document, _ in self._server.documents(self._server.keys(WORKING + b"*", _JSON)):
            if isinstance(document, dict):
                session = str(document.get("session_id") or _name(key.removeprefix(WORKING)))
                yield Place(document.get("user_id") or self._owner(session), "working memory", session, (key,))

    def read(self, place: Place) -> Conversation | None:
        """The conversation at a place; None if it no longer exists."""
        messages = tuple(_READERS[place.kind](self, place))
        return Conversation(id=place.id, messages=messages) if messages else None

    def rest(self, place: Place) -> list[bytes]:
        """Further keys that belong to a conversation, such as the pending writes of a thread."""
        if place.kind != "thread":
            return []
        thread = escaped(place.id)
        other_keys: list[bytes] = []
        for prefix, type_ in (
            ("checkpoint_latest", "string"),
            ("checkpoint_write", _JSON),
            ("write_keys_zset", "zset"),
        ):
            other_keys += self._server.keys(prefix.encode() + b":" + thread + b":*", type_)
        return other_keys

    def _grouped(self, kind: str, prefix: bytes, session_of: Callable[[str], str]) -> Iterator[Place]:
        sessions: dict[str, list[bytes]] = {}
        for key in self._server.keys(prefix + b"*", _JSON):
            session = session_of(_name(key.removeprefix(prefix)))
            sessions.setdefault(session, []).append(key)
        for session, keys in sessions.items():
            yield Place(self._owner(session), kind, session, tuple(keys))

    def _owner(self, session: str) -> str | None:
        return self._sessions.user(session) if self._sessions else None

    def _list(self, key: bytes) -> tuple[list[bytes], datetime | None]:
        """A whole list at one moment."""
        ((_, (items, expires_at)),) = self._server.each([key], ("LRANGE", 0, -1))
        if isinstance(items, Exception):
            raise Fatal(f"cannot read {_name(key)!r}: {items}", where=self._server.place)
        return items, expires_at

    def _buffer(self, place: Place) -> Iterator[Message]:
        items, expires_at = self._list(place.keys[0])
        for raw, id_ in zip(items, raw_ids(place.id, items), strict=True):
            yield from self._valid(place, lambda raw, id_: _buffered(raw, id_, expires_at), raw, id_)

    def _messages(self, place: Place) -> Iterator[Message]:
        items, expires_at = self._list(place.keys[0])
        items.reverse()  # LangChain adds messages at the front
        for raw, id_ in zip(items, raw_ids(place.id, items), strict=True):
            yield from self._valid(place, lambda raw, id_: langchain(decoded(raw), id_, expires_at), raw, id_)

    def _chat(self, place: Place) -> Iterator[Message]:
        for key, document, expires_at in self._server.documents(place.keys):
            yield from self._valid(place, _chatted, document, _name(key).rpartition(":")[2], expires_at)

    def _checkpoints(self, place: Place) -> Iterator[Message]:
        """The messages of the newest checkpoint of the thread, which has all messages."""
        keys = [key for key in place.keys if _namespace(key, place.id) in ROOT]
        for _, document, expires_at in self._server.documents(keys[-1:]):
            for number, item in enumerate(self._items(place, _state, document)):
                yield from self._valid(place, langchain, item, str(number), expires_at)

    def _working_memory(self, place: Place) -> Iterator[Message]:
        for _, document, expires_at in self._server.documents(place.keys):
            for number, item in enumerate(self._items(place, checked, document)):
                yield from self._valid(place, plain, item, str(number), expires_at)

    def _items(self, place: Place, channel: Callable[[Any], Mapping[str, Any]], document: Any) -> list[Any]:
        try:
            items = channel(document).get("messages")
        except Rejected as error:
            self._report(place, error)
            return []
        return items if isinstance(items, list) else []

    def _valid(self, place: Place, read: Callable[..., Message], *arguments: Any) -> list[Message]:
        """The message that `read` returns; an empty list if it is not valid, which is reported."""
        try:
            return [read(*arguments)]
        except Rejected as error:
            self._report(place, error)
            return []

    def _report(self, place: Place, error: Rejected) -> None:
        self._reject(Rejected(error.message, where=f"{self._server.place} {place.kind} {place.id}"))


_READERS: dict[str, Callable[[Conversations, Place], Iterator[Message]]] = {
    "buffer": Conversations._buffer,
    "messages": Conversations._messages,
    "chat": Conversations._chat,
    "thread": Conversations._checkpoints,
    "working memory": Conversations._working_memory,
}


def _buffered(raw: bytes, id_: str, expires_at: datetime | None) -> Message:
    """A message of a buffer. The application chooses its format, which may be that of LangChain."""
    item = decoded(raw)
    has_data = isinstance(item.get("data", item.get("kwargs")), dict)
    return langchain(item, id_, expires_at) if has_data else plain(item, id_, expires_at)


def _thread(name: str) -> str:
    """The thread in the key of a checkpoint, THREAD:NAMESPACE:ID. A thread may contain colons, and so may the namespace
    of a subgraph, in which each level is NODE:UUID."""
    thread, _, _ = name.rpartition(":")
    head, _, namespace = thread.rpartition(":")
    return head if namespace in ROOT else re.sub(r":[^:|]+:[0-9a-f-]{36}(\|[^:|]+:[0-9a-f-]{36})*$", "", thread)


def _namespace(key: bytes, thread: str) -> str:
    rest = _name(key.removeprefix(CHECKPOINTS)).removeprefix(f"{thread}:")
    return rest.rpartition(":")[0]


def _chatted(document: Any, id_: str, expires_at: datetime | None) -> Message:
    """A document of langchain-redis."""
    return langchain(document, id_, expires_at, moment(checked(document).get("timestamp")))


def _state(document: Any) -> Mapping[str, Any]:
    """The values of a checkpoint's channels."""
    checkpoint = checked(document).get("checkpoint")
    values = checkpoint.get("channel_values") if isinstance(checkpoint, dict) else None
    return values if isinstance(values, dict) else {}


def _name(key: bytes) -> str:
    return key.decode(errors="backslashreplace")
