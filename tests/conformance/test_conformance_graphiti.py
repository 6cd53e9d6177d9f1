"""The conformance suite over the backend it names."""

from graphiti_backend import GraphitiBackend


class TestGraphiti(GraphitiBackend):
    """Every case."""
