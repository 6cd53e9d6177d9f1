"""Two records of one fact, field by field: what differs, and what the target had declared it would do to it. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from memctl.backends.contract import Capabilities, FieldSupport
from memctl.core.fact import TIME_FIELDS, Embedding, Fact, Source

FIELDS = tuple(name for name in Fact.__struct_fields__ if name not in ("id", "updated_at"))
"""What is compared. The id is what two records are matched by, and `updated_at` is the target's own to set."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The fields that differ: `undeclared` ones are faults, `declared` ones are as the capabilities said."""

    undeclared: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """True when nothing is other than what was declared."""
        return not self.undeclared


def filled(fact: Fact) -> Iterator[tuple[str, Any]]:
    """The fields in which the fact says anything, with their values."""
    for name in Fact.__struct_fields__:
        value = getattr(fact, name)
        if value is not None and value != () and value != {}:
            yield name, value


def coarser(at: datetime, precision: float) -> bool:
    """Whether a clock of steps of `precision` seconds cannot hold the time exactly."""
    return precision > 1e-6 and (at - _EPOCH) % timedelta(seconds=precision) != timedelta(0)


def fate(capabilities: Capabilities, name: str, value: Any) -> FieldSupport:
    """What becomes of a value of the field: what the capabilities say of it, or what follows from the rest of them."""
    stated = capabilities.support(name)
    if stated.level != "kept":
        return stated
    if name in TIME_FIELDS and coarser(value, capabilities.time_precision):
        return FieldSupport("coarsened", f"times go to steps of {capabilities.time_precision:g} s")
    if name == "text" and not capabilities.verbatim_writes:
        return FieldSupport("coarsened", "the backend words it anew")
    if name == "id" and not capabilities.ids_survive:
        return FieldSupport("in_metadata", "the backend gives ids of its own")
    return stated


def difference(source: Fact, target: Fact, capabilities: Capabilities) -> Difference:
    """How the target's record differs from the source's. An embedding the target adds by itself is no difference."""
    undeclared: list[str] = []
    declared: list[str] = []
    moved = any(support.level == "in_metadata" for support in capabilities.fields.values())
    for name in FIELDS:
        mine, theirs = getattr(source, name), getattr(target, name)
        if mine == theirs and name not in ("metadata", "native"):
            continue
        if _equal(name, mine, theirs, beside=moved):
            continue
        support = fate(capabilities, name, mine) if mine is not None else capabilities.support(name)
        # What was moved to metadata is not lost: it comes back as it was.
        (undeclared if support.level in ("kept", "in_metadata") else declared).append(name)
    return Difference(undeclared=tuple(undeclared), declared=tuple(declared))


def _equal(name: str, mine: Any, theirs: Any, *, beside: bool) -> bool:
    """Equal as a user means it. With `beside`, the metadata may hold more, for moved fields lie there."""
    if name == "metadata" and beside:
        return all(key in theirs and _json(value) == _json(theirs[key]) for key, value in mine.items())
    if name in ("metadata", "native"):
        return _json(mine) == _json(theirs)
    if name == "source":
        return _without_id(mine) == _without_id(theirs)
    if name == "embedding":
        return mine is None or (theirs is not None and _alike(mine, theirs))
    return bool(mine == theirs)


def _json(value: Any) -> bytes:
    return msgspec.json.encode(value, order="sorted")


def _without_id(source: Source) -> Source:
    return msgspec.structs.replace(source, id=None)


def _alike(mine: Embedding, theirs: Embedding) -> bool:
    """The same vector, to the precision of the 32-bit floats that vectors are kept in."""
    return (
        mine.model == theirs.model
        and len(mine.vector) == len(theirs.vector)
        and all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-7) for a, b in zip(mine.vector, theirs.vector, strict=True))
    )
