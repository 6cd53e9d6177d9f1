"""A loopback server that answers Letta's V1 REST API as a server of version 0.16.8 was seen to: its shapes, its limits
and its faults, such as lists that end at an unknown cursor and tags that land on the wrong passage.

What a test may have it do: refuse or fail calls, before or after it applied them; forget its cursors; pad embeddings.
"""

import json
import operator
import random
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from emulators.loopback import serving

KEY = "loopback-letta-key"
LONGEST_TEXT = 8192 * 4
Row = dict[str, Any]


class Answer(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, detail: str) -> None:
        self.status = status
        self.detail = detail


@dataclass
class Fault:
    """Calls that match are answered by `status`, after they were applied when `apply_before_failing`."""

    call: str
    status: int
    apply_before_failing: bool = False
    times: int = 1
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class LettaServer:
    """What a test may set, what the server holds, and which calls it saw."""

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
    identities: dict[str, Row] = field(default_factory=dict)
    knows_identities: bool = True
    meddle: Callable[[str, Any], Any] = lambda call, answer: answer
    """May change an answer, or what the server holds, before the answer to a call goes out."""
    lock: threading.RLock = field(default_factory=threading.RLock)

    def fail(self, call: str, status: int, *, apply_before_failing: bool = False, **more: Any) -> None:
        """Let the next calls whose method and path match `call` fail."""
        self.faults.append(Fault(call, status, apply_before_failing, **more))

    def answer(self, method: str, target: str, body: Any, key: str | None) -> tuple[int, Any, dict[str, str]]:
        parts = urlsplit(target)
        call = f"{method} {parts.path}"
        with self.lock:
            self.calls.append(call)
            try:
                if self.secure and key != f"Bearer {KEY}" and parts.path != "/v1/health/":
                    raise Answer(401, "Unauthorized")
                fault = next((one for one in self.faults if one.times and re.search(one.call, call)), None)
                if fault is not None:
                    fault.times -= 1
                    if fault.apply_before_failing:
                        self._route(method, parts.path, parse_qs(parts.query), body)
                    return fault.status, {"detail": "An unknown error occurred"}, fault.headers
                status, found = self._route(method, parts.path, parse_qs(parts.query), body)
            except Answer as refused:
                return refused.status, {"detail": refused.detail}, {}
            return status, self.meddle(call, found), {}

    def _route(self, method: str, path: str, query: dict[str, list[str]], body: Any) -> tuple[int, Any]:
        for verb, pattern, handler, status in ROUTES:
            if verb == method and (match := re.fullmatch(pattern, path)):
                return status, handler(self, *map(unquote, match.groups()), query=query, body=body)
        raise Answer(404, "Not Found")

    # Agents

    def make_agent(self, *, query: dict[str, list[str]], body: Row) -> Row:
        if not body.get("model"):
            raise Answer(400, "Must specify either model or llm_config in request")
        if body["model"] not in self.models:
            raise Answer(404, f"Handle {body['model']} not found")
        if body.get("embedding") and body["embedding"] not in self.embeddings:
            raise Answer(400, f"Embedding model {body['embedding']} not found")
        agent = {
            "id": f"agent-{uuid4()}",
            "name": body.get("name") or "agent",
            "tags": list(dict.fromkeys(body.get("tags") or [])),
            "block_ids": list(body.get("block_ids") or []),
            "identities": [],
            "metadata": body.get("metadata") or {},
            "archive_id": None,
            "embedding": body.get("embedding"),
            "model": body["model"],
            "created_at": now(),
        }
        for given in body.get("memory_blocks") or []:
            # The metadata of blocks made with an agent is lost.
            made = self.make_block(query={}, body={**given, "metadata": {}})
            agent["block_ids"].append(made["id"])
        self.agents[agent["id"]] = agent
        self.messages[agent["id"]] = [
            {
                "id": f"message-{uuid4()}",
                "message_type": "system_message",
                "date": now(),
                "content": "You are an agent.",
            }
        ]
        return self._agent(agent, query)

    def list_agents(self, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        found = list(self.agents.values())
        if tags := query.get("tags"):
            every = query.get("match_all_tags", ["false"])[0] == "true"
            found = [one for one in found if (all if every else any)(tag in one["tags"] for tag in tags)]
        if keys := query.get("identifier_keys"):
            found = [one for one in found if any(who["identifier_key"] in keys for who in one["identities"])]
        if name := query.get("name"):
            found = [one for one in found if one["name"] == name[0]]
        return [self._agent(one, query) for one in self._paged(found, query, 50)]

    def get_agent(self, agent_id: str, *, query: dict[str, list[str]], body: Any) -> Row:
        return self._agent(self._agent_row(agent_id), query)

    def change_agent(self, agent_id: str, *, query: dict[str, list[str]], body: Row) -> Row:
        self._agent_row(agent_id).update({key: body[key] for key in ("tags", "metadata", "name") if key in body})
        return self._agent(self.agents[agent_id], query)

    def drop_agent(self, agent_id: str, *, query: dict[str, list[str]], body: Any) -> Row:
        # Its blocks, its archive and its passages stay behind; its messages go.
        self._agent_row(agent_id)
        del self.agents[agent_id]
        for conversation in [one for one, agent in self.conversations.items() if agent == agent_id]:
            self.drop_conversation(conversation, query=query, body=body)
        self.messages.pop(agent_id, None)
        return {"message": f"Agent id={agent_id} successfully deleted"}

    def _agent_row(self, agent_id: str) -> Row:
        if not re.fullmatch(r"agent-[0-9a-f-]{36}", agent_id):
            raise Answer(422, f"[{{'type': 'string_pattern_mismatch', 'input': '{agent_id}'}}]")
        if agent_id not in self.agents:
            raise Answer(404, f"Agent not found with id='{agent_id}'")
        return self.agents[agent_id]

    def _agent(self, agent: Row, query: dict[str, list[str]]) -> Row:
        asked = query.get("include", [])
        shown = {key: value for key, value in agent.items() if key not in ("block_ids", "archive_id")}
        shown["blocks"] = [self.blocks[one] for one in agent["block_ids"]] if "agent.blocks" in asked else []
        shown["tags"] = shuffled(agent["tags"]) or [] if "agent.tags" in asked else []
        shown["identities"] = agent["identities"] if "agent.identities" in asked else []
        return shown

    def _paged(self, rows: list[Row], query: dict[str, list[str]], limit: int) -> list[Row]:
        if query.get("order", ["desc"])[0] == "desc":
            rows = rows[::-1]
        ids = [row["id"] for row in rows]
        if after := query.get("after"):
            rows = rows[ids.index(after[0]) + 1 :] if after[0] in ids and not self.forgets_cursors else []
        if before := query.get("before"):
            rows = rows[: ids.index(before[0])] if before[0] in ids and not self.forgets_cursors else []
        return rows[: int(query.get("limit", [str(limit)])[0])]

    # Blocks

    def make_block(self, *, query: dict[str, list[str]], body: Row) -> Row:
        block = {
            "id": f"block-{uuid4()}",
            "label": body["label"],
            "value": body["value"].replace("\0", ""),
            # Stated, never enforced.
            "limit": body.get("limit") or 100_000,
            "description": body.get("description"),
            "metadata": body.get("metadata") or {},
            "tags": shuffled(body.get("tags") or []) or [],
            "read_only": bool(body.get("read_only")),
            "is_template": False,
            "hidden": None,
        }
        self.blocks[block["id"]] = block
        return block

    def list_blocks(self, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        label = query.get("label")
        if label and not re.fullmatch(r"[a-zA-Z0-9_/-]+", label[0]):
            raise Answer(422, "[{'type': 'string_pattern_mismatch', 'loc': ('query', 'label')}]")
        found = [one for one in self.blocks.values() if not label or one["label"] == label[0]]
        if tags := query.get("tags"):
            found = [one for one in found if set(tags) & set(one["tags"])]
        return self._paged(found, query, 50)

    def change_block(self, block_id: str, *, query: dict[str, list[str]], body: Row) -> Row:
        block = self._block_row(block_id)
        block.update({key: body[key] for key in ("limit", "description", "metadata", "label") if key in body})
        if "value" in body:
            block["value"] = body["value"].replace("\0", "")
        return block

    def drop_block(self, block_id: str, *, query: dict[str, list[str]], body: Any) -> Row:
        block = self._block_row(block_id)
        del self.blocks[block_id]
        for agent in self.agents.values():
            agent["block_ids"] = [one for one in agent["block_ids"] if one != block_id]
        return block

    def holders(self, block_id: str, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        self._block_row(block_id)
        found = [one for one in self.agents.values() if block_id in one["block_ids"]]
        return [self._agent(one, query) for one in self._paged(found, query, 50)]

    def attach_block(self, agent_id: str, block_id: str, *, query: dict[str, list[str]], body: Any) -> Row:
        agent = self._agent_row(agent_id)
        label = self._block_row(block_id)["label"]
        if label in {self.blocks[one]["label"] for one in agent["block_ids"]}:
            raise Answer(409, f"duplicate key value violates unique constraint: label {label}")
        agent["block_ids"].append(block_id)
        return self._agent(agent, query)

    def blocks_of(self, agent_id: str, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        return self._paged([self.blocks[one] for one in self._agent_row(agent_id)["block_ids"]], query, 50)

    def block_by_label(self, agent_id: str, label: str, *, query: dict[str, list[str]], body: Any) -> Row:
        held = [self.blocks[one] for one in self._agent_row(agent_id)["block_ids"]]
        found = next((block for block in held if block["label"] == label), None)
        if found is None or "/" in label:
            raise Answer(404, f"Block with label {label} not found")
        return found

    def _block_row(self, block_id: str) -> Row:
        if block_id not in self.blocks:
            raise Answer(404, f"Block not found with id='{block_id}'")
        return self.blocks[block_id]

    # Archives

    def make_archive(self, *, query: dict[str, list[str]], body: Row) -> Row:
        handle = body.get("embedding")
        config = {"embedding_model": handle, "embedding_dim": 1536} if handle else None
        archive = {"id": f"archive-{uuid4()}", "name": body["name"], "created_at": now(), "embedding_config": config}
        self.archives[archive["id"]] = archive
        return archive

    def list_archives(self, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        found = list(self.archives.values())
        if name := query.get("name"):
            found = [one for one in found if one["name"] == name[0]]
        if agent := query.get("agent_id"):
            found = [one for one in found if one["id"] == self._agent_row(agent[0])["archive_id"]]
        return self._paged(found, query, 50)

    def drop_archive(self, archive_id: str, *, query: dict[str, list[str]], body: Any) -> None:
        if self.archives.pop(archive_id, None) is None:
            raise Answer(404, f"Archive not found with id='{archive_id}'")
        self.passages = {id_: one for id_, one in self.passages.items() if one["archive_id"] != archive_id}
        for agent in self.agents.values():
            if agent["archive_id"] == archive_id:
                agent["archive_id"] = None

    def attach_archive(self, agent_id: str, archive_id: str, *, query: dict[str, list[str]], body: Any) -> None:
        agent = self._agent_row(agent_id)
        if agent["archive_id"] is not None:
            raise Answer(409, "duplicate key value violates unique constraint: unique_agent_archive")
        agent["archive_id"] = archive_id

    # Passages

    def add_one(self, agent_id: str, *, query: dict[str, list[str]], body: Row) -> list[Row]:
        """The route an agent's own programs take: it knows no metadata."""
        agent = self._agent_row(agent_id)
        if agent["archive_id"] is None:
            made = self.make_archive(query={}, body={"name": agent["name"], "embedding": agent["embedding"]})
            agent["archive_id"] = made["id"]
        return [self._add(agent["archive_id"], {key: value for key, value in body.items() if key != "metadata"})]

    def add_many(self, archive_id: str, *, query: dict[str, list[str]], body: Row) -> list[Row]:
        if archive_id not in self.archives:
            raise Answer(404, f"Archive not found with id='{archive_id}'")
        if self.archives[archive_id]["embedding_config"] is None:
            raise Answer(500, "An unknown error occurred")
        for given in body["passages"]:
            check_passage(given)
        rows = [self._add(archive_id, given) for given in body["passages"]]
        tags = [row["filed"] for row in rows]
        rows = sorted(rows, key=lambda row: (instant(row["created_at"]), row["id"]))
        # The tags that searches filter by are filed by the place in the sorted answer.
        for row, filed in zip(rows, tags, strict=True):
            row["filed"] = filed
        return [self._passage(row) for row in rows]

    def _add(self, archive_id: str, given: Row) -> Row:
        check_passage(given)
        tags = list(dict.fromkeys(given.get("tags") or []))
        row = {
            "id": f"passage-{uuid4()}",
            "text": given["text"].replace("\0", ""),
            "created_at": instant(given["created_at"]).isoformat() if given.get("created_at") else now(),
            "updated_at": now(),
            "tags": shuffled(tags),
            "filed": tags,
            "metadata": given.get("metadata") or {},
            "archive_id": archive_id,
            "organization_id": "org-00000000-0000-4000-8000-000000000000",
            "is_deleted": False,
        }
        self.passages[row["id"]] = row
        return row

    def list_passages(self, agent_id: str, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        archive = self._agent_row(agent_id)["archive_id"]
        rows = [row for row in self.passages.values() if archive is not None and row["archive_id"] == archive]
        rows.sort(key=place)
        # Bounds are absolute, whatever the order asked for; an unknown one gives an empty list.
        for name in ("after", "before"):
            if name in query:
                bound = self.passages.get(query[name][0])
                if bound is None or bound not in rows or self.forgets_cursors:
                    return []
                beyond = operator.gt if name == "after" else operator.lt
                rows = [row for row in rows if beyond(place(row), place(bound))]
        if query.get("ascending", ["true"])[0] == "false":
            rows.reverse()
        limit = int(query.get("limit", ["100"])[0])
        return [self._passage(row) for row in (rows[:limit] if limit else rows)]

    def drop_passage(self, agent_id: str, passage_id: str, *, query: dict[str, list[str]], body: Any) -> None:
        archive = self._agent_row(agent_id)["archive_id"]
        if self.passages.get(passage_id, {}).get("archive_id") not in ([archive] if archive else []):
            raise Answer(404, f"Passage not found with id='{passage_id}'")
        del self.passages[passage_id]

    def search_passages(self, *, query: dict[str, list[str]], body: Row) -> list[Row]:
        limit = body.get("limit", 10)
        if not 1 <= limit <= 100:
            raise Answer(422, "[{'type': 'less_than_equal', 'loc': ('body', 'limit')}]")
        rows = sorted(self.passages.values(), key=place)
        if body.get("agent_id"):
            archive = self._agent_row(body["agent_id"])["archive_id"]
            rows = [row for row in rows if row["archive_id"] == archive]
        if body.get("archive_id"):
            rows = [row for row in rows if row["archive_id"] == body["archive_id"]]
        if body.get("query"):
            rows = nearest(body["query"], rows)
        if body.get("query") and not body.get("agent_id") and self.agents:
            # The query's vector is of the first agent's model, and says nothing of vectors of another.
            model = next(iter(self.agents.values()))["embedding"]
            rows.sort(key=lambda row: self.archives[row["archive_id"]]["embedding_config"]["embedding_model"] != model)
        rows = rows[:limit]
        # Tags are looked at after the limit.
        if wanted := body.get("tags"):
            rows = [row for row in rows if set(wanted) & set(row["filed"])]
        return [{"passage": self._passage(row), "score": 0.0, "metadata": {}} for row in rows]

    def _passage(self, row: Row) -> Row:
        shown = {key: value for key, value in row.items() if key != "filed"}
        return shown | {"embedding": [0.0] * self.dimensions or None, "tags": shuffled(row["tags"] or [])}

    # The rest

    def health(self, *, query: dict[str, list[str]], body: Any) -> Row:
        return {"version": "0.16.8", "status": "ok"}

    def list_models(self, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        return [{"handle": handle, "name": handle, "model_type": "llm"} for handle in self.models]

    def list_embeddings(self, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        return [{"handle": handle, "name": handle, "embedding_dim": 1536} for handle in self.embeddings]

    def list_messages(self, agent_id: str, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        self._agent_row(agent_id)
        held = self.messages.get(query.get("conversation_id", [agent_id])[0], [])
        return self._paged(held, query, 100)

    def reset_messages(self, agent_id: str, *, query: dict[str, list[str]], body: Any) -> Row:
        self._agent_row(agent_id)
        self.messages[agent_id] = [one for one in self.messages[agent_id] if one["message_type"] == "system_message"]
        return self._agent(self.agents[agent_id], query)

    def drop_conversation(self, conversation_id: str, *, query: dict[str, list[str]], body: Any) -> Row:
        if self.conversations.pop(conversation_id, None) is None:
            raise Answer(404, f"Conversation not found with id='{conversation_id}'")
        self.messages.pop(conversation_id, None)
        return {}

    def list_identities(self, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        if not self.knows_identities:
            raise Answer(404, "Not Found")
        key = query.get("identifier_key")
        return [one for one in self.identities.values() if key is None or one["identifier_key"] == key[0]]

    def drop_identity(self, identity_id: str, *, query: dict[str, list[str]], body: Any) -> None:
        if self.identities.pop(identity_id, None) is None:
            raise Answer(404, f"Identity not found with id='{identity_id}'")
        for agent in self.agents.values():
            agent["identities"] = [one for one in agent["identities"] if one.get("id") != identity_id]

    def detach_identity(self, agent_id: str, identity_id: str, *, query: dict[str, list[str]], body: Any) -> None:
        agent = self._agent_row(agent_id)
        agent["identities"] = [one for one in agent["identities"] if one.get("id") != identity_id]

    def list_conversations(self, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        owners = self.conversations.items()
        found = [{"id": id_, "agent_id": agent} for id_, agent in owners if agent in query.get("agent_id", [agent])]
        return self._paged(found, query, 50)


Handler = Callable[..., Any]
_ID = "([^/]+)"
ROUTES: list[tuple[str, str, Handler, int]] = [
    ("GET", "/v1/health/", LettaServer.health, 200),
    ("GET", "/v1/models/", LettaServer.list_models, 200),
    ("GET", "/v1/models/embedding", LettaServer.list_embeddings, 200),
    ("POST", "/v1/agents/", LettaServer.make_agent, 200),
    ("GET", "/v1/agents/", LettaServer.list_agents, 200),
    ("GET", f"/v1/agents/{_ID}", LettaServer.get_agent, 200),
    ("PATCH", f"/v1/agents/{_ID}", LettaServer.change_agent, 200),
    ("DELETE", f"/v1/agents/{_ID}", LettaServer.drop_agent, 200),
    ("GET", f"/v1/agents/{_ID}/core-memory/blocks", LettaServer.blocks_of, 200),
    ("GET", f"/v1/agents/{_ID}/core-memory/blocks/(.+)", LettaServer.block_by_label, 200),
    ("PATCH", f"/v1/agents/{_ID}/core-memory/blocks/attach/{_ID}", LettaServer.attach_block, 200),
    ("POST", "/v1/blocks/", LettaServer.make_block, 200),
    ("GET", "/v1/blocks/", LettaServer.list_blocks, 200),
    ("PATCH", f"/v1/blocks/{_ID}", LettaServer.change_block, 200),
    ("DELETE", f"/v1/blocks/{_ID}", LettaServer.drop_block, 200),
    ("GET", f"/v1/blocks/{_ID}/agents", LettaServer.holders, 200),
    ("POST", "/v1/archives/", LettaServer.make_archive, 200),
    ("GET", "/v1/archives/", LettaServer.list_archives, 200),
    ("DELETE", f"/v1/archives/{_ID}", LettaServer.drop_archive, 204),
    ("POST", f"/v1/archives/{_ID}/passages/batch", LettaServer.add_many, 200),
    ("PATCH", f"/v1/agents/{_ID}/archives/attach/{_ID}", LettaServer.attach_archive, 200),
    ("POST", f"/v1/agents/{_ID}/archival-memory", LettaServer.add_one, 200),
    ("GET", f"/v1/agents/{_ID}/archival-memory", LettaServer.list_passages, 200),
    ("DELETE", f"/v1/agents/{_ID}/archival-memory/{_ID}", LettaServer.drop_passage, 200),
    ("POST", "/v1/passages/search", LettaServer.search_passages, 200),
    ("GET", f"/v1/agents/{_ID}/messages", LettaServer.list_messages, 200),
    ("PATCH", f"/v1/agents/{_ID}/reset-messages", LettaServer.reset_messages, 200),
    ("PATCH", f"/v1/agents/{_ID}/identities/detach/{_ID}", LettaServer.detach_identity, 200),
    ("GET", "/v1/identities/", LettaServer.list_identities, 200),
    ("DELETE", f"/v1/identities/{_ID}", LettaServer.drop_identity, 200),
    ("GET", "/v1/conversations/", LettaServer.list_conversations, 200),
    ("DELETE", f"/v1/conversations/{_ID}", LettaServer.drop_conversation, 200),
]


def check_passage(given: Row) -> None:
    if len(given["text"].encode()) > LONGEST_TEXT:
        raise Answer(400, "Passage text exceeds the maximum of 8192 tokens")
    if given.get("created_at"):
        instant(given["created_at"])


def instant(text: str) -> datetime:
    """A time as the server takes it: any offset becomes UTC, none is UTC."""
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
    """Tags are a set to the server; none is null."""
    found = list(dict.fromkeys(tags))
    random.shuffle(found)
    return found or None


def nearest(query: str, rows: list[Row]) -> list[Row]:
    """By meaning, as a model makes it out: the one that memctl ships."""
    from memctl.embed.spec import EmbedderSpec

    if not rows:
        return []
    model = EmbedderSpec().open()
    scores = model.embed([row["text"] for row in rows]) @ model.embed_one(query)
    return [rows[at] for at in sorted(range(len(rows)), key=lambda at: -scores[at])]


@contextmanager
def serve() -> Iterator[LettaServer]:
    """A running server on a free port of the loopback interface."""
    state = LettaServer()

    class RequestHandler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def _answer(self) -> None:
            data = self.rfile.read(int(self.headers["content-length"] or 0))
            body = json.loads(data) if self.headers.get_content_type() == "application/json" and data else None
            status, answer, headers = state.answer(self.command, self.path, body, self.headers["authorization"])
            content = b"" if status == 204 else json.dumps(answer).encode()
            if any(not -(2**63) <= int(digits) < 2**64 for digits in re.findall(rb"[ \[](-?\d{19,})[,\]}]", content)):
                # The server has applied the call, and cannot put its answer into words.
                status, content = 500, b'{"detail": "An unknown error occurred"}'
            self.send_response(status)
            for name, value in {"content-type": "application/json", **headers}.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)
            self.wfile.flush()

        do_GET = do_POST = do_PATCH = do_DELETE = _answer  # noqa: N815 (the base class names them so)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
            return

    with serving(RequestHandler) as url:
        state.url = url
        yield state
