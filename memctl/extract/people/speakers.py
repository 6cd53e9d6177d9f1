"""Which speaker of a conversation is the user."""

from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=256)
def speaks_for_user(speaker: str | None, user_id: str) -> bool:
    """True if the turn's speaker is the user: no name, the user's name, or their first name."""
    if speaker is None:
        return True
    name, user = speaker.casefold().strip(), user_id.casefold().strip()
    return name == user or name.split()[:1] == [user] or user.split()[:1] == [name]


@lru_cache(maxsize=256)
def first_name(speaker: str | None) -> str:
    """The first name of a speaker in lower case, "" if the name is not known."""
    return (speaker or "").casefold().strip().split(" ")[0]


def namesakes(speakers: Iterable[str], user_id: str) -> frozenset[str]:
    """The speakers who only have the user's first name, unless exactly one speaker can be the user."""
    user = user_id.casefold().strip()
    fitting = {speaker for speaker in speakers if speaks_for_user(speaker, user_id)}
    exact = {speaker for speaker in fitting if speaker.casefold().strip() == user}
    return frozenset(fitting - exact) if exact or len(fitting) > 1 else frozenset()
