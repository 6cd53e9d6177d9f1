"""The score of `ranking` for one user whose records are in memory, for a connection that stays open.

DuckDB takes longer to plan the statement of `ranking` than to execute it on the records of one user. Here the same
SELECTs fill arrays once, and numpy computes the same formulas. Cosines are 32-bit numbers in both, so scores may differ
after the sixth digit.
"""

from __future__ import annotations

import re
from collections.abc import Container, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from memctl.backends.contract import ENDED, K1, LEXICAL, SEMANTIC
from memctl.core.fact import Fact
from memctl.core.late_pattern import late
from memctl.store.connection import Connection
from memctl.store.sql import fact_rows, ranking

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.int64]

MOST = 10_000
"""Records of a user that are kept at most: with their texts and vectors, thirty megabytes."""
_WORD = late(r"\w+", re.ASCII)
_MEMBER = (
    "key, id, superseded_by, place, kind = 'episode', object, assistant, asks AND NOT assisted, question, names, "
    "CASE WHEN kind <> 'episode' AND superseded_by IS NULL THEN coalesce(invalid_at, expired_at) END, "
    f"role, of_other, {fact_rows.FACT_COLUMNS}"
)
_FACT = 13
"""Where the columns of the fact begin."""
_TEXT = fact_rows.FACT_COLUMNS.split(", ").index("text")


class HeldSearch(NamedTuple):
    """The `SearchedRecords` of one search: all records, and the row keys of those that may be hits."""

    records: HeldRecords
    shown: Container[int]

    def rank(self, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """See `SearchedRecords`."""
        return self.records.rank(parameters, self.shown)

    def said(self, ids: list[UUID]) -> list[tuple[UUID, str | None, str | None]]:
        """See `SearchedRecords`."""
        return [(id_, self.records.roles[id_], self.records.rows[id_][_TEXT]) for id_ in ids]

    def facts(self, ids: list[UUID]) -> dict[UUID, Fact]:
        """See `SearchedRecords`."""
        return {id_: fact_rows.to_fact(self.records.rows[id_]) for id_ in ids}


def held_records(connection: Connection, user: str) -> HeldRecords | None:
    """The records of a user, unless they are too many."""
    ((number,),) = connection.execute("SELECT count(*) FROM records WHERE user_id = ?", [user]).fetchall()
    if not 0 < number <= MOST:
        return None
    tables = {name: f"held_{name}" for name in ranking.TABLES}
    try:
        for name, select in ranking.selects(tables).items():
            named = {"user": user} if "$user" in select else {}
            connection.execute(f"CREATE OR REPLACE TEMP TABLE {tables[name]} AS {select}", named)
        return HeldRecords(connection, tables)
    finally:
        for table in tables.values():
            connection.execute(f"DROP TABLE IF EXISTS temp.{table}")


class HeldRecords:
    """The records of one user as arrays, in the order of their row keys."""

    def __init__(self, connection: Connection, tables: Mapping[str, str]) -> None:
        import numpy as np

        def columns(name: str, selected: str) -> list[Any]:
            rows = connection.execute(f"SELECT {selected} FROM {tables[name]}").fetchall()  # noqa: S608
            return list(zip(*rows, strict=True)) or [()] * (selected.count(", ") + 1)

        def places(keys: Any) -> Places:
            return np.searchsorted(self.keys, np.array(keys, dtype=np.int64))

        members = connection.execute(f"SELECT {_MEMBER} FROM {tables['member']} ORDER BY key").fetchall()  # noqa: S608
        keys, self.ids, self.successors, turns, verbatim, self.objects, *rest = zip(*members, strict=True)
        assistant, asks, questions, names, ends, roles, self.of_other, *_ = rest
        self.roles = dict(zip(self.ids, roles, strict=True))
        self.rows = {row[1]: row[_FACT:] for row in members}
        self.keys = np.array(keys, dtype=np.int64)
        self.turns = places(turns)
        self.verbatim = np.array(verbatim, dtype=bool)
        self.assistant = np.array(assistant, dtype=bool)
        self.asks = np.array(asks, dtype=bool)
        self.questions = {
            place: frozenset(_WORD.findall(question.lower()))
            for place, question in enumerate(questions)
            if question is not None
        }
        self.named: dict[str, list[int]] = {}
        for place, words in enumerate(names):
            for word in words or ():
                self.named.setdefault(word, []).append(place)
        self.ends = [(place, end) for place, end in enumerate(ends) if end is not None]
        self.size = connection.execute(f"SELECT size FROM {tables['corpus']}").fetchall()[0][0]  # noqa: S608
        said: dict[str, list[int]] = {}
        for key, stem in connection.execute(f"SELECT key, stem FROM {tables['posting']}").fetchall():  # noqa: S608
            said.setdefault(stem, []).append(key)
        self.said = {stem: places(keys) for stem, keys in said.items()}
        sources, targets, shares, norms = columns("around", "source, key, share, norm")
        self.sources, self.targets = places(sources), places(targets)
        self.itself = np.array([share is None for share in shares], dtype=bool)
        self.shares = np.array([1.0 if share is None else share for share in shares])
        self.norms = np.ones(len(self.keys))
        self.norms[self.targets] = norms
        chunks, vectors = connection.vectors(f"SELECT key, embedding FROM {tables['chunk']}")  # noqa: S608
        self.chunks, self.vectors = places([key for (key,) in chunks]), vectors
        beside, lenders, assisted, answers = columns("adjacent", "key, source, assisted, answers")
        self.beside, self.lenders = places(beside), places(lenders)
        self.assisted = np.array(assisted, dtype=bool)
        self.answers = np.array(answers, dtype=bool)

    def rank(self, parameters: Mapping[str, Any], shown: Container[int]) -> list[tuple[Any, ...]]:
        """The rows of `ranking.statement` with these parameters; `shown` are the row keys of what may be a hit."""
        import numpy as np

        number = len(self.keys)
        tier = self._tiers(parameters["at"], frozenset(parameters["words"]))
        discount = np.where(self.asks & (tier == 1), ranking.QUESTION, 1.0)
        bm25, half, unmatched = self._bm25(parameters, tier)
        cosine = np.zeros(number)
        if len(self.chunks):
            np.maximum.at(cosine, self.chunks, self.vectors @ np.array(parameters["vector"], dtype=np.float32))
        lexical = tier * discount * LEXICAL * (bm25 / (max(bm25.max(), half) or 1))
        semantic = tier * discount * SEMANTIC * cosine
        lent, assisted = np.zeros(number), np.zeros(number, dtype=bool)
        lending = (lexical + semantic)[self.lenders]
        np.maximum.at(lent, self.beside, ranking.NEIGHBOUR * lending)
        answered = ranking.ANSWER * lending / discount[self.lenders]
        np.maximum.at(lent, self.beside[self.answers], answered[self.answers])
        assisted[self.beside[self.assisted]] = True
        most = np.where(assisted[self.turns], ranking.OWN * (lexical + semantic), np.inf)
        neighbour = tier * np.minimum(lent[self.turns], most)
        speaker = np.zeros(number)
        for name in parameters["names"]:
            speaker[self.named.get(name, [])] = 1
        speaker *= tier * np.where(self.verbatim, ranking.SPEAKER, ranking.SUBJECT)
        order = np.lexsort((self.keys, -(lexical + semantic + neighbour + speaker))).tolist()
        best = [place for place in order if int(self.keys[place]) in shown][: parameters["pool"]]
        return [
            (
                self.ids[place],
                self.successors[place],
                int(self.keys[self.turns[place]]),
                bool(self.verbatim[place]),
                self.objects[place],
                unmatched,
                self.of_other[place],
                *(float(part[place]) for part in (lexical, semantic, neighbour, speaker)),
            )
            for place in best
        ]

    def _tiers(self, at: datetime, words: frozenset[str]) -> Numbers:
        """How much each record counts: words of an assistant, the query once more, what has ended, all else."""
        import numpy as np

        tier = np.where(self.assistant, ranking.ASSISTANT, 1.0)
        tier[[place for place, question in self.questions.items() if question <= words]] = ranking.ASSISTANT
        tier[[place for place, end in self.ends if end <= at]] = ENDED
        return tier

    def _bm25(self, parameters: Mapping[str, Any], tier: Numbers) -> tuple[Numbers, float, str | None]:
        """The BM25 of each record, half of the sum of the idf of the terms, and the terms that no record has."""
        import numpy as np

        number = len(self.keys)
        said: dict[str, Numbers] = {}
        for stem, term, weight in zip(parameters["stems"], parameters["terms"], parameters["weights"], strict=True):
            counts = said.setdefault(term, np.zeros(number))
            if stem in self.said:
                np.add.at(counts, self.said[stem], weight)
        shares = np.where(self.itself, 1.0, self.shares * tier[self.sources])
        bm25, total, unmatched = np.zeros(number), 0.0, []
        for term, counts in said.items():
            spread = int(np.count_nonzero(counts))
            idf = float(np.log(1 + (self.size - spread + 0.5) / (spread + 0.5)))
            total += idf
            if not spread:
                unmatched.append(term)
                continue
            times = np.bincount(self.targets, counts[self.sources] * shares, number)
            bm25 += idf * times * (K1 + 1) / (times + self.norms)
        return bm25, total / 2, " ".join(unmatched) or None
