"""Periods in which one value was true, and the ones of a group that have not ended, by the words of their objects."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from heapq import heappop, heappush
from typing import Generic, TypeVar

import msgspec

from memctl.core.claim import Claim
from memctl.reconcile.beliefs import seen
from memctl.reconcile.medicines import has_dose
from memctl.reconcile.normalize import words
from memctl.reconcile.same_value import Track

Item = TypeVar("Item")


class Period(msgspec.Struct, eq=False):
    """A period in which one value was true: `end` as the text says, `known` when the end became known."""

    track: Track
    claims: list[Claim]
    confidence: float
    valid_at: datetime | None
    end: datetime | None = None
    closed_by: Claim | None = None
    known: datetime | None = None
    successor: "Period | None" = None
    doubted_by: Claim | None = None
    heard: set[tuple[str | None, str | None, int, str]] = set()

    @property
    def first(self) -> Claim:
        return self.claims[0]

    @property
    def start(self) -> datetime | None:
        return self.valid_at or self.first.observed_at

    def close(self, by: Claim, successor: "Period | None" = None) -> None:
        self.closed_by = by
        self.successor = successor
        known = [at for at in (seen(by), seen(self.first)) if at is not None]
        self.known = max(known, default=None)

    def take_back(self, by: Claim) -> None:
        """End by a retraction. One that names a future day has no effect before that day."""
        said = by.invalid_at or by.valid_at
        self.close(by)
        self.end = said if self.end is None or said is None else min(self.end, said)
        if not self.done(self.known):
            self.known = None

    def done(self, at: datetime | None) -> bool:
        """True if the value has ended at the instant `at`."""
        if self.successor is None and self.end is not None and at is not None:
            return self.end <= at
        return self.closed_by is not None

    def reinforce(self, claim: Claim) -> None:
        """Add a repetition; the same words of the same turn are not a second witness."""
        self.doubted_by = None
        if self.hear(claim):
            self.confidence = 1 - (1 - self.confidence) * (1 - claim.confidence / 2)
        self.claims.append(claim)
        self.valid_at = self.valid_at or claim.valid_at

    def hear(self, claim: Claim) -> bool:
        """True if these words have not been counted yet."""
        words = (claim.session_id, claim.turn_id, claim.position, claim.quote)
        new = claim.session_id is None or words not in self.heard
        self.heard.add(words)
        return new


class Takable(Generic[Item]):
    """Items by what their claims are about, to look up the few that a retraction can refer to."""

    def __init__(self) -> None:
        self._items: dict[int, tuple[Claim, Item]] = {}
        self._by_predicate: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._by_words: defaultdict[tuple[str, ...], dict[int, None]] = defaultdict(dict)
        self._by_word: defaultdict[str, dict[int, None]] = defaultdict(dict)
        self._lengths: set[int] = set()

    def add(self, number: int, claim: Claim, item: Item) -> None:
        """Add an item of this claim under a number; numbers ascend."""
        self._items[number] = claim, item
        for numbers in self._listed(claim):
            numbers[number] = None

    def discard(self, number: int) -> None:
        """Remove the item with this number, if it is still there."""
        if number in self._items:
            for numbers in self._listed(self._items.pop(number)[0]):
                numbers.pop(number, None)

    def items(self) -> list[tuple[int, Item]]:
        """All items with their numbers."""
        return [(number, item) for number, (_, item) in self._items.items()]

    def near(self, claim: Claim) -> list[tuple[int, Item]]:
        """The items, in order, that `same_value.takes` may accept: with the same predicate if the claim has no object,
        else with an object that contains the words of the claim's object or is part of it."""
        if claim.object is None:
            numbers = set(self._by_predicate.get(claim.predicate, ()))
        else:
            said = words(claim.object)
            # Longer objects with all of these words have the rarest of them.
            listed = sorted((self._by_word.get(word, {}) for word in said), key=len)
            numbers = set(*listed[:1])
            for length in self._lengths:
                for start in range(len(said) - length + 1):
                    numbers.update(self._by_words.get(said[start : start + length], ()))
        return [(number, self._items[number][1]) for number in sorted(numbers)]

    def _listed(self, claim: Claim) -> Iterator[dict[int, None]]:
        yield self._by_predicate[claim.predicate]
        for value in (claim.object, claim.slot if has_dose(claim) else None):
            if value is not None:
                said = words(value)
                self._lengths.add(len(said))
                yield self._by_words[said]
                yield from (self._by_word[word] for word in set(said))


class OpenPeriods:
    """The periods that had not ended at the time of the latest retraction."""

    def __init__(self) -> None:
        self._open: Takable[Period] = Takable()
        self._numbers: dict[int, int] = {}
        self._ends: list[tuple[datetime, int]] = []

    def add(self, period: Period) -> None:
        """Add a period that has just begun."""
        number = self._numbers[id(period)] = len(self._numbers)
        self._open.add(number, period.first, period)
        self.note_end(period)

    def note_end(self, period: Period) -> None:
        """Note the end that a period has now."""
        if period.end is not None:
            heappush(self._ends, (period.end, self._numbers[id(period)]))

    def end_by(self, at: datetime | None) -> None:
        """Drop the periods that have ended at this instant."""
        while at is not None and self._ends and self._ends[0][0] <= at:
            self._open.discard(heappop(self._ends)[1])
        if at is None:
            for number, period in self._open.items():
                if period.done(at):
                    self._open.discard(number)

    def near(self, claim: Claim) -> list[Period]:
        """Those that the claim may refer to and that have not ended when it was observed, in order."""
        periods = []
        for number, period in self._open.near(claim):
            if not period.done(seen(claim)):
                periods.append(period)
            elif period.successor is not None or period.end is None:
                self._open.discard(number)
        return periods
