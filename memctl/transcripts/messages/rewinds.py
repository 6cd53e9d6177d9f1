"""Turns that the user of a coding session took back: they went back to an earlier message and wrote a new one.

Lines form a tree by their parents. Parallel tool calls fork it too, and compaction breaks it, so only a fork into two
prompts is a rewind: the branch that continues is kept, and so is what is not connected.
"""

from typing import Literal

Kind = Literal["prompt", "answer", "other"]


class Lines:
    """The lines of one session by id, in file order."""

    def __init__(self) -> None:
        self._parents: dict[str, str | None] = {}
        self._kinds: dict[str, Kind] = {}
        self._boundaries: set[str] = set()

    def add(self, line: str, parent: str | None, kind: Kind, *, boundary: bool = False) -> None:
        """Add a line. `prompt` is a message that the user sent at the prompt, `answer` any other message, `other` a
        line without a message. `boundary` marks a compaction."""
        if line not in self._parents:
            self._parents[line] = parent
            self._kinds[line] = kind
            if boundary:
                self._boundaries.add(line)

    def abandoned(self, leaf: str | None = None) -> set[str]:
        """The ids of all lines in abandoned branches; `leaf` is where the session continues."""
        children: dict[str | None, list[str]] = {}
        for line, parent in self._parents.items():
            if parent is None or parent in self._parents:
                children.setdefault(parent, []).append(line)
        alive, leads = self._alive(leaf), self._leads(children)
        gone: set[str] = set()
        for parent, lines in children.items():
            prompts = [line for line in lines if leads[line] == "prompt"]
            if parent is None:
                # A file may begin several trees, as after /clear; a prompt that begins one is the first prompt again.
                prompts = [line for line in prompts if self._kinds[line] == "prompt"] if lines[0] in prompts else []
            if len(prompts) < 2 or any(line in alive for line in lines if line not in prompts):
                continue
            # Every tree at the top is alive, so only the last one continues.
            on = [line for line in prompts if line in alive] if parent is not None else []
            going_on = on[-1] if on else prompts[-1]
            for line in prompts:
                if line != going_on and (parent is not None or line in children):
                    gone |= self._below(line, children)
        return gone

    def _alive(self, leaf: str | None) -> set[str]:
        """The lines on the way to the last line of each tree, and to `leaf`."""
        roots = self._roots()
        last = {root: line for line, root in roots.items()}
        if leaf is not None and leaf in roots:
            last[roots[leaf]] = self._extended(leaf)
        alive: set[str] = set()
        for line in last.values():
            at: str | None = line
            while at is not None and at in self._parents and at not in alive:
                alive.add(at)
                at = self._parents[at]
        return alive

    def _roots(self) -> dict[str, str]:
        """The root of each line, in file order. In a cycle that is any of its lines."""
        roots: dict[str, str] = {}
        for line in self._parents:
            way, at = [line], line
            seen = {line}
            while at not in roots and (parent := self._parents[at]) is not None and parent in self._parents:
                if parent in seen:
                    break
                seen.add(parent)
                way.append(parent)
                at = parent
            root = roots.get(at, at)
            roots.update(dict.fromkeys(reversed(way), root))
        return {line: roots[line] for line in self._parents}

    def _extended(self, leaf: str) -> str:
        """The last line below `leaf`, or `leaf` itself."""
        below = {leaf}
        for line, parent in self._parents.items():
            if parent in below:
                below.add(line)
                leaf = line
        return leaf

    def _leads(self, children: dict[str | None, list[str]]) -> dict[str, Kind]:
        """The kind of the first message at or below each line; `other` if there is none before a compaction."""
        leads: dict[str, Kind] = {}
        for line in reversed(self._parents):
            kind = self._kinds[line]
            if kind == "other" and line not in self._boundaries:
                below = {leads.get(child, "other") for child in children.get(line, ())}
                kind = "answer" if "answer" in below else "prompt" if "prompt" in below else "other"
            leads[line] = kind
        return leads

    def _below(self, line: str, children: dict[str | None, list[str]]) -> set[str]:
        found: set[str] = set()
        stack: list[str] = [line]
        while stack:
            at = stack.pop()
            if at not in found:
                found.add(at)
                stack += children.get(at, [])
        return found
