"""An owner on mem0's platform taken away whole: their memories, and the entry that mem0 keeps of every owner.

mem0 does both later and says so by events. Its calls for that take `*`, or no name at all, for everybody; so neither
ever gets here.
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
"""Memories in one call of `batch_delete`."""
NOBODY = ("", "*")
"""Names that mem0 takes for everybody, and nobody has."""
_UNSPEAKABLE = (".", "..")
"""Names that an address cannot end in: they would mean what lies above."""
_STAYS = "mem0's entry for an owner of such a name stays, because no address can name it; no memory is under it"


def is_listed(platform: Platform, owner: str) -> bool:
    """Whether mem0 keeps an entry for a user, with memories or without."""
    return owner_beside_users(owner) is None and ("user", owner) in platform.owners()


def forget(platform: Platform, events: Events, owner: str) -> list[str]:
    """Take the owner's memories away, wait until they are gone, and have the owner's entry taken away, which goes on
    when this returns. An agent, app or run loses what is its alone; its entry may be of what users have with it."""
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
    left = [
        str(row["id"])
        for part in parts(platform, filter_of(owner), "the list of memories to forget", None, LARGEST_PAGE)
        for row in part.rows
        if owner_of(row) == owner
    ]
    delete(platform, left)
    if not is_listed(platform, owner):
        return []
    if owner in _UNSPEAKABLE:
        return [_STAYS]
    events.expect_of(platform.remove(f"/v2/entities/user/{quote(owner, safe='')}/"))
    return []


def delete(platform: Platform, native_ids: Sequence[str]) -> None:
    """Take away memories by mem0's own ids."""
    for start in range(0, len(native_ids), BATCH):
        chosen = [{"memory_id": native_id} for native_id in native_ids[start : start + BATCH]]
        platform.call(methodcaller("batch_delete", chosen))
