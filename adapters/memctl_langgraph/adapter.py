"""The backend named `langgraph`: LangGraph's long-term store in PostgreSQL, SQLite or Redis.

Items are read with SQL or SCAN, in the order of their keys, because `BaseStore.search` returns 10 items by default.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

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
    changed_since,
    count,
    lexical_hits,
)
from memctl.core.errors import NotFound, Rejected, UsageError
from memctl.core.fact import Fact
from memctl_langgraph.documents import SCHEMES, RedisDocuments
from memctl_langgraph.mapping import SYSTEM, TEXTS, Item, Layout, Namespace, key_of
from memctl_langgraph.tables import HINT, PostgresTables, SqliteTables, Tables

PAGE_SIZE = 1000
_BESIDE = FieldSupport("in_metadata", "in the item's value, under the key `memctl`")


class LangGraphAdapter(Backend):
    """The store at `url` (MEMCTL_LANGGRAPH_URL): a PostgreSQL or Redis database, or the path of a SQLite file.

    `namespace` is the form of the namespaces, with `{user}` for the user. `text_key` is the key under which a value has
    its text. `timeout` is the number of seconds to wait for another writer of the file. Connects at the first call.
    Raises UsageError for an invalid address or namespace.
    """

    name = "langgraph"
    capabilities = Capabilities(
        fields=dict.fromkeys(
            (
                "kind", "agent_id", "session_id", "app_id", "subject", "predicate", "object", "categories",
                "confidence", "valid_at", "invalid_at", "expired_at", "superseded_by", "source", "metadata", "native",
                "embedding",
            ),
            _BESIDE,
        ),
        ends=frozenset({"expires_at"}),
    )  # fmt: skip
    features = Features(
        options=("url", "namespace", "text_key", "timeout", "page_size"),
        address_option="url",
        env_vars={"url": ("MEMCTL_LANGGRAPH_URL",)},
        tested_versions={
            "langgraph-checkpoint-postgres": "3.2.",
            "langgraph-checkpoint-redis": "0.5.",
            "langgraph-checkpoint-sqlite": "3.1.",
        },
        forget=True,
    )

    def __init__(
        self,
        url: str | None = None,
        *,
        namespace: str = "memories.{user}",
        text_key: str | None = None,
        timeout: float = 30.0,
        page_size: int = PAGE_SIZE,
    ) -> None:
        if not url:
            raise UsageError(
                "no LangGraph store given",
                hint=f"use langgraph:ADDRESS, or set MEMCTL_LANGGRAPH_URL; ADDRESS is {HINT}",
            )
        self._tables = _tables_at(url, timeout)
        self._namespace = Namespace(namespace)
        self._mapping = Layout(self._namespace, (text_key, *TEXTS) if text_key else TEXTS, self._tables.kept)
        self._page_size = page_size
        self._rejects: dict[str, Rejected] = {}
        self.identity = f"{self._tables.place} {namespace}"

    def __repr__(self) -> str:
        return f"LangGraphAdapter({self.identity})"

    def close(self) -> None:
        """Close the connection."""
        self._tables.close()

    def check(self) -> Health:
        """Connect and count the users."""
        if not self.initialized():
            return Health(ok=True, detail=f"{self._tables.place}: no LangGraph store yet")
        return Health(ok=True, detail=f"LangGraph store in {self.identity}: {count(len(list(self.users())), 'user')}")

    def initialized(self) -> bool:
        """Whether the table exists."""
        return self._tables.exists()

    def init(self) -> list[str]:
        """Create the tables with LangGraph's own setup."""
        if self.initialized():
            return []
        self._tables.create()
        return ["the tables of a LangGraph store"]

    def remarks(self) -> Sequence[str]:
        """Notes on the namespaces and documents that are not read."""
        if not self.initialized():
            return []
        others = [prefix for prefix in self._tables.prefixes() if self._namespace.label(prefix) is None]
        names = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
        form = f"{len(others)} namespaces do not have the form {self._namespace.template} and are not read: {names}"
        return [form] * bool(others) + self._tables.strays()

    def rejects(self) -> Iterator[Rejected]:
        """The items read so far that are not facts."""
        return iter(list(self._rejects.values()))

    def users(self) -> Iterator[str]:
        """Every user with a fact. Raises NotFound if there is no store."""
        if not self.initialized():
            raise NotFound("no LangGraph store", where=self.identity)
        users: dict[str, None] = {}
        for prefix in self._prefixes():
            users |= dict.fromkeys(fact.user_id for facts, _ in self._pages(prefix, "") for fact in facts)
        return iter(users)

    def count(self, user: str) -> int | None:
        """The number of the user's facts."""
        return sum(len(page.facts) for page in self.read(user))

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts in the order of their keys."""
        if cursor is not None and not cursor.startswith("key:"):
            raise UsageError(f"{cursor!r} is not a cursor of LangGraph", hint="read from the start")
        if not user or not self.initialized():
            yield Page((), None)
            return
        for facts, after in self._pages(self._namespace.prefix(user), (cursor or "key:").removeprefix("key:")):
            mine = tuple(fact for fact in facts if fact.user_id == user and changed_since(fact, since))
            yield Page(mine, None if after is None else f"key:{after}")

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts as items, in one transaction."""
        now = datetime.now(UTC)
        stored = {(item.prefix, item.key): item for item in self._tables.with_keys(list({key_of(f) for f in facts}))}
        owners = {fact.id: fact.user_id for item in stored.values() if (fact := self._fact(item)) is not None}
        pending: dict[tuple[str, str], tuple[Item, Fact]] = {}
        outcomes: list[Outcome] = []
        for fact in facts:
            try:
                item = self._mapping.to_item(fact, now)
            except ValueError as error:
                outcomes.append(Outcome(state="rejected", reason=str(error)))
                continue
            place = (item.prefix, item.key)
            current = pending[place][1] if place in pending else self._fact(stored[place]) if place in stored else None
            if owners.setdefault(fact.id, fact.user_id) != fact.user_id or (
                current is not None and current.user_id != fact.user_id
            ):
                reason = "a fact of another user has this id"
                outcomes.append(Outcome(state="rejected", target_id=item.key, reason=reason))
            elif current == fact:
                outcomes.append(Outcome(state="unchanged", target_id=item.key))
            else:
                exists = place in stored or place in pending
                outcomes.append(Outcome(state="updated" if exists else "written", target_id=item.key))
                pending[place] = item, fact
        if pending:
            self._tables.put([item for item, _ in pending.values()])
        return outcomes

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user; returns the number that existed."""
        wanted = set(ids)
        keys = self._keys(user, wanted) if wanted else []
        if keys:
            self._tables.delete(self._namespace.prefix(user), keys)
        return len(keys)

    def forget(self, user: str) -> Sequence[str]:
        """Remove all items of the user, including those that are not facts."""
        keys = self._keys(user, None)
        if keys:
            self._tables.delete(self._namespace.prefix(user), keys)
        return ("deleted rows may remain in the free space of the database and in its backups",) if keys else ()

    def search(self, query: Query) -> list[Hit]:
        """The best facts by BM25."""
        users = [query.user] if query.user is not None else list(self.users())
        return lexical_hits((fact for user in users for page in self.read(user) for fact in page.facts), query)

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Writes can be read at once."""

    def _prefixes(self) -> list[str]:
        return [prefix for prefix in self._tables.prefixes() if self._namespace.label(prefix) is not None]

    def _keys(self, user: str, wanted: set[UUID] | None) -> list[str]:
        """The keys of the user's items: of the facts in `wanted`, or of all items."""
        if not user or not self.initialized():
            return []
        keys: list[str] = []
        for items in self._items(self._namespace.prefix(user), ""):
            for item in items:
                fact = self._fact(item)
                is_users = fact is None or fact.user_id == user
                if is_users and (wanted is None or (fact is not None and fact.id in wanted)):
                    keys.append(item.key)
        return keys

    def _items(self, prefix: str, after: str) -> Iterator[list[Item]]:
        while True:
            items = self._tables.page(prefix, after, self._page_size)
            yield items
            if len(items) < self._page_size:
                return
            after = items[-1].key

    def _pages(self, prefix: str, after: str) -> Iterator[tuple[list[Fact], str | None]]:
        """The facts of a namespace page by page, each page with its last key; None on the last page."""
        waiting: list[Item] | None = None
        for items in self._items(prefix, after):
            if waiting is not None and items:
                yield self._facts(waiting), waiting[-1].key
            waiting = items or waiting
        yield self._facts(waiting or []), None

    def _facts(self, items: Sequence[Item]) -> list[Fact]:
        return [fact for item in items if (fact := self._fact(item)) is not None]

    def _fact(self, item: Item) -> Fact | None:
        try:
            return self._mapping.to_fact(item)
        except (ValueError, UnicodeError) as error:
            where = f"{SYSTEM} {item.prefix} {item.key}"
            self._rejects[where] = Rejected(str(error), where=where)
            return None


def _tables_at(url: str, timeout: float) -> Tables:
    if url.startswith(("postgres://", "postgresql://")):
        return PostgresTables(url)
    if url.startswith(SCHEMES):
        return RedisDocuments(url)
    if "://" in url:
        raise UsageError(f"LangGraph stores on {url.partition(':')[0]} are not supported", hint=f"use {HINT}")
    return SqliteTables(Path(url), timeout)
