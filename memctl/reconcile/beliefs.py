"""The input and output of a fold: groups of claims, their order, and beliefs."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from memctl.core.claim import Claim
from memctl.core.predicates import family

NEVER = datetime.max.replace(tzinfo=UTC)
LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Key(NamedTuple):
    """A group of claims that are folded together: one subject (case-folded) and one family of predicates."""

    subject: str
    predicates: frozenset[str]


class Belief(msgspec.Struct, frozen=True, kw_only=True):
    """The result of the claims of one value.

    `claim` names the belief and gives its text: the first claim, or the first that stands for an imported fact.
    `valid_at` is the first date any of its claims gives. `invalid_at` is when it ceased to be true, `expired_at` when
    that became known; `closing` is the claim that ended it. `support` are its claims in order of observation, including
    retractions. `doubt` is a later claim that it has changed in a way that was not said.
    """

    id: UUID
    claim: Claim
    confidence: float
    valid_at: datetime | None = None
    invalid_at: datetime | None = None
    expired_at: datetime | None = None
    superseded_by: UUID | None = None
    support: tuple[Claim, ...]
    closing: UUID | None = None
    doubt: Claim | None = None

    @property
    def evidence(self) -> tuple[UUID, ...]:
        """The ids of `support`."""
        return tuple(claim.id for claim in self.support)

    @property
    def live(self) -> bool:
        """True if no later claim has ended it."""
        return self.closing is None


def seen(claim: Claim) -> datetime | None:
    """When the claim was observed, else recorded."""
    return claim.observed_at or claim.recorded_at


def order_of(claim: Claim, after: datetime | None = None) -> tuple[datetime, datetime, str, int, int, UUID]:
    """The order of observation as a sort key.

    Claims without a time come first, in the order in which they were recorded: a dated claim may end what they say, and
    they end nothing that is dated. `after` is the time of an earlier turn of the same session.
    """
    at = claim.observed_at or after
    recorded = LONG_AGO if at else claim.recorded_at or NEVER
    return at or LONG_AGO, recorded, claim.session_id or "", claim.position, claim.ordinal, claim.id


def key_of(claim: Claim) -> Key:
    """The group of the claim."""
    return Key(claim.subject.casefold(), family(claim.predicate))


def affected(claims: Iterable[Claim]) -> set[Key]:
    """The groups that change when `claims` are added or removed."""
    return {key_of(claim) for claim in claims}
