"""The built-in backends under the suite: how each is opened, how its faults are caused, and cases it cannot pass."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import duckdb
import pytest
from copied import Copied, held_by_a_copy

from memctl.backends.contract import Backend
from memctl.backends.files import adapter as files
from memctl.backends.files import open_file
from memctl.backends.testing import Suite
from memctl.backends.testing.faults import truncated
from memctl.core.errors import MemctlError
from memctl.workspace import Workspace


class LocalBackend(Copied, Suite):
    """The store in a DuckDB file."""

    title = "local"
    adapter = Workspace
    one_owner = True
    refusal = MemctlError

    @classmethod
    def places(cls, folder: Path) -> Iterator[Path]:
        path = folder / "store.duckdb"
        Workspace(path).write([])
        yield path

    def open(self, place: Path) -> Workspace:
        return Workspace(place)

    def in_pages_of(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("memctl.store.local_store.PAGE_SIZE", size)

    @contextlib.contextmanager
    def without_access(self, place: Path) -> Iterator[Callable[[], Backend]]:
        # File permissions do not apply to root; instead, a file of another program must not be written to.
        away = place.with_suffix(".away")
        place.rename(away)
        place.write_text("somebody's shopping list\n", encoding="utf-8")
        yield lambda: Workspace(place)
        assert place.read_text(encoding="utf-8") == "somebody's shopping list\n"
        away.replace(place)

    @contextlib.contextmanager
    def busy(self, place: Path) -> Iterator[Callable[[], Backend]]:
        with held_by_a_copy(lambda: duckdb.connect(place)):
            yield lambda: Workspace(place, lock_timeout=0.1)

    @contextlib.contextmanager
    def broken_off(self, place: Path, reading: Workspace) -> Iterator[None]:
        reading.database.lock_timeout = 0.1
        with held_by_a_copy(lambda: duckdb.connect(place)):
            yield

    @contextlib.contextmanager
    def cut_short(self, place: Path) -> Iterator[None]:
        with truncated(place, 0.5):
            yield


def _written(place: Path) -> Backend:
    """The file opened for writing, with an empty write done."""
    adapter = open_file(place, "w")
    adapter.write([])
    return adapter


class FileBackend(Copied, Suite):
    """The common base of the three kinds of files."""

    adapter = files.FileBackend
    slows = True
    ending: ClassVar[str]
    never: ClassVar[dict[str, str]] = {
        "test_search[by-meaning-without-a-shared-word]": "a file is searched by words only",
    }
    refusal = MemctlError

    @classmethod
    def places(cls, folder: Path) -> Iterator[Path]:
        path = folder / f"facts.{cls.ending}"
        adapter = open_file(path, "w")
        adapter.write([])
        adapter.close()
        yield path

    def open(self, place: Path) -> Backend:
        return open_file(place, "w")

    def in_pages_of(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("memctl.backends.files.adapter.PAGE_SIZE", size)

    @contextlib.contextmanager
    def without_access(self, place: Path) -> Iterator[Callable[[], Backend]]:
        place.chmod(0o444)
        yield lambda: open_file(place, "w")
        place.chmod(0o644)

    @contextlib.contextmanager
    def busy(self, place: Path) -> Iterator[Callable[[], Backend]]:
        with held_by_a_copy(lambda: _written(place)):
            yield lambda: open_file(place, "w", lock_timeout=0.1)

    @contextlib.contextmanager
    def broken_off(self, place: Path, reading: Backend) -> Iterator[None]:
        with truncated(place, 0.3):
            yield

    @contextlib.contextmanager
    def cut_short(self, place: Path) -> Iterator[None]:
        with truncated(place, 0.7):
            yield


class JsonlBackend(FileBackend):
    """Canonical JSONL."""

    title = "JSONL"
    ending = "jsonl"


class ParquetBackend(FileBackend):
    """Parquet."""

    title = "Parquet"
    same_storage = True
    ending = "parquet"


class CsvBackend(FileBackend):
    """CSV."""

    title = "CSV"
    same_storage = True
    ending = "csv"
