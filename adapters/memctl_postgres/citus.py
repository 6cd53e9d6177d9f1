"""Distribute the store's tables by user over the servers of a Citus cluster, if the database has Citus.

All rows of a user are on one server, so a statement that names its user is sent only there. Tables without a user are
copied to every server. Locks belong to the server that memctl connects to, so all clients must use the coordinator.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.sql import SQL, Literal

FIRST = "records"
"""The table with which the others are co-located."""
SHARED = ("meta", "files", "runs", "batches", "forgotten", "undo_files")
"""Tables whose rows belong to no single user. They are small, and written once per file or run."""


def present(connection: psycopg.Connection[Any]) -> bool:
    """Whether the database has the extension."""
    rows = connection.execute(
        "SELECT 1 FROM pg_proc WHERE proname = 'create_distributed_table' AND pg_function_is_visible(oid)"
    ).fetchall()
    return bool(rows)


def distribute(connection: psycopg.Connection[Any], done: Callable[[str], None] = lambda _: None) -> dict[str, str]:
    """Distribute the tables of the current schema; returns the newly distributed ones, each with "user" or "all
    servers".

    Must run in a transaction, which then reaches all servers one after the other.
    """
    connection.execute("SELECT set_config('citus.multi_shard_modify_mode', 'sequential', true)")
    laid_out = _laid_out(connection)
    _share_functions(connection)
    outcome: dict[str, str] = {}
    for table in SHARED:
        if table not in laid_out:
            connection.execute(SQL("SELECT create_reference_table({}::regclass)").format(Literal(table)))
            outcome[table] = "all servers"
            done(table)
    for table in _of_users(connection):
        if table not in laid_out:
            distribute_table(connection, table)
            outcome[table] = "user"
            done(table)
    return outcome


def is_distributed(connection: psycopg.Connection[Any]) -> bool:
    """Whether the store of the current schema is distributed over several servers."""
    return present(connection) and FIRST in _laid_out(connection)


def distribute_table(connection: psycopg.Connection[Any], table: str) -> None:
    """Distribute one table by its column `user_id`."""
    connection.execute(
        SQL("SELECT create_distributed_table({}::regclass, 'user_id', colocate_with => {})").format(
            Literal(table), Literal("none" if table == FIRST else FIRST)
        )
    )


def _of_users(connection: psycopg.Connection[Any]) -> list[str]:
    """The tables whose rows name their user, the first one first."""
    rows = connection.execute(
        "SELECT c.table_name::text FROM information_schema.columns c JOIN information_schema.tables t "
        "USING (table_schema, table_name) WHERE c.table_schema = current_schema() AND c.column_name = 'user_id' "
        "AND t.table_type = 'BASE TABLE' AND c.table_name <> ALL (%s) ORDER BY c.table_name <> %s, c.table_name",
        [list(SHARED), FIRST],
    ).fetchall()
    return [row[0] for row in rows]


def _laid_out(connection: psycopg.Connection[Any]) -> set[str]:
    rows = connection.execute(
        "SELECT c.relname::text FROM pg_dist_partition d JOIN pg_class c ON c.oid = d.logicalrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = current_schema()"
    ).fetchall()
    return {row[0] for row in rows}


def _share_functions(connection: psycopg.Connection[Any]) -> None:
    """Create the store's functions on every server, because distributed statements call them there."""
    rows = connection.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
        "WHERE n.nspname = current_schema() "
        "AND NOT EXISTS (SELECT 1 FROM pg_dist_object o WHERE o.objid = p.oid) ORDER BY 1"
    ).fetchall()
    for (function,) in rows:
        connection.execute(SQL("SELECT create_distributed_function({}::regprocedure)").format(Literal(function)))
