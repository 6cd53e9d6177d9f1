"""Which turns of a changed file were edited or deleted, and which it only no longer shows.

A newer version of a file may begin later (a capped export, a retention window, a rolling log), end earlier, leave out
conversations, or be another file under the same name. So a turn that is missing was withdrawn only if the file still
shows what was said before and after it: if it lies between the first and the last message of a conversation that the
file still shows. Times decide; turns without one, and those of the same minute as the first or last message, are placed
by their order. A turn whose own id now has other words at the same time was edited, wherever it is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec

from memctl.ingest.identity import Row, Shown, row_of, same_turns
from memctl.store.base import Session
from memctl.store.model import FileEntry, FileRead, PackedIds, StoredTurn


class FileEnd(msgspec.Struct, kw_only=True):
    """The end of a file: the episodes it contained `before`, those it contains now, and their order. `same_bytes` is
    True if only the options changed: missing episodes are then not wanted any more."""

    entry: FileEntry
    same_bytes: bool = False
    before: frozenset[UUID] = frozenset()
    seen: PackedIds = msgspec.field(default_factory=PackedIds)
    shown: list[Shown] = []


def file_read(session: Session, file: FileEnd) -> FileRead:
    """The record of a file that was read, with the turns that were edited or deleted in it."""
    missing = file.before.difference(file.seen) if file.before else frozenset()
    if missing and not file.same_bytes:
        missing = withdrawn(session, missing, file.before, file.shown)
    return FileRead(entry=file.entry, episodes=file.seen, gone=set(missing))


def withdrawn(
    session: Session, missing: Collection[UUID], before: Collection[UUID], shown: Iterable[Shown]
) -> frozenset[UUID]:
    """The subset of the `missing` episodes that were edited or deleted.

    `before` are the episodes of the former version of the file, `shown` the conversations of the present one.
    """
    lost: dict[tuple[str, str], list[StoredTurn]] = {}
    for turn in session.turns(missing):
        lost.setdefault((turn.user_id, turn.session_id), []).append(turn)
    gone: set[UUID] = set()
    for one in shown:
        at = {row.turn_id: row.at for _, row in one.turns if not row.turn_id.isdecimal()}
        edited = (turn for (user, _), turns in lost.items() if user == one.user for turn in turns)
        gone.update(turn.id for turn in edited if turn.at is not None and at.get(turn.turn_id) == turn.at)
        for name in one.sessions:
            if turns := lost.get((one.user, name)):
                stored = [turn for turn in session.turns_of_sessions(one.user, [name]) if turn.id in before]
                gone |= _withdrawn_of(turns, stored, before, one)
    return frozenset(gone)


def _withdrawn_of(
    turns: Iterable[StoredTurn], stored: Sequence[StoredTurn], before: Collection[UUID], shown: Shown
) -> set[UUID]:
    """The subset of a stored session's missing turns that were withdrawn; `stored` are all that the file showed."""
    pairs = same_turns([row for _, row in shown.turns], [row_of(turn) for turn in stored], one_session=True)
    place = {stored[theirs].id: mine for mine, theirs in pairs}
    order = [turn.id for turn in stored]
    times = [row.at for _, row in shown.turns if row.at is not None]
    at = {row.turn_id: row.at for _, row in shown.turns}
    left, right = _neighbours(order, place), _neighbours(order[::-1], place)
    gone: set[UUID] = set()
    for turn in turns:
        edited = turn.turn_id in at and at[turn.turn_id] in (turn.at, None)
        if edited and not turn.turn_id.isdecimal():
            gone.add(turn.id)
            continue
        within = _within(turn.at, times)
        if within is None:
            within = _surrounded(left.get(turn.id), right.get(turn.id), shown, before)
            within = within or (not place and _replaced(turn, shown, before))
        if within:
            gone.add(turn.id)
    return gone


def _within(at: datetime | None, times: list[datetime]) -> bool | None:
    """True between the first and the last time, False outside, None if times do not decide."""
    if at is None or not times:
        return None
    first, last = min(times), max(times)
    if first < at < last:
        return True
    return None if at in (first, last) else False


def _neighbours(order: list[UUID], place: dict[UUID, int]) -> dict[UUID, int | None]:
    """For each episode of a session, the index among the turns shown of the last one before it that is still shown."""
    neighbours: dict[UUID, int | None] = {}
    last: int | None = None
    for id_ in order:
        neighbours[id_] = last
        last = place.get(id_, last)
    return neighbours


def _surrounded(left: int | None, right: int | None, shown: Shown, before: Collection[UUID]) -> bool:
    """True if turns are shown on both sides: former neighbours, or on one side new turns that replace the turn."""

    def new(index: int) -> bool:
        return 0 <= index < len(shown.turns) and shown.turns[index][0] not in before

    if left is None and right is None:
        return False
    return (left is not None or new((right or 0) - 1)) and (right is not None or new((left or 0) + 1))


def _replaced(turn: StoredTurn, shown: Shown, before: Collection[UUID]) -> bool:
    """True if the file has other words at the time of the turn."""
    return any(id_ not in before and _same_place(row, turn) for id_, row in shown.turns)


def _same_place(row: Row, turn: StoredTurn) -> bool:
    return turn.at is not None and row.at == turn.at and row.role == turn.role
