"""Search edges as Graphiti does: by words (BM25) and by meaning (cosine similarity), with fused ranks.

Graphiti's own search in Kuzu takes only the best hits of all users from the full-text index and then filters by user;
here all hits are taken, so that none of the user's is lost. Summaries are found by their words.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from memctl.backends.contract import Hit, Query, rank
from memctl.core.fact import Fact
from memctl_graphiti.cypher import Dialect
from memctl_graphiti.graph import Graph, sdk
from memctl_graphiti.mapping import Edge, Node

_EVERYTHING = 2**31 - 1
_LONGEST_QUERY = 2_000
"""The number of characters of a query that are used."""


class Search(NamedTuple):
    """A search in these groups (None: in all), for facts that were true at `as_of`."""

    query: str
    vector: Sequence[float] | None
    groups: Sequence[str] | None
    as_of: datetime | None = None


def find(
    graph: Graph, cypher: Dialect, search: Search, k: int, fact_of: Callable[[Edge | Node], Fact | None]
) -> list[Hit]:
    """The k best hits, best first. `fact_of` returns the fact of a record, None for a record without an owner.

    A score is the sum over `parts`, `lexical` and `semantic`, of 1 / rank (reciprocal rank fusion, Cormack et al.
    2009, with graphiti-core's constant).
    """
    limit = 2 * k
    while True:
        parts = _ranked(graph, cypher, search, limit)
        records: dict[str, Edge | Node] = {}
        uuids = list(parts)
        for row in graph.run(cypher.edges_by_uuid, uuids=uuids) if uuids else ():
            records[row["uuid"]] = cypher.edge(row)
        for row in graph.run(cypher.nodes_by_uuid, uuids=[u for u in uuids if u not in records]) if uuids else ():
            records[row["uuid"]] = cypher.node(row)
        hits = []
        for uuid, record in records.items():
            fact = fact_of(record)
            if fact is not None and _shown(fact, search.as_of):
                hits.append(Hit(score=sum(parts[uuid].values()), parts=parts[uuid], fact=fact))
        hits.sort(key=lambda hit: (-hit.score, str(hit.fact.id)))
        # Some hits were filtered out: further ones may follow.
        if len(hits) >= k or len(parts) < limit:
            return hits[:k]
        limit *= 4


def by_words(facts: Sequence[Fact], query: Query) -> list[Hit]:
    """The best of these facts by BM25, best first."""
    by_id = {fact.id: fact for fact in facts if _shown(fact, query.as_of)}
    scores = rank(by_id.values(), query.text, query.k, query.as_of or datetime.now(UTC))
    return [Hit(score=score, parts={"lexical": score}, fact=by_id[id_]) for id_, score in scores]


def _ranked(graph: Graph, cypher: Dialect, search: Search, limit: int) -> dict[str, dict[str, float]]:
    scope: dict[str, Any] = {"limit": limit}
    if search.groups is not None:
        scope["groups"] = list(search.groups)
    words = " ".join(search.query.replace("\0", " ")[:_LONGEST_QUERY].split())
    lists: list[tuple[str, list[dict[str, Any]]]] = []
    if words:
        graph.index()
        full_text_query = words if graph.embedded else sdk("helpers").lucene_sanitize(words)
        for query, record in ((cypher.by_words, "e"), (cypher.nodes_by_words, "n")):
            rows = graph.run(_scoped(query, search, record), query=full_text_query, top=_EVERYTHING, **scope)
            lists.append(("lexical", rows))
    if search.vector is not None:
        query = _scoped(cypher.by_meaning, search, "e").replace("<size>", str(len(search.vector)))
        lists.append(("semantic", graph.run(query, vector=list(search.vector), **scope)))
    parts: dict[str, dict[str, float]] = {}
    for part, rows in lists:
        for place, row in enumerate(rows, 1):
            parts.setdefault(row["uuid"], {})[part] = 1 / place
    return parts


def _scoped(query: str, search: Search, record: str) -> str:
    return query.replace("<mine>", "true" if search.groups is None else f"{record}.group_id IN $groups")


def _shown(fact: Fact, as_of: datetime | None) -> bool:
    """Whether the fact has not expired, and was true at `as_of`."""
    if fact.expires_at is not None and fact.expires_at <= (as_of or datetime.now(UTC)):
        return False
    if as_of is None:
        return True
    began, ended = fact.valid_at or fact.created_at, fact.invalid_at or fact.expired_at
    return (began is None or began <= as_of) and (ended is None or ended > as_of)
