"""Letta's archival passages as facts, and facts as passages. No SDK, input or output.

Text, created_at, tags and the user's metadata are stored in the passage's own fields. All other fields of a fact are
stored under the metadata key `memctl`, with its id and owner, because Letta assigns its own passage ids. Passages
cannot be changed in Letta, so a changed fact is a new passage of a higher revision. Blocks are in `blocks`.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from math import isfinite
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from memctl.core.errors import Rejected
from memctl.core.fact import Fact, Source, derive_id, pack, unpack

SYSTEM = "letta"
KEY = "memctl"
"""The metadata key and the tag that mark what memctl wrote."""

PART_BYTES = 32_768
"""The longest text of one passage: 8,192 tokens, which the server counts as four bytes of UTF-8 each."""
BLANK = "(blank)"
"""The text of a passage for a fact without a visible character, because empty texts cannot be embedded."""
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""Earlier times are kept in the metadata only, because it is untested whether Letta stores them correctly."""

PACKED = tuple(
    name for name in Fact.__struct_fields__ if name not in ("id", "user_id", "text", "created_at", "metadata")
)
_FOREIGN = ("organization_id", "created_by_id", "last_updated_by_id", "archive_id", "source_id", "file_id", "file_name")


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A passage as the API returns it, without its embedding (4,096 numbers derived from the text)."""

    id: str
    text: str
    created_at: datetime | None = None
    updated_at: datetime | None = None
    tags: list[str] | None = None
    metadata: dict[str, Any] | None = None
    organization_id: str | None = None
    created_by_id: str | None = None
    last_updated_by_id: str | None = None
    archive_id: str | None = None
    source_id: str | None = None
    file_id: str | None = None
    file_name: str | None = None


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """The metadata that memctl stores in a passage: the fact and its owner, the revision, and the part of its text.

    `sha256` is of the text as it was sent, all parts joined; `dated` is False if `created_at` is not the passage's.
    `fact` has the fields for which a passage has no field of its own; only the first part has it.
    """

    v: int
    id: UUID
    user: str
    rev: int = 0
    part: int = 0
    parts: int = 1
    sha256: str | None = None
    dated: bool = True
    fact: dict[str, Any] = {}


class Held(NamedTuple):
    """A fact in an archive: the ids of its passages, its revision, and whether memctl wrote it."""

    fact: Fact
    passages: tuple[str, ...]
    rev: int
    own: bool


class Remains(NamedTuple):
    """The remaining passages of a fact of which some are missing."""

    id: UUID
    passages: tuple[str, ...]
    rev: int


class Gathered(NamedTuple):
    """An archive's passages as facts, oldest first. `stale` has the ids of passages that a later revision replaced,
    `remains` the incomplete facts, and `broken` the passages that are not facts, with the reason."""

    held: list[Held]
    stale: list[str]
    remains: list[Remains]
    broken: list[Rejected]


def aware(at: datetime | None) -> datetime | None:
    """The time in UTC. Letta's times without a zone are in UTC."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def digest(text: str) -> str:
    """SHA-256 in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def seal(mark: Mapping[str, Any]) -> dict[str, Any]:
    """Plain JSON for the metadata key; encoded as one string if it contains values that Letta does not preserve."""
    return dict(mark) if carried(mark) else {"json": msgspec.json.encode(mark).decode()}


def carried(value: object) -> bool:
    """Whether Letta returns a JSON value unchanged. It silently removes NULs; it accepts an integer beyond 64 bits and
    then fails in every response that contains it."""
    if isinstance(value, Mapping):
        return all(carried(key) and carried(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return all(map(carried, value))
    if isinstance(value, str):
        return "\0" not in value
    return not isinstance(value, int) or -(2**63) <= value < 2**64


def unseal(packed: object) -> dict[str, Any] | None:
    """The argument of `seal`; None for other values."""
    if not isinstance(packed, dict):
        return None
    if isinstance(text := packed.get("json"), str) and len(packed) == 1:
        try:
            packed = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return None
    return packed if isinstance(packed, dict) else None


def checked(fact: Fact) -> None:
    """Raise Rejected for a fact that JSON or a tag cannot represent."""
    if fact.embedding is not None and not all(map(isfinite, fact.embedding.vector)):
        raise Rejected("the embedding contains a number that JSON cannot represent")
    if "\0" in fact.user_id:
        raise Rejected("the user's name contains a NUL, which Letta cannot store in a tag")


def from_fact(fact: Fact, now: datetime, rev: int = 0) -> list[dict[str, Any]]:
    """The passages that store the fact, as `archives.passages.create_many` takes them: one, or the parts of a long
    text.

    `now` dates the passages of a fact without a time, or with one that Letta may not keep. Raises Rejected for a fact
    that cannot be stored.
    """
    checked(fact)
    sent = _sendable(fact.text)
    pieces = list(_parts(sent))
    dated = fact.created_at is not None and fact.created_at >= EARLIEST
    packed = pack(fact, PACKED)
    if sent != fact.text:
        packed["text"] = fact.text
    if not dated and fact.created_at is not None:
        packed |= pack(fact, ["created_at"])
    metadata = fact.metadata
    if KEY in metadata or not carried(metadata):
        packed["metadata"], metadata = metadata, {}
    mark = {"v": 1, "id": str(fact.id), "user": fact.user_id}
    mark |= {"rev": rev} if rev else {}
    mark |= {"parts": len(pieces)} if len(pieces) > 1 else {}
    first = {"sha256": digest(sent)} | ({} if dated else {"dated": False}) | {"fact": packed}
    at = fact.created_at if dated and fact.created_at is not None else now
    return [
        {
            "text": piece,
            "created_at": at.isoformat(),
            "tags": [KEY, *_tags(fact.categories)],
            "metadata": {**metadata, KEY: seal(mark | first)} if number == 0 else {KEY: mark | {"part": number}},
        }
        for number, piece in enumerate(pieces)
    ]


def gather(passages: Iterable[Passage], user: str, agent_id: str) -> Gathered:
    """The facts of a user in the passages of an agent, whoever wrote them."""
    facts: dict[str, Held] = {}
    marked: dict[UUID, list[tuple[Mark, Passage]]] = defaultdict(list)
    gathered = Gathered([], [], [], [])
    order: dict[str, None] = {}
    for passage in passages:
        mark = mark_of(passage)
        if mark is None:
            order[passage.id] = None
            facts[passage.id] = Held(foreign_fact(passage, user, agent_id), (passage.id,), 0, own=False)
        elif mark.user != user:
            reason = f"it belongs to {mark.user!r}, but is in the archive of an agent of {user!r}"
            gathered.broken.append(Rejected(reason, where=f"passage {passage.id}"))
        else:
            order[passage.id] = None
            marked[mark.id].append((mark, passage))
    for id_, versions in marked.items():
        chosen = _latest(versions)
        used = tuple(passage.id for _, passage in chosen)
        if chosen:
            facts[used[0]] = Held(to_fact(chosen, user), used, chosen[0][0].rev, own=True)
            gathered.stale.extend(passage.id for _, passage in versions if passage.id not in used)
        else:
            gathered.broken.append(_incomplete(versions))
            passage_ids = tuple(passage.id for _, passage in versions)
            gathered.remains.append(Remains(id_, passage_ids, max(mark.rev for mark, _ in versions)))
    gathered.held.extend(facts[id_] for id_ in order if id_ in facts)
    return gathered


def mark_of(passage: Passage) -> Mark | None:
    """The metadata that memctl stored in the passage; None for a passage of another program."""
    stored = unseal((passage.metadata or {}).get(KEY))
    if stored is None:
        return None
    try:
        mark = msgspec.convert(stored, Mark)
        unpack(mark.fact)
    except (msgspec.ValidationError, ValueError, RecursionError):
        return None
    return mark


def _latest(versions: Sequence[tuple[Mark, Passage]]) -> list[tuple[Mark, Passage]]:
    """The parts of the highest complete revision, in order; empty if none is complete."""
    revisions: dict[int, dict[int, tuple[Mark, Passage]]] = defaultdict(dict)
    for mark, passage in versions:
        revisions[mark.rev].setdefault(mark.part, (mark, passage))
    for _, parts in sorted(revisions.items(), reverse=True):
        if 0 in parts and set(parts) >= set(range(parts[0][0].parts)):
            return [parts[number] for number in range(parts[0][0].parts)]
    return []


def _incomplete(versions: Sequence[tuple[Mark, Passage]]) -> Rejected:
    mark, passage = versions[0]
    return Rejected(
        f"only {len(versions)} of the {mark.parts} passages of a long text exist",
        where=f"passage {passage.id}",
        hint="write the fact again",
    )


def to_fact(parts: Sequence[tuple[Mark, Passage]], user: str) -> Fact:
    """The fact that memctl wrote as these passages. If the text was changed since, the changed text is used."""
    mark, passage = parts[0]
    fields = unpack(mark.fact)
    text = "".join(part.text for _, part in parts)
    user_metadata = {key: value for key, value in (passage.metadata or {}).items() if key != KEY}
    if digest(text) != mark.sha256:
        fields = {name: value for name, value in fields.items() if name not in ("text", "embedding")}
        fields["updated_at"] = aware(passage.updated_at)
    if mark.dated:
        fields["created_at"] = aware(passage.created_at)
    labels = set(passage.tags or ()) - {KEY}
    packed = fields.get("categories", ())
    if labels != set(_tags(packed)) - {KEY}:
        fields["categories"] = (*(label for label in packed if label in labels), *sorted(labels - set(packed)))
    values: dict[str, Any] = {"text": text, "metadata": user_metadata, "kind": "fact"}
    values["source"] = Source(system=SYSTEM, id=passage.id)
    return Fact(**values | fields | {"id": mark.id, "user_id": user})


def foreign_fact(passage: Passage, user: str, agent_id: str) -> Fact:
    """The fact of a passage that memctl did not write. Its id follows from the passage and the user, so that a passage
    in an archive of several agents of the user is one fact."""
    fields = {name: value for name in _FOREIGN if (value := getattr(passage, name)) is not None}
    return Fact(
        id=derive_id(SYSTEM, user, passage.id),
        user_id=user,
        agent_id=agent_id,
        kind="fact",
        text=passage.text,
        categories=tuple(sorted(passage.tags or ())),
        created_at=aware(passage.created_at),
        updated_at=aware(passage.updated_at),
        metadata=passage.metadata or {},
        native=fields,
        source=Source(system=SYSTEM, id=passage.id),
    )


def _tags(categories: Iterable[str]) -> list[str]:
    """The categories that can be tags, each once: a tag must have a visible character and no NUL."""
    return list(dict.fromkeys(label for label in categories if label.strip() and "\0" not in label and label != KEY))


def _sendable(text: str) -> str:
    sent = text.replace("\0", "")
    return sent if sent.strip() else BLANK


def _parts(text: str) -> Iterator[str]:
    """The text split into pieces that fit a passage, at white space if possible; joined they are the text."""
    rest = text
    while len(rest.encode()) > PART_BYTES:
        piece = rest.encode()[:PART_BYTES].decode(errors="ignore")
        # Each piece is at least half full, so that an early space does not lead to many small passages.
        cut = max(piece.rfind(" "), piece.rfind("\n")) + 1
        cut = cut if cut > len(piece) // 2 else len(piece)
        yield rest[:cut]
        rest = rest[cut:]
    yield rest
