"""Branching conversations: the path shown in the chat, and abandoned branches.

Editing a message or regenerating an answer creates a branch.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from memctl.transcripts.timestamps import instant

_NEVER = datetime.min.replace(tzinfo=UTC)


class Node(NamedTuple):
    """A message's parent id (None at a root) and its time, if known."""

    parent: str | None
    at: datetime | None


def live_path(nodes: Mapping[str, Node], leaf: str | None) -> list[str]:
    """The ids from the root to `leaf`, or, without a known leaf, to the newest one.

    `nodes` are in file order: of equal times the later node wins. A cycle ends the path.
    """
    if leaf not in nodes:
        leaf = newest_leaf(nodes)
    path: list[str] = []
    seen: set[str] = set()
    while leaf is not None and leaf in nodes and leaf not in seen:
        seen.add(leaf)
        path.append(leaf)
        leaf = nodes[leaf].parent
    return path[::-1]


def newest_leaf(nodes: Mapping[str, Node]) -> str | None:
    """The newest node without children; in a cycle, the newest node."""
    parents = {node.parent for node in nodes.values()}
    leaves = [name for name in nodes if name not in parents] or list(nodes)
    order = {name: index for index, name in enumerate(nodes)}
    return max(leaves, key=lambda name: (nodes[name].at or _NEVER, order[name]), default=None)


def mapping_tree(mapping: Mapping[str, Any], time_key: str) -> tuple[dict[str, Mapping[str, Any]], dict[str, Node]]:
    """The messages and the tree of an export whose nodes have `message`, `parent` and `children`.

    `time_key` is where a message has its time. A node that names no parent gets the one that lists it as a child.
    """
    adopted: dict[str, str] = {}
    for name, node in mapping.items():
        children = node.get("children") if isinstance(node, Mapping) else None
        for child in children if isinstance(children, list) else ():
            if isinstance(child, str):
                adopted.setdefault(child, name)
    messages: dict[str, Mapping[str, Any]] = {}
    nodes: dict[str, Node] = {}
    for name, node in mapping.items():
        if not isinstance(node, Mapping):
            continue
        message = node.get("message")
        if isinstance(message, Mapping):
            messages[name] = message
        parent = node.get("parent")
        nodes[name] = Node(
            parent if isinstance(parent, str) else adopted.get(name),
            instant(messages[name].get(time_key)) if name in messages else None,
        )
    return messages, nodes


def depth_first(nodes: Mapping[str, Node], first: Sequence[str]) -> list[str]:
    """All ids, parents before children; the path `first` comes before its sibling branches."""
    live = set(first)
    children: dict[str | None, list[str]] = {}
    for name, node in nodes.items():
        children.setdefault(node.parent if node.parent in nodes else None, []).append(name)
    for family in children.values():
        family.sort(key=lambda name: name not in live)
    order: list[str] = []
    seen: set[str] = set()
    for start in [*children.get(None, []), *nodes]:
        stack = [start]
        while stack:
            name = stack.pop()
            if name in seen:
                continue
            seen.add(name)
            order.append(name)
            stack.extend(reversed(children.get(name, [])))
    return order
