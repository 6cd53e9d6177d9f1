"""The undo log: the rows a run changed, as they were before, so that the run can be undone exactly.

A run records rows before it changes them; unchanged ones are dropped again at its end, and of new rows only the id and
a hash are kept. A run may span several transactions under one id, and can be undone as far as it got.
`memctl.store.duckdb.undo` restores the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID

from memctl.store.duckdb.database import Connection, get_meta
from memctl.store.duckdb.fact_rows import aware, naive, next_key
from memctl.store.duckdb.llm_cache import has_table
from memctl.store.model import UNDOABLE, Place, Run, new_run

KEPT = ("records", "units", "claims", "evidence", "vectors", "files", "sightings")
"""The tables whose former rows are kept, each in one of the same name behind `undo_`."""

_LISTED = "IN (SELECT unnest(?::UUID[]))"
_STATES: dict[Place, str] = {
    # The evidence of a fact is part of its state.
    "fact": (
        "WITH chosen AS (FROM records WHERE {which}), "
        "rests AS (SELECT fact, list(claim ORDER BY seq) AS claims FROM evidence "
        "WHERE fact IN (SELECT id FROM chosen) GROUP BY fact) "
        "SELECT c.id, md5_number_lower(c::VARCHAR || coalesce(r.claims::VARCHAR, '')) AS state "
        "FROM chosen c LEFT JOIN rests r ON r.fact = c.id"
    ),
    "claim": "SELECT c.id, md5_number_lower(c::VARCHAR) AS state FROM (FROM claims) c WHERE {which}",
    "removed": "SELECT DISTINCT id, 1::UBIGINT AS state FROM removed WHERE {which}",
    "file": (
        "SELECT f.id, md5_number_lower(f.row::VARCHAR) AS state "
        "FROM (SELECT {key} AS id, files AS row FROM files) f WHERE {which}"
    ),
}
FILE_ID = "('00000000-0000-0000-0000-' || lpad(to_hex(key), 12, '0'))::UUID"
"""A file's row key as an id, in SQL; `model.file_id` does the same in Python."""
FILE_KEY = "('0x' || right(id::VARCHAR, 12))::BIGINT"
"""The row key of a file from its id."""


def states(place: Place, which: str = f"id {_LISTED}") -> str:
    """The statement for the ids and states of the rows that `which` chooses."""
    return _STATES[place].replace("{which}", which).replace("{key}", FILE_ID)


class Journal:
    """Records what one transaction of a run changes. `run` continues or starts the run with that id."""

    def __init__(self, connection: Connection, command: str, user: str | None, run: str | None = None) -> None:
        self.connection = connection
        self.command, self.user = command, user
        self.id = run or new_run()
        found = connection.execute("SELECT undone_at FROM runs WHERE id = ?", [self.id]).fetchall()
        if found and found[0][0] is not None:
            # Undone while it was running: what follows is a new run.
            self.id, found = new_run(), []
        self._goes_on = bool(found)
        self._before: dict[Place, dict[UUID, int | None]] = {place: {} for place in _STATES}
        self._whole: set[UUID] = set()
        self.run: str | None = self.id if self._goes_on else None
        """The id of the run once it has changed something."""
        self._first = next_key(connection, "records")
        if self._goes_on:
            self._keep_to_one_embedder()

    def before_change(self, place: Place, ids: Iterable[UUID], *, reworded: bool = True) -> None:
        """Copy these rows (facts, claims, tombstones, files) as they are now; absence is a state too.

        A fact that is not `reworded` keeps its chunks and vectors, so they need no copy.
        """
        wanted = list(dict.fromkeys(ids))
        before = self._before[place]
        fresh = [id_ for id_ in wanted if id_ not in before]
        if fresh:
            earlier = self._found_first(place, fresh)
            now = [id_ for id_ in fresh if id_ not in earlier]
            before |= dict.fromkeys(now) | self._now(place, now) | earlier
            self._copy(place, [id_ for id_ in now if before[id_] is not None])
        if place == "fact" and reworded and (bare := [id_ for id_ in wanted if id_ not in self._whole]):
            self._copy_units(bare)
            self._whole.update(bare)

    def added(self, place: Place, ids: Iterable[UUID]) -> None:
        """Record rows that did not exist before. Facts need no record: their row keys show it."""
        before = self._before[place]
        fresh = [id_ for id_ in ids if id_ not in before]
        before |= dict.fromkeys(fresh) | self._found_first(place, fresh)

    def close(self) -> int:
        """Record the new state of changed rows and drop unchanged ones; returns how many this transaction changed."""
        self._before["fact"] |= self._brought_back()
        changed = self._note_new_facts()
        for place, before in self._before.items():
            ids = list(before)
            if not ids:
                continue
            after = dict.fromkeys(before) | self._now(place, ids)
            if self._goes_on:
                self.connection.execute(
                    f"DELETE FROM touched WHERE run = ? AND place = ? AND id {_LISTED}",  # noqa: S608
                    [self.id, place, ids],
                )
            self._forget(place, [id_ for id_ in ids if after[id_] == before[id_]])
            touched = [(self.id, place, id_, before[id_], after[id_]) for id_ in ids if after[id_] != before[id_]]
            if touched:
                with self.connection.appender("touched") as appender:
                    appender.append_rows(touched)
            changed += len(touched)
        if changed and not self._goes_on:
            self._begin()
            self.run = self.id
        return changed

    def _begin(self) -> None:
        now = datetime.now(UTC)
        expire(self.connection, now - UNDOABLE)
        self.connection.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, NULL)",
            [self.id, self.command, self.user, get_meta(self.connection, "embedder"), naive(now)],
        )

    def _keep_to_one_embedder(self) -> None:
        """Drop the vectors kept so far when a reindex brought another embedder while the run was under way."""
        embedder = get_meta(self.connection, "embedder")
        other = self.connection.execute(
            "SELECT 1 FROM runs WHERE id = ? AND embedder IS DISTINCT FROM ?", [self.id, embedder]
        ).fetchall()
        if other:
            self.connection.execute("UPDATE runs SET embedder = ? WHERE id = ?", [embedder, self.id])
            self.connection.execute("DELETE FROM undo_vectors WHERE run = ?", [self.id])

    def _found_first(self, place: Place, ids: Sequence[UUID]) -> dict[UUID, int | None]:
        """The original state of those of these rows that an earlier transaction of the run changed."""
        if not self._goes_on or not ids:
            return {}
        rows = self.connection.execute(
            f"SELECT id, before FROM touched WHERE run = ? AND place = ? AND id {_LISTED}",  # noqa: S608
            [self.id, place, list(ids)],
        ).fetchall()
        return dict(rows)

    def _brought_back(self) -> dict[UUID, int | None]:
        """Facts that an earlier transaction of the run removed and this one added again."""
        if not self._goes_on:
            return {}
        rows = self.connection.execute(
            "SELECT id, before FROM touched WHERE run = ? AND place = 'fact' AND state IS NULL "
            "AND id IN (SELECT id FROM records WHERE key >= ?)",
            [self.id, self._first],
        ).fetchall()
        return dict(rows)

    def _note_new_facts(self) -> int:
        """Record the facts that this transaction added; returns how many."""
        new = states("fact", "key >= ?")
        done = self.connection.execute(
            f"INSERT INTO touched SELECT ?, 'fact', id, NULL, state FROM ({new}) WHERE NOT id {_LISTED}",  # noqa: S608
            [self.id, self._first, list(self._before["fact"])],
        )
        return int(done.fetchall()[0][0])

    def _now(self, place: Place, ids: Sequence[UUID]) -> dict[UUID, int | None]:
        return dict(self.connection.execute(states(place), [list(ids)]).fetchall()) if ids else {}

    def _copy(self, place: Place, ids: Sequence[UUID]) -> None:
        for table, column in _ROWS[place] if ids else ():
            self.connection.execute(
                f"INSERT INTO undo_{table} SELECT ?, * FROM {table} WHERE {column} IN (SELECT {_found(place)})",  # noqa: S608
                [self.id, list(ids)],
            )

    def _copy_units(self, ids: Sequence[UUID]) -> None:
        """Copy the chunks and vectors of facts whose rows are still the original ones."""
        rows = self.connection.execute(
            f"SELECT key FROM undo_records WHERE run = ? AND id {_LISTED} AND key IN (SELECT key FROM records) "  # noqa: S608
            "AND key NOT IN (SELECT record FROM undo_units WHERE run = ?)",
            [self.id, list(ids), self.id],
        ).fetchall()
        keys = [row[0] for row in rows]
        units = "FROM units WHERE record IN (SELECT unnest(?::BIGINT[]))"
        if keys:
            self.connection.execute(f"INSERT INTO undo_units SELECT ?, * {units}", [self.id, keys])
            self.connection.execute(
                f"INSERT INTO undo_vectors SELECT ?, * FROM vectors WHERE unit IN (SELECT key {units})",  # noqa: S608
                [self.id, keys],
            )

    def _forget(self, place: Place, ids: Sequence[UUID]) -> None:
        """Drop the copies of unchanged rows."""
        if not ids:
            return
        if place == "fact":
            kept = f"SELECT key FROM undo_records WHERE run = ? AND id {_LISTED}"  # noqa: S608
            units = f"WHERE run = ? AND record IN ({kept})"
            for statement in (
                f"DELETE FROM undo_vectors WHERE run = ? AND unit IN (SELECT key FROM undo_units {units})",  # noqa: S608
                f"DELETE FROM undo_units {units}",  # noqa: S608
            ):
                self.connection.execute(statement, [self.id] * (statement.count("?") - 1) + [list(ids)])
        for table, column in _ROWS[place]:
            self.connection.execute(
                f"DELETE FROM undo_{table} WHERE run = ? AND {column} IN (SELECT {_found(place)})",  # noqa: S608
                [self.id, list(ids)],
            )


_ROWS: dict[Place, tuple[tuple[str, str], ...]] = {
    "fact": (("records", "id"), ("evidence", "fact")),
    "claim": (("claims", "id"),),
    "removed": (),
    "file": (("files", "key"), ("sightings", "file")),
}
"""For each place, the tables with its rows and the column that holds the id."""


def _found(place: Place) -> str:
    """What those columns hold for a list of ids."""
    return f"{FILE_KEY} FROM (SELECT unnest(?::UUID[]) AS id)" if place == "file" else "unnest(?::UUID[])"


def runs(connection: Connection) -> list[Run]:
    """The runs, newest first."""
    if not has_table(connection):
        return []
    rows = connection.execute(
        "SELECT id, command, user_id, made_at, undone_at FROM runs ORDER BY made_at DESC, id"
    ).fetchall()
    return [
        Run(id=row[0], command=row[1], user_id=row[2], made_at=row[3].replace(tzinfo=UTC), undone_at=aware(row[4]))
        for row in rows
    ]


def expire(connection: Connection, before: datetime) -> None:
    """Drop the runs made before then with their copies of rows: deleted data must be gone eventually."""
    old = [row[0] for row in connection.execute("SELECT id FROM runs WHERE made_at < ?", [naive(before)]).fetchall()]
    if old:
        for table in (*(f"undo_{name}" for name in KEPT), "touched"):
            connection.execute(f"DELETE FROM {table} WHERE run IN (SELECT unnest(?::VARCHAR[]))", [old])  # noqa: S608
        connection.execute("DELETE FROM runs WHERE id IN (SELECT unnest(?::VARCHAR[]))", [old])


def forget(connection: Connection, user: str) -> None:
    """Drop the copies of rows of a user who is being erased; the rest of a run can still be undone.

    Files that contained this user only have been removed from the ledger already.
    """
    mine = " UNION ALL ".join(
        f"SELECT id FROM {table} WHERE user_id = $user"  # noqa: S608
        for table in ("records", "claims", "undo_records", "undo_claims")
    )
    for statement in (
        f"DELETE FROM touched WHERE id IN ({mine})",  # noqa: S608
        f"DELETE FROM undo_evidence WHERE fact IN ({mine})",  # noqa: S608
        f"DELETE FROM taken_back WHERE id IN ({mine})",  # noqa: S608
        # The former version of a file may have contained this user only, unlike the current one.
        "DELETE FROM undo_files AS f WHERE EXISTS (FROM undo_sightings s WHERE s.run = f.run AND s.file = f.key) "
        "AND NOT EXISTS (FROM undo_sightings s WHERE s.run = f.run AND s.file = f.key AND s.episode IN "
        "(SELECT id FROM records WHERE user_id <> $user UNION ALL SELECT id FROM undo_records WHERE user_id <> $user))",
        f"DELETE FROM undo_sightings WHERE episode IN ({mine})",  # noqa: S608
    ):
        connection.execute(statement, {"user": user})
    connection.execute(f"DELETE FROM touched WHERE place = 'file' AND {FILE_KEY} NOT IN (SELECT key FROM files)")  # noqa: S608
    for table, key in (("undo_files", "key"), ("undo_sightings", "file")):
        connection.execute(
            f"DELETE FROM {table} WHERE (run, {key}) NOT IN "  # noqa: S608
            f"(SELECT (run, {FILE_KEY}) FROM touched WHERE place = 'file')"
        )
    connection.execute("DELETE FROM runs WHERE undone_at IS NULL AND id NOT IN (SELECT run FROM touched)")
