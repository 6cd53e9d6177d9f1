"""The input and the result of an audit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from memctl.core.fact import Fact

Severity = Literal["high", "medium", "low"]


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The records of one user: current facts, and episodes (turns). `owners` are all users of the backend."""

    user: str
    facts: Sequence[Fact]
    episodes: Sequence[Fact]
    owners: frozenset[str]
    now: datetime


class Fault(NamedTuple):
    """A fact, and a few words on what is wrong with it."""

    fact: Fact
    detail: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check. `title` says what it looks for; `mend` is a command that corrects a fault, with {user} and {id}.

    `run` returns the faults of one memory. If `can` is false for every user, the check is not possible, and `needs` is
    printed as the reason; None for a check that is always possible.
    """

    name: str
    severity: Severity
    title: str
    mend: str
    run: Callable[[Memory], Iterable[Fault]]
    needs: str | None = None
    can: Callable[[Memory], bool] = lambda memory: True


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One fact with a fault."""

    id: UUID
    user: str
    text: str
    detail: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The faults that a check found: their number, the number of users, some examples, and all ids by user."""

    check: str
    severity: Severity
    title: str
    count: int
    users: int
    examples: list[Example]
    ids: dict[str, list[UUID]]
    mend: str


class NotChecked(msgspec.Struct, frozen=True, kw_only=True):
    """A check that was not possible, and the reason."""

    check: str
    reason: str


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The result. `facts` is the number of facts checked, `faulty` the number with a fault of high or medium
    severity."""

    backend: str
    users: int
    facts: int
    episodes: int
    faulty: int
    findings: list[Finding]
    not_checked: list[NotChecked]
