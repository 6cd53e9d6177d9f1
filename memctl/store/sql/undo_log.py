"""The undo log: the rows a run changed, as they were before, so that the run can be undone exactly.

A run records rows before it changes them; unchanged ones are dropped again at its end, and of new rows only the id and
a hash are kept. A run may span several transactions under one id, and can be undone as far as it got.
`memctl.store.sql.undo` restores the rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from memctl.store.connection import Connection
from memctl.store.model import UNDOABLE, Place, Run, new_run
from memctl.store.sql import claims, fact_rows, ingested_files, writes
from memctl.store.sql.fact_rows import aware, naive
from memctl.store.sql.meta import get_meta

TOUCHED = "run, place, id, before, state, user_id"
_FEW = 100
"""Up to this many new records are noted with the changed rows, in one statement; more, without their ids leaving the
database."""

_COPIED: dict[str, str] = {
    "records": fact_rows.COLUMNS,
    "units": writes.UNITS,
    "claims": claims.COLUMNS,
    "evidence": claims.EVIDENCE,
    "vectors": writes.VECTORS,
    "files": ingested_files.COLUMNS,
    "sightings": ingested_files.SIGHTINGS,
}
"""The tables whose former rows are kept, each in one of the same name behind `undo_`, and their columns."""
KEPT = tuple(_COPIED)
_STATES: dict[Place, str] = {
    # The evidence of a fact is part of its state.
    "fact": (
        "WITH chosen AS (SELECT * FROM records WHERE {mine} AND {which}), "
        "rests AS MATERIALIZED (SELECT fact, array_agg(claim ORDER BY seq) AS claims FROM evidence "
        "WHERE {mine} AND fact IN (SELECT id FROM chosen) GROUP BY fact) "
        "SELECT c.id, row_state(c::TEXT || coalesce(r.claims::TEXT, '')) AS state, c.user_id "
        "FROM chosen c LEFT JOIN rests r ON r.fact = c.id"
    ),
    "claim": (
        "SELECT c.id, row_state(c::TEXT) AS state, c.user_id FROM (SELECT * FROM claims) c WHERE {mine} AND {which}"
    ),
    # One that remained of a forgotten user has no owner.
    "removed": (
        "SELECT DISTINCT id, 1::BIGINT AS state, min(user_id) AS user_id FROM removed "
        "WHERE ({mine} OR user_id = '') AND {which} GROUP BY id"
    ),
    "file": (
        "SELECT f.id, row_state(f.entry::TEXT) AS state, '' AS user_id "
        "FROM (SELECT file_id(key) AS id, files AS entry FROM files) f WHERE {which}"
    ),
}


def states(connection: Connection, place: Place, which: str = "") -> str:
    """The statement for the ids, states and owners of the rows that `which` chooses, by default of a list of ids."""
    which = which or f"id {connection.in_list('UUID')}"
    return _STATES[place].replace("{which}", which).replace("{mine}", connection.mine())


def copied(table: str) -> str:
    """The columns of a table whose former rows are kept."""
    return _COPIED[table]


class Journal:
    """Records what one transaction of a run changes. `run` continues or starts the run with that id."""

    def __init__(self, connection: Connection, command: str, user: str | None, run: str | None = None) -> None:
        self.connection = connection
        self.command, self.user = command, user
        self.id = run or new_run()
        self._shared = run is not None
        rows = connection.execute("SELECT undone_at FROM runs WHERE id = ?", [run]).fetchall() if run else []
        if rows and rows[0][0] is not None:
            # Undone while it was running: what follows is a new run.
            self.id, rows = new_run(), []
        self._goes_on = bool(rows)
        self._before: dict[Place, dict[UUID, int | None]] = {place: {} for place in _STATES}
        self._owners: dict[UUID, str] = {}
        self._new: list[int] = []
        self._whole: set[UUID] = set()
        self.run: str | None = self.id if self._goes_on else None
        """The id of the run once it has changed something."""
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
            before |= self._now({place: now}).get(place, {}) | earlier
            self._copy(place, [id_ for id_ in now if before[id_] is not None])
        if place == "fact" and reworded and (bare := [id_ for id_ in wanted if id_ not in self._whole]):
            self._copy_units(bare)
            self._whole.update(bare)

    def added(self, place: Place, ids: Iterable[UUID]) -> None:
        """Record rows that did not exist before; of facts, `added_records` does."""
        before = self._before[place]
        fresh = [id_ for id_ in ids if id_ not in before]
        before |= dict.fromkeys(fresh) | self._found_first(place, fresh)

    def added_records(self, keys: Iterable[int], ids: Sequence[UUID]) -> None:
        """Record new records, by their row keys and ids."""
        if len(ids) <= _FEW:
            self.added("fact", ids)
        else:
            self._new += keys

    def close(self) -> int:
        """Record the new state of changed rows and drop unchanged ones; returns how many this transaction changed."""
        self._before["fact"] |= self._brought_back()
        changed = self._note_new_facts()
        touched = []
        for place, after in self._now({place: list(before) for place, before in self._before.items()}).items():
            ids, before = list(after), self._before[place]
            if self._goes_on:
                self.connection.execute(
                    f"DELETE FROM touched WHERE run = ? AND place = ? AND id {self.connection.in_list('UUID')}",  # noqa: S608
                    [self.id, place, ids],
                )
            self._forget(place, [id_ for id_ in ids if after[id_] == before[id_]])
            touched += [
                (self.id, place, id_, before[id_], after[id_], self._owners.get(id_, ""))
                for id_ in ids
                if after[id_] != before[id_]
            ]
        self.connection.append("touched", TOUCHED, touched)
        changed += len(touched)
        if changed and not self._goes_on:
            self._begin()
            self.run = self.id
        return changed

    def _begin(self) -> None:
        if self._shared:
            # Another worker of the same run may be beginning it.
            self.connection.lock([f"run {self.id}"])
            if self.connection.execute("SELECT 1 FROM runs WHERE id = ?", [self.id]).fetchall():
                return
        now = datetime.now(UTC)
        expire(self.connection, now - UNDOABLE)
        self.connection.execute(
            "INSERT INTO runs (id, command, user_id, embedder, made_at) VALUES (?, ?, ?, ?, ?)",
            [self.id, self.command, self.user, get_meta(self.connection, "embedder"), naive(now)],
        )

    def _keep_to_one_embedder(self) -> None:
        """Drop the vectors kept so far if a reindex changed the embedder during the run."""
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
        return self._noted(
            "SELECT id, before, user_id FROM touched "  # noqa: S608
            f"WHERE run = ? AND place = ? AND id {self.connection.in_list('UUID')}",
            [self.id, place, list(ids)],
        )

    def _brought_back(self) -> dict[UUID, int | None]:
        """Facts that an earlier transaction of the run removed and this one added again."""
        if not self._goes_on or not self._new:
            return {}
        return self._noted(
            "SELECT id, before, user_id FROM touched WHERE run = ? AND place = 'fact' AND state IS NULL "  # noqa: S608
            f"AND {self.connection.mine()} AND id IN (SELECT id FROM records WHERE {self._which_new()})",
            [self.id, min(self._new), max(self._new)],
        )

    def _note_new_facts(self) -> int:
        """Record the facts that this transaction added; returns how many."""
        if not self._new:
            return 0
        new = states(self.connection, "fact", self._which_new())
        return self.connection.change(
            f"INSERT INTO touched ({TOUCHED}) SELECT ?, 'fact', id, NULL::BIGINT, state, user_id "  # noqa: S608
            f"FROM ({new}) n WHERE NOT EXISTS "
            "(SELECT 1 FROM (SELECT unnest(?::UUID[]) AS id) noted WHERE noted.id = n.id)",
            [self.id, min(self._new), max(self._new), list(self._before["fact"])],
        )

    def _which_new(self) -> str:
        """The condition for the records that this transaction added, by the first and the last of their keys: until
        it ends no other process writes about its users, and earlier records have lower keys."""
        return f"{self.connection.mine()} AND key BETWEEN ? AND ?"

    def _now(self, asked: Mapping[Place, list[UUID]]) -> dict[Place, dict[UUID, int | None]]:
        """The states of these rows by place and id, None for those that do not exist; no places without ids."""
        asked = {place: ids for place, ids in asked.items() if ids}
        found: dict[Place, dict[UUID, int | None]] = {place: dict.fromkeys(ids) for place, ids in asked.items()}
        if asked:
            statement = " UNION ALL ".join(
                f"SELECT id, state, user_id, '{place}' FROM ({states(self.connection, place)}) {place}"  # noqa: S608
                for place in asked
            )
            for id_, state, user, place in self.connection.execute(statement, list(asked.values())).fetchall():
                found[place][id_], self._owners[id_] = state, user
        return found

    def _noted(self, statement: str, parameters: list[Any]) -> dict[UUID, int | None]:
        """The states of rows by id; their owners are remembered."""
        rows = self.connection.execute(statement, parameters).fetchall()
        self._owners |= {id_: user for id_, _, user in rows}
        return {id_: state for id_, state, _ in rows}

    def _copy(self, place: Place, ids: Sequence[UUID]) -> None:
        for table, column in _ROWS[place] if ids else ():
            self._copy_rows(table, f"{column} {self._among(place)}", list(ids))

    def _among(self, place: Place) -> str:
        """The condition that one of the columns in `_ROWS` has one of the ids in a list."""
        if place == "file":
            return "IN (SELECT file_key(id) FROM (SELECT unnest(?::UUID[]) AS id) chosen)"
        return self.connection.in_list("UUID")

    def _copy_units(self, ids: Sequence[UUID]) -> None:
        """Copy the chunks and vectors of facts whose rows are still the original ones."""
        mine = self.connection.mine()
        rows = self.connection.execute(
            f"SELECT key FROM undo_records o WHERE run = ? AND {mine} AND id {self.connection.in_list('UUID')} "  # noqa: S608
            "AND EXISTS (SELECT 1 FROM records r WHERE r.key = o.key AND r.user_id = o.user_id) "
            f"AND NOT EXISTS (SELECT 1 FROM undo_units u WHERE {self.connection.mine('u')} AND u.run = o.run "
            "AND u.record = o.key AND u.user_id = o.user_id)",
            [self.id, list(ids)],
        ).fetchall()
        keys = [row[0] for row in rows]
        listed = self.connection.in_list("BIGINT")
        if keys:
            self._copy_rows("units", f"record {listed}", keys)
            units = f"SELECT key FROM units WHERE {mine} AND record {listed}"  # noqa: S608
            if get_meta(self.connection, "embedder"):
                self._copy_rows("vectors", f"unit IN ({units})", keys)

    def _copy_rows(self, table: str, which: str, chosen: list[Any]) -> None:
        mine = "TRUE" if table == "files" else self.connection.mine()
        values = _COPIED[table].replace("embedding", "embedding::REAL[]")
        self.connection.execute(
            f"INSERT INTO undo_{table} (run, {_COPIED[table]}) "  # noqa: S608
            f"SELECT ?, {values} FROM {table} WHERE {mine} AND {which}",
            [self.id, chosen],
        )

    def _forget(self, place: Place, ids: Sequence[UUID]) -> None:
        """Drop the copies of unchanged rows."""
        if not ids:
            return
        if place == "fact":
            keys = f"SELECT key FROM undo_records WHERE run = ? AND id {self.connection.in_list('UUID')}"  # noqa: S608
            units = f"WHERE run = ? AND record IN ({keys})"
            for statement in (
                f"DELETE FROM undo_vectors WHERE run = ? AND unit IN (SELECT key FROM undo_units {units})",  # noqa: S608
                f"DELETE FROM undo_units {units}",  # noqa: S608
            ):
                self.connection.execute(statement, [self.id] * (statement.count("?") - 1) + [list(ids)])
        for table, column in _ROWS[place]:
            self.connection.execute(
                f"DELETE FROM undo_{table} WHERE run = ? AND {column} {self._among(place)}",  # noqa: S608
                [self.id, list(ids)],
            )


_ROWS: dict[Place, tuple[tuple[str, str], ...]] = {
    "fact": (("records", "id"), ("evidence", "fact")),
    "claim": (("claims", "id"),),
    "removed": (),
    "file": (("files", "key"), ("sightings", "file")),
}
"""For each place, the tables with its rows and the column that holds the id."""


def runs(connection: Connection) -> list[Run]:
    """The runs, newest first."""
    rows = connection.execute(
        "SELECT id, command, user_id, made_at, undone_at FROM runs ORDER BY made_at DESC, id"
    ).fetchall()
    return [
        Run(id=row[0], command=row[1], user_id=row[2], made_at=row[3].replace(tzinfo=UTC), undone_at=aware(row[4]))
        for row in rows
    ]


def expire(connection: Connection, before: datetime) -> None:
    """Drop the runs made before then with their copies of rows, so that deleted data is removed in the end."""
    old = [row[0] for row in connection.execute("SELECT id FROM runs WHERE made_at < ?", [naive(before)]).fetchall()]
    if old:
        for table in (*(f"undo_{name}" for name in KEPT), "touched"):
            connection.execute(f"DELETE FROM {table} WHERE run IN (SELECT unnest(?::TEXT[]))", [old])  # noqa: S608
        connection.execute("DELETE FROM runs WHERE id IN (SELECT unnest(?::TEXT[]))", [old])


def forget(connection: Connection, user: str) -> None:
    """Drop the copies of rows of a user who is being erased; the rest of a run can still be undone.

    Files that contained this user only have been removed from the ledger already.
    """
    for table in ("touched", "undo_evidence", "taken_back"):
        connection.execute(f"DELETE FROM {table} WHERE user_id = ?", [user])  # noqa: S608
    for statement in (
        # The former version of a file may have contained this user only, unlike the current one.
        "DELETE FROM undo_files AS f "
        "WHERE EXISTS (SELECT 1 FROM undo_sightings s WHERE s.run = f.run AND s.file = f.key) "
        "AND NOT EXISTS (SELECT 1 FROM undo_sightings s WHERE s.run = f.run AND s.file = f.key AND s.episode IN "
        "(SELECT id FROM records WHERE user_id <> $user UNION ALL SELECT id FROM undo_records WHERE user_id <> $user))",
        "DELETE FROM undo_sightings WHERE user_id = $user",
    ):
        connection.execute(statement, {"user": user})
    connection.execute(
        "DELETE FROM touched WHERE place = 'file' "
        "AND NOT EXISTS (SELECT 1 FROM files f WHERE f.key = file_key(touched.id))"
    )
    for table, key in (("undo_files", "key"), ("undo_sightings", "file")):
        connection.execute(
            f"DELETE FROM {table} WHERE NOT EXISTS (SELECT 1 FROM touched t "  # noqa: S608
            f"WHERE t.place = 'file' AND t.run = {table}.run AND file_key(t.id) = {table}.{key})"
        )
    connection.execute(
        "DELETE FROM runs WHERE undone_at IS NULL AND NOT EXISTS (SELECT 1 FROM touched t WHERE t.run = runs.id)"
    )
