"""The operation behind `memctl forget`, for the command line and for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from datetime import datetime
from functools import partial
from pathlib import Path

import msgspec

from memctl.backends.wrappers import Retrying
from memctl.core.errors import MemctlError, NotFound, UsageError
from memctl.core.suggestions import near
from memctl.maintenance import targets as finding
from memctl.maintenance.forget import Holding, clean_traces, holdings, said, unnamed
from memctl.maintenance.forget import forget as erase
from memctl.maintenance.mentions import mentions
from memctl.maintenance.receipt import Erased, Receipt, Step, file_of
from memctl.maintenance.snapshots import snapshots_of
from memctl.maintenance.targets import Target
from memctl.migrate.endpoints import Options, local_store
from memctl.migrate.operations import open_ledger
from memctl.runtime import settings
from memctl.runtime.progress import SILENT, Monitor
from memctl.runtime.retry import Halt, Retry
from memctl.store.duckdb.ledger import Ledger
from memctl.store.ledger_records import Route
from memctl.store.local_store import LocalStore
from memctl.store.sql.store import SqlStore

ATTEMPTS = 5
"""The most calls of a backend that does not answer."""


class ForgetJob(msgspec.Struct, frozen=True, kw_only=True):
    """A user to erase from `backends`, or with `everywhere` from the local store, every backend in the settings, and
    every backend that the ledger knows to have been a source or target of a migration of the user.

    `options` are those of the backends, by backend name. `delete_agents` is the consent to delete agents that
    memctl did not make, for the backends that need it. `allow_unknown` blocks a user who is not known yet.
    `receipt` is a file, or a folder in which the receipt gets a name; by default the data folder's.
    """

    user: str
    backends: tuple[str, ...] = ()
    everywhere: bool = False
    options: Options = {}
    delete_agents: bool = False
    allow_unknown: bool = False
    dry_run: bool = False
    receipt: Path | None = None
    ledger: Path | None = None


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What each backend stored about the user, and the receipt and its file; both are None for a dry run.

    `mentions` is the number of records of other users in the local store that name the user, which stay. `elsewhere`
    are the identities of other backends that migrations of the user read or wrote, which were not looked at. `already`
    is when the user was forgotten, if nothing was left to erase: then no receipt is written.
    """

    holdings: list[Holding]
    mentions: int = 0
    elsewhere: tuple[str, ...] = ()
    already: datetime | None = None
    receipt: Receipt | None = None
    receipt_file: Path | None = None


def forget(
    job: ForgetJob, monitor: Monitor = SILENT, *, confirm: Callable[[list[Holding]], None] = lambda holdings: None
) -> Erasure:
    """Erase a user, verify the erasure, and write a receipt without personal data. Later records of them are refused.

    `confirm` receives what was found before anything is erased, in a dry run too, and raises to prevent the erasure.
    A backend that fails is listed in the receipt with its error; run the same job again to complete it. Raises NotFound
    with the nearest names for a user who is not known, and MemctlError before anything is erased if the ledger
    or the receipt cannot be written.
    """
    if job.backends and job.everywhere:
        raise UsageError("--everywhere and --from cannot be combined")
    store = local_store(job.options)
    with ExitStack() as stack:
        ledger = stack.enter_context(open_ledger(job.ledger))
        past = _past(job.user, store)
        routes = ledger.routes_of(job.user, past.stands_for) if ledger.path.exists() else []
        ends = _targets(job, routes)
        for end in ends:
            stack.callback(end.close)
        with monitor.step("counting") as (_, announce):
            retry = Retry(Halt(), attempts=ATTEMPTS, announce=announce)
            found = [_holding(end, job.user, retry) for end in ends]
            failures = [each for each in found if isinstance(each, Exception)]
            if len(failures) == len(ends):
                raise failures[0]
            held = [_failed(end, each, job.user) for end, each in zip(ends, found, strict=True)]
            unknown = not (past.traces or past.began or routes)
            if unknown and not any(each.facts or each.others or each.error for each in held):
                if past.forgotten:
                    return Erasure(holdings=held, already=past.forgotten)
                if not job.allow_unknown:
                    _require_known(job, ends, retry)
            named = mentions(store.store, job.user).records
        elsewhere = () if job.everywhere else _elsewhere(routes, ends)
        confirm(held)
        if job.dry_run:
            return Erasure(holdings=held, mentions=named, elsewhere=elsewhere)
        done = _erase(job, store, ledger, routes, ends, held, named, monitor)
        return msgspec.structs.replace(done, elsewhere=elsewhere)


def _elsewhere(routes: Sequence[Route], ends: Sequence[Target]) -> tuple[str, ...]:
    """The ends of the routes that are not among `ends` and still exist."""
    known = dict.fromkeys(identity for route in routes for identity in (route.target, route.source))
    reached = {end.identity for end in ends}
    return tuple(each for each in known if each not in reached and not finding.is_absent(each))


class _Past(msgspec.Struct, frozen=True):
    """What the local store knows of the user: when they were forgotten, when an erasure began that did not succeed,
    whether there are any traces, and how hashes compare with the name."""

    forgotten: datetime | None
    began: datetime | None
    traces: bool
    stands_for: Callable[[str], bool]


def _past(user: str, store: LocalStore) -> _Past:
    forgotten = began = None
    traces = False
    for engine in (store.engine, *snapshots_of(store.engine)):
        with suppress(NotFound), SqlStore(engine).reading() as session:
            traces = traces or session.has_traces(user)
    with suppress(NotFound), store.store.reading() as session:
        forgotten, began = session.suppressed_since(user), session.erasure_began(user)
    return _Past(forgotten, began, traces, partial(_stands_for, store, user))


def _stands_for(store: LocalStore, user: str, hashed: str) -> bool:
    with suppress(NotFound), store.store.reading() as session:
        return session.stands_for(user, hashed)
    return False


def _targets(job: ForgetJob, routes: Sequence[Route]) -> list[Target]:
    consent = job.delete_agents
    if job.everywhere:
        ends = finding.everywhere(routes, job.options, consent=consent)
    else:
        ends = finding.named(job.backends or ("local",), job.options, consent=consent)
    if consent and not any(end.backend and finding.CONSENT in end.backend.features.options for end in ends):
        for end in ends:
            end.close()
        names = ", ".join(end.name for end in ends)
        raise UsageError(f"no backend has agents to delete: {names}", where="--delete-agents")
    return ends


def _holding(end: Target, user: str, retry: Retry) -> Holding | Exception | None:
    """What the backend has of the user, or why it cannot be read; None if it could not even be opened."""
    if end.backend is None:
        return None
    try:
        return holdings([(end.name, Retrying(end.backend, retry))], user)[0]
    except Exception as failure:
        return failure


def _failed(end: Target, holding: Holding | Exception | None, user: str) -> Holding:
    if isinstance(holding, Holding):
        return holding
    error = end.error if holding is None else unnamed(said(holding), user)
    return Holding(backend=end.name, identity=unnamed(end.identity, user), error=error)


def _require_known(job: ForgetJob, ends: Sequence[Target], retry: Retry) -> None:
    """Raise NotFound with the nearest names, unless one of the backends lists the user."""
    names: set[str] = set()
    for end in ends:
        if end.backend is not None:
            with suppress(MemctlError):
                names.update(Retrying(end.backend, retry).everyone())
    if job.user not in names:
        block = "To block a name in advance, pass --allow-unknown"
        raise NotFound(
            f"no user is called {job.user!r} in {', '.join(end.name for end in ends)}",
            hint=" ".join(filter(None, (near(job.user, names, 3), block))),
        )


def _erase(
    job: ForgetJob,
    store: LocalStore,
    ledger: Ledger,
    routes: Sequence[Route],
    ends: Sequence[Target],
    held: list[Holding],
    named: int,
    monitor: Monitor,
) -> Erasure:
    user = job.user
    reached = {end.name: end for end, each in zip(ends, held, strict=True) if end.backend and not each.error}
    unreached = [_unreached(end, each) for end, each in zip(ends, held, strict=True) if end.name not in reached]
    receipt_file: Path | None = None

    def save(receipt: Receipt) -> None:
        nonlocal receipt_file
        receipt_file = receipt_file or file_of(job.receipt or settings.data_folder() / "receipts", receipt)
        receipt.save(receipt_file)

    def clean(receipt: Receipt) -> Sequence[Step]:
        gone = {end.identity for end, erased in zip(reached.values(), receipt.backends, strict=False) if erased.gone}
        gone |= {end.identity for end in ends if end.absent}
        return clean_traces(user, store, ledger, receipt.who, [r.number for r in routes if _may_remain(r, gone)])

    with monitor.step("erasing") as (_, announce):
        retry = Retry(Halt(), announce=announce)
        receipt = erase(
            [(name, Retrying(end.backend, retry)) for name, end in reached.items() if end.backend],
            user,
            store,
            unreached=unreached,
            sources={name for name, end in reached.items() if end.source_only},
            release=lambda name: reached[name].close(),
            clean=clean,
            save=save,
        )
    return Erasure(holdings=held, mentions=named, receipt=receipt, receipt_file=receipt_file)


def _unreached(end: Target, holding: Holding) -> Erased:
    """The part of the receipt for a backend that could not be read."""
    name = holding.identity if end.name == end.identity else holding.backend
    if end.absent:
        remark = "the file no longer exists"
        return Erased(backend=name, identity=holding.identity, before=0, left=0, remarks=(remark,))
    return Erased(backend=name, identity=holding.identity, error=holding.error, read_only=end.source_only)


def _may_remain(route: Route, gone: set[str]) -> bool:
    """Whether an end of the route may still have the user."""
    return any(end not in gone and not finding.is_absent(end) for end in (route.source, route.target))
