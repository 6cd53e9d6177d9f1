"""Makes the backends of this folder importable by name, and marks what one of them only repeats of another."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
pytest.register_assert_rewrite("core_backends", "postgres_backend")

OF_A_PLACE = ("text[", "owner")
"""The round trips that depend on where facts are stored, not only on how their fields are written and read."""


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mark the cases in which a backend only repeats another one, which is in the suite too.

    `same_codec`: the other one writes and reads fields in the same way. `same_storage`: it finds, changes and deletes
    facts in the same way.
    """
    for item in items:
        repeats = getattr(item, "cls", None)
        if (getattr(repeats, "same_codec", False) and _of_the_codec(item)) or (
            getattr(repeats, "same_storage", False) and _of_the_storage(item)
        ):
            item.add_marker(pytest.mark.campaign)


def _trip(item: pytest.Function) -> str | None:
    """The name of the round trip that a case is about, if any."""
    return getattr(getattr(item, "callspec", None), "params", {}).get("trip")


def _of_the_codec(item: pytest.Function) -> bool:
    trip = _trip(item)
    if trip is not None:
        return not trip.startswith(OF_A_PLACE)
    return item.originalname in ("test_writing_again", "test_a_large_batch_is_written_completely")


def _of_the_storage(item: pytest.Function) -> bool:
    return _trip(item) is None and item.function.__qualname__.startswith(("Delete.", "Identity.", "Search."))
