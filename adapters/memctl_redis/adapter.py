"""The backend named `redis`: the facts of Redis Agent Memory Server, and conversations in the layouts of several
libraries.

Keys are listed with SCAN, because the indexes of the search module return at most 10,000 records.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

from memctl.backends.contract import (
    Backend,
    Capabilities,
    Conversation,
    Features,
    FieldSupport,
    Health,
    Hit,
    Outcome,
    Page,
    Query,
    changed_since,
    count,
    lexical_hits,
)
from memctl.core.errors import Fatal, Rejected, UsageError
from memctl.core.fact import Fact
from memctl_redis.client import HINT, Server, milliseconds
from memctl_redis.conversations import Conversations, Place
from memctl_redis.mapping import PREFIX, Record, fact_id, record_of, to_fact, to_record

PAGE_SIZE = 500
FRESH = 5.0
"""Seconds before the list of all records is read again, because another program may have written."""
_PREFIX = PREFIX.encode()
_BESIDE = FieldSupport("in_metadata", "in the hash's field `memctl`")


class RedisAdapter(Backend):
    """The database of the Redis server at `url` (MEMCTL_REDIS_URL, REDIS_URL).

    `buffers` is the form of the keys of lists that are conversations, such as `buffer:{user}`; `sessions` is the form
    of the session ids of LangChain and LangGraph, such as `{user}:*`. `default_user` owns records and conversations
    that name no user. Connects at the first call. Raises UsageError for an invalid URL or template.
    """

    name = "redis"
    capabilities = Capabilities(
        fields={
            **dict.fromkeys(
                (
                    "kind", "agent_id", "subject", "predicate", "object", "confidence", "invalid_at", "expired_at",
                    "superseded_by", "source", "metadata", "native",
                ),
                _BESIDE,
            ),
            "embedding": FieldSupport(
                "in_metadata", "in the hash's field `memctl`; the server computes its own vector"
            ),
        },
        ends=frozenset({"expires_at"}),
    )  # fmt: skip
    features = Features(
        options=("url", "buffers", "sessions", "default_user", "page_size"),
        address_option="url",
        env_vars={"url": ("MEMCTL_REDIS_URL", "REDIS_URL")},
        tested_versions={"redis": "8."},
        conversations=True,
        owners=True,
        forget=True,
        inventory=True,
        clock=True,
    )

    def __init__(
        self,
        url: str | None = None,
        *,
        buffers: str = "buffer:{user}",
        sessions: str | None = None,
        default_user: str | None = None,
        page_size: int = PAGE_SIZE,
    ) -> None:
        if not url:
            raise UsageError("no Redis server given", hint=f"pass a URL, or set REDIS_URL; {HINT}")
        self._server = Server(url)
        self.identity = self._server.place
        self._default_user = default_user
        self._page_size = page_size
        self._rejects: dict[str, Rejected] = {}
        self._conversations = Conversations(self._server, buffers, sessions, self._reject)
        self._owned: dict[str, list[bytes]] = {}
        self._listed: float | None = None

    def __repr__(self) -> str:
        return f"RedisAdapter({self.identity})"

    def close(self) -> None:
        """Close the connections."""
        self._listed = None
        self._server.close()

    def check(self) -> Health:
        """Connect, and count the records and their owners."""
        with self._server.client() as client:
            version = client.info("server")["redis_version"]
        owned = self._index()
        total = sum(map(len, owned.values()))
        found = f"{count(total, 'memory')} of {count(len(owned), 'user')}"
        return Health(ok=True, detail=f"Redis {version} on {self.identity}: {found}")

    def now(self) -> datetime:
        """The time of the server's clock."""
        with self._server.client() as client:
            seconds, micros = client.time()
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)

    def users(self) -> Iterator[str]:
        """Every user with a record."""
        self._listed = None
        return iter(list(self._index()))

    def everyone(self) -> Iterator[str]:
        """Every user with a record or a conversation."""
        owners = {owner for place in self._conversations.places() if (owner := self._owner_of(place))}
        return iter(sorted({*self.users(), *owners}))

    def owners(self, users: Collection[str]) -> set[str]:
        """Which of the users have a record."""
        return set(users) & self._index().keys()

    def count(self, user: str) -> int:
        """The number of the user's records."""
        return len(self._index().get(user, ()))

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts in the order of their keys."""
        try:
            after = bytes.fromhex(cursor or "")
        except ValueError:
            raise UsageError(f"{cursor!r} is not a cursor of Redis", hint="read from the start") from None
        keys = [key for key in self._index().get(user, ()) if key > after]
        size = self._page_size
        for first in range(0, max(len(keys), 1), size):
            some = keys[first : first + size]
            facts = [fact for fact in self._facts(some) if fact.user_id == user and changed_since(fact, since)]
            yield Page(tuple(facts), some[-1].hex() if len(keys) > first + size else None)

    def rejects(self) -> Iterator[Rejected]:
        """The records and messages read so far that are not valid."""
        return iter(list(self._rejects.values()))

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts as records of the server, in one transaction."""
        keys = [_PREFIX + record_of(fact).encode() for fact in facts]
        stored = self._records(dict.fromkeys(keys))
        now = self.now()
        outcomes: list[Outcome] = []
        changes: dict[bytes, tuple[Fact, Record]] = {}
        for key, fact in zip(keys, facts, strict=True):
            try:
                record = to_record(fact)
            except ValueError as error:
                outcomes.append(Outcome(state="rejected", reason=str(error)))
                continue
            current = changes[key] if key in changes else stored.get(key)
            target = key.removeprefix(_PREFIX).decode()
            owner = (current[1].get(b"user_id") or b"").decode() if current is not None else ""
            if current is not None and (owner or self._default_user) not in (None, "", fact.user_id):
                reason = f"the id {target} belongs to another user's record"
                outcomes.append(Outcome(state="rejected", target_id=target, reason=reason))
                continue
            if current is not None and current[0] == fact:
                outcomes.append(Outcome(state="unchanged", target_id=target))
                continue
            outcomes.append(Outcome(state="written" if current is None else "updated", target_id=target))
            changes[key] = fact, record
        self._put(changes, stored, now)
        return outcomes

    def _put(
        self,
        changes: Mapping[bytes, tuple[Fact, Record]],
        stored: Mapping[bytes, tuple[Fact | None, Record]],
        now: datetime,
    ) -> None:
        if not changes:
            return
        with self._server.client() as client:
            pipeline = client.pipeline(transaction=True)
            for key, (fact, record) in changes.items():
                current = stored[key][1] if key in stored else {}
                # The server's counts and flags are kept. Its vector is kept only if the text is the same.
                preserved: Record = {name: current[name] for name in (b"access_count", b"pinned") if name in current}
                if b"vector" in current and current.get(b"text") == record[b"text"]:
                    preserved[b"vector"] = current[b"vector"]
                pipeline.delete(key)
                pipeline.hset(key, mapping=record | preserved)
                if fact.expires_at is not None and fact.expires_at > now:
                    pipeline.execute_command("PEXPIREAT", key, milliseconds(fact.expires_at))
            pipeline.execute()
        if self._listed is not None:
            for key, (fact, _) in changes.items():
                owned = self._owned.setdefault(fact.user_id, [])
                if key not in stored:
                    owned.append(key)
            for user in {fact.user_id for fact, _ in changes.values()}:
                self._owned[user] = sorted(set(self._owned[user]))

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user; returns the number that existed."""
        self._listed = None
        ids_to_delete = set(ids)
        keys = [key for key in self._index().get(user, ()) if fact_id(_record_id(key)) in ids_to_delete]
        self._listed = None
        return self._unlink(keys)

    def search(self, query: Query) -> list[Hit]:
        """The best facts by BM25. The server's own search would need its embedding model."""
        index = self._index()
        keys = (
            index.get(query.user, [])
            if query.user is not None
            else [key for user_keys in index.values() for key in user_keys]
        )
        return lexical_hits(self._facts(keys), query)

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Writes can be read at once."""

    def conversations(self, user: str) -> Iterator[Conversation]:
        """The user's conversations. Those that name no user belong to the default user."""
        for place in self._of(user):
            if (conversation := self._conversations.read(place)) is not None:
                yield conversation

    def inventory(self, user: str) -> Mapping[str, int]:
        """The number of the user's conversations."""
        places = self._of(user)
        return {"conversations": len(places)} if places else {}

    def forget(self, user: str) -> Sequence[str]:
        """Remove the user's records and conversations."""
        self._listed = None
        keys = list(self._index().get(user, ()))
        for place in self._of(user):
            keys += [*place.keys, *self._conversations.rest(place)]
        self._listed = None
        self._unlink(keys)
        return ()

    def _of(self, user: str) -> list[Place]:
        return [place for place in self._conversations.places() if self._owner_of(place) == user]

    def _owner_of(self, place: Place) -> str | None:
        return place.owner or self._default_user

    def _unlink(self, keys: Sequence[bytes]) -> int:
        count = 0
        with self._server.client() as client:
            for first in range(0, len(keys), PAGE_SIZE):
                count += int(client.unlink(*keys[first : first + PAGE_SIZE]))
        return count

    def _index(self) -> dict[str, list[bytes]]:
        """The keys of every user's records."""
        if self._listed is None or monotonic() - self._listed > FRESH:
            owned: dict[str, list[bytes]] = {}
            keys = self._server.keys(_PREFIX + b"*", "hash")
            for key, ((owner, text), _) in self._server.each(keys, ("HMGET", "user_id", "text")):
                if user := (owner or b"").decode(errors="replace") or self._default_user:
                    if text is not None:
                        owned.setdefault(user, []).append(key)
                else:
                    self._reject(Rejected("the record names no user", where=f"{self.identity} {_record_id(key)}"))
            self._owned, self._listed = owned, monotonic()
        return self._owned

    def _records(self, keys: Mapping[bytes, None]) -> dict[bytes, tuple[Fact | None, Record]]:
        """The records that exist, each with its fact; None for a record that is not a valid fact."""
        records: dict[bytes, tuple[Fact | None, Record]] = {}
        for key, (record, expires_at) in self._server.each(keys, ("HGETALL",)):
            if isinstance(record, Exception):
                raise Fatal(f"cannot read {_record_id(key)!r}: {record}", where=self.identity)
            fields = dict(zip(record[::2], record[1::2], strict=True)) if isinstance(record, list) else record
            if not fields:
                continue
            try:
                fact = to_fact(key.decode(), fields, expires_at, self._default_user)
            except (ValueError, UnicodeError) as error:
                self._reject(Rejected(str(error), where=f"{self.identity} {_record_id(key)}"))
                fact = None
            records[key] = fact, fields
        return records

    def _facts(self, keys: Sequence[bytes]) -> list[Fact]:
        return [fact for fact, _ in self._records(dict.fromkeys(keys)).values() if fact is not None]

    def _reject(self, reject: Rejected) -> None:
        self._rejects[str(reject)] = reject


def _record_id(key: bytes) -> str:
    return key.removeprefix(_PREFIX).decode(errors="replace")
