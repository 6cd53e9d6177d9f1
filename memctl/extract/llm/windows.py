"""Split a session into windows, one per model request: turns to extract from, and a few before them as context.

The split depends only on the session, so that the same transcript gives the same requests on every run.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import zip_longest

import msgspec

from memctl.extract.extractor import MEMORY, NO_CLAIMS
from memctl.extract.filters.prompt_injection import gives_orders
from memctl.extract.llm.locate import find
from memctl.transcripts.model import Session, Turn

MOST_TURNS = 40
FEW_TURNS = 4
"""Turns of a window for a self-hosted server. Of context, such a window has only the question before a short reply: a
small model takes facts from whatever it is shown, and reads long prompts slowly."""
SHORT_REPLY = 6
"""Words of a reply that is understood with the question before it."""
MOST_TOKENS = 3000
OVERLAP = 3
"""Lines before a window that are shown as context."""
ASSISTANT_HEAD, ASSISTANT_TAIL = 500, 200
"""Characters shown of an assistant's turn: it is context for the user's answer, not a source of facts."""
WITHHELD = "[withheld: orders to a machine, not conversation]"
OVERHEAD = 14
"""Tokens of a line's number, time and speaker."""
SHORTEST_PIECE = 200
"""Characters below which a turn is not split further."""


def tokens(text: str) -> int:
    """Estimated tokens of a text: four UTF-8 bytes each, OpenAI's rule of thumb, rounded up."""
    return -(-len(text.encode("utf-8", "replace")) // 4)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """A turn as shown to the model, or a part of one that is too long for one window.

    `position` is the turn's position in its session. Facts are extracted only from `asked` lines.
    """

    turn: Turn
    position: int
    text: str
    asked: bool

    @property
    def withheld(self) -> bool:
        """True for a turn that is not shown to the model and supports no fact."""
        return self.text == WITHHELD


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """The lines of one request, in order, numbered from 1. If it is split, its parts have `overlap` context lines."""

    user_id: str
    session_id: str
    lines: tuple[Line, ...]
    overlap: int = OVERLAP

    @property
    def asked(self) -> tuple[Line, ...]:
        """The lines to extract facts from."""
        return tuple(line for line in self.lines if line.asked)

    def _last(self, end: int) -> tuple[Line, ...]:
        """The lines before `end` that are context for those after it."""
        return self.lines[max(0, end - self.overlap) : end]

    def line_with(self, words: str) -> int:
        """The number of the first line to extract from that has `words`; 0 if none has."""
        return next((n for n, line in enumerate(self.lines, 1) if line.asked and find(words, line.text)), 0)

    def after(self, number: int) -> list[Window]:
        """The window of the lines after line `number`, for an answer that was cut off there; empty if none is asked."""
        rest = self.lines[number:]
        if not any(line.asked for line in rest):
            return []
        context = [msgspec.structs.replace(line, asked=False) for line in self._last(number)]
        return [msgspec.structs.replace(self, lines=(*context, *rest))]

    def halves(self) -> list[Window]:
        """The window split in two, for an answer that did not fit; empty if it cannot be split further."""
        asked = [place for place, line in enumerate(self.lines) if line.asked]
        if len(asked) > 1:
            middle = asked[len(asked) // 2]
            context = [msgspec.structs.replace(line, asked=False) for line in self._last(middle)]
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


def windows(
    session: Session, user_id: str, skip: frozenset[str] = frozenset(), turns: int = MOST_TURNS
) -> list[Window]:
    """The windows of a session's human turns, in order; turns in `skip` are shown only as context.

    Turns must have been redacted. A window has at most `turns` asked turns and about MOST_TOKENS tokens; with fewer
    than MOST_TURNS it has no context but the questions before short replies.
    """
    brief = turns < MOST_TURNS
    cutter = _Cutter(session.session_id, user_id, turns, 0 if brief else OVERLAP)
    lines = list(_lines(session, skip))
    for line, following in zip_longest(lines, lines[1:]):
        if not brief or line.asked or _is_question(line, following):
            cutter.take(line)
    return cutter.finish()


def _is_question(line: Line, reply: Line | None) -> bool:
    """True for an assistant's question before a short reply."""
    short = reply is not None and reply.asked and len(reply.text.split()) <= SHORT_REPLY
    return short and line.turn.role == "assistant" and "?" in line.text


def _lines(session: Session, skip: frozenset[str]) -> Iterator[Line]:
    for position, turn in enumerate(session.turns):
        by_user = turn.role == "user" or turn.raw_kind == MEMORY
        if not turn.text.strip() or turn.raw_kind in NO_CLAIMS or not (by_user or turn.role == "assistant"):
            continue
        text = turn.text if by_user else _shortened(turn.text)
        if gives_orders(text):
            yield Line(turn=turn, position=position, text=WITHHELD, asked=False)
        elif not by_user:
            yield Line(turn=turn, position=position, text=text, asked=False)
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
    """`text` in pieces of at most `most` UTF-8 bytes, cut at white space if there is any."""
    parts = []
    while len(text.encode("utf-8", "replace")) > most:
        end = min(len(text), most)
        while len(text[:end].encode("utf-8", "replace")) > most:
            end = end * 3 // 4
        space = max(text.rfind(" ", end // 2, end), text.rfind("\n", end // 2, end))
        end = space if space > 0 else end
        parts.append(text[:end].strip())
        text = text[end:].lstrip()
    return [piece for piece in (*parts, text) if piece]


class _Cutter:
    """Collects lines until a window is full, or until no asked line follows soon."""

    def __init__(self, session_id: str, user_id: str, turns: int, overlap: int) -> None:
        self.session_id, self.user_id, self.turns, self.overlap = session_id, user_id, turns, overlap
        self.done: list[Window] = []
        self.lines: list[Line] = []
        self.before: deque[Line] = deque(maxlen=overlap or 1)
        self.size = 0

    def take(self, line: Line) -> None:
        """Add a line to the current window or to the next."""
        size = tokens(line.text) + OVERHEAD
        if line.asked:
            asked = sum(1 for earlier in self.lines if earlier.asked)
            if asked >= self.turns or (asked and self.size + size > MOST_TOKENS):
                self.close()
            if not self.lines:
                self.lines = [msgspec.structs.replace(earlier, asked=False) for earlier in self.before]
                self.size = sum(tokens(earlier.text) + OVERHEAD for earlier in self.lines)
        if line.asked or self.lines:
            self.lines.append(line)
            self.size += size
            if not any(recent.asked for recent in self.lines[-OVERLAP - 1 :]):
                self.close()
        if line.asked and not self.overlap:
            self.before.clear()
        else:
            self.before.append(line)

    def close(self) -> None:
        """End the window at its last asked line: later lines are not context for it."""
        while self.lines and not self.lines[-1].asked:
            self.lines.pop()
        if self.lines:
            self.done.append(
                Window(
                    user_id=self.user_id,
                    session_id=self.session_id,
                    lines=tuple(self.lines),
                    overlap=self.overlap,
                )
            )
        self.lines, self.size = [], 0

    def finish(self) -> list[Window]:
        """All windows, including the last."""
        self.close()
        return self.done
