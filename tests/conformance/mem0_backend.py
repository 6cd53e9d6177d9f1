"""mem0's platform under the suite: mem0's own client against a loopback emulator."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import msgspec
from copied import Copied
from memctl_mem0.platform.adapter import Mem0Adapter

from memctl.backends.contract import Backend
from memctl.backends.testing import Suite
from memctl.core.fact import Fact


def emulator() -> ModuleType:
    """The emulator's module, loaded once."""
    return import_module("emulators.mem0_platform")


def _bare(fact: Fact) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(fact, embedding=None), order="sorted")


class Mem0Backend(Copied, Suite):
    """mem0's platform."""

    title = "mem0"
    adapter = Mem0Adapter
    many = 210
    never: ClassVar[dict[str, str]] = {
        "test_the_same_text_with_two_ids_is_two_facts": (
            "mem0 stores a text once per user, agent, app and run; the second fact is rejected with this reason"
        ),
    }

    @classmethod
    def places(cls, folder: Path) -> Iterator[Any]:
        with emulator().serve() as platform:
            yield platform

    def open(self, place: Any) -> Mem0Adapter:
        return Mem0Adapter(place.key, url=place.url)

    def same(self, place: Any, found: Sequence[Fact], expected: Sequence[Fact]) -> None:
        """Fields in mem0's metadata are restored exactly, so everything but the vector must be equal."""
        super().same(place, found, expected)
        assert sorted(map(_bare, found)) == sorted(map(_bare, expected))

    @contextlib.contextmanager
    def without_access(self, place: Any) -> Iterator[Callable[[], Backend]]:
        yield lambda: Mem0Adapter("m0-" + "of-somebody-else", url=place.url)

    @contextlib.contextmanager
    def busy(self, place: Any) -> Iterator[Callable[[], Backend]]:
        fault = emulator().Fault("POST .*/add/", 429, {"retry-after": "1"}, times=1_000)
        place.faults.append(fault)
        yield lambda: self.open(place)
        place.faults.remove(fault)

    @contextlib.contextmanager
    def broken_off(self, place: Any, reading: Backend) -> Iterator[None]:
        place.gone = True
        yield
        place.gone = False

    @contextlib.contextmanager
    def cut_short(self, place: Any) -> Iterator[None]:
        place.most_listed = 20
        yield
        place.most_listed = None
