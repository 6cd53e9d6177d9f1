"""The fold: one user's claims in, what is believed out.

The rules are those measured for memctl's offline reconciliation: a single-valued predicate holds its latest
value, opposites exclude each other, the rest accumulates; a retraction closes, a repetition strengthens,
nothing is deleted. Every belief lies on a track, which holds one value at a time: a single-valued predicate
(and slot), a pair of opposites about one object, or one object of a multi-valued predicate. So one rule,
"later wins", serves all three.
"""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from memctl.claim import Claim, Precision
from memctl.fact import derive_id
from memctl.predicates import OPPOSITES, SINGLE_VALUED, family
from memctl.reconcile.objects import normalise, same_value, takes_back

_NEVER = datetime.max.replace(tzinfo=UTC)


class Key(NamedTuple):
    """What is folded together: the claims about one subject in one family of predicates."""

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
        return tuple(claim.id for claim in self.support)

    @property
    def live(self) -> bool:
        """True while nothing said later has ended it."""
        return self.closing is None


class Track(NamedTuple):
    """Where a belief stands in line: on one track at most one value is live."""

    predicate: str
    place: str


@dataclass(eq=False, slots=True)
class _Period:
    """One stretch of time for which one value held; `end` is the end the words name, `known` when it was learnt."""

    track: Track
    claims: list[Claim]
    confidence: float
    valid_at: datetime | None
    end: datetime | None = None
    closed_by: Claim | None = None
    known: datetime | None = None
    successor: "_Period | None" = None

    @property
    def first(self) -> Claim:
        return self.claims[0]

    @property
    def start(self) -> datetime | None:
        return self.valid_at or seen(self.first)

    def close(self, by: Claim, successor: "_Period | None" = None) -> None:
        self.closed_by = by
        self.successor = successor
        known = [at for at in (seen(by), seen(self.first)) if at is not None]
        self.known = max(known, default=None)

    def reinforce(self, claim: Claim) -> None:
        """Take in a repetition; the same words of the same turn read twice are no second witness."""
        if not any(_same_words(claim, earlier) for earlier in self.claims):
            self.confidence = 1 - (1 - self.confidence) * (1 - claim.confidence / 2)
        self.claims.append(claim)
        self.valid_at = self.valid_at or claim.valid_at


def seen(claim: Claim) -> datetime | None:
    """When the claim was observed, else when the store took it in."""
    return claim.observed_at or claim.recorded_at


def order_of(claim: Claim) -> tuple[datetime, str, int, int, UUID]:
    """The order of observation as a sort key; claims without any time come last."""
    return seen(claim) or _NEVER, claim.session_id or "", claim.position, claim.ordinal, claim.id


def key_of(claim: Claim) -> Key:
    """The group the claim is folded in."""
    return Key(claim.subject, family(claim.predicate))


def affected(claims: Iterable[Claim]) -> set[Key]:
    """The groups to fold again when `claims` come in or go: no belief of another group can change."""
    return {key_of(claim) for claim in claims}


def fold(claims: Iterable[Claim]) -> list[Belief]:
    """What one user's claims amount to, in order of observation of each belief's claim.

    Pure, and independent of the order of `claims`; a claim given twice counts once. Folding the claims of one
    `Key` alone gives just the beliefs of that key. A `fact_id` should stand on claims of one key only.
    """
    groups: dict[Key, list[Claim]] = {}
    for claim in sorted({claim.id: claim for claim in claims}.values(), key=order_of):
        groups.setdefault(key_of(claim), []).append(claim)
    beliefs = [belief for group in groups.values() for belief in _Group(group).beliefs()]
    return sorted(beliefs, key=lambda belief: order_of(belief.claim))


def period_end(at: datetime, precision: Precision | None) -> datetime:
    """The first instant after the period that `at` opens; `at` itself when no precision is known."""
    months = {"month": 1, "season": 3, "year": 12}.get(precision or "")
    seconds = {"second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400}.get(
        precision or "", 0
    )
    try:
        if months is None:
            return at + timedelta(seconds=seconds)
        years, month = divmod(at.month - 1 + months, 12)
        days = monthrange(at.year + years, month + 1)[1]
        return at.replace(year=at.year + years, month=month + 1, day=min(at.day, days))
    except (ValueError, OverflowError):
        return _NEVER


def _precedes(claim: Claim, at: datetime | None) -> bool:
    """True when the period the claim names lies wholly before `at`: dates that overlap settle nothing."""
    if claim.valid_at is None or at is None:
        return False
    return claim.valid_at < at and period_end(claim.valid_at, claim.precision) <= at


def _track(claim: Claim) -> Track:
    predicate, value = claim.predicate, _value(claim)
    if predicate in SINGLE_VALUED:
        return Track(predicate, normalise(claim.slot or ""))
    opposite = OPPOSITES.get(predicate)
    return Track(min(predicate, opposite) if opposite else predicate, value)


def _value(claim: Claim) -> str:
    """The key of what is claimed; a claim without an object is its own words, near misses not counted."""
    return normalise(claim.object) if claim.object is not None else "\n" + " ".join(claim.text.split())


def _same(one: Claim, other: Claim) -> bool:
    """True when two claims of one track give it the same value."""
    if one.predicate != other.predicate:
        return False
    if one.object is not None and other.object is not None and one.predicate in SINGLE_VALUED:
        return same_value(one.object, other.object)
    return _value(one) == _value(other)


def _same_turn(one: Claim, other: Claim) -> bool:
    return one.session_id is not None and (one.session_id, one.turn_id, one.position) == (
        other.session_id,
        other.turn_id,
        other.position,
    )


def _same_words(one: Claim, other: Claim) -> bool:
    return _same_turn(one, other) and one.quote == other.quote


class _Group:
    """The fold of one key's claims, taken in order of observation."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self.chains: dict[Track, list[_Period]] = {}
        self.periods: list[_Period] = []
        for claim in claims:
            if claim.op == "retract":
                self._retract(claim)
            elif claim.invalid_at is not None and claim.invalid_at <= (seen(claim) or _NEVER):
                self._remember(claim)
            else:
                self._assert(claim)

    def _begin(self, claim: Claim, valid_at: datetime | None, end: datetime | None) -> _Period:
        period = _Period(_track(claim), [claim], claim.confidence, valid_at, end)
        self.periods.append(period)
        return period

    def _assert(self, claim: Claim) -> None:
        chain = self.chains.setdefault(_track(claim), [])
        if chain and _precedes(claim, chain[-1].valid_at):
            self._insert(chain, claim)
            return
        head = chain[-1] if chain else None
        if head is not None and _same(head.first, claim) and _covers(head, claim):
            head.reinforce(claim)
            return
        period = self._begin(claim, claim.valid_at, claim.invalid_at)
        chain.append(period)
        if head is not None and head.closed_by is None:
            head.close(claim, period)
        self._succeed(period)

    def _insert(self, chain: list[_Period], claim: Claim) -> None:
        """Put a value learnt late where it belongs: before the nearest later one, and closed by it."""
        place = len(chain) - 1
        while place and _precedes(claim, chain[place - 1].start):
            place -= 1
        later = chain[place]
        earlier = chain[place - 1] if place else None
        for neighbour in (earlier, later):
            if neighbour is not None and _same(neighbour.first, claim):
                neighbour.reinforce(claim)
                return
        period = self._begin(claim, claim.valid_at, claim.invalid_at)
        period.close(later.first, later)
        period.known = seen(claim)
        chain.insert(place, period)
        if earlier is not None and earlier.successor is later:
            earlier.successor, earlier.closed_by = period, claim

    def _remember(self, claim: Claim) -> None:
        """A stretch that was over when it was told stands beside what holds now and closes nothing."""
        for period in self.periods:
            if period.closed_by is None and period.end == claim.invalid_at and _same(period.first, claim):
                period.reinforce(claim)
                return
        self._begin(claim, claim.valid_at, claim.invalid_at)

    def _succeed(self, period: _Period) -> None:
        """Name the successor of what the same turn took back: "scratch that, my favourite colour is red"."""
        claim = period.first
        if claim.predicate not in SINGLE_VALUED and claim.predicate not in OPPOSITES:
            return
        for old in self.periods:
            by = old.closed_by
            if by is None or by.op != "retract" or old.successor is not None or not _same_turn(by, claim):
                continue
            single = claim.predicate in SINGLE_VALUED
            replaced = single and (by.predicate, by.slot) == (claim.predicate, claim.slot)
            if (replaced or old.track == period.track) and not _same(old.first, claim):
                old.successor = period

    def _retract(self, claim: Claim) -> None:
        said = claim.invalid_at or claim.valid_at
        matching = [period for period in self.periods if _about(claim, period)]
        live = [
            period
            for period in matching
            if period.closed_by is None
            and not _over(period, claim)
            and not _ends_before(claim, period.valid_at)
        ]
        exact = [period for period in live if _same_object(claim, period.first)]
        if exact or live:
            for period in exact or live:
                period.close(claim)
                period.end = said if period.end is None or said is None else min(period.end, said)
                period.claims.append(claim)
            return
        past = [
            period
            for period in matching
            if period.first.predicate == claim.predicate
            and _same_object(claim, period.first)
            and (period.closed_by is not None or _over(period, claim))
        ]
        if past:
            past[-1].claims.append(claim)
        elif claim.object is not None:
            period = self._begin(claim, claim.valid_at if claim.invalid_at else None, said)
            period.close(claim)

    def beliefs(self) -> list[Belief]:
        """The periods as beliefs; imported facts that say the same stay as many as they were."""
        taken: set[UUID] = set()
        names = {id(period): _names(period, taken) for period in self.periods}
        found = []
        for period in self.periods:
            successor = names[id(period.successor)][0][0] if period.successor else None
            for twin, (name, claim) in enumerate(names[id(period)]):
                found.append(
                    Belief(
                        id=name,
                        claim=claim,
                        confidence=claim.confidence if twin else period.confidence,
                        valid_at=claim.valid_at if twin else period.valid_at,
                        invalid_at=_invalid_at(period),
                        expired_at=period.known,
                        superseded_by=successor,
                        support=(claim,) if twin else tuple(period.claims),
                        closing=period.closed_by.id if period.closed_by else None,
                    )
                )
        return found


def _names(period: _Period, taken: set[UUID]) -> list[tuple[UUID, Claim]]:
    """The ids of the period's beliefs and the claims they come from: its imported facts, else its first claim."""
    names = []
    for claim in period.claims:
        if claim.fact_id is not None and claim.fact_id not in taken:
            taken.add(claim.fact_id)
            names.append((claim.fact_id, claim))
    return names or [(derive_id("fact", str(period.first.id)), period.first)]


def _invalid_at(period: _Period) -> datetime | None:
    """When the value ceased to hold: as said, else when the next began, else when that was learnt."""
    end = period.end
    if period.successor is not None and period.closed_by is not None:
        next_start = period.successor.start
        if end is None or (period.closed_by.op == "assert" and next_start is not None):
            end = next_start if end is None or next_start is None else min(end, next_start)
    if end is None and period.closed_by is not None:
        end = seen(period.closed_by)
    if end is not None and period.valid_at is not None:
        end = max(end, period.valid_at)
    return end


def _covers(period: _Period, claim: Claim) -> bool:
    """True when the claim speaks of this period of its value and not of a later return to it."""
    if period.closed_by is None:
        return True
    return claim.valid_at is not None and period.end is not None and claim.valid_at < period.end


def _over(period: _Period, claim: Claim) -> bool:
    at = seen(claim)
    return period.end is not None and at is not None and period.end <= at


def _ends_before(claim: Claim, start: datetime | None) -> bool:
    """True when the retraction dates itself wholly before `start`: it is about an earlier stretch."""
    said = claim.invalid_at or claim.valid_at
    return (
        said is not None and start is not None and said < start and period_end(said, claim.precision) <= start
    )


def _about(claim: Claim, period: _Period) -> bool:
    """True when the retraction can mean this period: same family, same slot, an object that matches."""
    held = period.first
    if OPPOSITES.get(claim.predicate) == held.predicate:
        return False
    if claim.slot is not None and held.slot is not None and normalise(claim.slot) != normalise(held.slot):
        return False
    if claim.object is None:
        return claim.predicate == held.predicate
    if _same_object(claim, held):
        return True
    single = held.predicate in SINGLE_VALUED
    return held.object is not None and takes_back(claim.object, held.object, single=single)


def _same_object(claim: Claim, held: Claim) -> bool:
    if claim.object is None or held.object is None:
        return False
    return normalise(claim.object) == normalise(held.object)
