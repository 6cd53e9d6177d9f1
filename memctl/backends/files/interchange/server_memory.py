"""The file of the MCP server `server-memory`: JSON Lines of entities with observations, and of relations.

An observation is a fact about its entity; a relation is a fact with subject, predicate and object. Facts that came from
such a file are written to the same line, so an unchanged file gets the same bytes. The file has no owner, no times and
no ids.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from memctl.backends.contract import Capabilities, FieldSupport
from memctl.backends.files.interchange.format import foreign, mapping
from memctl.core.errors import Rejected
from memctl.core.fact import Fact, Source
from memctl.core.short_hash import bytes_hash

_KEY = "server_memory"
_MARK = re.compile(rb'^\s*\{\s*"type"\s*:\s*"(?:entity|relation)"\s*,\s*"(?:name|from)"\s*:')
_DROPPED = FieldSupport("dropped", "a server-memory file has entities, observations and relations only")
_UNKNOWN = "unknown"
"""The type of an entity whose type is unknown, because the format requires one."""


class ServerMemory:
    """A memory.jsonl of server-memory."""

    key = "server-memory"
    name = "memory of the MCP server server-memory"
    remarks = ("a server-memory file names no user: its facts belong to the user of --user or default_user",)
    writes = True
    one_owner = True
    capabilities = Capabilities(
        fields={
            name: _DROPPED
            for name in Fact.__struct_fields__
            if name not in ("text", "subject", "predicate", "object", "native")
        },
        ids_survive=False,
    )

    def recognises(self, path: Path, head: bytes) -> bool:
        return not path.is_dir() and bool(_MARK.match(head.removeprefix(b"\xef\xbb\xbf")))

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        # The id is derived from the content, so that it stays the same when lines move.
        said = Counter[str]()
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.strip():
                    continue
                for where, text, origin, triple in _statements(line.removeprefix(b"\xef\xbb\xbf"), number):
                    if origin is None:
                        yield Rejected(text, where=where, digest=bytes_hash(line))
                        continue
                    words = f"{triple.get('subject')}: {text}"
                    said[words] += 1
                    native_id = words if said[words] == 1 else f"{words} ({said[words]})"
                    source = Source(system="server-memory", id=where)
                    yield foreign(
                        "server-memory", native_id, text, default_user, native={_KEY: origin}, source=source, **triple
                    )

    def refuses(self, fact: Fact) -> str | None:
        return None if fact.text.strip() else "an observation must have a text"

    def write(self, facts: Iterable[Fact], path: Path) -> None:
        lines: dict[tuple[int, str], dict[str, Any]] = {}
        observations: dict[tuple[int, str], list[tuple[int, str]]] = {}
        for fact in facts:
            origin = mapping(fact.native.get(_KEY))
            # Facts that did not come from such a file are written after those that did.
            place = (
                (number, "") if isinstance(number := origin.get("line"), int) else (10**9, fact.subject or fact.user_id)
            )
            if "relationType" in origin:
                lines[place] = {"type": "relation", **{key: origin[key] for key in ("from", "to", "relationType")}}
                continue
            name, kind = origin.get("name") or place[1], origin.get("entityType") or _UNKNOWN
            lines.setdefault(place, {"type": "entity", "name": name, "entityType": kind, "observations": []})
            if not origin.get("empty"):
                index = origin.get("index")
                observations.setdefault(place, []).append((index if isinstance(index, int) else 10**9, fact.text))
        for place, texts in observations.items():
            lines[place]["observations"] = [text for _, text in sorted(texts, key=lambda item: item[0])]
        rows = [json.dumps(lines[place], ensure_ascii=False, separators=(",", ":")) for place in sorted(lines)]
        # The server itself ends its file without a line feed.
        path.write_bytes("\n".join(rows).encode())


def _statements(line: bytes, number: int) -> Iterator[tuple[str, str, dict[str, Any] | None, dict[str, str]]]:
    """The statements of a line: their place, text, origin (to write them to the same line), and triple.

    If the origin is None, the line cannot be read, and the text is the reason.
    """
    where = f"line {number}"
    try:
        record = mapping(msgspec.json.decode(line))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        yield where, f"not JSON: {error}", None, {}
        return
    if record.get("type") == "relation":
        ends = [record.get(name) for name in ("from", "relationType", "to")]
        if not all(isinstance(end, str) for end in ends):
            yield where, "a relation must have from, to and relationType", None, {}
            return
        text = " ".join(map(str, ends))
        triple = dict(zip(("subject", "predicate", "object"), map(str, ends), strict=True))
        yield where, text, {"line": number, **_only(record, "from", "to", "relationType")}, triple
        return
    name, texts = record.get("name"), record.get("observations")
    if record.get("type") != "entity" or not isinstance(name, str) or not isinstance(texts, list):
        yield where, "neither an entity with observations nor a relation", None, {}
        return
    origin = {"line": number, **_only(record, "name", "entityType")}
    if not texts:
        yield where, f"{name} ({record.get('entityType')})", {**origin, "empty": True}, {"subject": name}
    for index, text in enumerate(texts):
        if isinstance(text, str) and text.strip():
            yield where, text, {**origin, "index": index}, {"subject": name}
        else:
            yield where, f"observation {index + 1} is not a text", None, {}


def _only(record: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: record[name] for name in names if name in record}
