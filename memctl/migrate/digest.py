"""A hash of many facts that does not depend on their order."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

import msgspec

_MODULUS = 1 << 256


class Digest(msgspec.Struct):
    """A multiset of facts by ids and fingerprints: their `number`, and the `total` of a hash of each.

    (Additive multiset hash: D. Clarke et al., "Incremental Multiset Hash Functions", ASIACRYPT 2003.)
    """

    number: int = 0
    total: int = 0

    def add(self, facts: Iterable[tuple[UUID, bytes]]) -> None:
        """Add facts, each as its id and its fingerprint."""
        numbers = [int.from_bytes(sha256(id_.bytes + mark).digest(), "big") for id_, mark in facts]
        self.number += len(numbers)
        self.total = (self.total + sum(numbers)) % _MODULUS


def together(digests: Iterable[Digest]) -> Digest:
    """The digest of the facts of all of these."""
    whole = Digest()
    for digest in digests:
        whole.number += digest.number
        whole.total = (whole.total + digest.total) % _MODULUS
    return whole
