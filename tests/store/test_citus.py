"""A store distributed with Citus: the rows of a user are on one server, and rows without a user on all. Citus is
emulated by functions of the same names that record their calls. test_same_everywhere.py runs the commands on a real
cluster if MEMCTL_CITUS_DSN is set.
"""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from memctl.store.sql.writes import make_vectors_table
from memctl.workspace import Workspace

EXTENSION = """
CREATE TABLE pg_dist_partition (logicalrelid regclass, partmethod "char", together text);
CREATE TABLE pg_dist_object (objid oid);
CREATE FUNCTION create_distributed_table(name regclass, by text, colocate_with text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = name) THEN
        RAISE EXCEPTION 'table % is already distributed', name;
    END IF;
    IF EXISTS (
        SELECT FROM pg_index i WHERE i.indrelid = name AND i.indisunique AND NOT EXISTS (
            SELECT FROM pg_attribute a WHERE a.attrelid = name AND a.attname = by AND a.attnum = ANY (i.indkey)
        )
    ) THEN
        RAISE EXCEPTION 'cannot create constraint on %: the distribution column must be in it', name;
    END IF;
    INSERT INTO pg_dist_partition VALUES (name, 'h', colocate_with);
END $$;
CREATE FUNCTION create_reference_table(name regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = name) THEN
        RAISE EXCEPTION 'table % is already distributed', name;
    END IF;
    INSERT INTO pg_dist_partition VALUES (name, 'n', NULL);
END $$;
CREATE FUNCTION create_distributed_function(name regprocedure) RETURNS void LANGUAGE sql AS
    $$ INSERT INTO pg_dist_object VALUES (name) $$;
"""
"""The functions as Citus has them, with their refusals: a table twice, and a key without the user."""


@pytest.fixture
def cluster(postgres_dsn: str, address: str, postgres_schema: str) -> Any:
    """A connection to a database whose schema has the functions of Citus."""
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(f'CREATE SCHEMA "{postgres_schema}"')
        connection.execute("SELECT set_config('search_path', %s, false)", [f'"{postgres_schema}", public'])
        connection.execute(EXTENSION)
        yield connection


def test_init_distributes_every_table_once_and_reports_it(
    memctl: Callable[..., Any], cluster: Any, address: str
) -> None:
    first = memctl("store", "init", address, "--json")
    assert first.code == 0, first.err
    assert first.document["created"] is True
    laid_out = first.document["laid_out"]
    again = memctl("store", "init", address, "--json").document
    assert (again["created"], again["laid_out"]) == (False, {})
    assert memctl("add", "zoe", "I live in Oslo.", "--store", address).code == 0

    tables = {
        name for (name,) in cluster.execute("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")
    }
    rows = cluster.execute("SELECT logicalrelid::text, partmethod::text, together FROM pg_dist_partition").fetchall()
    assert {row[0] for row in rows} == tables - {"pg_dist_partition", "pg_dist_object"} == {*laid_out, "vectors"}
    by_user = {name: together for name, method, together in rows if method == "h"}
    assert by_user.pop("records") == "none"
    assert set(by_user.values()) == {"records"}
    assert {name for name, how in laid_out.items() if how == "all servers"} == {
        "meta", "files", "runs", "batches", "forgotten", "undo_files",
    }  # fmt: skip


def test_a_filled_store_and_a_new_table_of_vectors_can_be_distributed_later(
    memctl: Callable[..., Any], cluster: Any, address: str
) -> None:
    assert memctl("add", "zoe", "I live in Oslo.", "--store", address).code == 0
    assert "copied to all servers" in memctl("store", "init", address).out
    with Workspace(address) as other, other.engine.writing() as connection:
        make_vectors_table(connection, "later_vectors", 8)
    assert ("later_vectors",) in cluster.execute("SELECT logicalrelid::text FROM pg_dist_partition").fetchall()
    assert memctl("facts", "zoe", "--store", address).code == 0


def test_a_server_without_citus_gets_the_schema_and_a_file_is_refused(memctl: Callable[..., Any], address: str) -> None:
    ran = memctl("store", "init", address)
    assert (ran.code, "created\nCitus is not installed" in ran.out) == (0, True), ran
    assert "exists already" in memctl("store", "init", address).out
    assert memctl("store", "init", "x.duckdb").code == 2
    refused = memctl("store", "init", address.replace("memctl@", "memctl:hunter2@"))
    assert (refused.code, "hunter2" in refused.out + refused.err) == (2, False)
