"""Facts as edges of a Zep graph, and back. No input or output; needs neither a network nor Zep's SDK.

An edge's own fields (fact, name, nodes, dates) are used as far as possible; the others are packed in one attribute.
Later edits in Zep take precedence over packed fields.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from memctl.core.fact import Fact, Source, derive_id, pack, to_utc, unpack

SYSTEM = "zep"
ID = "memctl_id"
"""The attribute for the fact's id."""
PACKED = "memctl"
"""The attribute for fields that an edge does not have, as JSON."""

LONGEST_FACT = 250
LONGEST_NAME = 50
MOST_ATTRIBUTES = 10
HAS_FACT = "HAS_FACT"
HAS_SUMMARY = "HAS_SUMMARY"
UNNAMED = "RELATES_TO"
"""The edge's name for a predicate without valid characters."""

EDGE_TIMES = ("valid_at", "invalid_at", "expired_at")
_PACKED_FIELDS = tuple(
    name for name in Fact.__struct_fields__ if name not in ("id", "user_id", "text", "embedding", *EDGE_TIMES)
)
_OWN_SLOTS = frozenset(
    ("uuid", "fact", "name", "source_node_name", "target_node_name", "created_at", "score", "relevance", *EDGE_TIMES)
)
_NODE_SLOTS = frozenset(("uuid", "name", "summary", "created_at", "score", "relevance"))
_EMPTY = "—"
EXACT_INTEGERS = 2**53
"""The largest integer that stays exact for JSON readers that make all numbers doubles (RFC 8259, 6)."""


class Owner(NamedTuple):
    """The owner of a graph: the user, and Zep's fields of the user for `native`."""

    user_id: str
    fields: Mapping[str, Any] = {}


class Draft(NamedTuple):
    """A fact as an edge without its nodes yet. `source` is a node's name, None for the user's own node."""

    edge: dict[str, Any]
    source: str | None
    target: str
    labels: dict[str, str]


def from_fact(fact: Fact, own: Collection[str] = ()) -> Draft:
    """The edge of a fact; `own` has the names of the user's own node, case-folded."""
    source = None if _is_own(fact, own) else node_name(fact.subject or "")
    slots = _slots(fact)
    fields = pack(fact, _PACKED_FIELDS)
    if slots["fact"] != fact.text:
        fields["text"] = fact.text
    for name in EDGE_TIMES:
        at = getattr(fact, name)
        if at is not None and at.microsecond:
            fields[name] = at.isoformat()
    packed = msgspec.json.encode({"own": source is None, "fact": fields}).decode()
    attributes = {**_own_attributes(fact), ID: str(fact.id), PACKED: packed}
    times = {name: rfc3339(at) for name in EDGE_TIMES if (at := getattr(fact, name)) is not None}
    edge = {"fact": slots["fact"], "fact_name": slots["name"], "attributes": attributes, **times}
    target = slots["target_node_name"]
    return Draft(edge, source, target, _labels(fact, source, target))


def to_fact(edge: Mapping[str, Any], owner: Owner) -> Fact:
    """The fact in an edge from Zep. Raises ValueError for an edge without a text, with an invalid date, or with half a
    surrogate pair."""
    attributes = edge.get("attributes") or {}
    carried = _carried(attributes)
    if carried is None:
        return _foreign(edge, owner)
    own, fields = carried
    text = fields.pop("text", None)
    if text is None or not _alike(fitted(text), edge.get("fact")):
        text = _text(edge)
    for name in EDGE_TIMES:
        fields[name] = _exact(fields.get(name), moment(edge.get(name)))
    fact = Fact(id=_id(edge), user_id=owner.user_id, text=text, **fields)
    return _edited(fact, edge, own=own)


def node_fact(node: Mapping[str, Any], owner: Owner) -> Fact | None:
    """The summary of a node as a fact about it; None if it has none. Raises ValueError as `to_fact` does."""
    summary = node.get("summary")
    if not isinstance(summary, str) or not summary.strip():
        return None
    native = _kept(node, _NODE_SLOTS)
    return Fact(
        id=_derived("node", node),
        user_id=owner.user_id,
        kind="summary",
        text=summary,
        subject=_word(node.get("name")),
        created_at=moment(node.get("created_at")),
        source=Source(system=SYSTEM, id=_word(node.get("uuid"))),
        native=native | ({"user": dict(owner.fields)} if owner.fields else {}),
    )


def digest(fact: Fact) -> bytes:
    """A digest of all fields except the vector, which Zep does not store, to distinguish versions of a fact."""
    record = msgspec.to_builtins(msgspec.structs.replace(fact, embedding=None))
    return sha256(msgspec.json.encode(record, order="sorted")).digest()


def fitted(text: str) -> str:
    """The text for an edge's `fact`: all of it if it fits, else its beginning."""
    if len(text) <= LONGEST_FACT and text == text.strip() and text and text == _printable(text):
        return text
    return _shortened(text, LONGEST_FACT) or _EMPTY


def node_name(name: str) -> str:
    """The name of a node; a long one is cut and made unique by a digest."""
    plain = " ".join(_printable(name).split())
    if len(plain) <= LONGEST_NAME:
        return plain or _EMPTY
    mark = sha256(name.encode()).hexdigest()[:6]
    return f"{_shortened(plain, LONGEST_NAME - 7)} {mark}"


def fact_name(predicate: str) -> str:
    """The predicate as an edge's name: `lives in` is LIVES_IN."""
    plain = unicodedata.normalize("NFKD", predicate).encode("ascii", "ignore").decode().upper()
    name = re.sub(r"[^A-Z0-9]+", "_", plain).strip("_").lstrip("0123456789_")
    return name[:LONGEST_NAME].rstrip("_") or UNNAMED


def rfc3339(at: datetime) -> str:
    """A time in Zep's format, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def moment(value: Any) -> datetime | None:
    """A time from Zep; one without a zone is in UTC. Raises ValueError if it is not valid."""
    if value in (None, ""):
        return None
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return to_utc(at if at.tzinfo else at.replace(tzinfo=UTC))


def _slots(fact: Fact) -> dict[str, str]:
    """The values of the edge's own fields for a fact, by the names with which they are read."""
    if fact.predicate:
        name = fact_name(fact.predicate)
    else:
        name = HAS_SUMMARY if fact.kind == "summary" else HAS_FACT
    return {"fact": fitted(fact.text), "name": name, "target_node_name": node_name(fact.object or fact.text)}


def _is_own(fact: Fact, own: Collection[str]) -> bool:
    return not fact.subject or fact.subject.casefold() in own or fact.subject.casefold() == fact.user_id.casefold()


def _labels(fact: Fact, source: str | None, target: str) -> dict[str, str]:
    """The labels that the nodes had in Zep, by node; every node has `Entity`."""
    labels_by_node: dict[str, str] = {}
    for name, key in ((source, "source_node_labels"), (target, "target_node_labels")):
        labels = fact.native.get(key)
        if name is not None and fact.source.system == SYSTEM and isinstance(labels, list):
            label = next((one for one in labels if isinstance(one, str) and one not in ("Entity", "")), None)
            if label:
                labels_by_node[name] = label
    return labels_by_node


def _own_attributes(fact: Fact) -> dict[str, Any]:
    """Attributes that the edge had in Zep, as many as fit next to memctl's own two."""
    attributes = fact.native.get("attributes")
    if fact.source.system not in (SYSTEM, "graphiti") or not isinstance(attributes, dict):
        return {}
    fitting = [
        (key, value) for key, value in attributes.items() if key and key not in (ID, PACKED) and _survives(value)
    ]
    return dict(fitting[: MOST_ATTRIBUTES - 2])


def _survives(value: Any) -> bool:
    """Whether Zep returns an attribute unchanged: a scalar, but not a number that is not exact as a double, and not an
    empty or unusual text."""
    if isinstance(value, int):
        return abs(value) <= EXACT_INTEGERS
    if isinstance(value, str):
        return bool(value) and value == value.strip() and value == _printable(value)
    return isinstance(value, float)


def _carried(attributes: Mapping[str, Any]) -> tuple[bool, dict[str, Any]] | None:
    """Whether the source was the user's own node, and the fields that memctl packed; None for an edge of another
    writer."""
    try:
        packed = msgspec.json.decode(attributes[PACKED])
        fields = unpack(packed["fact"])
        UUID(attributes[ID])
    except (KeyError, TypeError, ValueError, AttributeError):
        return None
    return (bool(packed.get("own")), fields) if "kind" in fields and "source" in fields else None


def _id(edge: Mapping[str, Any]) -> UUID:
    try:
        return UUID((edge.get("attributes") or {})[ID])
    except (KeyError, TypeError, ValueError, AttributeError):
        return _derived("edge", edge)


def _derived(what: str, record: Mapping[str, Any]) -> UUID:
    """The id of a record that memctl did not write, from its UUID, which is unique over all accounts."""
    uuid = record.get("uuid")
    if not uuid:
        uuid = sha256(msgspec.json.encode(record, order="sorted")).hexdigest()
    return derive_id(SYSTEM, "", what, str(uuid))


def _foreign(edge: Mapping[str, Any], owner: Owner) -> Fact:
    """The fact in an edge that memctl did not write."""
    native = _kept(edge, _OWN_SLOTS)
    times: dict[str, Any] = {name: moment(edge.get(name)) for name in ("created_at", *EDGE_TIMES)}
    return Fact(
        id=_id(edge),
        user_id=owner.user_id,
        kind="fact",
        text=_text(edge),
        subject=_word(edge.get("source_node_name")),
        predicate=_word(edge.get("name")),
        object=_word(edge.get("target_node_name")),
        **times,
        source=Source(system=SYSTEM, id=_word(edge.get("uuid"))),
        native=native | ({"user": dict(owner.fields)} if owner.fields else {}),
    )


def _edited(fact: Fact, edge: Mapping[str, Any], *, own: bool) -> Fact:
    """The fact with later edits in Zep."""
    expected = _slots(fact)
    changed: dict[str, Any] = {}
    if not own and _differs(edge.get("source_node_name"), node_name(fact.subject or "")):
        changed["subject"] = edge["source_node_name"]
    if _differs(edge.get("name"), expected["name"]):
        changed["predicate"] = edge["name"]
    # Without an object, the node only has a name made from the text.
    if fact.object and _differs(edge.get("target_node_name"), expected["target_node_name"]):
        changed["object"] = edge["target_node_name"]
    attributes = {key: value for key, value in (edge.get("attributes") or {}).items() if key not in (ID, PACKED)}
    before = _own_attributes(fact)
    if attributes != before:
        packed = fact.native.get("attributes")
        other_fields = (
            {key: value for key, value in packed.items() if key not in before} if isinstance(packed, dict) else {}
        )
        changed["native"] = {**fact.native, "attributes": other_fields | attributes}
    return msgspec.structs.replace(fact, **changed) if changed else fact


def _differs(value: Any, slot: str) -> bool:
    return isinstance(value, str) and not _alike(slot, value)


def _alike(text: str, value: Any) -> bool:
    """Whether two texts are equal except for white space, which a service may trim."""
    return isinstance(value, str) and text.split() == value.split()


def _exact(packed: datetime | None, slot: datetime | None) -> datetime | None:
    """The packed time with full precision, if the edge's field still has the same time."""
    if packed is None or slot is None or abs(slot - packed) >= timedelta(seconds=1):
        return slot
    return packed


def _text(edge: Mapping[str, Any]) -> str:
    text = edge.get("fact")
    if not isinstance(text, str) or not text:
        raise ValueError("the edge has no fact text")
    return text


def _word(value: Any) -> str | None:
    """The value, if it is a text, as Zep's API promises."""
    return value if isinstance(value, str) else None


def _kept(record: Mapping[str, Any], slots: Collection[str]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in slots and value not in (None, [], {})}


def _printable(text: str) -> str:
    """The text with spaces for control characters, except line ends and tabs."""
    return "".join(" " if unicodedata.category(c) == "Cc" and c not in "\n\t" else c for c in text)


def _shortened(text: str, length: int) -> str:
    """The beginning of the text on one line, cut between words if little is lost by that."""
    # Only a part of a long text is processed, with far more characters than fit.
    plain = " ".join(_printable(text[: length * 8]).split())
    if len(plain) <= length and len(text) <= length * 8:
        return plain
    cut = plain[: length - 1]
    at_word = cut.rpartition(" ")[0]
    return (at_word if len(at_word) > length // 2 else cut) + "…"
