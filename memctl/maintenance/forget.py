"""Erasing a person from backends, verifying the erasure, and the receipt.

The receipt is anonymous. Someone who knows the name can check it: `who` is its hash with the store's own salt.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from memctl.backends import registry
from memctl.backends.contract import Backend
from memctl.core.errors import Exit, Fatal, MemctlError, NotFound, Retryable, UsageError
from memctl.migrate.source import pages
from memctl.runtime.retry import Retry, guarded
from memctl.store.duckdb.ledger import Ledger
from memctl.store.duckdb.local_store import LocalStore

BATCH = 500
"""The number of ids in one call of `delete`."""
SETTLE = timedelta(minutes=2)
"""How long an asynchronous backend may take to delete."""
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds between two reads of a backend that deletes asynchronously."""
NOBODY = "[forgotten]"


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """The data of a person in a backend: the number of facts by kind, and of other things by kind, such as messages."""

    backend: str
    identity: str
    kinds: dict[str, int]
    others: dict[str, int] = {}

    @property
    def facts(self) -> int:
        """The number of facts of all kinds."""
        return sum(self.kinds.values())


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """The erasure in one backend. `ids` are SHA-256 hashes of the facts' ids, `others` counts things other than facts.

    Reading again found `left` facts and `others_left`, and the person in the list of users or not (`listed`; None if
    the backend cannot list them). `remarks` list what remains but is no longer linked to the person, `error` says why
    the erasure failed or could not be verified.
    """

    backend: str
    identity: str
    kinds: dict[str, int]
    others: dict[str, int] = {}
    before: int
    left: int | None
    others_left: dict[str, int] | None = None
    listed: bool | None = None
    ids: tuple[str, ...]
    remarks: tuple[str, ...] = ()
    error: str | None = None

    @property
    def gone(self) -> bool:
        """Whether reading again found nothing of the person."""
        return self.left == 0 and not self.others_left and not self.listed and self.error is None


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """The proof of an erasure, without personal data. `sha256` covers the JSON of all other fields, keys sorted."""

    schema: str = "memctl.receipt/1"
    who: str
    began: datetime
    ended: datetime
    backends: tuple[Erased, ...]
    sha256: str = ""

    @property
    def exit(self) -> Exit:
        """OK if no backend has anything left."""
        return Exit.OK if all(erased.gone for erased in self.backends) else Exit.ERROR

    def signed(self) -> Receipt:
        """The receipt with its checksum."""
        return msgspec.structs.replace(self, sha256=checksum(self))

    def save(self, place: Path) -> Path:
        """Write the receipt, readable by its owner only, to `place`: a .json file, or a folder for a new file."""
        if place.suffix != ".json":
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
            place = place / f"{self.began:%Y%m%dT%H%M%SZ}-{self.sha256[:12]}.json"
        place.touch(mode=0o600)
        place.write_bytes(msgspec.json.format(msgspec.json.encode(self)) + b"\n")
        return place


def checksum(receipt: Receipt) -> str:
    """SHA-256 (hex) of a receipt's content."""
    content = msgspec.to_builtins(msgspec.structs.replace(receipt, sha256=""))
    return hashlib.sha256(msgspec.json.encode(content, order="sorted")).hexdigest()


def holdings(ends: Sequence[tuple[str, Backend]], user: str, retry: Retry) -> list[Holding]:
    """What each backend stores about the person now; nothing if it does not know them."""
    return [
        Holding(
            backend=name,
            identity=_unnamed(registry.identity(name, adapter), user),
            kinds=dict(Counter(kind for _, kind in _facts(adapter, user, retry))),
            others=_others(adapter, user, retry),
        )
        for name, adapter in ends
    ]


def forget(
    ends: Sequence[tuple[str, Backend]],
    user: str,
    store: LocalStore,
    retry: Retry,
    say: Callable[[str], None] = lambda _: None,
) -> Receipt:
    """Erase the person from every backend, and read each again. A backend that fails does not stop the others; the same
    call again completes the erasure.

    The local store records first, as a salted hash, that the person was erased, even if it is not one of the backends:
    nothing can then store them again in the meantime.
    """
    began = datetime.now(UTC)
    with store.store.writing() as tx:
        who = tx.suppress(user)
    done = []
    for name, adapter in ends:
        say(name)
        done.append(_erase(name, adapter, user, retry))
    return Receipt(who=who, began=began, ended=datetime.now(UTC), backends=tuple(done)).signed()


def restore(user: str, store: LocalStore) -> None:
    """Allow an erased user to be stored again. Raises NotFound for a user who is not blocked."""
    with store.store.writing(make=False) as tx:
        if not tx.unsuppress(user):
            raise NotFound("this user is not on the list of erased users", hint="list users with memctl users")


class _Found(msgspec.Struct, frozen=True):
    """The result of reading a backend again."""

    facts: int
    others: dict[str, int]
    listed: bool | None

    @property
    def nothing(self) -> bool:
        return not (self.facts or self.others or self.listed)


def _erase(name: str, adapter: Backend, user: str, retry: Retry) -> Erased:
    held: list[tuple[Any, str]] = []
    others: dict[str, int] = {}
    remarks: Sequence[str] = ()
    found: _Found | None = None
    error = None
    try:
        held = list(_facts(adapter, user, retry))
        others = _others(adapter, user, retry)
        remarks = _delete(adapter, user, [id_ for id_, _ in held], retry)
        found = _settled(adapter, user, retry)
    except Exception as failure:
        # A backend that is down must not prevent the erasure in the others.
        error = _unnamed(_said(failure), user)
    return Erased(
        backend=name,
        identity=_unnamed(registry.identity(name, adapter), user),
        kinds=dict(Counter(kind for _, kind in held)),
        others=others,
        before=len(held),
        left=found.facts if found else None,
        others_left=found.others if found else None,
        listed=found.listed if found else None,
        ids=tuple(sorted(hashlib.sha256(str(id_).encode()).hexdigest() for id_, _ in held)),
        remarks=tuple(_unnamed(remark, user) for remark in remarks),
        error=error,
    )


def _delete(adapter: Backend, user: str, ids: Sequence[Any], retry: Retry) -> Sequence[str]:
    if adapter.features.forget:
        return retry.call(partial(adapter.forget, user))
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        retry.call(partial(adapter.delete, user, part))
    return ()


def _settled(adapter: Backend, user: str, retry: Retry) -> _Found:
    """What is left; an asynchronous backend is read until nothing is left or the time is up."""
    deadline = datetime.now(UTC) + SETTLE
    # If the backend is not done by then, reading finds what is left.
    with suppress(Retryable):
        guarded(partial(adapter.settle, (), deadline))
    pause = FIRST_PAUSE
    while True:
        found = _Found(
            sum(1 for _ in _facts(adapter, user, retry)), _others(adapter, user, retry), _listed(adapter, user, retry)
        )
        if found.nothing or not adapter.capabilities.asynchronous or datetime.now(UTC) >= deadline:
            return found
        retry.halt.wait(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def _others(adapter: Backend, user: str, retry: Retry) -> dict[str, int]:
    """Things other than facts by kind: the backend's own count if it has one, else its conversations and messages."""
    try:
        if adapter.features.inventory:
            counts = dict(retry.call(partial(adapter.inventory, user)))
        elif adapter.features.conversations:
            talks = retry.call(lambda: [len(talk.messages) for talk in adapter.conversations(user)])
            counts = {"conversations": len(talks), "messages": sum(talks)}
        else:
            counts = {}
    except NotFound:
        counts = {}
    return {kind: number for kind, number in counts.items() if number}


def _listed(adapter: Backend, user: str, retry: Retry) -> bool | None:
    """Whether the person is in the backend's list of users; None if it cannot list them."""
    try:
        return retry.call(lambda: user in adapter.everyone())
    except NotFound:
        return False
    except (UsageError, Fatal):
        return None


def _facts(adapter: Backend, user: str, retry: Retry) -> Iterator[tuple[Any, str]]:
    try:
        for page in pages(adapter, user, retry):
            yield from ((fact.id, fact.kind) for fact in page.facts)
    except NotFound:
        return


def _said(failure: Exception) -> str:
    """The error message without the text of an untranslated exception, which may quote a fact."""
    strange = failure.__cause__ if isinstance(failure, Fatal) else None
    if strange is None or isinstance(strange, MemctlError | OSError):
        return str(failure)
    return str(failure).replace(f": {strange}", "")


def _unnamed(text: str, user: str) -> str:
    return _names(user).sub(NOBODY, text)


def _names(user: str) -> re.Pattern[str]:
    """A pattern for the user's name as a whole word."""
    return re.compile(rf"(?<!\w){re.escape(user)}(?!\w)", re.IGNORECASE)


def clean_traces(user: str, store: LocalStore, ledger: Ledger) -> None:
    """Erase the person from the ledger and from the rejects files that are known."""
    known = ledger.rejects_files() if ledger.path.exists() else []
    for name in {f"{store.database.path}.rejects.jsonl", *known}:
        _without(Path(name), user)
    if ledger.path.exists():
        ledger.forget(user, partial(_unnamed, user=user))


def _without(path: Path, user: str) -> None:
    """Rewrite a rejects file without the lines that name the person; delete it if none is left."""
    if not path.is_file():
        return
    name = _names(user)
    lines = path.read_bytes().splitlines(keepends=True)
    kept = [line for line in lines if not name.search(line.decode("utf-8", "replace"))]
    if len(kept) == len(lines):
        return
    if not kept:
        path.unlink()
        return
    fresh = path.with_name(f".{path.name}.memctl-new")
    fresh.touch(mode=0o600)
    fresh.write_bytes(b"".join(kept))
    fresh.replace(path)
