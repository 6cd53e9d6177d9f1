"""Writing facts to agents: unchanged facts are skipped, changed ones replaced, new ones added.

Letta cannot change a passage and has no idempotency key. The content of an agent is therefore read before the first
write to it, and cached until something fails. The new passages of a changed fact are written before the old ones are
deleted; if a crash leaves both, reading takes the newer ones.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from memctl.backends.contract import Outcome
from memctl.core.errors import NotFound, Rejected, Retryable, UsageError
from memctl.core.fact import Fact
from memctl_letta import blocks, core_memory, mapping, users
from memctl_letta.blocks import Block
from memctl_letta.client import Agent, Server
from memctl_letta.read import Memory

BATCH = 50
"""Passages per call: the server commits every tag separately, and times out after a minute."""
LIMIT = 100_000
"""The limit in characters of a block whose source has none: Letta's own default."""


class Models(NamedTuple):
    """The models for new agents and archives, computed when one is created."""

    model: Callable[[], str]
    embedding: Callable[[], str]


class Place(NamedTuple):
    """Where a fact is stored: in passages of an agent, with their revision, or in the block with the label `block`.
    `state` is the digest of the fact, None if parts of it are missing; `text` is its text in `normal` form."""

    agent_id: str
    state: bytes | None
    text: str = ""
    passages: tuple[str, ...] = ()
    rev: int = 0
    block: str | None = None


def state_of(fact: Fact) -> bytes:
    """The digest of all fields of a fact."""
    return sha256(msgspec.json.encode(fact, order="sorted")).digest()


class Desk:
    """The cached agents of one user while facts are written. After an error, a desk must not be used again."""

    def __init__(
        self, server: Server, user: str, memories: Sequence[Memory], models: Models, *, one_agent: bool = False
    ) -> None:
        self._server = server
        self._models = models
        self.user = user
        self._agents = {memory.agent.id: memory.agent for memory in memories}
        self._archives: dict[str, str] = {}
        self._places: dict[UUID, Place] = {}
        # For each agent of another server: the agent here that has its facts.
        self._homes: dict[str, str] = {}
        self._one_agent = one_agent
        for memory in memories:
            self._learn(memory)

    def _learn(self, memory: Memory) -> None:
        agent = memory.agent.id
        remember = self._places.setdefault
        for fact in (*(held.fact for held in memory.archive.held), *(fact for _, fact in memory.lines)):
            source = _source_agent(fact)
            if source is not None and source not in self._agents:
                self._homes.setdefault(source, agent)
        for held in memory.archive.held:
            text = blocks.normal(held.fact.text)
            remember(held.fact.id, Place(agent, state_of(held.fact), text, held.passages, held.rev))
        for left in memory.archive.remains:
            remember(left.id, Place(agent, None, passages=left.passages, rev=left.rev))
        for block, fact in memory.lines:
            remember(fact.id, Place(agent, state_of(fact), block=block.label))
        for passage in memory.archive.stale:
            self._server.drop_passage(agent, passage)

    def write(self, facts: Iterable[Fact]) -> dict[UUID, Outcome]:
        """Write facts (the last of those with the same id); returns the outcome of each."""
        outcomes: dict[UUID, Outcome] = {}
        fresh: list[Fact] = []
        for fact in {fact.id: fact for fact in facts}.values():
            try:
                mapping.checked(fact)
            except Rejected as error:
                outcomes[fact.id] = Outcome(state="rejected", reason=error.message)
                continue
            place = self._places.get(fact.id)
            if place is not None and place.state == state_of(fact):
                outcomes[fact.id] = Outcome(state="unchanged", target_id=str(fact.id))
            else:
                fresh.append(fact)
        if fresh:
            self._have_agent()
            before = dict(self._places)
            outcomes |= self._write_lines([fact for fact in fresh if blocks.in_block(fact)])
            outcomes |= self._write_passages([fact for fact in fresh if not blocks.in_block(fact)])
            self._clear_away(before)
        return outcomes

    def _have_agent(self) -> None:
        """Create an agent for a user without one, and assign agents that name no user."""
        if not self._agents:
            self._make_agent()
        for agent in self._agents.values():
            if users.names_no_user(agent) and agent.id != self.user:
                self._server.retag_agent(agent.id, [*(agent.tags or ()), users.TAG + self.user])

    def _make_agent(self) -> str:
        fields = users.new_agent(self.user)
        fields |= {"model": self._models.model(), "embedding": self._models.embedding()}
        try:
            agent = self._server.make_agent(**fields)
        except (Rejected, NotFound) as error:
            raise UsageError(
                f"cannot create an agent: {error.message}",
                where=error.where,
                hint="check model and embedding in the settings, under [backends.letta]",
            ) from None
        self._agents[agent.id] = agent
        return agent.id

    def _home(self, fact: Fact) -> str:
        """The agent for a fact, the first of: the agent that has it, the agent that learned it, the agent with other
        facts learned by the same agent on another server, the user's oldest agent."""
        place = self._places.get(fact.id)
        if place is not None:
            return place.agent_id
        if fact.agent_id is not None and fact.agent_id in self._agents:
            return fact.agent_id
        source = _source_agent(fact)
        if source is None or self._one_agent:
            return next(iter(self._agents))
        if source not in self._homes:
            free = next((id_ for id_ in self._agents if id_ not in self._homes.values()), None)
            self._homes[source] = free or self._make_agent()
        return self._homes[source]

    def _write_lines(self, facts: Sequence[Fact]) -> dict[UUID, Outcome]:
        outcomes: dict[UUID, Outcome] = {}
        grouped: dict[tuple[str, str], list[Fact]] = {}
        for fact in facts:
            grouped.setdefault((self._home(fact), fact.native["label"]), []).append(fact)
        for (agent_id, label), group in grouped.items():
            block = self._fresh(agent_id, label) or _new_block(group[0])
            result = blocks.merged(block, group, self.user, agent_id)
            if result.block != block:
                if block.id is not None and self._shared(block.id):
                    outcomes |= {fact.id: _rejected(f"other agents share the block {label!r}") for fact in group}
                    continue
                store(self._server, agent_id, result.block)
            outcomes |= result.outcomes
            for fact in group:
                if result.outcomes[fact.id].state != "rejected":
                    self._places[fact.id] = Place(agent_id, state_of(fact), block=label)
        return outcomes

    def _fresh(self, agent_id: str, label: str) -> Block | None:
        """The agent's block as it is now: an agent may write to it at any time, and an update replaces the whole
        value."""
        agent = self._server.agent(agent_id)
        if agent is None:
            raise NotFound(f"the agent {agent_id} no longer exists", where=self._server.place)
        self._agents[agent_id] = agent
        return next((block for block in agent.blocks or () if block.label == label), None)

    def _shared(self, block_id: str) -> bool:
        """Whether an agent of another user has the block too."""
        return bool(self._server.holders(block_id) - set(self._agents))

    def _write_passages(self, facts: Sequence[Fact]) -> dict[UUID, Outcome]:
        outcomes: dict[UUID, Outcome] = {}
        rows: dict[str, list[tuple[datetime, UUID, dict[str, Any]]]] = {}
        now = datetime.now(UTC)
        for number, fact in enumerate(facts):
            place = self._places.get(fact.id)
            rev = place.rev + 1 if place is not None and place.passages else 0
            # Undated passages get distinct times, so that the server returns them in this order.
            made = mapping.from_fact(fact, now + timedelta(microseconds=number), rev)
            at = datetime.fromisoformat(made[0]["created_at"])
            agent_id = self._home(fact)
            rows.setdefault(agent_id, []).extend((at, fact.id, row) for row in made)
            state: Any = "written" if place is None or place.state is None else "updated"
            outcomes[fact.id] = Outcome(state=state, target_id=str(fact.id))
            self._places[fact.id] = Place(agent_id, state_of(fact), blocks.normal(fact.text), rev=rev)
        for agent_id, listed in rows.items():
            archive = self._archive(agent_id)
            listed.sort(key=lambda row: row[0])
            for start in range(0, len(listed), BATCH):
                self._send(archive, listed[start : start + BATCH])
        return outcomes

    def _send(self, archive_id: str, listed: Sequence[tuple[datetime, UUID, dict[str, Any]]]) -> None:
        """Add passages in one call, and match the response to them by memctl's metadata."""
        answered = self._server.add_passages(archive_id, [row for _, _, row in listed])
        written = [(mark.id, passage.id) for passage in answered if (mark := mapping.mark_of(passage)) is not None]
        if sorted(id_ for id_, _ in written) != sorted(id_ for _, id_, _ in listed):
            raise Retryable(
                f"the server received {len(listed)} passages and returned {len(written)}", where=self._server.place
            )
        for id_, passage in written:
            place = self._places[id_]
            self._places[id_] = place._replace(passages=(*place.passages, passage))

    def _archive(self, agent_id: str) -> str:
        """The archive of an agent, created if missing. If a response was lost, an archive may exist that is not
        attached; it is found by its name, which is unique to the agent, and used only if it is empty."""
        if agent_id in self._archives:
            return self._archives[agent_id]
        agent = self._agents[agent_id]
        archives = self._server.archives(agent_id=agent_id)
        if archives and archives[0].embedding_config is None:
            raise UsageError(
                f"the archive {archives[0].name!r} cannot store passages, because it has no embedding model",
                where=f"{self._server.place} {agent_id}",
                hint="set one, or detach the archive from the agent",
            )
        if archives:
            return self._archives.setdefault(agent_id, archives[0].id)
        name = users.archive_name(agent)
        candidates = [one.id for one in self._server.archives(name=name) if one.name == name]
        empty = next((id_ for id_ in candidates if not self._server.search(None, 1, archive_id=id_)), None)
        if empty is None:
            embedding = agent.embedding or self._models.embedding()
            description = f"facts that memctl keeps for the agent {agent_id}"
            empty = self._server.make_archive(name=name, embedding=embedding, description=description).id
        self._server.attach_archive(empty, agent_id)
        return self._archives.setdefault(agent_id, empty)

    def _clear_away(self, before: dict[UUID, Place]) -> None:
        """Remove the previous versions of changed facts, after the new ones are written."""
        moved = {id_: place for id_, place in before.items() if self._places[id_] != place}
        for id_, place in moved.items():
            for passage in set(place.passages) - set(self._places[id_].passages):
                self._server.drop_passage(place.agent_id, passage)
        moved_lines = {
            (place.agent_id, place.block): {id_ for id_, other in moved.items() if other.block == place.block}
            for id_, place in moved.items()
            if place.block is not None and self._places[id_].block != place.block
        }
        for (agent_id, label), ids in moved_lines.items():
            self._empty(agent_id, label, {id_ for id_ in ids if self._places[id_].block != label})
        texts = {place.text for place in moved.values()} - {place.text for place in self._places.values()} - {""}
        if texts:
            strike(self._server, self._agents.values(), texts)

    def _empty(self, agent_id: str, label: str | None, ids: set[UUID]) -> None:
        block = self._fresh(agent_id, label or "")
        if block is not None and block.id is not None and not self._shared(block.id):
            self._server.change_block(blocks.without(block, ids, self.user, agent_id)[0])


def _source_agent(fact: Fact) -> str | None:
    """The Letta agent that learned a fact, on this server or another; None for a fact from another system."""
    return fact.agent_id if fact.source.system == mapping.SYSTEM else None


def store(server: Server, agent_id: str, block: Block) -> None:
    """Replace the block with this id, or attach a new one to the agent. If a response was lost and left a block that is
    not attached, it is reused."""
    if block.id is not None:
        server.change_block(block)
        return
    tag = users.block_tag(agent_id)
    for existing in server.blocks(tags=[tag]):
        if existing.label == block.label and existing.id is not None and not server.holders(existing.id):
            server.change_block(msgspec.structs.replace(block, id=existing.id))
            server.attach_block(existing.id, agent_id)
            return
    created = server.make_block(msgspec.structs.replace(block, tags=[*(block.tags or ()), tag]))
    if created.id is not None:
        server.attach_block(created.id, agent_id)


def strike(server: Server, agents: Iterable[Agent], texts: set[str]) -> None:
    """Remove the lines that show these texts from core memory; otherwise they would be read as facts again."""
    for agent in agents:
        for block in agent.blocks or ():
            if core_memory.shows(block) and (changed := core_memory.struck(block, texts)) != block:
                server.change_block(changed)


def show(server: Server, memory: Memory) -> None:
    """Show the facts of an agent's archive in its core memory."""
    block = next((block for block in memory.agent.blocks or () if block.label == core_memory.LABEL), None)
    if block is None:
        block = Block(label=core_memory.LABEL, value="", limit=core_memory.LIMIT, description=core_memory.DESCRIPTION)
    elif block.id is not None and server.holders(block.id) - {memory.agent.id}:
        return
    changed = core_memory.shown(block, [held.fact for held in memory.archive.held])
    if changed.value == block.value:
        return
    store(server, memory.agent.id, changed)


def _new_block(fact: Fact) -> Block:
    """An empty block with the properties of the one that the fact's line came from."""
    native = fact.native
    limit, description, locked, tags = (native.get(name) for name in ("limit", "description", "read_only", "tags"))
    return Block(
        label=native["label"],
        value="",
        limit=limit if isinstance(limit, int) and limit > 0 else LIMIT,
        description=description if isinstance(description, str) else None,
        read_only=locked if isinstance(locked, bool) else None,
        tags=[tag for tag in tags if isinstance(tag, str)] if isinstance(tags, list) else None,
    )


def _rejected(reason: str) -> Outcome:
    return Outcome(state="rejected", reason=reason)
