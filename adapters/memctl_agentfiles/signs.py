"""Recognise the system of a folder by files that only that system has, to refuse a wrong name."""

from __future__ import annotations

from pathlib import Path

from memctl.core.errors import UsageError

_SIGNS = {
    "letta-memfs": (".memfs.config.json", "memctl/owner.json"),
    "codex": ("memory_summary.md", "rollout_summaries", "raw_memories.md", "extensions/ad_hoc"),
    "openclaw": ("SOUL.md", "DREAMS.md", "HEARTBEAT.md"),
    "notes": (".obsidian",),
    "hermes": ("MEMORY.md.lock", "USER.md.lock"),
    "gemini": ("tmp", "GEMINI.md"),
}
_BOTH = frozenset({"gemini"})
"""Systems, each recognised if all of these files exist."""


def refuse_other(name: str, folder: Path) -> None:
    """Raise UsageError if the folder is one of another system."""
    for other, signs in _SIGNS.items():
        existing = [sign for sign in signs if (folder / sign).exists()]
        if other != name and (len(existing) == len(signs) if other in _BOTH else existing):
            raise UsageError(
                f"this is a folder of {other}: it has {existing[0]}",
                where=str(folder),
                hint=f"use {other}:{folder}, or pass the folder of {name} in it",
            )
