"""Making vectors again: missing ones, or all of them with another embedder, laid out by user.

New vectors are collected in a table of their own, so that a search never mixes two models and an interrupted run
resumes where it stopped. The store is open for one batch at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from memctl.embed.spec import EmbedderSpec
from memctl.store.connection import Connection, Engine
from memctl.store.model import Reindexed
from memctl.store.sql import writes
from memctl.store.sql.meta import get_meta, set_meta

BATCH = 5000

Progress = Callable[[int, int, str], None]


def reindex(engine: Engine, spec: EmbedderSpec, progress: Progress | None = None) -> Reindexed:
    """Bring every unit of the store to a vector by `spec`, then lay vectors and units out by user.

    Raises NotFound if the store does not exist.
    """
    embedder = spec.open()
    with engine.writing(make=False) as connection:
        table = _target(connection, spec)
        kept, total = connection.execute(
            f"SELECT (SELECT count(*) FROM {table}), (SELECT count(*) FROM units)"  # noqa: S608
        ).fetchall()[0]
    made = 0
    while True:
        with engine.reading() as connection:
            rows = connection.execute(
                f"SELECT key, text FROM units WHERE {_lacking(table)} ORDER BY key LIMIT {BATCH}"  # noqa: S608
            ).fetchall()
        if rows:
            vectors = embedder.embed([text for _, text in rows])
            with engine.writing() as connection:
                made += _append(connection, table, dict(zip((key for key, _ in rows), vectors, strict=True)))
        elif _finish(engine, spec, table):
            break
        if progress:
            progress(kept + made, total, embedder.name)
    return Reindexed(embedder=embedder.name, made=made, kept=kept)


def _append(connection: Connection, table: str, vectors: Mapping[int, Any]) -> int:
    """Add the vectors of units that still exist, and that no other process gave one; returns how many."""
    rows = connection.execute(
        f"SELECT key, user_id FROM units WHERE key {connection.in_list('BIGINT')} AND {_lacking(table)}",  # noqa: S608
        [list(vectors)],
    ).fetchall()
    if rows:
        units, users = zip(*rows, strict=True)
        connection.append_vectors(table, units, users, [vectors[unit] for unit in units])
    return len(rows)


def _target(connection: Connection, spec: EmbedderSpec) -> str:
    """The table that vectors by `spec` go to: the one in use, or `vectors_next` for another embedder."""
    embedder = spec.open()
    writes.use_embedder(connection, spec)
    if get_meta(connection, "embedder") == embedder.name:
        return "vectors"
    if get_meta(connection, "embedder_next") != embedder.name:
        connection.execute("DROP TABLE IF EXISTS vectors_next")
        writes.make_vectors_table(connection, "vectors_next", embedder.dim)
        set_meta(connection, "embedder_next", embedder.name)
    return "vectors_next"


def _finish(engine: Engine, spec: EmbedderSpec, table: str) -> bool:
    """Switch to the new vectors; False if another process added chunks in the meantime."""
    with engine.writing() as connection:
        missing = connection.execute(
            f"SELECT count(*) FROM units WHERE {_lacking(table)}"  # noqa: S608
        ).fetchall()[0][0]
        if missing:
            return False
        if table != "vectors":
            connection.execute("DROP VIEW IF EXISTS facts")
            connection.execute("DROP TABLE vectors")
            writes.make_vectors_table(connection, "vectors", spec.open().dim)
            connection.execute(
                f"INSERT INTO vectors ({writes.VECTORS}) SELECT {writes.VECTORS} FROM {table}"  # noqa: S608
            )
            connection.filled("vectors")
            connection.execute(f"DROP TABLE {table}")
            writes.define_facts_view(connection)
        for name, key in (("records", "key"), ("units", "key"), ("vectors", "unit")):
            connection.sort(name, f"user_id, {key}")
        connection.execute("DELETE FROM meta WHERE name = 'embedder_next'")
        writes.set_embedder(connection, spec)
    return True


def _lacking(table: str) -> str:
    """The condition that a row of `units` has no vector in `table`."""
    return f"NOT EXISTS (SELECT 1 FROM {table} v WHERE v.unit = units.key AND v.user_id = units.user_id)"  # noqa: S608
