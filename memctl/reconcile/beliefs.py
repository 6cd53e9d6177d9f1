"""What a fold takes in and gives out: the groups of claims, their order, and the beliefs they come to."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from memctl.core.claim import Claim
from memctl.core.predicates import family

NEVER = datetime.max.replace(tzinfo=UTC)


class Key(NamedTuple):
    """What is folded together: the claims about one subject (case-folded) in one family of predicates."""

    subject: str
    predicates: frozenset[str]


class Belief(msgspec.Struct, frozen=True, kw_only=True):
    """What the claims of one value amount to.

    `claim` is the claim the belief is named after and takes its words from: its first, or the first that
    stands for an imported fact. `valid_at` is the first date any of its claims gives. `invalid_at` is when it
    ceased to be true, `expired_at` when that became known; `closing` is the claim that ended it. `evidence`
    lists the ids of the claims it rests on in order of observation, retractions of it included; `support` is
    the claims themselves.
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

    @property
    def evidence(self) -> tuple[UUID, ...]:
        """The ids of `support`."""
        return tuple(claim.id for claim in self.support)

    @property
    def live(self) -> bool:
        """True while nothing said later has ended it."""
        return self.closing is None


def seen(claim: Claim) -> datetime | None:
    """When the claim was observed, else when the store took it in."""
    return claim.observed_at or claim.recorded_at


def order_of(claim: Claim) -> tuple[datetime, str, int, int, UUID]:
    """The order of observation as a sort key; claims without any time come last."""
    return seen(claim) or NEVER, claim.session_id or "", claim.position, claim.ordinal, claim.id


def key_of(claim: Claim) -> Key:
    """The group the claim is folded in."""
    return Key(claim.subject.casefold(), family(claim.predicate))


def affected(claims: Iterable[Claim]) -> set[Key]:
    """The groups to fold again when `claims` come in or go: no belief of another group can change."""
    return {key_of(claim) for claim in claims}
