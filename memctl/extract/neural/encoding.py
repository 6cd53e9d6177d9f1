"""Turns as the token numbers that the model reads, with the place of each token in the text.

The vocabulary is that of the built-in static model; three rows for the marks [CLS], [SEP] and [PAD] follow it. A turn
is read after the end of the message before it: [CLS] before [SEP] turn [SEP].
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import msgspec

from memctl.embed.static import FOLDER
from memctl.embed.wordpiece import Token, plain, plain_tokens, read_vocabulary, tokenizer
from memctl.extract.grammar.segmentation import sentences

VOCABULARY = FOLDER / "vocabulary.txt"
LONGEST = 128
"""Tokens of a turn that are read at once."""
CONTEXT = 40
"""Tokens kept of the message before, from its end."""
CASES = 4
"""Lower case or no letter, a capital first, all capitals, mixed."""


class Tokens(msgspec.Struct, frozen=True):
    """One input of the model: `rows` of the vocabulary, `types` (0 the message before, 1 the turn), `cases`, `spans`.

    `continues` is true for a token that continues the word of the previous token. A span is (start, end) in the turn,
    (-1 - start, -1 - end) in the message before, and (0, 0) of a mark.
    """

    rows: list[int]
    types: list[int]
    cases: list[int]
    spans: list[tuple[int, int]]
    continues: list[bool]


@cache
def _tokenizer() -> Any:
    return tokenizer(read_vocabulary(VOCABULARY))


def _tokens(text: str) -> list[Token]:
    """The tokens of a text. Importing `tokenizers` takes a good part of `memctl add`, so plain texts do without."""
    if plain(text):
        return list(plain_tokens(text, read_vocabulary(VOCABULARY)))
    encoded = _tokenizer().encode(text, add_special_tokens=False)
    return [
        Token(row, start, end, token.startswith("##"))
        for row, (start, end), token in zip(encoded.ids, encoded.offsets, encoded.tokens, strict=True)
    ]


def marks() -> tuple[int, int, int]:
    """The rows of [CLS], [SEP] and [PAD]."""
    first = len(read_vocabulary(VOCABULARY))
    return first, first + 1, first + 2


def encode(text: str, before: str = "") -> Tokens:
    """The tokens of one turn after the message before it; a text longer than LONGEST is cut off."""
    cls, sep, _ = marks()
    mark = (0, (0, 0), False)
    earlier, said = _tokens(before)[-CONTEXT:] if before else [], _tokens(text)[:LONGEST]
    encoded = [
        (cls, *mark),
        *((t.row, _case(before[t.start : t.end]), (-1 - t.start, -1 - t.end), t.continues) for t in earlier),
        (sep, *mark),
        *((t.row, _case(text[t.start : t.end]), (t.start, t.end), t.continues) for t in said),
        (sep, *mark),
    ]
    rows, cases, spans, continues = map(list, zip(*encoded, strict=True))
    return Tokens(rows, [0] * (len(earlier) + 2) + [1] * (len(said) + 1), cases, spans, continues)


def parts(text: str) -> Iterator[tuple[int, int]]:
    """The turn's parts of at most LONGEST tokens, cut between sentences where that is possible, as (start, end)."""
    tokens = _tokens(text)
    if len(tokens) <= LONGEST:
        yield 0, len(text)
        return
    ends = sorted({sentence.start for sentence in sentences(text)} | {len(text)})
    start = first = 0
    while first < len(tokens):
        last = min(first + LONGEST, len(tokens))
        limit = tokens[last - 1].end
        end = max((end for end in ends if start < end <= limit), default=limit)
        if last == len(tokens):
            end = len(text)
        yield start, end
        start = end
        first = next((n for n in range(first, len(tokens)) if tokens[n].start >= end), len(tokens))


def _case(word: str) -> int:
    if word.islower() or not any(c.isalpha() for c in word):
        return 0
    if word[:1].isupper() and (len(word) == 1 or word[1:].islower()):
        return 1
    return 2 if word.isupper() else 3
