"""Whether two objects of a triple name the same thing.

Compares spelling only: case, accents, punctuation, leading articles and possessives, plurals. Synonyms (NYC and New
York City) are different.
"""

import unicodedata
from functools import lru_cache

from memctl.core.late_pattern import late

DETERMINERS = frozenset(
    ("a", "an", "the", "some", "any", "my", "our", "your", "his", "her", "their", "its", "this", "that")
)
QUALIFIERS = frozenset(
    {"after", "and", "as", "at", "because", "before", "by", "during", "every", "except", "for", "from", "if"}
    | {"in", "of", "on", "or", "since", "than", "to", "until", "when", "while", "with", "without"}
)

_ACCENTS = late("[\u0300-\u036f]")
_POSSESSIVE = late(r"'s\b")
_SILENT_E = late(r"(?:x|z|o|ch|sh|ss)e$")


def singular(word: str) -> str:
    """A key shared by an English word and its plural, not always a word (berry, berries -> berri)."""
    if len(word) > 3 and not any(letter.isdigit() for letter in word):
        if word.endswith("s") and not word.endswith(("ss", "us", "is")):
            word = word[:-1]
        if _SILENT_E.search(word):
            word = word[:-1]
        if word.endswith("ie"):
            word = word[:-1]
        elif word.endswith("y"):
            word = word[:-1] + "i"
    return word


@lru_cache(maxsize=65536)
def words(text: str) -> tuple[str, ...]:
    """The distinctive words of `text`, normalised; not empty unless `text` is blank.

    `+` and `#` are kept: C, C++ and C# are different.
    """
    folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).replace("’", "'").casefold()
    spaced = _POSSESSIVE.sub("", unicodedata.normalize("NFC", folded))
    parts = "".join(" " if _separates(letter) else letter for letter in spaced).split()
    start = 0
    while start < len(parts) - 1 and parts[start] in DETERMINERS:
        start += 1
    return tuple(singular(word) for word in parts[start:]) or tuple(text.casefold().split())


def _separates(letter: str) -> bool:
    return letter != "#" and unicodedata.category(letter)[0] in "PZC"


def normalise(text: str) -> str:
    """The key of an object, equal for different spellings of the same thing."""
    return " ".join(words(text))


def same_value(one: str, other: str) -> bool:
    """True if two objects of a single-valued predicate are the same value.

    "Paris" and "Paris, France" are; "Portland, Oregon" and "Portland, Maine" are not.
    """
    if words(one) == words(other):
        return True
    return words(one.partition(",")[0]) == words(other) or words(one) == words(other.partition(",")[0])


def within(short: tuple[str, ...], long: tuple[str, ...]) -> int | None:
    """The index at which `short` occurs in `long` as consecutive words, or None."""
    if not short or len(short) >= len(long):
        return None
    for start in range(len(long) - len(short) + 1):
        if long[start : start + len(short)] == short:
            return start
    return None


def takes_back(retracted: str, held: str, *, single: bool) -> bool:
    """Whether retracting `retracted` also retracts `held`, of which one is a longer form of the other.

    The general includes the particular ("coffee", "black coffee"). The particular includes the general unless it is
    only a circumstance of it: someone who no longer likes coffee in the evening may still like coffee. For a predicate
    with one value nothing else can be meant.
    """
    lost, kept = words(retracted), words(held)
    if within(lost, kept) is not None:
        return True
    start = within(kept, lost)
    if start is None:
        return False
    after = lost[start + len(kept) :]
    return single or not after or after[0] not in QUALIFIERS
