"""The canonical record: one `Fact`, its `Source`, its `Embedding`, its content hash, JSON Schema and JSONL codec.

Every other room speaks in Facts. This one may know nothing of stores, backends or transcripts.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal, get_args
from uuid import UUID, uuid5

import msgspec

Kind = Literal["fact", "preference", "episode", "procedure", "summary", "block"]
KINDS: tuple[str, ...] = get_args(Kind)

NAMESPACE = UUID("6d656d63-746c-5e00-8000-6661637400ff")
"""uuid5 namespace of every id memctl derives."""


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a fact comes from: the system, its native id, the file or endpoint, and the words it rests on.

    `turns` holds the transcript format's own turn ids (LoCoMo's `D1:3`, a ChatGPT node id), else turn indices.

    Raises ValueError for a text that is no Unicode (lone surrogates).
    """

    system: str
    id: str | None = None
    uri: str | None = None
    session: str | None = None
    turns: tuple[str, ...] = ()
    quote: str | None = None

    def __post_init__(self) -> None:
        one = (self.system, self.id or "", self.uri or "", self.session or "", self.quote or "", *self.turns)
        if not "".join(one).isascii():
            _check_texts(self, SOURCE_TEXT_FIELDS, "turns", "source.")


class Embedding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vector and the model that made it. Never part of a fact's identity.

    Raises ValueError for a model's name that is no Unicode (lone surrogates).
    """

    model: str
    vector: tuple[float, ...]

    def __post_init__(self) -> None:
        _check_unicode(self.model, "embedding.model")


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing remembered about a user. What the source does not say is None.

    All times are timezone-aware and held in UTC: `valid_at`/`invalid_at` when it was true in the world,
    `created_at`/`updated_at`/`expired_at` when the source system recorded, changed and retired it,
    `expires_at` when it is to be forgotten. `confidence` lies in 0..1.

    Raises ValueError for a naive time, a confidence outside 0..1, an unknown kind, a text that is no Unicode (lone
    surrogates), and metadata or native fields that JSON cannot hold.
    """

    id: UUID
    user_id: str
    kind: Kind
    text: str
    agent_id: str | None = None
    session_id: str | None = None
    app_id: str | None = None
    subject: str | None = None
    predicate: str | None = None
    object: str | None = None
    categories: tuple[str, ...] = ()
    confidence: float | None = None
    valid_at: datetime | None = None
    invalid_at: datetime | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    expired_at: datetime | None = None
    expires_at: datetime | None = None
    superseded_by: UUID | None = None
    source: Source
    metadata: dict[str, Any] = {}
    native: dict[str, Any] = {}
    embedding: Embedding | None = None

    def __post_init__(self) -> None:
        for field in TIME_FIELDS:
            at = getattr(self, field)
            if at is not None and at.tzinfo is not UTC:
                msgspec.structs.force_setattr(self, field, to_utc(at, field))
        if self.confidence is not None:
            if not 0.0 <= self.confidence <= 1.0:
                raise ValueError(f"confidence must lie in 0..1, got {self.confidence}")
            # 1 and 1.0 would hash differently.
            msgspec.structs.force_setattr(self, "confidence", float(self.confidence))
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}; kinds: {', '.join(KINDS)}")
        scope = (self.agent_id or "", self.session_id or "", self.app_id or "")
        triple = (self.subject or "", self.predicate or "", self.object or "")
        if not "".join((self.text, self.user_id, *scope, *triple, *self.categories)).isascii():
            _check_texts(self, TEXT_FIELDS, "categories")
        for field in ("metadata", "native"):
            _check_json(getattr(self, field), field)

    @property
    def retired(self) -> bool:
        """True once the fact was superseded or retired: it is history, not current belief."""
        return self.superseded_by is not None or self.expired_at is not None


TIME_FIELDS = ("valid_at", "invalid_at", "created_at", "updated_at", "expired_at", "expires_at")
TEXT_FIELDS = ("text", "user_id", "agent_id", "session_id", "app_id", "subject", "predicate", "object")
SOURCE_TEXT_FIELDS = ("system", "id", "uri", "session", "quote")
DEEPEST_JSON = 200
UNHASHED_FIELDS = ("id", "native", "embedding", "updated_at")


def _check_texts(record: Fact | Source, fields: Iterable[str], listing: str, prefix: str = "") -> None:
    """Refuse half a character in a field, or in one of the texts that the field `listing` holds."""
    for field in fields:
        _check_unicode(getattr(record, field) or "", prefix + field)
    for text in getattr(record, listing):
        _check_unicode(text, prefix + listing)


def _check_unicode(text: str, field: str) -> None:
    # Known without a look at the letters, as most texts are.
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{field} holds a lone surrogate, which is no character") from None


def _check_json(value: Any, field: str, depth: int = 0) -> None:
    """Refuse what msgspec would change without a word: NaN and infinity become null, keys become strings."""
    if depth > DEEPEST_JSON:
        raise ValueError(f"{field} is nested more than {DEEPEST_JSON} deep")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{field} has a key that is no text: {key!r}")
            _check_unicode(key, field)
            _check_json(inner, field, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_json(inner, field, depth + 1)
    elif isinstance(value, str):
        _check_unicode(value, field)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{field} holds {value}, which JSON cannot")


def to_utc(at: datetime, field: str = "time") -> datetime:
    """The same instant in UTC. Raises ValueError when `at` has no time zone or leaves the years 1..9999."""
    if at.tzinfo is None:
        raise ValueError(f"{field} has no time zone: {at.isoformat()}")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{field} lies outside the years 1 to 9999 in UTC: {at.isoformat()}") from None


def derive_id(*parts: str) -> UUID:
    """uuid5 over `parts`; no two different lists of parts share an input, whatever characters they hold."""
    return uuid5(NAMESPACE, msgspec.json.encode(parts).decode())


def content_hash(fact: Fact) -> str:
    """SHA-256 (hex) over what makes two facts equal: all but `UNHASHED_FIELDS` and the source's native id."""
    import hashlib

    record = msgspec.to_builtins(fact)
    for field in UNHASHED_FIELDS:
        del record[field]
    del record["source"]["id"]
    return hashlib.sha256(msgspec.json.encode(record, order="sorted")).hexdigest()


_Packed: Any = msgspec.defstruct(
    "_Packed",
    [(field.name, field.type | msgspec.UnsetType, msgspec.UNSET) for field in msgspec.structs.fields(Fact)],
    forbid_unknown_fields=True,
)


def pack(fact: Fact, fields: Iterable[str]) -> dict[str, Any]:
    """Those of the fields that hold something, as plain JSON values: for a backend that has no slot for them."""
    held = ((field, getattr(fact, field)) for field in fields)
    return {field: msgspec.to_builtins(value) for field, value in held if value not in (None, (), {})}


def unpack(packed: Mapping[str, Any]) -> dict[str, Any]:
    """What `pack` was given, ready for `Fact(...)` or `replace`. Raises ValueError when it is no work of `pack`."""
    try:
        # Half a character, which no encoding can say, may stand in JSON.
        msgspec.json.encode(packed)
        found = msgspec.convert(packed, _Packed)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    values = {field: getattr(found, field) for field in _Packed.__struct_fields__}
    return {field: value for field, value in values.items() if value is not msgspec.UNSET}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a Fact."""
    return msgspec.json.schema(Fact)


_decoder = msgspec.json.Decoder(Fact)


def encode(fact: Fact) -> bytes:
    """One JSON object, field for field, without a newline."""
    return msgspec.json.encode(fact)


def decode(line: bytes | str) -> Fact:
    """The Fact in one JSON object. Raises ValueError naming the field that is wrong."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def encode_lines(facts: Iterable[Fact]) -> Iterator[bytes]:
    """JSONL: one fact a line, newline included."""
    for fact in facts:
        yield encode(fact) + b"\n"
