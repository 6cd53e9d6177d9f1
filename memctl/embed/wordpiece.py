"""BERT's uncased tokenisation, in Python for the single query of a search and with a library for batches.

Equivalent to `tokenizers` with BertNormalizer, BertPreTokenizer and WordPiece (Devlin et al., "BERT", 2019; Schuster
and Nakajima, "Japanese and Korean Voice Search", 2012); a test compares them on every character.
"""

import os
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from memctl.core.late_pattern import late

UNKNOWN = "[UNK]"
LONGEST_WORD = 100
"""Longer words are unknown tokens, as in BERT."""

LOOKED_UP = 40
"""How many different tokens a process looks up in a vocabulary before it makes the table of all."""
LONGEST_REMEMBERED = 40
"""Longest text between spaces whose tokens are cached; longer ones are links and the like."""

CJK = (
    (0x4E00, 0x9FFF),
    (0x3400, 0x4DBF),
    (0x20000, 0x2A6DF),
    (0x2A700, 0x2B73F),
    (0x2B740, 0x2B81F),
    (0x2B920, 0x2CEAF),
    (0xF900, 0xFAFF),
    (0x2F800, 0x2FA1F),
)
"""Ideographs, each a word of its own; the ranges of BERT's tokenizer as in `tokenizers`."""

_PLAIN_WORD = late(r"[a-z0-9]+|[!-/:-@\[-`{-~]")
_SPACES = str.maketrans("\t\n\r", "   ")
ASCII_PUNCTUATION = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


@cache
def read_vocabulary(path: Path) -> Mapping[str, int]:
    """Token to row number, for a UTF-8 file with one token per line; read once per process."""
    return {token: row for row, token in enumerate(path.read_text(encoding="utf-8").splitlines())}


class LateVocabulary(Mapping[str, int]):
    """What `read_vocabulary` returns, for a process that may only look up the few tokens of a query.

    The first LOOKED_UP different tokens are looked for in the bytes of the file: making the table takes as long as
    fifty of them.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lines = b"\n" + path.read_bytes()
        self._size = self._lines.count(b"\n") - 1
        self._found: dict[str, int | None] = {}

    def __getitem__(self, token: str) -> int:
        if token not in self._found:
            if len(self._found) >= LOOKED_UP:
                return self.table[token]
            line = self._lines.find(b"\n%b\n" % token.encode())
            self._found[token] = None if line < 0 else self._lines.count(b"\n", 0, line)
        row = self._found[token]
        if row is None:
            raise KeyError(token)
        return row

    def __iter__(self) -> Iterator[str]:
        return iter(self.table)

    def __len__(self) -> int:
        return self._size

    @property
    def table(self) -> Mapping[str, int]:
        """All tokens, for many lookups."""
        return read_vocabulary(self._path)


def settled(text: str) -> bool:
    """Whether all Unicode versions treat `text` the same, so that Python and `tokenizers` agree.

    Compared with Unicode 3.2, which Python includes: a character counts if its class is the same there, or if it is a
    later symbol (most emoji), which every version leaves alone.
    """
    return text.isascii() or all(_settled(c) for c in text)


def _settled(c: str) -> bool:
    now, then = unicodedata.category(c), unicodedata.ucd_3_2_0.category(c)
    return _class(now) == _class(then) or (then == "Cn" and now in ("So", "Sk"))


def _class(category: str) -> str:
    return category if category in ("Cn", "Mn") else category[0]


def normalise(text: str) -> str:
    """Lower case without accents and control characters, white space as spaces, ideographs separated."""
    if not text.isascii():
        text = unicodedata.normalize("NFD", "".join(map(_clean, text)))
        return "".join(c.lower() for c in text if unicodedata.category(c) != "Mn")
    return "".join(map(_clean, text)).lower()


def _clean(c: str) -> str:
    if c in "\t\n\r":
        return " "
    category = unicodedata.category(c)
    if category in ("Cc", "Cf", "Co", "Cs") or c == "\ufffd":
        return ""
    if category[0] == "Z":
        return " "
    if any(low <= ord(c) <= high for low, high in CJK):
        return f" {c} "
    return c


def words(text: str) -> Iterator[str]:
    """The words of a normalised text; every punctuation mark is a word."""
    for run in text.split():
        start = 0
        for i, c in enumerate(run):
            if c in ASCII_PUNCTUATION or unicodedata.category(c)[0] == "P":
                if start < i:
                    yield run[start:i]
                yield c
                start = i + 1
        if start < len(run):
            yield run[start:]


def pieces(word: str, rows: Mapping[str, int]) -> list[int]:
    """Row numbers of the longest known pieces of `word` from the left; the unknown token if a part is unknown."""
    return [row for row, _ in cut(word, rows)]


def cut(word: str, rows: Mapping[str, int]) -> list[tuple[int, int]]:
    """As `pieces`, each with the place in the word where it ends."""
    unknown = [(rows[UNKNOWN], len(word))]
    if len(word) > LONGEST_WORD:
        return unknown
    found: list[tuple[int, int]] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            row = rows.get(word[start:end] if start == 0 else f"##{word[start:end]}")
            if row is not None:
                found.append((row, end))
                start = end
                break
        else:
            return unknown
    return found


def row_numbers(text: str, rows: Mapping[str, int]) -> list[int]:
    """The tokens of `text` as row numbers of the vocabulary `rows`."""
    return [row for word in words(normalise(text)) for row in pieces(word, rows)]


def plain(text: str) -> bool:
    """Whether `plain_row_numbers` can read `text`: ASCII, of control characters only white space."""
    return text.isascii() and (text.isprintable() or text.translate(_SPACES).isprintable())


def plain_row_numbers(rows: Mapping[str, int]) -> Callable[[str], list[int]]:
    """`row_numbers` for plain texts: a function that remembers what it found in the texts between spaces."""

    def find(run: str) -> tuple[int, ...]:
        return tuple(row for word in _PLAIN_WORD.findall(run.lower()) for row in pieces(word, rows))

    remembered = lru_cache(maxsize=1 << 15)(find)

    def find_all(text: str) -> list[int]:
        numbers: list[int] = []
        for run in text.split():
            numbers += remembered(run) if len(run) <= LONGEST_REMEMBERED else find(run)
        return numbers

    return find_all


class Token(NamedTuple):
    """A token of a text: its row, its place in the text, and whether it continues a word."""

    row: int
    start: int
    end: int
    continues: bool


def plain_tokens(text: str, rows: Mapping[str, int]) -> Iterator[Token]:
    """The tokens of a plain text, as `tokenizers` places them."""
    for word in _PLAIN_WORD.finditer(text.lower()):
        begin = start = word.start()
        for row, length in cut(word[0], rows):
            yield Token(row, start, begin + length, start > begin)
            start = begin + length


def library() -> Any:
    """The `tokenizers` package, without its threads."""
    # Threads do not survive a fork, and batches already use all cores.
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    import tokenizers

    return tokenizers


def tokenizer(rows: Mapping[str, int]) -> Any:
    """A `Tokenizer` of the `tokenizers` package for the vocabulary `rows`."""
    package = library()
    model = package.models.WordPiece(dict(rows), unk_token=UNKNOWN, max_input_chars_per_word=LONGEST_WORD)
    made = package.Tokenizer(model)
    made.normalizer = package.normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = package.pre_tokenizers.BertPreTokenizer()
    return made
