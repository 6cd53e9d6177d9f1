"""Erasing an owner from mem0's platform: their memories, and their entry in mem0's list of owners.

Both are asynchronous and reported by events. In these calls `*` or a missing name means all owners, so neither is sent.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from operator import methodcaller
from urllib.parse import quote

from memctl.core.errors import NotFound
from memctl_mem0.mapping import owner_beside_users, owner_of
from memctl_mem0.platform.client import LARGEST_PAGE, Platform
from memctl_mem0.platform.pages import parts
from memctl_mem0.platform.write import PATIENCE, Events, filter_of

BATCH = 1000
"""The number of memories in one call of `batch_delete`."""
NOBODY = ("", "*")
"""Names that mean all owners in mem0, and that no owner has."""
_UNSPEAKABLE = (".", "..")
"""Names that cannot be the last part of a URL, because they mean this folder or the parent folder."""
_STAYS = "mem0's entry for an owner with this name is kept, because no URL can address it; it has no memories"


def is_listed(platform: Platform, owner: str) -> bool:
    """Whether mem0 lists a user, with or without memories."""
    return owner_beside_users(owner) is None and ("user", owner) in platform.owners()


def forget(platform: Platform, events: Events, owner: str) -> list[str]:
    """Delete the owner's memories, wait until they are deleted, and start deleting the owner's entry. An agent, app
    or run loses only memories without a user; its entry may belong to memories of users."""
    if owner in NOBODY:
        return []
    deadline = datetime.now(UTC) + timedelta(seconds=PATIENCE)
    if owner_beside_users(owner) is None:
        try:
            answer = platform.call(lambda client: client.delete_all(user_id=owner))
        except NotFound:
            answer = None
        events.expect_of(answer)
        events.settle(deadline)
    rest = [
        str(row["id"])
        for part in parts(platform, filter_of(owner), "the list of memories to forget", None, LARGEST_PAGE)
        for row in part.rows
        if owner_of(row) == owner
    ]
    delete(platform, rest)
    if not is_listed(platform, owner):
        return []
    if owner in _UNSPEAKABLE:
        return [_STAYS]
    events.expect_of(platform.remove(f"/v2/entities/user/{quote(owner, safe='')}/"))
    return []


def delete(platform: Platform, native_ids: Sequence[str]) -> None:
    """Delete memories by mem0's own ids."""
    for start in range(0, len(native_ids), BATCH):
        batch = [{"memory_id": native_id} for native_id in native_ids[start : start + BATCH]]
        platform.call(methodcaller("batch_delete", batch))
