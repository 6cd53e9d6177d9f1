"""The conformance suite over the backend it names."""

from backends import CsvBackend


class TestCsv(CsvBackend):
    """Every case."""
