"""Parameters that only `make torture` tries."""

from collections.abc import Sequence
from typing import Any

import pytest


def campaign(*values: Any) -> list[Any]:
    """Values of one parameter, with the mark `campaign`."""
    return [pytest.param(value, marks=pytest.mark.campaign) for value in values]


def campaign_cases(*cases: Sequence[Any]) -> list[Any]:
    """Values of several parameters, with the mark `campaign`."""
    return [pytest.param(*case, marks=pytest.mark.campaign) for case in cases]
