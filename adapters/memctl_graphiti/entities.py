"""The entities of a graph as a writer knows them: each name once in a group, and who is mentioned by the import.

An entity that only one episode mentions is deleted when Graphiti removes that episode, with all that hangs on it. So
every entity of facts that memctl wrote is mentioned by one import episode of its group as well.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from memctl.core.fact import derive_id
from memctl_graphiti.cypher import Dialect
from memctl_graphiti.graph import Graph
from memctl_graphiti.mapping import SYSTEM, Node, entity_uuid

EPISODE = "memctl import"
_CONTENT = (
    "Facts brought here by memctl. It mentions their entities, so that the removal of another episode keeps them."
)


def import_episode(group: str) -> str:
    """The uuid of the episode that mentions the entities of what memctl wrote into a group."""
    return str(derive_id(SYSTEM, "import", group))


class Entities:
    """The entities of the groups that were loaded, with what is to be made and changed among them."""

    def __init__(self, graph: Graph, dialect: Dialect) -> None:
        self._graph = graph
        self._cypher = dialect
        self._loaded: set[str] = set()
        self._by_uuid: dict[str, Node] = {}
        self._by_name: dict[tuple[str, str], list[str]] = {}
        self._elsewhere: set[str] = set()
        self._mentioned: set[str] = set()
        self._episodes: set[str] = set()
        self._used: dict[str, Node] = {}
        self.made: dict[str, Node] = {}
        self.changed: dict[str, Node] = {}

    def load(self, groups: Iterable[str], wanted: Iterable[str]) -> None:
        """Know every entity of the groups, and of the uuids wanted those that another group has."""
        new = [group for group in groups if group not in self._loaded]
        if new:
            for row in self._graph.run(self._cypher.nodes_of_groups, groups=new):
                self._know(self._cypher.node(row))
            for row in self._graph.run(self._cypher.mentioned, uuids=[import_episode(group) for group in new]):
                self._mentioned.add(row["uuid"])
            self._loaded.update(new)
        unknown = [uuid for uuid in wanted if uuid not in self._by_uuid]
        for row in self._graph.run(self._cypher.nodes_by_uuid, uuids=unknown) if unknown else ():
            self._elsewhere.add(row["uuid"])

    def use(self, wanted: Node) -> Node:
        """The entity of that uuid, else of that name, else a new one; it will be mentioned."""
        found = self._by_uuid.get(wanted.uuid)
        if found is None or (found.group, found.name) != (wanted.group, wanted.name):
            named = self._by_name.get((wanted.group, wanted.name))
            found = self._by_uuid[named[0]] if named else self.put(self._free(wanted))
        self._used[found.uuid] = found
        return found

    def bare(self, wanted: Node) -> Node | None:
        """The entity of that uuid or name if it has no summary yet, else a new one; None when it has one."""
        named = self._by_name.get((wanted.group, wanted.name), [])
        if not named:
            return self._free(wanted)
        order = sorted(named, key=lambda uuid: uuid != wanted.uuid)
        return next((self._by_uuid[uuid] for uuid in order if not self._by_uuid[uuid].summary), None)

    def put(self, node: Node) -> Node:
        """Let the entity be made, or changed where it is there."""
        there = node.uuid in self._by_uuid and node.uuid not in self.made
        (self.changed if there else self.made)[node.uuid] = node
        self._used[node.uuid] = node
        return self._know(node)

    def known(self, uuid: str) -> Node:
        """The entity of that uuid, which must be in one of the groups loaded."""
        return self._by_uuid[uuid]

    def mentions(self, now: datetime) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Rows for the import episodes and the mentions that are missing, of all entities used."""
        missing = [node for node in self._used.values() if node.uuid not in self._mentioned]
        episodes = [
            {
                "uuid": import_episode(group),
                "name": EPISODE,
                "group_id": group,
                "created_at": now,
                "source": "text",
                "description": EPISODE,
                "content": _CONTENT,
            }
            for group in dict.fromkeys(node.group for node in missing)
        ]
        mentions = [
            {
                "uuid": str(derive_id(SYSTEM, "mention", node.uuid)),
                "episode": import_episode(node.group),
                "node": node.uuid,
                "group_id": node.group,
                "created_at": now,
            }
            for node in missing
        ]
        return episodes, mentions

    def done(self) -> None:
        """What was to be made and changed is in the graph now."""
        self._mentioned.update(self._used)
        self._used, self.made, self.changed = {}, {}, {}

    def _know(self, node: Node) -> Node:
        if node.uuid not in self._by_uuid:
            self._by_name.setdefault((node.group, node.name), []).append(node.uuid)
        self._by_uuid[node.uuid] = node
        return node

    def _free(self, wanted: Node) -> Node:
        """The entity under a uuid that no other has: copied within one graph, its own is another group's."""
        taken = wanted.uuid in self._elsewhere or wanted.uuid in self._by_uuid
        return msgspec.structs.replace(wanted, uuid=entity_uuid(wanted.group, wanted.name)) if taken else wanted
