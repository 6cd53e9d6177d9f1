"""The names under which facts are about one person: "alice", "Alice" and "Alice Morel"; خالد and "Khalid"."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Set
from functools import lru_cache

from memctl.core.fact import Fact
from memctl.core.late_pattern import late


def about(facts: Iterable[Fact], subject: str) -> list[Fact]:
    """The facts about `subject`, under whichever of their names they are kept."""
    rows = list(facts)
    names = aliases(subject, {fact.subject for fact in rows if fact.subject})
    return [fact for fact in rows if fact.subject in names]


ONE_RELATIVE = {
    word: relation
    for relation, spellings in {
        "mother": "mom mum mam mammy mommy mummy mama ma",
        "father": "dad daddy da papa pa",
        "wife": "missus wifey",
        "husband": "hubby",
        "girlfriend": "gf",
        "boyfriend": "bf",
        "partner": "other_half fella bloke",
        "fiancé": "fiance",
        "fiancée": "fiancee",
    }.items()
    for word in (relation, *spellings.split())
}
"""Words for a relative that a person has only one of, and the word for all of them."""
_RELATIVES = frozenset(
    {
        "mother",
        "father",
        "wife",
        "husband",
        "girlfriend",
        "boyfriend",
        "partner",
        "sister",
        "brother",
        "son",
        "daughter",
    }
    | {"kid", "kids", "child", "children", "parents", "aunt", "uncle", "cousin", "nephew", "niece", "grandmother"}
    | {"grandfather", "nan", "gran", "friend", "boss", "manager", "colleague", "neighbor", "neighbour", "dog", "cat"}
)
"""Words that are not first names: "sister" is not "sister in law"."""


def aliases(name: str, subjects: Iterable[str]) -> frozenset[str]:
    """Those of `subjects` that name the same person as `name`.

    Case and accents do not count, and vowels do not if only one of the two names is in Latin script. A first name alone
    stands for the one full name that starts with it; if several do, it stands for none of them. "Mum" and "mother" are
    one person.
    """
    everyone = frozenset(subjects)
    full = {_folded(one) for one in (*everyone, name) if len(_folded(one).split()) > 1}

    def same(one: str) -> bool:
        mine, theirs = _folded(name), _folded(one)
        if mine == theirs or _alike(name, one):
            return True
        short, long = sorted((mine.split(), theirs.split()), key=len)
        if len(short) != 1 or len(long) < 2 or short != long[:1] or short[0] in _RELATIVES:
            return False
        return sum(other.split()[0] == short[0] for other in full) == 1

    return frozenset(one for one in everyone if same(one))


def near(names: Iterable[str]) -> list[set[str]]:
    """`names` in groups: nobody has an alias outside of their group."""
    everyone = set(names)
    scripts = len({_folded(name).isascii() for name in everyone}) > 1
    groups: dict[str, set[str]] = {}
    for name in everyone:
        keys = {_folded(name).partition(" ")[0]} | ({f"\n{_consonants(name)}"} if scripts else set())
        joined = {name}.union(*(groups[key] for key in keys if key in groups))
        groups |= dict.fromkeys(keys | {key for key, group in groups.items() if group & joined}, joined)
    return list({id(group): group for group in groups.values()}.values())


def display_names(subjects: Iterable[str], relations: Mapping[str, Set[str]] | None = None) -> dict[str, str]:
    """Each of `subjects` that has a fuller or better spelled name among them, with that name.

    `relations` are what people are to the owner, by their names: two of different relations are two people.
    """
    families: dict[str, set[str]] = defaultdict(set)
    for name, relation in (relations or {}).items():
        families[_folded(name)] |= relation
    shown: dict[str, str] = {}
    for group in near(subjects):
        rest = set(group)
        while rest:
            person, due = set[str](), {min(rest)}
            while due:
                person |= due
                due = set().union(*(_linked(one, group, families) for one in due)) - person
            rest -= person
            relative = {_folded(one) for one in person} & set(ONE_RELATIVE.values())
            fullest = min(relative) if relative and len(person) > 1 else max(person, key=_fullness)
            shown |= {name: fullest for name in person if name != fullest}
    return shown


Mention = tuple[str, str, str, str | None]
"""User, subject, predicate and object of a claim or fact."""


def names_of(mentions: Iterable[Mention]) -> dict[str, str]:
    """The `display_names` of everybody that one user's claims are about, except the user.

    Whoever shares the first name of the user is somebody else until their turns are known to be the user's.
    """
    subjects: set[str] = set()
    relations: dict[str, set[str]] = defaultdict(set)
    for user, subject, predicate, value in mentions:
        if subject.casefold() != user.casefold():
            subjects.add(subject)
        elif value and is_relation(predicate):
            relations[value].add(predicate)
    return display_names(subjects, relations) if len(subjects) > 1 else {}


def is_relation(predicate: str) -> bool:
    """True for a predicate whose object is a person: `has_sister`."""
    return predicate.startswith("has_") and predicate not in ("has_pet", "has_condition")


def _linked(one: str, group: Set[str], families: Mapping[str, set[str]]) -> set[str]:
    """The other names of the person, as far as they are certain."""
    names = {other for other in aliases(one, group) if not _strangers(one, other, families)}
    return {
        other for other in names if not _alike(one, other) or (_only(one, other, group) and _only(other, one, group))
    }


def _only(one: str, other: str, group: Set[str]) -> bool:
    """True if no third name in another script sounds like `one`."""
    return {_folded(third) for third in group if _alike(one, third)} == {_folded(other)}


def _strangers(one: str, other: str, families: Mapping[str, set[str]]) -> bool:
    mine, theirs = families.get(_folded(one)), families.get(_folded(other))
    return bool(mine and theirs and mine.isdisjoint(theirs))


def _fullness(name: str) -> tuple[int, bool, bool, int, str]:
    """What makes a name the one to show: more words, a capital, its own script, length."""
    return len(name.split()), name[:1] != name[:1].lower(), not name.isascii(), len(name), name


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name)
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold().split()
    words = _OTHER_HALF.sub("other_half", " ".join(plain)).split(" ")
    return " ".join([*words[:-1], ONE_RELATIVE.get(words[-1], words[-1])] if _related(words[:-1]) else words)


_OTHER_HALF = late(r"\bother half$")


def _related(before: list[str]) -> bool:
    """True if the word after these may be a relation: "mum", "alice's mum"."""
    return not before or before[-1].endswith("'s")


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
