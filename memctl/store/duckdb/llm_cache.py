"""The cache of a model's answers, by the hash of the question, so that no question is paid for twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

import msgspec

from memctl.store.duckdb.database import Connection, get_meta
from memctl.store.duckdb.fact_rows import naive
from memctl.store.model import Answer

_COLUMNS = Answer.__struct_fields__


def has_table(connection: Connection) -> bool:
    """False for a store of schema 1, which had no cache, opened for reading."""
    return int(get_meta(connection, "schema_version") or 0) >= 2


def find(connection: Connection, keys: Iterable[str]) -> dict[str, Answer]:
    """The cached answers to these questions, by key."""
    if not has_table(connection):
        return {}
    rows = connection.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM extract_cache WHERE key IN (SELECT unnest(?::VARCHAR[]))",  # noqa: S608
        [list(keys)],
    ).fetchall()
    found = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    return {row["key"]: Answer(**row | {"episodes": tuple(row["episodes"])}) for row in found}


def keep(connection: Connection, answers: Sequence[Answer]) -> None:
    """Cache answers, replacing those with the same keys."""
    last = {answer.key: answer for answer in answers}
    connection.execute("DELETE FROM extract_cache WHERE key IN (SELECT unnest(?::VARCHAR[]))", [list(last)])
    now = naive(datetime.now(UTC))
    if last:
        with connection.appender("extract_cache") as appender:
            appender.append_rows(
                [
                    (
                        *(list(part) if isinstance(part, tuple) else part for part in msgspec.structs.astuple(one)),
                        now,
                    )
                    for one in last.values()
                ]
            )


def forget(connection: Connection, episodes: Iterable[UUID]) -> None:
    """Drop the cached answers about any of these episodes."""
    connection.execute("DELETE FROM extract_cache WHERE list_has_any(episodes, ?::UUID[])", [list(episodes)])
