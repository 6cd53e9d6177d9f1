"""The backend named `zep`: Zep Cloud, a temporal knowledge graph per user, through its API v4.

Implements the contract of a backend with the other modules of this package.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any
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
)
from memctl.core.errors import Rejected, UsageError
from memctl.core.fact import Fact
from memctl_zep import search, threads
from memctl_zep.client import MOST, Api, Record
from memctl_zep.mapping import LONGEST_FACT, PACKED, node_fact, to_fact
from memctl_zep.tasks import Tasks
from memctl_zep.users import People, Person
from memctl_zep.write import Writer

_BESIDE = FieldSupport("in_metadata", f"in the edge's attribute `{PACKED}`")
_EDGES, _NODES = "edges", "nodes"


class ZepAdapter(Backend):
    """Zep Cloud under `api_key` (ZEP_API_KEY); `url` (MEMCTL_ZEP_URL) is another URL of its API v4.

    `page_size` is in records, 100 at most. Connects at the first call. Raises UsageError for invalid options.
    """

    name = "zep"
    capabilities = Capabilities(
        fields={
            **dict.fromkeys(
                (
                    "agent_id", "session_id", "app_id", "kind", "categories", "confidence", "created_at", "updated_at",
                    "expires_at", "superseded_by", "source", "metadata", "native",
                ),
                _BESIDE,
            ),
            "embedding": FieldSupport("dropped", "Zep creates its own vectors"),
        },
        split_text=LONGEST_FACT,
        split_how=f"its beginning in the edge's fact, the full text in the attribute `{PACKED}`",
        batch_size=MOST,
        rate=3.0,
        asynchronous=True,
    )  # fmt: skip
    features = Features(
        options=("api_key", "url", "page_size"),
        env_vars={"api_key": ("ZEP_API_KEY",), "url": ("MEMCTL_ZEP_URL",)},
        tested_versions={"zep-cloud": "4."},
        filters=frozenset({"as_of"}),
        conversations=True,
        owners=True,
        forget=True,
        inventory=True,
    )

    def __init__(self, api_key: str | None = None, *, url: str | None = None, page_size: int | None = None) -> None:
        if page_size is not None and not 1 <= page_size <= MOST:
            raise UsageError(f"invalid page size {page_size}", hint=f"use 1 to {MOST}")
        self._api = Api(api_key, url)
        self._page_size = page_size or MOST
        self._people = People(self._api)
        self._tasks = Tasks(self._api)
        self._writer = Writer(self._api, self._people, self._tasks)
        self._talk = threads.Talk(self._api, self._people, self._tasks)
        self._rejects: dict[str, Rejected] = {}
        self._was_read = False
        # A key belongs to one project. The project's name would take a request.
        account = sha256(api_key.encode()).hexdigest()[:8] if api_key else "no key"
        self.identity = f"{self._api.host}/{account}"

    def __repr__(self) -> str:
        return f"ZepAdapter({self._api.host})"

    def __enter__(self) -> "ZepAdapter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def remarks(self) -> Sequence[str]:
        """A note if there are records that are left out because they are not facts."""
        note = "threads and episodes are left out, because they are not facts; memctl ingest reads threads"
        return (note,) if self._was_read else ()

    def close(self) -> None:
        """Close the connections."""
        self._api.close()

    def check(self) -> Health:
        """Connect to Zep with the key; the detail names the project and its number of users."""
        project, users = self._api.project(), self._api.some_users()
        name = project.get("name") or project.get("uuid") or "a project"
        known = f", {count(users.total, 'user')}" if users.total is not None else ""
        return Health(ok=True, detail=f"{self._api.host}: Zep Cloud, API v4, {name}{known}")

    def users(self) -> Iterator[str]:
        """Every user whose graph has a fact or a node's summary; one request per user of the account."""
        for person in self._people.all():
            if self._owns_anything(person):
                yield person.user_id

    def everyone(self) -> Iterator[str]:
        """Every user of the account, with or without facts."""
        return (person.user_id for person in self._people.all())

    def owners(self, users: Collection[str]) -> set[str]:
        """The subset of these users whose graph has a fact or a node's summary; one request per user."""
        names = set(users)
        few = len(names) < MOST
        people = map(self._people.get, names) if few else (one for one in self._people.all() if one.user_id in names)
        return {person.user_id for person in people if person is not None and self._owns_anything(person)}

    def count(self, user: str) -> int | None:
        """None: Zep has no total of a graph's edges."""
        return None

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts: the edges, newest first, then the nodes that have a summary.

        Afterwards, `rejects` has the records that are not facts, such as an edge without a text. `since` is compared
        with the fact's own times, because Zep's are those of the write.
        """
        self._was_read = True
        stage, place = _parted(cursor)
        person = self._people.get(user)
        ids: set[UUID] = set()
        while person is not None:
            lists = self._api.edges if stage == _EDGES else self._api.nodes
            page = lists(person.graph, place, self._page_size)
            # The newest version comes first; an interrupted update leaves an older one.
            latest: dict[UUID, Fact] = {}
            for fact in self._facts(stage, page.records, person):
                latest.setdefault(fact.id, fact)
            facts = tuple(fact for fact in latest.values() if fact.id not in ids and changed_since(fact, since))
            ids.update(latest)
            place = page.cursor
            if stage == _NODES and place is None:
                yield Page(facts, None)
                return
            if stage == _EDGES and place is None:
                stage, place = _NODES, None
            if facts or stage == _EDGES:
                yield Page(facts, f"{stage}:{place or ''}")
        yield Page((), None)

    def rejects(self) -> Iterable[Rejected]:
        """The edges and nodes read so far that are not facts."""
        return self._rejects.values()

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim as edges; see `write`. A new user is created."""
        return self._writer.write(facts)

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user; returns the number of facts that existed. Of a node only the summary is removed."""
        return self._writer.delete(user, ids)

    def inventory(self, user: str) -> Mapping[str, int]:
        """The number of the user's nodes, threads and messages, and the user."""
        self._people.forget(user)
        person = self._people.get(user)
        if person is None:
            return {}
        talks = [len(talk.messages) for talk in threads.conversations(self._api, person)]
        nodes = sum(1 for _ in self._api.every(self._api.nodes, person.graph))
        return {"users": 1, "nodes": nodes, "threads": len(talks), "messages": sum(talks)}

    def forget(self, user: str) -> Sequence[str]:
        """Remove the user with their threads, messages and graph. Zep does this asynchronously; `settle` waits for
        it."""
        self._people.forget(user)
        self._writer.forget(user)
        person = self._people.get(user)
        if person is not None:
            self._people.forget(user)
            self._tasks.add(self._api.delete_user(person.uuid), "delete a user")
        return ()

    def search(self, query: Query) -> list[Hit]:
        """The best facts by Zep's own ranking of edges, best first.

        A search over all users makes a request per user of the account. Zep ranks at most 100 edges.
        """
        if query.user is not None:
            person = self._people.get(query.user)
            people = [person] if person is not None else []
        else:
            people = list(self._people.all())
        return search.search(self._api, people, query.text, query.k, query.as_of)

    def conversations(self, user: str) -> Iterator[Conversation]:
        """The user's threads, streamed."""
        person = self._people.get(user)
        return threads.conversations(self._api, person) if person is not None else iter(())

    def add(self, user: str, turns: Iterable[Any]) -> str | None:
        """Write the turns to a new thread, from which Zep extracts facts; returns the thread's UUID."""
        return self._talk.add(user, turns)

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Wait until Zep has finished all tasks of this instance.

        Raises Retryable if it has not at the deadline, Fatal if a task failed.
        """
        self._tasks.until(deadline.astimezone(UTC))

    def _facts(self, stage: str, records: Sequence[Record], person: Person) -> Iterator[Fact]:
        for record in records:
            try:
                fact = to_fact(record, person.owner) if stage == _EDGES else node_fact(record, person.owner)
            except (ValueError, TypeError) as error:
                where = f"{stage.removesuffix('s')} {record.get('uuid')} of {person.user_id!r}"
                self._rejects[where] = Rejected(str(error), where=where)
            else:
                if fact is not None:
                    yield fact

    def _owns_anything(self, person: Person) -> bool:
        for lists, size in ((self._api.edges, 1), (self._api.nodes, MOST)):
            cursor = None
            while True:
                page = lists(person.graph, cursor, size)
                if any(record.get("fact") or record.get("summary") for record in page.records):
                    return True
                cursor = page.cursor
                if cursor is None:
                    break
        return False


def _parted(cursor: str | None) -> tuple[str, str | None]:
    stage, _, place = (cursor or f"{_EDGES}:").partition(":")
    if stage not in (_EDGES, _NODES):
        raise UsageError(f"{cursor!r} is not a cursor of this backend", hint="read from the start")
    return stage, place or None
