"""Portable memory (.mem) 1.x: a folder, or a .zip of one, with a manifest and items/KIND.jsonl. It is only read.

The format requires an importance, a confidence and several times, which memctl does not know.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from memctl.backends.contract import Capabilities
from memctl.backends.files.interchange.archives import unpacked
from memctl.backends.files.interchange.format import foreign, mapping, texts, time_of
from memctl.core.errors import Rejected, UsageError
from memctl.core.fact import Fact, Source
from memctl.core.short_hash import bytes_hash

_READ = ("fact", "episode", "core", "preference", "procedure")


class PortableMemory:
    """A .mem folder."""

    key = "mem"
    name = "portable memory (.mem)"
    remarks = ("entities, edges, resources and links of a portable memory are not facts and are skipped",)
    writes = False
    one_owner = True
    capabilities = Capabilities()

    def recognises(self, path: Path, head: bytes) -> bool:
        return path.is_dir() and (path / "manifest.json").is_file() and (path / "items").is_dir()

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        with unpacked(path) as folder:
            for kind in _READ:
                file = folder / "items" / f"{kind}.jsonl"
                if not file.is_file():
                    continue
                with file.open("rb") as lines:
                    for number, line in enumerate(lines, 1):
                        if line.strip():
                            yield _fact(kind, line, f"items/{kind}.jsonl:{number}", default_user)

    def refuses(self, fact: Fact) -> str | None:
        return "memctl does not write .mem"

    def write(self, facts: Iterable[Fact], path: Path) -> None:
        raise UsageError(
            "memctl does not write .mem", hint="the format requires values that memctl does not have; use okf or cogx"
        )


def _fact(kind: str, line: bytes, where: str, owner: str | None) -> Fact | Rejected:
    try:
        record = mapping(msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        return Rejected(f"not JSON: {error}", where=where, digest=bytes_hash(line))
    native_id = str(record.get("id") or record.get("key") or where)
    source = Source(system="mem", id=native_id)
    values: dict[str, Any] = {"native": {"mem": dict(record)}, "source": source}
    match kind:
        case "fact":
            return foreign(
                "mem", native_id, record.get("text"), owner, subject=record.get("subject"),
                predicate=record.get("predicate"), object=record.get("object"), confidence=record.get("confidence"),
                valid_at=time_of(record.get("tValidFrom")), invalid_at=time_of(record.get("tValidTo")),
                created_at=time_of(record.get("createdAt")), expired_at=time_of(record.get("prunedAt")), **values,
            )  # fmt: skip
        case "episode":
            text = record.get("details") or record.get("summary")
            return foreign(
                "mem", native_id, text, owner, kind="episode", categories=texts(record.get("categories")),
                valid_at=time_of(record.get("eventTime")), created_at=time_of(record.get("mentionTime")),
                expires_at=time_of(record.get("expirationDate")), expired_at=time_of(record.get("deletedAt")), **values,
            )  # fmt: skip
        case "core":
            return foreign("mem", native_id, record.get("content"), owner, kind="block", **values)
        case "preference":
            text = f"{record.get('key')}: {record.get('value')}"
            return foreign("mem", native_id, text, owner, kind="preference", **values)
        case _:
            steps = "\n".join(f"{number}. {step}" for number, step in enumerate(texts(record.get("steps")), 1))
            text = "\n".join(filter(None, (str(record.get("name") or ""), steps)))
            return foreign("mem", native_id, text, owner, kind="procedure", **values)
