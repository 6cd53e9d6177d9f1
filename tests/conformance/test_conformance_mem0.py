"""The conformance suite over the backend it names."""

from mem0_backend import Mem0Backend


class TestMem0(Mem0Backend):
    """Every case."""
