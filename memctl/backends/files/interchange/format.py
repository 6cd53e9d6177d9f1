"""What an interchange format is, and how a fact is carried through one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol, TypeAlias, cast

import msgspec

from memctl.backends.contract import Capabilities, FieldSupport
from memctl.core.errors import Rejected
from memctl.core.fact import KINDS, Fact, Kind, Source, decode, derive_id, encode

CARRIED = "memctl"
"""The key of the metadata under which a fact is carried, as JSON text."""
ToFact: TypeAlias = "Callable[[Mapping[str, Any], str, object], Fact | Rejected]"
_BOM = b"\xef\xbb\xbf"
_OWN = frozenset({"id", "user_id", "kind", "text"})


class Format(Protocol):
    """A format. `key` is what users type, `name` what messages say, `remarks` are notes to show before an import.

    `capabilities` say what the format keeps, `writes` whether memctl writes it, `one_owner` whether a file has facts of
    one user only.
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
        """The facts, with Rejected in place of records that are not valid facts; `default_user` owns records that name
        no user."""

    def refuses(self, fact: Fact) -> str | None:
        """Why the format cannot have the fact; None if it can."""

    def write(self, facts: Iterable[Fact], path: Path) -> None:
        """Write facts to a new file or folder."""


def carrying(*fields: str) -> Capabilities:
    """The capabilities of a format that has these fields itself and carries the others in its metadata."""
    how = FieldSupport("in_metadata", "in the metadata, where other programs do not look for it")
    own = _OWN | set(fields)
    return Capabilities(fields={field: how for field in Fact.__struct_fields__ if field not in own})


def carried(fact: Fact) -> str:
    """The whole fact as JSON text. Text, because not every program keeps numbers beyond 53 bits."""
    return encode(fact).decode()


def restored(copy: object, text: str, *, owner: str | None = None) -> Fact | None:
    """The fact that was carried, with the text and owner of the record if another program changed them; None if
    nothing readable was carried."""
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
    """A fact of another program's record; Rejected without a text, an owner, or with an invalid value."""
    if not isinstance(text, str) or not text.strip():
        return Rejected("the record has no text", where=native_id)
    if not isinstance(owner, str) or not owner.strip():
        return Rejected("the record names no user; pass --user NAME or set default_user", where=native_id)
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
        return Rejected(str(error), where=native_id)


def document(path: Path) -> Mapping[str, Any]:
    """The JSON object in a file. Raises ValueError if there is none."""
    try:
        return mapping(msgspec.json.decode(path.read_bytes().removeprefix(_BOM)))
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def memories(path: Path, owner_of: Callable[[Mapping[str, Any]], object], to_fact: ToFact) -> Iterator[Fact | Rejected]:
    """The facts of a JSON document with a list of `memories`: those carried in their metadata, and what `to_fact` makes
    of the others.

    `owner_of` returns the owner that the document names. `to_fact` gets a memory, what to call it if it has no id, and
    the owner.
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
    """An ISO 8601 time or date, or a `datetime`; UTC if it names no zone; None for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip().replace("Z", "+00:00"))
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)


def said(at: datetime) -> str:
    """A time as these formats write it: "2026-01-01T10:00:00Z", with microseconds where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def texts(value: object) -> tuple[str, ...]:
    """The texts in a list; nothing for another value."""
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, list | tuple) else ()


def mapping(value: object) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def _lines(text: str) -> str:
    return "\n".join(text.split("\r\n")).replace("\r", "\n").strip()
