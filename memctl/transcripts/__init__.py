"""Transcripts: files in, `Session`s of `Turn`s out.

`discover` finds documents, `detect.detect` names their format, `read` streams their sessions. Knows nothing of facts or
stores.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from memctl.transcripts.detect import FORMATS, read
    from memctl.transcripts.files.discovery import Document, Skipped, discover
    from memctl.transcripts.files.peek import Head
    from memctl.transcripts.model import ReadOptions, Session, Turn

__all__ = [
    "FORMATS",
    "Document",
    "Head",
    "ReadOptions",
    "Session",
    "Skipped",
    "Turn",
    "discover",
    "read",
]

_MODULES = {
    "detect": ("FORMATS", "read"),
    "files.discovery": ("Document", "Skipped", "discover"),
    "model": ("ReadOptions", "Session", "Turn"),
    "files.peek": ("Head",),
}


def __getattr__(name: str) -> Any:
    """The readers are imported when they are asked for: who needs a `Turn` starts without them."""
    for module, names in _MODULES.items():
        if name in names:
            return getattr(import_module(f"{__name__}.{module}"), name)
    raise AttributeError(name)
