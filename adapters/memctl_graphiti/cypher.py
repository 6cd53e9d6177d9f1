"""Cypher for each kind of database: queries for the graph's records, and statements that change them.

Kuzu cannot index properties of edges, so graphiti-core stores an edge there as a node between two; attributes are
JSON in a column. Neo4j has edges, and attributes are properties next to graphiti-core's own. The shapes are those of
graphiti_core/driver/kuzu_driver.py (SCHEMA_QUERIES) and graphiti_core/models.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

from memctl_graphiti.mapping import Edge, Node, aware, in_order

_EDGE_PROPERTIES = {
    "uuid", "source_node_uuid", "target_node_uuid", "name", "fact", "group_id", "episodes", "created_at", "expired_at",
    "valid_at", "invalid_at", "reference_time", "fact_embedding", "source_uuid", "target_uuid",
}  # fmt: skip
_NODE_PROPERTIES = {"uuid", "name", "group_id", "summary", "created_at", "name_embedding", "labels"}
_EDGE_COLUMNS = (
    "e.uuid AS uuid, e.group_id AS group_id, e.name AS name, e.fact AS fact, e.episodes AS episodes, "
    "e.created_at AS created_at, e.expired_at AS expired_at, e.valid_at AS valid_at, e.invalid_at AS invalid_at, "
    "e.reference_time AS reference_time, e.fact_embedding AS vector, n.uuid AS source_uuid, n.name AS source, "
    "m.uuid AS target_uuid, m.name AS target, "
)
_NODE_COLUMNS = (
    "n.uuid AS uuid, n.group_id AS group_id, n.name AS name, n.summary AS summary, n.created_at AS created_at, "
)
_SUMMARIZED = "n.summary IS NOT NULL AND n.summary <> ''"


_ENTITIES = "MATCH (n:Entity) WHERE n.group_id IN $groups "


_WHOLE = ("Episodic", "Entity", "Community", "Saga")
"""The other kinds of records in a group, by graphiti-core's labels."""


class Statement(NamedTuple):
    """A statement that changes the graph; `rows` is the number of rows that it must return, if known.

    With `each`, the statement is run once for each of its rows.
    """

    query: str
    parameters: dict[str, Any]
    rows: int | None = None
    each: bool = False

    @property
    def says(self) -> bool:
        """False if the statement has no rows, and need not be run."""
        return all(self.parameters.values())


class Shared:
    """Queries that are the same in all databases."""

    summary_uuids = _ENTITIES + f"AND {_SUMMARIZED} RETURN n.uuid AS uuid"
    summary_groups = f"MATCH (n:Entity) WHERE {_SUMMARIZED} RETURN n.group_id AS group_id, count(*) AS facts"
    mentioned = "UNWIND $uuids AS u MATCH (:Episodic {uuid: u})-[:MENTIONS]->(n:Entity) RETURN n.uuid AS uuid"
    episodes = (
        "MATCH (p:Episodic) WHERE p.group_id IN $groups RETURN p.uuid AS uuid, p.group_id AS group_id, "
        "p.source AS source, p.source_description AS description, p.content AS content, p.valid_at AS valid_at, "
        "p.created_at AS created_at ORDER BY p.valid_at, p.created_at, p.uuid"
    )
    sagas = (
        "MATCH (s:Saga)-[:HAS_EPISODE]->(p:Episodic) WHERE p.group_id IN $groups "
        "RETURN s.uuid AS saga, s.name AS name, p.uuid AS uuid"
    )

    counted: ClassVar[dict[str, str]] = {
        label: f"MATCH (x:{label}) WHERE x.group_id IN $groups RETURN count(*) AS number" for label in _WHOLE
    }
    left_out: ClassVar[dict[str, str]] = {
        kind: f"MATCH (x:{label}) WHERE x.group_id IN $groups AND NOT x.uuid IN $own RETURN count(*) AS number"
        for kind, label in (("communities", "Community"), ("episodes", "Episodic"))
    }
    groups = tuple(f"MATCH (x:{label}) RETURN DISTINCT x.group_id AS group_id" for label in ("Entity", "Episodic"))

    add_mentions = (
        "UNWIND $rows AS r MATCH (p:Episodic {uuid: r.episode}) MATCH (n:Entity {uuid: r.node}) "
        "CREATE (p)-[:MENTIONS {uuid: r.uuid, group_id: r.group_id, created_at: r.created_at}]->(n)"
    )
    linked = (
        "UNWIND $uuids AS u MATCH (n:Entity {uuid: u}) WHERE (n.summary IS NOT NULL AND n.summary <> '') "
        "OR EXISTS { MATCH (n)-[:RELATES_TO]-(x) } RETURN n.uuid AS uuid"
    )
    mentioners = (
        "UNWIND $uuids AS u MATCH (p:Episodic)-[:MENTIONS]->(n:Entity {uuid: u}) "
        "RETURN n.uuid AS uuid, p.uuid AS episode"
    )
    used_episodes = (
        "UNWIND $uuids AS u MATCH (p:Episodic {uuid: u})-[:MENTIONS]->(:Entity) RETURN DISTINCT p.uuid AS episode"
    )
    drop_nodes = "UNWIND $uuids AS u MATCH (n:Entity {uuid: u}) DETACH DELETE n"
    drop_episodes = "UNWIND $uuids AS u MATCH (p:Episodic {uuid: u}) DETACH DELETE p"


class Kuzu(Shared):
    """Kuzu's tables.

    Its full-text index accepts one new record per statement: it loses the others, and crashes when one of them is
    removed. Indexed records are therefore created row by row.
    """

    _EDGES = "MATCH (n:Entity)-[:RELATES_TO]->(e:RelatesToNode_)-[:RELATES_TO]->(m:Entity) "
    _EDGE = _EDGE_COLUMNS + "n.labels AS source_labels, m.labels AS target_labels, e.attributes AS attributes"
    _NODE = _NODE_COLUMNS + "n.labels AS labels, n.attributes AS attributes"

    edges_by_uuid = (
        "UNWIND $uuids AS u "
        "MATCH (n:Entity)-[:RELATES_TO]->(e:RelatesToNode_ {uuid: u})-[:RELATES_TO]->(m:Entity) "
        f"RETURN {_EDGE}"
    )
    nodes_by_uuid = f"UNWIND $uuids AS u MATCH (n:Entity {{uuid: u}}) RETURN {_NODE}"
    nodes_of_groups = f"MATCH (n:Entity) WHERE n.group_id IN $groups RETURN {_NODE}"
    carrying_nodes = f"MATCH (n:Entity) WHERE {_SUMMARIZED} AND n.attributes CONTAINS '\"memctl\"' RETURN {_NODE}"
    edge_uuids = _EDGES + "WHERE e.group_id IN $groups RETURN e.uuid AS uuid"
    edge_groups = _EDGES + "RETURN e.group_id AS group_id, count(*) AS facts"
    dimensions = (
        "MATCH (e:RelatesToNode_) WHERE e.fact_embedding IS NOT NULL RETURN size(e.fact_embedding) AS size LIMIT 1"
    )
    by_words = (
        "CALL QUERY_FTS_INDEX('RelatesToNode_', 'edge_name_and_fact', cast($query AS STRING), TOP := $top) "
        "WITH node AS e, score WHERE <mine> RETURN e.uuid AS uuid, score ORDER BY score DESC, uuid LIMIT $limit"
    )
    nodes_by_words = (
        "CALL QUERY_FTS_INDEX('Entity', 'node_name_and_summary', cast($query AS STRING), TOP := $top) "
        f"WITH node AS n, score WHERE <mine> AND {_SUMMARIZED} "
        "RETURN n.uuid AS uuid, score ORDER BY score DESC, uuid LIMIT $limit"
    )

    by_meaning = (
        _EDGES + "WHERE <mine> AND e.fact_embedding IS NOT NULL "
        "WITH e, array_cosine_similarity(e.fact_embedding, CAST($vector AS FLOAT[<size>])) AS score WHERE score > 0 "
        "RETURN e.uuid AS uuid, score ORDER BY score DESC, uuid LIMIT $limit"
    )

    drop_edges = "UNWIND $uuids AS u MATCH (e:RelatesToNode_ {uuid: u}) DETACH DELETE e"
    set_summaries = (
        "UNWIND $rows AS r MATCH (n:Entity {uuid: r.uuid}) SET n.summary = r.summary, n.attributes = r.attributes"
    )
    _ADD_NODE = (
        "CREATE (:Entity {uuid: $uuid, name: $name, group_id: $group_id, labels: $labels, "
        "created_at: CAST($created_at AS TIMESTAMP), name_embedding: CAST($vector AS FLOAT[]), "
        "summary: $summary, attributes: $attributes})"
    )
    _ADD_EDGE = (
        "CREATE (:RelatesToNode_ {uuid: $uuid, group_id: $group_id, name: $name, fact: $fact, "
        "fact_embedding: CAST($vector AS FLOAT[]), episodes: CAST($episodes AS STRING[]), "
        "created_at: CAST($created_at AS TIMESTAMP), expired_at: CAST($expired_at AS TIMESTAMP), "
        "valid_at: CAST($valid_at AS TIMESTAMP), invalid_at: CAST($invalid_at AS TIMESTAMP), "
        "reference_time: CAST($reference_time AS TIMESTAMP), attributes: $attributes})"
    )
    _FROM_SOURCE = (
        "UNWIND $rows AS r MATCH (n:Entity {uuid: r.node}) MATCH (e:RelatesToNode_ {uuid: r.edge}) "
        "CREATE (n)-[:RELATES_TO]->(e) RETURN e.uuid AS uuid"
    )
    _TO_TARGET = (
        "UNWIND $rows AS r MATCH (n:Entity {uuid: r.node}) MATCH (e:RelatesToNode_ {uuid: r.edge}) "
        "CREATE (e)-[:RELATES_TO]->(n) RETURN e.uuid AS uuid"
    )
    _ADD_EPISODE = (
        "MERGE (p:Episodic {uuid: $uuid}) ON CREATE SET p.name = $name, p.group_id = $group_id, "
        "p.created_at = $created_at, p.valid_at = $created_at, p.source = $source, "
        "p.source_description = $description, p.content = $content, p.entity_edges = CAST([] AS STRING[])"
    )

    drop_groups = tuple(
        f"MATCH (x:{label}) WHERE x.group_id IN $groups DETACH DELETE x" for label in ("RelatesToNode_", *_WHOLE)
    )

    @classmethod
    def add_nodes(cls, rows: list[dict[str, Any]]) -> list[Statement]:
        """Create entities from rows of `node_row`."""
        return [Statement(cls._ADD_NODE, {"rows": rows}, each=True)]

    @classmethod
    def add_edges(cls, edges: Sequence[Edge]) -> list[Statement]:
        """Create edges between existing entities."""
        rows = [_edge_row(edge) | {"attributes": json.dumps(edge.attributes, ensure_ascii=False)} for edge in edges]
        sources = [{"edge": edge.uuid, "node": edge.source_uuid} for edge in edges]
        targets = [{"edge": edge.uuid, "node": edge.target_uuid} for edge in edges]
        return [
            Statement(cls._ADD_EDGE, {"rows": rows}, each=True),
            Statement(cls._FROM_SOURCE, {"rows": sources}, len(edges)),
            Statement(cls._TO_TARGET, {"rows": targets}, len(edges)),
        ]

    @classmethod
    def add_episodes(cls, rows: list[dict[str, Any]]) -> list[Statement]:
        """Create the episodes that do not exist."""
        return [Statement(cls._ADD_EPISODE, {"rows": rows}, each=True)]

    @staticmethod
    def edge(row: Mapping[str, Any]) -> Edge:
        """The edge in a row of `edges_by_uuid`."""
        return _edge(row, _loaded(row["attributes"]))

    @staticmethod
    def node(row: Mapping[str, Any]) -> Node:
        """The node in a row of `nodes_by_uuid` or `nodes_of_groups`."""
        return _node(row, _loaded(row["attributes"]))

    @staticmethod
    def node_row(node: Node, vector: Sequence[float] | None) -> dict[str, Any]:
        """The row of `add_nodes` and `set_summaries`."""
        return _node_row(node, vector) | {"attributes": json.dumps(node.attributes, ensure_ascii=False)}


class Neo4j(Shared):
    """Neo4j's labels and properties."""

    _EDGES = "MATCH (n:Entity)-[e:RELATES_TO]->(m:Entity) "
    _EDGE = _EDGE_COLUMNS + "labels(n) AS source_labels, labels(m) AS target_labels, properties(e) AS attributes"
    _NODE = _NODE_COLUMNS + "labels(n) AS labels, properties(n) AS attributes"

    edges_by_uuid = _EDGES + f"WHERE e.uuid IN $uuids RETURN {_EDGE}"
    nodes_by_uuid = f"MATCH (n:Entity) WHERE n.uuid IN $uuids RETURN {_NODE}"
    nodes_of_groups = f"MATCH (n:Entity) WHERE n.group_id IN $groups RETURN {_NODE}"
    carrying_nodes = f"MATCH (n:Entity) WHERE {_SUMMARIZED} AND n.memctl IS NOT NULL RETURN {_NODE}"
    edge_uuids = _EDGES + "WHERE e.group_id IN $groups RETURN e.uuid AS uuid"
    edge_groups = _EDGES + "RETURN e.group_id AS group_id, count(*) AS facts"
    by_words = (
        "CALL db.index.fulltext.queryRelationships('edge_name_and_fact', $query, {limit: $top}) "
        "YIELD relationship AS e, score WHERE <mine> "
        "RETURN e.uuid AS uuid, score ORDER BY score DESC, uuid LIMIT $limit"
    )
    nodes_by_words = (
        "CALL db.index.fulltext.queryNodes('node_name_and_summary', $query, {limit: $top}) YIELD node AS n, score "
        f"WHERE <mine> AND {_SUMMARIZED} RETURN n.uuid AS uuid, score ORDER BY score DESC, uuid LIMIT $limit"
    )
    by_meaning = (
        _EDGES + "WHERE <mine> AND e.fact_embedding IS NOT NULL "
        "WITH e, vector.similarity.cosine(e.fact_embedding, $vector) AS score "
        "RETURN e.uuid AS uuid, score ORDER BY score DESC, uuid LIMIT $limit"
    )
    dimensions = _EDGES + "WHERE e.fact_embedding IS NOT NULL RETURN size(e.fact_embedding) AS size LIMIT 1"

    drop_edges = "MATCH (:Entity)-[e:RELATES_TO]->(:Entity) WHERE e.uuid IN $uuids DELETE e"
    set_summaries = "UNWIND $rows AS r MATCH (n:Entity {uuid: r.uuid}) REMOVE n.memctl SET n += r.properties"
    _ADD_NODES = (
        "UNWIND $rows AS r MERGE (n:Entity {uuid: r.uuid}) SET n:$(r.labels) "
        "SET n = r.properties, n.name_embedding = r.vector"
    )
    _ADD_EDGES = (
        "UNWIND $rows AS r MATCH (a:Entity {uuid: r.source_uuid}) MATCH (b:Entity {uuid: r.target_uuid}) "
        "CREATE (a)-[e:RELATES_TO]->(b) SET e = r.properties, e.fact_embedding = r.vector RETURN e.uuid AS uuid"
    )
    _ADD_EPISODES = (
        "UNWIND $rows AS r MERGE (p:Episodic {uuid: r.uuid}) ON CREATE SET p.name = r.name, "
        "p.group_id = r.group_id, p.created_at = r.created_at, p.valid_at = r.created_at, p.source = r.source, "
        "p.source_description = r.description, p.content = r.content, p.entity_edges = []"
    )

    drop_groups = (
        "MATCH ()-[x]->() WHERE x.group_id IN $groups DELETE x",
        *(f"MATCH (x:{label}) WHERE x.group_id IN $groups DETACH DELETE x" for label in _WHOLE),
    )

    @classmethod
    def add_nodes(cls, rows: list[dict[str, Any]]) -> list[Statement]:
        """Create entities from rows of `node_row`."""
        return [Statement(cls._ADD_NODES, {"rows": rows})]

    @classmethod
    def add_edges(cls, edges: Sequence[Edge]) -> list[Statement]:
        """Create edges between existing entities."""
        return [Statement(cls._ADD_EDGES, {"rows": [_properties(edge) for edge in edges]}, len(edges))]

    @classmethod
    def add_episodes(cls, rows: list[dict[str, Any]]) -> list[Statement]:
        """Create the episodes that do not exist."""
        return [Statement(cls._ADD_EPISODES, {"rows": rows})]

    @staticmethod
    def edge(row: Mapping[str, Any]) -> Edge:
        """The edge in a row of `edges_by_uuid`."""
        return _edge(row, {name: v for name, v in row["attributes"].items() if name not in _EDGE_PROPERTIES})

    @staticmethod
    def node(row: Mapping[str, Any]) -> Node:
        """The node in a row of `nodes_by_uuid` or `nodes_of_groups`."""
        return _node(row, {name: v for name, v in row["attributes"].items() if name not in _NODE_PROPERTIES})

    @staticmethod
    def node_row(node: Node, vector: Sequence[float] | None) -> dict[str, Any]:
        """The row of `add_nodes` and `set_summaries`."""
        row = _node_row(node, vector)
        columns = {name: value for name, value in row.items() if name != "vector"}
        return row | {"properties": node.attributes | columns}


class Falkor(Neo4j):
    """FalkorDB, which is only read. Times are texts there."""


Dialect = type[Kuzu] | type[Neo4j]


def _edge(row: Mapping[str, Any], attributes: dict[str, Any]) -> Edge:
    vector = row["vector"]
    return Edge(
        uuid=row["uuid"],
        group=row["group_id"] or "",
        name=row["name"] or "",
        fact=row["fact"] or "",
        source=row["source"] or "",
        target=row["target"] or "",
        source_uuid=row["source_uuid"],
        target_uuid=row["target_uuid"],
        source_labels=in_order(row["source_labels"] or ()),
        target_labels=in_order(row["target_labels"] or ()),
        created_at=time_of(row["created_at"]),
        valid_at=time_of(row["valid_at"]),
        invalid_at=time_of(row["invalid_at"]),
        expired_at=time_of(row["expired_at"]),
        reference_time=time_of(row["reference_time"]),
        episodes=tuple(row["episodes"] or ()),
        attributes=attributes,
        vector=tuple(vector) if vector is not None else None,
    )


def _node(row: Mapping[str, Any], attributes: dict[str, Any]) -> Node:
    return Node(
        uuid=row["uuid"],
        group=row["group_id"] or "",
        name=row["name"] or "",
        summary=row["summary"] or "",
        labels=in_order(row["labels"] or ()),
        created_at=time_of(row["created_at"]),
        attributes=attributes,
    )


def _edge_row(edge: Edge) -> dict[str, Any]:
    return {
        "uuid": edge.uuid,
        "group_id": edge.group,
        "name": edge.name,
        "fact": edge.fact,
        "created_at": edge.created_at,
        "valid_at": edge.valid_at,
        "invalid_at": edge.invalid_at,
        "expired_at": edge.expired_at,
        "reference_time": edge.reference_time,
        "episodes": list(edge.episodes),
        "vector": list(edge.vector) if edge.vector is not None else None,
    }


def _properties(edge: Edge) -> dict[str, Any]:
    row = _edge_row(edge)
    vector = row.pop("vector")
    ends = {"source_node_uuid": edge.source_uuid, "target_node_uuid": edge.target_uuid}
    return {
        "source_uuid": edge.source_uuid,
        "target_uuid": edge.target_uuid,
        "properties": edge.attributes | row | ends,
        "vector": vector,
    }


def _node_row(node: Node, vector: Sequence[float] | None) -> dict[str, Any]:
    return {
        "uuid": node.uuid,
        "group_id": node.group,
        "name": node.name,
        "summary": node.summary,
        "labels": list(node.labels),
        "created_at": node.created_at,
        "vector": list(vector) if vector is not None else None,
    }


def _loaded(attributes: str | None) -> dict[str, Any]:
    try:
        value = json.loads(attributes or "{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def time_of(value: Any) -> datetime | None:
    """A time from a driver: a datetime, Neo4j's own type, or ISO 8601. Raises ValueError for any other value."""
    if value is None or isinstance(value, datetime):
        return aware(value)
    if isinstance(value, str):
        return aware(datetime.fromisoformat(value))
    if not hasattr(value, "to_native"):
        raise ValueError(f"not a time: {value!r}")
    return aware(value.to_native())
