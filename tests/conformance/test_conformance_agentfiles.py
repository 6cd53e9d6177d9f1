"""The conformance suite over the folders of agents."""

from agentfiles_backend import (
    ClaudeCodeBackend,
    CodexBackend,
    HermesBackend,
    MemoriesBackend,
    NotesBackend,
    OpenClawBackend,
)


class TestClaudeCode(ClaudeCodeBackend):
    """Every case."""


class TestCodex(CodexBackend):
    """Every case."""


class TestHermes(HermesBackend):
    """Every case."""


class TestMemories(MemoriesBackend):
    """Every case."""


class TestNotes(NotesBackend):
    """Every case."""


class TestOpenClaw(OpenClawBackend):
    """Every case."""
