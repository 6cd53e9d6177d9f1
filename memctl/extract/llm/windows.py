"""A session cut into windows, each a question to a model: some turns to read, and a few before them as context.

The cut depends on nothing but the session, so that the same transcript gives the same questions on every run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec

from memctl.extract.extractor import MEMORY, NO_CLAIMS
from memctl.extract.prompt_injection import gives_orders
from memctl.transcripts.model import Session, Turn

MOST_TURNS = 40
MOST_TOKENS = 3000
OVERLAP = 3
"""Lines before a window that are shown as context."""
ASSISTANT_HEAD, ASSISTANT_TAIL = 500, 200
"""Characters shown of what an assistant said: it tells what the user answers to, and is not read for facts."""
WITHHELD = "[withheld: orders to a machine, not conversation]"
OVERHEAD = 14
"""Tokens of a line's number, time and speaker."""
SHORTEST_PIECE = 200
"""Characters below which a turn is not cut in two."""


def tokens(text: str) -> int:
    """About how many tokens a text is: four UTF-8 bytes each, rounded up, as OpenAI's rule of thumb has it."""
    return -(-len(text.encode("utf-8", "replace")) // 4)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A turn as it is shown, or a piece of one that is too long for one window.

    `position` is the turn's place in its session. Facts are wanted only from lines that are `asked`.
    """

    turn: Turn
    position: int
    text: str
    asked: bool

    @property
    def withheld(self) -> bool:
        """True for a turn whose words the model must not see, nor any fact rest on."""
        return self.text == WITHHELD


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of one question, numbered from 1 in the order they stand in."""

    user_id: str
    session_id: str
    lines: tuple[Line, ...]

    @property
    def asked(self) -> tuple[Line, ...]:
        """The lines facts are wanted from."""
        return tuple(line for line in self.lines if line.asked)

    @property
    def turn_ids(self) -> frozenset[str]:
        """The turns facts are wanted from."""
        return frozenset(line.turn.turn_id for line in self.lines if line.asked)

    def halves(self) -> list[Window]:
        """The window as two, for an answer that did not fit; nothing when it cannot be cut any more."""
        asked = [place for place, line in enumerate(self.lines) if line.asked]
        if len(asked) > 1:
            middle = asked[len(asked) // 2]
            context = [msgspec.structs.replace(line, asked=False) for line in self.lines[:middle][-OVERLAP:]]
            return [
                msgspec.structs.replace(self, lines=self.lines[:middle]),
                msgspec.structs.replace(self, lines=(*context, *self.lines[middle:])),
            ]
        place = asked[0]
        line = self.lines[place]
        if len(line.text) < 2 * SHORTEST_PIECE:
            return []
        return [
            msgspec.structs.replace(
                self,
                lines=(*self.lines[:place], msgspec.structs.replace(line, text=piece), *self.lines[place + 1 :]),
            )
            for piece in pieces(line.text, len(line.text) // 2 + 1)
        ]


def windows(session: Session, user_id: str, skip: frozenset[str] = frozenset()) -> list[Window]:
    """The windows of a session's human turns, in order; turns in `skip` are shown only as context.

    Turns come redacted. A window holds at most MOST_TURNS asked turns and about MOST_TOKENS tokens.
    """
    cutter = _Cutter(session.session_id, user_id)
    for line in _lines(session, skip):
        cutter.take(line)
    return cutter.finish()


def _lines(session: Session, skip: frozenset[str]) -> Iterator[Line]:
    for position, turn in enumerate(session.turns):
        said = turn.role == "user" or turn.raw_kind == MEMORY
        if not turn.text.strip() or turn.raw_kind in NO_CLAIMS or not (said or turn.role == "assistant"):
            continue
        shown = turn.text if said else _shortened(turn.text)
        if gives_orders(shown):
            yield Line(turn=turn, position=position, text=WITHHELD, asked=False)
        elif not said:
            yield Line(turn=turn, position=position, text=shown, asked=False)
        elif turn.turn_id in skip:
            yield Line(turn=turn, position=position, text=_shortened(turn.text), asked=False)
        else:
            for piece in pieces(turn.text, 2 * MOST_TOKENS):
                yield Line(turn=turn, position=position, text=piece, asked=True)


def _shortened(text: str) -> str:
    if len(text) <= ASSISTANT_HEAD + ASSISTANT_TAIL:
        return text
    return f"{text[:ASSISTANT_HEAD]} […] {text[-ASSISTANT_TAIL:]}"


def pieces(text: str, most: int) -> list[str]:
    """`text` in pieces of at most `most` UTF-8 bytes or so, cut at white space where there is some."""
    found = []
    while len(text.encode("utf-8", "replace")) > most:
        end = min(len(text), most)
        while len(text[:end].encode("utf-8", "replace")) > most:
            end = end * 3 // 4
        space = max(text.rfind(" ", end // 2, end), text.rfind("\n", end // 2, end))
        end = space if space > 0 else end
        found.append(text[:end].strip())
        text = text[end:].lstrip()
    return [piece for piece in (*found, text) if piece]


class _Cutter:
    """Lines gather until a window is full, or until nothing asked comes any more."""

    def __init__(self, session_id: str, user_id: str) -> None:
        self.session_id, self.user_id = session_id, user_id
        self.done: list[Window] = []
        self.lines: list[Line] = []
        self.before: deque[Line] = deque(maxlen=OVERLAP)
        self.size = 0

    def take(self, line: Line) -> None:
        """Put a line into the window under way, or into the next."""
        size = tokens(line.text) + OVERHEAD
        if line.asked:
            asked = sum(1 for held in self.lines if held.asked)
            if asked >= MOST_TURNS or (asked and self.size + size > MOST_TOKENS):
                self.close()
            if not self.lines:
                self.lines = [msgspec.structs.replace(held, asked=False) for held in self.before]
                self.size = sum(tokens(held.text) + OVERHEAD for held in self.lines)
        if line.asked or self.lines:
            self.lines.append(line)
            self.size += size
            if not any(held.asked for held in self.lines[-OVERLAP - 1 :]):
                self.close()
        self.before.append(line)

    def close(self) -> None:
        """End the window at its last asked line: what follows it tells nothing about it."""
        while self.lines and not self.lines[-1].asked:
            self.lines.pop()
        if self.lines:
            self.done.append(Window(user_id=self.user_id, session_id=self.session_id, lines=tuple(self.lines)))
        self.lines, self.size = [], 0

    def finish(self) -> list[Window]:
        """All windows, the last one ended."""
        self.close()
        return self.done
