"""Vectors and rows are stored the same, although few and many at once are written in different ways."""

from datetime import datetime, timedelta
from uuid import UUID

import duckdb
import numpy as np
import pytest

from memctl.embed.spec import EmbedderSpec
from memctl.store.duckdb import connection
from memctl.store.duckdb.connection import DuckConnection
from memctl.workspace import Workspace


@pytest.mark.parametrize(
    ("number", "floats"), [(1, False), (1, True), (connection._FEW, False), (connection._FEW + 1, False)]
)
def test_few_and_many_vectors_are_stored_exactly(number, floats):
    vectors = np.random.default_rng(number).standard_normal((number, 7)).astype(np.float32)
    units, users = list(range(10, 10 + number)), ["alice", "bob"] * number
    with duckdb.connect() as raw:
        raw.execute("CREATE TABLE vectors (unit BIGINT, user_id TEXT, v FLOAT[7])")
        given = vectors.tolist() if floats else vectors
        DuckConnection(raw).append_vectors("vectors", units, users[:number], given)
        stored = raw.execute("SELECT unit, user_id, v FROM vectors ORDER BY unit").fetchnumpy()
    assert stored["unit"].tolist() == units
    assert stored["user_id"].tolist() == users[:number]
    assert np.array_equal(np.stack(list(stored["v"])), vectors)


def test_a_fact_split_by_an_earlier_statement_keeps_its_vectors(memctl, chat):
    twice = [("2026-01-01T10:00:00Z", "I live in Oslo."), ("2026-03-01T10:00:00Z", "I live in Oslo.")]
    memctl("ingest", chat("u/a.jsonl", *twice), "--user", "u")
    memctl("ingest", chat("u/b.jsonl", ("2026-02-01T10:00:00Z", "I live in Rome.")), "--user", "u")
    without = "FROM units u WHERE NOT EXISTS (SELECT 1 FROM vectors v WHERE v.unit = u.key)"
    assert memctl("sql", f"SELECT count(*) AS n {without}", "--json").document["rows"] == [{"n": 0}]


ROWS = [
    (
        UUID(int=number),
        number % 3 - 2**62 if number % 2 else None,
        2**64 - number - 1,
        number / 7,
        number / 7 if number % 5 else None,
        1 if number % 2 else 0.5,
        UUID(int=2**127 + number) if number % 11 else None,
        datetime(1, 1, 1) + timedelta(days=number, microseconds=1) if number % 13 else None,
        f"é 🦄 \x00 '{number}'" if number > 5 else None,
        [] if number % 4 else [f'"{number}"', "\x1f", "é"],
        bool(number % 2),
        f'{{"n": {number}}}',
        None,
        "the same",
        ["a", "list"],
    )
    for number in range(connection._FEW + 1)
]
TYPES = (
    *("UUID", "BIGINT", "UBIGINT", "DOUBLE", "DOUBLE", "DOUBLE", "UUID", "TIMESTAMP", "VARCHAR", "VARCHAR[]"),
    *("BOOLEAN", "JSON", "TIMESTAMP", "VARCHAR", "VARCHAR[]"),
)


def test_many_rows_are_stored_like_few():
    names = [f"c{place}" for place in range(len(TYPES))]
    with duckdb.connect() as raw:
        for table in ("few", "many"):
            raw.execute(f"CREATE TABLE {table} ({', '.join(map(' '.join, zip(names, TYPES, strict=True)))})")
        for row in ROWS:
            DuckConnection(raw).append("few", ", ".join(names), [row])
        DuckConnection(raw).append("many", ", ".join(names), ROWS)
        few, many = (raw.execute(f"SELECT * FROM {table} ORDER BY c0").fetchall() for table in ("few", "many"))
        assert many == few
        assert len(many) == len(ROWS)
        with pytest.raises(duckdb.Error):
            DuckConnection(raw).append("many", ", ".join(names[:9]), [(*row[:8], "\ud83d") for row in ROWS])
        assert raw.execute("SELECT current_setting('pandas_analyze_sample')").fetchone() == (1000,)


@pytest.mark.engines
def test_a_reindex_adds_no_vector_that_another_process_added_or_made_superfluous(store, monkeypatch):
    with Workspace(store) as memory:
        memory.add("alice", ["I live in Oslo.", "I prefer tea."])
        with memory.engine.writing() as connection:
            connection.execute("DELETE FROM vectors")
        embedder = type(EmbedderSpec().open())
        embed = embedder.embed

        def after_others(self, texts):
            monkeypatch.setattr(embedder, "embed", embed)
            memory.delete("alice", [memory.facts("alice")[0].id])
            memory.reindex()
            return embed(self, texts)

        monkeypatch.setattr(embedder, "embed", after_others)
        memory.reindex()
        ((vectors, units),) = memory.sql("SELECT (SELECT count(*) FROM vectors), (SELECT count(*) FROM units)").rows
    assert vectors == units > 0
