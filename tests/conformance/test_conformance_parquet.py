"""The conformance suite over the backend it names."""

from core_backends import ParquetBackend


class TestParquet(ParquetBackend):
    """Every case."""
