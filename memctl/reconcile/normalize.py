"""When two objects of a triple name the same thing.

Only spelling is compared: case, accents, punctuation, leading articles and possessives, plurals. Meaning (NYC
and New York City) is not this room's to know.
"""

import re
import unicodedata
from functools import lru_cache

DETERMINERS = frozenset(
    ("a", "an", "the", "some", "any", "my", "our", "your", "his", "her", "their", "its", "this", "that")
)
QUALIFIERS = frozenset(
    {"after", "and", "as", "at", "because", "before", "by", "during", "every", "except", "for", "from", "if"}
    | {"in", "of", "on", "or", "since", "than", "to", "until", "when", "while", "with", "without"}
)

_ACCENTS = re.compile("[\u0300-\u036f]")
_POSSESSIVE = re.compile(r"'s\b")
_SILENT_E = re.compile(r"(?:x|z|o|ch|sh|ss)e$")


def singular(word: str) -> str:
    """A form an English word shares with its plural: a key, not always a word (berry, berries -> berri)."""
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
    """The words that tell `text` apart, normalised; never empty unless `text` is blank.

    `+` and `#` stay, since C, C++ and C# are three things.
    """
    folded = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).replace("’", "'").casefold()
    spaced = _POSSESSIVE.sub("", unicodedata.normalize("NFC", folded))
    found = "".join(" " if _separates(letter) else letter for letter in spaced).split()
    start = 0
    while start < len(found) - 1 and found[start] in DETERMINERS:
        start += 1
    return tuple(singular(word) for word in found[start:]) or tuple(text.casefold().split())


def _separates(letter: str) -> bool:
    return letter != "#" and unicodedata.category(letter)[0] in "PZC"


def normalise(text: str) -> str:
    """The key of an object: equal for two spellings of one thing."""
    return " ".join(words(text))


def same_value(one: str, other: str) -> bool:
    """True when two objects of a single-valued predicate are one value.

    "Paris" and "Paris, France" are; "Portland, Oregon" and "Portland, Maine" are not.
    """
    if words(one) == words(other):
        return True
    return words(one.partition(",")[0]) == words(other) or words(one) == words(other.partition(",")[0])


def within(short: tuple[str, ...], long: tuple[str, ...]) -> int | None:
    """Where `short` stands in `long`, whole words in a row, or None."""
    if not short or len(short) >= len(long):
        return None
    for start in range(len(long) - len(short) + 1):
        if long[start : start + len(short)] == short:
            return start
    return None


def takes_back(retracted: str, held: str, *, single: bool) -> bool:
    """True when taking back `retracted` takes back `held`, one being a longer form of the other.

    The general takes the particular with it ("coffee", "black coffee"). The particular takes the general
    unless it is only a circumstance of it: who no longer likes coffee in the evening may still like coffee.
    Where a predicate holds one value there is nothing else it could mean.
    """
    lost, kept = words(retracted), words(held)
    if within(lost, kept) is not None:
        return True
    start = within(kept, lost)
    if start is None:
        return False
    after = lost[start + len(kept) :]
    return single or not after or after[0] not in QUALIFIERS
