"""Attribution: the rules by which a session's turns get their user. An owner is never guessed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from typing import TYPE_CHECKING, Literal

import msgspec

from memctl.core.errors import BadTranscript
from memctl.extract.people.speakers import namesakes, speaks_for_user
from memctl.transcripts.model import Session, Turn

if TYPE_CHECKING:
    from memctl.transcripts.files.discovery import Document

UNNAMED = "someone else"
"""The speaker of a message that names no user, among messages that do."""
_OWN_LABEL = frozenset({"text", "whatsapp", "imessage", "imazing"})
"""Formats of chats between people in which a turn without a speaker is that of the owner of the file."""
FILE_OWNER = "owner of the file"
"""The speaker of a turn of `Me`, if it is unknown who that is."""
HELD_SESSIONS = 10_000
UserFrom = Literal["filename", "folder", "speaker"]


class Attribution(msgspec.Struct, frozen=True, kw_only=True):
    """The options that set the owner: `--user`, `--user-from`, and the default user of the settings."""

    user: str | None = None
    user_from: UserFrom | None = None
    default_user: str | None = None

    @property
    def label(self) -> str:
        """This choice as one text, for the records of ingested files: the same file for another owner is read again."""
        if self.user is not None:
            return f"user:{self.user}"
        return f"from:{self.user_from}" if self.user_from else f"auto:{self.default_user or ''}"

    @property
    def by_folder(self) -> bool:
        """True if the first folder below the path may decide."""
        return self.user is None and self.user_from in (None, "folder")

    @property
    def by_speaker(self) -> bool:
        """True if every speaker is a user."""
        return self.user is None and self.user_from == "speaker"


class Owned(msgspec.Struct, frozen=True, kw_only=True):
    """A session in the memory of one user. `others` are ids of turns that serve as context but are not that user's."""

    user_id: str
    session: Session
    others: frozenset[str] = frozenset()


def of_one_user(
    sessions: Callable[[], Iterable[Session | BadTranscript]], document: Document, attribution: Attribution
) -> Iterator[Session | BadTranscript]:
    """The sessions of a file that belong to the user of --user: all of them if the file names only one user, whatever
    the id; if it names several, those of this user, and one error for the others.

    `sessions` reads the file. Sessions with one other id are kept until the end of the file; if there are more than
    `HELD_SESSIONS`, the file is read a second time to check whether it names another user.
    """
    user = attribution.user
    if user is None:
        yield from sessions()
        return
    held: list[Session] = []
    names: set[str] = set()
    refused = one_only = False
    for item in sessions():
        named = _named(item) if isinstance(item, Session) else set()
        names |= named
        if isinstance(item, BadTranscript) or not named or user in named or one_only:
            yield item
        elif len(names) > 1:
            refused = True
        else:
            held.append(item)
            if len(held) == HELD_SESSIONS:
                names.update(*(_named(other) for other in sessions() if isinstance(other, Session)))
                one_only = len(names) == 1
                if one_only:
                    yield from held
                    held = []
    if len(names) == 1:
        yield from held
    elif held or refused:
        others = sorted(names - {user})
        yield BadTranscript(
            f"conversations of other users ({', '.join(others[:5])}) are not stored for {user}",
            where=document.uri,
            hint="leave --user out: each conversation is then stored for the user it names",
        )


def _named(session: Session) -> set[str]:
    """The users that a session names as its owners."""
    named = {turn.owner for turn in session.turns if turn.role == "user" and turn.owner}
    return named or ({session.owner} if session.owner else set())


def with_namesakes(mine: Owned, everyone: Callable[[], Iterable[str | None]], attribution: Attribution) -> Owned:
    """The session, with the names of those speakers who only have the owner's first name, if others in the file have it
    too.

    In a chat of people that calls its owner `Me`, nobody else is the owner. If somebody else there has the user's name,
    it is unknown who of the two the user is.

    `everyone` returns the speakers of the whole file, None for `Me`; it is called only if a speaker may be the user, or
    if none is and the user was named: then a note says so.
    """
    session, user = mine.session, mine.user_id
    speakers = {turn.speaker for turn in session.turns if turn.role == "user"}
    if not attribution.by_speaker and _may_call_owner_me(mine) and None in (people := speakers.union(everyone())):
        return _beside_me(mine, {name for name in people if name and speaks_for_user(name, user)})
    named = {speaker for speaker in speakers if speaker}
    if named == speakers and not any(speaks_for_user(speaker, user) for speaker in named):
        return mine if attribution.user is None else _among_others(mine, speakers.union(everyone()))
    if all(speaker == user or not speaks_for_user(speaker, user) for speaker in named):
        return mine
    others = namesakes(named.union(filter(None, everyone())), user)
    count = sum(turn.role == "user" and turn.speaker in others for turn in session.turns)
    if not count:
        return mine
    names = " or ".join(sorted(others))
    reason = f"turn of {names} was stored as another person's: either may be {user}; give the full name with --user"
    session = msgspec.structs.replace(session, namesakes=others, notes=session.notes | {reason: count})
    return msgspec.structs.replace(mine, session=session)


def _among_others(mine: Owned, speakers: set[str | None]) -> Owned:
    """The session; in a chat without an assistant, with a note if none of the file's `speakers` is the named user."""
    session, user = mine.session, mine.user_id
    names = sorted(name for name in speakers if name)
    with_assistant = any(turn.role == "assistant" for turn in session.turns)
    if with_assistant or len(names) < max(len(speakers), 2) or any(speaks_for_user(name, user) for name in names):
        return mine
    count = sum(turn.role == "user" for turn in session.turns)
    listed = ", ".join(names[:5]) + (f" and {len(names) - 5} others" if len(names) > 5 else "")
    reason = f"turn was stored as another person's: no speaker is called {user}; give one of {listed} with --user"
    session = msgspec.structs.replace(session, notes=session.notes | {reason: count})
    return msgspec.structs.replace(mine, session=session)


def _may_call_owner_me(mine: Owned) -> bool:
    """Whether the session is of a chat between people whose owner may be called `Me`, with turns of the user."""
    if mine.session.source_format not in _OWN_LABEL or any(turn.role == "assistant" for turn in mine.session.turns):
        return False
    turns = (turn for turn in mine.session.turns if turn.role == "user" and turn.turn_id not in mine.others)
    return any(speaks_for_user(turn.speaker, mine.user_id) for turn in turns)


def _beside_me(mine: Owned, fitting: set[str]) -> Owned:
    """The session in which those who have the user's name or first name, `fitting`, are other people, and `Me` too if
    one of them has the whole name. Such turns get speakers that are not the user's name."""
    session, user = mine.session, mine.user_id
    exact = {name for name in fitting if name.casefold().strip() == user.casefold().strip()}
    renamed: dict[str | None, str] = (
        {None: FILE_OWNER, **{name: f"{name} in the file" for name in exact}} if exact else {}
    )
    turns = [
        msgspec.structs.replace(turn, speaker=renamed[turn.speaker])
        if turn.role == "user" and turn.speaker in renamed
        else turn
        for turn in session.turns
    ]
    count = sum(new is not old for new, old in zip(turns, session.turns, strict=True))
    reason = f"turn of Me or {user}, who may both be {user}: give the owner of the file another name with --user"
    notes = session.notes | ({reason: count} if count else {})
    others = frozenset({*fitting, *renamed.values()})
    session = msgspec.structs.replace(session, turns=tuple(turns), namesakes=others, notes=notes)
    return msgspec.structs.replace(mine, session=session)


def owned(session: Session, document: Document, attribution: Attribution) -> Iterator[Owned]:
    """The session with its user: `--user`, else `--user-from`, else the user that the file names, else its folder, else
    the default user. With `speaker` it is returned once per speaker, each of whom owns their own turns. If messages
    name their users, it is returned once per user, who owns the messages that name them.

    Raises BadTranscript, listing these ways, if none of them gives a user, and if messages of several users would get
    one user.
    """
    if attribution.by_speaker:
        yield from _by_speaker(session, document)
        return
    named = dict.fromkeys(turn.owner for turn in session.turns if turn.role == "user" and turn.owner)
    chosen = None
    if attribution.user is not None or attribution.user_from is not None:
        chosen = _single_owner(session, document, attribution)
    if named and (chosen is None or len(named) > 1):
        yield from _by_owner(session, document, list(named), chosen)
        return
    user = _single_owner(session, document, attribution)
    if not user:
        raise BadTranscript(
            "cannot tell which user this belongs to",
            where=document.uri,
            hint="pass --user NAME or --user-from filename|folder|speaker, put the files into a folder per user "
            "(NAME/…), or set default_user in the settings",
        )
    yield Owned(user_id=user, session=session)


def _by_owner(session: Session, document: Document, named: list[str], chosen: str | None) -> Iterator[Owned]:
    """The session for each user that its messages name, or for the chosen one of them.

    An answer goes with the message it answers. A message of a person that names no user belongs to nobody. An id takes
    precedence over a name: the owner's messages have no other speaker, and those of others have theirs, even without a
    name.
    """
    if chosen is not None and chosen not in named:
        raise BadTranscript(
            f"its messages name several users ({', '.join(named[:5])}), and {chosen} is not one of them",
            where=document.uri,
            hint="leave --user out: each message is then stored for the user it names",
        )
    owner_of = _answered(session, lambda turn: turn.owner)
    unowned = sum(turn.role == "user" and not turn.owner for turn in session.turns)
    for number, user in enumerate(named if chosen is None else [chosen]):
        others = frozenset(turn.turn_id for turn in session.turns if owner_of.get(turn.turn_id) != user)
        notes = dict(session.notes) if number == 0 else {}
        if number == 0 and unowned:
            notes["message without a user among messages with one"] = unowned
        if chosen is not None:
            notes["message of another user"] = sum(turn.owner not in (None, user) for turn in session.turns)
        turns = tuple(_spoken(turn, user) for turn in session.turns)
        yield Owned(user_id=user, session=msgspec.structs.replace(session, turns=turns, notes=notes), others=others)


def _answered(session: Session, person: Callable[[Turn], str | None]) -> dict[str, str]:
    """The owner of each turn, by turn id: a person's turn belongs to that person, an answer to the person it
    answers."""
    owner_of: dict[str, str] = {}
    current: str | None = None
    for turn in session.turns:
        if turn.role == "user":
            current = person(turn)
        if current is not None:
            owner_of[turn.turn_id] = current
    return owner_of


def _spoken(turn: Turn, user: str) -> Turn:
    """A turn of a session of several users, with a speaker that shows who said it."""
    if turn.role != "user":
        return turn
    if turn.owner == user:
        return turn if speaks_for_user(turn.speaker, user) else msgspec.structs.replace(turn, speaker=user)
    if turn.speaker and not speaks_for_user(turn.speaker, user):
        return turn
    return msgspec.structs.replace(turn, speaker=turn.owner or UNNAMED)


def _single_owner(session: Session, document: Document, attribution: Attribution) -> str | None:
    if attribution.user is not None:
        return attribution.user
    if attribution.user_from == "filename":
        return PurePath(document.name).name.split(".")[0]
    if attribution.user_from == "folder":
        return document.folder_user or document.parent or None
    return session.owner or document.folder_user or attribution.default_user


def _by_speaker(session: Session, document: Document) -> Iterator[Owned]:
    """An answer without a speaker of its own (an assistant's) goes with the person it answers. A person's turn
    without a speaker belongs to nobody. A session in which no person says anything, such as a day of joins and bots,
    has no owner."""
    if not any(turn.role == "user" for turn in session.turns):
        return
    owner_of = _answered(session, lambda turn: turn.speaker)
    speakers = dict.fromkeys(owner_of.values())
    if not speakers:
        raise BadTranscript(
            "no turn names its speaker",
            where=document.uri,
            hint="give --user NAME instead of --user-from speaker",
        )
    unnamed = sum(turn.role == "user" and not turn.speaker for turn in session.turns)
    for number, speaker in enumerate(speakers):
        others = frozenset(turn.turn_id for turn in session.turns if owner_of.get(turn.turn_id) != speaker)
        notes = dict(session.notes) if number == 0 else {}
        if number == 0 and unnamed:
            notes["turn without a speaker"] = unnamed
        yield Owned(user_id=speaker, session=msgspec.structs.replace(session, notes=notes), others=others)
