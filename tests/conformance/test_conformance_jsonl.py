"""The conformance suite over the backend it names."""

from backends import JsonlBackend


class TestJsonl(JsonlBackend):
    """Every case."""
