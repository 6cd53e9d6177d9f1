"""Dumps of a Graphiti graph: its edges and nodes as JSON, read as facts. No SDK is needed.

Supported are the output of graphiti-core's models and of its MCP server ({"nodes": […], "edges": […]},
{"facts": […]}, a list of records, or one record per line; graphiti_core/edges.py, nodes.py) and that of Neo4j's
`apoc.export.json`.
"""

import json
import re
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from memctl.core.errors import Rejected
from memctl.core.fact import Fact
from memctl_graphiti.cypher import time_of
from memctl_graphiti.mapping import Edge, Node, in_order, to_fact, user_of

# The library has no types.
ijson: Any = import_module("ijson")

_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_LISTS = ("edges", "facts", "nodes")
_LOOKED_AT = 1000
"""The first edge or node of a dump must be among this many records: Neo4j's dumps begin with other nodes."""
_OWN = {
    "uuid", "source_node_uuid", "target_node_uuid", "name", "fact", "group_id", "episodes", "created_at", "expired_at",
    "valid_at", "invalid_at", "reference_time", "fact_embedding", "source_uuid", "target_uuid", "summary", "labels",
    "name_embedding",
}  # fmt: skip


class _Record(NamedTuple):
    """A record of the dump and its place."""

    where: str
    fields: Mapping[str, Any]


class _Entity(NamedTuple):
    """The name and uuid of a node at an end of an edge."""

    name: str | None = None
    labels: tuple[str, ...] = ()


class GraphitiDump:
    """A dump of edges and nodes."""

    name = "Graphiti dump"
    remarks: Sequence[str] = ("a Graphiti dump's edges and nodes are imported; its episodes are not",)

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether the file's first records include an edge or a node with Graphiti's `group_id`."""
        if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
            return False
        try:
            with closing(_records(path)) as records:
                return any(
                    "group_id" in record.fields and _kind(record.fields) is not None
                    for record in islice(records, _LOOKED_AT)
                )
        except (ValueError, ijson.JSONError, OSError, RecursionError):
            return False

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        """The facts of the dump, with Rejected in place of an invalid record.

        `default_user` owns the records of Graphiti's default group.
        """
        try:
            entities = {
                str(record.fields.get("uuid")): _Entity(_text(record.fields.get("name")), _labels(record.fields))
                for record in _records(path)
                if _kind(record.fields) == "node"
            }
            for record in _records(path):
                kind = _kind(record.fields)
                if kind == "edge" or (kind == "node" and record.fields.get("summary")):
                    yield _fact(record, kind, entities, default_user)
        except (ValueError, ijson.JSONError) as error:
            yield Rejected(f"the rest of the file is not valid JSON: {error}", where=path.name)


def _fact(record: _Record, kind: str, entities: Mapping[str, _Entity], default_user: str | None) -> Fact | Rejected:
    fields = record.fields
    group = fields.get("group_id")
    user = user_of(group) if isinstance(group, str) and group not in ("", "_") else default_user
    if user is None:
        return Rejected(
            "the default group names no user",
            where=record.where,
            hint="set default_user in the settings under [backends.NAME]",
        )
    try:
        if kind == "node":
            return to_fact(_node(fields), user)
        ends = [entities.get(str(fields.get(f"{end}_node_uuid")), _Entity()) for end in ("source", "target")]
        fact = to_fact(_edge(fields, *ends), user)
        unnamed = {
            field: None
            for field, end in zip(("subject", "object"), ends, strict=True)
            if end.name is None and getattr(fact, field) == ""
        }
        return msgspec.structs.replace(fact, **unnamed) if unnamed else fact
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        return Rejected(f"not a valid {kind} of Graphiti: {error}", where=record.where)


def _edge(fields: Mapping[str, Any], source: _Entity, target: _Entity) -> Edge:
    vector = fields.get("fact_embedding")
    return Edge(
        uuid=_needed(fields, "uuid"),
        group=fields.get("group_id") or "",
        name=_text(fields.get("name")) or "",
        fact=_needed(fields, "fact"),
        source=source.name or "",
        target=target.name or "",
        source_uuid=str(fields.get("source_node_uuid") or ""),
        target_uuid=str(fields.get("target_node_uuid") or ""),
        source_labels=source.labels,
        target_labels=target.labels,
        created_at=time_of(fields.get("created_at")),
        valid_at=time_of(fields.get("valid_at")),
        invalid_at=time_of(fields.get("invalid_at")),
        expired_at=time_of(fields.get("expired_at")),
        reference_time=time_of(fields.get("reference_time")),
        episodes=tuple(map(str, fields.get("episodes") or ())),
        attributes=_attributes(fields),
        vector=tuple(map(float, vector)) if vector else None,
    )


def _node(fields: Mapping[str, Any]) -> Node:
    return Node(
        uuid=_needed(fields, "uuid"),
        group=fields.get("group_id") or "",
        name=_text(fields.get("name")) or "",
        summary=_needed(fields, "summary"),
        labels=_labels(fields),
        created_at=time_of(fields.get("created_at")),
        attributes=_attributes(fields),
    )


def _attributes(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a record: the field of that name in a dump of models, the other properties in one of a
    database."""
    attributes = fields.get("attributes")
    if isinstance(attributes, str):
        attributes = json.loads(attributes or "{}")
    if isinstance(attributes, dict):
        return attributes
    return {name: value for name, value in fields.items() if name not in _OWN and value is not None}


def _kind(fields: Mapping[str, Any]) -> str | None:
    if "fact" in fields and ("source_node_uuid" in fields or "target_node_uuid" in fields):
        return "edge"
    if "uuid" in fields and "name" in fields and "summary" in fields and "content" not in fields:
        return "node"
    return None


def _labels(fields: Mapping[str, Any]) -> tuple[str, ...]:
    labels = fields.get("labels")
    return in_order(labels if isinstance(labels, list) else ())


def _needed(fields: Mapping[str, Any], name: str) -> str:
    value = fields.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{name} is not a text")
    return value


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _records(path: Path) -> Generator[_Record, None, None]:
    """Every edge and node of the dump, in any of its layouts."""
    with path.open("rb") as file:
        start = file.read(3)
        skipped = 3 if start == b"\xef\xbb\xbf" else 0
        file.seek(skipped)
        lines = _in_lines(file.readline())
        file.seek(skipped)
        if lines:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _unwrapped(_Record(f"line {number}", _object(json.loads(line))))
            return
        # The lists of an object in any order, else one list.
        counts = dict.fromkeys((*(f"{name}.item" for name in _LISTS), "item"), 0)
        for prefix, value in _items(file, tuple(counts)):
            counts[prefix] += 1
            place = prefix.removesuffix(".item") if prefix != "item" else "record"
            yield _unwrapped(_Record(f"{place} {counts[prefix]}", _object(value)))


def _in_lines(first: bytes) -> bool:
    """Whether each line is a record: the first one is complete, and neither a list nor an object of lists."""
    try:
        value = json.loads(first)
    except ValueError:
        return False
    return isinstance(value, dict) and not any(isinstance(value.get(name), list) for name in _LISTS)


def _items(file: Any, prefixes: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """The values under the prefixes, in the order of the file."""
    builder: Any = None
    depth = 0
    under = ""
    for prefix, event, value in ijson.parse(file, use_float=True):
        if builder is None:
            if prefix not in prefixes or event in ("end_map", "end_array"):
                continue
            builder, under, depth = ijson.ObjectBuilder(), prefix, 0
        builder.event(event, value)
        depth += {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}.get(event, 0)
        if depth == 0:
            yield under, builder.value
            builder = None


def _object(value: Any) -> Mapping[str, Any]:
    """The record with its fields in snake case, as Graphiti names them; nested fields are not changed."""
    return {_HUMP.sub("_", name).lower(): inner for name, inner in value.items()} if isinstance(value, dict) else {}


def _unwrapped(record: _Record) -> _Record:
    """The record without the wrapping of Neo4j's export: its properties, and the nodes at a relationship's ends."""
    properties = record.fields.get("properties")
    if not isinstance(properties, dict) or record.fields.get("type") not in ("node", "relationship"):
        return record
    if record.fields["type"] == "node":
        labels = record.fields.get("labels") or []
        fields = {"summary": None, **properties, "labels": labels} if "Entity" in labels else {}
        return _Record(record.where, fields)
    ends = {}
    for end, side in (("source", "start"), ("target", "end")):
        uuid = _object(_object(record.fields.get(side)).get("properties")).get("uuid")
        # The export does not always contain the nodes' properties; graphiti-core also stores their uuids in the edge.
        ends[f"{end}_node_uuid"] = uuid or properties.get(f"{end}_node_uuid") or properties.get(f"{end}_uuid")
    return _Record(record.where, {**properties, **ends})
