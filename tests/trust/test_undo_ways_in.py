"""Undo of every kind of import, of old runs, and if there is nothing to undo."""

import json
import shutil
from contextlib import closing

import pytest
from emulators import openai_chat, openai_embeddings, zep
from memctl_zep.adapter import ZepAdapter
from trust.store_rows import rows

from memctl.ingest import pipeline as ingesting
from memctl.store.engines import open_engine

pytestmark = pytest.mark.engines(campaign="postgres")

PAID = "extract_cache"
"""The table of what a model answered, which stays."""


@pytest.fixture
def tmp_path(emptied_folder):
    return emptied_folder


@pytest.fixture
def rows_before(memctl, chat, store, once):
    """The rows of a store with facts about Ann."""

    def make():
        memctl("ingest", chat("ann/a.jsonl", "I live in Oslo.", "My favourite colour is green.").parent.parent)
        return rows(store)

    return once(make)


@pytest.fixture
def more(chat):
    """A folder with transcripts in which Ann has moved and Cleo is new."""
    chat("ann/more.jsonl", "I live in Rome.", "I am allergic to peanuts.", folder="new")
    return chat("cleo/c.jsonl", "I live in Lima.", folder="new").parent.parent


def ingest(memctl, *arguments, **given):
    ran = memctl("ingest", *arguments, "--json", **given)
    assert ran.code == 0, ran.err
    return ran.document["report"]["run"]


def test_undo_of_an_ingest_by_a_model_keeps_its_cached_responses(memctl, store, rows_before, more, monkeypatch):
    with openai_chat.serve() as model:
        monkeypatch.setenv("MEMCTL_LLM_MODEL", openai_chat.MODEL)
        monkeypatch.setenv("MEMCTL_LLM_BASE_URL", model.url)
        run = ingest(memctl, more, "--extractor", "llm")
        after, asked = memctl("facts", "ann", "--all").out, len(model.requests)
        assert asked > 0
        assert memctl("undo", run).code == 0
        assert rows(store, PAID) == {name: held for name, held in rows_before.items() if name != PAID}
        assert ingest(memctl, more, "--extractor", "llm") not in (None, run)
        assert len(model.requests) == asked
    assert memctl("facts", "ann", "--all").out == after


def test_undo_of_ingested_conversations_allows_reading_them_again(memctl, store, rows_before, monkeypatch):
    with zep.serve() as cloud:
        monkeypatch.setenv("ZEP_API_KEY", zep.KEY)
        monkeypatch.setenv("MEMCTL_ZEP_URL", cloud.url)
        with ZepAdapter(zep.KEY, url=cloud.url) as adapter:
            adapter.add("ann", [{"role": "user", "content": "I live in Rome."}])
            adapter.add("bob", [{"role": "user", "content": "I live in Porto."}])
        run = ingest(memctl, "--from", "zep")
        assert "Porto" in memctl("facts", "bob").out
        assert memctl("undo", run).code == 0
        assert rows(store) == rows_before
        assert memctl("facts", "bob").code == 4
        assert ingest(memctl, "--from", "zep") not in (None, run)
    assert "Porto" in memctl("facts", "bob").out


def test_an_ingest_from_stdin_can_be_undone(memctl, store, rows_before):
    line = json.dumps({"role": "user", "content": "I live in Rome.", "created_at": "2026-02-01T10:00:00Z"}).encode()
    run = ingest(memctl, "-", "--user", "ann", stdin=line)
    assert "Rome" in memctl("facts", "ann").out
    assert memctl("undo", run).code == 0
    assert rows(store) == rows_before


def test_an_ingest_by_several_processes_is_one_run_that_can_be_undone(memctl, chat, store, rows_before, monkeypatch):
    for size in ("CHUNK_TURNS", "BATCH_TURNS"):
        monkeypatch.setattr(ingesting, size, 4)
    monkeypatch.setattr(ingesting, "PARALLEL_BYTES", 0)
    for number in range(6):
        folder = chat(
            f"ann/{number}.jsonl", *(f"I like tea {number}.{turn}." for turn in range(3)), folder="new"
        ).parent
    run = ingest(memctl, folder.parent, "--jobs", "2")
    assert rows(store) != rows_before
    assert memctl("undo", run).code == 0
    assert rows(store) == rows_before


@pytest.mark.engines(only="file")
def test_undo_after_a_reindex_restores_facts_and_the_next_reindex_their_vectors(
    memctl, store, rows_before, chat, monkeypatch
):
    other = shutil.copy(store, store.with_name("other.duckdb"))
    run = ingest(memctl, chat("ann/a.jsonl", "I live in Rome.").parent.parent)
    monkeypatch.setenv("MEMCTL_EMBED_API_KEY", openai_embeddings.KEY)
    with openai_embeddings.serve() as server:
        model = ("--embedder", "openai:letters", "--embed-base-url", server.url)
        assert memctl("reindex", *model).code == 0
        assert memctl("undo", run).code == 0
        assert rows(store, "vectors") == {name: held for name, held in rows_before.items() if name != "vectors"}
        assert memctl("reindex").code == 0
        assert memctl("reindex", *model, "--store", other).code == 0
        assert memctl("stats", "--json").document["pending"] == 0
        assert rows(store) == rows(other)
        assert "Oslo" in memctl("search", "ann", "where does she live").out


@pytest.mark.parametrize(("days", "code"), [(29, 0), (31, 4)])
def test_a_run_can_be_undone_for_thirty_days(memctl, store, rows_before, more, days, code):
    run = ingest(memctl, more)
    assert memctl("sql", "--write", f"UPDATE runs SET made_at = made_at - INTERVAL '{days} day'").code == 0
    assert memctl("add", "bob", "I live in Porto.").code == 0
    listed = [one["id"] for one in memctl("undo", "--json").document["runs"]]
    assert (run in listed) == (code == 0)
    before = rows(store)
    undo_tables = [name for name, held in before.items() if name.startswith("undo_") and held]
    assert bool(undo_tables) == (code == 0)
    ran = memctl("undo", run)
    assert ran.code == code, ran.err
    assert (rows(store) == before) == (code != 0)
    assert ("Rome" in memctl("facts", "ann").out) == (code != 0)


def test_a_store_without_runs_has_none_to_undo(memctl, store):
    with closing(open_engine(store, 30)) as engine, engine.writing():
        """Made, and left empty."""
    listed = memctl("undo", "--json")
    assert (listed.code, listed.document["runs"]) == (0, [])
    assert memctl("undo").code == 0
    ran = memctl("undo", "0f")
    assert (ran.code, "there is no run '0f'" in ran.err) == (4, True)


def test_undo_without_a_store_does_not_create_one(memctl, store):
    for arguments in ((), ("0f",)):
        ran = memctl("undo", *arguments)
        assert (ran.code, ran.out, open_engine(store, 30).place in ran.err) == (4, "", True)
        assert not open_engine(store, 30).exists()


def test_an_ambiguous_run_id_undoes_nothing(memctl, store, rows_before):
    memctl("add", "ann", "I like tea.")
    assert memctl("sql", "--write", "UPDATE runs SET id = 'abc' || id").code == 0
    before = rows(store)
    ran = memctl("undo", "abc")
    assert (ran.code, "several runs" in ran.err, "more characters" in ran.err) == (2, True, True)
    assert rows(store) == before
    assert memctl("undo", "").code == 2
