"""Deleting facts, and erasing a user: the contents of their agents, the agents themselves, the identity.

Letta deletes messages only together with their agent. An agent that memctl did not make is deleted only with consent;
without it, the agent is emptied and kept, and still belongs to the user while it has messages, so that the erasure is
not reported as complete. Archives and blocks that agents of other users also have are kept. The records by which the
others are found are removed last, so that a second attempt finds what the first one left.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from memctl.core.errors import UsageError
from memctl_letta import blocks, mapping, messages, read, users, write
from memctl_letta.blocks import PERSONA, Block
from memctl_letta.client import Agent, Server
from memctl_letta.read import Memory

_STAYS = (
    "{agent} was not made by memctl and stays, without a user: its passages and blocks are empty; its persona, its "
    "name, its tools and what it shares with other agents are unchanged"
)
_STRANGERS = "{agent} stays, without a user: its archive also contains memories of another user"
_MESSAGES = (
    "{agent} stays with {count} messages, which Letta deletes only with the agent: delete it in Letta, or erase again "
    "with --delete-agents"
)
_ARCHIVE = (
    "{count} passages that name no user stay in the archive {archive}: it is also attached to {agents} of another user"
)


def inventory(server: Server, agents: Sequence[Agent], user: str) -> dict[str, int]:
    """The number of agents, identities and messages of the user, and of passages that stay because an agent of another
    user has them too. An agent without a user, called by its own id, is not counted."""
    user_agents = [agent for agent in agents if not users.names_no_user(agent) or users.made_by_memctl(agent)]
    archives = {one.archive_id: one for agent in agents for one in _contents(server, agent, agents, user)}
    shared = sum(len(one.shared) for one in archives.values())
    return {
        "agents": len(user_agents),
        "identities": len(server.identities(user)),
        "messages": sum(1 for agent in agents for _ in _messages(server, agent)),
    } | ({"shared passages (kept)": shared} if shared else {})


def is_anybody(server: Server, agent: Agent) -> bool:
    """Whether an agent counts as a user's: it names one, or it names none but has facts or messages."""
    return (
        not users.names_no_user(agent)
        or read.has_facts(server, agent)
        or next(_messages(server, agent), None) is not None
    )


def forget(server: Server, agents: Sequence[Agent], user: str, *, delete_agents: bool = False) -> list[str]:
    """Erase the user; returns a line for each thing that stays. `delete_agents` is the consent to delete agents that
    memctl did not make."""
    stays: list[str] = []
    for agent in agents:
        stays += _forget_agent(server, agent, agents, user, consent=delete_agents)
    if not any(next(_messages(server, agent), None) for agent in agents if server.agent(agent.id) is not None):
        for identity in server.identities(user):
            if identity.id is not None:
                server.drop_identity(identity.id)
    return list(dict.fromkeys(stays))


def delete(server: Server, memory: Memory, user: str, ids: set[UUID], ours: Collection[str]) -> set[UUID]:
    """Remove facts from an agent; returns the subset of `ids` that it had. `ours` are the ids of the user's agents.

    Raises UsageError for what agents of other users have too, before anything is removed: a line of a block, or a
    passage that names no user.
    """
    agent = memory.agent
    archived = [one for one in memory.archive.held if one.fact.id in ids]
    lines = [(block, fact) for block, fact in memory.lines if fact.id in ids]
    for block in {block.id: block for block, _ in lines}.values():
        if block.id is not None and server.holders(block.id) - {*ours, agent.id}:
            raise UsageError(
                f"other agents share the block {block.label!r}", where=agent.id, hint="remove the line in Letta"
            )
    if any(not one.own for one in archived):
        for archive in server.archives(agent_id=agent.id):
            if others := server.archive_holders(archive.id) - {*ours, agent.id}:
                raise UsageError(
                    f"the archive {archive.id} is also attached to {', '.join(sorted(others))} of another user",
                    where=agent.id,
                    hint="delete the passage in Letta",
                )
    deleted = {one.fact.id for one in archived} | {fact.id for _, fact in lines}
    leftovers = [passage for one in memory.archive.remains if one.id in ids for passage in one.passages]
    if not deleted and not leftovers:
        return deleted
    for passage in (*memory.archive.stale, *leftovers, *(passage for one in archived for passage in one.passages)):
        server.drop_passage(agent.id, passage)
    for block in {block.id: block for block, _ in lines}.values():
        server.change_block(blocks.without(block, ids, user, agent.id)[0])
    now = server.agent(agent.id) or agent
    write.strike(server, [now], {blocks.normal(one.fact.text) for one in archived})
    remaining = (
        len(memory.archive.held) + len(memory.lines) - len(deleted) + len(memory.archive.broken) - len(leftovers)
    )
    if remaining <= 0:
        _drop_what_memctl_made(server, now)
    return deleted


class _Contents(NamedTuple):
    """The passages of an archive by owner, as ids: the user's, those of `strangers`, and `shared` ones that name no
    user while `holders`, agents of other users, have the archive too."""

    archive_id: str
    mine: list[str]
    strangers: list[str]
    shared: list[str]
    holders: list[str]


def _contents(server: Server, agent: Agent, agents: Sequence[Agent], user: str) -> list[_Contents]:
    """The archives of an agent. Letta lets any number of agents have one."""
    ours = {one.id for one in agents} | {agent.id}
    marks = [(passage, mapping.mark_of(passage)) for passage in read.passages(server, agent.id)]
    archives = []
    for archive in server.archives(agent_id=agent.id):
        inside = [(passage.id, mark) for passage, mark in marks if passage.archive_id in (None, archive.id)]
        holders = sorted(server.archive_holders(archive.id) - ours)
        unmarked = [id_ for id_, mark in inside if mark is None]
        mine = [id_ for id_, mark in inside if mark is not None and mark.user == user]
        strangers = [id_ for id_, mark in inside if mark is not None and mark.user != user]
        contents = _Contents(archive.id, mine, strangers, unmarked if holders else [], holders)
        archives.append(contents if holders else contents._replace(mine=[*mine, *unmarked]))
    return archives


def _forget_agent(server: Server, agent: Agent, agents: Sequence[Agent], user: str, *, consent: bool) -> list[str]:
    archives = _contents(server, agent, agents, user)
    stays = [
        _ARCHIVE.format(count=len(one.shared), archive=one.archive_id, agents=", ".join(one.holders))
        for one in archives
        if one.shared
    ]
    for passage in (passage for one in archives for passage in one.mine):
        server.drop_passage(agent.id, passage)
    # Keep the agent if the archive has memories of another user that could not be found without it.
    strangers = any(one.strangers and not one.holders for one in archives)
    ours = {one.id for one in agents}
    if (users.made_by_memctl(agent) or consent) and not strangers:
        _drop_agent(server, agent, ours, {one.archive_id for one in archives if not one.holders})
        return stays
    for block in agent.blocks or ():
        if _is_own(server, block, ours):
            server.change_block(msgspec.structs.replace(block, value="", metadata={}))
    if messages_left := sum(1 for _ in _messages(server, agent)):
        server.reset_messages(agent.id)
        return [*stays, _MESSAGES.format(agent=agent.id, count=messages_left)]
    for identity in agent.identities or ():
        if identity.identifier_key == user and identity.id is not None:
            server.detach_identity(identity.id, agent.id)
    if user in users.tagged(agent):
        server.retag_agent(agent.id, [tag for tag in agent.tags or () if tag != users.TAG + user])
    return [*stays, (_STRANGERS if strangers else _STAYS).format(agent=agent.id)]


def _is_own(server: Server, block: Block, ours: Collection[str]) -> bool:
    return block.id is not None and block.label != PERSONA and not server.holders(block.id) - set(ours)


def _messages(server: Server, agent: Agent) -> Iterator[object]:
    yield from messages.spoken(server.messages(agent.id))
    for conversation in server.conversation_ids(agent.id):
        yield from messages.spoken(server.messages(agent.id, conversation_id=conversation))


def _drop_what_memctl_made(server: Server, agent: Agent) -> None:
    """Remove what memctl made for a user without facts: the archive, and the agent with the blocks that no other agent
    has, unless the agent has messages."""
    name = users.archive_name(agent)
    created = {archive.id for archive in server.archives(agent_id=agent.id) if archive.name == name}
    archives = {id_ for id_ in created if not server.archive_holders(id_) - {agent.id}}
    if users.made_by_memctl(agent) and next(_messages(server, agent), None) is None:
        _drop_agent(server, agent, {agent.id}, archives)
        return
    for archive in archives:
        server.drop_archive(archive)


def _drop_agent(server: Server, agent: Agent, ours: Collection[str], archives: Collection[str]) -> None:
    """Delete an agent with its messages, these archives, and the blocks that only agents in `ours` have."""
    for archive in archives:
        server.drop_archive(archive)
    created = list(server.blocks(tags=[users.block_tag(agent.id)]))
    for id_ in {block.id: None for block in (*(agent.blocks or ()), *created) if block.id is not None}:
        if not server.holders(id_) - {*ours, agent.id}:
            server.drop_block(id_)
    # The agent is deleted last, because the archives and blocks are found by it.
    server.drop_agent(agent.id)
