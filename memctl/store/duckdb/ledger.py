"""The ledger: a DuckDB file that records which facts were moved between which backends, so that a second run resumes.

A fact's state goes planned -> written -> verified, or rejected, and changes only after the target has confirmed the
write. The file is only opened briefly, so `memctl migrations` works while a migration runs; the store is never touched.
"""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from memctl.core.errors import Locked, MemctlError
from memctl.runtime import file_lock
from memctl.store.duckdb.connection import DuckConnection, plain, transposed
from memctl.store.duckdb.driver import Connection, driver
from memctl.store.duckdb.files import commit, rebuild
from memctl.store.duckdb.instances import Overtaken, connected
from memctl.store.duckdb.unusable import unusable_ledger
from memctl.store.ledger_records import Counts, Entry, Marked, Planned, Route, Run, RunState, Settled, Standing, to_run
from memctl.store.sql.fact_rows import naive

SCHEMA_VERSION = "1"
MEMORY_LIMIT = "64MB"
LONGEST_HOLD = 1.0
IDLE_HOLD = 0.2
"""Seconds the file stays open for more to come, and seconds until it is closed when nothing comes."""

_ENTRY = "key, route, run, user_id, source_id, target_id, content_hash, state, attempts, error"
_LEFT = "left "
"""How the names in `meta` begin under which routes of an erased person are kept; the hash of the person follows."""
_REPORTED = "reported "
"""How the names in `meta` of reported rejects begin; the route and a hash follow."""
_WORDS = (("runs", "id", ("command", "error", "rejects_file")), ("routes", "route", ("source", "target")))
"""Where a person may be named: table, its key, its columns."""


class Ledger:
    """The ledger in `path`, created on first use. Thread-safe. All methods raise Locked if another process keeps the
    file locked for `lock_timeout` seconds."""

    def __init__(self, path: Path, lock_timeout: float = 30.0) -> None:
        self.path = path
        self.lock_timeout = lock_timeout
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._file = contextlib.ExitStack()
        """Releases the connection and the file."""
        self._opened = 0.0
        self._checked = False
        self._timer = threading.Timer(IDLE_HOLD, self.close)

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        """A transaction. Opening the file takes longer than most transactions, so it stays open for a moment in case
        another one follows, but never so long that other processes have to wait."""
        with self._lock:
            self._timer.cancel()
            connection = self._connection or self._open()
            try:
                connection.execute("BEGIN")
                yield connection
                commit(connection, self.path)
            except BaseException as error:
                # What was not committed is rolled back by closing.
                self._let_go()
                if isinstance(error, driver().Error):
                    raise unusable_ledger(error, self.path) from error
                raise
            if time.monotonic() - self._opened > LONGEST_HOLD:
                self._let_go()
            else:
                self._timer = threading.Timer(IDLE_HOLD, self.close)
                self._timer.daemon = True
                self._timer.start()

    def _open(self) -> Connection:
        new = self._make_folder()
        connection = self._connection = self._connect()
        self._opened = time.monotonic()
        if new:
            self.path.chmod(0o600)
        if not self._checked:
            try:
                connection.execute("BEGIN")
                self._ensure_schema(connection)
                commit(connection, self.path)
            except BaseException:
                self._let_go()
                raise
            self._checked = True
        return connection

    def _let_go(self) -> None:
        self._connection = None
        self._file.close()

    def close(self) -> None:
        """Release the file; the next call opens it again."""
        self._timer.cancel()
        with self._lock:
            self._let_go()

    def _make_folder(self) -> bool:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise MemctlError(f"cannot create the ledger's folder: {error.strerror}", where=str(self.path)) from None
        return not self.path.exists()

    def _connect(self) -> Connection:
        duckdb = driver()
        deadline = time.monotonic() + self.lock_timeout
        while True:
            try:
                return self._file.enter_context(connected(self.path, read_only=False, memory_limit=MEMORY_LIMIT))
            except (Overtaken, duckdb.Error) as error:
                if not isinstance(error, Overtaken) and "lock on file" not in str(error):
                    raise unusable_ledger(error, self.path) from None
                if time.monotonic() > deadline:
                    raise Locked(
                        f"the ledger stayed locked for {self.lock_timeout:g} s",
                        where=str(self.path),
                        hint="another migration writes to it; try again",
                    ) from None
                time.sleep(random.uniform(0.005, 0.1))

    def _ensure_schema(self, connection: Connection) -> None:
        tables = {row[0] for row in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if not tables:
            connection.execute(files("memctl.store.duckdb").joinpath("ledger.sql").read_text(encoding="utf-8"))
            connection.execute("INSERT INTO meta VALUES ('ledger_version', ?)", [SCHEMA_VERSION])
            return
        ours = {"meta", "routes", "runs", "entries"} <= tables
        if not ours or connection.execute("SELECT value FROM meta WHERE name = 'ledger_version'").fetchall() != [
            (SCHEMA_VERSION,)
        ]:
            raise MemctlError(
                "not a ledger that this memctl can use",
                where=str(self.path),
                hint="move it away, or name another with --ledger",
            )

    @contextlib.contextmanager
    def alone(self, route: int) -> Iterator[None]:
        """Be the only run on a route until the end of the block or of the process. Raises Locked if another run is
        on it."""
        running = Locked(
            "another migration from this source to this target is running",
            where=str(self.path),
            hint="wait for it, or stop it; memctl migrations shows it",
        )
        with file_lock.alone(self._lock_of(route), running):
            yield

    def _lock_of(self, route: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{route}.lock")

    def route(self, source: str, target: str, mode: str) -> int:
        """The number of a route; a new one for an unknown route."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT route FROM routes WHERE (source, target, mode) = (?, ?, ?)", [source, target, mode]
            ).fetchall()
            if rows:
                return int(rows[0][0])
            new = int(connection.execute("SELECT coalesce(max(route), 0) + 1 FROM routes").fetchall()[0][0])
            connection.execute("INSERT INTO routes VALUES (?, ?, ?, ?)", [new, source, target, mode])
            return new

    def start_run(self, run: str, route: int, command: str) -> None:
        """Record a run. An earlier run on this route that is recorded as running was killed, because only one runs
        at a time."""
        with self._transaction() as connection:
            connection.execute("UPDATE runs SET state = 'killed' WHERE route = ? AND state = 'running'", [route])
            connection.execute(
                "INSERT INTO runs VALUES (?, ?, 'running', ?, ?, NULL, ?, NULL, NULL)",
                [run, route, command, naive(datetime.now(UTC)), msgspec.json.encode(Counts()).decode()],
            )

    def drop_run(self, run: str) -> None:
        """Remove a run that moved nothing."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM runs WHERE id = ?", [run])

    def end(
        self, run: str, state: RunState, counts: Counts, *, rejects_file: str | None = None, error: str | None = None
    ) -> None:
        """Record the end of a run."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE runs SET state = ?, finished_at = ?, counts = ?, rejects_file = ?, error = ? WHERE id = ?",
                [state, naive(datetime.now(UTC)), msgspec.json.encode(counts).decode(), rejects_file, error, run],
            )

    def standings(self, route: int) -> dict[str, Standing]:
        """The counts of the route, by the user's name in the target."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT user_id, count(*) FILTER (state IN ('written', 'verified')), "
                "count(*) FILTER (state = 'planned' AND attempts > 0), count(*) FILTER (state = 'written'), "
                "count(*) FILTER (state = 'removed') FROM entries WHERE route = ? GROUP BY user_id",
                [route],
            ).fetchall()
        return {user: Standing(*counts) for user, *counts in rows}

    def known(self, route: int, ids: Sequence[UUID]) -> dict[UUID, Entry]:
        """The entries of these facts."""
        with self._transaction() as connection:
            # Places in the list instead of ids: DuckDB makes numbers in a tenth of the time.
            rows = connection.execute(
                "SELECT a.place, key, content_hash, state, attempts, target_id FROM entries JOIN "
                "(SELECT unnest(?::UUID[]) AS id, unnest(range(?)) AS place) a ON source_id = a.id WHERE route = ?",
                plain([list(ids), len(ids), route]),
            ).fetchall()
        return {ids[at]: Entry(key=k, content_hash=h, state=s, attempts=a, target_id=t) for at, k, h, s, a, t in rows}

    def confirmed(self, route: int, facts: Sequence[Marked]) -> set[int]:
        """Which of these facts, by their places, the target confirmed as they are."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT a.place FROM entries JOIN (SELECT unnest(?::UUID[]) AS id, unnest(?::BLOB[]) AS mark, "
                "unnest(range(?)) AS place) a ON source_id = a.id AND content_hash = a.mark "
                "WHERE route = ? AND state IN ('written', 'verified')",
                plain([[each.fact.id for each in facts], [each.mark for each in facts], len(facts), route]),
            ).fetchall()
        return {row[0] for row in rows}

    def acknowledged(self, route: int, user: str, *, removed: bool = False) -> list[UUID]:
        """The ids of the user's facts that the target confirmed, optionally also of those that were removed since."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT source_id FROM entries WHERE route = ? AND user_id = ? "
                "AND (state IN ('written', 'verified') OR (? AND state = 'removed')) ORDER BY key",
                [route, user, removed],
            ).fetchall()
        return [row[0] for row in rows]

    def plan(self, route: int, run: str, items: Sequence[Planned]) -> list[int]:
        """Record facts as planned before they are sent, with one more attempt; returns their rows, in order."""
        keys: list[int] = []
        fresh: list[tuple[Any, ...]] = []
        with self._transaction() as connection:
            top = connection.execute("SELECT coalesce(max(key), 0) FROM entries").fetchall()
            following = int(top[0][0]) + 1
            for fact, mark, entry in items:
                if entry is None:
                    row = (following + len(fresh), route, run, fact.user_id, fact.id, None, mark, "planned", 1, None)
                    fresh.append(row)
                    keys.append(row[0])
                else:
                    keys.append(entry.key)
            again = [(entry.key, fact.user_id, mark) for fact, mark, entry in items if entry is not None]
            if again:
                connection.execute(
                    "UPDATE entries SET state = 'planned', attempts = attempts + 1, run = ?, user_id = a.u, "
                    "content_hash = a.h, error = NULL FROM (SELECT unnest(?::BIGINT[]) k, unnest(?::VARCHAR[]) u, "
                    "unnest(?::BLOB[]) h) a WHERE key = a.k",
                    [run, *transposed(again)],
                )
            DuckConnection(connection).append("entries", _ENTRY, fresh)
        return keys

    def settle(self, run: str, settled: Sequence[Settled]) -> None:
        """Set the state of facts from the target's outcomes."""
        if not settled:
            return
        rows = [(item.key, item.state, item.target_id, item.error) for item in settled]
        keys = [item.key for item in settled]
        with self._transaction() as connection:
            connection.execute(
                "UPDATE entries SET state = a.s, target_id = coalesce(a.t, target_id), error = a.e, run = ? "
                "FROM (SELECT unnest(?::BIGINT[]) k, unnest(?::VARCHAR[]) s, unnest(?::VARCHAR[]) t, "
                "unnest(?::VARCHAR[]) e) a WHERE key = a.k AND key BETWEEN ? AND ?",
                [run, *transposed(rows), min(keys), max(keys)],
            )

    def release(self, keys: Sequence[int]) -> None:
        """Undo the attempt of facts that were planned and then not sent."""
        if keys:
            with self._transaction() as connection:
                connection.execute(
                    "UPDATE entries SET attempts = attempts - 1 WHERE key IN (SELECT unnest(?::BIGINT[]))", [list(keys)]
                )

    def verified(self, route: int, ids: Sequence[UUID], owners: Sequence[str] = ()) -> None:
        """Mark written facts as verified in the target: those with these ids, and all of these owners."""
        mark = "UPDATE entries SET state = 'verified' WHERE route = ? AND state = 'written' AND "
        if ids:
            with self._transaction() as connection:
                connection.execute(f"{mark} source_id IN (SELECT unnest(?::UUID[]))", plain([route, list(ids)]))
        if owners:
            with self._transaction() as connection:
                connection.execute(f"{mark} user_id IN (SELECT unnest(?::VARCHAR[]))", [route, list(owners)])

    def removed(self, route: int, ids: Sequence[UUID]) -> None:
        """Record that facts were deleted in the target."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE entries SET state = 'removed' WHERE route = ? AND source_id IN (SELECT unnest(?::UUID[]))",
                [route, list(ids)],
            )

    def copy_to(self, path: Path) -> None:
        """Write a copy of the ledger to a new file."""
        if not self.path.exists():
            return
        with self._transaction() as connection:
            name = connection.execute("SELECT current_database()").fetchall()[0][0]
            connection.execute("COMMIT")
            connection.execute(f"ATTACH '{str(path).replace(chr(39), chr(39) * 2)}' AS copy")
            connection.execute(f'COPY FROM DATABASE "{name}" TO copy')
            connection.execute("DETACH copy")
            connection.execute("BEGIN")

    def reported(self, route: int) -> set[str]:
        """Hashes of what runs on this route rejected and reported."""
        name = f"{_REPORTED}{route} "
        with self._transaction() as connection:
            rows = connection.execute("SELECT name FROM meta WHERE starts_with(name, ?)", [name]).fetchall()
        return {row[0].removeprefix(name) for row in rows}

    def set_reported(self, route: int, new: Iterable[str], over: Iterable[str]) -> None:
        """Add such hashes, and drop those that are over."""
        added, dropped = ([f"{_REPORTED}{route} {mark}" for mark in marks] for marks in (new, over))
        with self._transaction() as connection:
            connection.execute("DELETE FROM meta WHERE name IN (SELECT unnest(?::VARCHAR[]))", [dropped])
            connection.execute("INSERT INTO meta SELECT unnest(?::VARCHAR[]), ''", [added])

    def runs(self, prefix: str = "") -> list[Run]:
        """The runs whose id begins with `prefix`, newest first, whatever the clock was. A run without a recorded end
        was killed if no process is on its route."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT route, id, state, source, target, mode, command, started_at, finished_at, counts, "
                "rejects_file, error FROM runs JOIN routes USING (route) WHERE starts_with(id, ?) "
                "ORDER BY runs.rowid DESC",
                [prefix],
            ).fetchall()
        found = [(int(route), to_run(row)) for route, *row in rows]
        gone = {route for route, run in found if run.state == "running" and not file_lock.is_held(self._lock_of(route))}
        return [
            msgspec.structs.replace(run, state="killed") if run.state == "running" and route in gone else run
            for route, run in found
        ]

    def rejects_files(self) -> list[str]:
        """Every file of rejects that a run wrote."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT DISTINCT rejects_file FROM runs WHERE rejects_file IS NOT NULL"
            ).fetchall()
        return [row[0] for row in rows]

    def routes_of(self, user: str, stands_for: Callable[[str], bool]) -> list[Route]:
        """The routes on which facts of the person were moved, and those that `forget` kept under a hash for which
        `stands_for` is true."""
        with self._transaction() as connection:
            hashes = {name for name in _left(connection) if stands_for(name.removeprefix(_LEFT))}
            rows = connection.execute(
                "SELECT route, source, target FROM routes WHERE route IN (SELECT route FROM entries WHERE user_id = ?) "
                "OR route IN (SELECT CAST(value AS INTEGER) FROM meta WHERE name IN (SELECT unnest(?::VARCHAR[]))) "
                "ORDER BY route",
                [user, sorted(hashes)],
            ).fetchall()
        return [Route(*row) for row in rows]

    def forget(
        self, user: str, unnamed: Callable[[str], str], who: str | None = None, left: Iterable[int] = ()
    ) -> None:
        """Remove a person from the file completely: their entries are deleted, and all texts of runs and routes are
        replaced by the result of `unnamed`. The routes `left`, whose endpoints may still have the person, are kept
        under `who`, the hash of the name."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM entries WHERE user_id = ?", [user])
            connection.execute("DELETE FROM meta WHERE name = ?", [f"{_LEFT}{who}"])
            for route in left:
                connection.execute("INSERT INTO meta VALUES (?, ?)", [f"{_LEFT}{who}", str(route)])
            for table, key, columns in _WORDS:
                for number, *words in connection.execute(f"SELECT {key}, {', '.join(columns)} FROM {table}").fetchall():  # noqa: S608
                    for column, word in zip(columns, words, strict=True):
                        if word is not None and unnamed(word) != word:
                            connection.execute(
                                f"UPDATE {table} SET {column} = ? WHERE {key} = ?",  # noqa: S608 - our own names
                                [unnamed(word), number],
                            )
        self.close()
        with self._lock:
            rebuild(self._open(), self.path)
            self._let_go()

    def states(self, run: str) -> dict[str, int]:
        """The number of facts of a run in each state, without those that a later run processed again."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT state, count(*) FROM entries WHERE run = ? GROUP BY state ORDER BY state", [run]
            ).fetchall()
        return dict(rows)


def _left(connection: Connection) -> list[str]:
    """The names in `meta` under which routes of erased persons are kept."""
    rows = connection.execute("SELECT DISTINCT name FROM meta WHERE starts_with(name, ?)", [_LEFT]).fetchall()
    return [row[0] for row in rows]
