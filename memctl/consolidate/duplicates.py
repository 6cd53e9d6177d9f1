"""Facts that say the same in other words. Pure: facts and vectors in, pairs out.

Nearness alone is no sign: of hand-made pairs, those with a cosine of 0.90 or more under MiniLM held ten of twelve
duplicates and five of thirteen updates ("35 years old", "36 years old"), and the static model puts "a red car" at 0.98
of "a blue car". So numbers, negation and names have to be the same too, and the words that carry the meaning have to
stand in the same order, verbs of having, being and liking apart.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from memctl.extract.date_words import NUMBERS
from memctl.fact import Fact
from memctl.predicates import OPPOSITES, family
from memctl.reconcile.objects import normalise
from memctl.text import stems, words

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
else:
    Vector = Any

NEAR = 0.90
MAYBE = 0.80
"""From here on a pair is worth a look, no more."""
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
    """Two facts that may be one: `kept` is the older. `same` is True where nothing tells them apart."""

    kept: Fact
    other: Fact
    cosine: float
    same: bool


def pairs(facts: Sequence[Fact], vectors: Mapping[UUID, Vector]) -> list[Pair]:
    """The pairs of a user's current facts that are near each other: duplicates, and candidates beside them.

    A fact is the other of one duplicate at most, and then nobody's `kept`: there are no chains. A pair of one
    single-valued or dated fact and a later one is none, however near.
    """
    import numpy as np

    ordered = sorted((fact for fact in facts if fact.id in vectors), key=_age)
    if len(ordered) < 2:
        return []
    matrix = np.stack([vectors[fact.id] for fact in ordered])
    found: list[Pair] = []
    gone: set[int] = set()
    for start in range(0, len(ordered), ROWS):
        near = matrix @ matrix[start : start + ROWS].T
        for column in range(near.shape[1]):
            other = start + column
            for kept in np.flatnonzero(near[:other, column] >= MAYBE).tolist():
                if kept in gone or other in gone or not _comparable(ordered[kept], ordered[other]):
                    continue
                cosine = float(near[kept, column])
                same = cosine >= NEAR and says_the_same(ordered[kept], ordered[other])
                if same:
                    gone.add(other)
                found.append(Pair(ordered[kept], ordered[other], cosine, same))
    return [pair for pair in found if pair.same or not {pair.kept.id, pair.other.id} & {ordered[n].id for n in gone}]


def _age(fact: Fact) -> tuple[datetime, str]:
    return fact.created_at or fact.valid_at or datetime.max.replace(tzinfo=UTC), str(fact.id)


def _comparable(one: Fact, other: Fact) -> bool:
    """True when the two are about the same subject and property, as far as that is known."""
    if (one.subject or one.user_id).casefold() != (other.subject or other.user_id).casefold():
        return False
    if one.predicate is None or other.predicate is None:
        return True
    return other.predicate in family(one.predicate) and OPPOSITES.get(one.predicate) != other.predicate


def says_the_same(one: Fact, other: Fact) -> bool:
    """True when nothing but the wording tells two near facts apart."""
    if one.valid_at != other.valid_at and one.valid_at is not None and other.valid_at is not None:
        return False
    if one.predicate == other.predicate and one.predicate is not None and one.object and other.object:
        ends = (normalise(one.object), normalise(other.object))
        if ends[0] != ends[1] and set(_content(one.object)) != set(_content(other.object)):
            return False
    return _signs(one.text) == _signs(other.text) and _content(one.text) == _content(other.text)


def _signs(text: str) -> tuple[list[str], bool, set[str]]:
    """Numbers, whether it is a negation, and names."""
    said = words(text)
    numbers = sorted(str(NUMBERS.get(word, word)) for word in said if word in NUMBERS or word[0].isdigit())
    negated = any(word in _NEGATIONS or word.endswith("n't") for word in said)
    return numbers, negated, {name.casefold().removesuffix("'s") for name in _CAPITALISED.findall(text)}


def _content(text: str) -> list[str]:
    return [stem for stem in stems(text) if stem not in _LIGHT]
