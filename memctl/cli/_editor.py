"""Editing a text in the user's own editor."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from memctl.core.errors import UsageError


def edit(text: str) -> str:
    """The text as the user saved it in $VISUAL or $EDITOR (vi if neither is set).

    Raises UsageError without a terminal, or when the editor cannot be started or fails.
    """
    if not sys.stdin.isatty():
        raise UsageError("an editor needs a terminal", hint="give the new text with --text")
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "fact.txt"
        path.write_text(f"{text}\n", encoding="utf-8")
        try:
            subprocess.run([*shlex.split(command), str(path)], check=True)  # noqa: S603 - the user's own editor
        except (OSError, subprocess.CalledProcessError) as error:
            raise UsageError(f"the editor {command!r} failed: {error}", hint="set EDITOR, or use --text") from None
        return path.read_text(encoding="utf-8")
