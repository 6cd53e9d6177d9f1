"""The conformance suite over the folders of agents."""

from agentfiles_backend import ClaudeCodeBackend


class TestClaudeCode(ClaudeCodeBackend):
    """Every case."""
