"""Writing facts to a file, which is replaced only when the new one is complete. An export uses no ledger."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec

from memctl.backends import registry
from memctl.backends.contract import Backend, Capabilities
from memctl.backends.files import STANDARD, interchange
from memctl.backends.wrappers import Retrying
from memctl.core.errors import MemctlError, UsageError, unwritable
from memctl.core.fact import Fact
from memctl.migrate.plan import Loss, Plan, Tally
from memctl.migrate.selection import ENDS, Selection
from memctl.migrate.source import Reader
from memctl.runtime import private_files
from memctl.runtime.rejects import Rejects
from memctl.runtime.retry import Pace, Retry
from memctl.store.ledger_records import Counts


class Incomplete(MemctlError):
    """The source returned fewer facts than it counts; no file was written."""


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an export. `replaced` says whether the file existed before; `kinds` counts what was written by
    kind, `reasons` the rejected records by the reason, and `left_out` the facts by the reason that the file could only
    show as if they still held."""

    file: str
    replaced: bool
    counts: Counts
    kinds: dict[str, int]
    losses: list[Loss]
    left_out: dict[str, int]
    reasons: dict[str, int]
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
    form: interchange.Format | None = None,
) -> Exported:
    """Write the selected facts of the backend `name` to `file` (`-`: stdout), which is replaced, in an interchange
    format if one is given.

    Raises Incomplete if the source returned fewer facts than it counts, UsageError if there are several users and the
    format has one.
    """
    reader = Reader(Retrying(source, retry, Pace(source.capabilities.rate, retry.halt)), selection)
    refused = Rejects(rejects, run=f"export-{Path(file).name}")
    replaced = file != STANDARD and Path(file).expanduser().is_file()
    counts = Counts()
    kinds = Counter[str]()
    try:
        with _made(file) if form is None else _converted(file, form) as adapter:
            target = Retrying(adapter, retry)
            tally = _tally(name, file, selection, (form or adapter).capabilities)
            users = reader.users()
            if form and form.one_owner and len({selection.owner(user) for user in users}) > 1:
                raise UsageError(
                    f"{form.name} can contain the facts of one user only", where="--format", hint="pass one --user"
                )
            total = reader.total(users)
            for user in users:
                for facts in reader.facts(user):
                    retry.halt.check()
                    tally.add(user, facts)
                    exported = [fact for fact in facts if not tally.leaves_out(fact)]
                    kinds.update(_write(target, exported, counts, refused, form))
                    if progress:
                        progress(reader.read, total)
            if reader.problems:
                raise Incomplete("; ".join(reader.problems), hint="no file was written; try again")
            for unreadable in (*source.rejects(), *reader.repeated):
                counts.read += 1
                counts.rejected += 1
                refused.add({"where": unreadable.where or "", "reason": unreadable.message})
        plan = tally.finish(reader, source_rate=None, rate=None, batch_size=adapter.capabilities.batch_size)
    finally:
        reader.close()
    return Exported(
        file=file,
        replaced=replaced,
        counts=counts,
        kinds=dict(kinds),
        losses=plan.losses(),
        left_out=plan.left_out,
        reasons=dict(refused.reasons),
        rejects_file=refused.written,
    )


def _write(
    target: Backend, facts: Sequence[Fact], counts: Counts, rejects: Rejects, form: interchange.Format | None
) -> Iterator[str]:
    """Write facts, and yield the kind of each one that was not rejected."""
    if form is not None:
        reasons = {fact.id: reason for fact in facts if (reason := form.refuses(fact))}
        counts.read += len(reasons)
        counts.rejected += len(reasons)
        for fact in facts:
            if fact.id in reasons:
                rejects.add({"reason": reasons[fact.id], "fact": fact})
        facts = [fact for fact in facts if fact.id not in reasons]
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


def _tally(name: str, file: str, selection: Selection, capabilities: Capabilities) -> Tally:
    """The tally of an export. It leaves out facts that no longer hold, if the file has no field for that."""
    ends_kept = all(capabilities.support(field).level != "dropped" for field in ENDS)
    chosen = msgspec.structs.replace(selection, include_retired=ends_kept)
    plan = Plan(source=name, target=file, source_identity=name, target_identity=file, mode="preserve", selection=chosen)
    return Tally(plan, capabilities)


def format_named(key: str, file: str) -> interchange.Format:
    """The interchange format with the name `key`. Raises UsageError if it is unknown or cannot be written to `file`."""
    form = interchange.WRITTEN.get(key)
    if form is None:
        hint = f"formats: {', '.join(interchange.WRITTEN)}; without --format the name of the file says it"
        raise UsageError(f"unknown format {key!r}", where="--format", hint=hint)
    path = Path(file).expanduser()
    if file == STANDARD or (path.is_dir() and any(path.iterdir())):
        raise UsageError(
            "standard output cannot be in this format" if file == STANDARD else "the folder is not empty",
            where=file,
            hint="name a new file or folder with -o",
        )
    return form


@contextlib.contextmanager
def _converted(file: str, form: interchange.Format) -> Iterator[Backend]:
    """A file of facts to write to. It is converted at the end of the block, unless the block raises."""
    path = Path(file).expanduser()
    with _scratch(path) as folder:
        plain, made = folder / "facts.jsonl", folder / path.name
        with contextlib.closing(registry.open_backend(str(plain), mode="w")) as adapter:
            adapter.write([])
            yield adapter
        with contextlib.closing(registry.open_backend(str(plain))) as written:
            form.write((fact for user in written.users() for page in written.read(user) for fact in page.facts), made)
        # A file cannot replace a folder; if there is one, it is empty (see format_named).
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        made.replace(path)


@contextlib.contextmanager
def _scratch(path: Path) -> Iterator[Path]:
    """A private folder next to a file that is to be written."""
    if not path.parent.is_dir():
        raise MemctlError("the folder does not exist", where=str(path.parent), hint="create it, or choose another file")
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(private_files.scratch(path.parent))
        except OSError as error:
            raise MemctlError(f"cannot write to this folder: {error.strerror}", where=str(path.parent)) from None
        # Name the file that was asked for in place of a temporary one.
        try:
            yield folder
        except OSError as error:
            if folder.name not in str(error.filename2 or error.filename):
                raise
            raise unwritable("the file", error, path) from None
        except MemctlError as error:
            if folder.name in (error.where or ""):
                error.where = str(path)
            raise


@contextlib.contextmanager
def _made(file: str) -> Iterator[Backend]:
    """A new file as a backend to write to. It replaces `file` at the end of the block, unless the block raises."""
    if file == STANDARD:
        with contextlib.closing(registry.open_backend(file, mode="w")) as adapter:
            yield adapter
        return
    path = Path(file).expanduser()
    with _scratch(path) as folder:
        made = folder / path.name
        with contextlib.closing(registry.open_backend(str(made), mode="w")) as adapter:
            # An export without facts still creates the file.
            adapter.write([])
            yield adapter
        made.replace(path)
