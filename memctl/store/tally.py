"""The counts of a volume report, computed by a store or by `memctl.report.volume_counts` over streamed facts."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from memctl.core.fact import Fact

SAMPLE = 10_000
"""Tokens are counted in so many facts and so many turns, and scaled by bytes where there are more."""


NEGATION = r"(?i)\b(no|not|never|none|nor|nobody|nothing|neither|without|cannot)\b|n['’]t\b"
"""What turns a statement round though it hardly changes its words. ASCII, so that RE2 and `re` agree on it."""


Series = dict[date | None, int]
"""Records by the period they were recorded in; None holds those without a time."""


class Count(msgspec.Struct):
    """Facts, episodes and the bytes of their texts."""

    facts: int = 0
    episodes: int = 0
    bytes: int = 0

    def add(self, fact: Fact, size: int) -> None:
        """Count one more record, whose text has `size` bytes."""
        if fact.kind == "episode":
            self.episodes += 1
        else:
            self.facts += 1
        self.bytes += size


class Group(msgspec.Struct):
    """One user, kind, category or source: its count, and its records by period."""

    count: Count = msgspec.field(default_factory=Count)
    series: Series = {}


Groups = dict[str | None, Group]


class Tally(msgspec.Struct, kw_only=True):
    """All counts. `people` has the users with the most records.

    `added` counts records by month, `arrivals` users by the month of their first record, `active` users by every month
    in which they have one. The sizes map bytes of a text to the number of facts or turns of that size; the samples are
    texts to count tokens in.
    """

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
