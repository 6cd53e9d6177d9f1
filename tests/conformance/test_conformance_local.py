"""The conformance suite over the backend it names."""

from core_backends import LocalBackend


class TestLocal(LocalBackend):
    """Every case."""
