"""Episodes as conversations, ordered by their reference times.

An episode of the kind `message` is lines of "speaker: words" or "speaker(role): words" (graphiti_core/nodes.py,
EpisodeType); one of the kind `text` is a document, `json` and `fact_triple` are data. Episodes of one saga are one
conversation; the others are one conversation per description of their source.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from typing import Any

from memctl.backends.contract import Conversation, Message
from memctl.core.fact import derive_id
from memctl_graphiti.cypher import Dialect, time_of
from memctl_graphiti.entities import import_episode
from memctl_graphiti.graph import Graph
from memctl_graphiti.mapping import SYSTEM

_SPOKEN = re.compile(r"^(?P<name>[^\s:()][^:()\n]{0,60}?)\s*(?:\((?P<role>[^()\n]{1,40})\))?\s*:\s+(?P<text>\S.*)$")
_ROLES = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "agent": "assistant",
    "bot": "assistant",
    "system": "system",
    "tool": "tool",
    "function": "tool",
}


def conversations(graph: Graph, cypher: Dialect, groups: list[str]) -> Iterator[Conversation]:
    """The conversations of the groups, oldest first, without memctl's import episodes."""
    sagas = {row["uuid"]: (row["saga"], row["name"]) for row in graph.run(cypher.sagas, groups=groups)}
    imports = {import_episode(group) for group in groups}
    episodes: dict[tuple[str, str | None], list[Mapping[str, Any]]] = {}
    for row in graph.run(cypher.episodes, groups=groups):
        if row["uuid"] not in imports:
            described = row["description"] or ""
            saga = (str(derive_id(SYSTEM, "conversation", row["group_id"] or "", described)), described or None)
            episodes.setdefault(sagas.get(row["uuid"], saga), []).append(row)
    for (name, title), rows in episodes.items():
        messages = tuple(message for row in rows for message in messages_of(row))
        yield Conversation(
            id=name, messages=messages, title=title, started_at=next((m.at for m in messages if m.at), None)
        )


def messages_of(row: Mapping[str, Any]) -> list[Message]:
    """The messages of an episode: one per speaker's turn, or a single one."""
    at = _time(row["valid_at"]) or _time(row["created_at"])
    content = row["content"] or ""
    if row["source"] != "message":
        role = "user" if row["source"] == "text" else "tool"
        return [Message(id=row["uuid"], role=role, text=content, at=at)] if content.strip() else []
    turns = list(_spoken(content.split("\n")))
    return [
        Message(
            id=row["uuid"] if len(turns) == 1 else f"{row['uuid']}#{number}", role=role, text=text, name=name, at=at
        )
        for number, (role, name, text) in enumerate(turns, 1)
    ]


def _time(value: Any) -> datetime | None:
    """The time; None if it is not valid, because the text is kept without it."""
    with suppress(ValueError):
        return time_of(value)
    return None


def _spoken(lines: Iterable[str]) -> Iterator[tuple[str, str | None, str]]:
    """Role, name and text of each turn; a line without a speaker continues the turn before."""
    role, name, words = "user", None, list[str]()
    for line in lines:
        match = _SPOKEN.match(line)
        if match is None:
            words.append(line)
            continue
        if any(word.strip() for word in words):
            yield role, name, "\n".join(words).strip()
        speaker = match["name"].strip()
        by_name = _ROLES.get(speaker.casefold())
        role = _ROLES.get((match["role"] or "").strip().casefold()) or by_name or "user"
        name = None if by_name else speaker
        words = [match["text"]]
    if any(word.strip() for word in words):
        yield role, name, "\n".join(words).strip()
