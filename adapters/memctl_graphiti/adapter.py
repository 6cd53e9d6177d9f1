"""The backend named `graphiti`: a graph of graphiti-core's, embedded in Kuzu, or on a Neo4j or FalkorDB server.

Implements the contract of a backend with the other modules of this package. Models are used only for vectors: facts are
written as they are, and Graphiti's own extraction is not run.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

from memctl.backends.contract import (
    Backend,
    Capabilities,
    Conversation,
    Embedder,
    Features,
    FieldSupport,
    Health,
    Hit,
    Outcome,
    Page,
    Query,
    count,
)
from memctl.core.errors import UsageError
from memctl.core.fact import Fact
from memctl_graphiti import episodes, search
from memctl_graphiti.cypher import Falkor, Kuzu, Neo4j, Statement
from memctl_graphiti.entities import import_episode
from memctl_graphiti.graph import Graph
from memctl_graphiti.mapping import Edge, Node, groups_of, to_fact, user_of
from memctl_graphiti.write import Writer

PAGE_SIZE = 500

_PAGES = "remnants of deleted records may remain in the server's store files, logs and backups until overwritten"
_PACKED = FieldSupport("in_metadata", "in the attribute `memctl`")


class GraphitiAdapter(Backend):
    """A graph of graphiti-core: the Kuzu database in the file `path` (default: in memctl's data folder), or the Neo4j
    or FalkorDB server at `uri`, with `user` and `password`; `database` is one of Neo4j's databases, or the one graph of
    FalkorDB to read. FalkorDB is read-only.

    `default_user` owns the records of Graphiti's default group, which names no user. `embedder` computes the vectors of
    texts, entity names and queries, and must be the model of the graph's vectors; without it, no vectors are written
    and search compares only words. `page_size` is in facts.

    Connects at the first call. Raises UsageError for invalid options.
    """

    name = "graphiti"
    capabilities = Capabilities(
        fields=dict.fromkeys(
            (
                "agent_id", "session_id", "app_id", "categories", "confidence", "updated_at", "expires_at",
                "superseded_by", "metadata", "native",
            ),
            _PACKED,
        ),
        batch_size=1_000,
    )  # fmt: skip
    features = Features(
        options=("path", "uri", "user", "password", "database", "embedder", "default_user", "page_size"),
        address_option="path",
        env_vars={
            "uri": ("MEMCTL_GRAPHITI_URI", "NEO4J_URI"),
            "user": ("MEMCTL_GRAPHITI_USER", "NEO4J_USER"),
            "password": ("MEMCTL_GRAPHITI_PASSWORD", "NEO4J_PASSWORD"),
        },
        tested_versions={"graphiti-core": "0.31."},
        filters=frozenset({"as_of"}),
        conversations=True,
        forget=True,
        inventory=True,
    )

    def __init__(
        self,
        path: str | Path | None = None,
        *,
        uri: str | None = None,
        user: str | None = None,
        password: str | None = None,
        database: str | None = None,
        embedder: Embedder | None = None,
        default_user: str | None = None,
        page_size: int | None = None,
    ) -> None:
        if page_size is not None and page_size < 1:
            raise UsageError(f"invalid page size {page_size}", hint="use 1 or more")
        self._graph = Graph(path, uri=uri, user=user, password=password, database=database)
        self._is_default = path is None and uri is None
        self._cypher = Kuzu if self._graph.embedded else Falkor if self._graph.falkor else Neo4j
        self._embedder = embedder or None
        self._default_user = default_user
        self._left_out: dict[str, dict[str, int]] = {}
        self._page_size = page_size or PAGE_SIZE
        self._writer = Writer(self._graph, self._cypher, self._embedder, self._owner)
        self.identity = self._graph.place

    def __repr__(self) -> str:
        return f"GraphitiAdapter({self.identity!r})"

    def __enter__(self) -> "GraphitiAdapter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the graph, so that another process can open it."""
        self._writer.forget()
        self._graph.close()

    def remarks(self) -> Sequence[str]:
        """A note if the default file is used because no graph is named (perhaps a variable is misspelt); after reading,
        the records that were left out because they are not facts."""
        variables = " or ".join(self.features.env_vars["uri"])
        default = f"no graph is named by path, uri, {variables}, so memctl's own file is used: {self.identity}"
        default_note = (default,) if self._is_default else ()
        counts = {kind: sum(each[kind] for each in self._left_out.values()) for kind in self._cypher.left_out}
        counted_kinds = [f"{number} {kind}" for kind, number in counts.items() if number]
        if not counted_kinds:
            return default_note
        how = "; memctl ingest reads episodes" if counts["episodes"] else ""
        return (
            *default_note,
            f"{' and '.join(counted_kinds)} are left out, because they are not facts{how}",
        )

    def check_writable(self) -> None:
        """Raise UsageError for FalkorDB."""
        if self._graph.falkor is not None:
            raise UsageError(
                "graphs in FalkorDB are read-only",
                where=self.identity,
                hint="write to an embedded graph or a Neo4j server",
            )

    def initialized(self) -> bool:
        """Whether the graph exists."""
        return self._graph.exists()

    def init(self) -> list[str]:
        """Create the graph and its search indices; returns a line that says what was created."""
        self.check_writable()
        return [f"graph {self.identity}"] if self._graph.make() else []

    def check(self) -> Health:
        """Open the graph; the detail has the number of facts."""
        kind = self._cypher.__name__
        if not self._graph.exists():
            return Health(ok=True, detail=f"{self.identity}: no graph yet: memctl backends init graphiti")
        owners = self._owners()
        found = f"{count(sum(owners.values()), 'fact')} in {count(len(owners), 'group')}"
        return Health(ok=True, detail=f"{self.identity}: {kind}, {found}")

    def users(self) -> Iterator[str]:
        """Every user that owns a fact, in alphabetical order.

        Raises UsageError if the default group has facts and no default user is set.
        """
        owners = self._owners()
        return self._named(owners, f"{owners.get('')} facts")

    def count(self, user: str) -> int | None:
        """The number of the user's facts."""
        return len(self._uuids(user))

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts by uuid, edges before summaries; the cursor is the last one read.

        All uuids are listed first, so that writes during the reading cause no gaps and no repetitions.
        """
        if cursor is None:
            scope = {"groups": self._groups(user), "own": [import_episode(group) for group in self._groups(user)]}
            self._left_out[user] = {
                kind: sum(row["number"] for row in self._graph.run(query, **scope))
                for kind, query in self._cypher.left_out.items()
            }
        uuids = [key for key in self._uuids(user) if cursor is None or key > _key(cursor)]
        while True:
            keys, uuids = uuids[: self._page_size], uuids[self._page_size :]
            facts = [to_fact(record, user) for record in self._records(keys)]
            recent = [fact for fact in facts if since is None or (at := _changed(fact)) is None or at >= since]
            yield Page(tuple(recent), ":".join(keys[-1]) if uuids else None)
            if not uuids:
                return

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim; the graph is created if it does not exist."""
        self.check_writable()
        if facts:
            self._graph.make()
        return self._writer.write(facts)

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user, and entities that no other fact is about; returns the number of facts that
        existed."""
        self.check_writable()
        wanted = set(ids)
        if not wanted:
            return 0
        records: dict[UUID, Edge | Node] = {}
        by_id = [(kind, str(id_)) for id_ in wanted for kind in ("edge", "node")]
        # A record by memctl usually has the fact's id as uuid; for other records the id is derived from the uuid.
        for keys in (by_id, self._uuids(user)):
            for start in range(0, len(keys), self._page_size):
                if len(records) == len(wanted):
                    break
                for record in self._records(keys[start : start + self._page_size]):
                    if self._owner(record.group) == user and (id_ := to_fact(record, user).id) in wanted:
                        records[id_] = record
        if records:
            self._graph.index()
            self._writer.delete(list(records.values()))
        return len(records)

    def everyone(self) -> Iterator[str]:
        """Every user with a fact, an entity or an episode, in alphabetical order; raises what `users` does."""
        groups = {row["group_id"] or "" for query in self._cypher.groups for row in self._graph.run(query)}
        return self._named(groups, "records")

    def inventory(self, user: str) -> Mapping[str, int]:
        """The number of the user's other records, by Graphiti's names."""
        if not self._graph.exists():
            return {}
        groups = self._groups(user)
        names = {"Entity": "entities", "Episodic": "episodes", "Community": "communities", "Saga": "sagas"}
        return {
            names[label]: sum(row["number"] for row in self._graph.run(query, groups=groups))
            for label, query in self._cypher.counted.items()
        }

    def forget(self, user: str) -> Sequence[str]:
        """Remove the groups of the user with all their records. An embedded graph's file is rewritten, because Kuzu
        leaves deleted records in its pages."""
        self.check_writable()
        if not self._graph.exists():
            return ()
        exists = any(self.inventory(user).values()) or bool(self._uuids(user))
        if exists:
            self._writer.forget()
            self._graph.want_rebuild()
            self._graph.index()
            for query in self._cypher.drop_groups:
                self._graph.run_all([Statement(query, {"groups": self._groups(user)})])
        # This is also needed if an earlier memctl was killed before it rewrote the file.
        self._graph.rebuild()
        return [_PAGES] if exists and not self._graph.embedded else []

    def search(self, query: Query) -> list[Hit]:
        """The best facts, best first, by words and, if there is an embedder, by meaning; in FalkorDB by words."""
        if self._graph.falkor is not None:
            users = [query.user] if query.user is not None else list(self.users())
            facts = [fact for user in users for page in self.read(user) for fact in page.facts]
            return search.by_words(facts, query)
        vector = self._vector(query.text)
        groups = None if query.user is None else self._groups(query.user)
        request = search.Search(query.text, vector, groups, query.as_of)
        return search.find(self._graph, self._cypher, request, query.k, self._fact)

    def conversations(self, user: str) -> Iterator[Conversation]:
        """The user's episodes: a conversation per saga, and one per source for the others."""
        return episodes.conversations(self._graph, self._cypher, self._groups(user))

    def add(self, user: str, turns: Iterable[Any]) -> NoReturn:
        """Always raises UsageError: Graphiti's extraction needs a model that memctl does not run."""
        raise UsageError(
            "graphiti extracts facts with a language model that your own program configures",
            hint="memctl ingest reads transcripts into the local store, memctl migrate --to graphiti moves the facts",
        )

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Writes can be read at once."""

    def _owner(self, group: str) -> str:
        return user_of(group) if group else self._default_user or ""

    def _named(self, groups: Iterable[str], what: str) -> Iterator[str]:
        """The users of the groups; `what` is in the default group, if that is among them."""
        group_ids = set(groups)
        if "" in group_ids and self._default_user is None:
            raise UsageError(
                f"{what} are in Graphiti's default group, which names no user",
                where=self.identity,
                hint="set default_user to their owner",
            )
        return iter(sorted({self._owner(group) for group in group_ids}))

    def _groups(self, user: str) -> list[str]:
        return groups_of(user) + ([""] if user == self._default_user else [])

    def _owners(self) -> dict[str, int]:
        """The number of facts in each group."""
        owners: dict[str, int] = {}
        for query in (self._cypher.edge_groups, self._cypher.summary_groups):
            for row in self._graph.run(query):
                group = row["group_id"] or ""
                owners[group] = owners.get(group, 0) + row["facts"]
        return owners

    def _uuids(self, user: str) -> list[tuple[str, str]]:
        """The kind and uuid of each of the user's records, in order."""
        kinds = (("edge", self._cypher.edge_uuids), ("node", self._cypher.summary_uuids))
        return sorted(
            (kind, row["uuid"]) for kind, query in kinds for row in self._graph.run(query, groups=self._groups(user))
        )

    def _records(self, keys: Sequence[tuple[str, str]]) -> list[Edge | Node]:
        """The records with these keys, in order, without deleted ones."""
        edges = [uuid for kind, uuid in keys if kind == "edge"]
        nodes = [uuid for kind, uuid in keys if kind == "node"]
        records: dict[tuple[str, str], Edge | Node] = {}
        for row in self._graph.run(self._cypher.edges_by_uuid, uuids=edges) if edges else ():
            records["edge", row["uuid"]] = self._cypher.edge(row)
        for row in self._graph.run(self._cypher.nodes_by_uuid, uuids=nodes) if nodes else ():
            if row["summary"]:
                records["node", row["uuid"]] = self._cypher.node(row)
        return [records[key] for key in keys if key in records]

    def _fact(self, record: Edge | Node) -> Fact | None:
        if isinstance(record, Node) and not record.summary:
            return None
        return to_fact(record, self._owner(record.group))

    def _vector(self, query: str) -> Sequence[float] | None:
        """The query's vector; None without a model, for a text without words that the model knows, and if the graph's
        vectors are of another model."""
        if self._embedder is None or not query.strip():
            return None
        rows = self._graph.run(self._cypher.dimensions)
        if not rows:
            return None
        vector = [float(x) for x in self._embedder.embed_one(query)]
        return vector if any(vector) and len(vector) == rows[0]["size"] else None


def _changed(fact: Fact) -> datetime | None:
    """When the graph last changed the fact, if it is known."""
    return max((at for at in (fact.created_at, fact.updated_at, fact.expired_at) if at), default=None)


def _key(cursor: str) -> tuple[str, str]:
    kind, _, uuid = cursor.partition(":")
    if kind not in ("edge", "node") or not uuid:
        raise UsageError(f"{cursor!r} is not a cursor of this backend", hint="read from the start")
    return kind, uuid
