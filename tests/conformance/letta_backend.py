"""Letta's V1 API under the suite: the real client against the emulator, which has the faults of a real server."""

import contextlib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from copied import Copied
from memctl_letta.adapter import LettaAdapter

from memctl.backends.contract import Backend
from memctl.backends.testing import Suite


def emulator() -> ModuleType:
    """The emulator's module, loaded once."""
    return import_module("emulators.letta")


class LettaBackend(Copied, Suite):
    """Letta."""

    title = "Letta"
    adapter = LettaAdapter
    one_owner = True
    many = 130
    never: ClassVar[dict[str, str]] = {
        "test_an_id_that_another_owner_uses_is_rejected": (
            "Letta cannot look up a passage by memctl's id without reading all agents; both users keep their fact"
        ),
    }

    @classmethod
    def places(cls, folder: Path) -> Iterator[Any]:
        with emulator().serve() as server:
            yield server

    def open(self, place: Any) -> LettaAdapter:
        return LettaAdapter(place.url, api_key=emulator().KEY)

    def in_pages_of(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("memctl_letta.read.PAGE", size)

    @contextlib.contextmanager
    def without_access(self, place: Any) -> Iterator[Callable[[], Backend]]:
        yield lambda: LettaAdapter(place.url, api_key=emulator().KEY[:-1])

    @contextlib.contextmanager
    def busy(self, place: Any) -> Iterator[Callable[[], Backend]]:
        place.fail("POST", 429, times=1000, headers={"retry-after": "1"})
        yield lambda: self.open(place)
        place.faults.clear()

    @contextlib.contextmanager
    def broken_off(self, place: Any, reading: Backend) -> Iterator[None]:
        place.fail("GET", 500, times=1000)
        yield
        place.faults.clear()

    @contextlib.contextmanager
    def cut_short(self, place: Any) -> Iterator[None]:
        # As if another program always deleted the passage after which reading continues.
        place.forgets_cursors = True
        with pytest.MonkeyPatch.context() as patch:
            self.in_pages_of(10, patch)
            yield
        place.forgets_cursors = False
