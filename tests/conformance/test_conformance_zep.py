"""The conformance suite over the backend it names."""

from zep_backend import ZepBackend


class TestZep(ZepBackend):
    """Every case."""
