"""The state of a user's graph during writes: its facts and nodes.

Zep cannot find an edge by an attribute, so the graph is listed once and cached. It is listed again whenever the result
of a call is unknown, for example after a lost response.
"""

from typing import NamedTuple
from uuid import UUID

from memctl.core.errors import NotFound, Retryable
from memctl.core.fact import derive_id
from memctl_zep.client import Api, Record
from memctl_zep.mapping import SYSTEM, digest, node_fact, to_fact
from memctl_zep.users import Person


class Held(NamedTuple):
    """A fact in a graph: its edge, or the node of a summary, and the digest of its content."""

    uuid: str
    digest: bytes


class Batch(NamedTuple):
    """A call whose response was lost: its key and content, and the fact ids or node names in it."""

    kind: str
    payload: list[Record]
    key: str
    holds: tuple[UUID | str, ...]


class Graph:
    """The graph of a user. `facts`, `nodes` and the nodes' `summaries` are those in Zep; `stale` has the edges of
    replaced versions, `doubtful` the calls with an unknown result."""

    def __init__(self, api: Api, person: Person, *, new: bool) -> None:
        self._api = api
        self.person = person
        self.facts: dict[UUID, Held] = {}
        self.nodes: dict[str, str] = {}
        self.summaries: dict[UUID, Held] = {}
        self.stale: list[str] = []
        self.doubtful: list[Batch] = []
        self.generation = 0
        """The number of confirmed changes of this graph. It is part of each key, so that no key is used twice."""
        self._own: str | None = None
        self.known = new
        """Whether this state equals the graph in Zep."""

    def ensure(self) -> None:
        """List the graph unless its state is known."""
        if self.known:
            return
        self.facts.clear()
        self.stale.clear()
        for edge in self._api.every(self._api.edges, self.person.graph):
            try:
                fact = to_fact(edge, self.person.owner)
            except ValueError:
                continue
            # The latest version comes first; an interrupted update leaves an older one with the same id.
            if fact.id in self.facts:
                self.stale.append(edge["uuid"])
            else:
                self.facts[fact.id] = Held(edge["uuid"], digest(fact))
        self.list_nodes()
        self.known = True

    def list_nodes(self) -> None:
        """List the nodes by name; of several with one name the oldest is used."""
        self.nodes.clear()
        self.summaries.clear()
        for node in self._api.every(self._api.nodes, self.person.graph):
            self.nodes.setdefault(str(node.get("name")), node["uuid"])
            self._note_summary(node)

    def forget(self) -> None:
        """Discard the state, so that the graph is listed again."""
        self.known = False

    def key(self, kind: str, holds: tuple[UUID | str, ...], digests: bytes, session: str) -> str:
        """The idempotency key of a call: equal if the call is sent again, different after any change."""
        parts = (session, self.person.graph, kind, str(self.generation), digests.hex(), *map(str, holds))
        return str(derive_id(SYSTEM, "key", *parts))

    @property
    def own(self) -> str:
        """The UUID of the node that represents the user."""
        if self._own is None:
            try:
                self._own = str(self._api.own_node(self.person.uuid)["uuid"])
            except NotFound as error:
                raise Retryable("Zep has not created the new user's node yet", where=error.where) from None
        return self._own

    def _note_summary(self, node: Record) -> None:
        try:
            summary = node_fact(node, self.person.owner)
        except ValueError:
            return
        if summary is not None:
            self.summaries[summary.id] = Held(node["uuid"], digest(summary))
