"""The conformance suite: what every backend must do, for adapters inside and outside memctl. Needs pytest.

Subclass `Suite` in a test module, set `adapter`, and implement the hooks that raise NotImplementedError: how to open
the backend, and how its faults happen. Cases that the backend can never pass are declared in `never`:

    from memctl.backends.testing import Suite

    class TestNotebook(Suite):
        adapter = NotebookBackend
        never = {"test_an_incomplete_list_is_reported": "SQLite returns all rows or an error"}

        @classmethod
        def places(cls, folder):
            yield folder / "notebook.db"

        def open(self, place):
            return NotebookBackend(place)
"""

import pytest

_MODULES = ("base", "deleting", "faults", "fields", "identity", "paging", "searching", "texts", "trips", "writing")
# Before their import, so that a failed assertion shows its values.
pytest.register_assert_rewrite(*(f"{__name__}.{module}" for module in _MODULES))

from memctl.backends.testing.base import Harness, fact, numbered  # noqa: E402
from memctl.backends.testing.deleting import Delete  # noqa: E402
from memctl.backends.testing.faults import Faults, held_by_another_process, truncated  # noqa: E402
from memctl.backends.testing.fields import Fields, Metadata, Times  # noqa: E402
from memctl.backends.testing.identity import Identity  # noqa: E402
from memctl.backends.testing.paging import Paging  # noqa: E402
from memctl.backends.testing.searching import Search  # noqa: E402
from memctl.backends.testing.texts import Text  # noqa: E402
from memctl.backends.testing.writing import Write  # noqa: E402

__all__ = ["Harness", "Suite", "fact", "held_by_another_process", "numbered", "truncated"]


class Suite(Write, Fields, Times, Metadata, Text, Identity, Paging, Search, Delete, Faults):
    """All cases."""
