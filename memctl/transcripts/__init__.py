"""Transcripts: files in, `Session`s of `Turn`s out.

`discover` finds documents, `detect` names a document's format by its content, `read` streams its sessions.
This floor knows nothing of facts, stores or the command line.
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
