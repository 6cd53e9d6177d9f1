"""COGX 0.1, the exchange format of cognee: a folder, or a .tar.gz of one, with a manifest and a JSON Lines file per
kind.

The format requires no time and allows any metadata, so every fact can be written.
"""

from __future__ import annotations

import json
import tarfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import msgspec

from memctl.backends.files.interchange.archives import packed, unpacked
from memctl.backends.files.interchange.format import (
    CARRIED,
    carried,
    carrying,
    foreign,
    mapping,
    restored,
    said,
    texts,
    time_of,
)
from memctl.core.errors import Rejected
from memctl.core.fact import Fact, Source
from memctl.core.short_hash import bytes_hash

VERSION = "0.1"
_FILES = {
    "memory": "memories.jsonl",
    "fact": "facts.jsonl",
    "episode": "episodes.jsonl",
    "memory_block": "memory_blocks.jsonl",
}


class Cogx:
    """A COGX archive."""

    key = "cogx"
    name = "COGX"
    remarks = ("entities, documents and raw nodes of a COGX archive are not facts and are skipped",)
    writes = True
    one_owner = False
    capabilities = carrying(
        *("created_at", "updated_at", "valid_at", "invalid_at", "subject", "predicate", "object", "confidence"),
        *("categories", "agent_id", "session_id"),
    )

    def recognises(self, path: Path, head: bytes) -> bool:
        if path.is_dir():
            manifest = path / "manifest.json"
            return manifest.is_file() and b'"cogx_version"' in manifest.read_bytes()[:65_536]
        return head.startswith(b"\x1f\x8b") and _is_packed(path)

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        with unpacked(path) as folder:
            for name in _FILES.values():
                file = folder / name
                for number, line in enumerate(_lines(file), 1):
                    yield from _facts(line, f"{name}:{number}", default_user)

    def refuses(self, fact: Fact) -> str | None:
        return None

    def write(self, facts: Iterable[Fact], path: Path) -> None:
        with packed(path) as folder, ExitStack() as stack:
            files: dict[str, IO[str]] = {}
            counts: Counter[str] = Counter()
            for fact in facts:
                record = _record(fact)
                kind = record["kind"]
                if kind not in files:
                    files[kind] = stack.enter_context((folder / _FILES[kind]).open("w", encoding="utf-8"))
                files[kind].write(json.dumps(record, ensure_ascii=False) + "\n")
                counts[kind] += 1
            manifest = {"cogx_version": VERSION, "source_system": "memctl", "counts": dict(counts)}
            (folder / "manifest.json").write_text(json.dumps(manifest, indent=2), encoding="utf-8")


def _is_packed(path: Path) -> bool:
    try:
        with tarfile.open(path, "r:gz") as archive:
            for member in archive:
                if member.name.removeprefix("./") == "manifest.json":
                    file = archive.extractfile(member)
                    return file is not None and b'"cogx_version"' in file.read(65_536)
    except (tarfile.TarError, OSError, EOFError):
        return False
    return False


def _lines(file: Path) -> Iterator[bytes]:
    if file.is_file():
        with file.open("rb") as lines:
            yield from (line for line in lines if line.strip())


def _facts(line: bytes, where: str, default_user: str | None) -> Iterator[Fact | Rejected]:
    try:
        record = mapping(msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        yield Rejected(f"not JSON: {error}", where=where, digest=bytes_hash(line))
        return
    text = _text(record)
    metadata, scope = mapping(record.get("metadata")), mapping(record.get("scope"))
    if fact := restored(metadata.get(CARRIED), text):
        yield fact
        return
    system = str(record.get("external_system") or "cogx")
    native_id = str(record.get("external_id") or where)
    common: dict[str, Any] = {
        "created_at": time_of(record.get("created_at")),
        "updated_at": time_of(record.get("updated_at")),
        "agent_id": scope.get("agent_id"),
        "session_id": scope.get("session_id") or scope.get("run_id"),
        "metadata": dict(metadata),
    }
    owner = scope.get("user_id") or default_user
    match record.get("kind"):
        case "episode":
            for number, turn in enumerate(record.get("turns") or ()):
                said_at = time_of(mapping(turn).get("occurred_at"))
                values = common | {"created_at": said_at or common["created_at"]}
                source = Source(system=system, id=native_id, session=native_id, turns=(str(number),))
                yield foreign(
                    system, f"{native_id}#{number}", mapping(turn).get("content"), owner, kind="episode",
                    native={"role": str(mapping(turn).get("role"))}, source=source, **values,
                )  # fmt: skip
        case "fact":
            yield foreign(
                system, native_id, text, owner, subject=record.get("subject_ref"), predicate=record.get("predicate"),
                object=record.get("object_ref"), valid_at=time_of(record.get("valid_at")),
                invalid_at=time_of(record.get("invalid_at")), confidence=record.get("confidence"), **common,
            )  # fmt: skip
        case "memory_block":
            yield foreign(system, native_id, text, owner, kind="block", native={"label": record.get("label")}, **common)
        case _:
            yield foreign(system, native_id, text, owner, categories=texts(record.get("categories")), **common)


def _text(record: Any) -> str:
    for name in ("fact_text", "content", "value"):
        if isinstance(record.get(name), str):
            return str(record[name])
    if record.get("kind") == "fact":
        return " ".join(str(record.get(name) or "") for name in ("subject_ref", "predicate", "object_ref"))
    return "\n".join(str(mapping(turn).get("content") or "") for turn in record.get("turns") or ())


def _record(fact: Fact) -> dict[str, Any]:
    record: dict[str, Any] = {
        "external_system": fact.source.system,
        "external_id": str(fact.id),
        "scope": {"user_id": fact.user_id, "agent_id": fact.agent_id, "session_id": fact.session_id},
        "created_at": said(fact.created_at) if fact.created_at else None,
        "updated_at": said(fact.updated_at) if fact.updated_at else None,
        "metadata": {CARRIED: carried(fact)},
    }
    if fact.kind == "episode":
        role = fact.native.get("role")
        turn = {
            "role": role if isinstance(role, str) else "user",
            "content": fact.text,
            "occurred_at": record["created_at"],
        }
        return {"kind": "episode", **record, "turns": [turn]}
    if fact.kind == "block":
        label = fact.native.get("label")
        return {
            "kind": "memory_block",
            **record,
            "label": label if isinstance(label, str) else "block",
            "value": fact.text,
        }
    if fact.subject and fact.predicate and fact.object:
        return {
            "kind": "fact",
            **record,
            "subject_ref": fact.subject,
            "predicate": fact.predicate,
            "object_ref": fact.object,
            "fact_text": fact.text,
            "valid_at": said(fact.valid_at) if fact.valid_at else None,
            "invalid_at": said(fact.invalid_at) if fact.invalid_at else None,
            "confidence": fact.confidence,
        }
    return {"kind": "memory", **record, "content": fact.text, "categories": list(fact.categories)}
