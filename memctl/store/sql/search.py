"""Finding records: how well each fits a query, by the words it shares, by meaning, and by what stands around it.

Everything is counted in one SQL statement over the user's rows; Python only groups and orders the best. A score
ranks and nothing more: measured on LoCoMo and BEAM, no value of it separates an answer from its absence, so there is no
threshold. This room may not know who asks or how the hits are shown.

The score of a record is the sum of its parts:

    lexical     0.3 x BM25, divided by the best BM25 of this query, or by half of what a record of average length with
                all the query's words would have, if that is more: a chance word is no match. A word and
                its everyday synonyms, which count half, are one term. The words of the turns one and two places away
                in the session count too, a half and a quarter, since an answer seldom repeats the words of its
                question; less in a turn of more than 15 stems, which says for itself what it is about. A
                misspelled word that no record has stands for the nearest words of the records, at 0.8.
    semantic    0.7 x the cosine of the query with the nearest of the record's sentences, or with the whole.
    neighbour   0.3 x lexical + semantic of the better one of the two turns next to it; 0.5 x those of a question, for
                the turn in which somebody else answers it. In a conversation with an assistant at most 0.3 of the
                turn's own: there the turns of the user are often separate requests.
    speaker     0.2 when the query names the one who said it, or the person the fact is about. The user's own name
                does not count: it is all over the user's memory.
    turn        for a typed fact: what the turn it was read in scores above it.
    current     for a fact that replaced a better match: what lifts it level with the one it replaced.

What assistants, tools and systems said counts 0.3 of what people said, and so does a question that says nothing but
what the query says: it is not its own answer. In a conversation of people, a turn that ends in a question counts 0.8,
since it asks for what the query asks for; questions to an assistant often state facts. A fact that ended without a
successor counts half.

The weights are round numbers on a plateau, chosen on conversations of two people (LoCoMo) and of a user with an
assistant (BEAM) together: halving or doubling any one of them moves recall@10 by about 0.02.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from memctl.backends.contract import ENDED, K1, LEXICAL, SEMANTIC, B, Hit
from memctl.core.synonyms import synonyms
from memctl.core.tokenization import STOP_WORDS, stems, words
from memctl.store.connection import Connection
from memctl.store.sql import fact_rows
from memctl.store.sql.current import kept, true_at
from memctl.store.sql.spelling import corrections, misspelled

NEIGHBOUR, ANSWER = 0.3, 0.5
SPEAKER = 0.2
ASSISTANT = 0.3
QUESTION = 0.8
CONTEXT = {1: 0.5, 2: 0.25}
"""How much a word said so many turns away counts."""
SHORT = 15
"""Stems up to which a turn takes the words around it in full; twice as many take half."""
OWN = 0.3
"""Most of its own fit that a turn gets from its neighbours in a conversation with an assistant."""
SYNONYM = 0.5
"""How much a synonym of a word of the query counts."""
CORRECTED = 0.8
"""How much a word counts that a misspelled word of the query may stand for."""
LONGEST_QUESTION = 200
"""Characters up to which a turn that ends in a question mark may be the query once more."""
AS_GOOD = 0.8
"""A typed fact stands for its turn when it fits at least so well, relative to the turn."""
POOL = 100
"""Records looked at beyond the k asked for, since several may belong to one turn."""

# BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), with Lucene's idf, which is never
# negative. Statistics are those of the records searched, so that every user has their own.
_RANK = """
WITH member AS MATERIALIZED (
    SELECT r.key, r.id, r.superseded_by, r.kind, r.user_id, r.session_id, r.position,
           coalesce(e.key, r.key) AS place,
           coalesce(r.role, 'user') <> 'user' AS assistant,
           r.kind = 'episode' AND (r.text LIKE '%?' OR r.text LIKE '%？' OR r.text LIKE '%؟') AS asks,
           coalesce(r.speaker, r.subject, CASE WHEN r.role = 'user' THEN r.user_id END, '') AS who,
           (CASE WHEN r.kind <> 'episode' AND r.superseded_by IS NULL
                      AND coalesce(r.invalid_at, r.expired_at) <= $at THEN {ended}
                 WHEN coalesce(r.role, 'user') <> 'user'
                      OR (r.kind = 'episode' AND r.text LIKE '%?' AND length(r.text) < {longest}
                          AND says_only(r.text, $words::TEXT[]))
                 THEN {assistant} ELSE 1 END)::FLOAT8 AS tier,
           string_to_array(
               folded(coalesce(r.speaker, r.subject, CASE WHEN r.role = 'user' THEN r.user_id END, '')), ' '
           ) && $names::TEXT[] AS named,
           {shown} AS shown
    FROM records r
    LEFT JOIN (SELECT r.id, r.key, r.user_id FROM records r WHERE r.kind = 'episode' AND {mine}) e
        ON e.id = r.episode AND e.user_id = r.user_id
    WHERE {mine}
),
document AS MATERIALIZED (
    SELECT r.record AS key, r.toks, cardinality(r.toks) AS length FROM units r WHERE r.seq = 0 AND {mine}
),
assisted AS MATERIALIZED (
    SELECT DISTINCT user_id, session_id FROM member WHERE assistant AND session_id IS NOT NULL
),
corpus AS (SELECT count(*) AS size, greatest(avg(length)::FLOAT8, 1) AS mean FROM document),
wanted AS MATERIALIZED (
    SELECT unnest($stems::TEXT[]) AS stem, unnest($terms::TEXT[]) AS term, unnest($weights::FLOAT8[]) AS weight
),
said AS MATERIALIZED (
    SELECT key, term, sum(weight) AS times
    FROM (SELECT key, unnest(toks) AS stem FROM document WHERE toks && $stems::TEXT[]) spoken
    JOIN wanted USING (stem)
    GROUP BY key, term
),
rarity AS MATERIALIZED (
    SELECT term, spread, ln((1 + (size - spread + 0.5) / (spread + 0.5))::FLOAT8) AS idf
    FROM (
        SELECT own.term, count(said.key) AS spread
        FROM (SELECT DISTINCT term FROM wanted) own LEFT JOIN said USING (term) GROUP BY own.term
    ) found CROSS JOIN corpus
),
heard AS (
    SELECT key, term, times FROM said
    UNION ALL
    SELECT near.key, term, weighted * least(1, {short} / greatest(document.length, 1))
    FROM (
        SELECT term, user_id, session_id, times * tier * unnest(ARRAY{weights}::FLOAT8[]) AS weighted,
               position + unnest(ARRAY{distances}) AS position
        FROM said JOIN member USING (key) WHERE session_id IS NOT NULL
    ) source
    JOIN (SELECT key, user_id, session_id, position FROM member WHERE session_id IS NOT NULL) near
        USING (user_id, session_id, position)
    JOIN document ON document.key = near.key
),
total AS MATERIALIZED (SELECT key, term, sum(times) AS times FROM heard GROUP BY key, term),
bm25 AS MATERIALIZED (
    SELECT key, sum(idf * times * ({k1} + 1) / (times + {k1} * (1 - {b} + {b} * length / mean))) AS score
    FROM total JOIN rarity USING (term) JOIN document USING (key) CROSS JOIN corpus
    GROUP BY key
),
best AS (
    SELECT greatest((SELECT max(score) FROM bm25), (SELECT sum(idf) / 2 FROM rarity)) AS score
),
likeness AS (
    SELECT u.record AS key, max(similarity(v.embedding, $vector::{vector})) AS cosine
    FROM (SELECT r.unit AS key, r.embedding FROM vectors r WHERE {mine}) v
    JOIN (SELECT r.key, r.record FROM units r WHERE {mine}) u USING (key)
    GROUP BY u.record
),
fit AS MATERIALIZED (
    SELECT weighed.*, tier * discount * {lexical}::FLOAT8 * coalesce(bm25.score / best.score, 0) AS lexical,
           tier * discount * {semantic}::FLOAT8 * greatest(coalesce(cosine, 0), 0) AS semantic
    FROM (
        SELECT member.*, assisted.session_id IS NOT NULL AS assisted,
               (CASE WHEN asks AND tier = 1 AND assisted.session_id IS NULL THEN {question} ELSE 1 END)::FLOAT8
                   AS discount
        FROM member LEFT JOIN assisted USING (user_id, session_id)
    ) weighed CROSS JOIN best LEFT JOIN bm25 USING (key) LEFT JOIN likeness USING (key)
),
turn AS MATERIALIZED (
    SELECT place AS key, max(lexical + semantic) AS best, max((lexical + semantic) / discount) AS undiscounted,
           bool_or(asks) AS asks, bool_or(assisted) AS assisted, min(user_id) AS user_id,
           max(who) FILTER (WHERE key = place) AS who, max(session_id) FILTER (WHERE key = place) AS session_id,
           max(position) FILTER (WHERE key = place) AS position
    FROM fit GROUP BY place
),
beside AS (
    SELECT near.key, bool_or(near.assisted) AS assisted,
           max(CASE WHEN spoken.asks AND step = 1 AND spoken.who <> near.who AND NOT near.assisted
                    THEN greatest({answer} * spoken.undiscounted, {neighbour} * spoken.best)
                    ELSE {neighbour} * spoken.best END) AS lent
    FROM (
        SELECT user_id, session_id, position, best, undiscounted, asks, who, unnest(ARRAY[-1, 1]) AS step FROM turn
        WHERE session_id IS NOT NULL
    ) spoken
    JOIN (SELECT * FROM turn WHERE session_id IS NOT NULL) near
        ON near.user_id = spoken.user_id AND near.session_id = spoken.session_id
           AND near.position = spoken.position + step
    GROUP BY near.key
)
SELECT id, superseded_by, place, verbatim,
       (SELECT string_agg(term, ' ') FROM rarity WHERE spread = 0) AS unmatched,
       lexical, semantic, neighbour, speaker
FROM (
    SELECT fit.key, fit.id, superseded_by, place, kind = 'episode' AS verbatim, lexical, semantic,
           tier * least(coalesce(beside.lent, 0),
                        CASE WHEN beside.assisted THEN {own}::FLOAT8 * (lexical + semantic) ELSE 1e9 END) AS neighbour,
           (CASE WHEN named THEN tier * {speaker} ELSE 0 END)::FLOAT8 AS speaker
    FROM fit LEFT JOIN beside ON beside.key = fit.place
    WHERE shown
) scored
ORDER BY lexical + semantic + neighbour + speaker DESC, key
LIMIT $pool
"""


_PARTS = ("lexical", "semantic", "neighbour", "speaker")


class Candidate(msgspec.Struct, kw_only=True):
    """A record that may become a hit. `place` is the row key of the turn it belongs to, or its own."""

    id: UUID
    superseded_by: UUID | None
    place: int
    verbatim: bool
    parts: dict[str, float]

    @property
    def score(self) -> float:
        """The sum of the parts."""
        return sum(self.parts.values())

    @property
    def fit(self) -> float:
        """How well the record itself fits, its surroundings apart."""
        return self.parts.get("lexical", 0.0) + self.parts.get("semantic", 0.0)

    def lift(self, part: str, score: float) -> None:
        """Bring the score up to `score`, saying in `part` how much that took."""
        if score > self.score:
            self.parts[part] = self.parts.get(part, 0.0) + score - self.score


def search(
    connection: Connection,
    *,
    query: str,
    query_vector: Sequence[float],
    user: str | None,
    k: int,
    kinds: tuple[str, ...] = (),
    since: datetime | None = None,
    until: datetime | None = None,
    as_of: datetime | None = None,
) -> list[Hit]:
    """The k best hits for `query`, best first; a turn and the facts read in it make one hit.

    `query_vector` is the query's unit vector under the store's embedder. `user=None` searches everyone. `kinds`
    keeps those kinds; `since` and `until` bound `valid_at` (else `created_at`), inclusively; `as_of` keeps what held
    at that instant. Superseded facts are found too, each behind the fact that replaced it. What is to be forgotten
    (`expires_at`) is not found once its time has come.
    """
    condition, parameters = _shown(kinds, since, until, as_of)
    statement = _RANK.format(
        mine="TRUE" if user is None else "r.user_id = $user",
        shown=condition,
        distances=[sign * distance for distance in CONTEXT for sign in (-1, 1)],
        weights=[weight for weight in CONTEXT.values() for _ in (-1, 1)],
        vector=connection.vector_type(len(query_vector)),
        assistant=ASSISTANT,
        ended=ENDED,
        lexical=LEXICAL,
        semantic=SEMANTIC,
        neighbour=NEIGHBOUR,
        answer=ANSWER,
        question=QUESTION,
        own=OWN,
        short=f"{SHORT}::FLOAT8",
        longest=LONGEST_QUESTION,
        speaker=SPEAKER,
        k1=K1,
        b=B,
    )
    if user is not None:
        parameters["user"] = user
    telling = _telling(query, user)
    similar = [(other, term) for term in telling for other in sorted(synonyms(term).difference(telling))]
    parameters |= {
        "stems": [*telling, *(other for other, _ in similar)],
        "terms": [*telling, *(term for _, term in similar)],
        "weights": [1.0] * len(telling) + [SYNONYM] * len(similar),
        "names": _names(query, user),
        "words": _plain_words(query),
        "vector": connection.vector(query_vector),
        "pool": 4 * k + POOL,
    }
    rows = connection.execute(statement, parameters).fetchall()
    doubtful = misspelled(query, (rows[0][4] or "").split()) if rows else []
    corrected = corrections(connection, doubtful, user) if doubtful else []
    if corrected:
        parameters["stems"] += [other for other, _ in corrected]
        parameters["terms"] += [term for _, term in corrected]
        parameters["weights"] += [CORRECTED] * len(corrected)
        rows = connection.execute(statement, parameters).fetchall()
    candidates = [
        Candidate(
            id=id_,
            superseded_by=successor,
            place=place,
            verbatim=verbatim,
            parts={name: part for name, part in zip(_PARTS, parts, strict=True) if part},
        )
        for id_, successor, place, verbatim, _, *parts in rows
    ]
    best = _current_first(_distinct(candidates), candidates, k)
    ids = [candidate.id for candidate in best]
    mine, owner = ("TRUE", []) if user is None else ("user_id = ?", [user])
    wanted = f"{mine} AND id IN (SELECT unnest(?::UUID[]))"
    facts = {fact.id: fact for fact in fact_rows.select(connection, wanted, [*owner, ids])}
    return [Hit(score=found.score, parts=found.parts, fact=facts[found.id]) for found in best]


def _shown(
    kinds: tuple[str, ...], since: datetime | None, until: datetime | None, as_of: datetime | None
) -> tuple[str, dict[str, Any]]:
    """The SQL condition on `records r` for what may be a hit, and its parameters."""
    conditions = [kept("$at", "r")]
    parameters: dict[str, Any] = {"at": fact_rows.naive(as_of or datetime.now(UTC))}
    if kinds:
        conditions.append("r.kind = ANY($kinds::TEXT[])")
        parameters["kinds"] = list(kinds)
    if since is not None:
        conditions.append("coalesce(r.valid_at, r.created_at) >= $since")
        parameters["since"] = fact_rows.naive(since)
    if until is not None:
        conditions.append("coalesce(r.valid_at, r.created_at) <= $until")
        parameters["until"] = fact_rows.naive(until)
    if as_of is not None:
        conditions.append(true_at("$at", "r"))
    return " AND ".join(conditions), parameters


def _telling(query: str, user: str | None) -> list[str]:
    """The stems of the query, without the user's own name: it is all over the user's memory and tells nothing."""
    asked = set(stems(query))
    return sorted(asked - set(stems(user or "")) or asked)


def _plain_words(query: str) -> list[str]:
    """The words that a question may have and still be this query: its own words and stop words, without apostrophes."""
    plain = re.compile(r"\w+")
    return sorted({part for word in (query.casefold(), *STOP_WORDS) for part in plain.findall(word)})


def _names(query: str, user: str | None) -> list[str]:
    """The words of the query that could name somebody but the user, as the speakers' names are compared."""
    found = {word.removesuffix("'s").removesuffix("'") for word in words(query)}
    return sorted(word for word in found - STOP_WORDS - set(words(user or "")) if len(word) > 1)


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """One candidate for a turn and the facts read in it: a fact, if one fits about as well as the turn, else the turn.

    Every further fact that fits as well makes a candidate of its own. The first takes the score of the best.
    """
    places: dict[int, list[Candidate]] = {}
    for candidate in candidates:
        places.setdefault(candidate.place, []).append(candidate)
    chosen: list[Candidate] = []
    for members in places.values():
        least = AS_GOOD * max(member.fit for member in members)
        facts = [member for member in members if not member.verbatim and member.fit >= least]
        kept = sorted(facts, key=lambda fact: fact.superseded_by is not None) or members[:1]
        kept[0].lift("turn", members[0].score)
        chosen += kept
    return sorted(chosen, key=lambda candidate: -candidate.score)


def _current_first(chosen: Sequence[Candidate], all_: Sequence[Candidate], k: int) -> list[Candidate]:
    """The k best of `chosen`, every fact that was replaced standing behind the one that replaced it.

    The replacing fact may come from further down, out of `all_`, and then takes the place of its turn.
    """
    by_id: dict[UUID | None, Candidate] = {candidate.id: candidate for candidate in all_}
    hits: list[Candidate] = []
    for candidate in chosen:
        if len(hits) >= k:
            break
        if any(hit.id == candidate.id or (candidate.verbatim and hit.place == candidate.place) for hit in hits):
            continue
        line = [candidate]
        while (after := by_id.get(line[-1].superseded_by)) and after not in line and after not in hits:
            after.lift("current", candidate.score)
            line.append(after)
        for fact in reversed(line):
            turn = next((n for n, hit in enumerate(hits) if hit.verbatim and hit.place == fact.place), None)
            if turn is None:
                hits.append(fact)
            else:
                fact.lift("turn", hits[turn].score)
                hits[turn] = fact
    return hits[:k]
