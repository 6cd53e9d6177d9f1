"""Turns as the token numbers that the model reads, with the place of each token in the text.

The vocabulary is that of the built-in static model; three rows for the marks [CLS], [SEP] and [PAD] follow it. A turn
is read after the end of the message before it: [CLS] before [SEP] turn [SEP].
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from memctl.embed.static import FOLDER
from memctl.embed.wordpiece import read_vocabulary, tokenizer
from memctl.extract.segmentation import sentences

LONGEST = 128
"""Tokens of a turn that are read at once."""
CONTEXT = 40
"""Tokens kept of the message before, from its end."""
CASES = 4
"""Lower case or no letter, a capital first, all capitals, mixed."""


class Tokens(msgspec.Struct, frozen=True):
    """One input of the model: `rows` of the vocabulary, `types` (0 the message before, 1 the turn), `cases`, `spans`.

    `continues` is true for a further piece of the word before it. A span is (start, end) in the turn,
    (-1 - start, -1 - end) in the message before, and (0, 0) of a mark.
    """

    rows: list[int]
    types: list[int]
    cases: list[int]
    spans: list[tuple[int, int]]
    continues: list[bool]


@cache
def _tokenizer() -> tuple[Any, int]:
    rows = read_vocabulary(FOLDER / "vocabulary.txt")
    return tokenizer(rows), len(rows)


def marks() -> tuple[int, int, int]:
    """The rows of [CLS], [SEP] and [PAD]."""
    first = _tokenizer()[1]
    return first, first + 1, first + 2


def encode(text: str, before: str = "") -> Tokens:
    """The tokens of one turn after the message before it; a text longer than LONGEST is cut off."""
    encoder = _tokenizer()[0]
    cls, sep, _ = marks()
    rows, cases, spans, continues = [cls], [0], [(0, 0)], [False]
    if before:
        encoded = encoder.encode(before, add_special_tokens=False)
        places = encoded.offsets[-CONTEXT:]
        rows += encoded.ids[-CONTEXT:]
        cases += [_case(before[start:end]) for start, end in places]
        spans += [(-1 - start, -1 - end) for start, end in places]
        continues += [token.startswith("##") for token in encoded.tokens[-CONTEXT:]]
    rows.append(sep)
    cases.append(0)
    spans.append((0, 0))
    continues.append(False)
    types = [0] * len(rows)
    encoded = encoder.encode(text, add_special_tokens=False)
    places = encoded.offsets[:LONGEST]
    rows += [*encoded.ids[:LONGEST], sep]
    cases += [*(_case(text[start:end]) for start, end in places), 0]
    spans += [*places, (0, 0)]
    continues += [*(token.startswith("##") for token in encoded.tokens[:LONGEST]), False]
    types += [1] * (len(places) + 1)
    return Tokens(rows, types, cases, spans, continues)


def parts(text: str) -> Iterator[tuple[int, int]]:
    """The turn's parts of at most LONGEST tokens, cut between sentences where that is possible, as (start, end)."""
    encoder = _tokenizer()[0]
    places = encoder.encode(text, add_special_tokens=False).offsets
    if len(places) <= LONGEST:
        yield 0, len(text)
        return
    ends = sorted({sentence.start for sentence in sentences(text)} | {len(text)})
    start = first = 0
    while first < len(places):
        last = min(first + LONGEST, len(places))
        limit = places[last - 1][1]
        end = max((end for end in ends if start < end <= limit), default=limit)
        if last == len(places):
            end = len(text)
        yield start, end
        start = end
        first = next((n for n in range(first, len(places)) if places[n][0] >= end), len(places))


def _case(word: str) -> int:
    if word.islower() or not any(c.isalpha() for c in word):
        return 0
    if word[:1].isupper() and (len(word) == 1 or word[1:].islower()):
        return 1
    return 2 if word.isupper() else 3
