"""Tables on a terminal have the layout of rich, and long ones are printed without its delay."""

from __future__ import annotations

import io
import itertools
import random

import pytest
from rich.console import Console
from rich.table import Table

from memctl.cli import _table

COLUMNS = ("id", "kind", "date", "fact", "conf", "")
WORDS = (
    "a",
    "lives",
    "in",
    "Übersee",
    "日本語",
    "peanut-allergies",
    "naïve",
    "😀",
    "👩\u200d👩\u200d👧",
    "Ghent.",
    "Καλημέρα",
)
LONG = "https://example.com/a/very/long/address/of/a/page/that/does/not/fit/in/any/column/of/eighty"


def as_rich(rows: list[list[str]], width: int, least: int | None) -> list[str]:
    grid = Table(box=None, pad_edge=False, collapse_padding=True)
    for name in rows[0]:
        grid.add_column(
            name,
            no_wrap=name not in ("fact", ""),
            overflow="fold",
            justify="right" if name == "conf" else "left",
            min_width=20 if name == "fact" else least if name == "" else None,
        )
    for row in rows[1:]:
        grid.add_row(*row)
    out = io.StringIO()
    Console(width=width, file=out, highlight=False, markup=False, emoji=False).print(grid)
    return [line.rstrip() for line in out.getvalue().splitlines()]


@pytest.mark.parametrize("width", [72, 80, 100, 160, 400])
def test_a_table_has_the_layout_of_rich(width: int) -> None:
    chance = random.Random(width)
    for number in range(60):
        fates = ("", "ended", "superseded by 1a2b3c4d") if number % 3 == 0 else ("",)
        rows = [list(COLUMNS)]
        for _ in range(number % 9):
            text = [chance.choice(WORDS) for _ in range(chance.choice((1, 3, 9, 25)))]
            rows.append(["1a2b3c4d", "preference", "2026-01-01", " ".join(text), "0.90", chance.choice(fates)])
        least = len("superseded by") if any(" by " in row[-1] for row in rows) else None
        floors = {3: 20} | ({5: least} if least else {})
        lines = _table.fitted(rows, width, right={4}, wrapped={3, 5}, least=floors)
        assert list(itertools.chain(*lines)) == as_rich(rows, width, least)


@pytest.mark.parametrize("width", [10, 20, 31, 60, 80])
@pytest.mark.parametrize("text", [LONG, f"see {LONG} 日本語", "日本語" * 60, "x" * 59 + " y", ""])
def test_a_long_word_is_wrapped_completely_within_the_width(text: str, width: int) -> None:
    lines = list(itertools.chain(*_table.fitted([["fact"], [text]], width, right=(), wrapped={0}, least={})))
    assert all(_table.columns_of(line) <= width for line in lines)
    assert "".join(lines[1:]).replace(" ", "") == text.replace(" ", "")


@pytest.mark.parametrize("width", [12, 40, 60])
def test_a_narrow_terminal_shows_every_word_of_a_row(width: int) -> None:
    text = "alice wants the assistant to follow: run the tests with pytest"
    fate = "superseded by 0df6175c"
    rows = [list(COLUMNS), ["571cd92d", "preference", "2025-10-05", text, "0.90", fate]]
    _, lines = _table.fitted(rows, width, right={4}, wrapped={3, 5}, least={3: 20, 5: 13})
    assert all(_table.columns_of(line) <= width for line in lines)
    assert " ".join(lines).split() == ["571cd92d", "preference", "2025-10-05", "0.90", *text.split(), *fate.split()]


def test_a_number_is_aligned_to_the_right_in_a_pipe() -> None:
    rows = [["user", "facts"], ["日本", "1"], ["alice", "1000"]]
    assert _table.unwrapped(rows, {1}) == ["user   facts", "日本       1", "alice   1000"]
