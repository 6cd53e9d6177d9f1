"""Which turns of a transcript are in the store already, by content, whatever file, session or id they come under.

An episode gets its id from owner, session, turn id and text, so that a file that grows finds its own turns again. Those
ids depend on what a file is called: formats without ids of their own take the session's from the file's name and the
turn's from its position. A file that was renamed, rotated, downloaded again, forked or capped would add all its turns a
second time. So before a session is digested, its turns are looked for by content:

1. A turn's fingerprint is the MD5 of owner, role, speaker, time and text (`memctl.store.turn_identity`), after secrets
   were redacted. It is computed from what the store has always kept, so it works for stores of every version, and no id
   of an unchanged transcript changes.
2. A session is compared only with stored sessions that have the same words at the same time. The two are aligned:
   turns that occur once in both are anchors, which are extended in both directions while the turns are equal; equal
   turns with a time are paired in order. So position only separates equal turns.
3. Aligned turns form runs. A run is the same conversation if it proves that: a turn of some length with a time of its
   own; two turns in a row that all have times; something of some length said by a person, if the run has a second turn,
   is a whole session, or comes under the same session id; or two sessions that are equal from beginning to end. "ok"
   without a time in two chats proves nothing, and both are kept.
4. A recognised turn keeps the id it has in the store. It is context for the new turns, and the file is recorded as
   showing it. If no file has shown it to the extractor in use, it is digested again under the id it has.

A turn removed by hand is remembered by its fingerprint too (`removal_key`), so it does not come back from a copy.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

import msgspec

from memctl.core.errors import NotFound
from memctl.ingest.alignment import align, proven
from memctl.ingest.attribution import Owned
from memctl.ingest.session_extraction import Recipe, Work, episode_id, kept_turns, redacted
from memctl.store.base import Session as StoreSession
from memctl.store.base import Store
from memctl.store.model import StoredTurn
from memctl.store.turn_identity import SUBSTANTIAL, fingerprint, fingerprint_of, removal_key

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Halves = NDArray[np.uint64]
else:
    Halves = Any

AT_ONCE = 200_000
"""Episodes of a store up to which the fingerprints of all users are loaded together."""
MOST_FRESH = 100_000
_HALF = (1 << 64) - 1


class Row(NamedTuple):
    """A turn that has or may get an episode, with its fingerprint. `place` is its index among the session's turns."""

    key: UUID
    turn_id: str
    at: datetime | None
    role: str | None
    text: str
    place: int = 0
    id: UUID | None = None

    @property
    def telling(self) -> bool:
        """True if a person said something of some length."""
        return self.role == "user" and len(self.text) >= SUBSTANTIAL


class Line(NamedTuple):
    """The turns of one user in a session. `batch` is the number of the work that has them, 0 for stored ones."""

    user: str
    session: str
    rows: list[Row]
    keys: frozenset[UUID]
    batch: int = 0


class Shown(NamedTuple):
    """The part of a conversation that a file contains: the session ids that it has in the store, and (id, row) of
    each turn."""

    user: str
    sessions: frozenset[str]
    turns: list[tuple[UUID, Row]]


class Halved:
    """A set of fingerprints by their lower 64 bits: 8 bytes each, however many the store has."""

    def __init__(self) -> None:
        self._sorted: list[Halves] = []
        self._fresh: set[int] = set()

    def load(self, halves: Halves) -> None:
        """Add an array of shape (n,)."""
        import numpy as np

        if len(halves):
            self._sorted.append(np.sort(halves))

    def add(self, keys: Iterable[UUID]) -> None:
        """Add fingerprints."""
        import numpy as np

        self._fresh.update(key.int & _HALF for key in keys)
        if len(self._fresh) > MOST_FRESH:
            self.load(np.fromiter(self._fresh, np.uint64, len(self._fresh)))
            self._fresh = set()

    def among(self, keys: Sequence[UUID]) -> set[UUID]:
        """The subset of these fingerprints that are probably in the set."""
        matches = {key for key in keys if key.int & _HALF in self._fresh} if self._fresh else set()
        if self._sorted and keys:
            import numpy as np

            asked = np.fromiter((key.int & _HALF for key in keys), np.uint64, len(keys))
            for halves in self._sorted:
                places = np.minimum(np.searchsorted(halves, asked), len(halves) - 1)
                matches.update(key for key, same in zip(keys, halves[places] == asked, strict=True) if same)
        return matches


class Recogniser:
    """Recognises turns for one ingest. Works are recognised in the order in which they will be committed."""

    def __init__(self, store: Store, recipe: Recipe) -> None:
        self.store = store
        self.recipe = recipe
        self.recent: list[Line] = []
        self._known = Halved()
        self._removed = Halved()
        self._digested = Halved()
        self._loaded: set[str | None] = set()

    def recognise(self, works: Sequence[Work], batch: int, shown: dict[str, list[Shown]]) -> list[Work]:
        """The works, their secrets redacted, with the turns that are known; a work may become several.

        What files of `shown` show is added there.
        """
        self._load({work.owned.user_id for work in works})
        works = [_redacted(work) for work in works]
        lines = [self._line(work, batch) for work in works]
        wanted = [self._wanted(work, line) for work, line in zip(works, lines, strict=True)]
        outcome: list[Work] = []
        if not any(wanted):
            for work, line in zip(works, lines, strict=True):
                outcome += self._recognise(work, line, set(), {}, None, shown)
            return outcome
        with suppress(NotFound), self.store.reading() as session:
            stored = self._stored(session, lines, wanted)
            for work, line, keys in zip(works, lines, wanted, strict=True):
                outcome += self._recognise(work, line, keys, stored, session, shown)
            return outcome
        for work, line, keys in zip(works, lines, wanted, strict=True):
            outcome += self._recognise(work, line, keys, {}, None, shown)
        return outcome

    def committed(self, batch: int) -> None:
        """Note that the works up to this number are in the store now."""
        self.recent = [line for line in self.recent if line.batch > batch]

    def _load(self, users: set[str]) -> None:
        if None in self._loaded or users <= self._loaded:
            return
        with suppress(NotFound), self.store.reading() as session:
            if not self._loaded:
                self._removed.load(session.tombstone_halves())
                if session.episode_count(AT_ONCE + 1) <= AT_ONCE:
                    self._known.load(session.halves())
                    self._loaded.add(None)
                    return
            for user in sorted(users - self._loaded):
                self._known.load(session.halves(user))
            self._loaded |= users
            return
        # A store that does not exist yet will contain only what this ingest brings.
        self._loaded.add(None)

    def _line(self, work: Work, batch: int) -> Line:
        user = work.owned.user_id
        rows = [
            Row(
                fingerprint(user, turn.role, turn.speaker, turn.at, turn.text),
                turn.turn_id,
                turn.at,
                turn.role,
                turn.text,
                index,
            )
            for index, turn in (kept_turns(work, self.recipe) if work.secrets is not None else ())
        ]
        return Line(user, work.owned.session.session_id, rows, frozenset(row.key for row in rows), batch)

    def _wanted(self, work: Work, line: Line) -> set[UUID]:
        """The fingerprints to look for in the store: what is probably there and was not in this file before."""
        rows = line.rows
        if work.before:
            rows = [row for row in rows if _own_id(line, row) not in work.before]
        telling = [row for row in rows if row.telling] or rows
        return self._known.among([row.key for row in telling]) | self._removed.among(_removal_keys(line.rows))

    def _stored(
        self, session: StoreSession, lines: Sequence[Line], wanted: Sequence[set[UUID]]
    ) -> dict[str, list[Line]]:
        """The stored sessions that may contain turns of `lines`, by user."""
        said: dict[str, set[tuple[str, datetime | None]]] = {}
        names: dict[str, set[str]] = {}
        for line, keys in zip(lines, wanted, strict=True):
            if keys:
                said.setdefault(line.user, set()).update((row.text, row.at) for row in line.rows if row.key in keys)
                names.setdefault(line.user, set()).add(line.session)
        stored: dict[str, list[Line]] = {}
        for user, texts in said.items():
            sessions = names[user].union(session.sessions_saying(user, list(texts)))
            stored[user] = _lines(user, session.turns_of_sessions(user, sessions))
        return stored

    def _recognise(
        self,
        work: Work,
        line: Line,
        wanted: set[UUID],
        stored: dict[str, list[Line]],
        session: StoreSession | None,
        shown: dict[str, list[Shown]],
    ) -> list[Work]:
        same: dict[str, tuple[str, Row]] = {}
        if wanted:
            recent = [other for other in self.recent if other.user == line.user]
            same = _same(line, [*stored.get(line.user, ()), *recent], wanted)
        removed = self._removed_turns(line, session) if session else set()
        elsewhere = {
            turn_id: (name, row)
            for turn_id, (name, row) in same.items()
            if (name, row.turn_id) != (line.session, turn_id)
        }
        self._known.add(line.keys)
        new = [_own_id(line, row) for row in line.rows if row.turn_id not in elsewhere]
        self._digested.add(new if work.redigest else set(new) - work.before)
        self.recent.append(line._replace(rows=[row for row in line.rows if row.turn_id not in elsewhere]))
        ids = {turn_id: row.id or _own_id_of(line.user, name, row) for turn_id, (name, row) in elsewhere.items()}
        if work.uri in shown:
            names = {line.session, *(name for name, _ in elsewhere.values())}
            turns = [(ids.get(row.turn_id) or _own_id(line, row), row) for row in line.rows]
            shown[work.uri].append(Shown(line.user, frozenset(names), turns))
        if not elsewhere and not removed:
            return [work]
        shift = max((row.place - mine.place for mine, row in _pairs(line, same, line.session)), default=0)
        here = msgspec.structs.replace(work, same_as=ids, removed=removed, shift=max(0, shift))
        return [here, *self._again(work, elsewhere, ids, session)]

    def _again(
        self, work: Work, elsewhere: dict[str, tuple[str, Row]], ids: dict[str, UUID], session: StoreSession | None
    ) -> list[Work]:
        """Works for known turns that no file has shown to this recipe: each session of theirs under its own name."""
        if session is None or work.recipe is None:
            return []
        stored = [ids[turn_id] for turn_id, (_, row) in elsewhere.items() if row.id is not None]
        # Turns that this ingest digests are recorded for their file only when the file ends.
        stale = set(stored) - self._digested.among(stored)
        stale -= session.read_by(work.recipe, stale) if stale else set()
        owned = work.owned
        works = []
        for name in dict.fromkeys(name for turn_id, (name, _) in elsewhere.items() if ids[turn_id] in stale):
            chosen = {turn_id: row for turn_id, (of, row) in elsewhere.items() if of == name and ids[turn_id] in stale}
            turns = tuple(
                msgspec.structs.replace(turn, turn_id=chosen[turn.turn_id].turn_id)
                if turn.turn_id in chosen
                else msgspec.structs.replace(turn, turn_id=f"context {turn.turn_id}")
                for turn in owned.session.turns
            )
            others = frozenset(f"context {turn.turn_id}" for turn in owned.session.turns if turn.turn_id not in chosen)
            conversation = msgspec.structs.replace(owned.session, session_id=name, turns=turns, notes={})
            part = Owned(user_id=owned.user_id, session=conversation, others=others)
            works.append(msgspec.structs.replace(work, owned=part, before=frozenset(), redigest=True, part=True))
        return works

    def _removed_turns(self, line: Line, session: StoreSession) -> frozenset[str]:
        """The turns that were removed by hand, under whatever id."""
        keys = dict(zip(_removal_keys(line.rows), line.rows, strict=True))
        _, tombstones = session.known_and_tombstoned(self._removed.among(list(keys)))
        return frozenset(row.turn_id for key, row in keys.items() if key in tombstones)


def _redacted(work: Work) -> Work:
    """The work without secrets; one that breaks the redaction is reported when it is digested."""
    try:
        return redacted(work)
    except Exception:
        return work


def _removal_keys(rows: Sequence[Row]) -> list[UUID]:
    before = [None, *(row.key for row in rows)]
    return [removal_key(row.key, last, row.at, row.text) for last, row in zip(before, rows, strict=False)]


def _own_id(line: Line, row: Row) -> UUID:
    return _own_id_of(line.user, line.session, row)


def _own_id_of(user: str, session: str, row: Row) -> UUID:
    return episode_id(user, session, row.turn_id, row.text)


def _lines(user: str, turns: Sequence[StoredTurn]) -> list[Line]:
    sessions: dict[str, list[Row]] = {}
    for turn in turns:
        sessions.setdefault(turn.session_id, []).append(row_of(turn))
    return [Line(user, name, rows, frozenset(row.key for row in rows)) for name, rows in sessions.items()]


def _pairs(line: Line, same: dict[str, tuple[str, Row]], session: str) -> Iterator[tuple[Row, Row]]:
    for row in line.rows:
        name, other = same.get(row.turn_id, ("", row))
        if name == session:
            yield row, other


def same_turns(mine: Sequence[Row], theirs: Sequence[Row], *, one_session: bool) -> list[tuple[int, int]]:
    """Pairs of indices of the rows that are the same turn."""
    pairs = align([row.key for row in mine], [row.key for row in theirs], mine)
    return proven(mine, theirs, pairs, one_session=one_session)


def row_of(turn: StoredTurn) -> Row:
    """The row of a stored turn."""
    return Row(fingerprint_of(turn), turn.turn_id, turn.at, turn.role, turn.text, turn.position, turn.id)


def _same(line: Line, others: Sequence[Line], wanted: set[UUID]) -> dict[str, tuple[str, Row]]:
    """Turn id -> session and row of the turn that it is, from the sessions with the most turns in common first."""
    shared = Counter({place: len(line.keys & other.keys) for place, other in enumerate(others)})
    order = sorted(
        (place for place in shared if not others[place].keys.isdisjoint(wanted)),
        key=lambda place: (others[place].session != line.session, -shared[place], others[place].session),
    )
    same: dict[str, tuple[str, Row]] = {}
    for place in order:
        if len(same) == len(line.rows):
            break
        other = others[place]
        pairs = same_turns(line.rows, other.rows, one_session=other.session == line.session)
        taken = {row.id or _own_id_of(line.user, name, row) for name, row in same.values()}
        for mine, theirs in pairs:
            row = other.rows[theirs]
            id_ = row.id or _own_id_of(line.user, other.session, row)
            if line.rows[mine].turn_id not in same and id_ not in taken:
                same[line.rows[mine].turn_id] = (other.session, row)
    return same
