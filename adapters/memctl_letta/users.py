"""The owner of an agent. No input or output.

Letta has no users. It recommends an agent per user, tagged `user:<id>`; older programs attach an identity. An agent
that names no user, or several, is a user itself, called by its own id, so that its memory is not skipped.
"""

import re
from uuid import uuid4

from memctl_letta.client import Agent
from memctl_letta.mapping import KEY

TAG = "user:"


def owner(agent: Agent) -> str:
    """The owner of an agent; its own id if it names no single user."""
    users = tagged(agent) or identified(agent)
    return users[0] if len(users) == 1 else agent.id


def tagged(agent: Agent) -> list[str]:
    """The users in an agent's tags."""
    return [tag.removeprefix(TAG) for tag in agent.tags or () if tag.startswith(TAG)]


def identified(agent: Agent) -> list[str]:
    """The users whose identities an agent has."""
    return [one.identifier_key for one in agent.identities or () if one.identity_type in (None, "user")]


def names_no_user(agent: Agent) -> bool:
    """Whether the agent names no user, so that it can be assigned to one."""
    return not tagged(agent) and not identified(agent)


def made_by_memctl(agent: Agent) -> bool:
    """Whether memctl created the agent, and may delete it with its last fact."""
    mark = (agent.metadata or {}).get(KEY)
    return isinstance(mark, dict) and mark.get("made") is True


def new_agent(user: str) -> dict[str, object]:
    """The fields of a new agent for a user. Its name is unique, and valid in every version of Letta."""
    slug = re.sub(r"[^A-Za-z0-9]+", "-", user).strip("-")[:30]
    name = "-".join(filter(None, ("memctl", slug, uuid4().hex[:8])))
    return {"name": name, "tags": [TAG + user, KEY], "metadata": {KEY: {"made": True}}}


def block_tag(agent_id: str) -> str:
    """The tag of the blocks that memctl creates for an agent, by which they are found before they are attached."""
    return f"memctl {agent_id}"


def archive_name(agent: Agent) -> str:
    """The name of the archive that memctl creates for an agent. Names of archives are not unique in Letta."""
    return f"memctl {agent.id}"
