"""Files that are one JSON string around a JSON document, written by programs that encoded an answer once more."""

import io
import json
import re
from typing import BinaryIO

LARGEST = 64 * 2**20
"""Bytes of a file that is decoded: it is held whole."""
_QUOTED = re.compile(rb'(?:\xef\xbb\xbf)?\s*"(?:\s|\\[nrt])*\\?[{\["\\]')
_LAYERS = 3


def is_quoted(head: bytes) -> bool:
    """Whether a file that begins so may be a JSON string around JSON."""
    return _QUOTED.match(head) is not None


def decoded(stream: BinaryIO) -> BinaryIO:
    """The document inside the string, or the same bytes if there is none."""
    with stream:
        content = stream.read()
    text: object = content.decode("utf-8-sig", "replace")
    for _ in range(_LAYERS):
        if not isinstance(text, str) or text.lstrip()[:1] != '"':
            break
        try:
            text = json.loads(text)
        except (ValueError, RecursionError):
            return io.BytesIO(content)
    if isinstance(text, str) and text.lstrip()[:1] in ("{", "["):
        return io.BytesIO(text.encode("utf-8", "replace"))
    return io.BytesIO(content)
