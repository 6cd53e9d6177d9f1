from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest


@pytest.fixture(scope="session")
def emulator() -> Any:
    """The module of the loopback embedding server."""
    return import_module("emulators.openai_embeddings")


@pytest.fixture
def server(emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A running loopback embedding server, without the developer's own key and address in the environment."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MEMCTL_EMBED_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with emulator.serve() as running:
        yield running
