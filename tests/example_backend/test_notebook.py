"""The conformance suite over the notebook."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

from memctl_notebook.adapter import NotebookBackend

from memctl.backends.contract import Backend
from memctl.backends.testing import Suite, held_by_another_process, truncated
from memctl.core.errors import MemctlError


class TestNotebook(Suite):
    """Every case."""

    adapter = NotebookBackend
    refusal = MemctlError
    never: ClassVar[dict[str, str]] = {
        "test_search[by-meaning-without-a-shared-word]": "a notebook is searched by words alone",
    }

    @classmethod
    def places(cls, folder: Path) -> Iterator[Path]:
        yield folder / "notebook.db"

    def open(self, place: Path) -> NotebookBackend:
        return NotebookBackend(place)

    def opening(self, place: Path) -> tuple[str, str]:
        return "from memctl_notebook.adapter import NotebookBackend", f"NotebookBackend({str(place)!r})"

    @contextlib.contextmanager
    def without_access(self, place: Path) -> Iterator[Callable[[], Backend]]:
        foreign = place.with_suffix(".txt")
        foreign.write_text("a shopping list that is not a database\n" * 99, encoding="utf-8")
        yield lambda: NotebookBackend(foreign)

    @contextlib.contextmanager
    def busy(self, place: Path) -> Iterator[Callable[[], Backend]]:
        code = f"import sqlite3; other = sqlite3.connect({str(place)!r}); other.execute('BEGIN EXCLUSIVE')"
        with held_by_another_process(code):
            yield lambda: NotebookBackend(place, timeout=0.1)

    @contextlib.contextmanager
    def broken_off(self, place: Path, reading: Backend) -> Iterator[None]:
        with truncated(place, 0.3):
            yield

    @contextlib.contextmanager
    def cut_short(self, place: Path) -> Iterator[None]:
        with truncated(place, 0.7):
            yield
