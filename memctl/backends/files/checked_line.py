"""The id and owner of the fact in a line of JSON, with the checks of a `Fact` but without making one.

A file is read twice: for its index, which needs only these, and when its facts are wanted. Making a `Fact` calls Python
for its checks, which takes a third of the time; here the decoder makes most of them.
"""

from datetime import datetime
from operator import attrgetter
from typing import Annotated, Any
from uuid import UUID

import msgspec

from memctl.core.fact import TIME_FIELDS, Fact, Source

_AS_CHECKED: dict[Any, Any] = {
    datetime | None: Annotated[datetime, msgspec.Meta(tz=True)] | None,
    float | None: Annotated[float, msgspec.Meta(ge=0, le=1)] | None,
    Source: msgspec.defstruct(
        "_Source",
        [(field.name, field.type, field.default) for field in msgspec.structs.fields(Source)],
        forbid_unknown_fields=True,
        kw_only=True,
        gc=False,
    ),
}
"""What the checks of a `Fact` ask of a field, as far as the decoder can check it."""


def _field(field: msgspec.structs.FieldInfo) -> tuple[Any, ...]:
    type_ = _AS_CHECKED.get(field.type, field.type)
    if field.default_factory is not msgspec.NODEFAULT:
        return field.name, type_, msgspec.field(default_factory=field.default_factory)
    return field.name, type_, field.default


_Checked = msgspec.defstruct(
    "_Checked",
    [_field(field) for field in msgspec.structs.fields(Fact)],
    forbid_unknown_fields=True,
    kw_only=True,
    gc=False,
)
_decoder = msgspec.json.Decoder(_Checked)
_times = attrgetter(*TIME_FIELDS)


def id_and_owner(line: bytes) -> tuple[UUID, str] | None:
    """The id and the owner of the fact in a line that `json_limits` let pass; None if only making the fact shows
    whether it is one. What else a fact must not have in `metadata` and `native` cannot be written in JSON."""
    if b"\\" in line and b"\\u" in line:  # may be half a character
        return None
    try:
        if not line.isascii():
            line.decode()
        fact: Any = _decoder.decode(line)
        for at in _times(fact):
            if at is not None and not 1 < at.year < 9999:  # may be another year in UTC
                return None
    except (ValueError, RecursionError):
        return None
    return fact.id, fact.user_id
