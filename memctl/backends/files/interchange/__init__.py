"""Formats in which programs exchange memories: Open Knowledge Format, COGX, PAM, MIF, .mem, server-memory, and text.

They are read as files of facts, recognised by content, and written by `memctl export --format`. Fields that a format
does not have are put into its free metadata, from where `memctl import` restores them. Missing values are never
invented.
"""

from __future__ import annotations

from pathlib import Path

from memctl.backends.files.interchange.cogx import Cogx
from memctl.backends.files.interchange.format import Format
from memctl.backends.files.interchange.mem import PortableMemory
from memctl.backends.files.interchange.mif import Mif
from memctl.backends.files.interchange.okf import Okf
from memctl.backends.files.interchange.pam import Pam
from memctl.backends.files.interchange.paste import Paste
from memctl.backends.files.interchange.server_memory import ServerMemory

__all__ = ["FORMATS", "WRITTEN", "Format", "recognise"]

FORMATS: tuple[Format, ...] = (Pam(), Mif(), Cogx(), PortableMemory(), Okf(), ServerMemory(), Paste())
"""All formats, in the order in which they are tried: the most specific ones first."""
WRITTEN: dict[str, Format] = {form.key: form for form in FORMATS if form.writes}
"""The formats that can be written, by the name that users type."""


def recognise(path: Path, head: bytes) -> Format | None:
    """The format of a file or folder, None if unknown; `head` is the beginning of a file, empty for a folder."""
    return next((form for form in FORMATS if form.recognises(path, head)), None)
