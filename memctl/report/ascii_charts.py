"""Charts made of characters: a sparkline, a bar, and curves on two logarithmic axes.

Plain text for a terminal of any width, without colours.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from math import floor, log10

LEVELS = "▁▂▃▄▅▆▇█"
NOTHING = "·"
MEETING = "+"
BLOCKS = " ▏▎▍▌▋▊▉█"


def spark(values: Sequence[float], width: int = 24) -> str:
    """One character per value, scaled to the largest; longer rows are summed into `width` characters.

    Zero is a dot, to distinguish it from small values.
    """
    if len(values) > width:
        edges = [len(values) * place // width for place in range(width + 1)]
        values = [sum(values[start:end]) for start, end in itertools.pairwise(edges)]
    highest = max(values, default=0)
    return "".join(
        NOTHING if value <= 0 else LEVELS[max(0, min(len(LEVELS) - 1, int(value / highest * len(LEVELS) - 1e-9)))]
        for value in values
    )


def bar(share: float, width: int) -> str:
    """A bar of `share` (0..1) of `width` characters, in eighths of a character."""
    eighths = round(max(0.0, min(1.0, share)) * width * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (BLOCKS[rest] if rest else "")).ljust(width)


def plot(
    xs: Sequence[float],
    curves: Sequence[tuple[str, Sequence[float | None]]],
    *,
    width: int = 72,
    height: int = 21,
    unit: str = "$",
) -> list[str]:
    """Curves on logarithmic axes, one line of text per row: `curves` are pairs of a mark (one character) and the values
    at `xs`; None and values below 1 are omitted. Intersections are shown as +.

    Both axes are labelled at powers of ten, the y axis with `unit`.
    """
    values = [value for _, row in curves for value in row if value and value >= 1]
    if not values or len(xs) < 2:
        return []
    bottom, top = floor(log10(min(values))), max(floor(log10(max(values)) - 1e-9) + 1, floor(log10(min(values))) + 1)
    margin = len(unit) + max(len(_power(power)) for power in range(bottom, top + 1)) + 1
    columns = max(10, width - margin - 2)
    grid = [[" "] * columns for _ in range(height)]
    left, right = log10(xs[0]), log10(xs[-1])
    for mark, row in curves:
        for x, value in zip(xs, row, strict=True):
            if value and value >= 1:
                column = round((log10(x) - left) / (right - left) * (columns - 1))
                line = round((top - log10(value)) / (top - bottom) * (height - 1))
                grid[line][column] = mark if grid[line][column] in (" ", mark) else MEETING
    labels = {
        round((top - power) / (top - bottom) * (height - 1)): f"{unit}{_power(power)}"
        for power in range(bottom, top + 1)
    }
    lines = [
        f"{labels.get(number, ''):>{margin}} {'┤' if number in labels else '│'}{''.join(row).rstrip()}"
        for number, row in enumerate(grid)
    ]
    return [*lines, *_foot(xs, margin, columns)]


def _foot(xs: Sequence[float], margin: int, columns: int) -> list[str]:
    left, right = log10(xs[0]), log10(xs[-1])
    axis, names = ["─"] * columns, [" "] * (columns + 8)
    for power in range(floor(left), floor(right) + 1):
        if power >= left:
            column = round((power - left) / (right - left) * (columns - 1))
            axis[column] = "┬"
            name = _power(power)
            start = max(0, column - len(name) // 2)
            names[start : start + len(name)] = name
    return [f"{'':>{margin}} └{''.join(axis)}", f"{'':>{margin}}  {''.join(names).rstrip()}"]


def _power(power: int) -> str:
    """A power of ten in short form: 0.01, 100, 10k, 1M."""
    if power < 0:
        return f"{10.0**power:.{-power}f}"
    for step, letter in ((9, "G"), (6, "M"), (3, "k")):
        if power >= step:
            return f"{10 ** (power - step)}{letter}"
    return str(10**power)
