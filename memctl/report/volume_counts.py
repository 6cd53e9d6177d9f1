"""The counts of a volume report, collected while facts stream from any backend.

The local store is counted in SQL instead (`memctl.report.volume_counts_sql`); a test checks that both give the same
`Tally`.
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

from memctl.report import periods

if TYPE_CHECKING:
    from memctl.core.fact import Fact

SAMPLE = 10_000
"""The number of facts and of turns in which tokens are counted; larger volumes are scaled by bytes."""

NEGATION = r"(?i)\b(no|not|never|none|nor|nobody|nothing|neither|without|cannot)\b|n['’]t\b"
"""Words that negate a statement. ASCII, so that RE2 and `re` agree."""
_NEGATION = re.compile(NEGATION, re.ASCII)

Series = dict[date | None, int]
"""Records by the period in which they were recorded; None for those without a time."""


class Count(msgspec.Struct):
    """Facts, episodes and the bytes of their texts."""

    facts: int = 0
    episodes: int = 0
    bytes: int = 0

    def add(self, fact: Fact, size: int) -> None:
        """Count one record, whose text has `size` bytes."""
        if fact.kind == "episode":
            self.episodes += 1
        else:
            self.facts += 1
        self.bytes += size


class Group(msgspec.Struct):
    """A user, kind, category or source: its count, and its records by period."""

    count: Count = msgspec.field(default_factory=Count)
    series: Series = {}


Groups = dict[str | None, Group]


class Tally(msgspec.Struct, kw_only=True):
    """All counts. `people` are the users with the most records. `added` counts records by month, `arrivals` users by
    the month of their first record, `active` users by every month with a record. The sizes map bytes of a text to the
    number of facts or turns; the samples are texts for counting tokens."""

    users: int = 0
    people: Groups = {}
    kinds: Groups = {}
    categories: Groups = {}
    sources: Groups = {}
    added: Series = {}
    arrivals: Series = {}
    active: Series = {}
    superseded: int = 0
    expired: int = 0
    duplicates: int = 0
    near_duplicates: int = 0
    without_source: int = 0
    first: datetime | None = None
    last: datetime | None = None
    fact_sizes: dict[int, int] = {}
    turn_sizes: dict[int, int] = {}
    fact_sample: list[str] = []
    turn_sample: list[str] = []
    vector_bytes: int | None = None
    file_bytes: int | None = None


def current(fact: Fact, now: datetime) -> bool:
    """Whether the fact is believed at `now`; others are history, not duplicates."""
    return fact.superseded_by is None and not expired(fact, now)


def expired(fact: Fact, now: datetime) -> bool:
    """Whether the fact ended without successor: retired, no longer true, or expired."""
    if fact.superseded_by is not None:
        return False
    ends = (fact.expired_at, fact.invalid_at, fact.expires_at)
    return any(end is not None and end <= now for end in ends)


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
        kept = self._samples[episode]
        entry = (-int(digest, 16), digest, fact.text)
        if len(kept) < SAMPLE:
            heapq.heappush(kept, entry)
        else:
            heapq.heappushpop(kept, entry)

    def _judge(self, fact: Fact) -> None:
        tally = self._tally
        tally.superseded += fact.superseded_by is not None
        tally.expired += expired(fact, self._now)
        tally.without_source += not sourced(fact)
        if not current(fact, self._now):
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
    """The search stems of a fact in alphabetical order, which near-duplicates share."""
    from memctl.store.duckdb.chunks import chunks_of

    return sorted(chunks_of(fact)[0].tokens)


def negated(text: str) -> bool:
    """Whether the text contains a negation."""
    return _NEGATION.search(text) is not None


def _digest(*parts: str) -> bytes:
    return hashlib.blake2b(msgspec.json.encode(parts), digest_size=12).digest()
