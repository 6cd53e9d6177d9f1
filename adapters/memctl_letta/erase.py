"""A user of Letta's taken away whole: what their agents hold and were told, the agents memctl made, and the identity.

An agent somebody else made is left to whoever made it, empty and nobody's; so are blocks that other agents share. What
leads to the rest goes last, so that a second try finds what a first one left.
"""

from collections.abc import Iterator, Sequence

import msgspec

from memctl_letta import mapping, messages, read, users, write
from memctl_letta.blocks import PERSONA, Block
from memctl_letta.client import Agent, Server

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


def _forget_agent(server: Server, agent: Agent, user: str) -> str | None:
    strangers = _drop_passages(server, agent, user)
    server.reset_messages(agent.id)
    for conversation in server.conversation_ids(agent.id):
        server.drop_conversation(conversation)
    if users.made_by_memctl(agent) and not strangers:
        write.forget(server, agent)
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
