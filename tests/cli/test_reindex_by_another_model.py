"""Changing the embedding model of a store: all vectors are recomputed, and a search never mixes two models."""

import os
from contextlib import closing

import pytest
from emulators import openai_embeddings

from memctl.store.engines import open_engine
from memctl.store.sql.meta import set_meta

pytestmark = pytest.mark.engines(campaign="postgres")


@pytest.fixture
def server(store, monkeypatch):
    """A loopback server that speaks the OpenAI embeddings API."""
    monkeypatch.setenv("MEMCTL_EMBED_API_KEY", openai_embeddings.KEY)
    with openai_embeddings.serve() as running:
        yield running


def test_a_reindex_recomputes_all_vectors_and_searches_use_the_new_model(memctl, chat, server):
    memctl("ingest", chat("alice/a.jsonl", "I live in Oslo.", "I prefer express shipping.").parent.parent)
    units = memctl("stats", "--json").document["units"]
    ran = memctl("reindex", "--embedder", "openai:letters", "--embed-base-url", server.url, "--json")
    assert ran.code == 0, ran.err
    assert ran.document["made"] == units
    stats = memctl("stats", "--json").document
    assert (stats["embedder"], stats["pending"]) == (ran.document["embedder"], 0)
    assert "letters" in stats["embedder"]
    searched = memctl("search", "alice", "express shipping", "--json")
    assert searched.code == 0, searched.err
    assert "shipping" in searched.document["hits"][0]["fact"]["text"]
    assert memctl("search", "alice", "shipping", "--embedder", "static").code == 2
    added = memctl("add", "alice", "I am allergic to peanuts.")
    assert added.code == 0, added.err
    assert memctl("stats", "--json").document["pending"] == 0
    back = memctl("reindex", "--embedder", "static", "--json")
    assert back.code == 0, back.err
    assert memctl("stats", "--json").document["embedder"].startswith("static")
    assert os.environ["MEMCTL_EMBED_API_KEY"] not in (ran.out + ran.err + searched.out + added.out)


@pytest.mark.engines
def test_a_store_with_an_older_built_in_model_is_searched_by_words(memctl, chat, store):
    memctl("ingest", chat("alice/a.jsonl", "I live in Oslo.", "I prefer express shipping.").parent.parent)
    with closing(open_engine(store, 30)) as engine, engine.writing() as connection:
        set_meta(connection, "embedder", "static:minilm-128@1")
    searched = memctl("search", "alice", "express shipping", "--explain")
    assert (searched.code, "semantic" in searched.out, "memctl reindex" in searched.err) == (0, False, True), (
        searched.err
    )
    assert "memctl reindex" in memctl("doctor").out
    assert memctl("sql", "select similarity(embedding, embed('oslo')) from facts").code == 2
    assert memctl("reindex").code == 0
    after = memctl("search", "alice", "express shipping", "--explain")
    assert ("semantic" in after.out, after.err) == (True, "")
