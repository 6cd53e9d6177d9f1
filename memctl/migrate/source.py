"""Reading a backend completely: each fact once, and the number checked against its own count.

A backend is not trusted: a page that repeats facts and a list shorter than the total are detected.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from uuid import UUID

from memctl.backends.contract import Backend
from memctl.backends.missing_users import no_records
from memctl.core.errors import Fatal, NotFound, Rejected
from memctl.core.fact import Fact
from memctl.migrate.selection import Selection
from memctl.runtime.seen_ids import SeenIds
from memctl.store.ledger_records import fingerprint
from memctl.store.model import SUPPRESSED

REPEATED = "a fact of another user has the same id"

Forgotten = Callable[[Collection[str]], set[str]]
"""Returns the subset of these users that were erased."""


class Reader:
    """The selected facts of a source, user by user.

    `read` counts the facts returned, `pages` the calls, `problems` lists users whose facts are incomplete. `forgotten`
    returns which users were erased: they are `refused`, by the name they have or would get. `repeated` are facts that
    are not returned because a fact of another user has the same id. `complete` are the users that were read to the end.
    """

    def __init__(self, source: Backend, selection: Selection, *, forgotten: Forgotten | None = None) -> None:
        self._source = source
        self._selection = selection
        self._forgotten = forgotten
        self._seen = SeenIds()
        self._counts: dict[str, int | None] = {}
        self.read = 0
        self.pages = 0
        self.problems: list[str] = []
        self.refused: list[str] = []
        self.repeated: list[Rejected] = []
        self.complete: set[str] = set()
        self.limited = False

    def close(self) -> None:
        """Release the temporary files."""
        self._seen.close()

    def rejects(self) -> dict[str, int]:
        """How many records read so far cannot be moved, by reason, and how many selected users were erased."""
        reasons = Counter(reject.message for reject in (*self._source.rejects(), *self.repeated))
        reasons.update([SUPPRESSED] * len(self.refused))
        return dict(reasons.most_common())

    def users(self) -> list[str]:
        """The selected users, without the refused ones. Raises NotFound for a user without records in the source."""
        chosen = self._chosen()
        owner = self._selection.owner
        gone = self._forgotten({*chosen, *map(owner, chosen)}) if self._forgotten else set()
        self.refused = [user for user in chosen if user in gone or owner(user) in gone]
        return [user for user in chosen if user not in self.refused]

    def _chosen(self) -> list[str]:
        if not self._selection.users:
            return sorted(set(self._source.users()))
        for user in self._selection.users:
            if not self._known(user):
                raise no_records(self._source, user)
        return list(dict.fromkeys(self._selection.users))

    def _known(self, user: str) -> bool:
        count = self._count(user)
        if count is not None:
            return count > 0
        # A backend without totals may need a request per user to list its users.
        try:
            return any(page.facts for page in self._source.read(user))
        except NotFound:
            return False

    def total(self, users: list[str]) -> int | None:
        """The number of facts of the users as the source reports it; None if it does not."""
        counts = [self._count(user) for user in users]
        known = [count for count in counts if count is not None]
        return sum(known) if len(known) == len(counts) else None

    def _count(self, user: str) -> int | None:
        if user not in self._counts:
            self._counts[user] = self._source.count(user)
        return self._counts[user]

    def facts(self, user: str) -> Iterator[list[Fact]]:
        """The user's selected facts in pages, renamed for the target, each fact once; to be called once for each user.

        Raises Fatal if the source returns a fact of a different user.
        """
        selection = self._selection
        before = self._count(user) if selection.whole else None
        distinct = 0
        for page in self._source.read(user, selection.since):
            self.pages += 1
            self._require_owner(user, page.facts)
            fresh = []
            for fact, owner in zip(page.facts, self._seen_before(page.facts), strict=True):
                distinct += owner != user
                if owner is None:
                    fresh.append(fact)
                elif owner != user and selection.wants(fact):
                    mark = fingerprint(fact).hex()
                    self.repeated.append(Rejected(REPEATED, where=f"{user} {fact.id}", digest=mark))
            chosen = fresh
            if selection.kinds or selection.user_map:
                chosen = [selection.renamed(fact) for fact in fresh if selection.wants(fact)]
            if selection.limit is not None and self.read + len(chosen) >= selection.limit:
                chosen = chosen[: selection.limit - self.read]
                self.limited = True
            self.read += len(chosen)
            if chosen:
                yield chosen
            if self.limited:
                return
        if before is not None and distinct != before:
            self._came_short(user, distinct, before)
        self.complete.add(user)

    def _seen_before(self, facts: Sequence[Fact]) -> list[str | None]:
        return self._seen.add([fact.id for fact in facts], [fact.user_id for fact in facts])

    def _require_owner(self, user: str, facts: Iterable[Fact]) -> None:
        for fact in facts:
            if fact.user_id != user:
                raise Fatal(f"{self._source.name} returned a fact of {fact.user_id!r} among those of {user!r}")

    def unread(self, ids: Sequence[UUID]) -> list[UUID]:
        """The subset of these ids with which no fact was read."""
        return self._seen.missing(ids)

    def missing(self, owner: str, ids: Sequence[UUID]) -> list[UUID]:
        """The subset of the facts, none of which was read, that the source really does not have.

        A source without a count of its own is read a second time, and so is a user of whom it has facts although it
        did not list the user.
        """
        users = [user for user, name in self._selection.user_map.items() if name == owner]
        there: set[UUID] = set()
        for user in dict.fromkeys([*users, owner] if self._selection.owner(owner) == owner else users):
            with suppress(NotFound):
                count = self._source.count(user)
                if count is None or (count and user not in self.complete):
                    there.update(fact.id for page in self._source.read(user) for fact in page.facts)
        return [id_ for id_ in ids if id_ not in there]

    def _came_short(self, user: str, distinct: int, before: int) -> None:
        """Report missing facts. Facts may change while they are read: only a number outside both counts is wrong."""
        after = self._source.count(user)
        counts = (before, before if after is None else after)
        if not min(counts) <= distinct <= max(counts):
            self.problems.append(f"{self._source.name} counts {counts[1]} facts of {user!r}, but returned {distinct}")
