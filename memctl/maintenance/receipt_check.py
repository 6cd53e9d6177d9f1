"""Checking a receipt later: that it is genuine, that it is about a person, and that nothing of them came back."""

from __future__ import annotations

from contextlib import closing, suppress
from datetime import datetime
from pathlib import Path

import msgspec

from memctl.backends.wrappers import Retrying
from memctl.core.errors import Exit, NotFound
from memctl.maintenance import targets
from memctl.maintenance.forget import NOBODY, holdings, said
from memctl.maintenance.receipt import Erased, load
from memctl.migrate.endpoints import Options, local_store
from memctl.runtime.progress import SILENT, Monitor
from memctl.runtime.retry import Halt, Retry


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What a backend of the receipt has of the person now. `error` says why it could not be read."""

    backend: str
    identity: str
    facts: int | None = None
    others: dict[str, int] = {}
    error: str | None = None

    @property
    def gone(self) -> bool:
        """Whether the backend was read, and has nothing."""
        return self.facts == 0 and not self.others and self.error is None


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """The result of checking a receipt against a name.

    `genuine` means that the checksum is right, `belongs` that the receipt is about this person, `complete` that the
    erasure left nothing.
    """

    ended: datetime
    genuine: bool
    belongs: bool
    complete: bool
    backends: list[Found]

    @property
    def exit(self) -> Exit:
        """OK if the receipt is genuine, belongs to the person, is complete, and nothing came back."""
        right = self.genuine and self.belongs and self.complete
        return Exit.OK if right and all(backend.gone for backend in self.backends) else Exit.DIFFERENCES


def check(path: Path, user: str, options: Options, monitor: Monitor = SILENT) -> Check:
    """Check a receipt of the local store. Backends are only read if the receipt belongs to the person.

    Raises NotFound if there is no such file.
    """
    receipt, genuine = load(path)
    store = local_store(options)
    belongs = False
    with suppress(NotFound), store.store.reading() as session:
        belongs = session.stands_for(user, receipt.who)
    backends: list[Found] = []
    if belongs:
        with monitor.step("reading") as (_, announce):
            retry = Retry(Halt(), attempts=3, announce=announce)
            backends = [_found(erased, user, options, retry) for erased in receipt.backends]
    complete = receipt.exit == Exit.OK
    return Check(ended=receipt.ended, genuine=genuine, belongs=belongs, complete=complete, backends=backends)


def _found(erased: Erased, user: str, options: Options, retry: Retry) -> Found:
    identity = erased.identity.replace(NOBODY, user)
    name = erased.backend.replace(NOBODY, user)
    target = targets.known(name, identity, options)
    if target.absent:
        return Found(backend=name, identity=identity, facts=0)
    if target.backend is None:
        return Found(backend=name, identity=identity, error=target.error)
    with closing(target.backend):
        try:
            (holding,) = holdings([(name, Retrying(target.backend, retry))], user)
        except Exception as failure:
            return Found(backend=name, identity=identity, error=said(failure))
    return Found(backend=name, identity=identity, facts=holding.facts, others=holding.others)
