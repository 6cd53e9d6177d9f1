"""Zep's own search of edges: finds current facts, or facts that were true at an instant."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import product

from memctl.backends.contract import Hit
from memctl.core.fact import Fact
from memctl_zep.client import MOST, Api, Record
from memctl_zep.mapping import moment, rfc3339, to_fact
from memctl_zep.users import Person

LONGEST_QUERY = 400
"""The maximum length of a query in characters; a longer one is cut."""
SPARE = 2
"""The factor by which more edges are requested than needed, because some may be ended or older versions."""


def search(api: Api, people: Sequence[Person], query: str, k: int, as_of: datetime | None) -> list[Hit]:
    """The k best hits among the graphs of `people`, best first."""
    words = " ".join(query.encode(errors="replace").decode().replace("\0", " ").split())[:LONGEST_QUERY]
    if not words or k < 1:
        return []
    hits = [hit for person in people for hit in _of_one(api, person, words, k, as_of)]
    return sorted(hits, key=lambda hit: -hit.score)[:k]


def at_instant(at: datetime) -> Record:
    """Zep's filters for edges that were true at an instant, by Zep's dates; a missing date always matches."""
    began = ({"field": "valid_at", "operator": "lte", "value": rfc3339(at)}, _null("valid_at"))
    ends = ({"field": "invalid_at", "operator": "gt", "value": rfc3339(at)}, _null("invalid_at"))
    return {"date_filters": {"any_of": [{"all_of": list(pair)} for pair in product(began, ends)]}}


def _null(field: str) -> Record:
    return {"field": field, "operator": "is_null"}


def _of_one(api: Api, person: Person, words: str, k: int, as_of: datetime | None) -> Iterator[Hit]:
    filters = at_instant(as_of) if as_of is not None else None
    edges = api.search(person.graph, words, min(MOST, k * SPARE), filters)
    latest: dict[object, tuple[datetime, Hit]] = {}
    for rank, edge in enumerate(edges.records):
        try:
            fact = to_fact(edge, person.owner)
        except (ValueError, TypeError):
            continue
        if not _wanted(fact, as_of):
            continue
        created_at = moment(edge.get("created_at")) or datetime.min.replace(tzinfo=UTC)
        hit = Hit(score=_score(edge, rank), parts=_parts(edge, rank), fact=fact)
        newest = latest.get(fact.id)
        if newest is None or newest[0] < created_at:
            latest[fact.id] = (created_at, hit)
    yield from (hit for _, hit in latest.values())


def _parts(edge: Record, rank: int) -> dict[str, float]:
    parts = {name: float(edge[name]) for name in ("score", "relevance") if isinstance(edge.get(name), int | float)}
    return parts or {"rank": 1.0 / (1 + rank)}


def _score(edge: Record, rank: int) -> float:
    parts = _parts(edge, rank)
    return parts.get("score", parts.get("relevance", parts.get("rank", 0.0)))


def _wanted(fact: Fact, as_of: datetime | None) -> bool:
    """Whether the fact is current, or was true at the instant by all of its times (Zep has only two of them)."""
    at = as_of or datetime.now(UTC)
    if fact.expires_at is not None and fact.expires_at <= at:
        return False
    if as_of is None:
        return True
    began, ended = fact.valid_at or fact.created_at, fact.invalid_at or fact.expired_at
    return (began is None or began <= as_of) and (ended is None or ended > as_of)
