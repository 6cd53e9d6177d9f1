"""Writing facts into the graph verbatim: a batch is one transaction of a few statements.

graphiti-core's own `add_triplet` calls a model and may merge facts, and its bulk functions write into Kuzu row by row,
about 70 facts per second. The statements here create the same records.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from memctl.backends.contract import Embedder, Outcome
from memctl.core.errors import UsageError
from memctl.core.fact import Fact, encode
from memctl_graphiti.cypher import Dialect, Statement
from memctl_graphiti.entities import Entities, import_episode
from memctl_graphiti.graph import Graph
from memctl_graphiti.mapping import (
    Edge,
    Node,
    check,
    edge_from,
    ends_of,
    group_of,
    is_summary,
    native_uuid,
    node_from,
    node_of,
    to_fact,
    without_summary,
)

BATCH = 1000

Owner = Callable[[str], str]
"""The user of a group."""


class Writer:
    """Writes into one graph and caches its entities. Vectors are made by `embedder`, if there is one."""

    def __init__(self, graph: Graph, dialect: Dialect, embedder: Embedder | None, owner: Owner) -> None:
        self._graph = graph
        self._cypher = dialect
        self._embedder = embedder
        self._owner = owner
        self._measured = False
        self.forget()

    def forget(self) -> None:
        """Clear the cache, so that the next write reads the graph again."""
        self._entities = Entities(self._graph, self._cypher)
        self._carried: dict[UUID, str] | None = None

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts; one outcome per fact, in order. Of two facts with one id the later one is kept."""
        outcomes: list[Outcome] = []
        batch: dict[UUID, Fact] = {}
        for fact in facts:
            if fact.id in batch or len(batch) == BATCH:
                outcomes += self._batch(list(batch.values()))
                batch = {}
            batch[fact.id] = fact
        return outcomes + (self._batch(list(batch.values())) if batch else [])

    def delete(self, records: Sequence[Edge | Node]) -> None:
        """Remove edges and summaries of nodes, and entities that nothing refers to afterwards."""
        edges = [record for record in records if isinstance(record, Edge)]
        nodes = [record for record in records if isinstance(record, Node)]
        ends = {end: edge.group for edge in edges for end in (edge.source_uuid, edge.target_uuid)}
        ends |= {node.uuid: node.group for node in nodes}
        summaries = [self._cypher.node_row(without_summary(node), None) for node in nodes]
        statements = [
            Statement(self._cypher.drop_edges, {"uuids": [edge.uuid for edge in edges]}),
            Statement(self._cypher.set_summaries, {"rows": summaries}),
        ]
        self.forget()
        self._graph.run_all([statement for statement in statements if statement.says])
        self._clear(ends)

    def held(self, facts: Sequence[Fact]) -> dict[UUID, Edge | Node]:
        """The graph's records of the facts with these ids, of any owner."""
        if not facts:
            return {}
        uuids = {native_uuid(fact): fact.id for fact in facts}
        carried = self._carrying()
        entities = uuids | {carried[fact.id]: fact.id for fact in facts if fact.id in carried}
        records: dict[UUID, Edge | Node] = {}
        for row in self._graph.run(self._cypher.nodes_by_uuid, uuids=list(entities)):
            node = self._cypher.node(row)
            if node.summary and to_fact(node, self._owner(node.group)).id == entities[node.uuid]:
                records[entities[node.uuid]] = node
        for row in self._graph.run(self._cypher.edges_by_uuid, uuids=list(uuids)):
            edge = self._cypher.edge(row)
            records[uuids[edge.uuid]] = edge
        return records

    def _batch(self, facts: Sequence[Fact]) -> list[Outcome]:
        outcomes: dict[UUID, Outcome] = {}
        sound = []
        for fact in facts:
            try:
                check(fact)
                sound.append(fact)
            except ValueError as error:
                outcomes[fact.id] = Outcome(state="rejected", reason=str(error))
        records = self.held(sound)
        changed = []
        for fact in sound:
            record = records.get(fact.id)
            was = to_fact(record, self._owner(record.group)) if record is not None else None
            if record is None or was is None:
                changed.append(fact)
            elif was.user_id != fact.user_id:
                outcomes[fact.id] = Outcome(state="rejected", reason="the id belongs to another user's fact")
            elif encode(was) == encode(fact):
                outcomes[fact.id] = Outcome(state="unchanged", target_id=record.uuid)
            else:
                changed.append(fact)
        targets = self._commit(changed, records) if changed else {}
        for fact in changed:
            target = targets[fact.id]
            if fact.id in records:
                outcomes[fact.id] = Outcome(state="updated", target_id=target)
            else:
                outcomes[fact.id] = Outcome(state="written", target_id=target)
        return [outcomes[fact.id] for fact in facts]

    def _carrying(self) -> dict[UUID, str]:
        """The nodes with a summary by memctl, by the fact's id; such a node may be older than the summary."""
        if self._carried is None:
            nodes = map(self._cypher.node, self._graph.run(self._cypher.carrying_nodes))
            self._carried = {to_fact(node, self._owner(node.group)).id: node.uuid for node in nodes}
        return self._carried

    def _commit(self, facts: Sequence[Fact], records: dict[UUID, Edge | Node]) -> dict[UUID, str]:
        """Replace the stored records of the facts by new ones; returns the uuids of the new records."""
        now = datetime.now(UTC)
        old = [record for fact in facts if isinstance(record := records.get(fact.id), Edge)]
        try:
            edges, nodes = self._arrange(facts, records, now)
            self._graph.run_all([s for s in self._statements(list(edges.values()), old, now) if s.says])
        except BaseException:
            self.forget()
            raise
        self._entities.done()
        used = {end for edge in edges.values() for end in (edge.source_uuid, edge.target_uuid)}
        self._clear({end: e.group for e in old for end in (e.source_uuid, e.target_uuid) if end not in used})
        return {fact_id: edge.uuid for fact_id, edge in edges.items()} | nodes

    def _arrange(
        self, facts: Sequence[Fact], records: dict[UUID, Edge | Node], now: datetime
    ) -> tuple[dict[UUID, Edge], dict[UUID, str]]:
        """The edges of the facts, between existing or new entities, and the nodes that get a summary."""
        groups = {fact.id: records[fact.id].group if fact.id in records else group_of(fact.user_id) for fact in facts}
        ends = {fact.id: ends_of(fact, groups[fact.id], now) for fact in facts}
        uuids = [node.uuid for pair in ends.values() for node in pair]
        self._entities.load(set(groups.values()), uuids + [native_uuid(fact) for fact in facts])
        nodes: dict[UUID, str] = {}
        linked: list[Fact] = []
        for fact in facts:
            node = self._summary(fact, records.get(fact.id), groups[fact.id], now)
            if node is not None:
                nodes[fact.id] = self._carrying()[fact.id] = node.uuid
            else:
                self._carrying().pop(fact.id, None)
                linked.append(fact)
        edges = {}
        for fact, vector in zip(linked, self._vectors(linked), strict=True):
            source, target = (self._entities.use(end) for end in ends[fact.id])
            edges[fact.id] = edge_from(fact, source, target, now, vector)
        return edges, nodes

    def _summary(self, fact: Fact, was: Edge | Node | None, group: str, now: datetime) -> Node | None:
        """The entity that gets the fact as its summary; None if the fact is an edge."""
        onto: Node | None = None
        if isinstance(was, Node):
            onto = self._entities.put(without_summary(self._entities.known(was.uuid)))
        if not is_summary(fact):
            return None
        if onto is None or onto.name != fact.subject:
            onto = self._entities.bare(node_of(fact, group, now))
        return self._entities.put(node_from(fact, onto)) if onto is not None else None

    def _statements(self, edges: Sequence[Edge], old: Sequence[Edge], now: datetime) -> list[Statement]:
        created, changed = list(self._entities.made.values()), list(self._entities.changed.values())
        names = self._embed([node.name for node in created])
        episodes, mentions = self._entities.mentions(now)
        cypher = self._cypher
        return [
            Statement(cypher.drop_edges, {"uuids": [edge.uuid for edge in (*edges, *old)]}),
            *cypher.add_nodes([cypher.node_row(node, vector) for node, vector in zip(created, names, strict=True)]),
            Statement(cypher.set_summaries, {"rows": [cypher.node_row(node, None) for node in changed]}),
            *cypher.add_edges(edges),
            *cypher.add_episodes(episodes),
            Statement(cypher.add_mentions, {"rows": mentions}),
        ]

    def _clear(self, ends: dict[str, str]) -> None:
        """Remove those of the entities (with their groups) that only the import episode refers to.

        In a separate transaction: Kuzu crashes if the same one has changed their edges.
        """
        if not ends:
            return
        linked = {row["uuid"] for row in self._graph.run(self._cypher.linked, uuids=list(ends))}
        lonely = [uuid for uuid in ends if uuid not in linked]
        for row in self._graph.run(self._cypher.mentioners, uuids=lonely) if lonely else ():
            if row["episode"] != import_episode(ends[row["uuid"]]):
                linked.add(row["uuid"])
        lonely = [uuid for uuid in lonely if uuid not in linked]
        if not lonely:
            return
        self.forget()
        self._graph.run_all([Statement(self._cypher.drop_nodes, {"uuids": lonely})])
        imports = {import_episode(ends[uuid]) for uuid in lonely}
        used = {row["episode"] for row in self._graph.run(self._cypher.used_episodes, uuids=list(imports))}
        if imports - used:
            self._graph.run_all([Statement(self._cypher.drop_episodes, {"uuids": sorted(imports - used)})])

    def _vectors(self, facts: Sequence[Fact]) -> list[Sequence[float] | None]:
        """A vector for each text: the fact's own if it is of the embedder's model."""
        if self._embedder is None:
            return [None] * len(facts)
        name = self._embedder.name
        vectors_of_facts = [
            fact.embedding.vector if fact.embedding and fact.embedding.model == name else () for fact in facts
        ]
        computed = iter(
            self._embed([fact.text for fact, vector in zip(facts, vectors_of_facts, strict=True) if not any(vector)])
        )
        vectors = [vector if any(vector) else next(computed) for vector in vectors_of_facts]
        self._measure(vectors)
        return vectors

    def _embed(self, texts: Sequence[str]) -> list[Sequence[float] | None]:
        """A vector for each text; None without an embedder, and for a text that the model does not know."""
        if self._embedder is None or not texts:
            return [None] * len(texts)
        vectors = [tuple(float(x) for x in vector) for vector in self._embedder.embed(texts)]
        return [vector if any(vector) else None for vector in vectors]

    def _measure(self, vectors: Iterable[Sequence[float] | None]) -> None:
        """Raise UsageError if the graph's vectors have a different dimension, because then its search would fail."""
        size = next((len(vector) for vector in vectors if vector), None)
        if self._measured or size is None:
            return
        rows = self._graph.run(self._cypher.dimensions)
        if rows and rows[0]["size"] != size:
            raise UsageError(
                f"the graph's vectors have {rows[0]['size']} dimensions, the embedder's have {size}",
                where=self._graph.place,
                hint="set the graph's model with MEMCTL_EMBEDDER, or turn vectors off with embedder = false",
            )
        self._measured = True
