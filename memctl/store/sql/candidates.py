"""The records that a search of all users ranks: the best by a rough score, with the records that count for theirs.

The rough score is 0.3 x BM25 over the record's own words, each counted once, + 0.7 x the cosine (of a store in a file:
as `memctl.store.duckdb.signs` estimates it), with the factors for assistants and for facts that ended, what the speaker
adds, and what the turns beside it lend if they are among the best, too. The turns around the best, their facts, and the
facts that replaced them are ranked as well, so that the parts of a score that depend on other records are complete.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from memctl.backends.contract import ENDED, K1, LEXICAL, SEMANTIC, B
from memctl.store.connection import Connection
from memctl.store.sql.current import kept
from memctl.store.sql.ranking import ASSISTANT, CONTEXT, NEIGHBOUR, SPEAKER, SUBJECT

MOST = 4
"""How many records are ranked for one that may become a hit, besides those that count for their scores."""
ROUGH = 8
"""How many records each of these is chosen from, by words and meaning alone."""
LEXICAL_SHARE = 6
"""A sixth as many records are added for their words alone, because the best BM25 counts in every score."""
_BITS = 60
"""Stems in one column of flags."""


_SELECT = """
WITH said AS MATERIALIZED (
    SELECT r.record AS key, cardinality(r.toks) AS length, {flags} FROM units r WHERE r.seq = 0 AND ({any})
),
corpus AS MATERIALIZED (
    SELECT *
    FROM (
        SELECT count(*) AS size, greatest(avg(cardinality(r.toks))::FLOAT8, 1) AS mean FROM units r WHERE r.seq = 0
    ) everything
    CROSS JOIN (SELECT {spreads} FROM said) words
),
rarity AS MATERIALIZED (SELECT size, mean, {spread_names}, {idfs} FROM corpus),
matching AS MATERIALIZED (
    SELECT key, {bm25} AS bm25
    FROM (
        SELECT key, {k1} * (1 - {b} + {b} * length / mean) AS norm, {idf_names}, {times}
        FROM said CROSS JOIN rarity
    ) counted
),
lexical AS MATERIALIZED (
    SELECT key, {lexical}::FLOAT8 * bm25 / greatest(highest, half) AS lexical
    FROM matching CROSS JOIN (SELECT max(bm25) AS highest FROM matching) best
    CROSS JOIN (SELECT ({idf_sum}) / 2 AS half FROM rarity) asked
),
worded AS MATERIALIZED (SELECT key FROM lexical ORDER BY lexical DESC, key LIMIT {rough}),
hidden AS MATERIALIZED (SELECT r.key FROM records r WHERE ({shown}) IS NOT TRUE),
rough AS MATERIALIZED (
    SELECT key, max(fit) AS fit, coalesce(max(lexical), 0) AS lexical
    FROM (
        (
            SELECT near.key, {semantic}::FLOAT8 * greatest(cosine, 0) + coalesce(lexical, 0) AS fit, lexical
            FROM ({near}) near
            LEFT JOIN lexical ON lexical.key = near.key
            WHERE NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.key = near.key)
            ORDER BY fit DESC, near.key LIMIT {rough}
        )
        UNION ALL
        (
            SELECT key, lexical, lexical FROM lexical
            WHERE NOT EXISTS (SELECT 1 FROM hidden WHERE hidden.key = lexical.key)
            ORDER BY lexical DESC, key LIMIT {most}
        )
    ) fits
    GROUP BY key
),
judged AS MATERIALIZED (
    SELECT r.key, id, user_id, session_id, position, episode, superseded_by, fit, lexical,
           (CASE WHEN kind <> 'episode' AND superseded_by IS NULL AND coalesce(invalid_at, expired_at) <= $at
                 THEN {ended} WHEN coalesce(role, 'user') <> 'user' THEN {assistant} ELSE 1 END)::FLOAT8 AS tier,
           (CASE WHEN NOT string_to_array(
                     folded(coalesce(speaker, subject, CASE WHEN role = 'user' THEN r.user_id END, '')), ' '
                 ) && $names::TEXT[] THEN 0 WHEN kind = 'episode' THEN {speaker} ELSE {subject} END)::FLOAT8
               AS speaker_part
    FROM rough JOIN records r ON r.key = rough.key
),
best AS MATERIALIZED (
    (
        SELECT key, id, user_id, session_id, position, episode, superseded_by
        FROM judged LEFT JOIN (
            SELECT user_id, session_id, position, max(lent) AS lent
            FROM (
                SELECT user_id, session_id, position + unnest(ARRAY[-1, 1]) AS position,
                       {neighbour} * tier * fit AS lent
                FROM judged WHERE session_id IS NOT NULL
            ) beside
            GROUP BY user_id, session_id, position
        ) lending USING (user_id, session_id, position)
        ORDER BY tier * (fit + speaker_part + coalesce(lent, 0)) DESC, key LIMIT {most}
    )
    UNION
    (
        SELECT key, id, user_id, session_id, position, episode, superseded_by
        FROM judged ORDER BY lexical DESC, key LIMIT {lexical_most}
    )
),
seat AS MATERIALIZED (
    SELECT r.key, r.id, r.user_id, r.session_id, r.position
    FROM records r WHERE r.id IN (SELECT episode FROM best WHERE episode IS NOT NULL)
    UNION
    SELECT key, id, user_id, session_id, position FROM best
),
turn AS MATERIALIZED (
    SELECT key, id FROM seat
    UNION
    SELECT r.key, r.id
    FROM records r JOIN (
        SELECT DISTINCT user_id, session_id, position + unnest(ARRAY{steps}) AS position FROM seat
        WHERE session_id IS NOT NULL
    ) beside USING (user_id, session_id, position)
    WHERE r.session_id IS NOT NULL
),
read_in AS (
    SELECT r.key FROM records r WHERE r.episode IN (SELECT id FROM turn)
),
later AS (
    SELECT r.key FROM records r WHERE r.id IN (SELECT superseded_by FROM best WHERE superseded_by IS NOT NULL)
)
SELECT key, size, mean, ARRAY[{spread_names}] AS spreads
FROM (SELECT key FROM turn UNION SELECT key FROM read_in UNION SELECT key FROM later) chosen CROSS JOIN corpus
ORDER BY key
"""


def choose(
    connection: Connection, shown: str, query_vector: Sequence[float], parameters: dict[str, Any]
) -> dict[str, Any] | None:
    """The parameters of `ranking.statement` that name the candidates of a query; None if no record may be a hit.

    They are the row keys, and what BM25 needs of all records: their number, their average length, and how many have
    each of the distinct terms. `shown` is the condition on `records r` for what may be a hit, `parameters` are the
    other parameters of the statement.
    """
    # The nearest vectors may all be of records that another condition hides.
    always = "SELECT key FROM worded" if shown == kept("$at", "r") else None
    near, bound = connection.near(query_vector, always)
    # A query without words, such as "?", has one that no record has.
    stems, terms, weights = (
        parameters[name] or [none] for name, none in (("stems", ""), ("terms", ""), ("weights", 0.0))
    )
    distinct = list(dict.fromkeys(terms))
    bits = [(number // _BITS, 1 << number % _BITS) for number in range(len(stems))]
    has = [f"(flags{column} & {bit}) <> 0" for column, bit in bits]
    of_term = [[number for number, term in enumerate(terms) if term == each] for each in distinct]
    said = [connection.contains("r.toks", f"$stem{number}::TEXT") for number in range(len(stems))]
    flags = [
        " + ".join(
            f"CASE WHEN {said[number]} THEN {bit} ELSE 0 END::BIGINT"
            for number, (place, bit) in enumerate(bits)
            if place == column
        )
        for column in range(-(-len(stems) // _BITS))
    ]
    numbers = range(len(distinct))
    most = int(MOST * parameters["pool"]) or 1
    statement = _SELECT.format(
        flags=", ".join(f"{flag} AS flags{column}" for column, flag in enumerate(flags)),
        spreads=", ".join(
            f"count(*) FILTER (WHERE {' OR '.join(has[stem] for stem in of_term[n])}) AS spread{n}" for n in numbers
        ),
        spread_names=", ".join(f"spread{n}" for n in numbers),
        idfs=", ".join(f"ln((1 + (size - spread{n} + 0.5) / (spread{n} + 0.5))::FLOAT8) AS idf{n}" for n in numbers),
        idf_names=", ".join(f"idf{n}" for n in numbers),
        idf_sum=" + ".join(f"idf{n}" for n in numbers),
        times=", ".join(
            " + ".join(f"CASE WHEN {has[stem]} THEN {weights[stem]} ELSE 0 END::FLOAT8" for stem in of_term[n])
            + f" AS times{n}"
            for n in numbers
        ),
        bm25=" + ".join(f"idf{n} * times{n} * ({K1} + 1) / (times{n} + norm)" for n in numbers),
        any=" OR ".join(said),
        shown=shown,
        near=near,
        steps=[step for step in range(-max(CONTEXT) - 1, max(CONTEXT) + 2) if step],
        rough=ROUGH * most,
        most=most,
        lexical_most=most // LEXICAL_SHARE + 1,
        k1=K1,
        b=B,
        lexical=LEXICAL,
        semantic=SEMANTIC,
        ended=ENDED,
        assistant=ASSISTANT,
        speaker=SPEAKER,
        subject=SUBJECT,
        neighbour=NEIGHBOUR,
    )
    named = {name: value for name, value in parameters.items() if f"${name}" in statement}
    named |= {f"stem{number}": stem for number, stem in enumerate(stems)}
    rows = connection.execute(statement, bound | named).fetchall()
    if not rows:
        return None
    _, size, mean, spreads = rows[0]
    return {
        "keys": [row[0] for row in rows],
        "size": size,
        "mean": mean,
        "distinct": distinct,
        "spreads": list(spreads),
    }
