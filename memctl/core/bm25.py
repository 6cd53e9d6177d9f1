"""Search in a file: BM25 over the stems of the texts, computed in one pass because a file has no index."""

import math
from array import array
from collections.abc import Iterable
from datetime import datetime
from heapq import nlargest
from uuid import UUID

from memctl.core.fact import Fact
from memctl.core.tokenization import stems

K1, B = 0.9, 0.4
"""BM25's saturation and length normalisation, with Anserini's values for short passages."""


def rank(facts: Iterable[Fact], query: str, k: int, now: datetime) -> list[tuple[UUID, float]]:
    """The ids and scores of the k best facts for `query`, best first; only facts that share a word with it.

    BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), with Lucene's idf. Facts expired
    at `now` are omitted. Makes one pass over `facts` and does not keep them.
    """
    asked = sorted(set(stems(query)))
    if not asked:
        return []
    size = words = 0
    ids: list[UUID] = []
    lengths, counts = array("L"), [array("L") for _ in asked]
    for fact in facts:
        if fact.expires_at is not None and fact.expires_at <= now:
            continue
        found = stems(fact.text)
        size += 1
        words += len(found)
        times = [found.count(stem) for stem in asked]
        if any(times):
            ids.append(fact.id)
            lengths.append(len(found))
            for column, number in zip(counts, times, strict=True):
                column.append(number)
    mean = max(words / size, 1.0) if size else 1.0
    rarity = [_idf(size, sum(1 for number in column if number)) for column in counts]

    def score(at: int) -> float:
        norm = K1 * (1 - B + B * lengths[at] / mean)
        return sum(
            idf * column[at] * (K1 + 1) / (column[at] + norm) for idf, column in zip(rarity, counts, strict=True)
        )

    best = nlargest(k, ((score(at), -at) for at in range(len(ids))))
    return [(ids[-place], value) for value, place in best]


def _idf(size: int, spread: int) -> float:
    return math.log(1 + (size - spread + 0.5) / (spread + 0.5))
