"""A store with its settings and embedder, and everything that memctl does with it; built once per command."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from memctl.core.errors import MemctlError
from memctl.core.fact import Fact
from memctl.store.local_store import LocalStore

if TYPE_CHECKING:
    from memctl.backends.contract import Backend
    from memctl.ingest.llm_batch_api import Collected
    from memctl.ingest.pipeline import Progress
    from memctl.ingest.result import Report
    from memctl.ingest.scan import Options
    from memctl.maintenance.consolidate import Consolidated
    from memctl.store.base import Store


class Workspace(LocalStore):
    """The backend `local`, whole: the store, and what ingest and maintenance do with it.

    Ingest and maintenance are imported by the methods that need them: a search starts in a fraction of their time.
    """

    features = msgspec.structs.replace(LocalStore.features, forget=True)

    def ingest(
        self,
        paths: Sequence[str],
        options: Options,
        progress: Progress | None = None,
        *,
        dry_run: bool = False,
        announce: Callable[[str, float], None] | None = None,
        tell: Callable[[Report], object] = lambda _: None,
    ) -> Report:
        """Ingest transcripts; see `memctl.ingest.pipeline.ingest`. A dry run works on a copy of the store, and asks no
        model but estimates what that would cost."""
        from memctl.ingest.pipeline import ingest

        with self._stage(options, dry_run) as (store, chosen):
            # A run of the copy cannot be undone.
            report = ingest(
                paths,
                store,
                self.spec(),
                chosen,
                progress,
                announce,
                lambda report: tell(msgspec.structs.replace(report, run=None) if dry_run else report),
            )
        return msgspec.structs.replace(report, run=None) if dry_run else report

    def ingest_from(
        self,
        backend: Backend,
        users: Sequence[str],
        options: Options,
        *,
        progress: Progress | None = None,
        dry_run: bool = False,
        announce: Callable[[str, float], None] | None = None,
    ) -> Report:
        """Ingest the conversations of another backend; see `memctl.ingest.from_backend.ingest`."""
        from memctl.ingest.from_backend import ingest

        with self._stage(options, dry_run) as (store, chosen):
            report = ingest(backend, users, store, self.spec(), chosen, progress=progress, announce=announce)
        return msgspec.structs.replace(report, run=None) if dry_run else report

    @contextmanager
    def _stage(self, options: Options, dry_run: bool) -> Iterator[tuple[Store, Options]]:
        """The store itself, or for a dry run a copy of it and options that ask no model."""
        if not dry_run:
            self.engine.check_creatable()
            yield self.store, options
            return
        if options.model is not None:
            options = msgspec.structs.replace(options, model=msgspec.structs.replace(options.model, plan=True))
        with self.store.trial() as copy:
            yield copy, options

    def collect_batches(self) -> Collected:
        """Fetch the results of batches that a model's server finished; see `memctl.ingest.llm_batch_api.collect`."""
        from memctl.extract.llm.client import ChatModel
        from memctl.ingest.llm_batch_api import collect
        from memctl.ingest.llm_costs import prices_of

        with self.store.llm_lock():
            return collect(self.store, lambda model, base_url: ChatModel(model, base_url=base_url), prices_of)

    def add(self, user: str, turns: Iterable[Any]) -> Report:
        """Ingest conversation turns: `Turn`s, mappings with role and content, or plain texts of the user."""
        from memctl.ingest.add_turns import add_turns

        return add_turns(self.store, self.spec(), user, turns)

    def remember(self, user: str, text: str, **stated: Any) -> list[Fact]:
        """Store what the user says now; see `memctl.ingest.manual.remember`."""
        from memctl.ingest.manual import remember

        return remember(self.store, self._spec, user, text, **stated)

    def edit(self, fact: Fact, **changes: Any) -> Fact:
        """Change fields of a stored fact, whose only evidence is this edit from then on; returns the new fact."""
        from memctl.ingest.manual import edit

        return edit(self.store, self._spec, fact, **changes)

    def consolidate(self, user: str, *, ttl: str | None = None, dry_run: bool = False) -> Consolidated:
        """Tidy a user's memory; see `memctl.maintenance.consolidate`. `ttl` is such as "episode=365d".

        Raises NotFound for a user the store does not have.
        """
        return self._consolidate(user, "consolidate", ttl=ttl, dry_run=dry_run)

    def dedupe(self, user: str, *, dry_run: bool = False) -> Consolidated:
        """Merge a user's facts that say the same in other words, and nothing else."""
        return self._consolidate(user, "dedupe", dry_run=dry_run)

    def prune(self, user: str | None = None, *, ttl: str | None = None, dry_run: bool = False) -> list[Consolidated]:
        """Remove facts of the user (None: of everyone) that are past their `expires_at` or the `ttl`. Raises UsageError
        for an invalid `ttl`, of an empty store too."""
        from memctl.maintenance.consolidate import horizon_of

        if ttl:
            horizon_of(ttl, datetime.now(UTC))
        users = [user] if user is not None else list(self.users())
        return [self._consolidate(one, "prune", ttl=ttl, dry_run=dry_run) for one in users]

    def _consolidate(self, user: str, command: str, *, ttl: str | None = None, dry_run: bool = False) -> Consolidated:
        from memctl.maintenance.consolidate import ALL, DEDUPE, PRUNE, consolidate, horizon_of

        now = datetime.now(UTC)
        with self.store.reading() as session:
            session.require_user(user)
        return consolidate(
            self.store,
            self.spec(),
            user,
            parts={"dedupe": DEDUPE, "prune": PRUNE}.get(command, ALL),
            command=command,
            episodes_before=horizon_of(ttl, now) if ttl else None,
            dry_run=dry_run,
            now=now,
        )

    def forget(self, user: str) -> Sequence[str]:
        """Erase the user completely from the store, its snapshots and its copies of older versions. `memctl.forget`
        also verifies this, and refuses the user later.

        Raises MemctlError, once all that is done, if a damaged store was kept next to it.
        """
        from memctl.maintenance.snapshots import snapshots_of
        from memctl.store.duckdb.database import Database
        from memctl.store.sql.store import SqlStore

        for engine in (self.engine, *snapshots_of(self.engine)):
            if not engine.exists():
                continue
            with SqlStore(engine).writing(make=False) as tx:
                tx.erase_user(user)
            engine.rebuild()
            for copy in engine.copies() if isinstance(engine, Database) else ():
                copy.unlink()
        if isinstance(self.engine, Database) and (damaged := self.engine.damaged()):
            raise MemctlError(
                "the damaged store may still contain this user", where=str(damaged[0]), hint="remove the file"
            )
        return ()
