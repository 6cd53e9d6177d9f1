"""Zep under the suite: the real SDK against a loopback emulator of Zep Cloud."""

import contextlib
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
from copied import Copied
from memctl_zep.adapter import ZepAdapter

from memctl.backends.contract import Backend
from memctl.backends.testing import Suite


def emulator() -> ModuleType:
    """The emulator's module, loaded once."""
    return import_module("emulators.zep")


class ZepBackend(Copied, Suite):
    """Zep Cloud."""

    title = "Zep Cloud"
    adapter = ZepAdapter
    one_owner = True
    many = 130
    never: ClassVar[dict[str, str]] = {
        "test_search[by-meaning-without-a-shared-word]": "Zep does the ranking; its emulator has no model",
        "test_an_id_that_another_owner_uses_is_rejected": (
            "each user has a graph, and Zep searches one graph at a time; the owner "
            "keeps the fact, but the id is noticed only in a run that writes to both"
        ),
    }

    @classmethod
    def places(cls, folder: Path) -> Iterator[Any]:
        with emulator().serve() as cloud:
            yield cloud

    def open(self, place: Any) -> ZepAdapter:
        return ZepAdapter(emulator().KEY, url=place.url)

    def in_pages_of(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        defaults: Any = ZepAdapter.__init__.__kwdefaults__
        monkeypatch.setitem(defaults, "page_size", min(size, 100))

    @contextlib.contextmanager
    def without_access(self, place: Any) -> Iterator[Callable[[], Backend]]:
        yield lambda: ZepAdapter("another " + emulator().KEY, url=place.url)

    @contextlib.contextmanager
    def busy(self, place: Any) -> Iterator[Callable[[], Backend]]:
        place.faults.append(emulator().Fault("POST .*/edges$", emulator().too_many(), times=1000))
        yield lambda: self.open(place)
        place.faults.clear()

    @contextlib.contextmanager
    def broken_off(self, place: Any, reading: Backend) -> Iterator[None]:
        place.faults.append(emulator().Fault("POST .*/list$", times=1000))
        yield
        place.faults.clear()

    @contextlib.contextmanager
    def cut_short(self, place: Any) -> Iterator[None]:
        # Empty pages before the last one, at which the SDK's own iteration would stop.
        place.most, place.empty_pages = 10, True
        yield
        place.most, place.empty_pages = 100, False
