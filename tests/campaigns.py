"""Parameters that only `make torture` runs."""

from typing import Any

import pytest


def campaign(*cases: Any) -> list[Any]:
    """The cases of a parametrized test with the mark `campaign`; a tuple is one case of several values."""
    return [pytest.param(*_values(case), marks=pytest.mark.campaign) for case in cases]


def _values(case: Any) -> tuple[Any, ...]:
    return case if isinstance(case, tuple) else (case,)
