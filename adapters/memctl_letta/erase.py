"""Deleting facts, and erasing a user: the contents and messages of their agents, the agents memctl made, the identity.

An agent that memctl did not make stays, empty and without a user, and so do blocks that other agents share. What leads
to the rest is removed last, so that a second attempt finds what the first one left.
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

import msgspec

from memctl.core.errors import UsageError
from memctl_letta import blocks, mapping, messages, read, users, write
from memctl_letta.blocks import PERSONA, Block
from memctl_letta.client import Agent, Server
from memctl_letta.read import Memory

_STAYS = (
    "{agent} was not made by memctl and stays, as nobody's: its passages, messages and blocks are empty; its persona, "
    "its name, its tools and what it shares with other agents are as they were"
)
_SHARED = "{agent} stays, as nobody's: memories of somebody else are in its archive"


def inventory(server: Server, agents: Sequence[Agent], user: str) -> dict[str, int]:
    """What there is of the user beside facts: agents, identities, messages. An agent that is nobody's, but is named by
    its own id, is no more theirs than memctl's."""
    theirs = [agent for agent in agents if not users.nobodys(agent) or users.made_by_memctl(agent)]
    return {
        "agents": len(theirs),
        "identities": len(server.identities(user)),
        "messages": sum(1 for agent in agents for _ in _said(server, agent)),
    }


def is_anybody(server: Server, agent: Agent) -> bool:
    """Whether an agent names a user or, naming none, holds something that makes it one itself."""
    return not users.nobodys(agent) or read.has_facts(server, agent) or next(_said(server, agent), None) is not None


def forget(server: Server, agents: Sequence[Agent], user: str) -> list[str]:
    """Take the user away; what stays behind, agent by agent."""
    stays = [line for agent in agents if (line := _forget_agent(server, agent, user)) is not None]
    for identity in server.identities(user):
        if identity.id is not None:
            server.drop_identity(identity.id)
    return stays


def delete(server: Server, memory: Memory, user: str, ids: set[UUID]) -> set[UUID]:
    """Remove facts from an agent; returns the subset of `ids` that it had.

    Raises UsageError for a line of a block that other agents share, before anything is removed.
    """
    agent = memory.agent
    held = [one for one in memory.archive.held if one.fact.id in ids]
    lines = [(block, fact) for block, fact in memory.lines if fact.id in ids]
    for block in {block.id: block for block, _ in lines}.values():
        if block.id is not None and server.holders(block.id) - {agent.id}:
            raise UsageError(
                f"other agents share the block {block.label!r}", where=agent.id, hint="take the line out in Letta"
            )
    gone = {one.fact.id for one in held} | {fact.id for _, fact in lines}
    left = [passage for one in memory.archive.remains if one.id in ids for passage in one.passages]
    if not gone and not left:
        return gone
    for passage in (*memory.archive.stale, *left, *(passage for one in held for passage in one.passages)):
        server.drop_passage(agent.id, passage)
    for block in {block.id: block for block, _ in lines}.values():
        server.change_block(blocks.without(block, ids, user, agent.id)[0])
    now = server.agent(agent.id) or agent
    write.strike(server, [now], {blocks.normal(one.fact.text) for one in held})
    rest = len(memory.archive.held) + len(memory.lines) - len(gone) + len(memory.archive.broken) - len(left)
    if rest <= 0:
        _drop_what_memctl_made(server, now)
    return gone


def _forget_agent(server: Server, agent: Agent, user: str) -> str | None:
    strangers = _drop_passages(server, agent, user)
    server.reset_messages(agent.id)
    for conversation in server.conversation_ids(agent.id):
        server.drop_conversation(conversation)
    if users.made_by_memctl(agent) and not strangers:
        _drop_what_memctl_made(server, agent)
        return None
    for block in agent.blocks or ():
        if _is_own(server, agent, block):
            server.change_block(msgspec.structs.replace(block, value="", metadata={}))
    for identity in agent.identities or ():
        if identity.identifier_key == user and identity.id is not None:
            server.detach_identity(identity.id, agent.id)
    if user in users.tagged(agent):
        server.retag_agent(agent.id, [tag for tag in agent.tags or () if tag != users.TAG + user])
    return (_SHARED if strangers else _STAYS).format(agent=agent.id)


def _drop_passages(server: Server, agent: Agent, user: str) -> bool:
    """Take away the user's passages; whether there are some of somebody else."""
    listed = list(read.passages(server, agent.id))
    marks = [(passage.id, mapping.mark_of(passage)) for passage in listed]
    mine = [id_ for id_, mark in marks if mark is None or mark.user == user]
    for id_ in mine:
        server.drop_passage(agent.id, id_)
    return len(mine) < len(listed)


def _is_own(server: Server, agent: Agent, block: Block) -> bool:
    return block.id is not None and block.label != PERSONA and not server.holders(block.id) - {agent.id}


def _said(server: Server, agent: Agent) -> Iterator[object]:
    yield from messages.said(server.messages(agent.id))
    for conversation in server.conversation_ids(agent.id):
        yield from messages.said(server.messages(agent.id, conversation_id=conversation))


def _drop_what_memctl_made(server: Server, agent: Agent) -> None:
    """Remove what memctl made for a user without facts: the archive, and the agent with the blocks that no other agent
    has, unless the agent has messages."""
    name = users.archive_name(agent)
    for archive in server.archives(agent_id=agent.id):
        if archive.name == name:
            server.drop_archive(archive.id)
    if not users.made_by_memctl(agent) or next(messages.said(server.messages(agent.id)), None) is not None:
        return
    made = list(server.blocks(tags=[users.block_tag(agent.id)]))
    for id_ in {block.id: None for block in (*(agent.blocks or ()), *made) if block.id is not None}:
        if not server.holders(id_) - {agent.id}:
            server.drop_block(id_)
    # Last, because nothing leads to the rest without it.
    server.drop_agent(agent.id)
