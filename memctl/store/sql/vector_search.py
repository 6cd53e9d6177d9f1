"""The facts of a user that are most similar to some texts, which a model sees together with new turns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from memctl.core.fact import Fact
from memctl.store.connection import Connection
from memctl.store.sql import fact_rows
from memctl.store.sql.current import current

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]
else:
    Matrix = Any

_CURRENT = f"r.user_id = $user AND r.kind <> 'episode' AND r.predicate IS NOT NULL AND {current('$now', 'r')}"


def has_facts(connection: Connection, user: str) -> bool:
    """True when the user has a current fact with a predicate."""
    rows = connection.execute(f"SELECT 1 FROM records r WHERE {_CURRENT} LIMIT 1", _of(user)).fetchall()  # noqa: S608
    return bool(rows)


def nearest(connection: Connection, user: str, vectors: Matrix, k: int) -> list[list[Fact]]:
    """For each row of `vectors`, of shape (n, dim), the user's k current facts nearest to it, nearest first."""
    import numpy as np

    # One query for all rows, because one query per row would take longer.
    found, stored = connection.vectors(
        "SELECT r.key, v.embedding FROM records r "  # noqa: S608
        "JOIN units u ON u.record = r.key AND u.user_id = r.user_id AND u.seq = 0 "
        f"JOIN vectors v ON v.unit = u.key AND v.user_id = u.user_id WHERE {_CURRENT} ORDER BY r.key",
        _of(user),
    )
    if not found:
        return [[] for _ in vectors]
    keys = np.asarray([row[0] for row in found])
    likeness = stored @ vectors.T
    chosen = [keys[np.argsort(-likeness[:, row], kind="stable")[:k]].tolist() for row in range(len(vectors))]
    wanted = sorted({key for row in chosen for key in row})
    rows = connection.execute(
        f"SELECT {fact_rows.FACT_COLUMNS}, key FROM records "  # noqa: S608
        f"WHERE user_id = ? AND key {connection.in_list('BIGINT')}",
        [user, wanted],
    ).fetchall()
    facts = {row[-1]: fact_rows.to_fact(row) for row in rows}
    return [[facts[key] for key in row] for row in chosen]


def _of(user: str) -> dict[str, Any]:
    return {"user": user, "now": fact_rows.naive(datetime.now(UTC))}
