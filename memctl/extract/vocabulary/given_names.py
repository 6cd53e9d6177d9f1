"""Frequent first names: "I love Gary" is about a person, "I love jazz" is a taste."""

from functools import cache

from memctl.extract.rule_tables import records


@cache
def _names() -> frozenset[str]:
    (entry,) = records("given_names")
    return frozenset(entry["names"].split("|"))


def is_given_name(word: str) -> bool:
    """True for a frequent first name that is no other word, in any case."""
    return word.casefold() in _names()
