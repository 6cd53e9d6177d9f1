"""The files of the built-in models."""

from pathlib import Path
from typing import Any

from memctl.core.errors import Fatal
from memctl.extract.neural import MODEL
from memctl.runtime.onnx_model import session

HINT = f"reinstall memctl, or see {MODEL}"


def checksum(path: Path) -> str:
    """The SHA-256 that a model's file must have, from the file beside it. Raises Fatal if there is none."""
    try:
        return path.with_name(f"{path.name}.sha256").read_text(encoding="ascii").split()[0]
    except (OSError, ValueError, IndexError) as error:
        raise unreadable(path.parent, error) from error


def opened(path: Path) -> Any:
    """The `InferenceSession` of a model. Raises UsageError without the extra, Fatal if a file is missing or damaged."""
    return session(path, checksum(path), hint=HINT)


def unreadable(folder: Path, error: Exception) -> Fatal:
    """The error of a model that lacks a file."""
    return Fatal(f"cannot read the model: {error}", where=str(folder), hint=HINT)
