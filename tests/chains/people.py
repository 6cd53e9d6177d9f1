"""Facts of many people that use every field of a Fact, deterministic."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from memctl.core.fact import Fact, Source, derive_id

NAMES = ("alice", "bob@example.com", "Zoë Müller", "团队 7", "o'neil/../x", "user:12", "ALICE", "a b")
"""Names that a system may confuse with a path, an address, one of its own keys, or another name."""
KINDS = ("fact", "preference", "fact", "procedure", "fact", "summary", "preference")
LONG = "She said so at length: " + "the parcel is to come by the evening courier and no other way. " * 8
START = datetime(2023, 5, 1, 8, 30, 15, 123456, tzinfo=UTC)


def people(number: int) -> list[str]:
    """`number` names, unusual ones first."""
    return [*NAMES, *(f"user-{index:03d}" for index in range(len(NAMES), number))][:number]


def facts(users: int, each: int) -> Iterator[Fact]:
    """`each` facts for each of `users` people, without duplicate texts."""
    for user in people(users):
        chance = Random(user)
        for number in range(each):
            yield fact(user, number, chance)


def fact(user: str, number: int, chance: Random) -> Fact:
    """One fact; `chance` decides its fields and times."""
    created = START + timedelta(minutes=chance.randrange(10**6), microseconds=chance.randrange(10**6))
    text = f"{user} keeps note {number}: tea at {chance.randrange(24)}:00 — 'quoted', \"too\" 🫖"
    has = {name: chance.random() < 0.4 for name in ("triple", "valid", "agent", "labels", "meta", "turns", "sure")}
    return Fact(
        id=derive_id("people", user, str(number)),
        user_id=user,
        kind=KINDS[number % len(KINDS)],
        text=LONG + text if number % 25 == 7 else text,
        agent_id="helper" if has["agent"] else None,
        session_id=f"session {number // 10}" if has["agent"] else None,
        subject=user if has["triple"] else None,
        predicate="keeps_note" if has["triple"] else None,
        object=f"note {number}" if has["triple"] else None,
        categories=("notes", "tea & cake") if has["labels"] else (),
        confidence=round(chance.random(), 3) if has["sure"] else None,
        valid_at=created - timedelta(days=3, microseconds=1) if has["valid"] else None,
        invalid_at=created + timedelta(days=30) if has["valid"] and number % 5 == 0 else None,
        created_at=created,
        updated_at=created + timedelta(hours=1) if has["meta"] else None,
        expires_at=datetime(2031, 1, 1, 12, 0, 0, 5, tzinfo=UTC) if number % 11 == 3 else None,
        superseded_by=derive_id("people", user, str(number + 1)) if number % 13 == 5 else None,
        source=Source(
            system="people",
            id=f"native-{number}",
            uri="https://example.com/notes",
            turns=("D1:3", "D1:4") if has["turns"] else (),
            quote=text[:20] if has["turns"] else None,
        ),
        metadata={"deep": {"list": [1, None, {"ü": 2.5}]}, "n": number} if has["meta"] else {},
        native={"colour": "red", "shelf": number} if has["labels"] else {},
    )
