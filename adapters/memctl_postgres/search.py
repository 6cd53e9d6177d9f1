"""Search by words (BM25 over PostgreSQL's stems) and meaning (cosine similarity), within a span of time.

The score is that of memctl's store, without the parts that need neighbouring turns or speakers.

All facts of a user are compared exactly: the `user_id` index finds them, and an optimisation fence keeps the planner
from the vector index, which would take neighbours of all users and filter afterwards. A search over all users uses the
HNSW index, and scans until there are enough hits. Works on `facts` and on any query with the same columns.
"""

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from psycopg import Connection
from psycopg.sql import SQL, Composable, Composed

from memctl.backends.contract import ENDED, EXPECTED, K1, LEXICAL, SEMANTIC, TYPED, B, Hit, Query, expected
from memctl.core.fact import Fact
from memctl_postgres.mapping import stored_text

POOL = 50

STEMS = (
    "to_tsvector('english', normalize(regexp_replace(normalize(left({text}, 60000), NFKD), "
    r"'[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u065f\u0670]', '', 'g'), NFC))"
)
"""SQL for the stems of a text, without accents and vowel points, cut because a tsvector is limited to a megabyte."""

_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\U00020000-\U0003ffff]+"
)


class Ranked(NamedTuple):
    """A matching row: its key, and the parts of its score."""

    key: Any
    parts: dict[str, float]


_WORDS = """
every AS (SELECT unnest(tsvector_to_array({stems})) AS lexeme),
own AS (SELECT unnest(tsvector_to_array({owner})) AS lexeme),
asked AS (
    SELECT lexeme FROM every
    WHERE lexeme NOT IN (TABLE own) OR NOT EXISTS (SELECT FROM every WHERE lexeme NOT IN (TABLE own))
),
corpus AS (
    SELECT count(*) AS size, greatest(avg(length(lexemes)), 1)::float8 AS mean FROM {source} AS f WHERE {mine}
),
said AS MATERIALIZED (
    SELECT f.key, t.lexeme, cardinality(t.positions) AS times, length(f.lexemes) AS length
    FROM {source} AS f CROSS JOIN LATERAL unnest(f.lexemes) AS t JOIN asked ON asked.lexeme = t.lexeme
    WHERE {mine} AND f.lexemes @@ (
        SELECT string_agg('''' || replace(replace(lexeme, '\\', '\\\\'), '''', '''''') || '''', ' | ') FROM asked
    )::tsquery
),
rarity AS (
    SELECT lexeme, ln(1 + (size - spread + 0.5) / (spread + 0.5)) AS idf FROM corpus CROSS JOIN (
        SELECT asked.lexeme, count(said.key) AS spread FROM asked LEFT JOIN said USING (lexeme) GROUP BY asked.lexeme
    ) counted
),
weighed AS (
    SELECT key, sum(idf * times * ({k1} + 1) / (times + {k1} * (1 - {b} + {b} * length / mean))) AS score
    FROM said JOIN rarity USING (lexeme) CROSS JOIN corpus GROUP BY key
),
worded AS (
    SELECT key, score / greatest(max(score) OVER (), (SELECT sum(idf) / 2 FROM rarity)) AS score FROM weighed
),
"""

_PAIRS = """
paired AS (
    SELECT f.key, (SELECT count(*) FROM unnest(%(pairs)s::text[]) AS pair WHERE strpos(f.text, pair) > 0)::float8
                  / cardinality(%(pairs)s::text[]) AS score
    FROM {source} AS f WHERE {mine}
),
"""
_NO_PAIRS = "paired AS (SELECT key, 0.0::float8 AS score FROM worded WHERE false),"

_MEANING = {
    True: """
alike AS (
    SELECT key FROM (
        SELECT f.key, f.embedding FROM {source} AS f WHERE {mine} AND {shown} AND embedding IS NOT NULL OFFSET 0
    ) AS f
    ORDER BY {distance} LIMIT %(pool)s
),
""",
    False: """
alike AS (
    SELECT key FROM {source} AS f WHERE {shown} AND embedding IS NOT NULL ORDER BY {distance} LIMIT %(pool)s
),
""",
}
_NO_MEANING = "alike AS (SELECT key FROM worded WHERE false),"

_RANK = """
WITH {words} {pairs} {meaning}
lexical AS (
    SELECT key, max(score) AS score FROM (SELECT * FROM worded UNION ALL SELECT * FROM paired) AS scored
    WHERE score > 0 GROUP BY key
),
pool AS (
    SELECT key FROM alike
    UNION
    (
        SELECT key FROM lexical JOIN {source} AS f USING (key) WHERE {shown}
        ORDER BY lexical.score DESC, key LIMIT %(pool)s
    )
)
SELECT key, lexical, semantic FROM (
    SELECT f.key, tier * {lexical} * coalesce(lexical.score, 0) AS lexical,
           tier * {semantic} * greatest(coalesce(nullif({cosine}, 'NaN'), 0), 0) AS semantic
    FROM pool JOIN {source} AS f USING (key) LEFT JOIN lexical USING (key) CROSS JOIN LATERAL (
        SELECT (CASE WHEN NOT f.replaced AND coalesce(f.invalid_at, f.expired_at) <= %(at)s
                     THEN {ended} ELSE 1 END)::float8 AS tier
    ) weight
) scored
ORDER BY lexical + semantic DESC, key
LIMIT %(pool)s
"""


def rank(
    connection: Connection[Any],
    source: Composable,
    query: Query,
    *,
    vector: Sequence[float] | None,
    distance: str,
) -> list[Ranked]:
    """The best rows of `source` for `query`, best first, and some more than `query.k`.

    `source` has the columns key, user_id, kind, text, lexemes, embedding, replaced and the times. `vector` is the
    query's, None to search by words only; `distance` the cosine distance to it in SQL. Runs in the caller's
    transaction.
    """
    user, pool = query.user, 4 * query.k + POOL
    parameters: dict[str, Any] = {"query": stored_text(query.text), "owner": stored_text(user or ""), "pool": pool}
    condition = _shown(query, parameters)
    if user is not None:
        parameters["user"] = stored_text(user)
    searched = vector is not None and any(vector)
    if searched and vector is not None:
        parameters["vector"] = "[" + ",".join(map(repr, map(float, vector))) + "]"
        _scan_on(connection, pool)
    pairs = _pairs(query.text)
    if pairs:
        parameters["pairs"] = pairs

    names: dict[str, Composable] = {
        "source": source,
        "stems": SQL(STEMS.replace("{text}", "%(query)s::text")),
        "owner": SQL(STEMS.replace("{text}", "%(owner)s::text")),
        "mine": SQL("TRUE") if user is None else SQL("f.user_id = %(user)s"),
        "shown": SQL(condition),
        "distance": SQL(distance),
        "cosine": SQL("1 - (f.embedding <=> %(vector)s::vector)" if searched else "NULL::float8"),
        "lexical": SQL(str(LEXICAL)),
        "semantic": SQL(str(SEMANTIC)),
        "ended": SQL(str(ENDED)),
        "k1": SQL(str(K1)),
        "b": SQL(str(B)),
    }

    def part(text: str) -> Composed:
        return SQL(text).format(**names)

    statement = SQL(_RANK).format(
        **names,
        words=part(_WORDS),
        pairs=part(_PAIRS if pairs else _NO_PAIRS),
        meaning=part(_MEANING[user is not None] if searched else _NO_MEANING),
    )
    rows = connection.execute(statement, parameters).fetchall()
    return [
        Ranked(key, {name: part for name, part in (("lexical", lexical), ("semantic", semantic)) if part})
        for key, lexical, semantic in rows
        if lexical or semantic
    ]


def _scan_on(connection: Connection[Any], pool: int) -> None:
    """Let the vector index scan until enough rows pass the filters, which pgvector supports since version 0.8."""
    # The extension is loaded at its first use, and its settings exist only then.
    connection.execute("SELECT '[0]'::vector")
    settings = {
        "hnsw.ef_search": str(min(max(pool, 100), 1000)),
        "hnsw.iterative_scan": "strict_order",
        "hnsw.max_scan_tuples": "200000",
    }
    for name, value in settings.items():
        connection.execute(
            "SELECT set_config(name, %s, true) FROM pg_settings WHERE name = %s",
            [value, name],
        )


def _shown(query: Query, parameters: dict[str, Any]) -> str:
    """The SQL condition of the query's filters; adds to `parameters`."""
    conditions = ["(f.expires_at IS NULL OR f.expires_at > %(at)s)"]
    parameters["at"] = query.as_of or datetime.now(UTC)
    if query.kinds:
        conditions.append("f.kind = ANY(%(kinds)s)")
        parameters["kinds"] = list(query.kinds)
    if query.since is not None:
        conditions.append("coalesce(f.valid_at, f.created_at) >= %(since)s")
        parameters["since"] = query.since
    if query.until is not None:
        conditions.append("coalesce(f.valid_at, f.created_at) <= %(until)s")
        parameters["until"] = query.until
    if query.as_of is not None:
        conditions.append("coalesce(f.valid_at <= %(at)s, f.created_at <= %(at)s, TRUE)")
        conditions.append("coalesce(f.invalid_at > %(at)s, f.expired_at > %(at)s, TRUE)")
    return " AND ".join(conditions)


def _pairs(query: str) -> list[str]:
    """The character pairs of text without spaces, which is one long word for PostgreSQL."""
    pairs = []
    for run in _SPACELESS.findall(query):
        pairs += [run[i : i + 2] for i in range(len(run) - 1)] or [run]
    return sorted(set(pairs))


def hits(ranked: Sequence[Ranked], facts: dict[Any, Fact], query: Query) -> list[Hit]:
    """The best hits; a superseded fact comes after its successor, if that is a hit too."""
    answer = expected(query.text)
    scored = [_hit(facts[row.key], row.parts, answer) for row in ranked if row.key in facts]
    scored.sort(key=lambda hit: -hit.score)
    by_id = {hit.fact.id: hit for hit in scored}
    best: dict[UUID, Hit] = {}
    for hit in scored:
        chain = [hit]
        ids = {hit.fact.id}
        while (after := chain[-1].fact.superseded_by) in by_id and after not in ids and after not in best:
            assert after is not None
            chain.append(_level(by_id[after], hit.score))
            ids.add(after)
        for link in reversed(chain):
            best.setdefault(link.fact.id, link)
        if len(best) >= query.k:
            break
    return list(best.values())[: query.k]


def _hit(fact: Fact, parts: dict[str, float], answer: re.Pattern[str] | None) -> Hit:
    """The hit with two parts that a search of the local store has too: for a typed fact, and for the type of answer
    that the query asks for."""
    about_user = fact.subject in (None, fact.user_id)
    if fact.kind != "episode" and about_user and fact.superseded_by is None:
        parts = {**parts, "fact": TYPED}
    if answer is not None and answer.search(fact.text):
        parts = {**parts, "answer": EXPECTED}
    return Hit(score=sum(parts.values()), parts=parts, fact=fact)


def _level(hit: Hit, score: float) -> Hit:
    """The hit with at least `score`; the part `current` is the difference."""
    if hit.score >= score:
        return hit
    return Hit(score=score, parts={**hit.parts, "current": score - hit.score}, fact=hit.fact)
