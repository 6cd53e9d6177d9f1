"""The conformance suite over the backend it names."""

from mem0_server_backend import ServerBackend


class TestMem0Server(ServerBackend):
    """Every case."""
