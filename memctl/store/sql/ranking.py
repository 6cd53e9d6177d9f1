"""The SQL of the ranking: what is computed from a user's records alone, and what is computed for each query.

The first part is six tables. They are subqueries of the ranking statement; on a connection that stays open,
`held_ranking` keeps them for later searches of the user. `search` describes the score.

member      the records with what a query cannot change: the turn they belong to, who said them, whether they ask
corpus      the number of records and their average length
posting     each stem of each record
around      the records near a record: how much a word counts there, and what BM25 adds for the length. A record is near
            itself, with a `share` of NULL
chunk       the vectors; in a search their cosines with the query
adjacent    the records of the turns beside a turn, and whether the turn answers them
"""

from __future__ import annotations

from collections.abc import Mapping

from memctl.backends.contract import ENDED, K1, LEXICAL, SEMANTIC, B
from memctl.store.sql import fact_rows

NEIGHBOUR, ANSWER = 0.3, 0.5
SPEAKER, SUBJECT = 0.2, 0.1
ASSISTANT = 0.3
QUESTION = 0.8
CONTEXT = {1: 0.5, 2: 0.25}
"""How much a word said so many turns away counts."""
CONTINUED = {1: 0.8, 2: 0.5}
"""The same for words before a turn that begins with one of the `PERSONS`: only the turns before tell who that is."""
PERSONS = (
    *("he", "he's", "he'd", "he'll", "she", "she's", "she'd", "she'll"),
    *("they", "they're", "they've", "they'd", "they'll", "his", "her", "their", "him", "them"),
)
SHORT = 15
"""Stems up to which a turn takes the words around it in full; twice as many take half."""
OWN = 0.3
"""Most of its own fit that a turn gets from its neighbours in a conversation with an assistant."""
LONGEST_QUESTION = 200
"""Characters up to which a turn that ends in a question mark may be the query once more."""

_MEMBER = """
    WITH record AS (
        SELECT {columns}, coalesce(e.key, r.key) AS place, coalesce(r.role, 'user') <> 'user' AS assistant,
               r.kind = 'episode' AND (r.text LIKE '%?' OR r.text LIKE '%？' OR r.text LIKE '%؟') AS asks,
               CASE WHEN r.kind = 'episode' AND r.text LIKE '%?' AND length(r.text) < {longest} THEN r.text END
                   AS question,
               r.kind <> 'episode' AND coalesce(r.subject, r.user_id) <> r.user_id AS of_other,
               coalesce(r.speaker, r.subject, CASE WHEN r.role = 'user' THEN r.user_id END, '') AS who,
               r.kind = 'episode' AND split_part(replace(lower(left(r.text, 9)), '’', ''''), ' ', 1) IN ({persons})
                   AS continues,
               cardinality(d.toks) AS length
        FROM {records} r
        LEFT JOIN (SELECT r.id, r.key, r.user_id FROM {records} r WHERE r.kind = 'episode' AND {mine}) e
            ON e.id = r.episode AND e.user_id = r.user_id
        LEFT JOIN (SELECT r.record, r.user_id, r.toks FROM {units} r WHERE r.seq = 0 AND {mine}) d
            ON d.record = r.key AND d.user_id = r.user_id
        WHERE {mine}
    )
    SELECT record.*, string_to_array(folded(who), ' ') AS names, assisted.session_id IS NOT NULL AS assisted
    FROM record
    LEFT JOIN ({assisted}) assisted USING (user_id, session_id)
"""
_CORPUS = "SELECT count(length) AS size, greatest(avg(length)::FLOAT8, 1) AS mean FROM {member} member"
_POSTING = "SELECT r.record AS key, unnest(r.toks) AS stem FROM {units} r WHERE r.seq = 0 AND {mine} AND {said}"
_AROUND = """
    SELECT key AS source, key, NULL::FLOAT8 AS share, {k1} * (1 - {b} + {b} * length / mean) AS norm
    FROM {member} member CROSS JOIN {corpus} corpus WHERE length IS NOT NULL
    UNION ALL
    SELECT source.key, near.key,
           CASE WHEN near.continues THEN if_continued ELSE share END
               * least(1, {short}::FLOAT8 / greatest(near.length, 1)),
           {k1} * (1 - {b} + {b} * near.length / mean)
    FROM (
        SELECT key, user_id, session_id, unnest(ARRAY{weights}::FLOAT8[]) AS share,
               unnest(ARRAY{continued}::FLOAT8[]) AS if_continued,
               position + unnest(ARRAY{distances}) AS position
        FROM {member} member WHERE session_id IS NOT NULL
    ) source
    JOIN (
        SELECT key, user_id, session_id, position, length, continues FROM {member} member WHERE length IS NOT NULL
    ) near USING (user_id, session_id, position)
    CROSS JOIN {corpus} corpus
"""
_CHUNK = """
    SELECT u.record AS key, v.{measure}
    FROM (SELECT r.unit AS key, {compared} AS {measure} FROM vectors r WHERE {near}) v
    JOIN (SELECT r.key, r.record FROM {units} r WHERE {mine}) u USING (key)
"""
_ADJACENT = """
    WITH turn AS (
        SELECT place AS key, bool_or(asks) AS asks, bool_or(assisted) AS assisted, min(user_id) AS user_id,
               max(who) FILTER (WHERE key = place) AS who, max(session_id) FILTER (WHERE key = place) AS session_id,
               max(position) FILTER (WHERE key = place) AS position
        FROM {member} member GROUP BY place
    )
    SELECT near.key, member.key AS source, near.assisted,
           spoken.asks AND step = 1 AND spoken.who <> near.who AND NOT near.assisted AS answers
    FROM (SELECT turn.*, unnest(ARRAY[-1, 1]) AS step FROM turn WHERE session_id IS NOT NULL) spoken
    JOIN (SELECT * FROM turn WHERE session_id IS NOT NULL) near
        ON near.user_id = spoken.user_id AND near.session_id = spoken.session_id
           AND near.position = spoken.position + step
    JOIN {member} member ON member.place = spoken.key
"""
TABLES = {
    "member": _MEMBER,
    "corpus": _CORPUS,
    "posting": _POSTING,
    "around": _AROUND,
    "chunk": _CHUNK,
    "adjacent": _ADJACENT,
}
_MINE = "r.user_id = $user"
_OWN = {
    "records": "records",
    "units": "units",
    "mine": _MINE,
    "near": _MINE,
    "assisted": "SELECT DISTINCT user_id, session_id FROM record WHERE assistant AND session_id IS NOT NULL",
}
"""Where a user's rows are, and the conditions that choose them."""
_OWN_UNITS = """own_unit AS MATERIALIZED (
    SELECT r.key, r.record, r.user_id, r.seq, r.toks FROM units r WHERE {mine}
),
"""
"""A user's units, which are read once."""
_CHOSEN = {
    "records": "chosen_record",
    "units": "chosen_unit",
    "mine": "TRUE",
    "near": "r.unit IN (SELECT key FROM chosen_unit)",
    "assisted": "SELECT DISTINCT r.user_id, r.session_id FROM records r "
    "WHERE r.role <> 'user' AND r.session_id IN (SELECT session_id FROM record)",
}
"""The same for some records of any users, which are read once."""
_READ = """chosen_record AS MATERIALIZED (
    SELECT {columns}, r.role, r.speaker, r.subject, r.episode, r.text
    FROM records r WHERE r.key IN (SELECT unnest($keys::BIGINT[]))
),
chosen_unit AS MATERIALIZED (
    SELECT r.key, r.record, r.user_id, r.seq, r.toks FROM units r WHERE r.record IN (SELECT unnest($keys::BIGINT[]))
),
"""
_COUNTED = "SELECT $size::BIGINT AS size, $mean::FLOAT8 AS mean"
"""The corpus of these records: all records."""
_SPREAD = """
        SELECT term, count(key) AS spread
        FROM (SELECT key, term FROM total WHERE own UNION ALL SELECT NULL, unnest($terms::TEXT[])) said GROUP BY term
"""
_COUNTED_SPREAD = "SELECT unnest($distinct::TEXT[]) AS term, unnest($spreads::BIGINT[]) AS spread"

# BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), with Lucene's idf, which is never
# negative. Statistics are those of the records searched, so that every user has their own.
_RANK = """
WITH {given}judged AS MATERIALIZED (
    SELECT key, id, superseded_by, kind, object, of_other, place, shown, tier,
           (CASE WHEN asks AND tier = 1 AND NOT assisted THEN {question} ELSE 1 END)::FLOAT8 AS discount,
           (CASE WHEN NOT names && $names::TEXT[] THEN 0 WHEN kind = 'episode' THEN tier * {speaker}
                 ELSE tier * {subject} END)::FLOAT8 AS speaker
    FROM (
        SELECT key, id, superseded_by, kind, object, of_other, place, asks, assisted, names, {shown} AS shown,
               (CASE WHEN kind <> 'episode' AND superseded_by IS NULL AND coalesce(invalid_at, expired_at) <= $at
                     THEN {ended}
                     WHEN assistant OR (question IS NOT NULL AND says_only(question, $words::TEXT[])) THEN {assistant}
                     ELSE 1 END)::FLOAT8 AS tier
        FROM {member} r
    ) tiered
),
total AS MATERIALIZED (
    SELECT around.key, term, bool_or(share IS NULL) AS own, max(norm) AS norm,
           sum(weight * CASE WHEN share IS NULL THEN 1 ELSE share * tier END) AS times
    FROM {around} around
    JOIN (
        SELECT judged.key, term, weight, tier
        FROM judged
        JOIN (
            SELECT posting.key, term, weight
            FROM {posting} posting
            JOIN (
                SELECT unnest($stems::TEXT[]) AS stem, unnest($terms::TEXT[]) AS term,
                       unnest($weights::FLOAT8[]) AS weight
            ) wanted USING (stem)
        ) spoken USING (key)
    ) said ON said.key = around.source
    GROUP BY around.key, term
),
rarity AS MATERIALIZED (
    SELECT term, spread, ln((1 + (size - spread + 0.5) / (spread + 0.5))::FLOAT8) AS idf
    FROM ({spread}) counted CROSS JOIN {corpus} corpus
),
signal AS MATERIALIZED (
    SELECT key, sum(bm25) AS bm25, max(cosine) AS cosine
    FROM (
        SELECT key, idf * times * ({k1} + 1) / (times + norm) AS bm25, NULL AS cosine
        FROM total JOIN rarity USING (term)
        UNION ALL
        SELECT key, NULL, cosine FROM {chunk} chunk
    ) signals
    GROUP BY key
),
fit AS MATERIALIZED (
    SELECT judged.*, unmatched,
           tier * discount * {lexical}::FLOAT8 * coalesce(bm25 / greatest(highest, half), 0) AS lexical,
           tier * discount * {semantic}::FLOAT8 * greatest(coalesce(cosine, 0), 0) AS semantic
    FROM judged LEFT JOIN signal USING (key)
    CROSS JOIN (SELECT max(bm25) AS highest FROM signal) best
    CROSS JOIN (
        SELECT sum(idf) / 2 AS half, string_agg(term, ' ') FILTER (WHERE spread = 0) AS unmatched FROM rarity
    ) asked
)
SELECT id, superseded_by, place, verbatim, object, unmatched, of_other, lexical, semantic, neighbour, speaker
FROM (
    SELECT fit.key, id, superseded_by, place, kind = 'episode' AS verbatim, object, unmatched, of_other,
           lexical, semantic, speaker,
           tier * least(coalesce(lent, 0), CASE WHEN assisted THEN {own}::FLOAT8 * (lexical + semantic) ELSE 1e9 END)
               AS neighbour
    FROM fit
    LEFT JOIN (
        SELECT adjacent.key, bool_or(assisted) AS assisted,
               greatest({neighbour} * max(lexical + semantic),
                        {answer} * max((lexical + semantic) / discount) FILTER (WHERE answers)) AS lent
        FROM {adjacent} adjacent JOIN fit ON fit.key = adjacent.source
        GROUP BY adjacent.key
    ) beside ON beside.key = fit.place
    WHERE shown
) scored
ORDER BY lexical + semantic + neighbour + speaker DESC, key
LIMIT $pool
"""
_NEEDED = (
    "r.key, r.id, r.superseded_by, r.kind, r.object, r.user_id, r.session_id, r.position, "
    "r.valid_at, r.created_at, r.invalid_at, r.expired_at, r.expires_at"
)
"""The columns of `records` that the statement uses."""
_WEIGHTS = {
    "distances": [sign * distance for distance in CONTEXT for sign in (-1, 1)],
    "weights": [weight for weight in CONTEXT.values() for _ in (-1, 1)],
    "continued": [weights[distance] for distance in CONTEXT for weights in (CONTEXT, CONTINUED)],
    "persons": ", ".join("'" + word.replace("'", "''") + "'" for word in PERSONS),
    "assistant": ASSISTANT,
    "ended": ENDED,
    "lexical": LEXICAL,
    "semantic": SEMANTIC,
    "neighbour": NEIGHBOUR,
    "answer": ANSWER,
    "question": QUESTION,
    "own": OWN,
    "short": SHORT,
    "longest": LONGEST_QUESTION,
    "speaker": SPEAKER,
    "subject": SUBJECT,
    "k1": K1,
    "b": B,
}


def selects(names: Mapping[str, str]) -> dict[str, str]:
    """The SELECTs of the tables of one user ($user), by the name of the table; `names` are the names of all of them."""
    columns = f"r.{fact_rows.COLUMNS.replace(', ', ', r.')}"
    return _selects(names, columns=columns, said="TRUE", measure="embedding", compared="r.embedding", **_OWN)


def statement(user: str | None, shown: str, vector: str) -> str:
    """The ranking of the records of a user (None: of the `candidates`).

    Its rows are (id, superseded_by, place, verbatim, object, unmatched, lexical, semantic, neighbour, speaker), best
    first. `shown` is the condition on `records r` for what may be a hit, `vector` the type of a vector. Its parameters
    are $stems, $terms, $weights, $names, $words, $vector, $at, $pool, those of `shown`, and $user; for candidates
    $keys, $size, $mean, $distinct and $spreads in place of $user.
    """
    tables = {name: name for name in TABLES}
    chosen = _OWN | {"units": "own_unit"} if user is not None else _CHOSEN
    compared = f"similarity(r.embedding, $vector::{vector})"
    selected = _selects(
        tables, columns=_NEEDED, said="r.toks && $stems::TEXT[]", measure="cosine", compared=compared, **chosen
    )
    given = _OWN_UNITS.format(mine=_MINE)
    if user is None:
        given = _READ.format(columns=_NEEDED)
        selected["corpus"] = _COUNTED
    for name, text in selected.items():
        given += f"{name} AS {'MATERIALIZED ' if name in ('member', 'corpus') else ''}({text}),\n"
    spread = _SPREAD if user is not None else _COUNTED_SPREAD
    return _RANK.format(given=given, shown=shown, spread=spread, **_WEIGHTS, **tables)


def _selects(names: Mapping[str, str], **conditions: str) -> dict[str, str]:
    return {name: text.format(**conditions, **_WEIGHTS, **names) for name, text in TABLES.items()}
