"""Claims about one user, made from a few words."""

from datetime import UTC, datetime
from uuid import UUID, uuid5

import msgspec

from memctl.core.claim import Claim
from memctl.reconcile import fold


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def claim(number: int, at: str | None, predicate: str, value: str | None, **more) -> Claim:
    base = Claim(
        id=uuid5(UUID(int=0), str(number)),
        user_id="alice",
        kind="fact",
        text=f"{predicate} {value}",
        subject="alice",
        predicate=predicate,
        object=value,
        confidence=0.8,
        quote=f"words {number}",
        observed_at=day(at) if at else None,
        session_id="s",
        turn_id=f"t{number}",
        position=number,
        extractor="rules@1",
    )
    return msgspec.structs.replace(base, **more)


def by_object(claims):
    return {belief.claim.object: belief for belief in fold(claims)}
