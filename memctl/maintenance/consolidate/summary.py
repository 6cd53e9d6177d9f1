"""A user's current facts as a short summary for prompts. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from memctl.core.fact import Fact, Source, derive_id
from memctl.extract.llm.known import CATEGORIES

LONGEST = 1500
"""Characters of a summary."""
_RANK = {category: place for place, category in enumerate(CATEGORIES)}


def summary(user: str, facts: Iterable[Fact]) -> Fact | None:
    """The summary of a user's current facts about themselves: identity first, then the most certain and latest.

    None if there is nothing to summarise. Its times are those of its facts, so that the same facts give the same
    summary.
    """
    about = [fact for fact in facts if (fact.subject or user).casefold() == user.casefold()]
    if not about:
        return None
    best = sorted(about, key=lambda fact: (-(fact.confidence or 0.5), -_seconds(fact), str(fact.id)))
    chosen: list[Fact] = []
    size = 0
    for fact in best:
        size += len(_sentence(fact)) + 1
        if size > LONGEST and chosen:
            break
        chosen.append(fact)
    chosen.sort(key=lambda fact: (_place(fact), fact.predicate or "", -_seconds(fact), str(fact.id)))
    times = [fact.created_at for fact in chosen if fact.created_at]
    return Fact(
        id=derive_id("summary", user),
        user_id=user,
        kind="summary",
        text=" ".join(_sentence(fact) for fact in chosen),
        subject=user,
        created_at=max(times, default=None),
        source=Source(system="memctl"),
        native={"extractor": "summary@1", "facts": len(chosen)},
    )


def _seconds(fact: Fact) -> float:
    at = fact.valid_at or fact.created_at
    return at.timestamp() if at else 0.0


def _place(fact: Fact) -> int:
    return min((_RANK.get(category, len(_RANK)) for category in fact.categories), default=len(_RANK))


def _sentence(fact: Fact) -> str:
    text = " ".join(fact.text.split())
    return text if text.endswith((".", "!", "?", "。")) else f"{text}."
