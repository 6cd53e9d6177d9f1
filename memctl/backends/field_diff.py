"""Comparing two records of one fact: the differing fields, and whether the target declared them. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from operator import attrgetter
from typing import Any

import msgspec

from memctl.backends.contract import Capabilities, FieldSupport
from memctl.core.fact import TIME_FIELDS, Embedding, Fact, Source

FIELDS = tuple(name for name in Fact.__struct_fields__ if name not in ("id", "updated_at"))
"""The compared fields. Records are matched by id, and the target sets `updated_at` itself."""

FINEST = 1e-6
"""The step of a fact's times, in seconds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_READERS: dict[str, tuple[Callable[[Fact], Any], Any]] = {
    field.name: (attrgetter(field.name), {} if field.default_factory is dict else field.default)
    for field in msgspec.structs.fields(Fact)
}


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """The differing fields: `declared` ones follow from the capabilities, `undeclared` ones are faults."""

    undeclared: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()

    @property
    def same(self) -> bool:
        """True if all differences were declared."""
        return not self.undeclared


_NONE = Difference()


def values_of(facts: Sequence[Fact]) -> Iterator[tuple[str, list[Any], Any]]:
    """For each field its name, its values in these facts, and the value that means that it is not set; NODEFAULT for a
    field that always is."""
    for name, (value_of, empty) in _READERS.items():
        yield name, list(map(value_of, facts)), empty


def coarser(at: datetime, precision: float) -> bool:
    """Whether a clock with a step of `precision` seconds cannot represent the time exactly."""
    return precision > FINEST and (at - _EPOCH) % timedelta(seconds=precision) != timedelta(0)


def fate(capabilities: Capabilities, name: str, value: Any) -> FieldSupport:
    """How the backend keeps a value of the field, as its capabilities declare or imply."""
    stated = capabilities.support(name)
    if name == "embedding":
        return capabilities.vectors.get(value.model, stated)
    if stated.level != "kept":
        return stated
    if name in TIME_FIELDS and coarser(value, capabilities.time_precision):
        return FieldSupport("coarsened", f"times are rounded to {capabilities.time_precision:g} s")
    if name == "text" and not capabilities.verbatim_writes:
        return FieldSupport("coarsened", "the backend rewords it")
    if name == "id" and not capabilities.ids_survive:
        return FieldSupport("in_metadata", "the backend assigns its own ids")
    return stated


def always_kept(capabilities: Capabilities) -> frozenset[str]:
    """The fields for which `fate` is "kept" whatever the value."""
    depends = {"embedding"}
    if capabilities.time_precision > FINEST:
        depends.update(TIME_FIELDS)
    if not capabilities.verbatim_writes or capabilities.split_text is not None:
        depends.add("text")
    if not capabilities.ids_survive:
        depends.add("id")
    fields = (name for name in Fact.__struct_fields__ if name not in depends)
    return frozenset(name for name in fields if capabilities.support(name).level == "kept")


def difference(source: Fact, target: Fact, capabilities: Capabilities) -> Difference:
    """How the target's record differs from the source's. An embedding that the target adds itself does not count."""
    # Of JSON, `==` is not enough: 1, 1.0 and true are equal in Python.
    if source == target and not (source.metadata or source.native):
        return _NONE
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
        # A value moved to the metadata is not lost: reading restores it.
        (undeclared if support.level in ("kept", "in_metadata") else declared).append(name)
    return Difference(undeclared=tuple(undeclared), declared=tuple(declared))


def _equal(name: str, mine: Any, theirs: Any, *, beside: bool) -> bool:
    """Equal for a user. With `beside`, the metadata may have more keys, because moved fields are stored there."""
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
    """The same vector, to the precision of the 32-bit floats in which vectors are stored."""
    return (
        mine.model == theirs.model
        and len(mine.vector) == len(theirs.vector)
        and all(math.isclose(a, b, rel_tol=1e-6, abs_tol=1e-7) for a, b in zip(mine.vector, theirs.vector, strict=True))
    )
