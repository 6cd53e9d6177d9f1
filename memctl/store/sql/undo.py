"""Restoring the rows that a run changed, in one transaction and only if nothing changed them since.

`memctl.store.sql.undo_log` kept the rows; whether the remaining facts still follow from the remaining
claims is for the caller to check.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from memctl.core.errors import MemctlError
from memctl.store.connection import Connection
from memctl.store.model import Place, Run
from memctl.store.sql.fact_rows import naive
from memctl.store.sql.meta import get_meta
from memctl.store.sql.undo_log import KEPT, copied, runs, states
from memctl.store.sql.writes import VECTORS, vector_tables

_TOUCHED = "SELECT id FROM touched WHERE run = $run AND place = '{place}'"
_FACTS, _CLAIMS, _REMOVED, _FILES = (_TOUCHED.format(place=place) for place in ("fact", "claim", "removed", "file"))
_PLACES: dict[Place, str] = {"fact": _FACTS, "claim": _CLAIMS, "removed": _REMOVED, "file": _FILES}
_FILE_KEYS = "SELECT file_key(id) AS file FROM touched WHERE run = $run AND place = 'file'"
_KEPT_ROWS = (
    "SELECT r.key FROM records r JOIN undo_records u ON u.key = r.key AND u.user_id = r.user_id "  # noqa: S608
    f"WHERE u.run = $run AND r.id IN ({_FACTS})"
)
"""Rows that were changed in place, so that their chunks and vectors are still valid."""


def touched(connection: Connection, run: Run, place: Place) -> set[UUID]:
    """The ids of the rows a run changed."""
    return {row[0] for row in connection.execute(_PLACES[place], {"run": run.id}).fetchall()}


def touching(connection: Connection, place: Place, ids: Iterable[UUID]) -> set[str]:
    """The runs that changed any of these rows and can be undone."""
    rows = connection.execute(
        "SELECT DISTINCT r.id FROM touched t JOIN runs r ON r.id = t.run AND r.undone_at IS NULL "  # noqa: S608
        f"WHERE t.place = ? AND t.id {connection.in_list('UUID')}",
        [place, list(ids)],
    ).fetchall()
    return {row[0] for row in rows}


def undo(connection: Connection, run: Run) -> int:
    """Restore what a run changed, inside the caller's transaction; returns the number of records it had changed.

    Raises MemctlError if a later change touched its rows or depends on them.
    """
    _require_untouched(connection, run)
    _require_unseen(connection, run)
    bound: dict[str, Any] = {"run": run.id}
    units = (
        "SELECT u.key FROM units u JOIN records r ON r.key = u.record AND r.user_id = u.user_id "  # noqa: S608
        f"WHERE r.id IN ({_FACTS}) AND NOT EXISTS (SELECT 1 FROM (SELECT unnest($kept::BIGINT[]) AS key) k "
        "WHERE k.key = r.key)"
    )
    records = connection.execute(f"SELECT count(*) FROM ({_FACTS}) f", bound).fetchall()[0][0]  # noqa: S608
    bound["kept"] = [row[0] for row in connection.execute(_KEPT_ROWS, bound).fetchall()]
    for statement in (
        *(f"DELETE FROM {table} WHERE unit IN ({units})" for table in vector_tables(connection)),  # noqa: S608
        f"DELETE FROM units WHERE key IN ({units})",  # noqa: S608
        f"DELETE FROM evidence WHERE fact IN ({_FACTS})",  # noqa: S608
        f"DELETE FROM records WHERE id IN ({_FACTS})",  # noqa: S608
        f"DELETE FROM claims WHERE id IN ({_CLAIMS})",  # noqa: S608
        f"DELETE FROM removed WHERE id IN ({_REMOVED})",  # noqa: S608
        f"DELETE FROM sightings WHERE file IN ({_FILE_KEYS})",  # noqa: S608
        f"DELETE FROM files WHERE key IN ({_FILE_KEYS})",  # noqa: S608
    ):
        connection.execute(statement, {name: value for name, value in bound.items() if f"${name}" in statement})
    _put_back(connection, run.id, bound["kept"])
    connection.execute("UPDATE runs SET undone_at = ? WHERE id = ?", [naive(datetime.now(UTC)), run.id])
    return int(records)


def clear_undone(connection: Connection, facts: Iterable[UUID]) -> None:
    """Record that these facts were written again after an undo."""
    taken_back = f"FROM taken_back WHERE {connection.mine()}"
    # There are hardly ever any.
    if connection.execute(f"SELECT 1 {taken_back} LIMIT 1").fetchall():
        connection.execute(f"DELETE {taken_back} AND id {connection.in_list('UUID')}", [list(facts)])


def _put_back(connection: Connection, run: str, kept: list[int]) -> None:
    """Insert the former rows; without their vectors if the store has another embedder by now: reindex makes those."""
    bound = {"run": run}
    for table in ("records", "claims", "evidence", "files", "sightings"):
        connection.execute(_restore(table, "run = $run"), bound)
    connection.execute(
        "INSERT INTO removed (id, user_id) SELECT id, user_id FROM touched "
        "WHERE run = $run AND place = 'removed' AND before IS NOT NULL",
        bound,
    )
    missing = (
        "run = $run "
        "AND NOT EXISTS (SELECT 1 FROM (SELECT unnest($kept::BIGINT[]) AS key) k WHERE k.key = undo_units.record)"
    )
    connection.execute(_restore("units", missing), {"run": run, "kept": kept})
    rows = connection.execute("SELECT embedder FROM runs WHERE id = $run", bound).fetchall()
    if rows[0][0] is not None and rows[0][0] == get_meta(connection, "embedder"):
        vector = connection.vector_type(int(get_meta(connection, "dim") or 0))
        connection.execute(
            f"INSERT INTO vectors ({VECTORS}) SELECT unit, user_id, embedding::{vector} FROM undo_vectors "  # noqa: S608
            f"WHERE run = $run AND unit IN (SELECT key FROM undo_units WHERE {missing})",
            {"run": run, "kept": kept},
        )
        connection.filled("vectors")
    connection.execute(
        "INSERT INTO taken_back (id, user_id) SELECT id, user_id FROM touched t WHERE run = $run AND place = 'fact' "
        "AND NOT EXISTS (SELECT 1 FROM taken_back b WHERE b.id = t.id AND b.user_id = t.user_id)",
        bound,
    )
    for table in (*(f"undo_{name}" for name in KEPT), "touched"):
        connection.execute(f"DELETE FROM {table} WHERE run = $run", bound)  # noqa: S608


def _restore(table: str, which: str) -> str:
    """The statement that inserts the former rows of a table that `which` chooses."""
    return f"INSERT INTO {table} ({copied(table)}) SELECT {copied(table)} FROM undo_{table} WHERE {which}"  # noqa: S608


def _require_untouched(connection: Connection, run: Run) -> None:
    """Raise MemctlError if a row was changed since, naming the runs that changed it.

    A row that later runs changed and changed back counts too: those runs could not be undone after this one.
    """
    order = [each.id for each in runs(connection)]
    bound = {"run": run.id, "since": order[: order.index(run.id)]}
    changed = 0
    later: set[str] = set()
    for place, chosen in _PLACES.items():
        now = states(connection, place, f"id IN ({chosen})")
        others = (
            "SELECT o.id, o.state, r.id AS run, r.id IN (SELECT unnest($since::TEXT[])) AS since FROM touched o "  # noqa: S608
            f"JOIN runs r ON r.id = o.run AND r.undone_at IS NULL WHERE o.place = '{place}' AND r.id <> $run "
            f"AND o.id IN ({chosen})"
        )
        rows = connection.execute(
            "SELECT count(DISTINCT t.id), array_agg(DISTINCT o.run) FILTER (WHERE o.since), "  # noqa: S608
            f"array_agg(DISTINCT o.run) FROM touched t LEFT JOIN ({now}) n USING (id) "
            f"LEFT JOIN ({others}) o ON o.id = t.id AND o.state IS NOT DISTINCT FROM n.state "
            f"WHERE t.run = $run AND t.place = '{place}' AND (t.state IS DISTINCT FROM n.state OR o.since)",
            bound,
        ).fetchall()
        changed += rows[0][0]
        # A run that continues while another one begins and ends may have changed a row after it.
        later |= {id_ for id_ in rows[0][1] or rows[0][2] or () if id_}
    if changed:
        total = connection.execute("SELECT count(*) FROM touched WHERE run = ?", [run.id]).fetchall()[0][0]
        raise MemctlError(
            f"{changed} of the {total} rows that run {run.id} changed were changed again later",
            hint=first(connection, later) if later else "they were not changed by a run that can be undone",
        )


def _require_unseen(connection: Connection, run: Run) -> None:
    """Raise MemctlError if a file read by another run contains turns that would be deleted: it is not read again."""
    gone = "SELECT id FROM touched WHERE run = $run AND place = 'fact' AND before IS NULL"
    rows = connection.execute(
        "SELECT count(*), array_agg(DISTINCT r.id) FROM (SELECT DISTINCT file FROM sightings "  # noqa: S608
        f"WHERE episode IN ({gone}) AND NOT EXISTS (SELECT 1 FROM ({_FILE_KEYS}) k WHERE k.file = sightings.file)) s "
        f"LEFT JOIN (SELECT file_key(id) AS file, run FROM touched WHERE place = 'file') t USING (file) "
        "LEFT JOIN runs r ON r.id = t.run AND r.undone_at IS NULL",
        {"run": run.id},
    ).fetchall()
    if rows[0][0]:
        raise MemctlError(
            f"turns that run {run.id} read were read again from other files later",
            hint=first(connection, {id_ for id_ in rows[0][1] or () if id_}),
        )


def first(connection: Connection, later: set[str]) -> str:
    """The hint to undo these runs, the newest of them first."""
    names = [run.id for run in runs(connection) if run.id in later]
    return f"undo first: {', '.join(names)}" if names else "undo later runs first"
