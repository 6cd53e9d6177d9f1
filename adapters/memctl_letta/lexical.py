"""Search by words in facts that lie in files: BM25 over stems, counted anew for every query. Pure.

MemFS has no index of its own; an agent greps. Meaning is beyond this room.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from heapq import nlargest
from importlib import import_module
from typing import Any

from memctl.core.fact import Fact

K1, B = 0.9, 0.4
"""BM25's saturation and length normalisation, as Anserini sets them for short passages."""
_WORD = re.compile(r"\w+")
# Scripts written without spaces: Thai to Khmer, kana, Han, hangul.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@cache
def _stemmer() -> Any:
    return import_module("Stemmer").Stemmer("english")


def stems(text: str) -> list[str]:
    """The words of a text without case, accents and endings; runs of an unspaced script as pairs of characters."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    found: list[str] = []
    for word in _WORD.findall(unicodedata.normalize("NFC", plain)):
        if _UNSPACED.search(word):
            found += [word[at : at + 2] for at in range(max(1, len(word) - 1))]
        else:
            found.append(word)
    stemmed: list[str] = _stemmer().stemWords(found)
    return stemmed


def rank(facts: Sequence[Fact], query: str, k: int, now: datetime) -> list[tuple[Fact, float]]:
    """The k facts that fit the query best with their scores, best first; none that shares no word with it.

    BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), with Lucene's idf. What was to
    be forgotten by `now` is left out.
    """
    asked = set(stems(query))
    alive = [fact for fact in facts if fact.expires_at is None or fact.expires_at > now]
    if not asked or not alive:
        return []
    words = [Counter(stems(fact.text)) for fact in alive]
    mean = max(sum(map(Counter.total, words)) / len(words), 1.0)
    spread = {stem: sum(stem in held for held in words) for stem in asked}
    rarity = {stem: math.log(1 + (len(alive) - n + 0.5) / (n + 0.5)) for stem, n in spread.items()}
    scored = []
    for at, held in enumerate(words):
        norm = K1 * (1 - B + B * held.total() / mean)
        score = sum(rarity[stem] * held[stem] * (K1 + 1) / (held[stem] + norm) for stem in asked if stem in held)
        if score > 0:
            scored.append((score, -at))
    return [(alive[-place], score) for score, place in nlargest(k, scored)]
