"""The protocol of an interchange format, and what the formats share: how a fact is written into metadata and
restored."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast

import msgspec

from memctl.backends.contract import Capabilities, FieldSupport
from memctl.core.errors import Rejected
from memctl.core.fact import KINDS, Fact, Kind, Source, decode, derive_id, encode
from memctl.core.short_hash import short_hash

CARRIED = "memctl"
"""The key of the metadata under which the whole fact is written, as JSON text."""
ToFact: TypeAlias = "Callable[[Mapping[str, Any], str, object], Fact | Rejected]"
_BOM = b"\xef\xbb\xbf"
_OWN = frozenset({"id", "user_id", "kind", "text"})


class Format(Protocol):
    """A format. `key` is its name on the command line, `name` its name in messages, `remarks` are shown before an
    import.

    `capabilities` says what the format keeps, `writes` whether memctl can write it, `one_owner` whether a file can only
    have facts of one user.
    """

    @property
    def key(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def remarks(self) -> Sequence[str]: ...
    @property
    def capabilities(self) -> Capabilities: ...
    @property
    def writes(self) -> bool: ...
    @property
    def one_owner(self) -> bool: ...

    def recognises(self, path: Path, head: bytes) -> bool:
        """Whether the file or folder is in this format."""

    def records(self, path: Path, default_user: str | None) -> Iterator[Fact | Rejected]:
        """The facts, and a Rejected for each record that is not a valid fact. `default_user` owns records that name no
        user."""

    def refuses(self, fact: Fact) -> str | None:
        """Why the fact cannot be written in this format; None if it can."""

    def write(self, facts: Iterable[Fact], path: Path) -> None:
        """Write facts to a new file or folder."""


def carrying(*fields: str) -> Capabilities:
    """The capabilities of a format that has these fields; the other fields are put into its metadata."""
    how = FieldSupport("in_metadata", "in the metadata, where other programs do not look for it")
    own = _OWN | set(fields)
    return Capabilities(fields={field: how for field in Fact.__struct_fields__ if field not in own})


def carried(fact: Fact) -> str:
    """The whole fact as JSON text. It is a text because some programs do not keep numbers of more than 53 bits."""
    return encode(fact).decode()


def restored(copy: object, text: str, *, owner: str | None = None) -> Fact | None:
    """The fact in `copy`, JSON text that memctl wrote; None if it cannot be read.

    If another program changed the text of the record, the fact gets that text. It gets the owner if one is given.
    """
    if not isinstance(copy, str):
        return None
    try:
        fact = decode(copy.encode())
    except (ValueError, RecursionError):
        return None
    if _lines(fact.text) != _lines(text) and text.strip():
        fact = msgspec.structs.replace(fact, text=text)
    return msgspec.structs.replace(fact, user_id=owner) if owner else fact


def foreign(
    system: str, native_id: str, text: object, owner: object, *, kind: str = "fact", **fields: Any
) -> Fact | Rejected:
    """The fact of another program's record; Rejected if it has no text or no owner, or an invalid value."""

    def rejected(reason: str) -> Rejected:
        return Rejected(reason, where=native_id, digest=short_hash(native_id, text, owner, kind, fields))

    if not isinstance(text, str) or not text.strip():
        return rejected("the record has no text")
    if not isinstance(owner, str) or not owner.strip():
        return rejected("the record names no user; pass --user NAME or set default_user")
    values = {name: value for name, value in fields.items() if value not in (None, (), {})}
    values.setdefault("source", Source(system=system, id=native_id))
    try:
        return Fact(
            id=derive_id(system, owner, native_id),
            user_id=owner,
            kind=cast("Kind", kind) if kind in KINDS else "fact",
            text=text,
            **values,
        )
    except (ValueError, TypeError) as error:
        return rejected(str(error))


def document(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file. Raises ValueError if there is none."""
    try:
        return mapping(msgspec.json.decode(path.read_bytes().removeprefix(_BOM)))
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def memories(path: Path, owner_of: Callable[[Mapping[str, Any]], object], to_fact: ToFact) -> Iterator[Fact | Rejected]:
    """The facts of a JSON document with a list of `memories`. A memory that memctl wrote is restored from its metadata;
    the others are converted with `to_fact`.

    `owner_of` returns the owner that the document names. The arguments of `to_fact` are a memory, a name for it if it
    has no id, and the owner.
    """
    try:
        whole = document(path)
    except ValueError as error:
        yield Rejected(f"not a JSON document: {error}", where=path.name)
        return
    owner = owner_of(whole)
    for number, item in enumerate(whole.get("memories") or (), 1):
        memory = mapping(item)
        metadata, content = mapping(memory.get("metadata")), memory.get("content")
        copy = metadata.get(CARRIED) or mapping(metadata.get("additional_properties")).get(CARRIED)
        fact = restored(copy, content if isinstance(content, str) else "")
        yield fact or to_fact(memory, f"memory {number}", owner)


def time_of(value: object) -> datetime | None:
    """The time of an ISO 8601 text or a `datetime`, in UTC if it has no zone; None for any other value."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def said(at: datetime) -> str:
    """The time as these formats write it: "2026-01-01T10:00:00Z", with microseconds if they are not zero."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def texts(value: object) -> tuple[str, ...]:
    """The texts in a list; empty for any other value."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object; else an empty object."""
    return value if isinstance(value, dict) else {}


def _lines(text: str) -> str:
    return "\n".join(text.split("\r\n")).replace("\r", "\n").strip()
