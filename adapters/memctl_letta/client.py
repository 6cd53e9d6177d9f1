"""Letta's V1 REST API through its SDK. Responses become records of `mapping` and `blocks`; errors become memctl's.

The SDK is imported at the first call. Its own retries are disabled, because it would repeat a POST that was already
applied. Responses are decoded here rather than by the SDK's models, which would build 4,096 numbers for every
passage.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import quote, urlsplit

import msgspec

from memctl.backends.contract import need, server_parts
from memctl.core.errors import AuthError, Fatal, MemctlError, NotFound, Rejected, Retryable, from_status
from memctl_letta.blocks import Block
from memctl_letta.mapping import Passage

T = TypeVar("T")

CLOUD = "https://api.letta.com"
PAGE = 100
INCLUDE = ["agent.blocks", "agent.tags", "agent.identities"]
"""The parts of an agent that the API omits by default."""
_KEY = "LETTA_API_KEY, LETTA_API_KEY_FILE or LETTA_API_KEY_COMMAND"


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A person or organization that an agent serves; `identity_type` is `user`, `org` or `other`."""

    identifier_key: str
    identity_type: str | None = None
    id: str | None = None


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """An agent with its tags, core memory and identities; `embedding` is the handle of its embedding model."""

    id: str
    name: str | None = None
    tags: list[str] | None = None
    blocks: list[Block] | None = None
    identities: list[Identity] | None = None
    metadata: dict[str, Any] | None = None
    embedding: str | None = None


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """A collection of passages, attached to any number of agents."""

    id: str
    name: str
    embedding_config: dict[str, Any] | None = None


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model the server offers, by its handle."""

    handle: str | None = None


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A record of which only the id is needed."""

    id: str


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A search result; `score` is 0 on a self-hosted server."""

    passage: Passage
    score: float | None = None


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The status of the server."""

    version: str | None = None


class Server:
    """The server at `url` (None: Letta Cloud), used with `api_key`; `timeout` is in seconds per response.

    Connects at the first call. Raises AuthError for Letta Cloud without a key, UsageError for an invalid
    URL.
    """

    def __init__(self, url: str | None, api_key: str | None, timeout: float) -> None:
        self.url = (url or CLOUD).rstrip("/").removesuffix("/v1")
        parts = server_parts(self.url, hint="give --url http://HOST:8283")
        self.place = parts.netloc.rpartition("@")[2] + parts.path
        self.cloud = parts.hostname == urlsplit(CLOUD).hostname
        if not api_key and self.cloud:
            raise AuthError(
                "Letta Cloud needs a key, and LETTA_API_KEY is not set",
                where=self.place,
                hint=f"set {_KEY}; for a server of your own, set LETTA_BASE_URL",
            )
        if api_key and not (api_key.isascii() and api_key.isprintable() and " " not in api_key):
            raise AuthError("the API key contains invalid characters", hint=f"check {_KEY}")
        self._key = api_key
        self._timeout = timeout
        self._lock = Lock()
        self._client: Any = None

    def __repr__(self) -> str:
        return f"Server({self.place})"

    @property
    def client(self) -> Any:
        """The `letta_client.Letta`, created at the first use."""
        with self._lock:
            if self._client is None:
                sdk = need("letta_client", "letta")
                for name in ("letta_client", "httpx", "httpcore"):
                    logging.getLogger(name).setLevel(logging.WARNING)
                client = sdk.Letta(api_key=self._key or "", base_url=self.url, timeout=self._timeout, max_retries=0)
                # An empty key would be sent, and for None the SDK would read the environment.
                client.api_key = self._key or None
                self._client = client
            return self._client

    def close(self) -> None:
        """Close the connections."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def status(self) -> Status:
        """The status of the server. Needs no key."""
        return self._get(Status, self.client.with_raw_response.health)

    def agents(self, **chosen: Any) -> Iterator[Agent]:
        """All agents, or those of these `tags` or `identifier_keys`; oldest first."""
        return self._all(Agent, self.client.agents.with_raw_response.list, include=INCLUDE, **chosen)

    def some_agents(self) -> list[Agent]:
        """At most one agent: a cheap call that needs the key."""
        return self._get(list[Agent], self.client.agents.with_raw_response.list, limit=1)

    def agent(self, agent_id: str) -> Agent | None:
        """The agent with this id, or None."""
        try:
            return self._get(Agent, self.client.agents.with_raw_response.retrieve, agent_id, include=INCLUDE)
        except (NotFound, Rejected):
            # The server distinguishes an invalid id (422) from an unknown one.
            return None

    def make_agent(self, **fields: Any) -> Agent:
        """Create an agent with these fields of the API."""
        return self._get(Agent, self.client.agents.with_raw_response.create, **fields)

    def retag_agent(self, agent_id: str, tags: Sequence[str]) -> None:
        """Replace the tags of an agent."""
        self._do(self.client.agents.with_raw_response.update, agent_id, tags=list(tags))

    def drop_agent(self, agent_id: str) -> bool:
        """Delete an agent and its messages; its blocks, archive and passages stay. False if it was not there."""
        return self._gone(self.client.agents.with_raw_response.delete, agent_id)

    def handles(self, kind: str) -> list[str]:
        """The handles of the models the server offers; `kind` is `llm` or `embedding`.

        A self-hosted server lists Letta's free models first, which run at Letta. They are moved to the end, so that by
        default no fact is sent to Letta.
        """
        models = self.client.models
        listed = models.embeddings if kind == "embedding" else models
        listed_models = self._get(list[Model], listed.with_raw_response.list)
        handles = [model.handle for model in listed_models if model.handle]
        return handles if self.cloud else sorted(handles, key=lambda handle: handle.startswith("letta/"))

    def blocks(self, **chosen: Any) -> Iterator[Block]:
        """All blocks with these `tags`, attached to an agent or not."""
        return self._all(Block, self.client.blocks.with_raw_response.list, **chosen)

    def make_block(self, block: Block) -> Block:
        """Create a block with its metadata, which `make_agent` would lose. It is not attached to an agent yet."""
        fields: dict[str, Any] = {"label": block.label, "value": block.value, "metadata": block.metadata or {}}
        frame = {"limit": block.limit, "description": block.description, "read_only": block.read_only}
        fields |= {name: value for name, value in frame.items() if value is not None}
        if block.tags:
            fields["tags"] = block.tags
        return self._get(Block, self.client.blocks.with_raw_response.create, **fields)

    def attach_block(self, block_id: str, agent_id: str) -> None:
        """Attach a block to an agent, which can have one of each label."""
        self._do(self.client.agents.blocks.with_raw_response.attach, block_id, agent_id=agent_id)

    def change_block(self, block: Block) -> None:
        """Replace a block's value and metadata, by its id, because the API does not find labels with a slash."""
        fields = {"value": block.value, "metadata": block.metadata or {}}
        self._do(self.client.blocks.with_raw_response.update, block.id, **fields)

    def drop_block(self, block_id: str) -> bool:
        """Delete a block and detach it everywhere. False if it did not exist."""
        return self._gone(self.client.blocks.with_raw_response.delete, block_id)

    def holders(self, block_id: str) -> set[str]:
        """The ids of the agents a block is attached to."""
        return {agent.id for agent in self._all(Named, self.client.blocks.agents.with_raw_response.list, block_id)}

    def archives(self, **chosen: Any) -> list[Archive]:
        """The archives of an `agent_id` or with a `name`, oldest first. Names are not unique."""
        return list(self._all(Archive, self.client.archives.with_raw_response.list, **chosen))

    def archive_holders(self, archive_id: str) -> set[str]:
        """The ids of the agents that an archive is attached to. If the server cannot list them, all agents are read."""
        path = f"/v1/archives/{quote(archive_id, safe='')}/agents"

        def asked(**chosen: Any) -> Any:
            return self.client.get(path, cast_to=need("httpx", "letta").Response, options={"params": chosen})

        try:
            return {agent.id for agent in self._all(Named, asked)}
        except NotFound:
            archives = {agent.id: self.archives(agent_id=agent.id) for agent in self.agents()}
            return {agent for agent, attached in archives.items() if any(one.id == archive_id for one in attached)}

    def make_archive(self, **fields: Any) -> Archive:
        """Create an archive, attached to no agent yet."""
        return self._get(Archive, self.client.archives.with_raw_response.create, **fields)

    def attach_archive(self, archive_id: str, agent_id: str) -> None:
        """Attach an archive to an agent, which can have only one."""
        self._do(self.client.agents.archives.with_raw_response.attach, archive_id, agent_id=agent_id)

    def drop_archive(self, archive_id: str) -> bool:
        """Delete an archive and its passages. False if it did not exist."""
        return self._gone(self.client.archives.with_raw_response.delete, archive_id)

    def page(self, agent_id: str, *, after: str | None = None, limit: int = PAGE) -> list[Passage]:
        """At most `limit` passages of an agent's archive, in the order of their times, after the passage `after`."""
        chosen: dict[str, Any] = {"limit": limit, "ascending": True}
        if after is not None:
            chosen["after"] = after
        return self._get(list[Passage], self.client.agents.passages.with_raw_response.list, agent_id, **chosen)

    def holds(self, agent_id: str, passage_id: str) -> bool:
        """Whether a passage is in the agent's archive. The list after an unknown passage is empty, so the one before it
        is used."""
        list_passages = self.client.agents.passages.with_raw_response.list
        if self._get(list[Named], list_passages, agent_id, before=passage_id, ascending=False, limit=1):
            return True
        first = self._get(list[Named], list_passages, agent_id, ascending=True, limit=1)
        return bool(first) and first[0].id == passage_id

    def add_passages(self, archive_id: str, passages: Sequence[Mapping[str, Any]]) -> list[Passage]:
        """Add passages to an archive in one call; they are returned sorted by time. Pass them sorted: otherwise the
        server sets tags on the wrong passages."""
        create = self.client.archives.passages.with_raw_response.create_many
        return self._get(list[Passage], create, archive_id, passages=list(passages))

    def drop_passage(self, agent_id: str, passage_id: str) -> bool:
        """Delete a passage of an agent. False if it did not exist."""
        return self._gone(self.client.agents.passages.with_raw_response.delete, passage_id, agent_id=agent_id)

    def search(self, query: str | None, limit: int, **chosen: Any) -> list[Found]:
        """At most 100 passages that match a query (None: any), best first; of an `agent_id`, an `archive_id` or all."""
        query_field = {} if query is None else {"query": query}
        return self._get(
            list[Found], self.client.passages.with_raw_response.search, limit=limit, **query_field, **chosen
        )

    def messages(self, agent_id: str, **chosen: Any) -> Iterator[dict[str, Any]]:
        """An agent's messages, oldest first, as the API returns them; of one `conversation_id`, or of its main one."""
        list_messages = self.client.agents.messages.with_raw_response.list
        return self._all(dict[str, Any], list_messages, agent_id, **chosen)

    def conversation_ids(self, agent_id: str) -> list[str]:
        """An agent's conversations except its main one; none on a server without conversations."""
        list_conversations = self.client.conversations.with_raw_response.list
        try:
            return [one.id for one in self._all(Named, list_conversations, agent_id=agent_id, archive_status="all")]
        except NotFound:
            return []

    def reset_messages(self, agent_id: str) -> None:
        """Empty the context of an agent. Its messages are kept, because Letta deletes them only with the agent."""
        self._do(self.client.agents.messages.with_raw_response.reset, agent_id)

    def identities(self, key: str) -> list[Identity]:
        """The identities with this key; none from a server that no longer has identities. The SDK has no methods for
        them any more."""
        request = {"cast_to": need("httpx", "letta").Response, "options": {"params": {"identifier_key": key}}}
        try:
            rows = self._get(list[Identity], self.client.get, "/v1/identities/", **request)
        except NotFound:
            return []
        return [one for one in rows if one.identifier_key == key and one.identity_type in (None, "user")]

    def detach_identity(self, identity_id: str, agent_id: str) -> bool:
        """Detach an identity from an agent. False if it was not attached."""
        return self._gone(self.client.agents.identities.with_raw_response.detach, identity_id, agent_id=agent_id)

    def drop_identity(self, identity_id: str) -> bool:
        """Delete an identity. False if it did not exist."""
        path = f"/v1/identities/{quote(identity_id, safe='')}"
        return self._gone(self.client.delete, path, cast_to=need("httpx", "letta").Response)

    def _all(self, kind: type[T], method: Any, *arguments: Any, **options: Any) -> Iterator[T]:
        """All records of a list. It ends with an empty page."""
        seen: set[object] = set()
        after: dict[str, object] = {}
        while rows := self._get(list[dict[str, Any]], method, *arguments, limit=PAGE, order="asc", **options, **after):
            last = rows[-1].get("id")
            if last is None or last in seen:
                raise Fatal("pagination loop: the server repeated a page", where=self.place)
            seen.add(last)
            after = {"after": last}
            for row in rows:
                with self._understood():
                    record = msgspec.convert(row, kind)
                yield record

    def _get(self, kind: type[T], method: Any, *arguments: Any, **options: Any) -> T:
        with self._translated():
            body = method(*arguments, **options).read()
        with self._understood():
            return msgspec.json.decode(body, type=kind)

    @contextmanager
    def _understood(self) -> Iterator[None]:
        try:
            yield
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise Fatal(
                f"not a response from Letta: {error}",
                where=self.place,
                hint="check that this is the address of a Letta server",
            ) from None

    def _do(self, method: Any, *arguments: Any, **options: Any) -> None:
        with self._translated():
            method(*arguments, **options).read()

    def _gone(self, method: Any, *arguments: Any, **options: Any) -> bool:
        try:
            self._do(method, *arguments, **options)
        except NotFound:
            return False
        return True

    @contextmanager
    def _translated(self) -> Iterator[None]:
        sdk = need("letta_client", "letta")
        try:
            yield
        except sdk.APIStatusError as error:
            raise failure(error, self.place) from None
        except sdk.APIConnectionError as error:
            why = "no response in time" if isinstance(error, sdk.APITimeoutError) else "no connection"
            raise Retryable(why, where=self.place, hint="check that the server is running") from None
        except sdk.APIError as error:
            raise Fatal(f"not a response from Letta: {error.message}", where=self.place) from None


def failure(error: Any, place: str) -> MemctlError:
    """The MemctlError for the SDK's `APIStatusError`, with the server's message."""
    body = error.body if isinstance(error.body, dict) else {}
    detail = body.get("detail") or body.get("message") or body.get("error") or ""
    words = detail if isinstance(detail, str) else msgspec.json.encode(detail).decode()
    message = f"{' '.join(words.split())[:300]} ({error.status_code})" if words else f"HTTP {error.status_code}"
    hint = f"check {_KEY}" if error.status_code in (401, 403) else None
    return from_status(error.status_code, message, after=_wait(error.response.headers), where=place, hint=hint)


def _wait(headers: Mapping[str, str]) -> float | None:
    try:
        return max(0.0, float(headers.get("retry-after", "")))
    except ValueError:
        return None
