"""The records of a block: from the store, in a few statements, or from any other backend, read completely. The turns
of the current session are found only here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from memctl.backends.contract import Backend, Conversation, Hit, Message, Query
from memctl.context.model import Request
from memctl.core import timeline
from memctl.core.errors import NotFound, UsageError
from memctl.core.fact import Fact, Source, derive_id
from memctl.core.predicates import SINGLE_VALUED
from memctl.store.local_store import LocalStore

if TYPE_CHECKING:
    from memctl.store.base import Session

INSTRUCTIONS = ("procedure",)
ROLES = ("user", "assistant")
"""The roles whose turns are shown of an open session."""
PROFILE = ("block", "summary", "fact", "preference")
SHORTEST = 6
"""Tokens of the shortest line that is worth its place."""
MOST_TURNS = 50
"""Turns of the last session that are looked at."""
FEWEST_HITS, MOST_HITS = 30, 1000
OPEN = timedelta(days=1)
"""A session is open until nothing was said in it for so long."""

_FIRST = datetime.min.replace(tzinfo=UTC)

Search = Callable[[Query], list[Hit]]


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """The records for a block. Instructions and profile are in order of importance, and are `total` in number;
    `latest` are the last turns of the newest session, in order; `open` says whether that session is still going on."""

    instructions: Sequence[Fact]
    instructions_total: int
    profile: Sequence[Fact]
    profile_total: int
    latest: Sequence[Fact]
    open: bool
    hits: Sequence[Hit] = ()


def gather(
    backend: Backend, search: Search, request: Request, now: datetime, session: Backend | None = None
) -> Material:
    """The material for a block; the last turns are those of `session` if it has a conversation of the user.

    Raises NotFound if neither has the user.
    """
    turns = _open_turns(session, request.user) if session is not None else []
    try:
        material = _gathered(backend, search, request, now)
    except NotFound:
        if not turns:
            raise
        material = _material(((), 0), ((), 0), (), now)
    if not turns:
        return material
    said = max(filter(None, map(_said, turns)), default=None)
    # What an application keeps of a session goes on, unless its times say otherwise.
    return msgspec.structs.replace(material, latest=turns, open=said is None or now - said <= OPEN)


def _open_turns(backend: Backend, user: str) -> list[Fact]:
    """The last turns of the user's newest conversation in a backend. Without times, the last conversation listed is the
    newest."""
    if not backend.features.conversations:
        raise UsageError(f"{backend.name} has no conversations", where="--session-from")
    newest: tuple[datetime, list[Fact]] = (_FIRST, [])
    for conversation in backend.conversations(user):
        turns = [_turn(backend.name, user, conversation, message) for message in conversation.messages]
        turns = [turn for turn in turns if turn.text.strip() and turn.native["role"] in ROLES]
        said = max(filter(None, map(_said, turns)), default=conversation.started_at or _FIRST)
        if turns and said >= newest[0]:
            newest = said, turns
    return newest[1][-MOST_TURNS:]


def _turn(system: str, user: str, conversation: Conversation, message: Message) -> Fact:
    native = {"role": message.role} | ({"speaker": message.name} if message.name else {})
    return Fact(
        id=derive_id(system, user, conversation.id, message.id),
        user_id=user,
        session_id=conversation.id,
        kind="episode",
        text=message.text,
        valid_at=message.at,
        expires_at=message.expires_at,
        source=Source(system=system, session=conversation.id, turns=(message.id,)),
        native=native,
    )


def _gathered(backend: Backend, search: Search, request: Request, now: datetime) -> Material:
    at = request.as_of or now
    lines = request.tokens // SHORTEST + 1
    if isinstance(backend, LocalStore):
        with backend.store.reading() as session:
            session.require_user(request.user)
            material = _of_store(session, request, at, lines)
    else:
        from memctl.migrate.listing import Listing

        material = _of_records(list(Listing(backend).records(request.user)), request, at)
    if not request.query:
        return material
    k = min(MOST_HITS, max(FEWEST_HITS, lines))
    hits = search(Query(request.user, request.query, k, as_of=request.as_of))
    return msgspec.structs.replace(material, hits=hits)


def _of_store(session: Session, request: Request, at: datetime, lines: int) -> Material:
    instructions, profile = (
        session.leading_facts(
            request.user, kinds=kinds, first=SINGLE_VALUED, at=at, as_of=request.as_of is not None, limit=lines
        )
        for kinds in (INSTRUCTIONS, PROFILE)
    )
    return _material(instructions, profile, session.latest_turns(request.user, at, MOST_TURNS), at)


def _of_records(records: Sequence[Fact], request: Request, at: datetime) -> Material:
    """The same as `_of_store`, from all records of the user in the order in which they are stored."""
    valid = timeline.as_of(records, at) if request.as_of else timeline.current(records, at)
    valid.reverse()
    first = sorted(valid, key=_importance)
    instructions, profile = ([fact for fact in first if fact.kind in kinds] for kinds in (INSTRUCTIONS, PROFILE))
    turns = [turn for turn in records if turn.kind == "episode" and turn in valid and (_said(turn) or at) <= at]
    sessions = [turn for turn in turns if turn.session_id is not None]
    newest = max(sessions, key=lambda turn: _said(turn) or _FIRST, default=None)
    session = sorted((turn for turn in sessions if newest and turn.session_id == newest.session_id), key=_order)
    return _material((instructions, len(instructions)), (profile, len(profile)), session[-MOST_TURNS:], at)


def _material(
    instructions: tuple[Sequence[Fact], int], profile: tuple[Sequence[Fact], int], latest: Sequence[Fact], at: datetime
) -> Material:
    last = max((said for turn in latest if (said := _said(turn))), default=None)
    return Material(
        instructions=instructions[0],
        instructions_total=instructions[1],
        profile=profile[0],
        profile_total=profile[1],
        latest=latest,
        open=last is not None and at - last <= OPEN,
    )


def _importance(fact: Fact) -> tuple[bool, bool, float]:
    learned = fact.created_at or fact.valid_at
    leads = fact.predicate in SINGLE_VALUED and fact.subject in (None, fact.user_id)
    return fact.kind != "block", not leads, -learned.timestamp() if learned else float("inf")


def _said(turn: Fact) -> datetime | None:
    return turn.valid_at or turn.created_at


def _order(turn: Fact) -> datetime:
    return _said(turn) or _FIRST
