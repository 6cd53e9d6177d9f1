"""The conformance suite over the backends it names."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import psycopg
from mem0_stores_backend import ChromaBackend, MilvusBackend, RedisBackend, SupabaseBackend, place_of, url_of
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Identifier


class TestMem0OnChroma(ChromaBackend):
    """Every case."""


class TestMem0OnMilvus(MilvusBackend):
    """Every case."""


class TestMem0OnRedis(RedisBackend):
    """Every case."""


class TestMem0OnSupabase(SupabaseBackend):
    """Every case."""


def test_a_table_is_created_while_another_process_creates_the_schema(tmp_path: Path, postgres_dsn: str) -> None:
    name = f"suite_{uuid4().hex}"
    with psycopg.connect(postgres_dsn, autocommit=True) as server:
        server.execute(SQL("CREATE DATABASE {}").format(Identifier(name)))
        dsn = make_conninfo(postgres_dsn, dbname=name)
        store = {"connection_string": url_of(dsn, name), "collection_name": name}
        with psycopg.connect(dsn) as other, ThreadPoolExecutor() as pool:
            other.execute("CREATE SCHEMA vecs")
            place = place_of(tmp_path, "supabase", store)
            created = pool.submit(place.__enter__)
            waits = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'"
            while not created.done() and not server.execute(waits, [name]).fetchone()[0]:
                time.sleep(0.01)
            other.commit()
            created.result()
            assert other.execute("SELECT to_regclass(%s) IS NOT NULL", [f"vecs.{name}"]).fetchone()[0]
            place.__exit__(None, None, None)
        server.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))
