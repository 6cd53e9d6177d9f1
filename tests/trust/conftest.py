"""Shared fixtures of the tests of trust."""

import shutil

import pytest
from emulators import openai_chat


@pytest.fixture
def model(store, monkeypatch):
    """A loopback chat server, set as the model in the settings."""
    with openai_chat.serve() as running:
        monkeypatch.setenv("MEMCTL_LLM_MODEL", openai_chat.MODEL)
        monkeypatch.setenv("MEMCTL_LLM_BASE_URL", running.url)
        yield running


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("shared")


@pytest.fixture
def emptied_folder(shared_folder):
    """The same folder in every test, for what `once` keeps with absolute paths: stores contain those of transcripts."""
    shutil.rmtree(shared_folder / "home", ignore_errors=True)
    return shared_folder
