"""Folders of agents under the suite: real files, with a folder for each user."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

from memctl_agentfiles.adapter import FolderAdapter
from memctl_agentfiles.claude_code import ClaudeCodeAdapter
from memctl_agentfiles.codex import CodexAdapter
from memctl_agentfiles.hermes import HermesAdapter
from memctl_agentfiles.memory_tool import MemoryToolAdapter
from memctl_agentfiles.notes import NotesAdapter
from memctl_agentfiles.openclaw import OpenClawAdapter

from memctl.backends.contract import Backend
from memctl.backends.testing import Suite, held_by_another_process, truncated
from memctl.core.errors import UsageError

BY_WORDS = {"test_search[by-meaning-without-a-shared-word]": "files are searched by words only"}


class FolderSuite(Suite):
    """A place is a folder with the memories of several users."""

    slows = True
    adapter: ClassVar[type[FolderAdapter]]
    refusal = UsageError

    @classmethod
    def places(cls, folder: Path) -> Iterator[Path]:
        place = folder / "memories"
        place.mkdir()
        yield place

    def open(self, place: Path) -> FolderAdapter:
        return self.adapter(place / "{user}", lock_timeout=10.0)

    def opening(self, place: Path) -> tuple[str, str]:
        name = self.adapter.__name__
        return f"from {self.adapter.__module__} import {name}", f"{name}({str(place / '{user}')!r})"

    @contextlib.contextmanager
    def without_access(self, place: Path) -> Iterator[Callable[[], Backend]]:
        # File permissions do not apply to root, but a link out of the folder is never followed.
        (folder,) = place.iterdir()
        private, outside = folder / ".memctl", place.with_name("outside")
        private.rename(outside)
        private.symlink_to(outside)
        yield lambda: self.open(place)
        private.unlink()
        outside.rename(private)

    @contextlib.contextmanager
    def busy(self, place: Path) -> Iterator[Callable[[], Backend]]:
        (folder,) = place.iterdir()
        code = f"import fcntl; lock = open({str(folder / '.memctl/lock')!r}, 'wb'); fcntl.flock(lock, fcntl.LOCK_EX)"
        with held_by_another_process(code):
            yield lambda: self.adapter(place / "{user}", lock_timeout=0.1)

    @contextlib.contextmanager
    def broken_off(self, place: Path, reading: Backend) -> Iterator[None]:
        away = place.with_name("away")
        place.rename(away)
        yield
        away.rename(place)

    @contextlib.contextmanager
    def cut_short(self, place: Path) -> Iterator[None]:
        (folder,) = place.iterdir()
        with truncated(folder / ".memctl/facts.jsonl", 0.6):
            yield


class ClaudeCodeBackend(FolderSuite):
    """Topic files and an index."""

    title = "claude-code"
    same_codec = True
    adapter = ClaudeCodeAdapter
    never: ClassVar[dict[str, str]] = BY_WORDS | {
        "test_text[32-KB]": "Claude Code shows 4,096 bytes of a topic",
        "test_text[32-KB-without-a-space]": "Claude Code shows 4,096 bytes of a topic",
        "test_a_large_batch_is_written_completely": "Claude Code lists 200 topics",
    }


class HermesBackend(FolderSuite):
    """Entries of two small files."""

    title = "hermes"
    same_codec = True
    adapter = HermesAdapter
    never: ClassVar[dict[str, str]] = BY_WORDS | {
        "test_text[32-KB]": "Hermes takes 2,200 characters in all",
        "test_text[32-KB-without-a-space]": "Hermes takes 2,200 characters in all",
        "test_a_large_batch_is_written_completely": "Hermes takes 2,200 characters in all",
    }


class MemoriesBackend(FolderSuite):
    """Files of Anthropic's memory tool."""

    title = "memories"
    same_codec = True
    adapter = MemoryToolAdapter
    never: ClassVar[dict[str, str]] = BY_WORDS


class OpenClawBackend(FolderSuite):
    """Bullets of a workspace."""

    title = "openclaw"
    same_codec = True
    adapter = OpenClawAdapter
    never: ClassVar[dict[str, str]] = BY_WORDS


class CodexBackend(FolderSuite):
    """Ad-hoc notes."""

    title = "codex"
    same_codec = True
    adapter = CodexAdapter
    never: ClassVar[dict[str, str]] = BY_WORDS


class NotesBackend(FolderSuite):
    """Observations of a note."""

    title = "notes"
    adapter = NotesAdapter
    never: ClassVar[dict[str, str]] = BY_WORDS
