"""The backend `local` as far as the store alone can serve it: the contract of a backend over the store.

Writing, erasing and undoing are imported by the methods that need them, because a search starts faster without.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from memctl.backends.contract import Backend, Capabilities, Features, FieldSupport, Health, Hit, Outcome, Page, Query
from memctl.core.claim import Claim
from memctl.core.errors import NotFound, UsageError
from memctl.core.fact import Fact
from memctl.core.plurals import count
from memctl.embed.spec import EmbedderSpec
from memctl.runtime import settings
from memctl.store.duckdb.database import Database
from memctl.store.engines import open_engine
from memctl.store.model import Reindexed, Run, Statistics, Table, UserSummary, new_run
from memctl.store.sql.store import SqlStore

if TYPE_CHECKING:
    from memctl.store.base import Session

WRITE = "write"
"""What is listed as the command of facts written outside a run of a command."""
PAGE_SIZE = 1000

Self = TypeVar("Self", bound="LocalStore")


class LocalStore(Backend):
    """The store: a file, or a PostgreSQL. `lock_timeout` is in seconds; `embedder` None means the store's own.

    Every method opens a file only as long as it needs it; all raise Locked if another process does not release it.
    With `hold`, and from `start_run` on, the file stays open between two calls until another process waits for it, or
    two seconds have passed. What `write` stores between two calls of `start_run` is one run and can be undone as one.
    """

    name = "local"
    capabilities = Capabilities(
        fields={"embedding": FieldSupport("dropped", "the store creates its own vectors, all with one model")},
        batch_size=10_000,
    )
    features = Features(
        options=("path", "embedder", "base_url", "dimensions", "lock_timeout", "hold"),
        filters=frozenset({"kinds", "since", "until", "as_of"}),
        undo=True,
    )

    def __init__(
        self,
        path: str | Path,
        *,
        embedder: str | None = None,
        base_url: str | None = None,
        dimensions: int | None = None,
        lock_timeout: float = 30.0,
        hold: bool = False,
    ) -> None:
        self.engine = open_engine(path, lock_timeout, hold=hold)
        self.store = SqlStore(self.engine)
        self.identity = str(self.engine.file.absolute()) if self.engine.file else self.engine.place
        self._run, self._command = new_run(), WRITE
        self._requested = EmbedderSpec(spec=embedder, base_url=base_url, dim=dimensions) if embedder else None
        self.outdated_model: str | None = None
        """Set by a search that compared words only: the model of the store's vectors, which is no longer shipped."""

    @property
    def database(self) -> Database:
        """The file of the store. Raises UsageError for a store on a server, which has none."""
        if isinstance(self.engine, Database):
            return self.engine
        raise UsageError(
            "this needs a store in a file",
            where=self.store.place,
            hint="a server has tools of its own: pg_dump and pg_restore, or point-in-time recovery",
        )

    @property
    def rejects_file(self) -> Path:
        """Where ingest writes what it could not read, unless another file is named."""
        if self.engine.file:
            return self.engine.file.with_name(f"{self.engine.file.name}.rejects.jsonl")
        return settings.data_folder() / "store.rejects.jsonl"

    @classmethod
    def configured(cls: type[Self], **flags: Any) -> Self:
        """The store of the settings; `flags` that are not None take precedence. Raises UsageError for a bad setting."""
        current = settings.load(**flags)
        return cls(
            current.store_path,
            embedder=current.embedder,
            base_url=current.embed_base_url,
            dimensions=current.embed_dimensions,
            lock_timeout=current.lock_timeout,
        )

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of a store on a server, and a file that was held."""
        self.engine.close()

    def hold(self) -> None:
        """Keep a file open between two calls from now on, as with the option `hold`."""
        if isinstance(self.engine, Database):
            self.engine.hold = True

    def start_run(self, run: str, command: str) -> None:
        """Make everything written from now on part of the run with this id, listed as what `command` did."""
        self._run, self._command = run, command
        self.hold()

    def check(self) -> Health:
        """Whether the store opens, and what it holds."""
        with self.store.reading() as session:
            records, users = session.count(), len(session.users())
        return Health(ok=True, detail=f"{self.store.place}: {count(records, 'record')} of {count(users, 'user')}")

    def spec(self) -> EmbedderSpec:
        """The embedder of this store; for a store that does not exist yet, the requested one.

        Raises UsageError if another than the store's was requested: a search never mixes models.
        """
        try:
            with self.store.reading() as session:
                return self._spec(session)
        except NotFound:
            return self._spec(None)

    def _spec(self, session: Session | None) -> EmbedderSpec:
        stored, requested = session and session.embedder(), self._requested
        same = requested == stored or (requested and stored and requested.shipped and stored.shipped)
        if stored and requested and not same:
            raise UsageError(
                f"the store's embeddings are from {stored.spec}, not {requested.spec}",
                where=self.store.place,
                hint=f"leave --embedder out, or recompute them with memctl reindex --embedder {requested.spec}",
            )
        return stored or requested or EmbedderSpec()

    def users(self) -> Iterator[str]:
        """Every user that owns a record, in alphabetical order."""
        return iter([summary.user for summary in self.user_summaries()])

    def user_summaries(self) -> list[UserSummary]:
        """Every user with counts and times, in alphabetical order."""
        with self.store.reading() as session:
            return session.users()

    def suppressed(self, users: Collection[str]) -> set[str]:
        """The subset of the users who were forgotten."""
        from memctl.store.refold import suppressed_users

        return suppressed_users(self.store).among(users)

    def latest_import(self) -> datetime | None:
        """When the newest record was stored."""
        with self.store.reading() as session:
            return session.latest_import()

    def count(self, user: str) -> int | None:
        """The number of the user's records, episodes included."""
        with self.store.reading(users=[user]) as session:
            return session.count(user)

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's records in the order they came in; the cursor is the last row key read."""
        try:
            after = int(cursor or 0)
        except ValueError:
            raise UsageError(f"{cursor!r} is not a cursor of this store", hint="take it from a Page") from None
        while True:
            with self.store.reading(users=[user]) as session:
                rows = session.page(user, after=after, since=since, limit=PAGE_SIZE)
            last = len(rows) < PAGE_SIZE
            if rows:
                after = rows[-1][0]
            if rows or last:
                yield Page(tuple(fact for _, fact in rows), None if last else str(after))
            if last:
                return

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts verbatim: new ones are written, changed ones updated, those with another owner's id rejected."""
        from memctl.store.bulk_import import write_facts

        return write_facts(self.store, self._spec, facts, command=self._command, run=self._run)

    def changed(self, facts: Sequence[Fact], hashes: Sequence[str]) -> set[int]:
        """Which of these facts, by their places, all written before, are not stored as they are here."""
        same: set[int] = set()
        with suppress(NotFound), self.store.reading(users={fact.user_id for fact in facts}) as session:
            same = session.alike([fact.id for fact in facts], hashes)
        return set(range(len(facts))) - same

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user with their evidence; returns how many there were."""
        if self._command == WRITE:
            return self.remove(ids, user)
        return self.remove(ids, user, run=self._run, command=self._command)

    def remove(
        self, ids: Sequence[UUID], user: str | None = None, *, run: str | None = None, command: str = "rm"
    ) -> int:
        """Remove facts of one user, or of anyone, with their evidence; returns how many there were.

        `run` is the id under which the removal can be undone, by default a new one, and `command` what it is listed as.
        """
        from memctl.store.refold import erase

        with self.store.changing(command, user, run, make=False, users=[user] if user is not None else None) as tx:
            return erase(tx, tx.owned(ids, user))

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Writes can be read back at once."""

    def search(self, query: Query) -> list[Hit]:
        """The best records, best first.

        A score is the sum of its `parts`; it ranks, and no value of it means "not found".
        Raises NotFound for a user the store does not have.
        """

        def run(session: Session, vector: list[float]) -> list[Hit]:
            hits = session.search(
                query=query.text,
                query_vector=vector,
                user=query.user,
                k=query.k,
                kinds=query.kinds,
                since=query.since,
                until=query.until,
                as_of=query.as_of,
            )
            if not hits and query.user is not None:
                session.require_user(query.user)
            return hits

        with self.store.reading() as session:
            spec = self._spec(session)
            self.outdated_model = session.outdated_model()
            if spec.shipped:
                embedder = spec.open()
                return run(session, [0.0] * embedder.dim if self.outdated_model else embedder.embed_one(query.text))
        # Any other model may be slow, and nobody should wait for the store in the meantime.
        vector = spec.open().embed_one(query.text)
        with self.store.reading() as session:
            return run(session, vector)

    def facts(
        self,
        user: str,
        subject: str | None = None,
        *,
        predicate: str | None = None,
        kind: str | None = None,
        all: bool = False,  # noqa: A002 - the option's own name
    ) -> list[Fact]:
        """The user's facts in the order they were learned; history only with `all`, episodes only by `kind`.

        Raises NotFound for a user the store does not have.
        """
        with self.store.reading(users=[user]) as session:
            session.require_user(user)
            return session.facts_of(
                user,
                kinds=(kind,) if kind else (),
                subject=subject,
                predicate=predicate,
                at=None if all else datetime.now(UTC),
            )

    def get(self, id_: str) -> tuple[Fact, list[Claim]]:
        """A fact by its id, or the first characters of it, and the claims that are its evidence.

        Raises NotFound if no fact's id begins so, UsageError if several do.
        """
        with self.store.reading() as session:
            return session.by_prefix(id_)

    def changing_runs(self) -> list[Run]:
        """The runs that changed facts, undone ones included, newest first."""
        with self.store.reading() as session:
            return session.runs()

    def undo(self, run: str) -> tuple[Run, int]:
        """Restore what a run changed; see `memctl.store.undo.undo_run`."""
        from memctl.store.undo import undo_run

        with self.store.writing(make=False) as tx:
            return undo_run(tx, run)

    def mark_batches_done(self, batches: Sequence[str]) -> None:
        """Record that the input of these batches has been ingested again."""
        with self.store.writing() as tx:
            tx.mark_batches_done(batches)

    def reindex(self, progress: Callable[[int, int, str], None] | None = None) -> Reindexed:
        """Make missing vectors, or all of them with the requested embedder."""
        return self.store.reindex(self._requested or self.spec(), progress)

    def sql(self, statement: str, *, write: bool = False) -> Table:
        """The result of a user's own SQL statement."""
        return self.store.sql(statement, write=write)

    def statistics(self) -> Statistics:
        """What the store holds, in numbers."""
        with self.store.reading() as session:
            return session.statistics()
