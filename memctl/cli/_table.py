"""The lines of a table: as wide as its cells, or laid out within the columns of a terminal.

Rich lays a table out the same way, but takes half a second for 1,000 rows.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

LONGEST_PAD = 60
"""Into a pipe, cells are padded to the widest cell of their column up to this width."""

Rows = Sequence[Sequence[str]]


def columns_of(text: str) -> int:
    """The number of terminal columns that a text takes."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def unwrapped(rows: Rows, right: Collection[int]) -> list[str]:
    """One line per row, in which a long cell moves only the cells of its own row.

    `right` are the places of the columns that are aligned to the right.
    """
    sizes = [list(map(columns_of, column)) for column in zip(*rows, strict=True)]
    widths = [max((size for size in column if size <= LONGEST_PAD), default=0) for column in sizes]
    padded = [
        [_padded(cell, size, width, place in right) for cell, size in zip(column, column_sizes, strict=True)]
        for place, (column, column_sizes, width) in enumerate(zip(zip(*rows, strict=True), sizes, widths, strict=True))
    ]
    return ["  ".join(cells).rstrip() for cells in zip(*padded, strict=True)]


def fitted(
    rows: Rows, total: int, *, right: Collection[int], wrapped: Collection[int], least: Mapping[int, int]
) -> list[list[str]]:
    """The lines of each row, none wider than `total` columns, with all of its text.

    Cells of the columns in `wrapped` are wrapped where the widths of all cells together exceed `total`, down to the
    width in `least`. If that is not enough, they are below the other cells of their row.
    """
    last = len(rows[0]) - 1
    gaps = [int(place < last) for place in range(last + 1)]
    widest = [max(map(columns_of, column)) for column in zip(*rows, strict=True)]
    floors = [least.get(place, 0) for place in range(last + 1)]
    natural = [
        max(min(wide + gap, total), floor + gap if floor else 0)
        for wide, gap, floor in zip(widest, gaps, floors, strict=True)
    ]
    widths = [width or 1 for width in natural]
    movable = set(wrapped)  # the columns that can become narrower
    while sum(widths) > total and movable:
        widths = [
            max(min(wide + gap, width), floor + gap if floor else 0)
            for wide, gap, floor, width in zip(widest, gaps, floors, _wrapped_less(widths, movable, total), strict=True)
        ]
        movable = {place for place in movable if widths[place] > floors[place] + gaps[place]}
    inner = [max(width - gap, 0) for width, gap in zip(widths, gaps, strict=True)]
    cut = any(
        width < (min(wide, 1) if place in wrapped else wide)
        for place, (wide, width) in enumerate(zip(widest, inner, strict=True))
    )
    if sum(widths) > total or cut:
        return _stacked(rows, total, right, wrapped)
    lines = []
    for row in rows:
        cells = [
            wrap(cell, width) if place in wrapped else [cell]
            for place, (cell, width) in enumerate(zip(row, inner, strict=True))
        ]
        lines.append(
            [
                " ".join(
                    _padded(part, columns_of(part), width, place in right)
                    for place, (part, width) in enumerate(zip(parts, inner, strict=True))
                ).rstrip()
                for number in range(max(map(len, cells)))
                for parts in [[cell[number] if number < len(cell) else "" for cell in cells]]
            ]
        )
    return lines


def _stacked(rows: Rows, total: int, right: Collection[int], wrapped: Collection[int]) -> list[list[str]]:
    """The lines of each row: one with its short cells, and below it the cells of the columns in `wrapped`, indented."""
    short = [[cell for place, cell in enumerate(row) if place not in wrapped] for row in rows]
    places = [place for place in range(len(rows[0])) if place not in wrapped]
    heads = unwrapped(short, {number for number, place in enumerate(places) if place in right})
    below = [[cell for place, cell in enumerate(row) if place in wrapped and cell] for row in rows]
    return [
        [*wrap(head, total), *(f"  {line}" for cell in cells for line in wrap(cell, max(total - 2, 1)))]
        for head, cells in zip(heads, below, strict=True)
    ]


def _padded(cell: str, size: int, width: int, right: bool) -> str:
    pad = " " * (width - size)
    return pad + cell if right else cell + pad


def _wrapped_less(widths: list[int], wrapped: Collection[int], total: int) -> list[int]:
    """The widths after the wrapped columns, the widest first, gave what the others need."""
    while (excess := sum(widths) - total) > 0 and wrapped:
        most = max(widths[place] for place in wrapped)
        second = max((widths[place] for place in wrapped if widths[place] != most), default=0)
        if most == second or not most:
            break
        widest = [place for place in wrapped if widths[place] == most]
        widths = _reduced(widths, excess, {place: min(excess, most - second) for place in widest})
    return widths


def _reduced(widths: list[int], excess: int, most: Mapping[int, int]) -> list[int]:
    """The widths without `excess`, taken in equal parts from the columns in `most`, from none more than it says."""
    places = [place for place in sorted(most) if most[place]]
    reduced = list(widths)
    for left, place in zip(range(len(places), 0, -1), places, strict=True):
        share = min(most[place], round(excess / left))
        reduced[place] -= share
        excess -= share
    return reduced


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` columns, broken between words, and inside words that are longer."""
    if columns_of(text) <= width:
        return [text]
    if not width:
        return [""]
    lines, line, used = [], "", 0
    for word in text.split(" "):
        size = columns_of(word)
        if line and used + 1 + size <= width:
            line, used = f"{line} {word}", used + 1 + size
            continue
        if line:
            lines.append(line)
        *full, line = _chopped(word, width)
        lines += full
        used = columns_of(line)
    return [*lines, line]


def _chopped(word: str, width: int) -> list[str]:
    if columns_of(word) <= width:
        return [word]
    if word.isascii():
        return [word[start : start + width] for start in range(0, len(word), width)]
    from rich.cells import chop_cells

    return chop_cells(word, width)
