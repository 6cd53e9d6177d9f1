"""Letta's archival passages as Facts, and Facts as passages. Pure: no SDK, no network.

What a passage has a slot for goes there: text, created_at, tags, and the user's own metadata. The rest of a Fact
travels under the one metadata key `memctl`, as do its id and owner, because Letta gives a passage an id of its own.
Letta has no way to change a passage, so that a changed fact is a new passage of a higher revision. Blocks are in
`blocks`.
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
"""The metadata key, and the tag, of what memctl wrote."""

PART_BYTES = 32_768
"""The longest text of one passage: 8,192 tokens, which the server reckons at four bytes of UTF-8 each."""
BLANK = "(blank)"
"""Stands in a passage for a text without a visible character, of which no embedding can be made."""
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
"""Earlier times are not given to Letta, whose keeping of them nobody has seen."""

PACKED = tuple(
    name for name in Fact.__struct_fields__ if name not in ("id", "user_id", "text", "created_at", "metadata")
)
_FOREIGN = ("organization_id", "created_by_id", "last_updated_by_id", "archive_id", "source_id", "file_id", "file_name")


class Passage(msgspec.Struct, frozen=True, kw_only=True):
    """A passage as the API gives it, without its embedding, which is 4,096 numbers derived from the text."""

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
    """What memctl stores in the metadata of a passage: the fact and its owner, the revision, and the part of its text.

    `sha256` is of the text as it was sent, all parts joined; `dated` is False where `created_at` is not the passage's.
    `fact` holds the fields that have no slot. It stands on the first part.
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
    """An archive's passages as facts, oldest first. `stale` are ids of passages that a later revision replaced,
    `remains` is what is left of facts, and `broken` says of all that is no fact why."""

    held: list[Held]
    stale: list[str]
    remains: list[Remains]
    broken: list[Rejected]


def aware(at: datetime | None) -> datetime | None:
    """The time in UTC; Letta means UTC where it names no zone."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at


def digest(text: str) -> str:
    """SHA-256 in hexadecimal."""
    return sha256(text.encode()).hexdigest()


def seal(mark: Mapping[str, Any]) -> dict[str, Any]:
    """Plain JSON for the metadata key; as one JSON text where it holds what Letta cannot carry."""
    return dict(mark) if carried(mark) else {"json": msgspec.json.encode(mark).decode()}


def carried(value: object) -> bool:
    """Whether Letta gives JSON back as it was. It takes out NULs without a word; a whole number beyond 64 bits it takes
    in, and then fails in every answer that holds it."""
    if isinstance(value, Mapping):
        return all(carried(key) and carried(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return all(map(carried, value))
    if isinstance(value, str):
        return "\0" not in value
    return not isinstance(value, int) or -(2**63) <= value < 2**64


def unseal(kept: object) -> dict[str, Any] | None:
    """The argument of `seal`; None for other values."""
    if not isinstance(kept, dict):
        return None
    if isinstance(text := kept.get("json"), str) and len(kept) == 1:
        try:
            kept = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError):
            return None
    return kept if isinstance(kept, dict) else None


def checked(fact: Fact) -> None:
    """Raise Rejected for what JSON, or a tag, cannot carry."""
    if fact.embedding is not None and not all(map(isfinite, fact.embedding.vector)):
        raise Rejected("the vector holds a number that JSON cannot carry")
    if "\0" in fact.user_id:
        raise Rejected("the user's name holds a NUL, which Letta cannot keep in a tag")


def from_fact(fact: Fact, now: datetime, rev: int = 0) -> list[dict[str, Any]]:
    """The passages that keep the fact, as `archives.passages.create_many` takes them: one, or the parts of a long text.

    `now` dates the passages of a fact that has no time, or one that Letta may not keep. Raises Rejected for what no
    passage can carry.
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
    held: dict[str, Held] = {}
    marked: dict[UUID, list[tuple[Mark, Passage]]] = defaultdict(list)
    gathered = Gathered([], [], [], [])
    order: dict[str, None] = {}
    for passage in passages:
        mark = mark_of(passage)
        if mark is None:
            order[passage.id] = None
            held[passage.id] = Held(foreign_fact(passage, user, agent_id), (passage.id,), 0, own=False)
        elif mark.user != user:
            reason = f"it belongs to {mark.user!r}, but lies in the archive of an agent of {user!r}"
            gathered.broken.append(Rejected(reason, where=f"passage {passage.id}"))
        else:
            order[passage.id] = None
            marked[mark.id].append((mark, passage))
    for id_, versions in marked.items():
        chosen = _latest(versions)
        used = tuple(passage.id for _, passage in chosen)
        if chosen:
            held[used[0]] = Held(to_fact(chosen, user), used, chosen[0][0].rev, own=True)
            gathered.stale.extend(passage.id for _, passage in versions if passage.id not in used)
        else:
            gathered.broken.append(_incomplete(versions))
            left = tuple(passage.id for _, passage in versions)
            gathered.remains.append(Remains(id_, left, max(mark.rev for mark, _ in versions)))
    gathered.held.extend(held[id_] for id_ in order if id_ in held)
    return gathered


def mark_of(passage: Passage) -> Mark | None:
    """What memctl stored in the metadata of the passage; None for a passage of another program."""
    kept = unseal((passage.metadata or {}).get(KEY))
    if kept is None:
        return None
    try:
        mark = msgspec.convert(kept, Mark)
        unpack(mark.fact)
    except (msgspec.ValidationError, ValueError, RecursionError):
        return None
    return mark


def _latest(versions: Sequence[tuple[Mark, Passage]]) -> list[tuple[Mark, Passage]]:
    """The parts of the highest revision that is whole, in order; none when no revision is."""
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
        f"of the {mark.parts} passages of a long text only {len(versions)} are there",
        where=f"passage {passage.id}",
        hint="write the fact again",
    )


def to_fact(parts: Sequence[tuple[Mark, Passage]], user: str) -> Fact:
    """The fact that memctl wrote as these passages. Where the text was changed since, the change stands."""
    mark, passage = parts[0]
    fields = unpack(mark.fact)
    text = "".join(part.text for _, part in parts)
    own = {key: value for key, value in (passage.metadata or {}).items() if key != KEY}
    if digest(text) != mark.sha256:
        fields = {name: value for name, value in fields.items() if name not in ("text", "embedding")}
        fields["updated_at"] = aware(passage.updated_at)
    if mark.dated:
        fields["created_at"] = aware(passage.created_at)
    labels = set(passage.tags or ()) - {KEY}
    packed = fields.get("categories", ())
    if labels != set(_tags(packed)) - {KEY}:
        fields["categories"] = (*(label for label in packed if label in labels), *sorted(labels - set(packed)))
    given: dict[str, Any] = {"text": text, "metadata": own, "kind": "fact"}
    given["source"] = Source(system=SYSTEM, id=passage.id)
    return Fact(**given | fields | {"id": mark.id, "user_id": user})


def foreign_fact(passage: Passage, user: str, agent_id: str) -> Fact:
    """The fact of a passage that memctl did not write. Its id follows from the passage and the user, so that a passage
    in an archive of several agents of the user is one fact."""
    kept = {name: value for name in _FOREIGN if (value := getattr(passage, name)) is not None}
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
        native=kept,
        source=Source(system=SYSTEM, id=passage.id),
    )


def _tags(categories: Iterable[str]) -> list[str]:
    """The categories that can be tags, each once: a tag must have a visible character and no NUL."""
    return list(dict.fromkeys(label for label in categories if label.strip() and "\0" not in label and label != KEY))


def _sendable(text: str) -> str:
    sent = text.replace("\0", "")
    return sent if sent.strip() else BLANK


def _parts(text: str) -> Iterator[str]:
    """The text cut into pieces that a passage can hold, at a white space where there is one; together they are all of
    it."""
    rest = text
    while len(rest.encode()) > PART_BYTES:
        piece = rest.encode()[:PART_BYTES].decode(errors="ignore")
        # Half a piece at least, so that one early space does not make many small passages.
        cut = max(piece.rfind(" "), piece.rfind("\n")) + 1
        cut = cut if cut > len(piece) // 2 else len(piece)
        yield rest[:cut]
        rest = rest[cut:]
    yield rest
