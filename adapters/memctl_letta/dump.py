"""Agent files (`.af`), Letta's export of an agent: the lines of its blocks as facts. Needs no SDK.

The format is `AgentFileSchema` of Letta 0.16 (letta/schemas/agent_file.py): lists of agents and blocks with ids that
are local to the file ("block-0"). The earlier format, of early 2025, is one agent with its blocks in `core_memory`. The
rest of the file, which may contain an agent's secrets, is not read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from memctl.core.errors import Rejected
from memctl.core.fact import Fact
from memctl_letta.blocks import Block, facts_of

TAG = "user:"
LARGEST = 32 * 2**20
"""The largest size of a file in bytes: it is one JSON document, which is read into memory as a whole."""


class _Block(msgspec.Struct, frozen=True):
    label: str
    value: str = ""
    id: str | None = None
    limit: int | None = None
    description: str | None = None
    read_only: bool | None = None
    metadata: dict[str, Any] | None = None
    metadata_: dict[str, Any] | None = None


class _Agent(msgspec.Struct, frozen=True):
    id: str
    name: str | None = None
    tags: list[str] | None = None
    block_ids: list[str] | None = None


class _File(msgspec.Struct, frozen=True):
    agents: list[_Agent]
    blocks: list[_Block]


class _Legacy(msgspec.Struct, frozen=True):
    agent_type: str
    core_memory: list[_Block]
    name: str | None = None
    tags: list[str] | None = None


class AgentFileDump:
    """An agent file: each line of each block but the persona is a fact, of the user in the agent's tag `user:<id>`."""

    name = "Letta agent file"
    remarks = (
        "a Letta agent file has blocks and messages, but no archival passages: migrate those with --from letta while "
        "the server still runs",
    )

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether the file is one JSON object with agents and their blocks."""
        start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
        has_keys = b'"agents"' in head or b'"core_memory"' in head or b'"agent_type"' in head
        if not start.startswith(b"{") or not has_keys:
            return False
        if path.stat().st_size > LARGEST:
            return b'"agent_type"' in head or b'"block_ids"' in head
        try:
            _load(path)
        except ValueError:
            return False
        return True

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        """The facts of the file, agent by agent. An agent that names no user is the default user's, or Rejected."""
        if path.stat().st_size > LARGEST:
            yield Rejected(
                f"the agent file is larger than {LARGEST // 2**20} MiB, the limit for reading it into memory",
                where=path.name,
                hint="read the blocks from the server, with --from letta",
            )
            return
        file = _load(path)
        blocks = {block.id: block for block in file.blocks}
        used: set[str | None] = set()
        for agent in file.agents:
            where = f"{path.name}: agent {agent.name or agent.id!r}"
            tagged_users = [tag.removeprefix(TAG) for tag in agent.tags or () if tag.startswith(TAG)]
            user = tagged_users[0] if len(tagged_users) == 1 else default_user if not tagged_users else None
            for id_ in agent.block_ids or ():
                used.add(id_)
                if id_ not in blocks:
                    yield Rejected(f"the file does not contain the agent's block {id_!r}", where=where)
                elif user is not None:
                    yield from _facts(blocks[id_], user, agent)
                else:
                    owners = f"names several users: {', '.join(tagged_users)}" if tagged_users else "names no user"
                    yield Rejected(
                        f"the agent {owners}, so the block {blocks[id_].label!r} has no owner",
                        where=where,
                        hint="set default_user in the settings, or tag the agent user:NAME and export it again",
                    )
        for block in file.blocks:
            if block.id not in used:
                yield Rejected(
                    f"the block {block.label!r} ({block.id}) belongs to no agent in the file", where=path.name
                )


def _facts(block: _Block, user: str, agent: _Agent) -> Iterator[Fact]:
    """The facts of a block. Each export renumbers ids, so the facts' ids are derived from label and names, and
    `agent_id` is null."""
    whole = Block(
        label=block.label,
        value=block.value,
        limit=block.limit,
        description=block.description,
        read_only=block.read_only,
        metadata=block.metadata or block.metadata_,
    )
    account = f"{user}/{agent.name or agent.id}"
    for fact in facts_of(whole, user, account):
        yield msgspec.structs.replace(fact, agent_id=None) if fact.agent_id == account else fact


def _load(path: Path) -> _File:
    """The agents and blocks of a file in either format. Raises ValueError for any other content."""
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    try:
        return msgspec.json.decode(content, type=_File)
    except (msgspec.DecodeError, RecursionError) as error:
        try:
            old = msgspec.json.decode(content, type=_Legacy)
        except (msgspec.DecodeError, RecursionError):
            raise ValueError(str(error)) from None
    blocks = [msgspec.structs.replace(block, id=f"block-{number}") for number, block in enumerate(old.core_memory)]
    agent = _Agent(id="agent-0", name=old.name, tags=old.tags, block_ids=[block.id or "" for block in blocks])
    return _File(agents=[agent], blocks=blocks)
