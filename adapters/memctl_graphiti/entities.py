"""The entities of a graph during a write: one per name and group, each mentioned by an import episode.

When Graphiti removes an episode, it deletes the entities that only this episode mentions, with their edges. Every
entity of facts that memctl wrote is therefore also mentioned by one import episode of its group.
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
    """The uuid of the episode that mentions the entities of the facts that memctl wrote into a group."""
    return str(derive_id(SYSTEM, "import", group))


class Entities:
    """The entities of the groups that were loaded, with those to create and to change."""

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
        """Load every entity of the groups, and find which of the wanted uuids are in other groups."""
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
        """The entity with that uuid, else with that name, else a new one; it will be mentioned."""
        node = self._by_uuid.get(wanted.uuid)
        if node is None or (node.group, node.name) != (wanted.group, wanted.name):
            uuids = self._by_name.get((wanted.group, wanted.name))
            node = self._by_uuid[uuids[0]] if uuids else self.put(self._free(wanted))
        self._used[node.uuid] = node
        return node

    def bare(self, wanted: Node) -> Node | None:
        """The entity with that uuid or name that has no summary yet; a new one if there is none with the name; None if
        all have a summary."""
        uuids = self._by_name.get((wanted.group, wanted.name), [])
        if not uuids:
            return self._free(wanted)
        order = sorted(uuids, key=lambda uuid: uuid != wanted.uuid)
        return next((self._by_uuid[uuid] for uuid in order if not self._by_uuid[uuid].summary), None)

    def put(self, node: Node) -> Node:
        """Plan to create the entity, or to change it if it exists."""
        exists = node.uuid in self._by_uuid and node.uuid not in self.made
        (self.changed if exists else self.made)[node.uuid] = node
        self._used[node.uuid] = node
        return self._know(node)

    def known(self, uuid: str) -> Node:
        """The entity with that uuid, which must be in one of the loaded groups."""
        return self._by_uuid[uuid]

    def mentions(self, now: datetime) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Rows for the missing import episodes and mentions of all entities used."""
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
        """Record that all planned entities have been created and changed."""
        self._mentioned.update(self._used)
        self._used, self.made, self.changed = {}, {}, {}

    def _know(self, node: Node) -> Node:
        if node.uuid not in self._by_uuid:
            self._by_name.setdefault((node.group, node.name), []).append(node.uuid)
        self._by_uuid[node.uuid] = node
        return node

    def _free(self, wanted: Node) -> Node:
        """The entity with a unique uuid: if it was copied within one graph, its own is that of the original."""
        in_use = wanted.uuid in self._elsewhere or wanted.uuid in self._by_uuid
        return msgspec.structs.replace(wanted, uuid=entity_uuid(wanted.group, wanted.name)) if in_use else wanted
