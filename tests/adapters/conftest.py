"""Markers of the adapters' tests."""

import pytest


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "letta_live: runs against the Letta server at LETTA_BASE_URL, too")
