"""The backend for the memory folders of agents. Subclasses set the system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import ClassVar
from uuid import UUID

import msgspec

from memctl.backends.contract import (
    Backend,
    Capabilities,
    Features,
    FieldSupport,
    Health,
    Hit,
    Outcome,
    Page,
    Query,
    changed_since,
    count,
    lexical_hits,
)
from memctl.core.errors import Rejected, UsageError
from memctl.core.fact import Fact, encode
from memctl_agentfiles.folders import Folders, Place
from memctl_agentfiles.system import System

_STORED = FieldSupport("in_metadata", "stored in .memctl next to the agent's files, where the agent does not see it")
_SHOWN = frozenset({"id", "user_id", "text", "kind", "source", "embedding", "native", "metadata"})


def capabilities(system: System) -> Capabilities:
    """The capabilities of a folder: the agent sees the text; all other fields are stored in `.memctl`."""
    fields = {name: _STORED for name in Fact.__struct_fields__ if name not in _SHOWN}
    fields["embedding"] = FieldSupport("dropped", "text files contain no vectors")
    ends = frozenset({"invalid_at", "expired_at", "expires_at", "superseded_by"})
    return Capabilities(
        fields=fields,
        longest_text=system.longest_text,
        read_only=system.read_only is not None,
        ends=ends,
        batch_size=1000,
    )


FEATURES = Features(options=("path", "default_user", "lock_timeout", "page_size"), address_option="path", forget=True)


class FolderAdapter(Backend):
    """The folder of one user at `path`; if the path contains `{user}`, one folder for each user.

    `default_user` owns a folder that memctl never wrote to. `lock_timeout`, in seconds, is how long to wait for another
    writer.
    """

    system: ClassVar[System]
    features = FEATURES

    def __init__(
        self,
        path: str | Path,
        *,
        default_user: str | None = None,
        lock_timeout: float = 30.0,
        page_size: int = 1000,
    ) -> None:
        self._folders = Folders(self.system, path, default_user, lock_timeout)
        self._page_size = page_size
        self.identity = str(self._folders.root)

    def close(self) -> None:
        """Nothing stays open between calls."""

    def check(self) -> Health:
        """Count the folders at the path and their facts."""
        places = self._folders.all()
        facts = sum(len(self._folders.read(place)[0].facts()) for place in places)
        found = f"{count(len(places), 'folder')} of {self.system.title}, {count(facts, 'fact')}"
        return Health(ok=True, detail=f"{self.identity}: {found}")

    def check_writable(self) -> None:
        """Raise UsageError if memctl only reads the files of this system."""
        if self.system.read_only:
            raise UsageError(
                f"{self.name} folders can only be read: {self.system.read_only}",
                where=self.identity,
                hint="choose another backend to write to",
            )

    def remarks(self) -> Sequence[str]:
        """Notes on what is not read and how much room is left."""
        lines: list[str] = []
        places = self._folders.all()
        if not places:
            lines += self.system.remarks({})
        for place in places:
            memory, _ = self._folders.read(place)
            lines += [f"{place.path}: {remark}" for remark in self.system.remarks(memory.documents)]
        return lines

    def rejects(self) -> Iterator[Rejected]:
        """The files and records that cannot be read, with the reason."""
        for place in self._folders.all():
            yield from self._folders.read(place)[0].rejects

    def users(self) -> Iterator[str]:
        """Every user that owns a fact. Raises NotFound if the folder does not exist, or has no owner and there is no
        default user."""
        owners = self._folders.owners()
        return iter(sorted(owner for owner in owners if self._facts(owner)))

    def count(self, user: str) -> int | None:
        """The number of the user's facts."""
        return len(self._facts(user))

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts, file by file. A cursor is the id of the last fact of the page before."""
        place = self._folders.of(user)
        memory = self._folders.read(place)[0] if place else None
        facts = memory.facts() if memory else []
        edited = memory.edited if memory else set()
        start = 0
        if cursor is not None:
            start = 1 + next((n for n, fact in enumerate(facts) if str(fact.id) == cursor), -2)
            if start < 0:
                raise UsageError(
                    f"{cursor!r} is not the id of a fact in the folder",
                    where=self.identity,
                    hint="the folder has changed; read it from the beginning",
                )
        chosen = [fact for fact in facts[start:] if fact.id in edited or changed_since(fact, since)]
        size = self._page_size
        for first in range(0, max(len(chosen), 1), size):
            page = chosen[first : first + size]
            last = first + size >= len(chosen)
            yield Page(tuple(page), None if last else str(page[-1].id))

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts, folder by folder. A fact is rejected if its id belongs to another user, the folder belongs to
        another user, or it does not fit."""
        self.check_writable()
        outcomes: list[Outcome | None] = [_unwritable(fact) for fact in facts]
        owners: dict[str, list[int]] = {}
        for at, fact in enumerate(facts):
            if outcomes[at] is None:
                owners.setdefault(fact.user_id, []).append(at)
        owners_by_id = self._folders.owners_of({fact.id for fact in facts})
        for user, places in owners.items():
            own_positions = [at for at in places if owners_by_id.setdefault(facts[at].id, user) == user]
            for at in set(places) - set(own_positions):
                outcomes[at] = _rejected(facts[at], "a fact of another user has this id")
            try:
                with self._folders.changing(user) as memory:
                    for at in own_positions:
                        outcomes[at] = memory.write(_bare(facts[at]))
            except Rejected as error:
                for at in own_positions:
                    outcomes[at] = _rejected(facts[at], str(error))
        return [outcome for outcome in outcomes if outcome is not None]

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user; returns how many existed."""
        if not {fact.id for fact in self._facts(user)} & set(ids):
            return 0
        self.check_writable()
        with self._folders.changing(user) as memory:
            return memory.drop(ids)

    def forget(self, user: str) -> Sequence[str]:
        """Remove the user's facts and memctl's own records; files without facts stay."""
        if self._facts(user):
            self.check_writable()
        return self._folders.forget(user)

    def search(self, query: Query) -> list[Hit]:
        """The best facts by BM25."""
        users = [query.user] if query.user is not None else list(self.users())
        return lexical_hits((fact for user in users for fact in self._facts(user)), query)

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Writes can be read at once."""

    def _facts(self, user: str) -> list[Fact]:
        place: Place | None = self._folders.of(user)
        return self._folders.read(place)[0].facts() if place else []


def _bare(fact: Fact) -> Fact:
    return msgspec.structs.replace(fact, embedding=None) if fact.embedding else fact


def _rejected(fact: Fact, reason: str) -> Outcome:
    return Outcome(state="rejected", target_id=str(fact.id), reason=reason)


def _unwritable(fact: Fact) -> Outcome | None:
    """The rejection of a fact that cannot be written as JSON; None for any other fact."""
    try:
        encode(fact)
    except (ValueError, RecursionError) as error:
        return _rejected(fact, f"the fact cannot be written as JSON: {error}")
    return None
