"""The operation behind `memctl forget`, for the command line and for programs."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from pathlib import Path

import msgspec

from memctl.backends import registry
from memctl.core.errors import UsageError
from memctl.maintenance.forget import Holding, Receipt, clean_traces, holdings
from memctl.maintenance.forget import forget as erase
from memctl.migrate.endpoints import Options, local_store
from memctl.migrate.operations import open_ledger
from memctl.runtime import settings
from memctl.runtime.progress import SILENT, Monitor
from memctl.runtime.retry import Halt, Retry

_CONSENT = "delete_agents"


class ForgetJob(msgspec.Struct, frozen=True, kw_only=True):
    """A user to erase from `backends`, or with `everywhere` from the local store and every backend in the settings.

    `options` are those of the backends, by backend name. `delete_agents` is the consent to delete agents that
    memctl did not make, for the backends that need it. `receipt` is a file, or a folder in which the receipt gets a
    name; by default the data folder's.
    """

    user: str
    backends: tuple[str, ...] = ()
    everywhere: bool = False
    options: Options = {}
    delete_agents: bool = False
    dry_run: bool = False
    receipt: Path | None = None
    ledger: Path | None = None

    def names(self) -> tuple[str, ...]:
        """The backends, by name."""
        if self.backends and self.everywhere:
            raise UsageError("--everywhere and --from cannot be combined")
        return ("local", *sorted(settings.load().backends)) if self.everywhere else self.backends or ("local",)


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """What each backend stored about the user, and the receipt and its file; both are None for a dry run."""

    holdings: list[Holding]
    receipt: Receipt | None = None
    receipt_file: Path | None = None


def forget(
    job: ForgetJob, monitor: Monitor = SILENT, *, confirm: Callable[[list[Holding]], None] = lambda holdings: None
) -> Erasure:
    """Erase a user, verify the erasure, and write a receipt without personal data. Later records of them are refused.

    `confirm` receives what was found before anything is erased, in a dry run too, and raises to prevent the erasure.
    A backend that fails is listed in the receipt with its error; run the same job again to complete it.
    """
    store = local_store(job.options)
    with ExitStack() as stack, monitor.step("forgetting") as (_, announce):
        retry = Retry(Halt(), announce=announce)
        backends = []
        consent = {
            name: {_CONSENT: True} for name in job.names() if job.delete_agents and registry.accepts(name, _CONSENT)
        }
        if job.delete_agents and not consent:
            raise UsageError(f"no backend has agents to delete: {', '.join(job.names())}", where="--delete-agents")
        for name in job.names():
            writing = {"mode": "w"} if registry.is_file(name) else {}
            backend = registry.open_backend(name, **{**job.options.get(name, {}), **consent.get(name, {})}, **writing)
            backends.append((name, stack.enter_context(closing(backend))))
        found = holdings(backends, job.user, retry)
        confirm(found)
        if job.dry_run:
            return Erasure(holdings=found)
        receipt = erase(backends, job.user, store, retry)
        with open_ledger(job.ledger) as ledger:
            clean_traces(job.user, store, ledger)
    file = receipt.save(job.receipt or settings.data_folder() / "receipts")
    return Erasure(holdings=found, receipt=receipt, receipt_file=file)
