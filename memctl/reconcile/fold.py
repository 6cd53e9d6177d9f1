"""The fold: one user's claims to beliefs.

A single-valued predicate has its latest value, opposites exclude each other, everything else accumulates; a retraction
closes, a repetition strengthens, nothing is deleted. Every belief is on a track with one value at a time: a
single-valued predicate (and slot), a pair of opposites about one object, or one object of a multi-valued predicate. So
one rule, "later wins", covers all three.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from memctl.core.claim import DENIAL, DOUBT, Claim
from memctl.core.fact import derive_id
from memctl.core.predicates import SINGLE_VALUED
from memctl.core.subjects import names_of
from memctl.reconcile.beliefs import NEVER, Belief, Key, key_of, order_of, seen
from memctl.reconcile.medicines import doses_first, has_dose
from memctl.reconcile.periods import OpenPeriods, Period
from memctl.reconcile.same_value import (
    Track,
    Turn,
    ends_before,
    moves,
    precedes,
    same,
    same_object,
    same_turn,
    takes,
    track_of,
    turn_of,
    value_of,
)

_NEWS = timedelta(days=90)
"""How long a change is what people mean by "the new job"."""


def fold(claims: Iterable[Claim], names: Mapping[str, str] | None = None) -> list[Belief]:
    """The beliefs of one user's claims, in order of observation of their first claims.

    `names` maps subjects to the names under which they are shown, and defaults to what the claims say
    (`people_of`).

    Pure, and independent of the order and repetition of `claims`. Folding the claims of one `Key` gives the beliefs of
    that key. A `fact_id` must be on claims of one key. A claim with neither `observed_at` nor `recorded_at` can end a
    belief, but not say when.

    Raises ValueError if the claims belong to several users.
    """
    groups: dict[Key, list[Claim]] = {}
    ordered = sorted({claim.id: claim for claim in claims}.values(), key=order_of)
    if len({claim.user_id for claim in ordered}) > 1:
        raise ValueError("fold takes the claims of one user at a time")
    shown = people_of(ordered) if names is None else names
    for claim in ordered:
        name = shown.get(claim.subject)
        named = claim if name is None else msgspec.structs.replace(claim, subject=name)
        groups.setdefault(key_of(named), []).append(named)
    beliefs = [belief for group in groups.values() for belief in _Group(doses_first(_in_order(group))).beliefs()]
    return sorted(beliefs, key=lambda belief: order_of(belief.claim))


def people_of(claims: Iterable[Claim]) -> dict[str, str]:
    """The subjects of one user's claims that are shown under another name of the same person, with that name."""
    return names_of((claim.user_id, claim.subject, claim.predicate, claim.object) for claim in claims)


def _in_order(claims: list[Claim]) -> list[Claim]:
    """The claims of a group in order of observation.

    One without a time follows the dated ones before it in its session.
    """
    undated = {claim.session_id for claim in claims if claim.observed_at is None and claim.session_id is not None}
    if not undated:
        return claims
    dated = [claim for claim in claims if claim.observed_at is not None and claim.session_id in undated]

    def after(claim: Claim) -> datetime | None:
        if claim.observed_at is not None:
            return None
        earlier = (one for one in dated if one.session_id == claim.session_id and one.position < claim.position)
        return max((one.observed_at for one in earlier if one.observed_at), default=None)

    return sorted(claims, key=lambda claim: order_of(claim, after(claim)))


class _Group:
    """The fold of one key's claims, added in order of observation."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self.chains: dict[Track, list[Period]] = {}
        self.periods: list[Period] = []
        self.open = OpenPeriods()
        self.naming: defaultdict[tuple[str, str], list[Period]] = defaultdict(list)
        self.taken_back: defaultdict[Turn | None, list[Period]] = defaultdict(list)
        for claim in claims:
            if DOUBT in claim.categories:
                self._doubt(claim)
            elif claim.op == "retract":
                self._retract(claim)
            elif claim.invalid_at is not None and claim.invalid_at <= (seen(claim) or NEVER):
                self._remember(claim)
            else:
                self._assert(claim)

    def _begin(self, claim: Claim, valid_at: datetime | None, end: datetime | None) -> Period:
        period = Period(track_of(claim), [claim], claim.confidence, valid_at, end)
        period.hear(claim)
        self.periods.append(period)
        self.open.add(period)
        self.naming[claim.predicate, value_of(claim)].append(period)
        if has_dose(claim):
            self.naming["takes_medication", period.track.place].append(period)
        return period

    def _assert(self, claim: Claim) -> None:
        chain = self.chains.setdefault(track_of(claim), [])
        head = chain[-1] if chain else None
        moved = head is not None and same(head.first, claim) and moves(claim, head.first, head.valid_at)
        if chain and not moved and precedes(claim, chain[-1].valid_at):
            self._insert(chain, claim)
            return
        if head is not None and not moved and same(head.first, claim) and _covers(head, claim):
            head.reinforce(claim)
            return
        period = self._begin(claim, claim.valid_at, claim.invalid_at)
        chain.append(period)
        if head is not None and not head.done(seen(claim)):
            head.close(claim, period)
        self._succeed(period)

    def _insert(self, chain: list[Period], claim: Claim) -> None:
        """Insert a value learned late before the nearest later one, which closes it."""
        place = len(chain) - 1
        while place and precedes(claim, chain[place - 1].start):
            place -= 1
        later = chain[place]
        earlier = chain[place - 1] if place else None
        for neighbour in (earlier, later):
            if neighbour is not None and same(neighbour.first, claim):
                neighbour.reinforce(claim)
                return
        period = self._begin(claim, claim.valid_at, claim.invalid_at)
        period.close(later.first, later)
        chain.insert(place, period)
        if earlier is not None and earlier.successor is later:
            earlier.successor, earlier.closed_by = period, claim

    def _remember(self, claim: Claim) -> None:
        """Add a period that had ended when it was stated: it closes nothing."""
        for period in self.naming[claim.predicate, value_of(claim)]:
            if period.closed_by is None and period.end == claim.invalid_at:
                period.reinforce(claim)
                return
        self._begin(claim, claim.valid_at, claim.invalid_at)

    def _succeed(self, period: Period) -> None:
        """Set the successor of a value that the same turn retracted: "scratch that, my favourite colour is red"."""
        claim = period.first
        single = claim.predicate in SINGLE_VALUED
        for old in self.taken_back.get(turn_of(claim), ()):
            by = old.closed_by
            if by is None or old.successor is not None or not same_turn(by, claim):
                continue
            replaced = single and (by.predicate, by.slot) == (claim.predicate, claim.slot)
            if (replaced or old.track == period.track) and not same(old.first, claim):
                old.successor = period

    def _retract(self, claim: Claim) -> None:
        self.open.end_by(seen(claim))
        live = [
            period
            for period in self.open.near(claim)
            if takes(claim, period.first) and not ends_before(claim, period.valid_at)
        ]
        if claim.object is None and claim.slot is not None:
            # "I use Zed now" ends other editors, not the one that it names.
            live = [period for period in live if not any(same_turn(one, claim) for one in period.claims)]
        lost = [period for period in live if same_object(claim, period.first)] or live
        for period in lost:
            period.take_back(claim)
            period.claims.append(claim)
            self.open.note_end(period)
        if not lost:
            lost = self._already_over(claim)
        self.taken_back[turn_of(claim)] += lost

    def _doubt(self, claim: Claim) -> None:
        """Mark the live values that the claim is about, unless they are the change; they stay current."""
        for period in self.open.near(claim):
            recent = claim.object is None and self._recent(period, seen(claim))
            if takes(claim, period.first) and not recent:
                period.doubted_by = claim
                period.claims.append(claim)

    def _recent(self, period: Period, at: datetime | None) -> bool:
        """True for a value that began shortly before `at`: "our new flat" is the one just named."""
        if at is None or period.start is None or at - period.start > _NEWS:
            return False
        return period.valid_at is not None or self.chains.get(period.track, [period])[0] is not period

    def _already_over(self, claim: Claim) -> list[Period]:
        """Handle a retraction of no live value: a period known to be over, else a new ended one."""
        if claim.object is None or DENIAL in claim.categories:
            return []
        for period in reversed(self.naming[claim.predicate, value_of(claim)]):
            if takes(claim, period.first) and period.done(seen(claim)):
                period.claims.append(claim)
                return []
        period = self._begin(claim, claim.valid_at if claim.invalid_at else None, None)
        period.take_back(claim)
        self.open.note_end(period)
        return [period]

    def beliefs(self) -> list[Belief]:
        """The periods as beliefs; several imported facts that say the same remain several."""
        taken: set[UUID] = set()
        names = {id(period): _names(period, taken) for period in self.periods}
        found = []
        for period in self.periods:
            successor = names[id(period.successor)][0][0] if period.successor else None
            for twin, (name, claim) in enumerate(names[id(period)]):
                valid_at = claim.valid_at if twin else period.valid_at
                found.append(
                    Belief(
                        id=name,
                        claim=claim,
                        confidence=claim.confidence if twin else period.confidence,
                        valid_at=valid_at,
                        invalid_at=_invalid_at(period, valid_at),
                        expired_at=period.known,
                        superseded_by=successor,
                        support=(claim,) if twin else tuple(period.claims),
                        closing=period.closed_by.id if period.closed_by else None,
                        doubt=period.doubted_by if period.closed_by is None else None,
                    )
                )
        return found


def _names(period: Period, taken: set[UUID]) -> list[tuple[UUID, Claim]]:
    """The period's beliefs as ids and claims: its imported facts, else its first claim."""
    names = []
    for claim in period.claims:
        if claim.op == "assert" and claim.fact_id is not None and claim.fact_id not in taken:
            taken.add(claim.fact_id)
            names.append((claim.fact_id, claim))
    return names or [(derive_id("fact", str(period.first.id)), period.first)]


def _invalid_at(period: Period, valid_at: datetime | None) -> datetime | None:
    """When the value ceased to be true: as stated, else when the next began or the end became known."""
    end = period.end
    if period.successor is not None and period.closed_by is not None:
        next_start = period.successor.start
        if end is None or (period.closed_by.op == "assert" and next_start is not None):
            end = next_start if end is None or next_start is None else min(end, next_start)
    if end is None and period.closed_by is not None:
        end = period.closed_by.observed_at
    if period.end is None and period.start is None and valid_at is None:
        # When it was said is unknown, so it may have been said after what seems to end it.
        return None
    return max(end, valid_at) if end is not None and valid_at is not None else end


def _covers(period: Period, claim: Claim) -> bool:
    """True if the claim is about this period of the value, not about a later return to it."""
    if not period.done(seen(claim)):
        return True
    return claim.valid_at is not None and period.end is not None and claim.valid_at < period.end
