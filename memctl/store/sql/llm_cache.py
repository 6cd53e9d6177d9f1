"""The cache of a model's answers, by the hash of the question, so that no question is paid for twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from memctl.store.connection import Connection
from memctl.store.model import Answer
from memctl.store.sql.fact_rows import naive

_COLUMNS = Answer.__struct_fields__


def find(connection: Connection, keys: Iterable[str]) -> dict[str, Answer]:
    """The cached answers to these questions, by key."""
    rows = connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM extract_cache WHERE key IN (SELECT unnest(?::TEXT[]))",  # noqa: S608
        [list(keys)],
    ).fetchall()
    answers = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    return {row["key"]: Answer(**row | {"episodes": tuple(row["episodes"])}) for row in answers}


def keep(connection: Connection, answers: Sequence[Answer]) -> None:
    """Cache answers, replacing those with the same keys."""
    last = {answer.key: answer for answer in answers}
    connection.execute("DELETE FROM extract_cache WHERE key IN (SELECT unnest(?::TEXT[]))", [list(last)])
    now = naive(datetime.now(UTC))
    connection.append(
        "extract_cache",
        f"{', '.join(_COLUMNS)}, made_at",
        [
            (*(list(part) if isinstance(part, tuple) else part for part in msgspec.structs.astuple(one)), now)
            for one in last.values()
        ],
    )


def forget(connection: Connection, episodes: Iterable[UUID]) -> None:
    """Drop the cached answers about any of these episodes."""
    connection.execute(
        f"DELETE FROM extract_cache WHERE {connection.mine()} AND episodes && ?::UUID[]",  # noqa: S608
        [list(episodes)],
    )
