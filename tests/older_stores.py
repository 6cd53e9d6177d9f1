"""Stores in the schema of an older memctl."""

from pathlib import Path

import duckdb

TABLES_SINCE = {
    2: (
        "forgotten", "extract_cache", "batches", "batch_requests", "runs", "touched", "undo_records", "undo_units",
        "undo_claims", "undo_evidence", "undo_vectors", "undo_files", "undo_sightings", "taken_back",
    )
}  # fmt: skip
"""The tables that came with each version of the store's schema."""
OWNED_SINCE_3 = ("evidence", "sightings", "removed", "touched", "taken_back", "undo_evidence", "undo_sightings")
"""The tables whose rows name their user since version 3."""
MACROS_SINCE_3 = ("half", "row_state", "file_id", "file_key", "bag", "each", "negates", "folded", "says_only")


def make_older(store: Path, version: int) -> None:
    """Convert the store to an older version of the schema."""
    with duckdb.connect(str(store)) as connection:
        if version < 4:
            connection.execute("DROP MACRO agreement")
            rows = connection.execute(
                "SELECT column_name FROM duckdb_columns() WHERE table_name = 'vectors' "
                "AND (column_name LIKE 'signs%' OR column_name LIKE 'large%')"
            )
            for (column,) in rows.fetchall():
                connection.execute(f"ALTER TABLE vectors DROP {column}")
        if version < 3:
            for macro in MACROS_SINCE_3:
                connection.execute(f"DROP MACRO {macro}")
            for table in OWNED_SINCE_3:
                connection.execute(f"ALTER TABLE {table} DROP user_id")
            for column in ("before", "state"):
                connection.execute(
                    f"ALTER TABLE touched ALTER {column} TYPE UBIGINT "
                    f"USING CASE WHEN place = 'removed' THEN {column}::UBIGINT ELSE {column}::UBIGINT << 1 END"
                )
        for later in (number for number in TABLES_SINCE if number > version):
            for table in TABLES_SINCE[later]:
                connection.execute(f"DROP TABLE {table}")
        connection.execute("UPDATE meta SET value = ? WHERE name = 'schema_version'", [str(version)])
