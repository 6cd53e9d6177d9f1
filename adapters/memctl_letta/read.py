"""Reading what an agent holds to the end: its passages, then the lines of its blocks.

All of a user's facts are gathered before the first is handed out: of a fact written twice only the later passage
counts, and a line that mirrors a passage is no fact, neither of which can be known before the last passage is read.
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
"""Passages asked for at a time, which are up to two megabytes, and facts handed out at a time."""

_NEVER = datetime.min.replace(tzinfo=UTC)


class Memory(NamedTuple):
    """An agent of a user with all it holds: its passages as facts, and the facts of its blocks' lines by block."""

    agent: Agent
    archive: Gathered
    lines: list[tuple[Block, Fact]]
    archives: tuple[str, ...] = ()

    def facts(self) -> Iterator[tuple[str, Fact]]:
        """Every fact, under a name for the place where it lies: another place, another name."""
        for held in self.archive.held:
            yield f"{self.agent.id} {held.passages[0]}", held.fact
        for _, fact in self.lines:
            yield f"{self.agent.id} line {fact.id}", fact


class Notes:
    """What users should know about the agents read so far: personas that are left out, archives of several agents."""

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
    """All that an agent holds of the user."""
    listed = list(passages(server, agent.id))
    archive = mapping.gather(listed, user, agent.id)
    mirrored = {blocks.normal(held.fact.text) for held in archive.held if held.own}
    found = {block.id: blocks.facts_of(block, user, agent.id, mirrored) for block in agent.blocks or ()}
    lines = [(block, fact) for block in agent.blocks or () for fact in found[block.id]]
    archives = dict.fromkeys(one.archive_id for one in listed if one.archive_id is not None)
    return Memory(agent, archive, lines, tuple(archives))


def passages(server: Server, agent_id: str) -> Iterator[Passage]:
    """All passages of an agent, each once.

    Letta answers with an empty page when the passage that reading goes on after was deleted meanwhile, as at the end of
    the list. So the end is believed only while that passage is there; else reading begins anew and passes over what it
    had. Raises Fatal for a list that comes to no end.
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
                raise Fatal("the list of passages breaks off", where=f"{server.place} {agent_id}", hint="try again")
            after, went_on = None, False
            continue
        if rows[-1].id == after:
            raise Fatal("the list of passages never ends", where=f"{server.place} {agent_id}")
        after = rows[-1].id
        for row in rows:
            place = (mapping.aware(row.created_at) or _NEVER, row.id)
            if last is None or place > last:
                last, went_on = place, True
                yield row


def has_facts(server: Server, agent: Agent) -> bool:
    """Whether an agent holds anything that is a fact."""
    lines = any(blocks.facts_of(block, agent.id, agent.id) for block in agent.blocks or ())
    return lines or bool(server.page(agent.id, limit=1))
