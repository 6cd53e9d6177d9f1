"""The chunks of a fact that search looks at: the texts that are embedded, and the stems that BM25 counts."""

from datetime import datetime
from functools import lru_cache

import msgspec

from memctl.core.fact import Fact
from memctl.core.tokenization import sentences, stems

MOST_SENTENCES = 64
"""Sentence units of one fact. A longer text, such as a pasted document, is cut into so many runs of sentences."""

_MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)


class Chunk(msgspec.Struct, frozen=True):
    """A piece of a fact: `text` is what is embedded, `toks` the stems that BM25 counts, repeats kept.

    Only the unit of the whole text has stems: words are counted per fact, meaning is compared per sentence.
    """

    text: str
    tokens: list[str]


def chunks_of(fact: Fact) -> list[Chunk]:
    """The index units of `fact`: its whole text first, then its sentences where it has more than one.

    A turn of a conversation is prefixed with who said it and when, "Caroline (08 May 2023): ", so that a question for a
    person or a date finds it; every other fact names its subject itself. The words of its predicate and categories are
    counted with those of its text: "health" finds an allergy.
    """
    whole, *runs = texts_of(fact)
    counted = stems(whole)
    for label in _labels(fact.predicate, fact.categories):
        if label not in counted:
            counted.append(label)
    if not runs:
        return [Chunk(whole, counted)]
    return [Chunk(whole, counted), *(Chunk(text, []) for text in runs)]


@lru_cache(maxsize=1 << 12)
def _labels(predicate: str | None, categories: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(stems(" ".join((predicate or "", *categories)))))


def texts_of(fact: Fact) -> list[str]:
    """The texts of `chunks_of`, without the stems, for callers that only need vectors."""
    prefix = _prefix(fact) if fact.kind == "episode" else ""
    parts = sentences(fact.text)
    if len(parts) < 2:
        return [prefix + fact.text]
    run = -(-len(parts) // MOST_SENTENCES)
    return [prefix + fact.text, *(prefix + " ".join(parts[i : i + run]) for i in range(0, len(parts), run))]


def _prefix(fact: Fact) -> str:
    said_by = fact.native_text("speaker")
    if said_by is None or not said_by.strip():
        role = fact.native_text("role") or "user"
        said_by = fact.user_id if role == "user" else role
    at = fact.valid_at or fact.created_at
    return f"{said_by}{_day(at)}: "


def _day(at: datetime | None) -> str:
    return f" ({at.day:02} {_MONTHS[at.month - 1]} {at.year})" if at else ""
