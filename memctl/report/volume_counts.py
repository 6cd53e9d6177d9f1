"""The counts of a volume report, collected while facts stream from any backend.

The local store is counted in SQL instead (`memctl.store.sql.volume_counts`); a test checks that both
give the same `Tally`. Nothing here judges or prints.
"""

from __future__ import annotations

import hashlib
import heapq
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

import msgspec

from memctl.core.timeline import is_current
from memctl.report import periods
from memctl.store import tally as tallies
from memctl.store.chunks import chunks_of
from memctl.store.tally import NEGATION, Group, Groups, Tally

if TYPE_CHECKING:
    from memctl.core.fact import Fact


_NEGATION = re.compile(NEGATION, re.ASCII)


def expired(fact: Fact, now: datetime) -> bool:
    """Whether the fact is over without another in its place: retired, ended in the world, or past its time to live."""
    return fact.superseded_by is None and not is_current(fact, now)


def sourced(fact: Fact) -> bool:
    """Whether a fact has a source: a file, a session, a turn or a quote."""
    source = fact.source
    return bool(source.uri or source.session or source.turns or source.quote)


class Streaming:
    """Counts facts one by one into a tally."""

    def __init__(self, by: periods.By, now: datetime, top: int) -> None:
        self._by = by
        self._now = now
        self._top = top
        self._tally = Tally()
        self._groups: dict[str, dict[str | None, Group]] = {
            name: defaultdict(Group) for name in ("people", "kinds", "categories", "sources")
        }
        self._firsts: dict[str, date | None] = {}
        self._added: Counter[date | None] = Counter()
        self._months: set[tuple[str, date]] = set()
        self._texts: set[bytes] = set()
        self._phrasings: set[bytes] = set()
        self._bags: set[bytes] = set()
        self._sizes: dict[bool, Counter[int]] = {True: Counter(), False: Counter()}
        self._samples: dict[bool, list[tuple[int, str, str]]] = {True: [], False: []}
        self._vectors = 0
        self._worded = 0

    def take(self, facts: Iterable[Fact]) -> None:
        """Count these facts."""
        for fact in facts:
            self._take(fact)

    def _take(self, fact: Fact) -> None:
        size = len(fact.text.encode())
        period = periods.start(fact.created_at, self._by) if fact.created_at else None
        names: list[tuple[str, str | None]] = [
            ("people", fact.user_id),
            ("kinds", fact.kind),
            ("sources", fact.source.system),
        ]
        if fact.kind != "episode":
            names += [("categories", category) for category in dict.fromkeys(fact.categories) or (None,)]
        for dimension, name in names:
            group = self._groups[dimension][name]
            group.count.add(fact, size)
            group.series[period] = group.series.get(period, 0) + 1
        self._take_time(fact)
        episode = fact.kind == "episode"
        self._sizes[episode][size] += 1
        self._sample(fact, episode)
        self._vectors += 4 * len(fact.embedding.vector) if fact.embedding else 0
        if not episode:
            self._judge(fact)

    def _take_time(self, fact: Fact) -> None:
        tally, at = self._tally, fact.created_at
        self._firsts.setdefault(fact.user_id, None)
        if at is None:
            return
        tally.first = min(tally.first or at, at)
        tally.last = max(tally.last or at, at)
        month = periods.start(at, "month")
        self._added[month] += 1
        self._months.add((fact.user_id, month))
        self._firsts[fact.user_id] = min(self._firsts[fact.user_id] or month, month)

    def _sample(self, fact: Fact, episode: bool) -> None:
        """Keep the records whose ids have the smallest digests, which does not depend on their order."""
        digest = hashlib.md5(str(fact.id).encode(), usedforsecurity=False).hexdigest()
        sample = self._samples[episode]
        entry = (-int(digest, 16), digest, fact.text)
        if len(sample) < tallies.SAMPLE:
            heapq.heappush(sample, entry)
        else:
            heapq.heappushpop(sample, entry)

    def _judge(self, fact: Fact) -> None:
        tally = self._tally
        tally.superseded += fact.superseded_by is not None
        tally.expired += expired(fact, self._now)
        tally.without_source += not sourced(fact)
        if not is_current(fact, self._now):
            return
        whole = _digest(fact.user_id, fact.kind, fact.text)
        tally.duplicates += whole in self._texts
        self._texts.add(whole)
        bag = words(fact)
        if bag:
            said = _digest(fact.user_id, fact.kind, *bag, str(negated(fact.text)))
            self._bags.add(said)
            self._phrasings.add(_digest(said.hex(), fact.text))

    def done(self) -> Tally:
        """The tally so far."""
        tally = self._tally
        tally.users = len(self._groups["people"])
        tally.people = largest(self._groups["people"], self._top)
        tally.kinds, tally.categories, tally.sources = (
            dict(self._groups[name]) for name in ("kinds", "categories", "sources")
        )
        tally.added = dict(self._added)
        tally.arrivals = dict(Counter(self._firsts.values()))
        tally.active = dict(Counter(month for _, month in self._months))
        tally.near_duplicates = len(self._phrasings) - len(self._bags)
        tally.fact_sizes, tally.turn_sizes = dict(self._sizes[False]), dict(self._sizes[True])
        tally.fact_sample, tally.turn_sample = (
            [text for _, _, text in sorted(self._samples[episode], reverse=True)] for episode in (False, True)
        )
        tally.vector_bytes = self._vectors or None
        return tally


def largest(groups: Groups, top: int) -> Groups:
    """The `top` groups with the most records, largest first, then by name."""

    def rank(item: tuple[str | None, Group]) -> tuple[int, str]:
        return -(item[1].count.facts + item[1].count.episodes), item[0] or ""

    return dict(sorted(groups.items(), key=rank)[:top])


def words(fact: Fact) -> list[str]:
    """The stems a fact is searched by, in alphabetical order: what two near-duplicates have in common."""
    return sorted(chunks_of(fact)[0].tokens)


def negated(text: str) -> bool:
    """Whether the text contains a negation."""
    return _NEGATION.search(text) is not None


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=12).digest()
