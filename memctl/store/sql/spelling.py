"""Words of a query that occur in no record, corrected to words that do.

A word in the vocabulary of the built-in model is spelled correctly: a query about a goat does not mean a boat.
Inflections of languages that are not stemmed are found in the same way.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from memctl.core.tokenization import stems, words
from memctl.store.connection import Connection

SHORTEST = 4
"""Letters of the shortest word that is corrected: three letters are one edit away from too many."""
LONG = 8
"""Letters from which a word may have two errors."""
STEM, ENDING = 6, 5
"""Letters from which a stem may be the start of the word, and of the ending that it may lack: stems of misspelled words
keep theirs."""
MOST = 3
"""Most words taken for one misspelled word."""


def misspelled(query: str, unmatched: Iterable[str]) -> list[str]:
    """The stems among `unmatched`, which no record has, whose words look misspelled."""
    doubtful = {stem for stem in unmatched if len(stem) >= SHORTEST and stem.isalpha()}
    if not doubtful:
        return []
    from memctl.embed.static import common_words

    proper = common_words()
    return sorted(doubtful.difference(*(stems(word) for word in words(query) if word in proper)))


def corrections(connection: Connection, doubtful: list[str], user: str | None) -> list[tuple[str, str]]:
    """Pairs of a stem that the records have and the misspelled stem it may stand for; `user=None` looks at everyone's.

    The first letter is taken to be right; one edit is an insertion, a deletion, a substitution or a swap of neighbours.
    """
    mine = "TRUE" if user is None else "r.user_id = $user"
    # Neither database needs to look at a whole stem for LIKE.
    starts = {f"initial{number}": f"{letter}%" for number, letter in enumerate(sorted({stem[0] for stem in doubtful}))}
    likely = " OR ".join(f"stem LIKE ${name}" for name in starts)
    parameters: dict[str, Any] = {**starts, "most": max(map(len, doubtful)) + 2}
    if user is not None:
        parameters["user"] = user
    rows = connection.execute(
        "SELECT stem, count(*) FROM "  # noqa: S608
        f"(SELECT unnest(r.toks) AS stem FROM units r WHERE r.seq = 0 AND {mine}) spoken "
        f"WHERE ({likely}) AND length(stem) <= $most GROUP BY stem",
        parameters,
    ).fetchall()
    pairs: list[tuple[str, str]] = []
    for stem in doubtful:
        near = [
            (edits, -times, other)
            for other, times in rows
            if other[0] == stem[0] and other.isalpha() and (edits := _edits(stem, other)) is not None
        ]
        pairs += [(other, stem) for edits, _, other in sorted(near)[:MOST] if edits == min(near)[0]]
    return pairs


def _edits(word: str, stem: str) -> int | None:
    """The edits from a misspelled word to a stem, None if they are too many."""
    allowed = 2 if len(word) >= LONG else 1
    if abs(len(word) - len(stem)) <= allowed and (edits := distances(word, stem)[-1]) <= allowed:
        return edits
    if len(stem) >= STEM and allowed < len(word) - len(stem) <= ENDING:
        start = min(distances(word, stem)[len(stem) - 1 :])
        return start if start <= 1 else None
    return None


def distances(word: str, stem: str) -> list[int]:
    """The edits from each beginning of `word`, the shortest first, to `stem`; a swap of two neighbours is one."""
    before: list[int] = []
    row = list(range(len(stem) + 1))
    edits = [row[-1]]
    for i, letter in enumerate(word, 1):
        before, last, row = row, before, [i]
        for j, wanted in enumerate(stem, 1):
            fewest = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == stem[j - 2] and word[i - 2] == wanted:
                fewest = min(fewest, last[j - 2] + 1)
            row.append(fewest)
        edits.append(row[-1])
    return edits
