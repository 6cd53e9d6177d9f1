"""The conformance suite over the backend it names."""

from backends import ParquetBackend


class TestParquet(ParquetBackend):
    """Every case."""
