"""The canonical record: `Fact`, `Source`, `Embedding`, content hash, JSON Schema and JSONL codec.

Knows nothing of stores, backends or transcripts. The records contain plain values and never each other, so Python's
search for cycles (`gc`), which would take a while with many of them, leaves them out.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from memctl.core.hashing import sha1, sha256

Kind = Literal["fact", "preference", "episode", "procedure", "summary", "block"]
KINDS: tuple[str, ...] = get_args(Kind)

NAMESPACE = UUID("6d656d63-746c-5e00-8000-6661637400ff")
"""uuid5 namespace of all ids that memctl derives."""


NOBODY = "the fact names no user"
"""Why a fact with an empty `user_id` is rejected."""


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """The origin of a fact: the system, its native id, the file or endpoint, and the quoted words.

    `turns` are the turn ids of the transcript format (such as a ChatGPT node id), else turn indices.

    Raises ValueError for text that is not valid Unicode (lone surrogates).
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


class Embedding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """A vector and the name of its model. Not part of a fact's identity.

    Raises ValueError for a model name that is not valid Unicode (lone surrogates).
    """

    model: str
    vector: tuple[float, ...]

    def __post_init__(self) -> None:
        _check_unicode(self.model, "embedding.model")


class Fact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """One fact about a user. Values that the source does not give are None.

    All times are timezone-aware and converted to UTC: `valid_at`/`invalid_at` when it was true in the world,
    `created_at`/`updated_at`/`expired_at` when the source system recorded, changed and retired it, `expires_at` when it
    is to be deleted. `confidence` is in 0..1.

    Raises ValueError for a naive time, a confidence outside 0..1, an unknown kind, text that is not valid Unicode (lone
    surrogates), and metadata or native fields that JSON cannot represent.
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
        for at in _times(self):
            if at is not None and at.tzinfo is not UTC:
                _set_utc(self)
                break
        confidence = self.confidence
        if confidence is not None:
            if not 0.0 <= confidence <= 1.0:
                raise ValueError(f"confidence must be in 0..1, got {confidence}")
            if type(confidence) is not float:
                # 1 and 1.0 would hash differently.
                msgspec.structs.force_setattr(self, "confidence", float(confidence))
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}; kinds: {', '.join(KINDS)}")
        scope = (self.agent_id or "", self.session_id or "", self.app_id or "")
        triple = (self.subject or "", self.predicate or "", self.object or "")
        if not "".join((self.text, self.user_id, *scope, *triple, *self.categories)).isascii():
            _check_texts(self, TEXT_FIELDS, "categories")
        if self.metadata or self.native:
            _check_json(self.metadata, "metadata")
            _check_json(self.native, "native")

    @property
    def retired(self) -> bool:
        """True if the fact was superseded or retired."""
        return self.superseded_by is not None or self.expired_at is not None

    def native_text(self, name: str) -> str | None:
        """A field of `native` if it is a text; other systems keep anything under the same names."""
        value = self.native.get(name)
        return value if isinstance(value, str) else None


TIME_FIELDS = ("valid_at", "invalid_at", "created_at", "updated_at", "expired_at", "expires_at")
TEXT_FIELDS = ("text", "user_id", "agent_id", "session_id", "app_id", "subject", "predicate", "object")
SOURCE_TEXT_FIELDS = ("system", "id", "uri", "session", "quote")
DEEPEST_JSON = 200
_times: Any = attrgetter(*TIME_FIELDS)
UNHASHED_FIELDS = ("id", "native", "embedding", "updated_at")


def _set_utc(fact: Fact) -> None:
    """Convert all times to UTC."""
    for field, at in zip(TIME_FIELDS, _times(fact), strict=True):
        if at is not None:
            msgspec.structs.force_setattr(fact, field, to_utc(at, field))


def _check_texts(record: Fact | Source, fields: Iterable[str], listing: str, prefix: str = "") -> None:
    """Reject lone surrogates in the text fields and in the list field `listing`."""
    for field in fields:
        _check_unicode(getattr(record, field) or "", prefix + field)
    for text in getattr(record, listing):
        _check_unicode(text, prefix + listing)


def _check_unicode(text: str, field: str) -> None:
    # Fast path: Python knows this without reading the characters, and most texts are ASCII.
    if text.isascii():
        return
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{field} contains a lone surrogate, which is not a character") from None


def _check_json(value: Any, field: str, depth: int = 0) -> None:
    """Reject values that msgspec would change silently: NaN and infinity become null, keys become strings."""
    if depth > DEEPEST_JSON:
        raise ValueError(f"{field} is nested more than {DEEPEST_JSON} levels deep")
    if isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                raise ValueError(f"{field} has a key that is not a string: {key!r}")
            _check_unicode(key, field)
            _check_json(inner, field, depth + 1)
    elif isinstance(value, list | tuple):
        for inner in value:
            _check_json(inner, field, depth + 1)
    elif isinstance(value, str):
        _check_unicode(value, field)
    elif isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{field} contains {value}, which JSON cannot represent")


def to_utc(at: datetime, field: str = "time") -> datetime:
    """The same instant in UTC. Raises ValueError if `at` is naive or outside the years 1..9999."""
    if at.tzinfo is None:
        raise ValueError(f"{field} has no time zone: {at.isoformat()}")
    try:
        return at.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{field} is outside the years 1 to 9999 in UTC: {at.isoformat()}") from None


def derive_id(*parts: str) -> UUID:
    """uuid5 over `parts`; different lists of parts never share an input."""
    return UUID(bytes=sha1(NAMESPACE.bytes + msgspec.json.encode(parts))[:16], version=5)


_HASHED = sorted(set(Fact.__struct_fields__).difference(UNHASHED_FIELDS))
_HASHED_OF_SOURCE = sorted(set(Source.__struct_fields__) - {"id"})
_SOURCE = _HASHED.index("source")
_HashedFact: Any = msgspec.defstruct("_HashedFact", _HASHED, gc=False)
_HashedSource: Any = msgspec.defstruct("_HashedSource", _HASHED_OF_SOURCE, gc=False)
_hashed_values: Any = attrgetter(*_HASHED)
_hashed_source_values: Any = attrgetter(*_HASHED_OF_SOURCE)


def content_hash(fact: Fact) -> str:
    """SHA-256 (hex) of everything that makes two facts equal: all but `UNHASHED_FIELDS` and the source's native id."""
    values = list(_hashed_values(fact))
    values[_SOURCE] = _HashedSource(*_hashed_source_values(fact.source))
    # The fields are declared in sorted order; only the keys of the metadata may have to be sorted.
    order: Literal["sorted"] | None = "sorted" if fact.metadata else None
    return sha256(msgspec.json.encode(_HashedFact(*values), order=order))


_Packed: Any = msgspec.defstruct(
    "_Packed",
    [(field.name, field.type | msgspec.UnsetType, msgspec.UNSET) for field in msgspec.structs.fields(Fact)],
    forbid_unknown_fields=True,
)


def pack(fact: Fact, fields: Iterable[str]) -> dict[str, Any]:
    """The non-empty fields among `fields` as plain JSON values, for a backend without slots for them."""
    held = ((field, getattr(fact, field)) for field in fields)
    return {field: msgspec.to_builtins(value) for field, value in held if value not in (None, (), {})}


def unpack(packed: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `pack`, as arguments of `Fact(...)` or `replace`. Raises ValueError for anything else."""
    try:
        # JSON can carry lone surrogates, which no encoding can.
        msgspec.json.encode(packed)
        fields = msgspec.convert(packed, _Packed)
    except (msgspec.ValidationError, UnicodeEncodeError, RecursionError) as error:
        raise ValueError(str(error)) from None
    values = {field: getattr(fields, field) for field in _Packed.__struct_fields__}
    return {field: value for field, value in values.items() if value is not msgspec.UNSET}


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a Fact."""
    return msgspec.json.schema(Fact)


_decoder = msgspec.json.Decoder(Fact)


def encode(fact: Fact) -> bytes:
    """The fact as one JSON object without a newline."""
    return msgspec.json.encode(fact)


def decode(line: bytes | str) -> Fact:
    """The fact in a JSON object. Raises ValueError naming the invalid field."""
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise ValueError(str(error)) from None


def encode_lines(facts: Iterable[Fact]) -> Iterator[bytes]:
    """JSON lines: one fact per line, including the newline."""
    for fact in facts:
        yield encode(fact) + b"\n"
