"""Vectors and rows are stored the same, although few and many at once are written in different ways."""

from datetime import datetime, timedelta
from uuid import UUID

import duckdb
import numpy as np
import pytest
from emulators import openai_embeddings

from memctl.embed.spec import EmbedderSpec
from memctl.store.duckdb import connection, schema, signs
from memctl.store.duckdb.connection import DuckConnection
from memctl.workspace import Workspace


@pytest.mark.parametrize("dim", [7, 64, 130])
@pytest.mark.parametrize(
    ("number", "floats"), [(1, False), (1, True), (connection._FEW, False), (connection._FEW + 1, False)]
)
def test_few_and_many_vectors_are_stored_exactly(number, floats, dim, monkeypatch):
    monkeypatch.setattr(signs, "BATCH", 200)
    vectors = (np.random.default_rng(number).standard_normal((number, dim)) / np.sqrt(dim)).astype(np.float32)
    units, users = list(range(10, 10 + number)), (["alice", "bob"] * number)[:number]
    with duckdb.connect() as raw:
        raw.execute(f"CREATE TABLE vectors (unit BIGINT, user_id TEXT, embedding FLOAT[{dim}])")
        signs.complete(raw, "vectors")
        DuckConnection(raw).append_vectors("vectors", units, users, vectors.tolist() if floats else vectors)
        stored = raw.execute("SELECT unit, user_id, embedding FROM vectors ORDER BY unit").fetchnumpy()
        appended = raw.execute("SELECT * EXCLUDE embedding FROM vectors ORDER BY unit").fetchall()
        for name in signs.names(dim):
            raw.execute(f"ALTER TABLE vectors DROP {name}")
        signs.complete(raw, "vectors")
        completed = raw.execute("SELECT * EXCLUDE embedding FROM vectors ORDER BY unit").fetchall()
    assert np.array_equal(np.stack(list(stored["embedding"])), vectors)
    assert appended == completed
    limit = signs.LARGE / np.sqrt(dim)
    words = [
        [
            sum(1 << place for place, bit in enumerate(kind[start : start + 64]) if bit)
            for kind in (vector > 0, abs(vector) > limit)
            for start in range(0, dim, 64)
        ]
        for vector in vectors
    ]
    assert appended == [(unit, user, *row) for unit, user, row in zip(units, users, words, strict=True)]


@pytest.mark.parametrize("dim", [64, 130, 384])
def test_cosines_estimated_from_signs_are_close(dim, monkeypatch):
    chance = np.random.default_rng(dim)
    query = chance.standard_normal(dim)
    query /= np.linalg.norm(query)
    vectors = chance.standard_normal((2000, dim)) / np.sqrt(dim) + np.linspace(-1, 2, 2000)[:, None] * query
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    with duckdb.connect() as raw:
        raw.execute("CREATE TABLE units AS SELECT range AS key, range AS record, 'alice' AS user_id FROM range(2000)")
        raw.execute(f"CREATE TABLE vectors (unit BIGINT, user_id TEXT, embedding FLOAT[{dim}])")
        signs.complete(raw, "vectors")
        inside = DuckConnection(raw)
        raw.execute(schema._statements("schema_4.sql"))
        inside.append_vectors("vectors", range(2000), ["alice"] * 2000, vectors.astype(np.float32))
        estimates = dict(inside.execute(*inside.near(query.tolist(), "SELECT 0")).fetchall())
        assert {cosine for _, cosine in inside.execute(*inside.near([0.0] * dim, "SELECT 0")).fetchall()} == {0}
        monkeypatch.setattr(signs, "CLOSE", 500)
        nearest = dict(inside.execute(*inside.near(query.tolist(), "SELECT 0")).fetchall())
    errors = np.array([estimates[number] for number in range(2000)]) - vectors @ query
    assert np.sqrt(np.mean(errors**2)) < 1.2 / np.sqrt(dim)
    assert abs(errors.mean()) < 0.03
    # Of many vectors, only the nearest are compared in detail.
    assert 500 <= len(nearest) < 800
    assert 0 in nearest
    assert 1 not in nearest
    assert nearest == {number: estimates[number] for number in nearest}
    assert nearest.keys() >= set(np.argsort(-(vectors @ query))[:10].tolist())


SIGNED = "SELECT count(*) = count(signs0) AND count(*) = count(large0) AND count(*) > 0 FROM vectors"


@pytest.mark.parametrize("command", ["undo", "reindex", "restore", "other embedder"])
def test_every_vector_keeps_its_signs(memctl, store, command, tmp_path, monkeypatch):
    memctl("add", "alice", "I live in Oslo and I have a dog named Rex.")
    if command == "undo":
        fact = memctl("facts", "alice", "--json").document["facts"][0]["id"]
        memctl("rm", fact, "--yes")
        run = memctl("runs", "--json").document["runs"][0]["id"]
        assert memctl("undo", run).code == 0
    elif command == "restore":
        assert memctl("backup", tmp_path / "backup.zip").code == 0
        store.unlink()
        assert memctl("restore", tmp_path / "backup.zip").code == 0
    elif command == "reindex":
        assert memctl("reindex").code == 0
    else:
        monkeypatch.setenv("MEMCTL_EMBED_API_KEY", openai_embeddings.KEY)
        with openai_embeddings.serve() as server:
            ran = memctl("reindex", "--embedder", "openai:letters", "--embed-base-url", server.url)
        assert ran.code == 0, ran.err
    with duckdb.connect(str(store), read_only=True) as raw:
        assert raw.execute(SIGNED).fetchall() == [(True,)]


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
