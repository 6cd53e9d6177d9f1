"""Lines of Markdown, and the changes that an agent made to lines that memctl wrote. No input or output."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from hashlib import sha256

BULLET = re.compile(r"[-*•][ \t]+(?=\S)")


def text_of(raw: str) -> str:
    """The text of a line, without its bullet and the white space around it."""
    line = raw.strip()
    bullet = BULLET.match(line)
    return line[bullet.end() :] if bullet else line


def digest(raw: str) -> str:
    """The hash by which a line is recognised."""
    return sha256(raw.strip().encode("utf-8", "surrogatepass")).hexdigest()


def alignment(expected: Sequence[str], found: Sequence[str]) -> Iterator[tuple[int | None, int | None]]:
    """Matches the lines that memctl wrote with the lines found now: pairs of indices, in the order of the lines found.

    (i, j): the line exists, perhaps changed; (i, None): it was removed; (None, j): it was added.
    """
    if list(expected) == list(found):
        yield from ((at, at) for at in range(len(found)))
        return
    for tag, i, end_i, j, end_j in SequenceMatcher(None, expected, found, autojunk=False).get_opcodes():
        paired = end_i - i if tag == "equal" else min(end_i - i, end_j - j)
        yield from ((i + step, j + step) for step in range(paired))
        yield from ((at, None) for at in range(i + paired, end_i))
        yield from ((None, at) for at in range(j + paired, end_j))
