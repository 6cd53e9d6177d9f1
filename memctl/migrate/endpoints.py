"""The two endpoints of a migration: opening them, their identities, and the plan to begin with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import msgspec

from memctl.backends import registry
from memctl.backends.contract import Backend
from memctl.backends.files import STANDARD
from memctl.backends.wrappers import Retrying
from memctl.core.errors import UsageError
from memctl.migrate.job import Job
from memctl.migrate.plan import Mode, Plan, Refused, Tally
from memctl.migrate.selection import Selection
from memctl.migrate.source import Reader
from memctl.runtime.retry import Announce, Halt, Pace, Retry
from memctl.store.local_store import LocalStore

Options = Mapping[str, Mapping[str, Any]]
"""Options of backends by backend name; they take precedence over the settings."""


def local_store(options: Options) -> LocalStore:
    """The local store of the settings, or the one in the options of `local`."""
    chosen = options.get("local", {})
    path = chosen.get("path")
    return LocalStore.configured(store=None if path is None else str(path), lock_timeout=chosen.get("lock_timeout"))


class Ends(msgspec.Struct, frozen=True, kw_only=True):
    """A source, and a target opened once per writer."""

    source_name: str
    target_name: str
    source: Backend
    targets: tuple[Backend, ...]
    source_identity: str
    target_identity: str
    warn: Callable[[str], None]

    def prepare(self) -> None:
        """Create what the target needs before a write, after announcing it."""
        registry.prepare(self.targets[0], self.warn)

    def plan(self, selection: Selection, mode: Mode) -> Plan:
        """The plan before any fact is counted. Raises UsageError for a target that cannot be written to."""
        self.targets[0].check_writable()
        notes = [remark for end in (self.source, self.targets[0]) for remark in end.remarks()]
        if mode == "rederive":
            notes.append(
                "rederive: only texts are sent, and the target's own extraction decides what is kept; ids, times and "
                "all other fields are the target's, and records cannot be verified"
            )
        if not selection.whole:
            notes.append("only a part of the source is read, so its count cannot be checked")
        return Plan(
            source=self.source_name,
            target=self.target_name,
            source_identity=self.source_identity,
            target_identity=self.target_identity,
            mode=mode,
            selection=selection,
            notes=notes,
        )

    def job(
        self, plan: Plan, *, command: str, batch_size: int | None = None, rate: float | None = None, **others: Any
    ) -> Job:
        """The job, with defaults from the capabilities."""
        capabilities = self.targets[0].capabilities
        return Job(
            source=self.source,
            targets=self.targets,
            plan=plan,
            command=command,
            batch_size=min(batch_size or capabilities.batch_size, capabilities.batch_size),
            source_rate=self.source.capabilities.rate,
            rate=rate or capabilities.rate,
            prepare=self.prepare,
            **others,
        )


@contextmanager
def opened(
    source: str,
    target: str,
    *,
    options: Options | None = None,
    workers: int = 1,
    warn: Callable[[str], None],
    both: bool = False,
) -> Iterator[Ends]:
    """Both endpoints, closed when the block ends; `both` opens the source for writing too.

    Raises UsageError if they are the same, or if the target is standard output.
    """
    chosen = options or {}
    with ExitStack() as stack:

        def open_one(name: str, **more: Any) -> Backend:
            adapter = registry.open_backend(name, **(more | dict(chosen.get(name, {}))))
            stack.callback(adapter.close)
            return adapter

        if target == STANDARD:
            raise UsageError(
                "standard output cannot be read back, so nothing there can be verified or resumed",
                where=target,
                hint="name a file, or use memctl export, which writes to standard output",
            )
        writing = {"mode": "w"} if registry.is_file(target) else {}
        if registry.is_file(target) and source == target:
            raise UsageError("the source and the target are the same", where=target)
        first = open_one(target, **writing)
        read = open_one(source, **({"mode": "w"} if both and registry.is_file(source) else {}))
        ends = (_identity(source, read, chosen), registry.identity(target, first))
        if ends[0] == ends[1]:
            raise UsageError("the source and the target are the same", where=ends[0])
        writers = min(workers, first.features.writers)
        if writers < workers:
            warn(f"using {writers} of {workers} writers, the most that {first.name} allows")
        targets = (first, *(open_one(target, **writing) for _ in range(writers - 1)))
        if models := read.capabilities.vectors.keys() & first.capabilities.vectors.keys():
            for end in (read, *targets):
                end.read_vectors(models)
        yield Ends(
            source_name=source,
            target_name=target,
            source=read,
            targets=targets,
            source_identity=ends[0],
            target_identity=ends[1],
            warn=warn,
        )


def _identity(name: str, adapter: Backend, options: Options) -> str:
    """The source's identity; a different table of the same database is a different source."""
    table = options.get(name, {}).get("table")
    return registry.identity(name, adapter) + (f"#{table}" if table else "")


def make_plan(
    job: Job, halt: Halt, *, announce: Announce | None = None, progress: Callable[[int, int | None], None] | None = None
) -> Plan:
    """The job's plan, computed by reading the whole source; nothing is written. Raises Refused if the source returned
    too few facts."""
    source = Retrying(job.source, Retry(halt, announce=announce), Pace(job.source_rate, halt))
    reader = Reader(source, job.plan.selection, forgotten=job.forgotten)
    tally = Tally(
        msgspec.structs.replace(job.plan, users={}, fields=[], facts=0, too_long=0, left_out={}),
        job.targets[0].capabilities,
    )
    with closing(reader):
        users = reader.users()
        total = reader.total(users)
        for user in users:
            for facts in reader.facts(user):
                tally.add(user, facts)
                if progress:
                    progress(reader.read, total)
        if reader.problems:
            hint = "the source could not be read completely; nothing was written"
            raise Refused("; ".join(reader.problems), hint=hint)
        plan = tally.finish(reader, source_rate=job.source_rate, rate=job.rate, batch_size=job.batch_size)
    # A backend knows some things only once it was read, such as what it left out.
    return msgspec.structs.replace(plan, notes=list(dict.fromkeys([*plan.notes, *job.source.remarks()])))
