"""Finding records: how well each fits a query, by the words it shares, by meaning, and by what stands around it.

Everything is counted in the SQL of `ranking`, over the user's rows; Python only groups and orders the best. A score
ranks and nothing more: measured on LoCoMo and BEAM, no value of it separates an answer from its absence, so there is no
threshold. This module does not know who asks or how the hits are shown.

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
    speaker     0.2 when the query names the one who said it, 0.1 when it names the person the fact is about. The user's
                own name does not count: it is all over the user's memory.
    fact        0.04 for a typed fact about the user that was not replaced; "she" in a query means the user.
    answer      0.15 when the query asks for a time, a duration, a number, a name or a place, and the record has one.
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

from memctl.backends.contract import EXPECTED, TYPED, Hit
from memctl.core.expected_answer import asks_more, expected
from memctl.core.synonyms import synonyms
from memctl.core.tokenization import STOP_WORDS, stems, words
from memctl.store.connection import Connection
from memctl.store.sql import fact_rows, ranking
from memctl.store.sql.current import kept, true_at
from memctl.store.sql.meta import get_meta
from memctl.store.sql.searched_records import SearchedRecords, searched_records
from memctl.store.sql.spelling import corrections, misspelled

SYNONYM = 0.5
"""How much a synonym of a word of the query counts."""
CORRECTED = 0.8
"""How much a word counts that a misspelled word of the query may stand for."""
AS_GOOD = 0.8
"""A typed fact stands for its turn when it fits at least so well, relative to the turn."""
NOW = "now currently still nowadays anymore"
"""Words that say when, and not what about: "where does she live now?"."""
POOL = 100
"""Records looked at beyond the k asked for, since several may belong to one turn."""

_PARTS = ("lexical", "semantic", "neighbour", "speaker")


class Candidate(msgspec.Struct, kw_only=True):
    """A record that may become a hit. `place` is the row key of the turn it belongs to, or its own.

    `of_other` is true of a fact about somebody else than the user, `known` of a fact whose object the query names while
    it asks for something else.
    """

    id: UUID
    superseded_by: UUID | None
    place: int
    verbatim: bool
    of_other: bool
    known: bool
    parts: dict[str, float]

    @property
    def score(self) -> float:
        """The sum of the parts."""
        return sum(self.parts.values())

    @property
    def fit(self) -> float:
        """How well the record itself matches, without its neighbours."""
        return self.parts.get("lexical", 0.0) + self.parts.get("semantic", 0.0)

    def lift(self, part: str, score: float) -> None:
        """Raise the score to `score`; `part` names the difference."""
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
    if get_meta(connection, "embedder") is None:
        return []  # no record was ever stored
    condition, parameters = _shown(kinds, since, until, as_of)
    records = searched_records(connection, user, condition, query_vector, parameters)
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
    rows = records.rank(parameters)
    doubtful = misspelled(query, (rows[0][5] or "").split()) if rows else []
    corrected = corrections(connection, doubtful, user) if doubtful else []
    if corrected:
        parameters["stems"] += [other for other, _ in corrected]
        parameters["terms"] += [term for _, term in corrected]
        parameters["weights"] += [CORRECTED] * len(corrected)
        rows = records.rank(parameters)
    named = set(telling) if asks_more(query) else set()
    found = [
        Candidate(
            id=id_,
            superseded_by=successor,
            place=place,
            verbatim=verbatim,
            of_other=of_other,
            known=bool(named and object_) and named.issuperset(stems(object_)),
            parts={name: part for name, part in zip(_PARTS, parts, strict=True) if part},
        )
        for id_, successor, place, verbatim, object_, _, of_other, *parts in rows
    ]
    answer = expected(query)
    answering = _matching(records, answer, [one.id for one in found]) if answer else {}
    for candidate in found:
        if not candidate.parts:
            continue
        if not (candidate.verbatim or candidate.of_other) and candidate.superseded_by is None:
            candidate.parts["fact"] = TYPED
        if candidate.id in answering:
            candidate.parts["answer"] = answering[candidate.id]
    found.sort(key=lambda candidate: -candidate.score)
    best = _current_first(_distinct(found), found, k)
    facts = records.facts([candidate.id for candidate in best])
    return [Hit(score=ranked.score, parts=ranked.parts, fact=facts[ranked.id]) for ranked in best]


def _matching(records: SearchedRecords, answer: re.Pattern[str], ids: list[UUID]) -> dict[UUID, float]:
    """How much more the records with what the question asks for count, by their ids."""
    return {
        id_: EXPECTED if role in (None, "user") else EXPECTED * ranking.ASSISTANT
        for id_, role, text in records.said(ids)
        if text and answer.search(text)
    }


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
    """The stems of the query, without the user's own name, which occurs everywhere in the user's memory, and `NOW`."""
    asked = set(stems(query))
    return sorted(asked.difference(stems(user or ""), stems(NOW)) or asked)


def _plain_words(query: str) -> list[str]:
    """The words that a question may have and still be this query: its own words and stop words, without apostrophes."""
    plain = re.compile(r"\w+")
    return sorted({part for word in (query.casefold(), *STOP_WORDS) for part in plain.findall(word)})


def _names(query: str, user: str | None) -> list[str]:
    """The words of the query that could name somebody but the user, as the speakers' names are compared."""
    names = {word.removesuffix("'s").removesuffix("'") for word in words(query)}
    return sorted(word for word in names - STOP_WORDS - set(words(user or "")) if len(word) > 1)


def _distinct(candidates: Iterable[Candidate]) -> list[Candidate]:
    """One candidate for a turn and the facts read in it: a fact, if one fits about as well as the turn, else the turn.

    Every further fact that fits as well makes a candidate of its own. The first takes the score of the best. Of a fact
    whose object the query names the turn may say more: "what helped with my eczema?" is not answered by "has eczema".
    """
    places: dict[int, list[Candidate]] = {}
    for candidate in candidates:
        places.setdefault(candidate.place, []).append(candidate)
    chosen: list[Candidate] = []
    for everything in places.values():
        turns = [member for member in everything if member.verbatim]
        members = [one for one in everything if not (turns and one.known and "answer" not in one.parts)]
        least = AS_GOOD * max(member.fit for member in members)
        facts = [member for member in members if not member.verbatim and member.fit >= least]
        distinct = sorted(facts, key=lambda fact: fact.superseded_by is not None) or members[:1]
        distinct[0].lift("turn", members[0].score)
        chosen += distinct
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
