"""Writing facts to a file that is replaced when complete, or not at all. There is no ledger: the file is the record."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from memctl.backends import registry
from memctl.backends.contract import Backend
from memctl.backends.files import STANDARD
from memctl.backends.wrappers import Retrying
from memctl.core.errors import MemctlError
from memctl.core.fact import Fact
from memctl.migrate.plan import Loss, Plan, Tally
from memctl.migrate.selection import Selection
from memctl.migrate.source import Reader
from memctl.runtime import private_files
from memctl.runtime.rejects import Rejects
from memctl.runtime.retry import Pace, Retry
from memctl.store.ledger_records import Counts


class Incomplete(MemctlError):
    """The source returned fewer facts than it counts; no file was written."""


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an export; `kinds` counts what was written by kind."""

    file: str
    counts: Counts
    kinds: dict[str, int]
    losses: list[Loss]
    rejects_file: str | None


def write_file(
    name: str,
    source: Backend,
    file: str,
    selection: Selection,
    retry: Retry,
    *,
    rejects: Path,
    progress: Callable[[int, int | None], None] | None = None,
) -> Exported:
    """Write the selected facts of the backend `name` to `file` (`-`: stdout), which is replaced.

    Raises Incomplete if the source returned fewer facts than it counts.
    """
    reader = Reader(Retrying(source, retry, Pace(source.capabilities.rate, retry.halt)), selection)
    refused = Rejects(rejects, run=f"export-{Path(file).name}")
    counts = Counts()
    kinds = Counter[str]()
    try:
        with _made(file) as adapter:
            target = Retrying(adapter, retry)
            tally = Tally(_plan(name, file, selection), adapter.capabilities)
            users = reader.users()
            total = reader.total(users)
            for user in users:
                for facts in reader.facts(user):
                    tally.add(user, facts)
                    kinds.update(_write(target, facts, counts, refused))
                    if progress:
                        progress(reader.read, total)
            if reader.problems:
                raise Incomplete("; ".join(reader.problems), hint="no file was written; try again")
        plan = tally.finish(reader, source_rate=None, rate=None, batch_size=adapter.capabilities.batch_size)
    finally:
        reader.close()
    return Exported(file=file, counts=counts, kinds=dict(kinds), losses=plan.losses(), rejects_file=refused.written)


def _write(target: Backend, facts: Sequence[Fact], counts: Counts, rejects: Rejects) -> Iterator[str]:
    """Write facts, and yield the kind of each one that was not rejected."""
    size = target.capabilities.batch_size
    for start in range(0, len(facts), size):
        batch = facts[start : start + size]
        for fact, outcome in zip(batch, target.write(batch), strict=True):
            counts.read += 1
            setattr(counts, outcome.state, getattr(counts, outcome.state) + 1)
            if outcome.state == "rejected":
                rejects.add({"reason": outcome.reason or "no reason given", "fact": fact})
            else:
                yield fact.kind


def _plan(name: str, file: str, selection: Selection) -> Plan:
    return Plan(
        source=name, target=file, source_identity=name, target_identity=file, mode="preserve", selection=selection
    )


@contextlib.contextmanager
def _made(file: str) -> Iterator[Backend]:
    """The file as a backend to write to; it takes its place only when the block ends well."""
    if file == STANDARD:
        with contextlib.closing(registry.open_backend(file, mode="w")) as adapter:
            yield adapter
        return
    path = Path(file).expanduser()
    if not path.parent.is_dir():
        raise MemctlError("the folder does not exist", where=str(path.parent), hint="create it, or choose another file")
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(private_files.scratch(path.parent))
        except OSError as error:
            raise MemctlError(f"cannot write to this folder: {error.strerror}", where=str(path.parent)) from None
        made = folder / path.name
        with contextlib.closing(registry.open_backend(str(made), mode="w")) as adapter:
            # An export without facts still creates the file.
            adapter.write([])
            yield adapter
        made.replace(path)
