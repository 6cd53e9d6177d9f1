"""Dumps of mem0 as files of facts: responses of `get_all`, single or in pages, JSON lines, and OpenMemory zips."""

import mmap
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from memctl.core.errors import Rejected
from memctl.core.fact import Fact
from memctl_mem0.dump import reader
from memctl_mem0.mapping import OWN, OWN_ID, time_of, to_fact
from memctl_mem0.relations import relation_fact

_ENDED = {"deleted": "deleted_at", "archived": "archived_at"}
"""The states of a memory that OpenMemory no longer uses, with the field of their times."""
_CAMEL = {"deleted_at": "deletedAt", "archived_at": "archivedAt"}


class Mem0Dump:
    """A dump of mem0, whose kind is detected from its content."""

    name = "mem0 export"
    remarks = (
        "a mem0 dump has only what the export requested: expired and merged memories are missing unless show_expired "
        "and include_merged were set",
    )

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether the first record of the file is a memory, or the file is an OpenMemory zip."""
        if reader.is_zip(head):
            return _is_backup(path)
        if not head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
            return False
        if b'"memory"' not in head:
            return b'"results"' in head and (b'"relationship"' in head or _is_empty_page(path))
        try:
            with reader.opened(path) as file:
                records = reader.of_lines(file) if reader.is_lines(head) else reader.of_json(file)
                first = next(records, None)
        except reader.Broken:
            return False
        return isinstance(first, reader.Found) and reader.is_memory(first.record)

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        """The facts of the file, with Rejected in place of invalid records and missing pages."""
        try:
            successors = _successors(path)
            for record in _found(path):
                if isinstance(record, reader.Missing):
                    yield Rejected(
                        f"the dump states a total of {record.total} memories, but contains {record.found}: "
                        "pages are missing",
                        where=record.where,
                    )
                elif isinstance(record, reader.Relation):
                    yield _relation(record, default_user)
                else:
                    yield _read(record, default_user, successors)
        except reader.Broken as broken:
            yield Rejected(f"the rest of the dump cannot be read: {broken}")


def _relation(relation: reader.Relation, default_user: str | None) -> Fact | Rejected:
    try:
        return relation_fact(relation.record, relation.user, default_user)
    except ValueError as error:
        return Rejected(str(error), where=relation.where)


def _found(path: Path) -> Iterator[reader.Found | reader.Missing | reader.Relation]:
    with path.open("rb") as file:
        head = file.read(65_536)
    if reader.is_zip(head):
        yield from reader.Backup(path).rows()
        return
    with reader.opened(path) as file:
        yield from reader.of_lines(file) if reader.is_lines(head) else reader.of_json(file)


def _read(found: reader.Found, default_user: str | None, successors: dict[str, UUID]) -> Fact | Rejected:
    if not isinstance(found.record, dict):
        return Rejected("not a JSON object", where=found.where)
    record = found.record
    if found.users and not record.get("user_id"):
        if default_user is None:
            return Rejected("the memory names no user", where=found.where)
        record = record | {"user_id": default_user}
    try:
        fact = to_fact(record, account="", default_user=default_user, successors=successors)
    except ValueError as error:
        return Rejected(str(error), where=found.where)
    state = _ended_state(record)
    if state is None or fact.expired_at is not None:
        return fact
    ended = _ended_at(record, state) or fact.updated_at or fact.created_at
    if ended is None:
        return Rejected(f"the memory was {state} at an unknown time", where=found.where)
    return msgspec.structs.replace(fact, expired_at=ended)


def _ended_state(record: Mapping[str, Any]) -> str | None:
    """`deleted` or `archived` for a memory that OpenMemory no longer uses, in any spelling."""
    state = str(record.get("state") or "").rpartition(".")[2].strip().lower()
    if state in _ENDED:
        return state
    times = {name: record.get(key) or record.get(_CAMEL[key]) for name, key in _ENDED.items()}
    return next((name for name, at in times.items() if time_of(at) is not None), None) if not state else None


def _ended_at(record: Mapping[str, Any], state: str) -> datetime | None:
    """The time since which a memory is in this state: from its own field, else from its history."""
    key = _ENDED[state]
    history = record.get("status_history")
    changes = [
        time_of(change.get("changed_at"))
        for change in (history if isinstance(history, list) else ())
        if isinstance(change, dict) and str(change.get("new_state")).rpartition(".")[2].lower() == state
    ]
    return time_of(record.get(key) or record.get(_CAMEL[key])) or max(filter(None, changes), default=None)


def _successors(path: Path) -> dict[str, UUID]:
    """The fact ids of memories that memctl wrote, by mem0's id; other memories may name them as successors. The whole
    file is read only if it has any."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return {}
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            if text.find(f'"{OWN_ID}"'.encode()) < 0:
                return {}
    successors: dict[str, UUID] = {}
    for row in _found(path):
        if isinstance(row, reader.Found) and isinstance(row.record, dict):
            metadata = row.record.get("metadata")
            if isinstance(metadata, dict) and OWN in metadata:
                fact = _read(row, None, {})
                if isinstance(fact, Fact) and "id" in row.record:
                    successors[str(row.record["id"])] = fact.id
    return successors


def _is_backup(path: Path) -> bool:
    names = reader.members(path)
    if reader.LINES in names:
        return True
    if reader.MANIFEST not in names:
        return False
    try:
        manifest = reader.Backup(path).manifest
    except reader.Broken:
        return False
    return "export_meta" in manifest or "memory_categories" in manifest


def _is_empty_page(path: Path) -> bool:
    """Whether the file is mem0's response without memories: {"count": 0, "next": null, "results": []}."""
    if path.stat().st_size > 1_000:
        return False
    try:
        page = msgspec.json.decode(path.read_bytes())
    except (msgspec.DecodeError, UnicodeError):
        return False
    return (
        isinstance(page, dict) and page.get("results") == [] and set(page) <= {"count", "next", "previous", "results"}
    )
