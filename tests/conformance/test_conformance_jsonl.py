"""The conformance suite over the backend it names."""

from core_backends import JsonlBackend


class TestJsonl(JsonlBackend):
    """Every case."""
