"""The conformance suite over the backend it names."""

from letta_backend import LettaBackend


class TestLetta(LettaBackend):
    """Every case."""
