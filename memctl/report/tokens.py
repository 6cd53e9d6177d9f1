"""Token counts by a local tokenizer; nothing is downloaded.

The vocabularies of hosted models cannot be distributed. The built-in WordPiece vocabulary of memctl's embedding model
comes close; for a model's own count pass its `tokenizer.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from memctl.core.errors import UsageError, unreadable
from memctl.embed.static import FOLDER
from memctl.embed.wordpiece import library, read_vocabulary, tokenizer

SHIPPED = (
    "counted with the built-in WordPiece tokenizer; OpenAI's o200k_base gives about 0.92 times as many tokens "
    "for English chat (2,760 turns of LoCoMo) and 0.89 to 1.10 times as many for other texts"
)


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
