"""The backend named `letta-memfs`: MemFS, in which Letta keeps an agent's memory as Markdown in a git repository.

A repository is the memory of one agent, which sees all of it; so it belongs to one user, named in `memctl/owner.json`.
The repositories of several users are in one folder. The file is committed, so that every clone keeps the owner; Letta
reads only Markdown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any
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
    lexical_hits,
)
from memctl.core.errors import NotFound, Rejected, UsageError
from memctl.core.fact import Fact, encode
from memctl_letta import git, markdown
from memctl_letta.memfs_folders import Folders

PAGE_SIZE = 1000
"""The number of facts per page."""


class MemfsAdapter(Backend):
    """The repository at `path`, or the folder at `path` with a repository for each user.

    `layout` ("v1", "v2"; default v2) is that of new repositories. `default_user` owns a memory that names no user, such
    as one that memctl never wrote to. `core_memory` also shows facts in the agent's context, in the block `human`,
    under a heading. `lock_timeout`, in seconds, is how long to wait for another memctl. Only committed files are read,
    as Letta does; every write is a commit. Raises UsageError for an unknown layout.
    """

    name = "letta-memfs"
    capabilities = Capabilities(
        fields={"embedding": FieldSupport("dropped", "Markdown files contain no vectors")}, batch_size=1000
    )
    features = Features(
        options=("path", "layout", "default_user", "core_memory", "lock_timeout", "page_size"),
        address_option="path",
        forget=True,
        inventory=True,
    )

    def __init__(
        self,
        path: str | Path,
        *,
        layout: str | None = None,
        default_user: str | None = None,
        core_memory: bool = False,
        lock_timeout: float = 30.0,
        page_size: int | None = None,
    ) -> None:
        self._folders = Folders(Path(path), markdown.chosen(layout), default_user, lock_timeout)
        self._page_size = page_size or PAGE_SIZE
        self._core_memory = core_memory
        self._written: set[str] = set()
        self.identity = str(self._folders.root)

    def __enter__(self) -> MemfsAdapter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing stays open between calls."""

    def remarks(self) -> Sequence[str]:
        """The changes that are not committed, which are not read."""
        lines = []
        for folder in self._folders.all():
            changed = folder.uncommitted()
            if changed:
                some = ", ".join(changed[:3]) + (", …" if len(changed) > 3 else "")
                lines.append(f"{folder.path}: not read because not committed: {some}")
        return lines

    def check(self) -> Health:
        """Whether git is installed, and which memories are at the path."""
        version = git.version()
        folders = self._folders.all()
        dirty = sum(bool(folder.uncommitted()) for folder in folders)
        summary = f"{len(folders)} memories" if len(folders) != 1 else f"one memory, layout {folders[0].layout()}"
        summary += f", {dirty} with uncommitted changes" if dirty else ""
        return Health(ok=True, detail=f"{self._folders.root}: {summary}; {version}")

    def rejects(self) -> Iterator[Rejected]:
        """The records of all memories that are not facts, each with file, line and reason."""
        for folder in filter(lambda folder: folder.owner is not None, self._folders.all()):
            with folder.opened() as committed:
                for reject in committed.memory.rejects:
                    yield Rejected(reject.message, where=f"{folder.path}/{reject.where}")

    def users(self) -> Iterator[str]:
        """Every user that owns a fact. Raises NotFound for a memory that names no user if there is no default user, and
        for a missing folder."""
        if not self._folders.root.exists():
            raise NotFound("no such folder", where=self.identity, hint="check the path")
        owners = (folder.owner_or_refuse() for folder in self._folders.all() if folder.holds_facts())
        return iter(sorted(set(owners)))

    def count(self, user: str) -> int | None:
        """The number of facts in the user's memories."""
        return len(self._facts(user))

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """The user's facts. The cursor names the commits read, so that later commits do not change the pages."""
        with ExitStack() as stack:
            commits, start = _parsed(cursor)
            folders = self._folders.of(user)
            if commits and len(commits) != len(folders):
                raise UsageError(
                    "the cursor belongs to different memories", where=self.identity, hint="read from the beginning"
                )
            memories = [
                stack.enter_context(folder.opened(commit or None))
                for folder, commit in zip(folders, commits or [""] * len(folders), strict=True)
            ]
            facts = [fact for one in memories for fact in one.memory.facts()]
            edited = {id_ for one in memories for id_ in one.memory.edited}
            at = "+".join(one.commit for one in memories)
        chosen = [n for n in range(start, len(facts)) if facts[n].id in edited or changed_since(facts[n], since)]
        size = self._page_size
        for first in range(0, max(len(chosen), 1), size):
            last = first + size >= len(chosen)
            page = chosen[first : first + size]
            yield Page(tuple(facts[n] for n in page), None if last else f"{at}:{page[-1] + 1}")

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Store facts, one commit per user. Rejects a fact with the id of another user's fact, one for another user's
        repository, and a line that does not fit in its block."""
        outcomes: list[Outcome | None] = [_unwritable(fact) for fact in facts]
        bare = [msgspec.structs.replace(fact, embedding=None) if fact.embedding else fact for fact in facts]
        owners: dict[str, list[int]] = {}
        for at, fact in enumerate(facts):
            if outcomes[at] is None:
                owners.setdefault(fact.user_id, []).append(at)
        self._folders.refuse_many(owners)
        owners_by_id = self._folders.owners_of({fact.id for fact in facts})
        for user, places in owners.items():
            own_positions = [at for at in places if owners_by_id.setdefault(facts[at].id, user) == user]
            for at in set(places) - set(own_positions):
                reason = "a fact of another user has this id"
                outcomes[at] = Outcome(state="rejected", target_id=str(facts[at].id), reason=reason)
            results = self._write(user, [bare[at] for at in own_positions]) if own_positions else []
            for at, outcome in zip(own_positions, results, strict=True):
                outcomes[at] = outcome
        return [outcome for outcome in outcomes if outcome is not None]

    def _write(self, user: str, facts: Sequence[Fact]) -> list[Outcome]:
        try:
            folder = self._folders.to_write(user)
        except Rejected as error:
            return [Outcome(state="rejected", target_id=str(fact.id), reason=str(error)) for fact in facts]
        self._written.add(user)
        with folder.changing(user, "Write facts (memctl)") as memory:
            return memory.write(facts)

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Remove facts of the user; returns how many existed. The repository's history still has them."""
        count = 0
        for folder in self._folders.of(user):
            with folder.opened() as committed:
                existing = {fact.id for fact in committed.memory.facts()} & set(ids)
            if existing:
                with folder.changing(user, "Delete facts (memctl)") as memory:
                    count += memory.drop(existing)
        return count

    def inventory(self, user: str) -> Mapping[str, int]:
        """The number of memories that name the user as their owner."""
        if not self._folders.root.exists():
            return {}
        return {"memories": sum(folder.is_named for folder in self._folders.of(user))}

    def forget(self, user: str) -> Sequence[str]:
        """Remove the user's facts and the whole history that contains them, or the repository itself if memctl made it
        for the user."""
        self._written.discard(user)
        return self._folders.forget(user)

    def search(self, query: Query) -> list[Hit]:
        """The best facts by BM25 over words, best first."""
        users = [query.user] if query.user is not None else list(self.users())
        return lexical_hits((fact for one in users for fact in self._facts(one)), query)

    def add(self, user: str, turns: Iterable[Any]) -> Any:
        """Raises UsageError, because an agent writes what it learns to its memory itself."""
        raise UsageError("MemFS has no extraction of its own", hint="memctl ingest reads transcripts")

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Show what was written in the agents' context, if requested. Writes can be read at once."""
        for user in sorted(self._written) if self._core_memory else ():
            folder = self._folders.to_write(user)
            with folder.changing(user, "Show facts in core memory (memctl)") as memory:
                memory.show()
        self._written.clear()

    def _facts(self, user: str) -> list[Fact]:
        all_facts: list[Fact] = []
        for folder in self._folders.of(user):
            with folder.opened() as committed:
                all_facts += committed.memory.facts()
        return all_facts


def _unwritable(fact: Fact) -> Outcome | None:
    """The rejection of a fact that cannot be written as JSON unchanged, if any."""
    try:
        encode(fact)
    except (ValueError, RecursionError) as error:
        reason = f"the fact cannot be written as JSON: {error}"
    else:
        return None
    return Outcome(state="rejected", target_id=str(fact.id), reason=reason)


def _parsed(cursor: str | None) -> tuple[list[str], int]:
    """The commits that a cursor names, and the position in their facts."""
    if cursor is None:
        return [], 0
    commits, colon, place = cursor.rpartition(":")
    if not colon or not (place.isascii() and place.isdigit()):
        raise UsageError(f"{cursor!r} is not a cursor of this backend", hint="use the cursor of a Page")
    return commits.split("+"), int(place)
