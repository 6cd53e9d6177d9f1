"""An emulated Zep Cloud, and a backend that uses it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from emulators import zep as emulator
from memctl_zep.adapter import ZepAdapter


@pytest.fixture
def cloud() -> Iterator[Any]:
    with emulator.serve() as running:
        yield running


@pytest.fixture
def zep(cloud: Any) -> Iterator[Callable[..., ZepAdapter]]:
    """Opens the backend, each time as a new session."""
    opened: list[ZepAdapter] = []

    def opening(**options: Any) -> ZepAdapter:
        opened.append(ZepAdapter(**({"api_key": emulator.KEY, "url": cloud.url} | options)))
        return opened[-1]

    yield opening
    for adapter in opened:
        adapter.close()
