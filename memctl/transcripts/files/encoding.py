"""Bytes in an unknown encoding to clean text.

Chat exports are in UTF-8, in UTF-16 from Windows tools, and in code pages from old programs. Memory use is bounded for
any file.
"""

import codecs
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, BinaryIO

from memctl.core.errors import BadTranscript
from memctl.core.late_pattern import late

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

HEAD_BYTES = 64 * 1024
LINE_LIMIT = 64 * 1024 * 1024
_CHUNK = 1 << 20
_FEW = 2

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNSTORABLE = late("[\x00\ud800-\udfff]")
_PAIR = late("[\ud800-\udbff][\udc00-\udfff]")
_CONTROL = bytes(set(range(32)) - {7, 8, 9, 10, 12, 13, 27})


class UnclearEncoding(ValueError):
    """The encoding of a file cannot be told from its content."""


def clean(text: str) -> str:
    """`text` with U+FFFD for NUL and lone surrogates, which cannot be stored or printed as UTF-8."""
    if not _UNSTORABLE.search(text):
        return text
    joined = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
    return _UNSTORABLE.sub("\ufffd", joined)


def guess(head: bytes) -> str:
    """The Python codec for a file that begins with `head`.

    A byte order mark decides; else UTF-16 by its zero bytes, else UTF-8 if mostly valid, else the code page. If that is
    unclear, a few characters outside ASCII become U+FFFD; with more of them it raises UnclearEncoding.
    """
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    wide = _utf16_without_bom(head)
    if wide:
        return wide
    if _is_utf8(head):
        return "utf-8"
    from memctl.transcripts.files.code_pages import code_page

    if codec := code_page(head):
        return codec
    if sum(byte > 127 for byte in head) <= max(_FEW, len(head) // 200):
        return "ascii"
    raise UnclearEncoding("it is not UTF-8, and its encoding is unclear")


def is_binary(head: bytes) -> bool:
    """Whether `head` is not text in any supported encoding."""
    if not head or any(head.startswith(bom) for bom, _ in _BOMS) or _utf16_without_bom(head):
        return False
    sample = head[:8192]
    controls = len(sample) - len(sample.translate(None, _CONTROL))
    return sample.count(0) * 200 > len(sample) or controls * 20 > len(sample)


def decode(head: bytes) -> str:
    """The text of `head`, in the guessed encoding, unreadable bytes as U+FFFD."""
    decoder = codecs.getincrementaldecoder(guess(head))(errors="replace")
    return clean(decoder.decode(head))


def utf8(stream: BinaryIO) -> BinaryIO:
    """`stream` as valid UTF-8 without byte order mark, whatever its encoding. Closing it closes both."""
    try:
        return io.BufferedReader(_Utf8(stream, stream.read(HEAD_BYTES)), _CHUNK)
    except UnclearEncoding:
        stream.close()
        raise


def text_lines(stream: BinaryIO, where: str) -> Iterator[tuple[int, str | BadTranscript]]:
    """Number (from 1) and text of every line of a text, which may end its lines in any way: old programs write only a
    carriage return, and word processors and notes U+2028.
    """
    more = 0
    for number, line in raw_lines(stream, where):
        if isinstance(line, BadTranscript):
            yield number + more, line
            continue
        parts = line.splitlines() or [""]
        for place, part in enumerate(parts):
            yield number + more + place, part
        more += len(parts) - 1


def gather_lines(stream: BinaryIO, where: str, lines: list[str]) -> Iterator[BadTranscript]:
    """Add all cleaned lines of a text to `lines`, without white space at their ends; yields what is not text."""
    for _, line in text_lines(stream, where):
        if isinstance(line, BadTranscript):
            yield line
        else:
            lines.append(clean(line).rstrip())


def raw_lines(stream: BinaryIO, where: str) -> Iterator[tuple[int, str | BadTranscript]]:
    """Number (from 1) and text without line end of every line of `stream`, which is closed at the end. Only a line feed
    ends a line: strings and white space of JSON may contain the other line ends.

    A line of more than 64 MB is a `BadTranscript`; the following lines are read.
    """
    with utf8(stream) as lines:
        number = 0
        while line := lines.readline(LINE_LIMIT + 1):
            number += 1
            if len(line) > LINE_LIMIT + line.endswith(b"\n"):
                size = len(line)
                while line and not line.endswith(b"\n"):
                    line = lines.readline(_CHUNK)
                    size += len(line)
                yield (
                    number,
                    BadTranscript(
                        f"the line has {size:,} bytes, the limit is {LINE_LIMIT // 2**20} MB",
                        where=f"{where}:line {number}",
                        hint="check that the file is a transcript with one message per line",
                    ),
                )
                continue
            yield number, line.decode("utf-8", "replace").rstrip("\r\n")


def _utf16_without_bom(head: bytes) -> str | None:
    sample = head[:2048]
    if len(sample) < 4:
        return None
    half = len(sample) // 2
    even, odd = sample[0::2].count(0), sample[1::2].count(0)
    if odd > half * 0.4 and even < half * 0.05:
        return "utf-16-le"
    if even > half * 0.4 and odd < half * 0.05:
        return "utf-16-be"
    return None


def _is_utf8(head: bytes) -> bool:
    text = codecs.getincrementaldecoder("utf-8")(errors="replace").decode(head)
    broken = text.count("\ufffd") - head.count("\ufffd".encode())
    if broken <= 0:
        return True
    whole = len(text) - broken - sum(byte < 128 for byte in head)
    return whole > 4 * broken


class _Utf8(io.RawIOBase):
    """Re-encodes a stream to UTF-8 chunk by chunk.

    If a file that began as UTF-8 stops being valid, the encoding is guessed again: a long ASCII beginning proves
    nothing.
    """

    def __init__(self, stream: BinaryIO, head: bytes) -> None:
        self._stream = stream
        self._head = head
        self._encoding = guess(head)
        errors = "strict" if self._encoding == "utf-8" else "replace"
        self._decoder = codecs.getincrementaldecoder(self._encoding)(errors)
        self._ready = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer") -> int:
        while not self._ready and not self._ended:
            data, self._head = self._head or self._stream.read(_CHUNK), b""
            self._ended = not data
            self._ready = self._decode(data).encode("utf-8", "replace")
        view = memoryview(buffer).cast("B")
        count = min(len(view), len(self._ready))
        view[:count] = self._ready[:count]
        self._ready = self._ready[count:]
        return count

    def _decode(self, data: bytes) -> str:
        state = self._decoder.getstate()
        try:
            return self._decoder.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            pending = state[0] + data
            encoding = guess(pending[max(0, error.start - 2048) : error.start + HEAD_BYTES])
            self._decoder = codecs.getincrementaldecoder(encoding)("replace")
            return self._decoder.decode(pending, final=self._ended)

    def close(self) -> None:
        if not self.closed:
            self._stream.close()
        super().close()
