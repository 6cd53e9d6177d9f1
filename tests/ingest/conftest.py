from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def chat_emulator() -> Any:
    """The module of the loopback chat server."""
    return import_module("emulators.openai_chat")


@pytest.fixture
def model(chat_emulator: Any, store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A running loopback chat server, set as the model in the settings."""
    with chat_emulator.serve() as running:
        monkeypatch.setenv("MEMCTL_LLM_MODEL", chat_emulator.MODEL)
        monkeypatch.setenv("MEMCTL_LLM_BASE_URL", running.url)
        yield running
