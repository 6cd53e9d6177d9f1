"""The conformance suite over the backend it names."""

from memfs_backend import MemfsBackend


class TestMemfs(MemfsBackend):
    """Every case."""
