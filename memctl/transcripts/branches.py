"""Conversations that branch: the path a reader of the chat sees, and the branches left behind.

Editing a message or asking for another answer makes a branch. This room knows nodes and parents, no format.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

_NEVER = datetime.min.replace(tzinfo=UTC)


class Node(NamedTuple):
    """A message's place: its parent's id (None at a root) and its time, when known."""

    parent: str | None
    at: datetime | None


def live_path(nodes: Mapping[str, Node], leaf: str | None) -> list[str]:
    """Return the ids from the root to `leaf`; without a known leaf, to the newest one.

    `nodes` are in the file's order, which settles equal times: the later one wins. A cycle ends the walk.
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
    """Return the node without children that is newest; when all have children, as in a cycle, the newest
    node.
    """
    parents = {node.parent for node in nodes.values()}
    leaves = [name for name in nodes if name not in parents] or list(nodes)
    order = {name: index for index, name in enumerate(nodes)}
    return max(leaves, key=lambda name: (nodes[name].at or _NEVER, order[name]), default=None)


def depth_first(nodes: Mapping[str, Node], first: Sequence[str]) -> list[str]:
    """Return all ids, parents before children; the path `first` is followed before the branches beside it."""
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
