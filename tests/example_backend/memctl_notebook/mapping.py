"""Facts as rows of the notebook, and back.

A backend whose records have fields of their own maps them to those of `Fact` here, and puts the rest into the record's
metadata. A notebook needs no metadata: the column `body` keeps the fact as JSON.
"""

import math

from memctl.core.fact import Fact, decode, encode

Row = tuple[str, str, bytes]


def to_row(fact: Fact) -> Row:
    """The fact's id, its user and its JSON. Raises ValueError if JSON cannot represent it."""
    if fact.embedding is not None and not all(map(math.isfinite, fact.embedding.vector)):
        raise ValueError("the embedding contains a number that is not finite")
    # SQLite compares the bytes of a BLOB, and so keeps users apart that differ only in a NUL or in normalisation.
    return str(fact.id), fact.user_id, encode(fact)


def to_fact(body: bytes) -> Fact:
    """The fact of a row."""
    return decode(body)
