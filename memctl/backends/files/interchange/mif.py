"""Memory Interchange Format 2.0 (MIF): one JSON document with memories. Each must have a time of creation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from memctl.backends.files.interchange.format import (
    CARRIED,
    carried,
    carrying,
    foreign,
    mapping,
    memories,
    said,
    texts,
    time_of,
)
from memctl.core.errors import Rejected
from memctl.core.fact import Fact, Source

_MARK = re.compile(rb'"mif_version"\s*:\s*"2\.')
_KINDS = {"preference": "preference", "instruction": "procedure", "conversation": "episode", "procedure": "procedure"}


class Mif:
    """A MIF file."""

    key = "mif"
    name = "Memory Interchange Format"
    remarks = ()
    writes = True
    one_owner = False
    capabilities = carrying("created_at", "updated_at", "categories", "agent_id", "session_id")

    def recognises(self, path: Path, head: bytes) -> bool:
        return bool(_MARK.search(head))

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        return memories(path, lambda whole: default_user or mapping(whole.get("export_meta")).get("user_id"), _fact)

    def refuses(self, fact: Fact) -> str | None:
        return None if fact.created_at else "MIF needs the time of creation, which is unknown"

    def write(self, facts: Iterable[Fact], path: Path) -> None:
        from memctl import __version__

        whole = {
            "mif_version": "2.0",
            "generator": {"name": "memctl", "version": __version__},
            "memories": [_memory(fact) for fact in facts],
        }
        path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _fact(memory: Mapping[str, Any], name: str, owner: object) -> Fact | Rejected:
    metadata, source = mapping(memory.get("metadata")), mapping(memory.get("source"))
    native_id = str(memory.get("external_id") or memory.get("id") or name)
    system = str(source.get("source_type") or "mif")
    return foreign(
        system,
        native_id,
        memory.get("content"),
        metadata.get("user_id") or owner,
        kind=_KINDS.get(str(memory.get("memory_type")), "fact"),
        created_at=time_of(memory.get("created_at")),
        updated_at=time_of(memory.get("updated_at")),
        categories=texts(memory.get("tags")),
        agent_id=memory.get("agent_id"),
        session_id=source.get("session_id"),
        metadata={key: value for key, value in metadata.items() if key != CARRIED},
        source=Source(system=system, id=native_id),
    )


def _memory(fact: Fact) -> dict[str, Any]:
    source = {"source_type": fact.source.system, **({"session_id": fact.session_id} if fact.session_id else {})}
    values: dict[str, Any] = {
        "id": str(fact.id),
        "content": fact.text,
        "memory_type": fact.kind,
        "created_at": said(fact.created_at) if fact.created_at else None,
        "updated_at": said(fact.updated_at) if fact.updated_at else None,
        "tags": list(fact.categories) or None,
        "agent_id": fact.agent_id,
        "source": source,
        "metadata": {"user_id": fact.user_id, CARRIED: carried(fact)},
    }
    return {name: value for name, value in values.items() if value is not None}
