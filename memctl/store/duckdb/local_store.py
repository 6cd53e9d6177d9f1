"""The backend named `local`: the DuckDB store behind the adapter contract, and what only the local store can do.

It joins the store with ingest, search and the embedder; the CLI and `memctl.open` speak to it and to nothing below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec

from memctl.backends.contract import Capabilities, FieldKeeping, Health, Hit, Outcome, Page
from memctl.core.errors import MemctlError, NotFound, UsageError
from memctl.core.fact import Fact
from memctl.embed.spec import EmbedderSpec
from memctl.runtime.settings import store_file
from memctl.store.duckdb import fact_rows, queries
from memctl.store.duckdb.database import Connection, Database
from memctl.store.duckdb.stats import statistics, user_summaries
from memctl.store.duckdb.writes import stored_embedder
from memctl.store.model import Statistics, UserSummary, new_run

if TYPE_CHECKING:
    from memctl.backends.contract import Adapter
    from memctl.core.claim import Claim
    from memctl.ingest.from_backend import Pause
    from memctl.ingest.llm_batch_api import Collected
    from memctl.ingest.pipeline import Progress
    from memctl.ingest.result import Report
    from memctl.ingest.scan import Options
    from memctl.maintenance.consolidate import Consolidated
    from memctl.store.model import Reindexed, Run, Table

PAGE_SIZE = 1000


class LocalStore:
    """The store in one DuckDB file. `lock_timeout` is in seconds; `embedder` None means the store's own.

    Every method opens the file for as long as it needs it; all raise Locked when another process would not let go.
    All that `write` stores between two calls of `start_run` can be undone together, as one run.
    """

    name = "local"
    capabilities = Capabilities(
        fields={"embedding": FieldKeeping("dropped", "the store makes its own vectors, all by one model")},
        batch_size=10_000,
    )

    def __init__(
        self,
        path: str | Path,
        *,
        embedder: str | None = None,
        base_url: str | None = None,
        dimensions: int | None = None,
        lock_timeout: float = 30.0,
    ) -> None:
        self.database = Database(store_file(path), lock_timeout)
        self.start_run(new_run(), "write")
        self._asked = EmbedderSpec(spec=embedder, base_url=base_url, dim=dimensions) if embedder else None

    def __enter__(self) -> LocalStore:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def start_run(self, run: str, command: str) -> None:
        """Let what is written from now on be the run of this id, listed as what `command` did."""
        self._run, self._command = run, command

    def close(self) -> None:
        """Nothing stays open between calls."""

    def check(self) -> Health:
        """Whether the store opens, and what it holds."""
        with self.database.reading() as connection:
            rows = connection.execute("SELECT count(*), count(DISTINCT user_id) FROM records").fetchall()
        facts, users = rows[0]
        return Health(ok=True, detail=f"{self.database.path}: {facts} records of {users} users")

    def spec(self) -> EmbedderSpec:
        """The embedder of this store; for a store still to be made, the one asked for.

        Raises UsageError when another was asked for than the store's: a search never mixes models.
        """
        try:
            with self.database.reading() as connection:
                return self._spec(connection)
        except NotFound:
            return self._asked or EmbedderSpec()

    def _spec(self, connection: Connection) -> EmbedderSpec:
        stored = stored_embedder(connection)
        same = self._asked == stored or (self._asked and stored and self._asked.shipped and stored.shipped)
        if stored and self._asked and not same:
            raise UsageError(
                f"the store's vectors are by {stored.spec}, not by {self._asked.spec}",
                where=str(self.database.path),
                hint=f"leave --embedder out, or change the store with memctl reindex --embedder {self._asked.spec}",
            )
        return stored or self._asked or EmbedderSpec()

    def users(self) -> Iterator[str]:
        """Every user that owns a record, in alphabetical order."""
        return iter([summary.user for summary in self.user_summaries()])

    def user_summaries(self) -> list[UserSummary]:
        """Every user with what is held of them, in alphabetical order."""
        with self.database.reading() as connection:
            return user_summaries(connection)

    def latest_import(self) -> datetime | None:
        """When the last record was taken in."""
        with self.database.reading() as connection:
            rows = connection.execute("SELECT max(imported_at) FROM records").fetchall()
        return fact_rows.aware(rows[0][0])

    def count(self, user: str) -> int | None:
        """How many records, episodes included, the user has."""
        with self.database.reading() as connection:
            rows = connection.execute("SELECT count(*) FROM records WHERE user_id = ?", [user]).fetchall()
        return int(rows[0][0])

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's records in the order they came in; the cursor is the last row key read."""
        try:
            after = int(cursor or 0)
        except ValueError:
            raise UsageError(f"{cursor!r} is no cursor of this store", hint="take it from a Page") from None
        while True:
            with self.database.reading() as connection:
                rows = connection.execute(
                    f"SELECT {fact_rows.FACT_COLUMNS}, key FROM records WHERE user_id = ? AND key > ? "  # noqa: S608
                    "AND (? IS NULL OR coalesce(updated_at, created_at, imported_at) >= ?) ORDER BY key LIMIT ?",
                    [user, after, fact_rows.naive(since), fact_rows.naive(since), PAGE_SIZE],
                ).fetchall()
            last = len(rows) < PAGE_SIZE
            if rows:
                after = rows[-1][-1]
            if rows or last:
                yield Page(tuple(fact_rows.to_fact(row) for row in rows), None if last else str(after))
            if last:
                return

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim: new ones written, changed ones updated, a fact of another owner's id rejected."""
        from memctl.store.bulk_import import write_facts

        return write_facts(self.database, self.spec(), facts, command=self._command, run=self._run)

    def undone_ids(self, ids: Sequence[UUID]) -> set[UUID]:
        """Those of these facts that were written, undone, and not written since."""
        from memctl.store.duckdb import undo

        with suppress(NotFound), self.database.reading() as connection:
            return undo.undone_ids(connection, ids)
        return set()

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user, with the evidence they rest on; how many there were."""
        return self.remove(ids, user)

    def remove(self, ids: Sequence[UUID], user: str | None = None) -> int:
        """The same for facts of anyone, or of one `user`."""
        from memctl.ingest.commit import erase
        from memctl.store.duckdb.undo_log import journalled

        with self.database.writing(make=False) as connection, journalled(connection, "rm", user) as journal:
            rows = connection.execute(
                "SELECT id FROM records WHERE user_id = coalesce(?, user_id) AND id IN (SELECT unnest(?::UUID[]))",
                [user, list(ids)],
            ).fetchall()
            return erase(connection, [row[0] for row in rows], journal)

    def forget(self, user: str) -> Sequence[str]:
        """Erase the user to the last byte of the file and of its copies of older versions, and refuse them later.
        Nothing stays behind.

        Raises MemctlError, once all that is done, when a damaged store is kept beside it.
        """
        from memctl.maintenance.snapshots import Snapshots
        from memctl.store.duckdb import suppression

        for database in (self.database, *Snapshots(self.database).databases()):
            with database.writing(make=False) as connection:
                suppression.forget(connection, user)
            database.rebuild()
            for copy in database.copies():
                copy.unlink()
        if damaged := self.database.damaged():
            raise MemctlError(
                "the damaged store may hold them, which nobody can tell", where=str(damaged[0]), hint="remove the file"
            )
        return ()

    def search(
        self,
        user: str | None,
        query: str,
        k: int = 10,
        *,
        kinds: tuple[str, ...] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        as_of: datetime | None = None,
    ) -> list[Hit]:
        """The k best records for `query`, best first; `user=None` searches all users.

        `kinds` keeps those kinds only, `since`/`until` bound when the fact was said or true, `as_of` keeps what held
        at that instant. A score is the sum of its `parts`; it ranks, and no value of it means "not found".
        Raises NotFound for a user the store does not know.
        """
        from memctl.store.duckdb import search

        def run(connection: Connection, vector: list[float]) -> list[Hit]:
            if user is not None:
                queries.require_user(connection, user)
            return search.search(
                connection,
                query=query,
                query_vector=vector,
                user=user,
                k=k,
                kinds=kinds,
                since=since,
                until=until,
                as_of=as_of,
            )

        with self.database.reading() as connection:
            spec = self._spec(connection)
            if spec.shipped:
                return run(connection, spec.open().embed_one(query))
        # Any other model may take its time, and nobody should wait for the store meanwhile.
        vector = spec.open().embed_one(query)
        with self.database.reading() as connection:
            return run(connection, vector)

    def facts(
        self,
        user: str,
        subject: str | None = None,
        *,
        predicate: str | None = None,
        kind: str | None = None,
        all: bool = False,  # noqa: A002 - the option's own name
    ) -> list[Fact]:
        """The user's facts in the order they were learned; what is history only with `all`, episodes only by `kind`.

        Raises NotFound for a user the store does not know.
        """
        with self.database.reading() as connection:
            queries.require_user(connection, user)
            return queries.facts_of(
                connection,
                user,
                kinds=(kind,) if kind else (),
                subject=subject,
                predicate=predicate,
                at=None if all else datetime.now(UTC),
            )

    def get(self, id_: str) -> tuple[Fact, list[Claim]]:
        """A fact by its id, or by the first characters of it, and the claims it rests on.

        Raises NotFound when no fact, UsageError when several begin so.
        """
        with self.database.reading() as connection:
            return queries.by_prefix(connection, id_)

    def ingest(
        self,
        paths: Sequence[str],
        options: Options,
        progress: Progress | None = None,
        *,
        dry_run: bool = False,
        announce: Callable[[str, float], None] | None = None,
    ) -> Report:
        """Take transcripts in; see `memctl.ingest.pipeline.ingest`. A dry run works on a copy of the store and
        drops it; it asks no model, but tells what asking would cost."""
        from memctl.ingest.pipeline import ingest

        with self._stage(options, dry_run) as (database, chosen):
            report = ingest(paths, database, self.spec(), chosen, progress, announce)
        return msgspec.structs.replace(report, run=None) if dry_run else report

    def ingest_from(
        self,
        backend: Adapter,
        users: Sequence[str],
        options: Options,
        *,
        pause: Pause,
        progress: Progress | None = None,
        dry_run: bool = False,
        announce: Callable[[str, float], None] | None = None,
    ) -> Report:
        """Take the conversations another backend keeps in; see `memctl.ingest.from_backend.ingest`."""
        from memctl.ingest.from_backend import ingest

        with self._stage(options, dry_run) as (database, chosen):
            report = ingest(
                backend, users, database, self.spec(), chosen, pause=pause, progress=progress, announce=announce
            )
        return msgspec.structs.replace(report, run=None) if dry_run else report

    @contextmanager
    def _stage(self, options: Options, dry_run: bool) -> Iterator[tuple[Database, Options]]:
        """The store itself, or for a dry run a copy of it that is dropped afterwards, and options that ask no model."""
        if not dry_run:
            yield self.database, options
            return
        from memctl.ingest.dry_run import planned, trial

        with trial(self.database) as copy:
            yield copy, planned(options)

    def collect_batches(self) -> Collected:
        """Fetch what batches of questions to a model have been answered; see `memctl.ingest.llm_batch_api.collect`."""
        from memctl.extract.llm.client import ChatModel
        from memctl.ingest.llm_batch_api import collect
        from memctl.ingest.llm_costs import prices_of

        with self.database.llm_lock():
            return collect(self.database, lambda model, base_url: ChatModel(model, base_url=base_url), prices_of)

    def mark_batches_done(self, batches: Sequence[str]) -> None:
        """Note that what these batches were about has been ingested again."""
        from memctl.store.duckdb.llm_batches import finish

        with self.database.writing() as connection:
            finish(connection, batches)

    def add(self, user: str, turns: Iterable[Any]) -> Report:
        """Take conversation turns in: `Turn`s, mappings with role and content, or plain texts of the user."""
        from memctl.ingest.add_turns import add_turns

        return add_turns(self.database, self.spec(), user, turns)

    def remember(self, user: str, text: str, **stated: Any) -> list[Fact]:
        """Keep what the user says now; see `memctl.ingest.manual.remember`."""
        from memctl.ingest.manual import remember

        return remember(self.database, self.spec(), user, text, **stated)

    def edit(self, fact: Fact, **changes: Any) -> Fact:
        """Change fields of a stored fact; from then on it rests on that word alone. The fact as it is now."""
        from memctl.ingest.manual import edit

        return edit(self.database, self.spec(), fact, **changes)

    def consolidate(self, user: str, *, ttl: str | None = None, dry_run: bool = False) -> Consolidated:
        """Put a user's memory in order; see `memctl.maintenance.consolidate`. `ttl` is such as "episode=365d".

        Raises NotFound for a user the store does not know.
        """
        return self._in_order(user, "consolidate", ttl=ttl, dry_run=dry_run)

    def dedupe(self, user: str, *, dry_run: bool = False) -> Consolidated:
        """Merge a user's facts that say the same in other words, and nothing else."""
        return self._in_order(user, "dedupe", dry_run=dry_run)

    def prune(self, user: str | None = None, *, ttl: str | None = None, dry_run: bool = False) -> list[Consolidated]:
        """Take out facts of the user (None: of everyone) whose time is up: their own `expires_at`, or the `ttl`."""
        users = [user] if user is not None else list(self.users())
        return [self._in_order(one, "prune", ttl=ttl, dry_run=dry_run) for one in users]

    def _in_order(self, user: str, command: str, *, ttl: str | None = None, dry_run: bool = False) -> Consolidated:
        from memctl.maintenance import consolidate as order

        now = datetime.now(UTC)
        with self.database.reading() as connection:
            queries.require_user(connection, user)
        return order.consolidate(
            self.database,
            self.spec(),
            user,
            parts={"dedupe": order.DEDUPE, "prune": order.PRUNE}.get(command, order.ALL),
            command=command,
            episodes_before=order.horizon_of(ttl, now) if ttl else None,
            dry_run=dry_run,
            now=now,
        )

    def changing_runs(self) -> list[Run]:
        """The runs that changed facts and can be undone, or were, the newest first."""
        from memctl.store.duckdb import undo_log

        with self.database.reading() as connection:
            return undo_log.runs(connection)

    def undo(self, run: str) -> tuple[Run, int]:
        """Put back what a run changed, named by its id or the first characters of it; see `memctl.ingest.undo`."""
        from memctl.ingest.undo import undo_run

        with self.database.writing(make=False) as connection:
            return undo_run(connection, run)

    def reindex(self, progress: Callable[[int, int, str], None] | None = None) -> Reindexed:
        """Make missing vectors, or all anew with the embedder asked for; see `memctl.store.duckdb.reindex`."""
        from memctl.store.duckdb.reindex import reindex

        return reindex(self.database, self._asked or self.spec(), progress)

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Writes can be read back at once."""

    def sql(self, statement: str, *, write: bool = False) -> Table:
        """The result of a user's own statement; see `memctl.store.duckdb.user_sql`."""
        from memctl.store.duckdb import user_sql

        return user_sql.run(self.database, statement, write=write)

    def statistics(self) -> Statistics:
        """What the store holds, in numbers."""
        with self.database.reading() as connection:
            return statistics(connection, self.database.path)
