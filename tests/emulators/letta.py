"""A loopback emulator of Letta's V1 REST API, after the observed behaviour of version 0.16.8: its formats, its limits
and its bugs, such as lists that end at an unknown cursor and tags that are set on the wrong passage.

On request it refuses calls, or fails before or after applying them, forgets its cursors, and pads embeddings.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from emulators.letta_memory import LettaMemory
from emulators.letta_state import Answer, Row, now
from emulators.loopback import serving

KEY = "loopback-letta-key"


class LettaServer(LettaMemory):
    """Answers and records every call."""

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
                status, reply = self._route(method, parts.path, parse_qs(parts.query), body)
            except Answer as refused:
                return refused.status, {"detail": refused.detail}, {}
            return status, self.meddle(call, reply), {}

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
        for memory_block in body.get("memory_blocks") or []:
            # The server loses the metadata of blocks that are created together with an agent.
            block = self.make_block(query={}, body={**memory_block, "metadata": {}})
            agent["block_ids"].append(block["id"])
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
        agents = list(self.agents.values())
        if tags := query.get("tags"):
            every = query.get("match_all_tags", ["false"])[0] == "true"
            agents = [one for one in agents if (all if every else any)(tag in one["tags"] for tag in tags)]
        if keys := query.get("identifier_keys"):
            agents = [one for one in agents if any(who["identifier_key"] in keys for who in one["identities"])]
        if name := query.get("name"):
            agents = [one for one in agents if one["name"] == name[0]]
        return [self._agent(one, query) for one in self._paged(agents, query, 50)]

    def get_agent(self, agent_id: str, *, query: dict[str, list[str]], body: Any) -> Row:
        return self._agent(self._agent_row(agent_id), query)

    def change_agent(self, agent_id: str, *, query: dict[str, list[str]], body: Row) -> Row:
        self._agent_row(agent_id).update({key: body[key] for key in ("tags", "metadata", "name") if key in body})
        return self._agent(self.agents[agent_id], query)

    def drop_agent(self, agent_id: str, *, query: dict[str, list[str]], body: Any) -> Row:
        # Deletes its messages, but not its blocks, archive and passages.
        self._agent_row(agent_id)
        del self.agents[agent_id]
        for conversation in [one for one, agent in (self.conversations | self.ended).items() if agent == agent_id]:
            self.conversations.pop(conversation, None)
            self.messages.pop(conversation, None)
        self.messages.pop(agent_id, None)
        return {"message": f"Agent id={agent_id} successfully deleted"}

    # The rest

    def health(self, *, query: dict[str, list[str]], body: Any) -> Row:
        return {"version": "0.16.8", "status": "ok"}

    def list_models(self, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        return [{"handle": handle, "name": handle, "model_type": "llm"} for handle in self.models]

    def list_embeddings(self, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        return [{"handle": handle, "name": handle, "embedding_dim": 1536} for handle in self.embeddings]

    def list_messages(self, agent_id: str, *, query: dict[str, list[str]], body: Any) -> list[Row]:
        self._agent_row(agent_id)
        messages = self.messages.get(query.get("conversation_id", [agent_id])[0], [])
        return self._paged(messages, query, 100)

    def reset_messages(self, agent_id: str, *, query: dict[str, list[str]], body: Any) -> Row:
        # Only the agent's context is emptied. Its messages are kept and still listed.
        return self._agent(self._agent_row(agent_id), query)

    def drop_conversation(self, conversation_id: str, *, query: dict[str, list[str]], body: Any) -> Row:
        # The conversation is no longer listed, but its messages are kept until the agent is deleted.
        agent = self.conversations.pop(conversation_id, None)
        if agent is None:
            raise Answer(404, f"Conversation not found with id='{conversation_id}'")
        self.ended[conversation_id] = agent
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
        conversations = [
            {"id": id_, "agent_id": agent} for id_, agent in owners if agent in query.get("agent_id", [agent])
        ]
        return self._paged(conversations, query, 50)


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
    ("GET", f"/v1/archives/{_ID}/agents", LettaServer.archive_holders, 200),
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
                # The server has applied the call, but cannot encode the response.
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
