"""Transcripts: files in, `Session`s of `Turn`s out.

`discover` finds documents, `detect` names their format, `read` streams their sessions. Knows nothing of facts or
stores.
"""

from memctl.transcripts.detect import FORMATS, detect, read
from memctl.transcripts.discovery import Document, Skipped, discover
from memctl.transcripts.model import ReadOptions, Session, Turn
from memctl.transcripts.peek import Head

__all__ = [
    "FORMATS",
    "Document",
    "Head",
    "ReadOptions",
    "Session",
    "Skipped",
    "Turn",
    "detect",
    "discover",
    "read",
]
