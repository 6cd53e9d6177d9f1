"""What a run changed, row by row as it was before, so that the run can be undone exactly.

A run watches rows before it changes them; what is the same at its end is forgotten again. Undoing puts the rows back,
in one transaction, and only while they are still as the run left them. What the rows mean is for others to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

import msgspec

from memctl.errors import MemctlError, NotFound, UsageError
from memctl.store.answers import held
from memctl.store.engine import Connection, get_meta
from memctl.store.records import aware, naive

# The state of a row as one comparable text; of a fact also the claims it rests on.
_STATES = {
    "fact": (
        "SELECT r.id, md5(r::VARCHAR || coalesce(e.claims::VARCHAR, '')) FROM (FROM records) r "
        "LEFT JOIN (SELECT fact, list(claim ORDER BY seq) AS claims FROM evidence GROUP BY fact) e ON e.fact = r.id "
        "WHERE r.id IN (SELECT unnest(?::UUID[]))"
    ),
    "claim": "SELECT c.id, md5(c::VARCHAR) FROM (FROM claims) c WHERE c.id IN (SELECT unnest(?::UUID[]))",
    "removed": "SELECT DISTINCT id, 'removed' FROM removed WHERE id IN (SELECT unnest(?::UUID[]))",
}
_ABSENT = ""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run that changed facts of the store."""

    id: str
    command: str
    user_id: str | None
    made_at: datetime
    undone_at: datetime | None = None


class Journal:
    """The rows one run is about to change. It lives inside the caller's transaction."""

    def __init__(self, connection: Connection, command: str, user: str | None) -> None:
        self.connection = connection
        self.id = uuid4().hex[:12]
        self._before: dict[str, dict[UUID, str]] = {place: {} for place in _STATES}
        connection.execute(
            "INSERT INTO runs VALUES (?, ?, ?, ?, ?, NULL)",
            [self.id, command, user, get_meta(connection, "embedder"), naive(datetime.now(UTC))],
        )

    def watch(self, place: str, ids: Iterable[UUID]) -> None:
        """Keep these rows (of facts, claims, the list of what is removed) as they are now; absence is a state too."""
        fresh = [id_ for id_ in dict.fromkeys(ids) if id_ not in self._before[place]]
        if not fresh:
            return
        self._before[place] |= dict.fromkeys(fresh, _ABSENT) | _states(self.connection, place, fresh)
        if place == "fact":
            _copy_facts(self.connection, self.id, fresh)
        elif place == "claim":
            self.connection.execute(
                "INSERT INTO undo_claims SELECT ?, * FROM claims WHERE id IN (SELECT unnest(?::UUID[]))",
                [self.id, fresh],
            )

    def close(self) -> int:
        """Note what the run left behind and forget what it did not change; how many rows it changed."""
        changed = 0
        for place, before in self._before.items():
            after = dict.fromkeys(before, _ABSENT) | _states(self.connection, place, list(before))
            touched = [id_ for id_ in before if after[id_] != before[id_]]
            same = [id_ for id_ in before if after[id_] == before[id_]]
            if place == "fact":
                _forget_facts(self.connection, self.id, same)
            elif place == "claim":
                self.connection.execute(
                    "DELETE FROM undo_claims WHERE run = ? AND id IN (SELECT unnest(?::UUID[]))", [self.id, same]
                )
            if touched:
                with self.connection.appender("touched") as appender:
                    appender.append_rows([(self.id, place, id_, after[id_]) for id_ in touched])
            changed += len(touched)
        if not changed:
            self.connection.execute("DELETE FROM runs WHERE id = ?", [self.id])
        return changed


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


def undo(connection: Connection, prefix: str) -> tuple[Run, int]:
    """Put back what a run changed, inside the caller's transaction; the run, and how many facts are as they were.

    Raises NotFound for a run that is not there, UsageError for one that several ids begin with or that was undone
    before, MemctlError when something else has changed its facts since.
    """
    found = [run for run in runs(connection) if run.id.startswith(prefix)] if prefix else []
    if not found:
        raise NotFound(f"there is no run {prefix!r}", hint="memctl undo lists the runs there were")
    if len(found) > 1:
        raise UsageError(f"several runs have ids that begin with {prefix!r}", hint="give more characters")
    run = found[0]
    if run.undone_at is not None:
        raise UsageError(f"run {run.id} was undone on {run.undone_at:%Y-%m-%d %H:%M} UTC already")
    rows = connection.execute("SELECT place, id, state FROM touched WHERE run = ?", [run.id]).fetchall()
    left: dict[str, dict[UUID, str]] = {place: {} for place in _STATES}
    for place, id_, state in rows:
        left[place][id_] = state
    _require_untouched(connection, run, left)
    facts, claims, removed = (list(left[place]) for place in ("fact", "claim", "removed"))
    for statement, ids in (
        (f"DELETE FROM vectors WHERE unit IN ({_UNITS})", facts),  # noqa: S608
        (f"DELETE FROM units WHERE key IN ({_UNITS})", facts),  # noqa: S608
        ("DELETE FROM evidence WHERE fact IN (SELECT unnest(?::UUID[]))", facts),
        ("DELETE FROM records WHERE id IN (SELECT unnest(?::UUID[]))", facts),
        ("DELETE FROM claims WHERE id IN (SELECT unnest(?::UUID[]))", claims),
        ("DELETE FROM removed WHERE id IN (SELECT unnest(?::UUID[]))", removed),
    ):
        connection.execute(statement, [ids])
    _put_back(connection, run.id)
    connection.execute("UPDATE runs SET undone_at = ? WHERE id = ?", [naive(datetime.now(UTC)), run.id])
    return run, len(facts)


_UNITS = (
    "SELECT u.key FROM units u JOIN records r ON r.key = u.record AND r.user_id = u.user_id "
    "WHERE r.id IN (SELECT unnest(?::UUID[]))"
)


def _states(connection: Connection, place: str, ids: Sequence[UUID]) -> dict[UUID, str]:
    return dict(connection.execute(_STATES[place], [list(ids)]).fetchall())


def _copy_facts(connection: Connection, run: str, ids: Sequence[UUID]) -> None:
    for statement in (
        "INSERT INTO undo_records SELECT ?, * FROM records WHERE id IN (SELECT unnest(?::UUID[]))",
        f"INSERT INTO undo_units SELECT ?, * FROM units WHERE key IN ({_UNITS})",  # noqa: S608
        f"INSERT INTO undo_vectors SELECT ?, * FROM vectors WHERE unit IN ({_UNITS})",  # noqa: S608
        "INSERT INTO undo_evidence SELECT ?, * FROM evidence WHERE fact IN (SELECT unnest(?::UUID[]))",
    ):
        connection.execute(statement, [run, list(ids)])


def _forget_facts(connection: Connection, run: str, ids: Sequence[UUID]) -> None:
    kept = "SELECT key FROM undo_records WHERE run = ? AND id IN (SELECT unnest(?::UUID[]))"
    for statement in (
        "DELETE FROM undo_vectors WHERE run = ? "  # noqa: S608
        f"AND unit IN (SELECT key FROM undo_units WHERE run = ? AND record IN ({kept}))",
        f"DELETE FROM undo_units WHERE run = ? AND record IN ({kept})",  # noqa: S608
        "DELETE FROM undo_evidence WHERE run = ? AND fact IN (SELECT unnest(?::UUID[]))",
        "DELETE FROM undo_records WHERE run = ? AND id IN (SELECT unnest(?::UUID[]))",
    ):
        connection.execute(statement, [run] * (statement.count("?") - 1) + [list(ids)])


def expire(connection: Connection, before: datetime) -> None:
    """Forget the runs of before then with all that was kept to undo them: what is dropped must go at last."""
    old = "SELECT id FROM runs WHERE made_at < ?"
    for table in ("records", "units", "claims", "evidence", "vectors"):
        connection.execute(f"DELETE FROM undo_{table} WHERE run IN ({old})", [naive(before)])  # noqa: S608
    connection.execute(f"DELETE FROM touched WHERE run IN ({old})", [naive(before)])  # noqa: S608
    connection.execute("DELETE FROM runs WHERE made_at < ?", [naive(before)])


def forget(connection: Connection, facts: Iterable[UUID], claims: Iterable[UUID]) -> None:
    """Drop what is kept of erased facts and claims; a run that changed them can then no longer be undone."""
    gone, dead = list(facts), list(claims)
    kept = "SELECT key FROM undo_records WHERE id IN (SELECT unnest(?::UUID[]))"
    rows = connection.execute(
        "SELECT DISTINCT fact FROM undo_evidence WHERE claim IN (SELECT unnest(?::UUID[]))", [dead]
    ).fetchall()
    gone += [row[0] for row in rows]
    for statement in (
        f"DELETE FROM undo_vectors WHERE unit IN (SELECT key FROM undo_units WHERE record IN ({kept}))",  # noqa: S608
        f"DELETE FROM undo_units WHERE record IN ({kept})",  # noqa: S608
        "DELETE FROM undo_evidence WHERE fact IN (SELECT unnest(?::UUID[]))",
        "DELETE FROM undo_records WHERE id IN (SELECT unnest(?::UUID[]))",
    ):
        connection.execute(statement, [gone])
    connection.execute("DELETE FROM undo_claims WHERE id IN (SELECT unnest(?::UUID[]))", [dead])
    connection.execute("UPDATE touched SET state = 'erased' WHERE id IN (SELECT unnest(?::UUID[]))", [[*gone, *dead]])


def _require_untouched(connection: Connection, run: Run, left: dict[str, dict[UUID, str]]) -> None:
    for place, states in left.items():
        now = dict.fromkeys(states, _ABSENT) | _states(connection, place, list(states))
        changed = sum(1 for id_, state in states.items() if now[id_] != state)
        if changed:
            raise MemctlError(
                f"{changed} of the {sum(map(len, left.values()))} rows that run {run.id} changed are no longer as it "
                "left them",
                hint="undo later runs first; what an ingest, an edit or a removal changed since cannot be undone",
            )


def _put_back(connection: Connection, run: str) -> None:
    """The rows of before. Where a reindex brought another embedder meanwhile, their vectors are left for it to make."""
    for table in ("records", "units", "claims", "evidence"):
        connection.execute(f"INSERT INTO {table} SELECT * EXCLUDE (run) FROM undo_{table} WHERE run = ?", [run])  # noqa: S608
    rows = connection.execute("SELECT embedder FROM runs WHERE id = ?", [run]).fetchall()
    if rows[0][0] == get_meta(connection, "embedder"):
        dim = int(get_meta(connection, "dim") or 0)
        connection.execute(
            f"INSERT INTO vectors SELECT unit, user_id, embedding::FLOAT[{dim}] FROM undo_vectors WHERE run = ?",  # noqa: S608
            [run],
        )
    for table in ("records", "units", "claims", "evidence", "vectors"):
        connection.execute(f"DELETE FROM undo_{table} WHERE run = ?", [run])  # noqa: S608
