"""Dumps of Zep graphs, read as files of facts: edges and nodes as versions 2, 3 and 4 of its API return them.

There is no standard layout. Supported are the graph of a user (`{"user_id", "nodes", "edges"}`), several of them
(`{"users": [...]}`), a list of edges, one edge per line, and a page of the API (`{"items", "next_cursor"}`). No SDK is
needed, and only the nodes' names are kept in memory. Fields may be in camel case (`sourceNodeUuid`), as Zep's
JavaScript SDK writes them.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from memctl.core.errors import Rejected
from memctl.core.fact import Fact
from memctl_zep.mapping import Owner, node_fact, to_fact

# The library has no types.
ijson: Any = import_module("ijson")

Record = dict[str, Any]
_CHUNK = 2**20
_EDGE = (re.compile(rb'"fact"\s*:'), re.compile(rb'"source[_-]?node[_-]?(?:uuid|name)"\s*:', re.IGNORECASE))
_NODE = (re.compile(rb'"summary"\s*:'), re.compile(rb'"labels"\s*:'))
_GRAPHITI = re.compile(rb'"group_?id"\s*:', re.IGNORECASE)
"""A field of records of the open-source Graphiti; Zep's records never have it."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|-")
_LISTS = ("edges", "items", "users", "nodes")
_USER_FIELDS = ("email", "first_name", "last_name", "time_zone", "metadata")


class ZepDump:
    """The edges and the nodes' summaries of a dump."""

    name = "Zep graph dump"
    remarks: Sequence[str] = (
        "facts and summaries of a Zep dump are imported; its episodes, threads and messages are not",
    )

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether the file has edges or nodes of Zep; more of it is read if it begins with many nodes."""
        if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) or _GRAPHITI.search(head):
            return False
        if _all_in(_EDGE, head):
            return True
        return _all_in(_NODE, head) and (b'"nodes"' in head or b'"edges"' in head) and not _elsewhere_graphiti(path)

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        """The facts of the file. `default_user` owns records that name no user; without it they are Rejected.

        The last item is a Rejected if the file cannot be read to its end.
        """
        try:
            with path.open("rb") as file:
                yield from _records(file, default_user)
        except (ijson.JSONError, msgspec.DecodeError, UnicodeError) as error:
            yield Rejected(f"the rest of the dump cannot be read: {error}", where=path.name)


def _records(file: BinaryIO, default_user: str | None) -> Iterator[Fact | Rejected]:
    form = _form(file)
    if form == "users":
        for graph in _items(file, "users.item"):
            yield from _graph(graph, default_user)
    elif form == "lines":
        file.seek(0)
        yield from _edges((_line(line) for line in file if line.strip()), Owner(""), {}, default_user)
    else:
        outside = _outside(file) if form != "list" else {}
        owner = _owner(outside)
        names = {} if form == "list" else _names(_items(file, "nodes.item"))
        yield from _edges(_items(file, {"list": "item", "items": "items.item"}.get(form, "edges.item")), owner, names,
                          default_user)  # fmt: skip
        if form != "list":
            yield from _summaries(_items(file, "nodes.item"), owner, default_user)
        if outside.get("next_cursor"):
            yield Rejected("this is one page of a longer list; the next pages are missing", where="next_cursor")


def _form(file: BinaryIO) -> str:
    """The layout: `list`, `lines`, or the name of an object's list, `users`, `items` or else `edges`."""
    for prefix, event, value in _events(file):
        if prefix == "" and event == "start_array":
            return "list"
        if prefix == "" and event == "map_key" and value in _LISTS:
            return "edges" if value == "nodes" else str(value)
        if prefix == "" and event == "map_key" and value == "fact":
            return "lines"
    return "edges"


def _line(line: bytes) -> Any:
    """The record in a line; the line itself if it is not JSON."""
    try:
        return _snake(msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return line


def _events(file: BinaryIO) -> Iterator[tuple[str, str, Any]]:
    file.seek(0)
    # Several objects, one per line, differ from a single one by their keys.
    yield from ijson.parse(file, use_float=True, multiple_values=True)


def _items(file: BinaryIO, prefix: str) -> Iterator[Any]:
    file.seek(0)
    yield from map(_snake, ijson.items(file, prefix, use_float=True))


def _snake(record: Any, *, deeper: bool = True) -> Any:
    """A record with its fields in snake case; the user's `attributes` and `metadata` are not changed."""
    if not isinstance(record, Mapping):
        return record
    fields = {_field(key): value for key, value in record.items()}
    for key in ("nodes", "edges") if deeper else ():
        if isinstance(fields.get(key), list):
            fields[key] = [_snake(value, deeper=False) for value in fields[key]]
    if isinstance(fields.get("user"), Mapping):
        fields["user"] = _snake(fields["user"], deeper=False)
    return fields


def _field(name: str) -> str:
    """A field's name in snake case."""
    return _HUMP.sub("_", name).lower()


def _outside(file: BinaryIO) -> Record:
    """The fields of an object next to its lists: its user, and whether it is one page of several."""
    fields: Record = {}
    user: Record = {}
    for prefix, event, value in _events(file):
        if event in ("string", "number", "boolean"):
            if "." not in prefix:
                fields[_field(prefix)] = value
            elif prefix.startswith("user.") and prefix.count(".") == 1:
                user[_field(prefix.removeprefix("user."))] = value
    return fields | ({"user": user} if user else {})


def _graph(graph: Any, default_user: str | None) -> Iterator[Fact | Rejected]:
    """The facts of one user's graph among several."""
    if not isinstance(graph, Mapping):
        yield Rejected("not a user's graph", where="users")
        return
    owner = _owner(graph)
    nodes = graph.get("nodes") or []
    yield from _edges(iter(graph.get("edges") or []), owner, _names(iter(nodes)), default_user)
    yield from _summaries(iter(nodes), owner, default_user)


def _owner(graph: Mapping[str, Any]) -> Owner:
    user = graph.get("user")
    fields = user if isinstance(user, Mapping) else graph
    user_id = graph.get("user_id") or fields.get("user_id") or (user if isinstance(user, str) else "")
    return Owner(str(user_id), {name: fields[name] for name in _USER_FIELDS if fields.get(name)})


def _names(nodes: Iterator[Any]) -> dict[str, str]:
    return {
        str(node.get("uuid")): node["name"]
        for node in nodes
        if isinstance(node, Mapping) and isinstance(node.get("name"), str)
    }


def _edges(
    edges: Iterator[Any], owner: Owner, names: Mapping[str, str], default_user: str | None
) -> Iterator[Fact | Rejected]:
    for number, edge in enumerate(edges, 1):
        if isinstance(edge, dict):
            for end in ("source", "target"):
                name = names.get(str(edge.get(f"{end}_node_uuid")))
                if edge.get(f"{end}_node_name") is None and name is not None:
                    edge[f"{end}_node_name"] = name
        yield from _one(to_fact, edge, f"edge {number}", owner, default_user)


def _summaries(nodes: Iterator[Any], owner: Owner, default_user: str | None) -> Iterator[Fact | Rejected]:
    for number, node in enumerate(nodes, 1):
        if not isinstance(node, Mapping) or node.get("summary"):
            yield from _one(node_fact, node, f"node {number}", owner, default_user)


def _one(parse: Any, record: Any, where: str, owner: Owner, default_user: str | None) -> Iterator[Fact | Rejected]:
    if not isinstance(record, Mapping):
        yield Rejected("not a record of Zep", where=where)
        return
    where = f"{where} ({record['uuid']})" if record.get("uuid") else where
    user = record.get("user_id") or owner.user_id or default_user
    if not user:
        yield Rejected("the record names no user", where=where, hint="pass --user, or set default_user")
        return
    try:
        fact = parse(record, owner._replace(user_id=str(user)))
    except (ValueError, TypeError) as error:
        yield Rejected(str(error), where=where)
    else:
        if fact is not None:
            yield fact


def _all_in(patterns: Sequence[re.Pattern[bytes]], text: bytes) -> bool:
    return all(pattern.search(text) for pattern in patterns)


def _elsewhere_graphiti(path: Path) -> bool:
    """Whether there are records of the open-source Graphiti further down in the file."""
    before = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if _GRAPHITI.search(before + chunk):
                return True
            before = chunk[-64:]
    return False
