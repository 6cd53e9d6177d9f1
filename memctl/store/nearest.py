"""The facts of a user nearest in meaning to some text: what a model is shown before it says what is new."""

from __future__ import annotations

from collections.abc import Sequence

from memctl.fact import Fact
from memctl.store import records
from memctl.store.engine import Connection

_COLUMNS = ", ".join(f"r.{column.strip()}" for column in records.FACT_COLUMNS.split(","))


def has_facts(connection: Connection, user: str) -> bool:
    """True when the user has a current fact with a predicate."""
    rows = connection.execute(f"SELECT 1 FROM records r WHERE {_CURRENT} LIMIT 1", [user]).fetchall()  # noqa: S608
    return bool(rows)


def nearest(connection: Connection, user: str, vector: Sequence[float], k: int) -> list[Fact]:
    """The k current facts with a predicate whose vectors are nearest to `vector`, nearest first."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM records r "  # noqa: S608
        "JOIN units u ON u.record = r.key AND u.user_id = r.user_id AND u.seq = 0 "
        "JOIN vectors v ON v.unit = u.key AND v.user_id = u.user_id "
        f"WHERE {_CURRENT} ORDER BY array_inner_product(v.embedding, ?::FLOAT[{len(vector)}]) DESC, r.key LIMIT {k}",
        [user, list(vector)],
    ).fetchall()
    return [records.to_fact(row) for row in rows]


_CURRENT = (
    "r.user_id = ? AND r.kind <> 'episode' AND r.predicate IS NOT NULL AND r.superseded_by IS NULL "
    "AND r.expired_at IS NULL AND r.invalid_at IS NULL"
)
