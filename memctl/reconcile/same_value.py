"""How two claims relate: the same value, an earlier time, one retracting the other."""

from calendar import monthrange
from datetime import datetime, timedelta
from typing import NamedTuple

from memctl.core.claim import Claim, Precision
from memctl.core.predicates import OPPOSITES, SINGLE_VALUED, kind_of
from memctl.reconcile.beliefs import NEVER
from memctl.reconcile.medicines import adds_nothing, has_dose, medicine_of
from memctl.reconcile.normalize import normalise, same_value, takes_back

_MONTHS = {"month": 1, "season": 3, "year": 12}
_SECONDS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}


class Track(NamedTuple):
    """At most one value is live on a track."""

    predicate: str
    place: str


def period_end(at: datetime, precision: Precision | None) -> datetime:
    """The first instant after the period that starts at `at`; `at` itself if no precision is known."""
    months = _MONTHS.get(precision or "")
    seconds = _SECONDS.get(precision or "", 0)
    try:
        if months is None:
            return at + timedelta(seconds=seconds)
        years, month = divmod(at.month - 1 + months, 12)
        days = monthrange(at.year + years, month + 1)[1]
        return at.replace(year=at.year + years, month=month + 1, day=min(at.day, days))
    except (ValueError, OverflowError):
        return NEVER


def precedes(claim: Claim, at: datetime | None) -> bool:
    """True if the claim's period is completely before `at`; overlapping dates decide nothing."""
    if claim.valid_at is None or at is None:
        return False
    return claim.valid_at < at and period_end(claim.valid_at, claim.precision) <= at


def moves(claim: Claim, other: Claim, at: datetime | None) -> bool:
    """True if the claim gives the plan of `other`, dated `at`, another date; a vaguer or a closer one is the same."""
    if claim.predicate != "plans" or claim.fact_id or other.fact_id or claim.valid_at is None or at is None:
        return False
    return period_end(claim.valid_at, claim.precision) <= at or period_end(at, other.precision) <= claim.valid_at


def track_of(claim: Claim) -> Track:
    """The track of a claim: its medicine, its slot, its pair of opposites, or its object."""
    predicate, value = claim.predicate, value_of(claim)
    if medicine := medicine_of(claim):
        return Track("takes_medication", medicine)
    if predicate in SINGLE_VALUED:
        return Track(predicate, normalise(claim.slot or ""))
    opposite = OPPOSITES.get(predicate)
    return Track(min(predicate, opposite) if opposite else predicate, value)


def value_of(claim: Claim) -> str:
    """The key of the claimed value; a claim without an object is compared by its exact text."""
    return normalise(claim.object) if claim.object is not None else "\n" + " ".join(claim.text.split())


def same(one: Claim, other: Claim) -> bool:
    """True if two claims of one track have the same value, or the second adds nothing to the first."""
    if one.predicate != other.predicate:
        return adds_nothing(other, one)
    if one.object is not None and other.object is not None and one.predicate in SINGLE_VALUED:
        return same_value(one.object, other.object)
    return value_of(one) == value_of(other)


def same_turn(one: Claim, other: Claim) -> bool:
    """True if both were made in one turn of one known session."""
    return turn_of(one) is not None and turn_of(one) == turn_of(other)


Turn = tuple[str, str | None, int]


def turn_of(claim: Claim) -> Turn | None:
    """The turn of a claim; None if its session is not known."""
    return None if claim.session_id is None else (claim.session_id, claim.turn_id, claim.position)


def ends_before(claim: Claim, start: datetime | None) -> bool:
    """True if the retraction's date is completely before `start`: it is about an earlier period."""
    said = claim.invalid_at or claim.valid_at
    return said is not None and start is not None and said < start and period_end(said, claim.precision) <= start


def takes(claim: Claim, held: Claim) -> bool:
    """True if the retraction can refer to `held`: same family, same slot, a matching object."""
    if OPPOSITES.get(claim.predicate) == held.predicate:
        return False
    if claim.slot is not None and held.slot is not None and normalise(claim.slot) != normalise(held.slot):
        return False
    if claim.object is None:
        same_kind = claim.slot is None or held.slot is not None or claim.slot == kind_of(held.object)
        return claim.predicate == held.predicate and same_kind
    if same_object(claim, held):
        return True
    single = held.predicate in SINGLE_VALUED
    value = _value_named_by(claim, held)
    return value is not None and takes_back(claim.object, value, single=single)


def same_object(claim: Claim, held: Claim) -> bool:
    """True if both have an object and it is the same up to spelling."""
    value = _value_named_by(claim, held)
    return claim.object is not None and value is not None and normalise(claim.object) == normalise(value)


def _value_named_by(claim: Claim, held: Claim) -> str | None:
    """What the object of `claim` would have to name of `held`: of a dose its medicine, unless `claim` is a dose."""
    return held.slot if has_dose(held) and not has_dose(claim) else held.object
