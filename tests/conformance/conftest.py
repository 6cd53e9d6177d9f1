"""Marks the cases a backend declares it can never meet, so that the suite tells when it can."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("suite", "core_backends", "postgres_backend")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "never(reason): a case this backend cannot meet; it fails once it is met")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if isinstance(item, pytest.Function) and item.cls is not None:
            never: dict[str, str] = getattr(item.cls, "never", {})
            reason = never.get(item.name) or never.get(item.originalname)
            if reason:
                item.add_marker(pytest.mark.never(reason))
                # Strict: a case that starts to pass is a failure until its declaration goes.
                item.add_marker(pytest.mark.xfail(reason=f"never: {reason}", strict=True))
