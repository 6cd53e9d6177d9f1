"""What several tests of trust begin with."""

import pytest
from emulators import openai_chat


@pytest.fixture
def model(store, monkeypatch):
    """A loopback chat server that the settings name as the model."""
    with openai_chat.serve() as running:
        monkeypatch.setenv("MEMCTL_LLM_MODEL", openai_chat.MODEL)
        monkeypatch.setenv("MEMCTL_LLM_BASE_URL", running.url)
        yield running
