"""Facts as edges and nodes of a Graphiti graph, and back. No input or output.

An edge is source node -> name -> target node with a sentence, its times and its episodes; a node with a summary is a
fact about that node. Fields that Graphiti does not have are stored as JSON in the attribute `memctl`: those in which
the fact differs from the one that the record alone gives. Later edits in Graphiti take precedence.
"""

import hashlib
import json
import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from string import ascii_letters, digits
from typing import Any, TypeVar

import msgspec

from memctl.core.fact import Embedding, Fact, Source, derive_id, to_utc, unpack

SYSTEM = "graphiti"
PACKED = "memctl"
"""The attribute for fields that Graphiti does not have."""
NO_PREDICATE = "HAS_FACT"
SUMMARY_PREDICATE = "HAS_SUMMARY"
SHORT = 50
"""Characters of the name of a target node for a fact without an object."""

_PREFIX = "memctl-"
_PLAIN_GROUP = re.compile(r"[A-Za-z0-9_-]+")
_ESCAPED = re.compile(r"(?:[A-Za-z0-9-]|_[0-9a-f]{2})*")
_BYTE = re.compile(r"_([0-9a-f]{2})")
_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SLOTS = ("subject", "predicate", "object", "text", "created_at")
"""Fields for which the graph may have another value."""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """An entity of the graph. `summary` is empty if only the name is known."""

    uuid: str
    group: str
    name: str
    summary: str = ""
    labels: tuple[str, ...] = ()
    created_at: datetime | None = None
    attributes: dict[str, Any] = {}


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """A fact between two entities; `vector` is that of the sentence, in single precision."""

    uuid: str
    group: str
    name: str
    fact: str
    source: str
    target: str
    source_uuid: str
    target_uuid: str
    source_labels: tuple[str, ...] = ()
    target_labels: tuple[str, ...] = ()
    created_at: datetime | None = None
    valid_at: datetime | None = None
    invalid_at: datetime | None = None
    expired_at: datetime | None = None
    reference_time: datetime | None = None
    episodes: tuple[str, ...] = ()
    attributes: dict[str, Any] = {}
    vector: tuple[float, ...] | None = None


Record = TypeVar("Record", Edge, Node)


def group_of(user: str) -> str:
    """The group id of a user, unique per user. Graphiti allows only letters, digits, `-` and `_` in a group id; a user
    id with other characters is encoded: `memctl-`, then `_` and two hex digits for each other byte."""
    if _PLAIN_GROUP.fullmatch(user) and _user_in(user) is None:
        return user
    return _PREFIX + _escape(user)


def user_of(group: str) -> str:
    """The user of a group. The name of a group that memctl did not create is the user's name."""
    user = _user_in(group)
    return group if user is None else user


def groups_of(user: str) -> list[str]:
    """The groups that may have the user's facts: Graphiti stores, but does not search, group ids with other
    characters."""
    return list(dict.fromkeys((group_of(user), user))) if user and user_of(user) == user else [group_of(user)]


def _user_in(group: str) -> str | None:
    rest = group.removeprefix(_PREFIX)
    if rest == group or not _ESCAPED.fullmatch(rest):
        return None
    try:
        user = _BYTE.sub(lambda match: chr(int(match[1], 16)), rest).encode("latin-1").decode()
    except UnicodeDecodeError:
        return None
    plain = _PLAIN_GROUP.fullmatch(user) and _user_in(user) is None
    return None if plain or _escape(user) != rest else user


def _escape(user: str) -> str:
    allowed = ascii_letters + digits + "-"
    return "".join(chr(byte) if chr(byte) in allowed else f"_{byte:02x}" for byte in user.encode())


def to_fact(record: Edge | Node, user: str | None = None) -> Fact:
    """The fact in a record of the graph; `user` owns the records of Graphiti's default group."""
    user = user_of(record.group) if user is None else user
    packed = _unpacked(record.attributes)
    attributes = _plain(record.attributes, without=PACKED if packed is not None else None)
    bare = _of_edge(record, user, attributes) if isinstance(record, Edge) else _of_node(record, user, attributes)
    if packed is None:
        return bare
    fields, stands_for = packed
    for field, stood in stands_for.items():
        if field in _SLOTS and msgspec.to_builtins(getattr(bare, field)) != stood:
            fields.pop(field, None)
    fact = msgspec.structs.replace(bare, **fields)
    of = stands_for.get("embedding")
    if of is None:
        return fact
    if of["text"] != _digest(fact.text):
        return msgspec.structs.replace(fact, embedding=None)
    if "embedding" not in fields and isinstance(record, Edge) and record.vector is not None:
        return msgspec.structs.replace(fact, embedding=Embedding(model=of["model"], vector=record.vector))
    return fact


def _of_edge(edge: Edge, user: str, attributes: dict[str, Any]) -> Fact:
    nodes = {
        "source_node": _without_empty(uuid=edge.source_uuid, labels=list(edge.source_labels)),
        "target_node": _without_empty(uuid=edge.target_uuid, labels=list(edge.target_labels)),
    }
    return Fact(
        id=derive_id(SYSTEM, user, edge.uuid),
        user_id=user,
        kind="fact",
        text=edge.fact,
        subject=edge.source,
        predicate=edge.name,
        object=edge.target,
        valid_at=edge.valid_at,
        invalid_at=edge.invalid_at,
        created_at=edge.created_at,
        expired_at=edge.expired_at,
        source=Source(system=SYSTEM, id=edge.uuid, turns=edge.episodes),
        native=_without_empty(
            **nodes,
            reference_time=msgspec.to_builtins(edge.reference_time),
            attributes=attributes,
        ),
    )


def _of_node(node: Node, user: str, attributes: dict[str, Any]) -> Fact:
    return Fact(
        id=derive_id(SYSTEM, user, node.uuid),
        user_id=user,
        kind="summary",
        text=node.summary,
        subject=node.name,
        categories=tuple(label for label in node.labels if label != "Entity"),
        created_at=node.created_at,
        source=Source(system=SYSTEM, id=node.uuid),
        native=_without_empty(attributes=attributes),
    )


def _without_empty(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, [], {}, ())}


def _plain(attributes: Mapping[str, Any], without: str | None) -> dict[str, Any]:
    """The attributes without `memctl`; values that are not valid JSON become text, as in Graphiti itself."""
    return {name: json.loads(json.dumps(value, default=str)) for name, value in attributes.items() if name != without}


def _unpacked(attributes: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]] | None:
    """The fields that memctl packed, and the values of the graph that they replace; None if memctl did not write the
    record."""
    packed = attributes.get(PACKED)
    if not isinstance(packed, str):
        return None
    try:
        whole = json.loads(packed)
        return unpack(whole["fact"]), dict(whole["stands_for"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def native_uuid(fact: Fact) -> str:
    """The uuid of the fact's record: the original one for a fact from Graphiti, else its id."""
    native = fact.source.id
    if fact.source.system == SYSTEM and native and derive_id(SYSTEM, fact.user_id, native) == fact.id:
        return native
    return str(fact.id)


def check(fact: Fact) -> None:
    """Raise ValueError with the reason for a fact that a graph cannot store."""
    if fact.embedding is not None and not all(map(isfinite, fact.embedding.vector)):
        raise ValueError("the embedding has a value that is not finite")


def is_summary(fact: Fact) -> bool:
    """Whether the fact can be a node's summary: a summary of its subject and nothing else."""
    return fact.kind == "summary" and bool(fact.text and fact.subject) and fact.predicate is fact.object is None


def ends_of(fact: Fact, group: str, now: datetime) -> tuple[Node, Node]:
    """The entities at the ends of the fact's edge, as they would be created. An entity from Graphiti keeps its uuid;
    others have one derived from their name. A missing subject is the user, a missing object a short name for the text.
    """
    native = fact.native if fact.source.system == SYSTEM else {}
    names = (fact.subject or fact.user_id or "user", fact.object or short(fact.text))
    source, target = (
        _entity(group, name, _mapping(native.get(end)), now)
        for name, end in zip(names, ("source_node", "target_node"), strict=True)
    )
    return source, target


def _entity(group: str, name: str, native: Mapping[str, Any], now: datetime) -> Node:
    uuid, labels = native.get("uuid"), native.get("labels")
    return Node(
        uuid=uuid if isinstance(uuid, str) and uuid else entity_uuid(group, name),
        group=group,
        name=name,
        labels=in_order(labels if isinstance(labels, list) else []),
        created_at=now,
    )


def entity_uuid(group: str, name: str) -> str:
    """The uuid of an entity that memctl creates, always the same for a name and a group."""
    return str(derive_id(SYSTEM, "node", group, name))


def edge_from(fact: Fact, source: Node, target: Node, now: datetime, vector: Sequence[float] | None = None) -> Edge:
    """The edge of a fact between two existing entities; `now` replaces a missing `created_at`, `vector` is that of its
    text."""
    native = fact.native if fact.source.system == SYSTEM else {}
    edge = Edge(
        uuid=native_uuid(fact),
        group=source.group,
        name=fact.predicate or (SUMMARY_PREDICATE if fact.kind == "summary" else NO_PREDICATE),
        fact=fact.text,
        source=source.name,
        target=target.name,
        source_uuid=source.uuid,
        target_uuid=target.uuid,
        source_labels=source.labels,
        target_labels=target.labels,
        created_at=fact.created_at or now,
        valid_at=fact.valid_at,
        invalid_at=fact.invalid_at,
        expired_at=fact.expired_at,
        reference_time=_time(native.get("reference_time")),
        episodes=fact.source.turns if fact.source.system == SYSTEM else (),
        attributes=_storable(native.get("attributes")),
        vector=single(vector) if vector is not None else None,
    )
    return with_pack(edge, fact)


def node_of(fact: Fact, group: str, now: datetime) -> Node:
    """The entity that a fact with `is_summary` is about, as it would be created."""
    return Node(
        uuid=native_uuid(fact),
        group=group,
        name=fact.subject or "",
        labels=in_order(fact.categories),
        created_at=fact.created_at or now,
    )


def node_from(fact: Fact, onto: Node) -> Node:
    """The entity with the summary of a fact that `is_summary`."""
    native = fact.native if fact.source.system == SYSTEM else {}
    attributes = onto.attributes | _storable(native.get("attributes"))
    return with_pack(msgspec.structs.replace(onto, summary=fact.text, attributes=attributes), fact)


def with_pack(record: Record, fact: Fact) -> Record:
    """The record with the fields of the fact that it lacks packed in its attribute `memctl`."""
    attributes = {name: value for name, value in record.attributes.items() if name != PACKED}
    record = msgspec.structs.replace(record, attributes=attributes)
    bare = msgspec.to_builtins(to_fact(record, fact.user_id))
    values = msgspec.to_builtins(fact)
    differing = {name: value for name, value in values.items() if _json(value) != _json(bare[name])}
    stands_for: dict[str, Any] = {name: bare[name] for name in _SLOTS if name in differing}
    if fact.embedding is not None:
        stands_for["embedding"] = {"model": fact.embedding.model, "text": _digest(fact.text)}
        if isinstance(record, Edge) and record.vector is not None and record.vector == fact.embedding.vector:
            del differing["embedding"]
    if not differing and not stands_for:
        return record
    packed = json.dumps({"fact": differing, "stands_for": stands_for}, ensure_ascii=False)
    return msgspec.structs.replace(record, attributes={**attributes, PACKED: packed})


def without_summary(node: Node) -> Node:
    """The node as an entity known by name only."""
    attributes = {name: value for name, value in node.attributes.items() if name != PACKED}
    return msgspec.structs.replace(node, summary="", attributes=attributes)


def short(text: str) -> str:
    """A name of at most `SHORT` characters for a text: its first words."""
    words = " ".join(text.split())
    if len(words) <= SHORT:
        return words or "(nothing)"
    head = words[: SHORT - 1]
    return (head.rpartition(" ")[0] or head) + "…"


def single(vector: Sequence[float]) -> tuple[float, ...]:
    """The numbers in single precision, as a graph stores them."""
    return tuple(array("f", vector))


def aware(at: datetime | None) -> datetime | None:
    """The time in UTC; Kuzu's times are in UTC and have no zone."""
    if at is None:
        return None
    return to_utc(at.replace(tzinfo=UTC) if at.tzinfo is None else at)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def in_order(labels: Iterable[Any]) -> tuple[str, ...]:
    """Labels that Graphiti accepts (identifiers), sorted because a graph has no order: first `Entity`, which every
    entity has, then by name."""
    names = {label for label in labels if isinstance(label, str) and _LABEL.fullmatch(label)}
    return ("Entity", *sorted(names - {"Entity"}))


def _time(value: Any) -> datetime | None:
    try:
        return aware(datetime.fromisoformat(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _storable(attributes: Any) -> dict[str, Any]:
    """The attributes that every graph can store unchanged: single values, and lists of texts."""
    return {
        name: value
        for name, value in _mapping(attributes).items()
        if name != PACKED
        and (isinstance(value, str | bool | int | float) or (isinstance(value, list) and value and _texts(value)))
    }


def _texts(values: Sequence[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
