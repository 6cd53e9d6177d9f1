"""The backend named `letta`: Letta's V1 REST API, at Letta Cloud or on a server of one's own up to 0.16.8.

Joins the rooms beside it into the adapter contract; it may know nothing of other backends.
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
from memctl_letta.read import Memory
from memctl_letta.write import Desk, Models

DESKS = 16
"""Users whose agents are remembered between two writes."""

_BESIDE = FieldSupport(level="in_metadata", how="under the key memctl of the passage's or the block's metadata")


class LettaAdapter(Backend):
    """Letta at `url`, else at LETTA_BASE_URL, else Letta Cloud, with `api_key`, else LETTA_API_KEY.

    A user is an agent: the one of the id `agent`, else those tagged `user:<id>`, else those with the user's identity;
    an agent that names nobody is a user called by its own id. Passages and blocks are facts; facts of kind `block` that
    name their block's label go there, all others into the archive. `core_memory` shows the archive's facts in the block
    `human`, too. `model` and `embedding` are the handles of the models of an agent to be made, else the first ones the
    server offers, and of those of one's own servers Letta's free ones last. `timeout` is in seconds for each answer.

    Nothing is reached before the first call. Raises AuthError for Letta Cloud without a key, UsageError for what is no
    address.
    """

    name = "letta"
    capabilities = Capabilities(
        fields={
            name: _BESIDE
            for name in Fact.__struct_fields__
            if name not in ("id", "user_id", "text", "categories", "created_at", "metadata")
        },
        split_text=mapping.PART_BYTES // 4,
        split_how="in passages of 8,192 tokens, reckoned at four bytes each",
        batch_size=200,
    )
    features = Features(
        options=("url", "api_key", "agent", "core_memory", "embedding", "model", "timeout"),
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
        embedding: str | None = None,
        model: str | None = None,
        timeout: float = 60.0,
    ) -> None:
        self._server = Server(url, api_key, timeout)
        self._agent = agent
        self._core_memory = core_memory
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
        """Which server is used if the user named none."""
        return (f"no server is named (LETTA_BASE_URL): using Letta Cloud, {CLOUD}",) if self._cloud_by_default else ()

    def close(self) -> None:
        """Let go of the connections."""
        self._server.close()

    def check(self) -> Health:
        """Reach the server, and make a call that needs the key."""
        version = self._server.status().version
        self._server.some_agents()
        if self._agent is not None:
            self._chosen()
        return Health(ok=True, detail=f"{self.identity}: Letta {version or 'of an unknown version'}")

    def users(self) -> Iterator[str]:
        """Every user of an agent that holds a fact."""
        seen: set[str] = set()
        for agent in self._listed():
            user = users.owner(agent)
            if user not in seen and read.has_facts(self._server, agent):
                seen.add(user)
                yield user

    def count(self, user: str) -> int | None:
        """None: Letta counts neither passages nor lines. But an agent chosen by its id that is nobody's is anybody's,
        and what it holds is counted, to know it."""
        if self._agent is None or not users.nobodys(self._chosen()):
            return None
        return len(list(_each_once(self._memories(user))))

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts agent by agent, passages in the order of their times and then the lines of blocks.

        The cursor is the place of the last one. From a place that is gone, everything is given again.
        """
        memories = self._memories(user)
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
        """What was met while reading that is no fact."""
        return [broken for found in self._rejects.values() for broken in found]

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim, user by user; one outcome per fact, in order."""
        outcomes: dict[tuple[str, UUID], Outcome] = {}
        grouped: dict[str, list[Fact]] = {}
        for fact in facts:
            grouped.setdefault(fact.user_id, []).append(fact)
        for user, theirs in grouped.items():
            reason = self._refusal(user)
            if reason is not None:
                outcomes |= {(user, fact.id): Outcome(state="rejected", reason=reason) for fact in theirs}
                continue
            try:
                done = self._desk(user).write(theirs)
            except BaseException:
                # What the server did or did not do is not known any more.
                self._desks.pop(user, None)
                raise
            outcomes |= {(user, id_): outcome for id_, outcome in done.items()}
            self._written[user] = None
        return [outcomes[fact.user_id, fact.id] for fact in facts]

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user; how many were there. With the last one goes what memctl made for the user: the
        archive, and the agent unless it was talked to.

        Raises UsageError for a line of a block that other agents share.
        """
        self._desks.pop(user, None)
        wanted = set(ids)
        gone: set[UUID] = set()
        if not wanted:
            return 0
        for memory in self._memories(user):
            gone |= erase.delete(self._server, memory, user, wanted)
        return len(gone)

    def everyone(self) -> Iterator[str]:
        """Every user an agent is of, with facts or without."""
        seen: set[str] = set()
        for agent in self._listed():
            user = users.owner(agent)
            if user not in seen and erase.is_anybody(self._server, agent):
                seen.add(user)
                yield user

    def inventory(self, user: str) -> Mapping[str, int]:
        """What Letta keeps of the user beside facts: agents, identities, messages."""
        return erase.inventory(self._server, self._agents(user), user) if _sayable(user) else {}

    def forget(self, user: str) -> Sequence[str]:
        """Remove the user: passages, messages, the identity, the agents memctl made and the blocks no other agent has.
        Of an agent somebody else made, all but itself."""
        self._desks.pop(user, None)
        self._written.pop(user, None)
        return erase.forget(self._server, self._agents(user), user) if _sayable(user) else ()

    def search(self, query: Query) -> list[Hit]:
        """The best facts, best first.

        Passages are found by Letta, by meaning. Lines of blocks, which an agent has before its eyes and Letta does not
        search, are found by their words. Letta says no more than an order, so that a score is 1 over 60 and the rank
        (reciprocal rank fusion, Cormack et al., SIGIR 2009).
        """
        text, user = query.text.replace("\0", " ").strip(), query.user
        if not text or query.k < 1:
            return []
        agents = self._agents(user) if user is not None else list(self._listed())
        passages = search.passages(self._server, agents, user, text, query.k)
        lines = search.lines(self._server, agents, user, text, query.k)
        return search.fused(passages, lines, query.k)

    def conversations(self, user: str) -> Iterator[Conversation]:
        """What the user and their agents said to each other: an agent's main conversation, then the others."""
        for agent in self._agents(user):
            for conversation in (None, *self._server.conversation_ids(agent.id)):
                chosen = {} if conversation is None else {"conversation_id": conversation}
                said = tuple(messages.said(self._server.messages(agent.id, **chosen)))
                if said:
                    yield Conversation(
                        id=conversation or agent.id,
                        messages=said,
                        title=agent.name,
                        started_at=said[0].at,
                        agent_id=agent.id,
                    )

    def add(self, user: str, turns: Iterable[Any]) -> NoReturn:
        """Always raises UsageError: an agent remembers what it chooses to, in answering."""
        raise UsageError(
            "an agent of Letta's takes from a conversation what it chooses, and answers it",
            hint="memctl ingest reads transcripts into the local store, memctl migrate --to letta moves the facts",
        )

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Show in core memory what was written, if that was asked for. What was written can be read at once."""
        self._desks.clear()
        if self._core_memory:
            for user in self._written:
                for memory in self._memories(user):
                    write.show(self._server, memory, user)
        self._written.clear()

    def _listed(self) -> Iterator[Agent]:
        """The agent chosen, or all there are."""
        if self._agent is not None:
            yield self._chosen()
        else:
            yield from self._server.agents()

    def _chosen(self) -> Agent:
        assert self._agent is not None
        agent = self._server.agent(self._agent)
        if agent is None:
            raise NotFound(f"there is no agent {self._agent!r}", where=self._server.place, hint="look at --agent")
        return agent

    def _agents(self, user: str) -> list[Agent]:
        """The agents of a user, oldest first: by their tag, then by their identity, then by their own id."""
        if not _sayable(user):
            return []
        if self._agent is not None:
            chosen = self._chosen()
            return [chosen] if users.nobodys(chosen) or users.owner(chosen) == user else []
        found = list(self._server.agents(tags=[users.TAG + user]))
        found += self._server.agents(identifier_keys=[user])
        if user.startswith("agent-") and (agent := self._server.agent(user)) is not None:
            found.append(agent)
        # A filter of the server's is no reason to trust it with whose facts these are.
        return list({agent.id: agent for agent in found if users.owner(agent) == user}.values())

    def _memories(self, user: str) -> list[Memory]:
        return [read.memory(self._server, agent, user) for agent in self._agents(user)]

    def _refusal(self, user: str) -> str | None:
        """Why nothing can be written for the user."""
        if not _sayable(user):
            return "the user's name holds a NUL or a lone surrogate, which no tag can"
        if self._agent is not None and not self._agents(user):
            return f"the agent {self._agent} belongs to {users.owner(self._chosen())!r}"
        return None

    def _desk(self, user: str) -> Desk:
        if user not in self._desks:
            model = partial(self._handle, "llm", self._model)
            embedding = partial(self._handle, "embedding", self._embedding)
            self._desks[user] = Desk(self._server, user, self._memories(user), Models(model, embedding))
        self._desks.move_to_end(user)
        while len(self._desks) > DESKS:
            self._desks.popitem(last=False)
        return self._desks[user]

    def _handle(self, kind: str, given: str | None) -> str:
        """The handle of a model: the one given, or the first the server offers."""
        offered = [given] if given else self._server.handles(kind)
        if not offered:
            option = "--model" if kind == "llm" else "--embedding"
            raise UsageError(
                f"the server offers no {kind} model, and an agent needs one",
                where=self._server.place,
                hint=f"name one by {option}",
            )
        return offered[0]


def _each_once(memories: Iterable[Memory]) -> Iterator[tuple[str, Fact]]:
    """The facts of several agents of one user; agents may share an archive."""
    seen: set[UUID] = set()
    for memory in memories:
        for name, fact in memory.facts():
            if fact.id not in seen:
                seen.add(fact.id)
                yield name, fact


def _recent(fact: Fact, since: datetime | None) -> bool:
    """Recorded or changed since then; what has no time may have been."""
    at = fact.updated_at or fact.created_at
    return since is None or at is None or at >= since


def _sayable(user: str) -> bool:
    return "\0" not in user and user.encode(errors="ignore").decode() == user
