"""Token counts by a local tokenizer; nothing is downloaded.

The vocabularies of hosted models cannot be distributed. The built-in WordPiece vocabulary of memctl's embedding model
comes close; for a model's own count pass its `tokenizer.json`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from memctl.core.errors import UsageError, unreadable
from memctl.embed.static import FOLDER
from memctl.embed.wordpiece import (
    LONGEST_WORD,
    UNKNOWN,
    library,
    normalise,
    pieces,
    read_vocabulary,
    tokenizer,
    words,
)

SHIPPED = (
    "counted with the built-in WordPiece tokenizer; OpenAI's o200k_base gives about 0.92 times as many tokens "
    "for English chat (2,760 turns of LoCoMo) and 0.89 to 1.10 times as many for other texts"
)


_ASCII_WORD = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]", re.ASCII)
"""The words of an ASCII text as `memctl.embed.wordpiece.words` finds them, and faster."""


class Counter(Protocol):
    """Counts tokens; `method` describes how."""

    method: str

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text."""


class TokenizerCounter:
    """The tokens of a Hugging Face tokenizer."""

    def __init__(self, tokenizer: Any, method: str) -> None:
        self._tokenizer = tokenizer
        self.method = method

    def count(self, texts: Sequence[str]) -> list[int]:
        """The number of tokens of each text, without special tokens."""
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(one.ids) for one in encoded]


def counter(path: Path | None = None) -> Counter:
    """The counter of a `tokenizer.json`, or the built-in one. Raises NotFound for a missing file, UsageError for an
    invalid one."""
    if path is None:
        return TokenizerCounter(tokenizer(read_vocabulary(FOLDER / "vocabulary.txt")), SHIPPED)
    try:
        named = library().Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise unreadable("the tokenizer", error, path) from None
    except Exception as error:
        # The library raises a bare Exception for any invalid file.
        reason = " ".join(str(error).split())
        hint = "expected the tokenizer.json of a model"
        raise UsageError(f"not a tokenizer file: {reason}", where=str(path), hint=hint) from None
    return TokenizerCounter(named, f"counted with {path.name}")


def estimator() -> Callable[[str], int]:
    """The built-in count of single texts without the `tokenizers` library, whose import takes longer than a search.

    What the vocabulary lacks counts a token per three bytes of UTF-8, and no text less than a token per eight: where
    the tokenizer counts nothing (combining marks) or one token (a word in an unknown script), a model counts many.
    """
    rows = read_vocabulary(FOLDER / "vocabulary.txt")
    known: dict[str, int] = {}

    def size(word: str) -> int:
        if word not in known:
            parts = [word[start : start + LONGEST_WORD] for start in range(0, len(word), LONGEST_WORD)]
            sized = [(part, pieces(part, rows)) for part in parts]
            known[word] = sum(
                -(-len(part.encode("utf-8", "replace")) // 3) if numbers == [rows[UNKNOWN]] else len(numbers)
                for part, numbers in sized
            )
        return known[word]

    def count(text: str) -> int:
        split = _ASCII_WORD.findall(text.lower()) if text.isascii() else words(normalise(text))
        return max(sum(map(size, split)), len(text.encode("utf-8", "replace")) // 8)

    return count
