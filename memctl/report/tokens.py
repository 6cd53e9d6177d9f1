"""How many tokens texts are, counted by a tokenizer that is on this machine; nothing is ever downloaded.

The vocabularies of hosted models cannot be shipped. What ships is the WordPiece vocabulary of memctl's own embedding
model, which comes close; who needs a model's own count names its `tokenizer.json`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from memctl.core.errors import UsageError
from memctl.embed.static import FOLDER
from memctl.embed.wordpiece import library, read_vocabulary, tokenizer

SHIPPED = (
    "counted with the WordPiece vocabulary that ships with memctl; o200k_base, OpenAI's, needs 0.92 of it "
    "for English chat (2,760 turns of LoCoMo) and 0.89 to 1.10 on the other texts tried"
)


class Counter(Protocol):
    """Counts tokens; `method` says in words how."""

    method: str

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text."""


class TokenizerCounter:
    """The tokens of a Hugging Face tokenizer."""

    def __init__(self, tokenizer: Any, method: str) -> None:
        self._tokenizer = tokenizer
        self.method = method

    def count(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text, special tokens not counted."""
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(one.ids) for one in encoded]


def counter(path: Path | None = None) -> Counter:
    """The counter of a `tokenizer.json`, or the shipped one. Raises UsageError for a file that is no tokenizer."""
    if path is None:
        return TokenizerCounter(tokenizer(read_vocabulary(FOLDER / "vocabulary.txt")), SHIPPED)
    try:
        named = library().Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the tokenizer cannot be read: {error.strerror}", where=str(path)) from None
    except Exception as error:
        # The library raises a bare Exception for whatever is wrong in the file.
        reason = " ".join(str(error).split())
        hint = "it must be the tokenizer.json of a model"
        raise UsageError(f"the file is no tokenizer: {reason}", where=str(path), hint=hint) from None
    return TokenizerCounter(named, f"counted with {path.name}")
