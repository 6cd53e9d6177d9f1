import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

EMULATOR = Path(__file__).parents[1] / "emulators" / "openai_embeddings.py"


@pytest.fixture(scope="session")
def emulator() -> Any:
    """The module of the loopback embedding server."""
    spec = importlib.util.spec_from_file_location("openai_embeddings_emulator", EMULATOR)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def server(emulator: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A running loopback embedding server, with no key or address of the developer's own in the
    environment."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MEMCTL_EMBED_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with emulator.serve() as running:
        yield running
