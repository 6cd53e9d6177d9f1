"""What an audit reads and returns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import msgspec

from memctl.core.fact import Fact

Severity = Literal["high", "medium", "low"]


class Memory(msgspec.Struct, frozen=True, kw_only=True):
    """The records of one user: current facts, and episodes (the turns). `owners` are all users of the backend."""

    user: str
    facts: Sequence[Fact]
    episodes: Sequence[Fact]
    owners: frozenset[str]
    now: datetime


class Fault(NamedTuple):
    """A fact with a fault, and what is wrong with it in a few words."""

    fact: Fact
    detail: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A check: its name, how bad a fault is, what it looks for, and the command that mends it, with {user} and {id}.

    `run` returns the faults of one memory. `needs` says what a memory must have for the check to be possible: None if
    it always is, else the reason that is printed when `can` is false for every user.
    """

    name: str
    severity: Severity
    title: str
    mend: str
    run: Callable[[Memory], Iterable[Fault]]
    needs: str | None = None
    can: Callable[[Memory], bool] = lambda memory: True


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """One faulty fact."""

    id: UUID
    user: str
    text: str
    detail: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """The faults that a check found: their number, the number of users, the first examples, and all ids by user."""

    check: str
    severity: Severity
    title: str
    count: int
    users: int
    examples: list[Example]
    ids: dict[str, list[UUID]]
    mend: str


class NotChecked(msgspec.Struct, frozen=True, kw_only=True):
    """A check that was not possible, and why."""

    check: str
    reason: str


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """The result. `facts` were checked, of which `faulty` have at least one fault of high or medium severity."""

    backend: str
    users: int
    facts: int
    episodes: int
    faulty: int
    findings: list[Finding]
    not_checked: list[NotChecked]
