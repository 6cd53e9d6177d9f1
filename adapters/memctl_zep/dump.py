"""Dumps of Zep graphs, edges and nodes as its API gave them out in versions 2, 3 and 4, read as files of facts.

Nobody fixed how such a file is laid out. Taken are one user's graph (`{"user_id", "nodes", "edges"}`), several of them
(`{"users": [...]}`), a list of edges, one edge a line, and a page of the API (`{"items", "next_cursor"}`). No SDK is
needed, and of a large file only the nodes' names are held in memory. Fields may be in camel case (`sourceNodeUuid`), as
Zep's JavaScript SDK writes them.
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

# It has no types.
ijson: Any = import_module("ijson")

Record = dict[str, Any]
_CHUNK = 2**20
_EDGE = (re.compile(rb'"fact"\s*:'), re.compile(rb'"source[_-]?node[_-]?(?:uuid|name)"\s*:', re.IGNORECASE))
_NODE = (re.compile(rb'"summary"\s*:'), re.compile(rb'"labels"\s*:'))
_GRAPHITI = re.compile(rb'"group_?id"\s*:', re.IGNORECASE)
"""A field of the open Graphiti's records, which Zep's never have."""
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|-")
_LISTS = ("edges", "items", "users", "nodes")
_USER_FIELDS = ("email", "first_name", "last_name", "time_zone", "metadata")


class ZepDump:
    """The edges and the nodes' summaries of a dump."""

    name = "Zep graph dump"
    remarks: Sequence[str] = (
        "a dump of a Zep graph holds facts and summaries; episodes, threads and messages in it are passed over",
    )

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether the file holds edges or nodes of Zep's; it is read further where it begins with many nodes."""
        if not head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith((b"{", b"[")) or _GRAPHITI.search(head):
            return False
        if _all_in(_EDGE, head):
            return True
        return _all_in(_NODE, head) and (b'"nodes"' in head or b'"edges"' in head) and not _elsewhere_graphiti(path)

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        """The facts of the file; a record that names no user is `default_user`'s, or else Rejected.

        A file that cannot be read to its end gives a last Rejected that says so.
        """
        try:
            with path.open("rb") as file:
                yield from _records(file, default_user)
        except (ijson.JSONError, msgspec.DecodeError, UnicodeError) as error:
            yield Rejected(f"the dump cannot be read any further: {error}", where=path.name)


def _records(file: BinaryIO, default_user: str | None) -> Iterator[Fact | Rejected]:
    form = _form(file)
    if form == "users":
        for graph in _items(file, "users.item"):
            yield from _graph(graph, default_user)
    elif form == "lines":
        file.seek(0)
        yield from _edges((_line(line) for line in file if line.strip()), Owner(""), {}, default_user)
    else:
        whole = _outside(file) if form != "list" else {}
        owner = _owner(whole)
        names = {} if form == "list" else _names(_items(file, "nodes.item"))
        yield from _edges(_items(file, {"list": "item", "items": "items.item"}.get(form, "edges.item")), owner, names,
                          default_user)  # fmt: skip
        if form != "list":
            yield from _summaries(_items(file, "nodes.item"), owner, default_user)
        if whole.get("next_cursor"):
            yield Rejected("this is one page of a longer list; the pages after it are missing", where="next_cursor")


def _form(file: BinaryIO) -> str:
    """`list`, `lines`, or the list an object has: `users`, `items`, or else `edges`."""
    for prefix, event, value in _events(file):
        if prefix == "" and event == "start_array":
            return "list"
        if prefix == "" and event == "map_key" and value in _LISTS:
            return "edges" if value == "nodes" else str(value)
        if prefix == "" and event == "map_key" and value == "fact":
            return "lines"
    return "edges"


def _line(line: bytes) -> Any:
    """The record in a line; the line itself, which is none, where it is no JSON."""
    try:
        return _snake(msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return line


def _events(file: BinaryIO) -> Iterator[tuple[str, str, Any]]:
    file.seek(0)
    # Several objects, one a line, are told apart from one by their keys.
    yield from ijson.parse(file, use_float=True, multiple_values=True)


def _items(file: BinaryIO, prefix: str) -> Iterator[Any]:
    file.seek(0)
    yield from map(_snake, ijson.items(file, prefix, use_float=True))


def _snake(record: Any, *, deeper: bool = True) -> Any:
    """A record with its own fields in snake case; the user's `attributes` and `metadata` stay as they are."""
    if not isinstance(record, Mapping):
        return record
    named = {_field(key): value for key, value in record.items()}
    for key in ("nodes", "edges") if deeper else ():
        if isinstance(named.get(key), list):
            named[key] = [_snake(value, deeper=False) for value in named[key]]
    if isinstance(named.get("user"), Mapping):
        named["user"] = _snake(named["user"], deeper=False)
    return named


def _field(name: str) -> str:
    """A field's name in snake case."""
    return _HUMP.sub("_", name).lower()


def _outside(file: BinaryIO) -> Record:
    """What an object says beside its lists: its user, and whether it is one page of several."""
    found: Record = {}
    user: Record = {}
    for prefix, event, value in _events(file):
        if event in ("string", "number", "boolean"):
            if "." not in prefix:
                found[_field(prefix)] = value
            elif prefix.startswith("user.") and prefix.count(".") == 1:
                user[_field(prefix.removeprefix("user."))] = value
    return found | ({"user": user} if user else {})


def _graph(graph: Any, default_user: str | None) -> Iterator[Fact | Rejected]:
    """The facts of one user's graph among several."""
    if not isinstance(graph, Mapping):
        yield Rejected("this is no user's graph", where="users")
        return
    owner = _owner(graph)
    nodes = graph.get("nodes") or []
    yield from _edges(iter(graph.get("edges") or []), owner, _names(iter(nodes)), default_user)
    yield from _summaries(iter(nodes), owner, default_user)


def _owner(graph: Mapping[str, Any]) -> Owner:
    user = graph.get("user")
    known = user if isinstance(user, Mapping) else graph
    user_id = graph.get("user_id") or known.get("user_id") or (user if isinstance(user, str) else "")
    return Owner(str(user_id), {name: known[name] for name in _USER_FIELDS if known.get(name)})


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


def _one(read: Any, record: Any, where: str, owner: Owner, default_user: str | None) -> Iterator[Fact | Rejected]:
    if not isinstance(record, Mapping):
        yield Rejected("this is no record of Zep's", where=where)
        return
    where = f"{where} ({record['uuid']})" if record.get("uuid") else where
    user = record.get("user_id") or owner.user_id or default_user
    if not user:
        yield Rejected("the record names no user", where=where, hint="name one with --user or default_user")
        return
    try:
        fact = read(record, owner._replace(user_id=str(user)))
    except (ValueError, TypeError) as error:
        yield Rejected(str(error), where=where)
    else:
        if fact is not None:
            yield fact


def _all_in(patterns: Sequence[re.Pattern[bytes]], text: bytes) -> bool:
    return all(pattern.search(text) for pattern in patterns)


def _elsewhere_graphiti(path: Path) -> bool:
    """Whether records of the open Graphiti stand further down in the file."""
    before = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            if _GRAPHITI.search(before + chunk):
                return True
            before = chunk[-64:]
    return False
