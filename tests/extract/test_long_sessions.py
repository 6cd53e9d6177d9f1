"""The last turns of a long session take no longer than its first ones."""

import sys
from types import FrameType
from typing import Any

from memctl.extract.extractor import _SessionReader
from memctl.transcripts.model import Session, Turn

NAMES = [
    f"{first}{second}{last}" for first in "BDKLM" for second in ("ara", "ile", "omu", "edo") for last in "nrstkldm"
]


def _turn(place: int) -> Turn:
    name = NAMES[place % len(NAMES)]
    return Turn(
        turn_id=str(place),
        role="user",
        text=f"I live in Port {name}. I like tool{place} and my friend {name} works at Firm{place}.",
    )


def _steps(reader: _SessionReader, turn: Turn) -> int:
    """The number of bytecode instructions needed to read a turn."""
    steps = 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal steps
        frame.f_trace_opcodes = True
        steps += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        reader.claims(turn, 0)
    finally:
        sys.settrace(before)
    return steps


def _fewest_steps(reader: _SessionReader) -> int:
    """Of several turns, because one of them may be the last before a pattern's keys are computed."""
    return min(_steps(reader, _turn(place)) for place in range(1000, 1005))


def test_a_turn_costs_the_same_in_long_and_short_sessions() -> None:
    turns = tuple(_turn(place) for place in range(150))
    reader = _SessionReader(
        Session(session_id="s", source_format="text", turns=turns), "alice", None, None, frozenset()
    )
    for place, turn in enumerate(turns):
        if place == 10:
            early = _fewest_steps(reader)
        reader.claims(turn, place)
        reader.names.learn(turn.text)
    assert _fewest_steps(reader) < early * 1.1
