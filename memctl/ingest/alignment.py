"""Aligning two sequences of turns, and deciding which aligned turns are the same. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Protocol


class Said(Protocol):
    """The values of a turn that decide whether two turns are the same."""

    @property
    def at(self) -> datetime | None:
        """Its time, None if unknown."""

    @property
    def telling(self) -> bool:
        """True if a person said something of some length, so that equal words prove something."""


Pairs = list[tuple[int, int]]


def align(mine: Sequence[Hashable], theirs: Sequence[Hashable], turns: Sequence[Said]) -> Pairs:
    """Pairs of indices of equal items, in the order of `mine`; each index occurs once.

    `turns` are those of `mine`.
    """
    here, there = Counter(mine), Counter(theirs)
    place = {item: index for index, item in enumerate(theirs)}
    pairs: dict[int, int] = {}
    taken: set[int] = set()
    ends = [(0, 0), (len(mine) - 1, len(theirs) - 1)] if mine and theirs else []
    anchors = [(index, place[item]) for index, item in enumerate(mine) if here[item] == there[item] == 1]
    for start, match in [*anchors, *ends]:
        for step in (1, -1):
            one, other = start, match
            while 0 <= one < len(mine) and 0 <= other < len(theirs) and mine[one] == theirs[other]:
                if (one, other) != (start, match) and (one in pairs or other in taken):
                    break
                if one not in pairs and other not in taken:
                    pairs[one] = other
                    taken.add(other)
                one, other = one + step, other + step
    waiting: defaultdict[Hashable, list[int]] = defaultdict(list)
    for index, item in enumerate(theirs):
        if index not in taken:
            waiting[item].append(index)
    for index, item in enumerate(mine):
        if index not in pairs and turns[index].at is not None and waiting[item]:
            pairs[index] = waiting[item].pop(0)
    return sorted(pairs.items())


def proven(mine: Sequence[Said], theirs: Sequence[Said], pairs: Pairs, *, one_session: bool = False) -> Pairs:
    """The pairs that are the same turn and do not only have equal words; `memctl.ingest.identity` says what proves
    that. `one_session` means that both have the same session id."""
    one_time = len(mine) > 2 and len({turn.at for turn in mine}) == 1
    sure: Pairs = []
    for run in _runs(pairs):
        turns = [mine[index] for index, _ in run]
        timed = not one_time and all(turn.at is not None for turn in turns)
        telling = any(turn.telling for turn in turns)
        whole = len(run) in (len(mine), len(theirs))
        first, last = run[0], run[-1]
        # On both sides the conversations continue differently: the same words at the same time in two chats.
        contradicted = 0 not in first and last[0] < len(mine) - 1 and last[1] < len(theirs) - 1
        if (
            len(run) == len(mine) == len(theirs)
            or (telling and (len(run) > 1 or whole or one_session))
            or (timed and (telling or len(run) > 1 or not contradicted))
        ):
            sure += run
    return sure


def _runs(pairs: Pairs) -> list[Pairs]:
    """The pairs in stretches that are consecutive on both sides."""
    runs: list[Pairs] = [[pairs[0]]] if pairs else []
    for before, pair in pairwise(pairs):
        if pair == (before[0] + 1, before[1] + 1):
            runs[-1].append(pair)
        else:
            runs.append([pair])
    return runs
