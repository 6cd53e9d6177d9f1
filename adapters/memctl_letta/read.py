"""Reading all passages of an agent, then the lines of its blocks.

All passages of a user are read before the first fact is returned, because only then is it known which passage is the
latest revision of a fact, and which lines merely mirror a passage.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from memctl.core.errors import Fatal
from memctl.core.fact import Fact
from memctl_letta import blocks, mapping
from memctl_letta.blocks import Block
from memctl_letta.client import Agent, Server
from memctl_letta.mapping import Gathered, Passage

PAGE = 100
"""Passages per request, up to two megabytes, and facts per page."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class Memory(NamedTuple):
    """An agent of a user with its passages as facts, the facts in the lines of its blocks, and its archives."""

    agent: Agent
    archive: Gathered
    lines: list[tuple[Block, Fact]]
    archives: tuple[str, ...] = ()

    def facts(self) -> Iterator[tuple[str, Fact]]:
        """Every fact with the name of its place, which is unique."""
        for held in self.archive.held:
            yield f"{self.agent.id} {held.passages[0]}", held.fact
        for _, fact in self.lines:
            yield f"{self.agent.id} line {fact.id}", fact


class Notes:
    """Notes for the user about the agents read so far: personas that are left out, archives of several agents."""

    def __init__(self) -> None:
        self._personas: set[str | None] = set()
        self._archives: dict[str, dict[str, str]] = {}

    def read(self, user: str, memories: Sequence[Memory]) -> None:
        """Add the agents of a user."""
        for memory in memories:
            blocks_ = memory.agent.blocks or ()
            self._personas |= {block.id for block in blocks_ if block.label == blocks.PERSONA and block.value.strip()}
            for archive in memory.archives:
                self._archives.setdefault(archive, {})[memory.agent.id] = user

    def lines(self) -> list[str]:
        """A line for each."""
        lines = []
        if self._personas:
            lines.append(f"{len(self._personas)} persona blocks are left out: they describe the agents, not the users")
        for archive, agents in self._archives.items():
            if len(agents) > 1:
                of = (
                    "users, and is read for each of them"
                    if len(set(agents.values())) > 1
                    else "agents, and is read once"
                )
                lines.append(f"the archive {archive} is shared by several {of}: {', '.join(agents)}")
        return lines


def memory(server: Server, agent: Agent, user: str) -> Memory:
    """Everything that an agent has of the user."""
    listed = list(passages(server, agent.id))
    archive = mapping.gather(listed, user, agent.id)
    mirrored = {blocks.normal(held.fact.text) for held in archive.held if held.own}
    facts_by_block = {block.id: blocks.facts_of(block, user, agent.id, mirrored) for block in agent.blocks or ()}
    lines = [(block, fact) for block in agent.blocks or () for fact in facts_by_block[block.id]]
    archives = dict.fromkeys(one.archive_id for one in listed if one.archive_id is not None)
    return Memory(agent, archive, lines, tuple(archives))


def passages(server: Server, agent_id: str) -> Iterator[Passage]:
    """All passages of an agent, each once.

    Letta returns an empty page at the end of the list, and also if the passage before the page was deleted. The end is
    therefore accepted only if that passage still exists; otherwise reading starts again and skips passages already
    read. Raises Fatal for a list that never ends.
    """
    last: tuple[datetime, str] | None = None
    after: str | None = None
    went_on = True
    while True:
        rows = server.page(agent_id, after=after, limit=PAGE)
        if not rows:
            if after is None or server.holds(agent_id, after):
                return
            if not went_on:
                raise Fatal("the list of passages ended early", where=f"{server.place} {agent_id}", hint="try again")
            after, went_on = None, False
            continue
        if rows[-1].id == after:
            raise Fatal("pagination loop: the server repeated a page of passages", where=f"{server.place} {agent_id}")
        after = rows[-1].id
        for row in rows:
            place = (mapping.aware(row.created_at) or _NEVER, row.id)
            if last is None or place > last:
                last, went_on = place, True
                yield row


def has_facts(server: Server, agent: Agent) -> bool:
    """Whether an agent has any fact."""
    lines = any(blocks.facts_of(block, agent.id, agent.id) for block in agent.blocks or ())
    return lines or bool(server.page(agent.id, limit=1))
