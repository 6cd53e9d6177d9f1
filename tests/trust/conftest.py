"""Shared fixtures of the tests of trust."""

import pytest
from emulators import openai_chat


@pytest.fixture
def model(store, monkeypatch):
    """A loopback chat server, set as the model in the settings."""
    with openai_chat.serve() as running:
        monkeypatch.setenv("MEMCTL_LLM_MODEL", openai_chat.MODEL)
        monkeypatch.setenv("MEMCTL_LLM_BASE_URL", running.url)
        yield running
