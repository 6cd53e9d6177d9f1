"""The rejects of a migration, and which of them an earlier run over the same route reported already.

A nightly migration sends a fact that the target rejected again, because the target may have changed. As long as the
fact is the same and the reason is, it is counted and not reported again. The ledger remembers hashes.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Mapping
from typing import Any

from memctl.core.fact import Fact
from memctl.core.short_hash import short_hash
from memctl.runtime.rejects import Rejects
from memctl.store.duckdb.ledger import Ledger
from memctl.store.ledger_records import Counts, fingerprint

_VARYING = re.compile(r"[0-9a-f-]{8,}|\d+", re.IGNORECASE)
"""What differs between two equal reasons of a service: numbers, ids of requests, times."""


class Reported:
    """Adds rejects to the rejects file and the counts. Thread-safe.

    Unless it is to `remember`, every reject is new.
    """

    def __init__(self, ledger: Ledger, route: int, rejects: Rejects, counts: Counts, *, remember: bool) -> None:
        self._ledger, self._route, self._remember = ledger, route, remember
        self._rejects, self._counts = rejects, counts
        self._earlier = ledger.reported(route) if remember else set()
        self._marks: set[str] = set()
        self._times: Counter[str] = Counter()
        self._accepted: set[str] = set()
        self._lock = threading.Lock()

    def fact(self, fact: Fact, reason: str) -> None:
        """A fact that the target rejected."""
        self._add(f"{_of(fact)} {short_hash(_VARYING.sub('#', reason))}", {"reason": reason, "fact": fact})

    def record(self, where: str, reason: str, digest: str | None = None) -> None:
        """A record that is not a fact that can be moved. Of equal ones, each further one is another.

        Without a `digest` of its content, it is known by its place.
        """
        known_by = short_hash(digest or where, reason)
        with self._lock:
            self._times[known_by] += 1
            number = self._times[known_by]
        self._add(short_hash(known_by, number), {"reason": reason, "where": where})

    def accepted(self, fact: Fact) -> None:
        """A fact that the target accepted: if it is rejected later, that is news."""
        if self._earlier:
            with self._lock:
                self._accepted.add(_of(fact))

    def remember(self) -> None:
        """Remember what was rejected; to be called when the run has ended."""
        over = {mark for mark in self._earlier if mark.partition(" ")[0] in self._accepted}
        new = self._marks - self._earlier
        if self._remember and (new or over):
            self._ledger.set_reported(self._route, new, over)

    def _add(self, mark: str, reject: Mapping[str, Any]) -> None:
        with self._lock:
            self._marks.add(mark)
            self._counts.rejected_earlier += mark in self._earlier
        if mark not in self._earlier:
            self._rejects.add(reject)


def _of(fact: Fact) -> str:
    return short_hash(fact.user_id, fact.id, fingerprint(fact).hex())
