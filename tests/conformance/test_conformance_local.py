"""The conformance suite over the backend it names."""

from backends import LocalBackend


class TestLocal(LocalBackend):
    """Every case."""
