"""Write facts into graphs of Zep: verbatim, each once, and without loss if a crash occurs between two calls.

A changed fact becomes a new edge, because an edge's dates cannot be changed; the old edge is deleted once the new one
exists. A call whose response was lost is sent again unchanged, with its key, before anything else is sent to the graph.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from functools import partial
from hashlib import sha256
from uuid import UUID, uuid4

import msgspec

from memctl.backends.contract import Outcome, count
from memctl.core.errors import Fatal, MemctlError, Retryable
from memctl.core.fact import Fact
from memctl_zep.client import MOST, Api, Record
from memctl_zep.graph_state import Batch, Graph, Held
from memctl_zep.mapping import Draft, digest, from_fact
from memctl_zep.tasks import Tasks
from memctl_zep.users import People

PATIENCE = 30.0
"""Seconds to wait for a task that the next call depends on."""
MOST_GRAPHS = 64
"""The number of cached graphs."""
LARGEST_CALL = 1_000_000
"""The maximum bytes of edges in a call, unless a single edge is larger."""


class Writer:
    """Writes to the graphs of one account, whose states it caches."""

    def __init__(self, api: Api, people: People, tasks: Tasks) -> None:
        self._api = api
        self._people = people
        self._tasks = tasks
        self._graphs: OrderedDict[str, Graph] = OrderedDict()
        self._session = uuid4().hex
        self._waited = False

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts; one outcome per fact, in order. Of two facts with one id the later one is kept."""
        outcomes: dict[int, Outcome] = {}
        owners: dict[str, dict[UUID, list[int]]] = {}
        for position, fact in enumerate(facts):
            owners.setdefault(fact.user_id, {}).setdefault(fact.id, []).append(position)
        for user, places in owners.items():
            results = self._write_to(user, [facts[positions[-1]] for positions in places.values()])
            for id_, positions in places.items():
                outcomes |= dict.fromkeys(positions, results[id_])
        return [outcomes[position] for position in range(len(facts))]

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user and wait until they are deleted; returns the number of facts that existed."""
        person = self._people.get(user)
        if person is None or not ids:
            return 0
        graph = self._graph(user)
        deleted = 0
        tasks: list[str | None] = []
        for id_ in dict.fromkeys(ids):
            stored, summary = graph.facts.get(id_), graph.summaries.get(id_)
            if stored is not None:
                tasks.append(self._drop(graph, stored.uuid))
                del graph.facts[id_]
            if summary is not None:
                self._api.forget_summary(person.graph, summary.uuid)
                del graph.summaries[id_]
            deleted += stored is not None or summary is not None
        if tasks:
            # Otherwise older versions that an interrupted update left would become visible now.
            tasks += self._clear(graph)
        self._tasks.wait(PATIENCE, tasks)
        return deleted

    def forget(self, user: str) -> None:
        """Discard the cached state of the user's graph."""
        self._graphs.pop(user, None)

    def _write_to(self, user: str, facts: Sequence[Fact]) -> dict[UUID, Outcome]:
        graph = self._graph(user, facts[0])
        outcomes: dict[UUID, Outcome] = {}
        recovered = self._recover(graph)
        send: list[Fact] = []
        for fact in facts:
            # A changed summary is an edge, and takes precedence over the node's own.
            stored = graph.facts.get(fact.id) or graph.summaries.get(fact.id)
            owner = self._other_owner(user, fact.id)
            if owner is not None:
                outcomes[fact.id] = Outcome(state="rejected", reason=f"the id {fact.id} belongs to another user's fact")
            elif stored is not None and stored.digest == digest(fact):
                outcomes[fact.id] = Outcome(
                    state="written" if fact.id in recovered else "unchanged", target_id=stored.uuid
                )
            else:
                send.append(fact)
        replaced = [stored.uuid for fact in send if (stored := graph.facts.get(fact.id)) is not None]
        for batch in self._calls(graph, send):
            outcomes |= self._add(graph, batch)
        graph.stale += replaced
        if graph.stale:
            self._replace(graph)
        return outcomes

    def _replace(self, graph: Graph) -> None:
        """Remove replaced edges, once their replacements exist."""
        try:
            self._tasks.wait(PATIENCE)
            self._tasks.wait(PATIENCE, self._clear(graph))
        except MemctlError:
            graph.forget()
            raise

    def _calls(self, graph: Graph, facts: Sequence[Fact]) -> Iterator[list[tuple[Fact, Draft]]]:
        """The facts as drafts, in batches that fit in a call."""
        batch: list[tuple[Fact, Draft]] = []
        size = 0
        for fact in facts:
            draft = from_fact(fact, graph.person.names)
            length = len(msgspec.json.encode(draft.edge))
            if batch and (len(batch) == MOST or size + length > LARGEST_CALL):
                yield batch
                batch, size = [], 0
            batch.append((fact, draft))
            size += length
        if batch:
            yield batch

    def _add(self, graph: Graph, batch: Sequence[tuple[Fact, Draft]]) -> dict[UUID, Outcome]:
        """Add the edges of one call, and before them the missing nodes."""
        self._add_nodes(graph, [draft for _, draft in batch])
        edges = [
            {
                **draft.edge,
                "source_node": {"uuid": graph.nodes[draft.source] if draft.source is not None else graph.own},
                "target_node": {"uuid": graph.nodes[draft.target]},
            }
            for _, draft in batch
        ]
        answer = self._send(graph, "edges", edges, tuple(fact.id for fact, _ in batch))
        self._tasks.add(answer, f"store {count(len(edges), 'fact')} of {graph.person.user_id!r}")
        added = answer.get("edges") or ()
        if len(added) != len(edges):
            graph.forget()
            raise Fatal(f"Zep confirmed {len(added)} of {len(edges)} facts", where=self._api.host)
        outcomes: dict[UUID, Outcome] = {}
        for (fact, _), edge in zip(batch, added, strict=True):
            outcomes[fact.id] = Outcome(
                state="updated" if fact.id in graph.facts or fact.id in graph.summaries else "written",
                target_id=edge["uuid"],
            )
            graph.facts[fact.id] = Held(edge["uuid"], digest(fact))
        return outcomes

    def _add_nodes(self, graph: Graph, drafts: Sequence[Draft]) -> None:
        labels: dict[str, str] = {}
        names: dict[str, None] = {}
        for draft in drafts:
            labels |= draft.labels
            names |= dict.fromkeys(name for name in (draft.source, draft.target) if name is not None)
        missing = [name for name in names if name not in graph.nodes]
        for start in range(0, len(missing), MOST):
            some = missing[start : start + MOST]
            nodes = [{"name": name, **({"label": labels[name]} if name in labels else {})} for name in some]
            answer = self._send(graph, "nodes", nodes, tuple(some))
            self._wait_for_nodes(graph, self._tasks.add(answer, f"make {len(some)} nodes"))
            graph.nodes |= {node["name"]: node["uuid"] for node in answer.get("nodes") or ()}
            if any(name not in graph.nodes for name in some):
                graph.forget()
                raise Fatal("Zep did not return the nodes that it created", where=self._api.host)

    def _wait_for_nodes(self, graph: Graph, task: str | None) -> None:
        """Wait until the nodes exist, because an edge needs them."""
        try:
            self._tasks.wait(PATIENCE, [task])
        except MemctlError:
            graph.forget()
            raise

    def _send(self, graph: Graph, kind: str, payload: list[Record], holds: tuple[UUID | str, ...]) -> Record:
        key = graph.key(kind, holds, sha256(msgspec.json.encode(payload)).digest(), self._session)
        return self._call(graph, Batch(kind, payload, key, holds))

    def _call(self, graph: Graph, batch: Batch) -> Record:
        call = partial(self._api.add_edges if batch.kind == "edges" else self._api.add_nodes, graph.person.graph)
        try:
            answer = call(batch.payload, batch.key)
        except Retryable:
            graph.forget()
            if batch not in graph.doubtful:
                graph.doubtful.append(batch)
            raise
        except MemctlError:
            graph.forget()
            graph.doubtful = [other for other in graph.doubtful if other.key != batch.key]
            raise
        graph.doubtful = [other for other in graph.doubtful if other.key != batch.key]
        graph.generation += 1
        return answer

    def _recover(self, graph: Graph) -> set[UUID | str]:
        """Send calls again whose responses were lost and whose results are missing; returns the ids in all of them.

        For a known key, Zep repeats its response without repeating the work.
        """
        recovered = {name for batch in graph.doubtful for name in batch.holds}
        for batch in list(graph.doubtful):
            present = graph.facts if batch.kind == "edges" else graph.nodes
            if all(name in present for name in batch.holds):
                graph.doubtful.remove(batch)
                continue
            answer = self._call(graph, batch)
            self._tasks.add(answer, f"store {len(batch.holds)} {batch.kind}")
            graph.forget()
        self._know(graph)
        return recovered

    def _know(self, graph: Graph) -> None:
        """List the graph if its state is unknown, but only after Zep has finished the pending tasks."""
        if not graph.known:
            self._tasks.wait(PATIENCE)
            graph.ensure()

    def _graph(self, user: str, first: Fact | None = None) -> Graph:
        graph = self._graphs.pop(user, None)
        if graph is None:
            person, new = self._people.get_or_make(user, first)
            if not new and not self._waited:
                self._tasks.wait_for_others(PATIENCE)
                self._waited = True
            graph = Graph(self._api, person, new=new)
        while len(self._graphs) >= MOST_GRAPHS:
            oldest = next((name for name, other in self._graphs.items() if not other.doubtful), None)
            if oldest is None:
                break
            del self._graphs[oldest]
        self._graphs[user] = graph
        self._know(graph)
        return graph

    def _other_owner(self, user: str, id_: UUID) -> str | None:
        """Another user who owns a fact with that id, as far as this session has read; None if there is none."""
        return next((name for name, graph in self._graphs.items() if name != user and id_ in graph.facts), None)

    def _clear(self, graph: Graph) -> list[str | None]:
        """Remove the edges of replaced versions; returns the tasks."""
        tasks: list[str | None] = []
        while graph.stale:
            tasks.append(self._drop(graph, graph.stale[0]))
            graph.stale.pop(0)
        return tasks

    def _drop(self, graph: Graph, edge: str) -> str | None:
        try:
            answer = self._api.delete_edge(graph.person.graph, edge)
        except Retryable:
            graph.forget()
            raise
        graph.generation += 1
        return self._tasks.add(answer, "delete a fact")
