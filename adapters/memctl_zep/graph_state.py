"""What memctl knows of one user's graph while it writes to it: which facts are there, and which nodes.

Zep finds no edge by an attribute, so the graph is listed once and then kept in mind. Any doubt about what Zep took in,
such as a lost answer, makes it be listed anew.
"""

from typing import NamedTuple
from uuid import UUID

from memctl.core.errors import NotFound, Retryable
from memctl.core.fact import derive_id
from memctl_zep.client import Api, Record
from memctl_zep.mapping import SYSTEM, digest, node_fact, to_fact
from memctl_zep.users import Person


class Held(NamedTuple):
    """A fact as it stands in a graph: the edge, or the node of a summary, and the digest of its content."""

    uuid: str
    digest: bytes


class Batch(NamedTuple):
    """A call whose answer was lost: what was sent under which key, and the fact ids or node names that were in it."""

    kind: str
    payload: list[Record]
    key: str
    holds: tuple[UUID | str, ...]


class Graph:
    """One user's graph. `facts` and `nodes` are what is there, `summaries` the nodes' summaries,
    `stale` the edges of versions that were replaced, `doubtful` the calls of which nothing is known."""

    def __init__(self, api: Api, person: Person, *, new: bool) -> None:
        self._api = api
        self.person = person
        self.facts: dict[UUID, Held] = {}
        self.nodes: dict[str, str] = {}
        self.summaries: dict[UUID, Held] = {}
        self.stale: list[str] = []
        self.doubtful: list[Batch] = []
        self.generation = 0
        """How many changes of this graph Zep acknowledged: a part of the keys, so that no key is used twice."""
        self._own: str | None = None
        self.known = new
        """Whether what is held here is what the graph holds."""

    def ensure(self) -> None:
        """Make sure that what is known of the graph is so, by listing it unless that was done."""
        if self.known:
            return
        self.facts.clear()
        self.stale.clear()
        for edge in self._api.every(self._api.edges, self.person.graph):
            try:
                fact = to_fact(edge, self.person.owner)
            except ValueError:
                continue
            # The latest comes first: another one of the same id was left by an update that did not end.
            if fact.id in self.facts:
                self.stale.append(edge["uuid"])
            else:
                self.facts[fact.id] = Held(edge["uuid"], digest(fact))
        self.list_nodes()
        self.known = True

    def list_nodes(self) -> None:
        """Learn the nodes by name; of several that bear one name the first made is the one."""
        self.nodes.clear()
        self.summaries.clear()
        for node in self._api.every(self._api.nodes, self.person.graph):
            self.nodes.setdefault(str(node.get("name")), node["uuid"])
            self._note_summary(node)

    def forget(self) -> None:
        """Take nothing for known any more."""
        self.known = False

    def key(self, kind: str, holds: tuple[UUID | str, ...], digests: bytes, session: str) -> str:
        """The idempotency key of a call: the same for the same call sent again, another after anything was done."""
        parts = (session, self.person.graph, kind, str(self.generation), digests.hex(), *map(str, holds))
        return str(derive_id(SYSTEM, "key", *parts))

    @property
    def own(self) -> str:
        """The UUID of the node that stands for the user."""
        if self._own is None:
            try:
                self._own = str(self._api.own_node(self.person.uuid)["uuid"])
            except NotFound as error:
                raise Retryable("Zep has not made the node of a new user yet", where=error.where) from None
        return self._own

    def _note_summary(self, node: Record) -> None:
        try:
            summary = node_fact(node, self.person.owner)
        except ValueError:
            return
        if summary is not None:
            self.summaries[summary.id] = Held(node["uuid"], digest(summary))
