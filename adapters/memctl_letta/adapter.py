"""The backend named `letta`: Letta's V1 REST API, at Letta Cloud or on a self-hosted server up to 0.16.8.

Implements the contract of a backend with the other modules of this package.
"""

from collections import OrderedDict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NoReturn
from uuid import UUID

from memctl.backends.contract import (
    Backend,
    Capabilities,
    Conversation,
    Features,
    FieldSupport,
    Health,
    Hit,
    Outcome,
    Page,
    Query,
)
from memctl.core.errors import NotFound, Rejected, UsageError
from memctl.core.fact import Fact
from memctl_letta import erase, mapping, messages, read, search, users, write
from memctl_letta.client import CLOUD, Agent, Server
from memctl_letta.read import Memory, Notes
from memctl_letta.write import Desk, Models

DESKS = 16
"""The number of users whose agents are cached between two writes."""

_METADATA = FieldSupport(level="in_metadata", how="in the metadata of the passage or block, under the key `memctl`")


class LettaAdapter(Backend):
    """Letta at `url` or LETTA_BASE_URL (default: Letta Cloud), with `api_key` or LETTA_API_KEY.

    A user's agents are: the agent with the id `agent`, or else those tagged `user:<id>`, or else those with the user's
    identity. An agent without any of these is a user whose name is the agent's id. Passages and lines of blocks are
    facts; a fact of kind `block` that names its block's label is written to that block, all others to the archive.
    `core_memory` also shows the archive's facts in the block `human`. `delete_agents` lets `forget` delete agents that
    memctl did not create. `model` and `embedding` are the models of new agents (default: the first that the server
    offers, on a self-hosted server Letta's free ones last). `timeout` is in seconds per response.

    Connects at the first call. Raises AuthError for Letta Cloud without a key, UsageError for an invalid URL.
    """

    name = "letta"
    capabilities = Capabilities(
        fields={
            name: _METADATA
            for name in Fact.__struct_fields__
            if name not in ("id", "user_id", "text", "categories", "created_at", "metadata")
        },
        split_text=mapping.PART_BYTES // 4,
        split_how="in passages of 8,192 tokens of four bytes each",
        batch_size=200,
    )
    features = Features(
        options=("url", "api_key", "agent", "core_memory", "delete_agents", "embedding", "model", "timeout"),
        address_option="url",
        env_vars={"api_key": ("LETTA_API_KEY",), "url": ("LETTA_BASE_URL",)},
        tested_versions={"letta-client": "1."},
        conversations=True,
        forget=True,
        inventory=True,
    )

    def __init__(
        self,
        url: str | None = None,
        *,
        api_key: str | None = None,
        agent: str | None = None,
        core_memory: bool = False,
        delete_agents: bool = False,
        embedding: str | None = None,
        model: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        self._server = Server(url, api_key, timeout)
        self._agent = agent
        self._core_memory = core_memory
        self._delete_agents = delete_agents
        self._notes = Notes()
        self._embedding = embedding
        self._model = model
        self._desks: OrderedDict[str, Desk] = OrderedDict()
        self._written: dict[str, None] = {}
        self._rejects: dict[str, list[Rejected]] = {}
        self.identity = f"{self._server.place}/{agent}" if agent else self._server.place
        self._cloud_by_default = url is None

    def __repr__(self) -> str:
        return f"LettaAdapter({self._server.place})"

    def __enter__(self) -> "LettaAdapter":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def remarks(self) -> Sequence[str]:
        """The server, if it was chosen by default; after reading, what was left out and what agents share."""
        cloud = [f"no server is named (LETTA_BASE_URL): using Letta Cloud, {CLOUD}"] if self._cloud_by_default else []
        return [*cloud, *self._notes.lines()]

    def close(self) -> None:
        """Close the connections."""
        self._server.close()

    def check(self) -> Health:
        """Connect to the server, and make a call that needs the key."""
        version = self._server.status().version
        self._server.some_agents()
        if self._agent is not None:
            self._chosen()
        return Health(ok=True, detail=f"{self.identity}: Letta {version or 'of an unknown version'}")

    def users(self) -> Iterator[str]:
        """Every user of an agent that has a fact."""
        seen: set[str] = set()
        for agent in self._listed():
            user = users.owner(agent)
            if user not in seen and read.has_facts(self._server, agent):
                seen.add(user)
                yield user

    def count(self, user: str) -> int | None:
        """None, because Letta counts neither passages nor lines. The facts of an agent that is chosen by its id and
        belongs to no user are counted by reading them."""
        if self._agent is None or not users.names_no_user(self._chosen()):
            return None
        return len(list(_each_once(self._memories(user))))

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts agent by agent: passages in the order of their times, then the lines of blocks.

        The cursor is the place of the last one. A cursor whose place no longer exists reads everything again.
        """
        memories = self._memories(user)
        self._notes.read(user, memories)
        self._rejects[user] = [broken for memory in memories for broken in memory.archive.broken]
        listed = list(_each_once(memories))
        names = [name for name, _ in listed]
        listed = listed[names.index(cursor) + 1 if cursor in names else 0 :]
        listed = [(name, fact) for name, fact in listed if _recent(fact, since)]
        for start in range(0, max(1, len(listed)), read.PAGE):
            page = listed[start : start + read.PAGE]
            more = start + read.PAGE < len(listed)
            yield Page(tuple(fact for _, fact in page), page[-1][0] if more else None)

    def rejects(self) -> Iterable[Rejected]:
        """The records read so far that are not facts."""
        return [broken for rejected in self._rejects.values() for broken in rejected]

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim, user by user; one outcome per fact, in order."""
        outcomes: dict[tuple[str, UUID], Outcome] = {}
        grouped: dict[str, list[Fact]] = {}
        for fact in facts:
            grouped.setdefault(fact.user_id, []).append(fact)
        for user, user_facts in grouped.items():
            reason = self._refusal(user)
            if reason is not None:
                outcomes |= {(user, fact.id): Outcome(state="rejected", reason=reason) for fact in user_facts}
                continue
            try:
                outcomes_by_id = self._desk(user).write(user_facts)
            except BaseException:
                # Whether the server wrote anything is unknown.
                self._desks.pop(user, None)
                raise
            outcomes |= {(user, id_): outcome for id_, outcome in outcomes_by_id.items()}
            self._written[user] = None
        return [outcomes[fact.user_id, fact.id] for fact in facts]

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user; returns how many existed. The last one also removes what memctl made for the user:
        the archive, and the agent unless it has messages.

        Raises UsageError for a line of a block that other agents share.
        """
        self._desks.pop(user, None)
        ids_to_delete = set(ids)
        deleted: set[UUID] = set()
        if not ids_to_delete:
            return 0
        memories = self._memories(user)
        for memory in memories:
            deleted |= erase.delete(self._server, memory, user, ids_to_delete, [one.agent.id for one in memories])
        return len(deleted)

    def everyone(self) -> Iterator[str]:
        """Every user of an agent, with or without facts."""
        seen: set[str] = set()
        for agent in self._listed():
            user = users.owner(agent)
            if user not in seen and erase.is_anybody(self._server, agent):
                seen.add(user)
                yield user

    def inventory(self, user: str) -> Mapping[str, int]:
        """The number of agents, identities and messages of the user, and of passages that other users share."""
        return erase.inventory(self._server, self._agents(user), user) if _sayable(user) else {}

    def forget(self, user: str) -> Sequence[str]:
        """Remove the user: passages, the identity, the agents that memctl made with their messages, and the blocks that
        no other agent has. An agent that memctl did not make is emptied and stays, and so do its messages, unless
        `delete_agents`."""
        self._desks.pop(user, None)
        self._written.pop(user, None)
        if not _sayable(user):
            return ()
        return erase.forget(self._server, self._agents(user), user, delete_agents=self._delete_agents)

    def search(self, query: Query) -> list[Hit]:
        """The best facts, best first.

        Letta finds passages by meaning. Lines of blocks, which Letta does not search, are found by their words. Letta
        returns only an order, so the score of a hit is 1 / (60 + rank): reciprocal rank fusion, Cormack et al., SIGIR
        2009.
        """
        text, user = query.text.replace("\0", " ").strip(), query.user
        if not text or query.k < 1:
            return []
        agents = self._agents(user) if user is not None else list(self._listed())
        passages = search.passages(self._server, agents, user, text, query.k)
        lines = search.lines(self._server, agents, user, text, query.k)
        return search.fused(passages, lines, query.k)

    def conversations(self, user: str) -> Iterator[Conversation]:
        """The conversations of the user with their agents: each agent's main one first."""
        for agent in self._agents(user):
            for conversation in (None, *self._server.conversation_ids(agent.id)):
                chosen = {} if conversation is None else {"conversation_id": conversation}
                turns = tuple(messages.spoken(self._server.messages(agent.id, **chosen)))
                if turns:
                    yield Conversation(
                        id=conversation or agent.id,
                        messages=turns,
                        title=agent.name,
                        started_at=turns[0].at,
                        agent_id=agent.id,
                    )

    def add(self, user: str, turns: Iterable[Any]) -> NoReturn:
        """Always raises UsageError: an agent decides what to remember while it answers."""
        raise UsageError(
            "Letta cannot import a conversation: an agent would answer it and decide itself what to remember",
            hint="memctl ingest reads transcripts into the local store, memctl migrate --to letta moves the facts",
        )

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Show what was written in core memory, if requested. Writes can be read at once."""
        self._desks.clear()
        if self._core_memory:
            for user in self._written:
                for memory in self._memories(user):
                    write.show(self._server, memory)
        self._written.clear()

    def _listed(self) -> Iterator[Agent]:
        """The chosen agent, or all agents."""
        if self._agent is not None:
            yield self._chosen()
        else:
            yield from self._server.agents()

    def _chosen(self) -> Agent:
        assert self._agent is not None
        agent = self._server.agent(self._agent)
        if agent is None:
            raise NotFound(f"there is no agent {self._agent!r}", where=self._server.place, hint="check --agent")
        return agent

    def _agents(self, user: str) -> list[Agent]:
        """The agents of a user, oldest first: by their tag, then by their identity, then by their own id."""
        if not _sayable(user):
            return []
        if self._agent is not None:
            chosen = self._chosen()
            return [chosen] if users.names_no_user(chosen) or users.owner(chosen) == user else []
        user_agents = list(self._server.agents(tags=[users.TAG + user]))
        user_agents += self._server.agents(identifier_keys=[user])
        if user.startswith("agent-") and (agent := self._server.agent(user)) is not None:
            user_agents.append(agent)
        # Check the owner again instead of relying on the server's filter.
        return list({agent.id: agent for agent in user_agents if users.owner(agent) == user}.values())

    def _memories(self, user: str) -> list[Memory]:
        return [read.memory(self._server, agent, user) for agent in self._agents(user)]

    def _refusal(self, user: str) -> str | None:
        """The reason why nothing can be written for the user, if any."""
        if not _sayable(user):
            return "the user's name contains a NUL or a lone surrogate, which a Letta tag cannot contain"
        if self._agent is not None and not self._agents(user):
            return f"the agent {self._agent} belongs to {users.owner(self._chosen())!r}"
        return None

    def _desk(self, user: str) -> Desk:
        if user not in self._desks:
            model = partial(self._handle, "llm", self._model)
            embedding = partial(self._handle, "embedding", self._embedding)
            models = Models(model, embedding)
            self._desks[user] = Desk(
                self._server, user, self._memories(user), models, one_agent=self._agent is not None
            )
        self._desks.move_to_end(user)
        while len(self._desks) > DESKS:
            self._desks.popitem(last=False)
        return self._desks[user]

    def _handle(self, kind: str, name: str | None) -> str:
        """The handle of a model: the requested one, or the first that the server offers."""
        offered = [name] if name else self._server.handles(kind)
        if not offered:
            option = "model" if kind == "llm" else "embedding"
            raise UsageError(
                f"the server offers no {kind} model, and an agent needs one",
                where=self._server.place,
                hint=f"set {option} in the settings, under [backends.letta]",
            )
        return offered[0]


def _each_once(memories: Iterable[Memory]) -> Iterator[tuple[str, Fact]]:
    """The facts of several agents of one user, each once: agents may share an archive."""
    seen: set[UUID] = set()
    for memory in memories:
        for name, fact in memory.facts():
            if fact.id not in seen:
                seen.add(fact.id)
                yield name, fact


def _recent(fact: Fact, since: datetime | None) -> bool:
    """Whether the fact was recorded or changed since then. True for a fact without a time, because it may have been."""
    at = fact.updated_at or fact.created_at
    return since is None or at is None or at >= since


def _sayable(user: str) -> bool:
    return "\0" not in user and user.encode(errors="ignore").decode() == user
