"""Erasing a person from backends, verifying the erasure, and removing what memctl itself keeps of them."""

from __future__ import annotations

import hashlib
import re
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec

from memctl.backends import registry
from memctl.backends.contract import Backend
from memctl.backends.wrappers import Retrying
from memctl.core.errors import Fatal, MemctlError, NotFound, Retryable, UsageError
from memctl.maintenance.receipt import Erased, Receipt, Step
from memctl.maintenance.snapshots import snapshots_of
from memctl.runtime import private_files
from memctl.runtime.retry import guarded
from memctl.store.duckdb.ledger import Ledger
from memctl.store.local_store import LocalStore
from memctl.store.sql.store import SqlStore

BATCH = 500
"""The number of ids in one call of `delete`."""
SETTLE = timedelta(minutes=2)
"""How long an asynchronous backend may take to delete."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds between two reads of a backend that deletes asynchronously."""
NOBODY = "[forgotten]"


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a person in a backend: the number of facts by kind, and of other things by kind, such as messages.

    `error` says why the backend could not be read.
    """

    backend: str
    identity: str
    kinds: dict[str, int] = {}
    others: dict[str, int] = {}
    error: str | None = None

    @property
    def facts(self) -> int:
        """The number of facts of all kinds."""
        return sum(self.kinds.values())


def holdings(ends: Sequence[tuple[str, Backend]], user: str) -> list[Holding]:
    """What each backend stores about the person now; nothing if it does not know them."""
    return [
        Holding(
            backend=name,
            identity=unnamed(registry.identity(name, adapter), user),
            kinds=dict(Counter(kind for _, kind in _facts(adapter, user))),
            others=_others(adapter, user),
        )
        for name, adapter in ends
    ]


def forget(
    ends: Sequence[tuple[str, Retrying]],
    user: str,
    store: LocalStore,
    *,
    unreached: Sequence[Erased] = (),
    sources: Collection[str] = (),
    release: Callable[[str], None] = lambda _: None,
    clean: Callable[[Receipt], Sequence[Step]] = lambda _: (),
    save: Callable[[Receipt], None] = lambda _: None,
) -> Receipt:
    """Erase the person from every backend, and read each again. A backend that fails does not stop the others; the same
    call again completes the erasure.

    `save` receives an unfinished receipt before anything is erased, and raises to prevent that; then the final one, or
    what there is of it if the erasure is interrupted. `unreached` are backends that cannot be erased, `sources` the
    names of backends that were only ever read, `release` closes a backend, `clean` removes what memctl keeps of the
    person elsewhere. Only if nothing is left does the local store refuse the person from then on.
    """
    began = datetime.now(UTC)
    draft = [
        Erased(
            backend=unnamed(name, user), identity=unnamed(registry.identity(name, adapter), user), error="not erased"
        )
        for name, adapter in ends
    ]
    receipt = Receipt(who="", began=began, ended=began, backends=(*draft, *unreached), finished=False)
    with store.store.writing() as tx:
        receipt = msgspec.structs.replace(receipt, who=tx.begin_erasure(user, began))
        save(receipt.signed())
    done: list[Erased] = []
    steps: Sequence[Step] = ()
    finished = False
    try:
        for name, adapter in ends:
            done.append(_erase(name, adapter, user, partial(release, name), read_only=name in sources))
        receipt = msgspec.structs.replace(receipt, backends=(*done, *unreached), finished=True)
        steps = clean(receipt)
        if receipt.gone and all(step.done for step in steps):
            done = [_suppressed(erased, adapter.backend, user) for erased, (_, adapter) in zip(done, ends, strict=True)]
            if all(erased.gone or erased.read_only for erased in done):
                with store.store.writing() as tx:
                    tx.suppress(user)
        finished = True
    finally:
        receipt = Receipt(
            who=receipt.who,
            began=began,
            ended=datetime.now(UTC),
            backends=(*done, *draft[len(done) :], *unreached),
            steps=tuple(steps),
            finished=finished,
        ).signed()
        save(receipt)
    return receipt


def _suppressed(erased: Erased, adapter: Backend, user: str) -> Erased:
    """Make a store that was erased refuse the person, unless another process has stored them again by now."""
    if not isinstance(adapter, LocalStore) or not adapter.store.exists():
        return erased
    # Snapshots too: one of them may replace a store that is damaged. The store comes last, which ends the erasure.
    for engine in (*snapshots_of(adapter.engine), adapter.engine):
        with SqlStore(engine).writing() as tx:
            if left := tx.count(user):
                return msgspec.structs.replace(erased, left=left, error="stored again by another process; run again")
            tx.suppress(user)
    return erased


def restore(user: str, store: LocalStore) -> None:
    """Allow an erased user to be stored again. Raises NotFound for a user who is not blocked."""
    with store.store.writing(make=False) as tx:
        if not tx.unsuppress(user):
            raise NotFound("this user was not erased, and is not blocked", hint="list users with memctl users")


class _Found(msgspec.Struct, frozen=True):
    """The result of reading a backend again."""

    facts: int
    others: dict[str, int]
    listed: bool | None

    @property
    def nothing(self) -> bool:
        return not (self.facts or self.others or self.listed)


def _erase(name: str, adapter: Retrying, user: str, release: Callable[[], None], *, read_only: bool) -> Erased:
    facts: list[tuple[UUID, str]] | None = None
    others: dict[str, int] = {}
    remarks: Sequence[str] = ()
    left: _Found | None = None
    error = None
    refused = False
    try:
        facts = list(_facts(adapter, user))
        others = _others(adapter, user)
        remarks = _delete(adapter, user, [id_ for id_, _ in facts])
        left = _settled(adapter, user)
        # A file is only written when it is closed.
        release()
    except Exception as failure:
        # A backend that is down must not prevent the erasure in the others.
        error = unnamed(said(failure), user)
        refused = read_only and isinstance(failure, UsageError)
    return Erased(
        backend=unnamed(name, user),
        identity=unnamed(registry.identity(name, adapter), user),
        kinds=dict(Counter(kind for _, kind in facts or ())),
        others=others,
        before=None if facts is None else len(facts),
        left=left.facts if left else None,
        others_left=left.others if left else None,
        listed=left.listed if left else None,
        ids=tuple(sorted(hashlib.sha256(str(id_).encode()).hexdigest() for id_, _ in facts or ())),
        remarks=tuple(unnamed(remark, user) for remark in remarks),
        error=error,
        read_only=refused,
    )


def _delete(adapter: Backend, user: str, ids: Sequence[UUID]) -> Sequence[str]:
    if adapter.features.forget:
        return adapter.forget(user)
    for start in range(0, len(ids), BATCH):
        adapter.delete(user, ids[start : start + BATCH])
    return ()


def _settled(adapter: Retrying, user: str) -> _Found:
    """What is left; an asynchronous backend is read until nothing is left or the time is up."""
    deadline = datetime.now(UTC) + SETTLE
    # If the backend is not done by then, reading finds what is left.
    with suppress(Retryable):
        guarded(partial(adapter.backend.settle, (), deadline))
    pause = FIRST_PAUSE
    while True:
        left = _Found(
            facts=sum(1 for _ in _facts(adapter, user)),
            others=_others(adapter, user),
            listed=_listed(adapter, user),
        )
        if left.nothing or not adapter.capabilities.asynchronous or datetime.now(UTC) >= deadline:
            return left
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _others(adapter: Backend, user: str) -> dict[str, int]:
    """Things other than facts by kind: the backend's own count if it has one, else its conversations and messages."""
    try:
        if adapter.features.inventory:
            counts = dict(adapter.inventory(user))
        elif adapter.features.conversations:
            talks = [len(talk.messages) for talk in adapter.conversations(user)]
            counts = {"conversations": len(talks), "messages": sum(talks)}
        else:
            counts = {}
    except NotFound:
        counts = {}
    return {kind: number for kind, number in counts.items() if number}


def _listed(adapter: Backend, user: str) -> bool | None:
    """Whether the person is in the backend's list of users; None if it cannot list them."""
    try:
        return user in adapter.everyone()
    except NotFound:
        return False
    except (UsageError, Fatal):
        return None


def _facts(adapter: Backend, user: str) -> Iterator[tuple[UUID, str]]:
    try:
        for page in adapter.read(user):
            yield from ((fact.id, fact.kind) for fact in page.facts)
    except NotFound:
        return


def said(failure: Exception) -> str:
    """The error message without the text of an untranslated exception, which may quote a fact."""
    strange = failure.__cause__ if isinstance(failure, Fatal) else None
    if strange is None or isinstance(strange, MemctlError | OSError):
        return str(failure)
    return str(failure).replace(f": {strange}", "")


def unnamed(text: str, user: str) -> str:
    """The text with the user's name replaced."""
    return _names(user).sub(NOBODY, text) if user else text


def _names(user: str) -> re.Pattern[str]:
    """A pattern for the user's name as a whole word."""
    return re.compile(rf"(?<!\w){re.escape(user)}(?!\w)", re.IGNORECASE)


def clean_traces(
    user: str, store: LocalStore, ledger: Ledger, who: str | None = None, left: Sequence[int] = ()
) -> list[Step]:
    """Erase the person from the ledger and from the rejects files that are known.

    The routes `left`, whose ends may still have the person, are kept in the ledger under `who`, the hash of the name.
    """

    def of_rejects() -> None:
        files = ledger.rejects_files() if ledger.path.exists() else []
        for name in {str(store.rejects_file), *files}:
            _without(Path(name), user)

    def of_ledger() -> None:
        if ledger.path.exists():
            ledger.forget(user, partial(unnamed, user=user), who, left)

    # The ledger comes last: it names the rejects files.
    return [_step("rejects files", of_rejects, user), _step("ledger", of_ledger, user)]


def _step(what: str, do: Callable[[], None], user: str) -> Step:
    try:
        do()
    except (MemctlError, OSError) as failure:
        return Step(what=what, done=False, error=unnamed(str(failure), user))
    return Step(what=what, done=True)


def _without(path: Path, user: str) -> None:
    """Rewrite a rejects file without the lines that name the person; delete it if none is left."""
    if not user or not path.is_file():
        return
    name = _names(user)
    lines = path.read_bytes().splitlines(keepends=True)
    rest = [line for line in lines if not name.search(line.decode("utf-8", "replace"))]
    if not rest and lines:
        path.unlink()
    elif len(rest) < len(lines):
        private_files.replace(path, b"".join(rest))
