"""Portable AI Memory 1.0 (PAM): one JSON document with the memories of one owner.

Memories must have a time of creation, so facts without one are rejected. The checksum is computed as in the format's
own validator: SHA-256 over the memories in canonical JSON (RFC 8785), sorted by id.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

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
from memctl.core.errors import Rejected, UsageError
from memctl.core.fact import Fact

_MARK = re.compile(rb'"schema"\s*:\s*"portable-ai-memory"')
_TYPES = {"fact": "fact", "preference": "preference", "procedure": "instruction"}
_KINDS = {"preference": "preference", "instruction": "procedure"}
_TAG = re.compile(r"[a-z0-9][a-z0-9_-]*")


class Pam:
    """A PAM file."""

    key = "pam"
    name = "Portable AI Memory"
    remarks = ()
    writes = True
    one_owner = True
    capabilities = carrying("created_at")

    def recognises(self, path: Path, head: bytes) -> bool:
        return bool(_MARK.search(head))

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        return memories(path, lambda whole: default_user or mapping(whole.get("owner")).get("id"), _fact)

    def refuses(self, fact: Fact) -> str | None:
        if fact.created_at is None:
            return "PAM needs the time of creation, which is unknown"
        return None if fact.text.strip() else "PAM needs a text"

    def write(self, facts: Iterable[Fact], path: Path) -> None:
        records = sorted((_memory(fact) for fact in facts), key=lambda memory: str(memory["id"]))
        if not records:
            raise UsageError("there are no facts to write, and a PAM file must name their owner")
        owner = msgspec.json.decode(records[0]["metadata"][CARRIED])["user_id"]
        canonical = json.dumps(records, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        whole = {
            "schema": "portable-ai-memory",
            "schema_version": "1.0",
            "owner": {"id": owner},
            "memories": records,
            "integrity": {
                "canonicalization": "RFC8785",
                "checksum": f"sha256:{hashlib.sha256(canonical.encode()).hexdigest()}",
                "total_memories": len(records),
            },
        }
        path.write_text(json.dumps(whole, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _fact(memory: Mapping[str, Any], name: str, owner: object) -> Fact | Rejected:
    temporal, provenance = mapping(memory.get("temporal")), mapping(memory.get("provenance"))
    return foreign(
        str(provenance.get("platform") or "pam"),
        str(memory.get("id") or name),
        memory.get("content"),
        owner,
        kind=_KINDS.get(str(memory.get("type")), "fact"),
        created_at=time_of(temporal.get("created_at")),
        updated_at=time_of(temporal.get("updated_at")),
        valid_at=time_of(temporal.get("valid_from")),
        invalid_at=time_of(temporal.get("valid_until")),
        categories=texts(memory.get("tags")),
        native={"pam": dict(memory)},
    )


def _memory(fact: Fact) -> dict[str, Any]:
    kind = _TYPES.get(fact.kind, "custom")
    temporal = {"created_at": said(fact.created_at)} if fact.created_at else {}
    if fact.updated_at and fact.created_at and fact.updated_at >= fact.created_at:
        temporal["updated_at"] = said(fact.updated_at)
    ordered = fact.valid_at is None or fact.invalid_at is None or fact.valid_at <= fact.invalid_at
    for name, at in (("valid_from", fact.valid_at), ("valid_until", fact.invalid_at)):
        if at is not None and ordered:
            temporal[name] = said(at)
    return {
        "id": str(fact.id),
        "type": kind,
        **({"custom_type": fact.kind} if kind == "custom" else {}),
        "content": fact.text,
        "content_hash": _hash(fact.text),
        "status": "archived" if fact.retired else "active",
        "tags": sorted({tag for tag in fact.categories if _TAG.fullmatch(tag)}),
        "temporal": temporal,
        "provenance": {"platform": fact.source.system},
        "metadata": {CARRIED: carried(fact)},
    }


def _hash(content: str) -> str:
    text = re.sub(r"\s+", " ", unicodedata.normalize("NFC", content.strip().lower()))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
