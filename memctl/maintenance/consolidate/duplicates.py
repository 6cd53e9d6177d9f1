"""Duplicate facts. Pure: facts and vectors in, pairs out.

Similarity alone is not enough: of hand-made pairs, those with a cosine of 0.90 or more under MiniLM contained ten of
twelve duplicates and five of thirteen updates ("35 years old", "36 years old"), and the static model puts "a red car"
at 0.98 of "a blue car". So numbers, negation and names must be the same too, and the content words must be in the same
order, verbs of having, being and liking excepted.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from memctl.core.fact import Fact
from memctl.core.predicates import OPPOSITES, family
from memctl.core.tokenization import stems, words
from memctl.extract.vocabulary.date_words import NUMBERS
from memctl.reconcile.normalize import normalise

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
else:
    Vector = Any

NEAR = 0.90
MAYBE = 0.80
"""Pairs from this cosine on are listed for review."""
MOST_LOOKS = 20
ROWS = 512
"""Facts compared with all others at a time."""

_NEGATIONS = frozenset(
    {"not", "no", "never", "nor", "neither", "none", "nobody", "nothing", "without", "hardly", "cannot", "longer"}
    | {"stopped", "quit", "dislikes", "hates", "avoids"}
)
_LIGHT = frozenset(
    stems(
        "have has own owns get gets got like likes love loves enjoy enjoys adore adores prefer prefers live lives "
        "living reside resides work works working use uses using currently now really very also usually"
    )
)
_CAPITALISED = re.compile(r"(?<!^)(?<![.!?]\s)\b[A-Z][\w'’-]*")


class Pair(NamedTuple):
    """Two facts that may be duplicates: `kept` is the older. `same` is True if only the wording differs."""

    kept: Fact
    other: Fact
    cosine: float
    same: bool


def pairs(facts: Sequence[Fact], vectors: Mapping[UUID, Vector]) -> list[Pair]:
    """The duplicates among a user's current facts, and the MOST_LOOKS most similar pairs to review.

    A fact is the newer one of at most one duplicate, and then never `kept`: there are no chains.
    """
    ordered = sorted((fact for fact in facts if fact.id in vectors), key=_age)
    alike: dict[Any, list[Fact]] = {}
    duplicates: list[Pair] = []
    for fact in ordered:
        # Only facts with the same content words can be duplicates, so not every pair is compared.
        held = alike.setdefault((_subject(fact), _content(fact.text), _signs(fact.text)), [])
        for kept in held:
            cosine = float(vectors[kept.id] @ vectors[fact.id])
            if cosine >= NEAR and _comparable(kept, fact) and says_the_same(kept, fact):
                duplicates.append(Pair(kept, fact, cosine, True))
                break
        else:
            held.append(fact)
    gone = {pair.other.id for pair in duplicates}
    return duplicates + _looks([fact for fact in ordered if fact.id not in gone], vectors)


def _looks(facts: Sequence[Fact], vectors: Mapping[UUID, Vector]) -> list[Pair]:
    """Each fact with the most similar older one, if they share most of their content words."""
    if len(facts) < 2:
        return []
    import numpy as np

    matrix = np.stack([vectors[fact.id] for fact in facts])
    older = np.arange(len(facts))
    similar = []
    for start in range(1, len(facts), ROWS):
        rows = older[start : start + ROWS]
        near = np.where(older[:, None] < rows[None, :], matrix @ matrix[rows].T, -1.0)
        best = near.argmax(axis=0)
        for place, other in zip(best.tolist(), rows.tolist(), strict=True):
            kept, fact, cosine = facts[place], facts[other], float(near[place, other - start])
            if cosine >= MAYBE and _comparable(kept, fact) and _mostly_the_same(kept, fact):
                similar.append(Pair(kept, fact, cosine, False))
    return sorted(similar, key=lambda pair: -pair.cosine)[:MOST_LOOKS]


def _mostly_the_same(one: Fact, other: Fact) -> bool:
    ours, theirs = set(_content(one.text)), set(_content(other.text))
    return _signs(one.text) == _signs(other.text) and 2 * len(ours & theirs) >= len(ours | theirs)


def _subject(fact: Fact) -> str:
    return (fact.subject or fact.user_id).casefold()


def _age(fact: Fact) -> tuple[datetime, str]:
    return fact.created_at or fact.valid_at or datetime.max.replace(tzinfo=UTC), str(fact.id)


def _comparable(one: Fact, other: Fact) -> bool:
    """True if both have the same subject and predicate, as far as known."""
    if _subject(one) != _subject(other):
        return False
    if one.predicate is None or other.predicate is None:
        return True
    return other.predicate in family(one.predicate) and OPPOSITES.get(one.predicate) != other.predicate


def says_the_same(one: Fact, other: Fact) -> bool:
    """True if only the wording of two similar facts differs."""
    if one.valid_at != other.valid_at and one.valid_at is not None and other.valid_at is not None:
        return False
    if one.predicate == other.predicate and one.predicate is not None and one.object and other.object:
        ends = (normalise(one.object), normalise(other.object))
        if ends[0] != ends[1] and set(_content(one.object)) != set(_content(other.object)):
            return False
    return _signs(one.text) == _signs(other.text) and _content(one.text) == _content(other.text)


def _signs(text: str) -> tuple[tuple[str, ...], bool, frozenset[str]]:
    """Numbers, whether it is a negation, and names."""
    said = words(text)
    numbers = sorted(str(NUMBERS.get(word, word)) for word in said if word in NUMBERS or word[0].isdigit())
    negated = any(word in _NEGATIONS or word.endswith("n't") for word in said)
    names = frozenset(name.casefold().removesuffix("'s") for name in _CAPITALISED.findall(text))
    return tuple(numbers), negated, names


def _content(text: str) -> tuple[str, ...]:
    return tuple(stem for stem in stems(text) if stem not in _LIGHT)
