"""Which facts of the source a run is about, and under which owner they go to the target. Pure; reads no backend."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

import msgspec

from memctl.core.errors import UsageError
from memctl.core.fact import Fact


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for. No `users` means all of them, no `kinds` every kind; `limit` is the most facts to take.

    `user_map` renames owners on the way; an owner it does not name keeps its name.
    """

    users: tuple[str, ...] = ()
    user_map: dict[str, str] = {}
    since: datetime | None = None
    kinds: tuple[str, ...] = ()
    limit: int | None = None

    @property
    def whole(self) -> bool:
        """True when every fact of the users is read, so that their number can be held against the source's own."""
        return self.since is None and self.limit is None

    def owner(self, user: str) -> str:
        """Whose the facts of the source's `user` are in the target."""
        return self.user_map.get(user, user)

    def wants(self, fact: Fact) -> bool:
        """Whether the fact's kind was asked for."""
        return not self.kinds or fact.kind in self.kinds

    def renamed(self, fact: Fact) -> Fact:
        """The fact as it goes to the target."""
        owner = self.owner(fact.user_id)
        return fact if owner == fact.user_id else msgspec.structs.replace(fact, user_id=owner)


def load_user_map(path: str) -> dict[str, str]:
    """Owners from a CSV file of two columns, from and to; a first line saying just that is passed over.

    Raises UsageError naming the line that is wrong.
    """
    found: dict[str, str] = {}
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            for row in rows:
                where = f"{path}:{rows.line_num}"
                if not row or (rows.line_num == 1 and [cell.strip().lower() for cell in row] == ["from", "to"]):
                    continue
                if len(row) != 2 or not all(row):
                    raise UsageError("a line of a user map is two names: from,to", where=where)
                if found.setdefault(row[0], row[1]) != row[1]:
                    raise UsageError(f"{row[0]!r} is mapped to two users", where=where)
    except (OSError, UnicodeError, csv.Error) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise UsageError(f"the user map cannot be read: {reason}", where=path) from None
    return found
