"""The conformance suite over the backends it names."""

from mem0_oss_backend import PgvectorBackend, QdrantBackend


class TestMem0OnQdrant(QdrantBackend):
    """Every case."""


class TestMem0OnPgvector(PgvectorBackend):
    """Every case."""
