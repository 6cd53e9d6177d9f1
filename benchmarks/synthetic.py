"""Synthetic facts in any number, deterministic, for benchmarks of the store."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from memctl.core.fact import Fact, Kind, Source, derive_id

_THINGS = ("express shipping", "dark mode", "green tea", "night trains", "peanuts", "Rust", "oat milk", "window seats")
_PLACES = ("Tokyo", "Paris", "Lisbon", "Oslo", "Lagos", "Lima", "Pune", "Perth", "Quito", "Riga")
_VERBS: tuple[tuple[str, Kind], ...] = (
    ("prefers", "preference"),
    ("dislikes", "preference"),
    ("uses", "fact"),
    ("plans", "fact"),
    ("owns", "fact"),
)


def facts(users: int, per_user: int) -> Iterator[Fact]:
    """`per_user` facts of each of `users` users, each about ten words long."""
    chance = random.Random(1)
    start = datetime(2025, 1, 1, tzinfo=UTC)
    for user in range(users):
        name = f"user{user:05}"
        for number in range(per_user):
            verb, kind = chance.choice(_VERBS)
            thing = f"{chance.choice(_THINGS)} number {number}"
            text = f"{name} {verb} {thing} whenever the way leads through {chance.choice(_PLACES)}."
            yield Fact(
                id=derive_id(name, str(number)),
                user_id=name,
                kind=kind,
                text=text,
                subject=name,
                predicate=verb,
                object=thing,
                confidence=0.8,
                created_at=start + timedelta(minutes=number),
                source=Source(system="synthetic", quote=text),
            )
