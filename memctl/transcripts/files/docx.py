"""The text of Word documents, in which meeting services save transcripts: one line per paragraph.

Only `word/document.xml` is read, within limits, by a parser that refuses document type declarations, so that nothing is
expanded or fetched.
"""

import io
import re
import zipfile
import zlib
from typing import IO
from xml.parsers import expat

from memctl.core.errors import BadTranscript

LARGEST = 64 * 2**20
"""Bytes of a document and of its text: an hour of speech has less than 100 KB."""
_MAIN = "word/document.xml"
_CHUNK = 1 << 16
_BREAKS = {"p": "\n", "br": "\n", "cr": "\n", "tab": "\t"}
_CLOCK = re.compile(rb"\d:\d\d?[:\s]")


def is_docx(name: str, head: bytes) -> bool:
    """Whether the file `name`, which begins with `head`, is a Word document."""
    return name.lower().endswith(".docx") and head.startswith(b"PK\x03\x04")


def decoded(stream: IO[bytes], where: str) -> io.BufferedReader:
    """The text of a document as UTF-8. Raises BadTranscript if it is damaged or too large."""
    with stream:
        packed = stream.read(LARGEST + 1)
    if len(packed) > LARGEST:
        raise _bad(where, f"the document has more than {LARGEST // 2**20} MB")
    text = _Text()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = text.start
    parser.EndElementHandler = text.end
    parser.CharacterDataHandler = text.characters
    parser.StartDoctypeDeclHandler = _refuse
    size = 0
    try:
        with zipfile.ZipFile(io.BytesIO(packed)) as archive, archive.open(_MAIN) as main:
            while chunk := main.read(_CHUNK):
                size += len(chunk)
                if size > LARGEST:
                    raise _bad(where, f"the document unpacks to more than {LARGEST // 2**20} MB")
                parser.Parse(chunk)
        parser.Parse(b"", True)
    except (zipfile.BadZipFile, zlib.error, KeyError, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise _bad(where, f"damaged document: {error}") from error
    except (expat.ExpatError, ValueError) as error:
        raise _bad(where, f"not a Word document: {error}") from error
    return io.BufferedReader(io.BytesIO("".join(text.pieces).encode("utf-8", "replace")))


def shows_times(stream: IO[bytes]) -> bool:
    """Whether a document has times in it, as transcripts do."""
    return bool(_CLOCK.search(stream.read(LARGEST)))


class _Text:
    """Collects the text of paragraphs. Alternatives for older programs repeat text and are left out."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self._in_text = False
        self._aside = 0

    def start(self, name: str, _: object) -> None:
        local = name.rpartition(" ")[2]
        self._aside += local == "Fallback"
        self._in_text = local == "t"
        if not self._aside and local in _BREAKS and local != "p":
            self.pieces.append(_BREAKS[local])

    def end(self, name: str) -> None:
        local = name.rpartition(" ")[2]
        self._aside -= local == "Fallback"
        self._in_text = False
        if not self._aside and local == "p":
            self.pieces.append("\n")

    def characters(self, text: str) -> None:
        if self._in_text and not self._aside:
            self.pieces.append(text)


def _refuse(*_: object) -> None:
    raise ValueError("it has a document type declaration")


def _bad(where: str, reason: str) -> BadTranscript:
    return BadTranscript(reason, where=where, hint="save the transcript again as .docx, or as text")
