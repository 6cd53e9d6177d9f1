"""The state of the emulated Letta server: records, the rules for their ids and pages, and the options of tests.

Independent of routes and HTTP.
"""

import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

LONGEST_TEXT = 8192 * 4
Row = dict[str, Any]


class Answer(Exception):
    """An error response."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        self.detail = detail


@dataclass
class Fault:
    """Matching calls get `status`; with `apply_before_failing`, they are applied first."""

    call: str
    status: int
    apply_before_failing: bool = False
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class LettaState:
    """The options of a test, the server's records, and the received calls."""

    url: str = ""
    secure: bool = True
    forgets_cursors: bool = False
    dimensions: int = 0
    models: list[str] = field(default_factory=lambda: ["letta/letta-free", "openai-proxy/gpt-4o-mini"])
    embeddings: list[str] = field(default_factory=lambda: ["letta/letta-free", "openai/text-embedding-3-small"])
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    agents: dict[str, Row] = field(default_factory=dict)
    blocks: dict[str, Row] = field(default_factory=dict)
    archives: dict[str, Row] = field(default_factory=dict)
    passages: dict[str, Row] = field(default_factory=dict)
    messages: dict[str, list[Row]] = field(default_factory=dict)
    conversations: dict[str, str] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    """Deleted conversations, whose messages are kept."""
    identities: dict[str, Row] = field(default_factory=dict)
    knows_identities: bool = True
    lists_archive_agents: bool = False
    meddle: Callable[[str, Any], Any] = lambda call, answer: answer
    """A hook that can change a response, or the server's records, before the response is sent."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def fail(self, call: str, status: int, *, apply_before_failing: bool = False, **more: Any) -> None:
        """Let the next calls whose method and path match `call` fail."""
        self.faults.append(Fault(call, status, apply_before_failing, **more))

    def _agent_row(self, agent_id: str) -> Row:
        if not re.fullmatch(r"agent-[0-9a-f-]{36}", agent_id):
            raise Answer(422, f"[{{'type': 'string_pattern_mismatch', 'input': '{agent_id}'}}]")
        if agent_id not in self.agents:
            raise Answer(404, f"Agent not found with id='{agent_id}'")
        return self.agents[agent_id]

    def _agent(self, agent: Row, query: dict[str, list[str]]) -> Row:
        asked = query.get("include", [])
        row = {key: value for key, value in agent.items() if key not in ("block_ids", "archive_id")}
        row["blocks"] = [self.blocks[one] for one in agent["block_ids"]] if "agent.blocks" in asked else []
        row["tags"] = shuffled(agent["tags"]) or [] if "agent.tags" in asked else []
        row["identities"] = agent["identities"] if "agent.identities" in asked else []
        return row

    def _paged(self, rows: list[Row], query: dict[str, list[str]], limit: int) -> list[Row]:
        if query.get("order", ["desc"])[0] == "desc":
            rows = rows[::-1]
        ids = [row["id"] for row in rows]
        if after := query.get("after"):
            rows = rows[ids.index(after[0]) + 1 :] if after[0] in ids and not self.forgets_cursors else []
        if before := query.get("before"):
            rows = rows[: ids.index(before[0])] if before[0] in ids and not self.forgets_cursors else []
        return rows[: int(query.get("limit", [str(limit)])[0])]

    def _block_row(self, block_id: str) -> Row:
        if block_id not in self.blocks:
            raise Answer(404, f"Block not found with id='{block_id}'")
        return self.blocks[block_id]

    def _passage(self, row: Row) -> Row:
        record = {key: value for key, value in row.items() if key != "filed"}
        return record | {"embedding": [0.0] * self.dimensions or None, "tags": shuffled(row["tags"] or [])}


def check_passage(passage: Row) -> None:
    if len(passage["text"].encode()) > LONGEST_TEXT:
        raise Answer(400, "Passage text exceeds the maximum of 8192 tokens")
    if passage.get("created_at"):
        instant(passage["created_at"])


def instant(text: str) -> datetime:
    """A time as the server parses it: converted to UTC; a time without an offset is in UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Answer(400, f"Invalid isoformat string: {text!r}") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def now() -> str:
    return datetime.now(UTC).isoformat()


def place(row: Row) -> tuple[datetime, str]:
    return instant(row["created_at"]), row["id"]


def shuffled(tags: list[str]) -> list[str] | None:
    """The tags as the server returns them: in another order, because it stores a set; null for no tags."""
    unique = list(dict.fromkeys(tags))
    random.shuffle(unique)
    return unique or None


def nearest(query: str, rows: list[Row]) -> list[Row]:
    """The rows by similarity to the query, with memctl's built-in model."""
    from memctl.embed.spec import EmbedderSpec

    if not rows:
        return []
    model = EmbedderSpec().open()
    scores = model.embed([row["text"] for row in rows]) @ model.embed_one(query)
    return [rows[at] for at in sorted(range(len(rows)), key=lambda at: -scores[at])]
