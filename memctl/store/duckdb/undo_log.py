"""What a run changed, row by row as it was before, so that the run can be undone exactly.

A run watches rows before it changes them; what is the same at its end is forgotten again, and of rows that are new only
the id and a hash are kept. A run may go on over several transactions under one id, and can be undone as far as it
came. What the rows mean is for others to know; putting them back is for `memctl.store.duckdb.undo`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from memctl.store.duckdb.database import Connection, get_meta
from memctl.store.duckdb.fact_rows import aware, naive, next_key
from memctl.store.duckdb.llm_cache import held
from memctl.store.model import UNDOABLE, Place, Run, new_run

KEPT = ("records", "units", "claims", "evidence", "vectors", "files", "sightings")
"""The tables whose former rows are kept, each in one of the same name behind `undo_`."""

_LISTED = "IN (SELECT unnest(?::UUID[]))"
_STATES: dict[Place, str] = {
    # Of a fact the claims it rests on belong to its state.
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
"""A file's row key as an id, in SQL; `file_id` is the same in Python."""
FILE_KEY = "('0x' || right(id::VARCHAR, 12))::BIGINT"
"""The row key of a file from its id."""


def states(place: Place, which: str = f"id {_LISTED}") -> str:
    """The statement for the ids and states of the rows that `which` chooses."""
    return _STATES[place].replace("{which}", which).replace("{key}", FILE_ID)


class Journal:
    """The rows a run is about to change in one transaction, which is the caller's.

    `run` goes on with a run of that id, or begins it.
    """

    def __init__(self, connection: Connection, command: str, user: str | None, run: str | None = None) -> None:
        self.connection = connection
        self.command, self.user = command, user
        self.id = run or new_run()
        found = connection.execute("SELECT undone_at FROM runs WHERE id = ?", [self.id]).fetchall()
        if found and found[0][0] is not None:
            # Undone while it was under way: what is still to come is a run of its own.
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
        """Keep these rows (of facts, claims, the list of what is removed, files) as they are now; absence is a state
        too. A fact that is not `reworded` keeps its units and vectors, so that they need no copy."""
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
        """Note rows that were not there before. Facts need no note: their row keys tell."""
        before = self._before[place]
        fresh = [id_ for id_ in ids if id_ not in before]
        before |= dict.fromkeys(fresh) | self._found_first(place, fresh)

    def close(self) -> int:
        """Note what the run left behind and forget what it did not change; how many rows this transaction changed."""
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
        """In which state an earlier transaction of the run found these rows; only of those that it changed."""
        if not self._goes_on or not ids:
            return {}
        rows = self.connection.execute(
            f"SELECT id, before FROM touched WHERE run = ? AND place = ? AND id {_LISTED}",  # noqa: S608
            [self.id, place, list(ids)],
        ).fetchall()
        return dict(rows)

    def _brought_back(self) -> dict[UUID, int | None]:
        """Facts that an earlier transaction of the run took out and this one made anew."""
        if not self._goes_on:
            return {}
        rows = self.connection.execute(
            "SELECT id, before FROM touched WHERE run = ? AND place = 'fact' AND state IS NULL "
            "AND id IN (SELECT id FROM records WHERE key >= ?)",
            [self.id, self._first],
        ).fetchall()
        return dict(rows)

    def _note_new_facts(self) -> int:
        """Enter the facts this transaction added; how many they are."""
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
        """Keep the units and vectors of facts that are still the rows the run found."""
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
        """Drop the copies of rows that are as they were found."""
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
"""Of what is watched in a place, the tables it stands in and the column that names it there."""


def _found(place: Place) -> str:
    """What those columns hold for a list of ids."""
    return f"{FILE_KEY} FROM (SELECT unnest(?::UUID[]) AS id)" if place == "file" else "unnest(?::UUID[])"


@contextmanager
def journalled(
    connection: Connection, command: str, user: str | None = None, run: str | None = None
) -> Iterator[Journal]:
    """A Journal that is closed at the end of the block, and with it all that the block changed can be undone."""
    journal = Journal(connection, command, user, run)
    yield journal
    journal.close()


def runs(connection: Connection) -> list[Run]:
    """The runs there were, the newest first."""
    if not held(connection):
        return []
    rows = connection.execute(
        "SELECT id, command, user_id, made_at, undone_at FROM runs ORDER BY made_at DESC, id"
    ).fetchall()
    return [
        Run(id=row[0], command=row[1], user_id=row[2], made_at=row[3].replace(tzinfo=UTC), undone_at=aware(row[4]))
        for row in rows
    ]


def expire(connection: Connection, before: datetime) -> None:
    """Forget the runs of before then with all that was kept to undo them: what is dropped must go at last."""
    old = [row[0] for row in connection.execute("SELECT id FROM runs WHERE made_at < ?", [naive(before)]).fetchall()]
    if old:
        for table in (*(f"undo_{name}" for name in KEPT), "touched"):
            connection.execute(f"DELETE FROM {table} WHERE run IN (SELECT unnest(?::VARCHAR[]))", [old])  # noqa: S608
        connection.execute("DELETE FROM runs WHERE id IN (SELECT unnest(?::VARCHAR[]))", [old])


def forget(connection: Connection, user: str) -> None:
    """Drop what is kept of a user who is about to be erased; the rest of a run can still be undone.

    The files that showed this user alone have gone from the ledger before.
    """
    mine = " UNION ALL ".join(
        f"SELECT id FROM {table} WHERE user_id = $user"  # noqa: S608
        for table in ("records", "claims", "undo_records", "undo_claims")
    )
    for statement in (
        f"DELETE FROM touched WHERE id IN ({mine})",  # noqa: S608
        f"DELETE FROM undo_evidence WHERE fact IN ({mine})",  # noqa: S608
        f"DELETE FROM taken_back WHERE id IN ({mine})",  # noqa: S608
        # A file as it was before the run may have shown this user alone, as it did not at the end.
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
