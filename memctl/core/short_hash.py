"""A short hash that stands for something without repeating it."""

from __future__ import annotations

import hashlib


def short_hash(*parts: object) -> str:
    """The first 32 hexadecimal digits of the SHA-256 of the parts as texts."""
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "surrogateescape")).hexdigest()[:32]
