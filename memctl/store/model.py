"""The values that a store takes and returns, whatever its engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import msgspec

from memctl.core.fact import Fact
from memctl.store.chunks import Chunk, chunks_of

SUPPRESSED = "this user was erased and is blocked; unblock with: memctl forget NAME --restore"
"""Why nothing is written about a suppressed user."""


class RecordText(msgspec.Struct, frozen=True):
    """The texts of a record, its owner, and who said it."""

    id: UUID
    user_id: str
    kind: str
    speaker: str | None
    subject: str | None
    object: str | None
    text: str


class Episodic(msgspec.Struct, frozen=True, kw_only=True):
    """What the store keeps of a record in addition to the Fact: speaker, position in the session, its episode."""

    role: str | None = None
    speaker: str | None = None
    position: int | None = None
    episode: UUID | None = None


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A fact to be stored: the record, its additional fields, and the chunks that search looks at."""

    fact: Fact
    episodic: Episodic = Episodic()
    chunks: tuple[Chunk, ...]


def entry_of(fact: Fact) -> Entry:
    """The entry of a fact; the speaker is taken from its `native` fields, if they name one."""
    if not fact.native:
        return Entry(fact=fact, chunks=tuple(chunks_of(fact)))
    episodic = Episodic(role=fact.native_text("role"), speaker=fact.native_text("speaker"))
    return Entry(fact=fact, episodic=episodic, chunks=tuple(chunks_of(fact)))


class PackedIds:
    """Ids in the order they came, 16 bytes each where a set takes 140: an export may show millions of episodes."""

    def __init__(self, ids: Iterable[UUID] = ()) -> None:
        self._bytes = bytearray()
        self.extend(ids)

    def extend(self, ids: Iterable[UUID]) -> None:
        """Add ids."""
        self._bytes += b"".join(id_.bytes for id_ in ids)

    def __iter__(self) -> Iterator[UUID]:
        return (UUID(bytes=bytes(self._bytes[at : at + 16])) for at in range(0, len(self._bytes), 16))


class FileEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One ingested file. `attribution` says by which rule its owner was found and
    `recipe` names every other option that decides what comes out of it (extractor, time zone, …);
    `size` is in bytes and `sha256` (hex) is over all of them. Turns before `since` were left out. `complete` is False
    when something in the file could not be read."""

    uri: str
    attribution: str
    recipe: str
    format: str
    size: int
    mtime_ns: int
    sha256: str
    sessions: int
    turns: int
    since: datetime | None = None
    complete: bool = True

    def covers(self, recipe: str, since: datetime | None, *, complete: bool = True) -> bool:
        """True if reading the same bytes by `recipe` from `since` on gives nothing new; with `complete` False,
        nothing new except what cannot be read."""
        enough = self.since is None or (since is not None and since >= self.since)
        return (self.complete or not complete) and enough and self.recipe == recipe


Place = Literal["fact", "claim", "removed", "file"]


UNDOABLE = timedelta(days=30)
"""How long after it a run can be undone."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run that changed facts of the store."""

    id: str
    command: str
    user_id: str | None
    made_at: datetime
    undone_at: datetime | None = None


def new_run() -> str:
    """An id for a run."""
    return uuid4().hex[:12]


def file_id(key: int) -> UUID:
    """The id under which the undo log records a row of `files`."""
    return UUID(int=key)


class Statistics(msgspec.Struct, frozen=True, kw_only=True):
    """What a store holds. `bytes` is the size of the file; `pending` units still lack a vector."""

    path: str
    bytes: int | None
    users: int
    facts: int
    current: int
    superseded: int
    episodes: int
    units: int | None
    pending: int | None
    files: int | None
    kinds: dict[str, int]
    embedder: str | None


class ModelsUsed(msgspec.Struct, frozen=True, kw_only=True):
    """The extractors of a store's claims, such as `rules@1`, and its embedder, such as `static`."""

    extractors: tuple[str, ...]
    embedder: str | None


class UserSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One user of the store: how many facts and episodes, and when the first and the last were recorded."""

    user: str
    facts: int
    episodes: int
    first: datetime | None
    last: datetime | None


AnswerOutcome = Literal["answered", "length", "refused", "filtered", "unreadable"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A cached answer of a model. `existing` is the JSON of the facts shown with it, `episodes` the turns read.
    `outcome` is `length` if it was cut off: then the halves of the window have their own answers."""

    key: str
    model: str
    user_id: str
    outcome: AnswerOutcome
    answer: str = ""
    existing: str = "[]"
    episodes: tuple[UUID, ...] = ()
    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0


BatchState = Literal["prepared", "submitted", "collected", "lost", "done", "dropped"]
"""What is still to be ingested again is `collected` when its answers are kept, `lost` when the server never had it; it
is `done` or `dropped` then."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch. `id` is memctl's own, `remote_id` the server's, None until it is known to have been submitted.
    `command` is the ingest to run when the results are collected."""

    id: str
    remote_id: str | None = None
    model: str
    base_url: str
    state: BatchState = "prepared"
    command: dict[str, Any]
    made_at: datetime


class BatchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request in a batch, with the values that are stored with its answer."""

    key: str
    user_id: str
    existing: str
    episodes: tuple[UUID, ...]


class Reindexed(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a reindex: the embedder now in use, the number of vectors computed, and of those that existed."""

    embedder: str
    made: int
    kept: int


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A result: column names, and rows in their order."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]


class FileRead(msgspec.Struct, kw_only=True):
    """A file read to its end: the episodes it contains, and those that were edited or deleted in it."""

    entry: FileEntry
    episodes: Iterable[UUID] = ()
    gone: set[UUID] = set()


class StoredTurn(msgspec.Struct, frozen=True, kw_only=True):
    """An episode as the turn it was: `turn_id` is its id in the session, `position` its index there."""

    id: UUID
    user_id: str
    session_id: str
    turn_id: str
    position: int
    role: str | None
    speaker: str | None
    at: datetime | None
    text: str
