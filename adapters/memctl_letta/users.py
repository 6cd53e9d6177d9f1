"""Whose agent an agent is. Pure.

Letta knows no users: its own advice is an agent for each, tagged `user:<id>`; older programs attach an identity. An
agent that names nobody, or several, is a user itself, called by its own id, so that what it knows is not passed over.
"""

import re
from uuid import uuid4

from memctl_letta.client import Agent
from memctl_letta.mapping import KEY

TAG = "user:"


def owner(agent: Agent) -> str:
    """The user an agent is of; its own id when it is of nobody in particular."""
    users = tagged(agent) or identified(agent)
    return users[0] if len(users) == 1 else agent.id


def tagged(agent: Agent) -> list[str]:
    """The users an agent is tagged for."""
    return [tag.removeprefix(TAG) for tag in agent.tags or () if tag.startswith(TAG)]


def identified(agent: Agent) -> list[str]:
    """The users whose identities an agent has."""
    return [one.identifier_key for one in agent.identities or () if one.identity_type in (None, "user")]


def nobodys(agent: Agent) -> bool:
    """Whether no user is named on the agent, so that it can be given to one."""
    return not tagged(agent) and not identified(agent)


def made_by_memctl(agent: Agent) -> bool:
    """Whether memctl made the agent, and may delete it with its last fact."""
    mark = (agent.metadata or {}).get(KEY)
    return isinstance(mark, dict) and mark.get("made") is True


def new_agent(user: str) -> dict[str, object]:
    """The fields of an agent for a user. Its name holds what Letta takes in any version, and is nobody else's."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", user).strip("-")[:30]
    name = "-".join(filter(None, ("memctl", slug, uuid4().hex[:8])))
    return {"name": name, "tags": [TAG + user, KEY], "metadata": {KEY: {"made": True}}}


def block_tag(agent_id: str) -> str:
    """The tag of the blocks memctl makes for an agent, by which they are found while the agent does not have them."""
    return f"memctl {agent_id}"


def archive_name(agent: Agent) -> str:
    """The name of the archive memctl makes for an agent. Letta lets any number of archives have one name."""
    return f"memctl {agent.id}"
