"""The conformance suite over the backend it names."""

from core_backends import CsvBackend


class TestCsv(CsvBackend):
    """Every case."""
