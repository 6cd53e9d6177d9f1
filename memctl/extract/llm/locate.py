"""Find a model's words in a text, whatever their case, punctuation style and white space."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache


def find(value: str, text: str) -> tuple[int, int] | None:
    """The span of `value` in `text`, as whole words, ignoring case, punctuation style and white space."""
    wanted, _ = _folded(value)
    folded, places = _folded(text)
    match = re.search(rf"(?<!\w){re.escape(wanted)}(?!\w)", folded)
    return (places[match.start()], places[match.end() - 1] + 1) if match else None


_OTHER_SPACE = re.compile(r"[^\S ]")
_SAME = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "\u00a0": " "})


@lru_cache(maxsize=512)
def _folded(text: str) -> tuple[str, Sequence[int]]:
    """`text` in the form in which quotes are compared, and the offset in `text` of each of its characters."""
    if text.isascii() and "  " not in text and not _OTHER_SPACE.search(text):
        return text.lower(), range(len(text))
    folded: list[str] = []
    places: list[int] = []
    for place, letter in enumerate(text):
        if letter.isspace():
            if folded and folded[-1] != " ":
                folded.append(" ")
                places.append(place)
            continue
        for one in unicodedata.normalize("NFKC", letter.translate(_SAME)).casefold():
            folded.append(one)
            places.append(place)
    return "".join(folded), places
