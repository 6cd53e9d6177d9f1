"""Making vectors again: missing ones, or all of them with another embedder, laid out by user.

New vectors are collected in a table of their own, so that a search never mixes two models and an interrupted run
resumes where it stopped. The store is open for one batch at a time.
"""

from __future__ import annotations

from collections.abc import Callable

from memctl.embed.spec import EmbedderSpec
from memctl.store.duckdb import writes
from memctl.store.duckdb.database import Connection, Database, get_meta, set_meta
from memctl.store.model import Reindexed

BATCH = 5000

Progress = Callable[[int, int, str], None]


def reindex(database: Database, spec: EmbedderSpec, progress: Progress | None = None) -> Reindexed:
    """Bring every unit of the store to a vector by `spec`, then lay vectors and units out by user.

    Raises NotFound if the store does not exist.
    """
    embedder = spec.open()
    with database.writing(make=False) as connection:
        table = _target(connection, spec)
        kept, total = connection.execute(
            f"SELECT (SELECT count(*) FROM {table}), (SELECT count(*) FROM units)"  # noqa: S608
        ).fetchall()[0]
    made = 0
    while True:
        with database.reading() as connection:
            rows = connection.execute(
                f"SELECT key, text FROM units WHERE key NOT IN (SELECT unit FROM {table}) ORDER BY key LIMIT {BATCH}"  # noqa: S608
            ).fetchall()
        if rows:
            vectors = embedder.embed([text for _, text in rows])
            with database.writing() as connection:
                made += writes.add_vectors(connection, [key for key, _ in rows], vectors, table)
        elif _finish(database, spec, table):
            break
        if progress:
            progress(kept + made, total, embedder.name)
    return Reindexed(embedder=embedder.name, made=made, kept=kept)


def _target(connection: Connection, spec: EmbedderSpec) -> str:
    """The table that vectors by `spec` go to: the one in use, or `vectors_next` for another embedder."""
    embedder = spec.open()
    writes.use_embedder(connection, spec)
    if get_meta(connection, "embedder") == embedder.name:
        return "vectors"
    if get_meta(connection, "embedder_next") != embedder.name:
        connection.execute("DROP TABLE IF EXISTS vectors_next")
        connection.execute(writes.vectors_table("vectors_next", embedder.dim))
        set_meta(connection, "embedder_next", embedder.name)
    return "vectors_next"


def _finish(database: Database, spec: EmbedderSpec, table: str) -> bool:
    """Switch to the new vectors; False if another process added chunks in the meantime."""
    with database.writing() as connection:
        missing = connection.execute(
            f"SELECT count(*) FROM units WHERE key NOT IN (SELECT unit FROM {table})"  # noqa: S608
        ).fetchall()[0][0]
        if missing:
            return False
        connection.execute("DROP VIEW IF EXISTS facts")
        if table != "vectors":
            connection.execute("DROP TABLE vectors")
            connection.execute(writes.vectors_table("vectors", spec.open().dim))
            connection.execute(f"INSERT INTO vectors SELECT * FROM {table}")  # noqa: S608
            connection.execute(f"DROP TABLE {table}")
        for name, key in (("records", "key"), ("units", "key"), ("vectors", "unit")):
            connection.execute(f"CREATE TEMP TABLE sorted AS SELECT * FROM {name} ORDER BY user_id, {key}")  # noqa: S608
            connection.execute(f"TRUNCATE {name}")
            connection.execute(f"INSERT INTO {name} SELECT * FROM sorted")  # noqa: S608
            connection.execute("DROP TABLE sorted")
        connection.execute("DELETE FROM meta WHERE name = 'embedder_next'")
        writes.set_embedder(connection, spec)
        writes.define_facts_view(connection)
    return True
