import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

EMULATOR = Path(__file__).parents[1] / "emulators" / "openai_chat.py"


@pytest.fixture(scope="session")
def chat_emulator() -> Any:
    """The module of the loopback chat server."""
    spec = importlib.util.spec_from_file_location("openai_chat_emulator", EMULATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def model(chat_emulator: Any, store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A running loopback chat server that the settings name as the model."""
    with chat_emulator.serve() as running:
        monkeypatch.setenv("MEMCTL_LLM_MODEL", chat_emulator.MODEL)
        monkeypatch.setenv("MEMCTL_LLM_BASE_URL", running.url)
        yield running
