"""The names under which facts are about one person: "alice", "Alice" and "Alice Morel"; خالد and "Khalid"."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from memctl.core.fact import Fact


def about(facts: Iterable[Fact], subject: str) -> list[Fact]:
    """The facts about `subject`, under whichever of their names they are kept."""
    rows = list(facts)
    names = aliases(subject, {fact.subject for fact in rows if fact.subject})
    return [fact for fact in rows if fact.subject in names]


def aliases(name: str, subjects: Iterable[str]) -> frozenset[str]:
    """Those of `subjects` that name the same person as `name`.

    Case and accents do not count, and vowels do not if only one of the two names is in Latin script. A first name alone
    stands for the one full name that starts with it; if several do, it stands for none of them.
    """
    everyone = frozenset(subjects)
    full = {_folded(one) for one in (*everyone, name) if len(_folded(one).split()) > 1}

    def same(one: str) -> bool:
        mine, theirs = _folded(name), _folded(one)
        if mine == theirs or _alike(name, one):
            return True
        short, long = sorted((mine.split(), theirs.split()), key=len)
        if len(short) != 1 or len(long) < 2 or short != long[:1]:
            return False
        return sum(other.split()[0] == short[0] for other in full) == 1

    return frozenset(one for one in everyone if same(one))


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name)
    return " ".join("".join(letter for letter in letters if not unicodedata.combining(letter)).casefold().split())


def _alike(one: str, other: str) -> bool:
    """True for names in two scripts with the same consonants."""
    if _folded(one).isascii() == _folded(other).isascii():
        return False
    consonants = _consonants(one)
    return len(consonants) > 1 and consonants == _consonants(other)


@lru_cache(maxsize=4096)
def _consonants(name: str) -> str:
    from anyascii import anyascii  # only names in other scripts need it

    spelled = re.sub(r"[^a-z ]", "", anyascii(_folded(name)).casefold())
    return re.sub(r"([a-z])\1+", r"\1", re.sub(r"[aeiouyw]", "", spelled)).strip()
