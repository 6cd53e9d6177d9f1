"""The records of the ledger: facts on their routes, the counts of a user in the target, and runs.
`memctl.store.duckdb.ledger` stores them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec

from memctl.core.fact import Fact, content_hash

State = Literal["planned", "written", "verified", "rejected", "removed"]
RunState = Literal["running", "done", "partial", "interrupted", "limit", "failed", "killed"]


class Counts(msgspec.Struct, kw_only=True):
    """The outcome of the facts of a run. `read` is the sum of the others at the end of the run; `rejected_earlier`
    is the part of `rejected` that an earlier run reported."""

    read: int = 0
    written: int = 0
    updated: int = 0
    unchanged: int = 0
    newer: int = 0
    rejected: int = 0
    rejected_earlier: int = 0


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """The ledger's record of one fact on a route; `key` is its row."""

    key: int
    content_hash: bytes
    state: State
    attempts: int
    target_id: str | None

    @property
    def acknowledged(self) -> bool:
        """True if the target confirmed the fact."""
        return self.state in ("written", "verified")


class Standing(msgspec.Struct, frozen=True):
    """The facts of one user in the target: acknowledged, possibly written, still to be verified, and removed by a
    synchronisation."""

    held: int = 0
    doubtful: int = 0
    unverified: int = 0
    removed: int = 0


class Route(msgspec.Struct, frozen=True):
    """A route by its number, with the identities of its endpoints."""

    number: int
    source: str
    target: str


class Settled(msgspec.Struct, frozen=True, kw_only=True):
    """The new values of a fact's row after the target's outcome."""

    key: int
    state: State
    target_id: str | None = None
    error: str | None = None


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One migration as `memctl migrations` shows it; `command` resumes it."""

    id: str
    state: RunState
    source: str
    target: str
    mode: str
    command: str
    started_at: datetime
    finished_at: datetime | None
    counts: Counts
    rejects_file: str | None
    error: str | None


class Marked(NamedTuple):
    """A fact to be moved, its content hash, and its fingerprint."""

    fact: Fact
    content: str
    mark: bytes


def marked(fact: Fact) -> Marked:
    """The fact with its hashes."""
    content = content_hash(fact)
    return Marked(fact, content, _fingerprint(fact, content))


Planned: TypeAlias = tuple[Fact, bytes, Entry | None]
"""A fact about to be sent, its fingerprint, and its row if it has one."""


def acknowledged(item: Planned) -> bool:
    """Whether the target confirmed the fact as it is now."""
    _, mark, entry = item
    return entry is not None and entry.acknowledged and entry.content_hash == mark


def fingerprint(fact: Fact) -> bytes:
    """SHA-256 over everything that a migration carries: the content hash, and the native fields, which the content
    hash leaves out."""
    return _fingerprint(fact, content_hash(fact))


def _fingerprint(fact: Fact, content: str) -> bytes:
    native = msgspec.json.encode(fact.native, order="sorted") if fact.native else b"{}"
    return hashlib.sha256(bytes.fromhex(content) + native).digest()


def to_run(row: Sequence[Any]) -> Run:
    """The Run in a row of its fields, in their order."""
    values = dict(zip(Run.__struct_fields__, row, strict=True))
    for name in ("started_at", "finished_at"):
        values[name] = values[name] and values[name].replace(tzinfo=UTC)
    values["counts"] = msgspec.json.decode(values["counts"], type=Counts)
    return Run(**values)
