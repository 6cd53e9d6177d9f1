"""Frequent first names: "I love Gary" is about a person, "I love jazz" is a taste. "She" is not Gary."""

from functools import cache

from memctl.extract.rule_tables import records


@cache
def _names() -> dict[str, str]:
    """The pronoun of each name, "" for a name of women and men."""
    (entry,) = records("given_names")
    pronouns = {"women": "she", "men": "he", "either": ""}
    return {name: pronoun for key, pronoun in pronouns.items() for name in entry[key].split("|")}


def is_given_name(word: str) -> bool:
    """True for a frequent first name that is no other word, in any case."""
    return word.casefold() in _names()


def is_name_of(pronoun: str, name: str) -> bool:
    """False for "he" or "they" of Ann and "she" of Matthias; true for names that are not known."""
    return _names().get(name.partition(" ")[0].casefold(), "") in ("", pronoun)
