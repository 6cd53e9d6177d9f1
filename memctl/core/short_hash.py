"""A short hash that stands for something without repeating it."""

from __future__ import annotations

import hashlib


def short_hash(*parts: object) -> str:
    """The first 32 hexadecimal digits of the SHA-256 of the parts as texts."""
    return bytes_hash("\0".join(map(str, parts)).encode("utf-8", "surrogateescape"))


def bytes_hash(content: bytes) -> str:
    """The first 32 hexadecimal digits of the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()[:32]
