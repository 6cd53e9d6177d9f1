"""Deleting facts of the target that the source no longer has, with a limit and a backup.

A fact is deleted only if an earlier run on this route wrote it. Other facts of the target stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from uuid import UUID

import msgspec

from memctl.core.errors import UsageError, unwritable
from memctl.core.fact import Fact, encode
from memctl.core.plurals import count
from memctl.migrate.source import Reader
from memctl.migrate.target import Target
from memctl.runtime import private_files
from memctl.runtime.retry import Halt
from memctl.store.duckdb.ledger import Ledger

_LIMIT = re.compile(r"(\d+(?:\.\d+)?)\s*(%?)", re.ASCII)
SHARE = 0.25
NUMBER = 100
"""The default limit: this share of the facts that the route has in the target, or this number, whichever is larger."""


class DeleteLimit(msgspec.Struct, frozen=True, kw_only=True):
    """The largest number of facts that one run may delete: a share (0 to 1) of the facts that the route has in the
    target, or a number, whichever is larger."""

    share: float = SHARE
    number: int = NUMBER

    def of(self, held: int) -> int:
        """The limit for a route with `held` facts in the target."""
        return max(int(self.share * held), self.number)


def parse_limit(text: str | None) -> DeleteLimit:
    """The limit in a text such as "50" or "10%"; the default for None. Raises UsageError for any other text."""
    if text is None:
        return DeleteLimit()
    match = _LIMIT.fullmatch(text.strip())
    if match is None or (match[2] and float(match[1]) > 100) or (not match[2] and "." in match[1]):
        raise UsageError(
            f"cannot read {text!r} as a limit", where="--max-delete", hint="use a number or a share: 50 or 10%"
        )
    if match[2]:
        return DeleteLimit(share=float(match[1]) / 100, number=0)
    return DeleteLimit(share=0.0, number=int(match[1]))


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """How to delete. With `force`, facts are deleted even above the limit, from an empty source, or with unreadable
    records in the source. `backup` is a file or folder for the facts that are deleted or overwritten."""

    limit: DeleteLimit = DeleteLimit()
    force: bool = False
    backup: Path | None = None


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """The facts that were deleted, by owner in the target: `deleted` are not in the source any more, `retired` no
    longer hold. If nothing was deleted for safety, `held_back` is the reason and `pending` has the facts. `backup` is
    the file with the facts as they were."""

    deleted: dict[str, list[UUID]] = {}
    retired: dict[str, list[UUID]] = {}
    pending: dict[str, list[UUID]] = {}
    held_back: str | None = None
    backup: str | None = None

    @property
    def number(self) -> int:
        """How many facts were deleted."""
        return sum(map(len, (*self.deleted.values(), *self.retired.values())))


class Backup:
    """A file of facts, created with the first fact. `place` is the file, or a folder if it is one or has no suffix."""

    def __init__(self, place: Path, run: str) -> None:
        self.path = place / f"sync-{run}.jsonl" if place.is_dir() or not place.suffix else place
        self.count = 0

    def add(self, facts: Iterable[Fact]) -> None:
        """Append facts. Raises MemctlError if the file cannot be written."""
        for fact in facts:
            try:
                private_files.make_folder(self.path.parent)
                private_files.append(self.path, encode(fact) + b"\n")
            except OSError as error:
                raise unwritable("the backup", error, self.path, hint="pass --backup-dir PATH") from None
            self.count += 1

    @property
    def written(self) -> str | None:
        """The path, None if nothing was written."""
        return str(self.path) if self.count else None


class Remover:
    """Deletes facts of the target in one run. The caller of `retire` has the lock of the run."""

    def __init__(
        self, removal: Removal, reader: Reader, target: Target, ledger: Ledger, halt: Halt, *, route: int, run: str
    ) -> None:
        self.removal = removal
        self.backup = Backup(removal.backup, run) if removal.backup else None
        self._reader, self._target, self._ledger, self._halt, self._route = reader, target, ledger, halt, route
        self._retired: dict[str, list[UUID]] = {}

    def retire(self, fact: Fact) -> None:
        """Note a fact to delete: the target has it and would show it as current, but it no longer holds."""
        self._retired.setdefault(fact.user_id, []).append(fact.id)

    def keep(self, facts: Iterable[Fact]) -> None:
        """Add facts of the target to the backup, before they are overwritten."""
        if self.backup:
            self.backup.add(facts)

    def carry_out(self, gone: dict[str, list[UUID]], *, held: int, unreadable: int) -> Removed:
        """Delete the facts that are `gone` from the source, by owner, and the retired ones, unless that is unsafe.

        `held` is the number of facts that the route has in the target, `unreadable` the number of records that the
        source could not return.
        """
        gone = {owner: self._reader.missing(owner, ids) for owner, ids in gone.items()}
        gone = {owner: ids for owner, ids in gone.items() if ids}
        number = sum(map(len, (*gone.values(), *self._retired.values())))
        empty = bool(gone) and not self._reader.read
        reason = self._unsafe(number, held, empty=empty, unreadable=unreadable if gone else 0)
        done: list[dict[str, list[UUID]]] = [{}, {}]
        if reason is None:
            for by_owner, deleted in zip((gone, self._retired), done, strict=True):
                deleted |= {owner: self._delete(owner, ids) for owner, ids in by_owner.items()}
        pending: dict[str, list[UUID]] = {}
        for by_owner in (gone, self._retired) if reason else ():
            for owner, ids in by_owner.items():
                pending.setdefault(owner, []).extend(ids)
        backup = self.backup.written if self.backup else None
        return Removed(deleted=done[0], retired=done[1], pending=pending, held_back=reason, backup=backup)

    def _unsafe(self, number: int, held: int, *, empty: bool, unreadable: int) -> str | None:
        """Why the facts must not be deleted; None if they may be."""
        if self.removal.force or not number:
            return None
        if empty:
            return f"the source is empty, and {count(number, 'fact')} would be deleted"
        if unreadable:
            records = count(unreadable, "unreadable record")
            return f"{records} of the source may be among the {count(number, 'fact')} to delete"
        limit = self.removal.limit.of(held)
        return f"{count(number, 'fact')} would be deleted, more than the limit of {limit}" if number > limit else None

    def _delete(self, owner: str, ids: Sequence[UUID]) -> list[UUID]:
        """Delete facts of one owner in batches; returns the deleted ones. They are fewer if the run was interrupted."""
        if self.backup:
            wanted = set(ids)
            self.backup.add(fact for page in self._target.stream(owner) for fact in page if fact.id in wanted)
        done: list[UUID] = []
        size = self._target.capabilities.batch_size
        for start in range(0, len(ids), size):
            if self._halt.reason is not None:
                break
            batch = ids[start : start + size]
            self._target.delete(owner, batch)
            self._ledger.removed(self._route, batch)
            done += batch
        return done
