"""The facts to move or compare, and their owners in the target. Pure; reads no backend."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

import msgspec

from memctl.backends.contract import Capabilities
from memctl.core.errors import UsageError, unreadable
from memctl.core.fact import Fact
from memctl.core.timeline import is_current

ENDS = ("invalid_at", "expired_at", "expires_at", "superseded_by")
"""The fields that say that a fact no longer holds."""


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """A selection of facts. Without `users` or `kinds` it includes all of them; `limit` is the maximum number of facts.

    `user_map` renames owners; owners that it does not contain keep their names. `include_retired` also moves facts that
    no longer hold to a target that would show them as current.
    """

    users: tuple[str, ...] = ()
    user_map: dict[str, str] = {}
    since: datetime | None = None
    kinds: tuple[str, ...] = ()
    limit: int | None = None
    include_retired: bool = False

    @property
    def whole(self) -> bool:
        """True if every fact of the users is read, so that the number can be checked against the source's own."""
        return self.since is None and self.limit is None

    def owner(self, user: str) -> str:
        """The owner in the target of the facts of `user` in the source."""
        return self.user_map.get(user, user)

    def wants(self, fact: Fact) -> bool:
        """Whether the fact's kind is selected."""
        return not self.kinds or fact.kind in self.kinds

    def lost_ends(self, target: Capabilities | None) -> tuple[str, ...]:
        """The fields that say that a fact no longer holds, and that the target has no field of its own for. None is a
        target that extracts facts from the text again."""
        if self.include_retired:
            return ()
        return tuple(
            name
            for name in ENDS
            if target is None or (target.support(name).level in ("in_metadata", "dropped") and name not in target.ends)
        )

    def leaves_out(self, fact: Fact, target: Capabilities | None, now: datetime) -> bool:
        """Whether the fact no longer holds at `now`, and the target would show it as current."""
        return shown_again(fact, self.lost_ends(target), now)

    def renamed(self, fact: Fact) -> Fact:
        """The fact with its owner in the target."""
        owner = self.owner(fact.user_id)
        return fact if owner == fact.user_id else msgspec.structs.replace(fact, user_id=owner)


def shown_again(fact: Fact, lost: Sequence[str], now: datetime) -> bool:
    """Whether a fact that no longer holds at `now` would be current without the fields `lost`."""
    if not lost or is_current(fact, now):
        return False
    return is_current(msgspec.structs.replace(fact, **dict.fromkeys(lost)), now)


def load_user_map(path: str) -> dict[str, str]:
    """Owners from a CSV file with the columns from and to; a header line is skipped.

    Raises UsageError with the line that is invalid.
    """
    owners: dict[str, str] = {}
    try:
        with Path(path).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            for row in rows:
                where = f"{path}:{rows.line_num}"
                if not row or (rows.line_num == 1 and [cell.strip().lower() for cell in row] == ["from", "to"]):
                    continue
                if len(row) != 2 or not all(row):
                    raise UsageError("a line of a user map must have two names: from,to", where=where)
                if owners.setdefault(row[0], row[1]) != row[1]:
                    raise UsageError(f"{row[0]!r} is mapped to two users", where=where)
    except OSError as error:
        raise unreadable("the user map", error, path) from None
    except (UnicodeError, csv.Error) as error:
        raise UsageError(f"cannot read the user map: {error}", where=path) from None
    return owners
