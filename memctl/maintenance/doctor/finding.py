"""The result of a check."""

from __future__ import annotations

from typing import Literal

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What was checked, the verdict, and what to do about it."""

    check: str
    verdict: Literal["ok", "warn", "fail"]
    detail: str
    remedy: str | None = None
