"""The subject of a model's reading."""

import re

from memctl.core.late_pattern import late
from memctl.extract.llm.statements import is_common
from memctl.extract.neural.decoding import Reading
from memctl.extract.rule_tables import lexicon
from memctl.extract.vocabulary.kinship import FAMILY, canonical

PRONOUN = late(
    r"(?:he|she|they|it|we|you|him|her|them|his|their|your|my|our|i|me|who|"
    r"mis?|ma|mon|mes|meine?|meu|minha|yo|je|ich|eu)\b",
    re.IGNORECASE,
)
_ROLE = late(rf"(?:{lexicon('RELATIONS')}|{lexicon('PET')})s?", re.IGNORECASE)
_TITLE = late(r"(?:mrs?|ms|miss|dr|doc|doctor|prof|sir)\.?", re.IGNORECASE)
_DETERMINER = r"(?:an?|the|this|that|le|la|les|un|une|el|los|las|una|der|die|das|dem|den|ein|eine|o|os|as|um|uma)"
_RELATIVE = late(
    r"(?:my|our|(?P<your>your)|mi|mis|mon|ma|mes|mein|meine|meu|minha)\s+"
    r"(?:(?:own|late|elder|older|eldest|oldest|younger|youngest|little|big|middle|twin|only|poor|dear) )?"
    r"(?P<rel>[\w'’ -]+)$",
    re.IGNORECASE,
)


def about(reading: Reading, text: str, sure: float) -> tuple[str | None, str | None] | None:
    """The subject and the relation that the owner has to it, (None, None) for the speaker.

    None if the words do not name the subject. From the confidence `sure` on, a name may look like another word ("Fly").
    """
    if reading.subject is None:
        return None, None
    name = re.sub(r"['’]s$", "", reading.subject.strip(" .,;:!?\"'"))
    if match := _RELATIVE.match(name):
        # "Your mother" is the speaker's in the question, and somebody else's in the turn.
        relation = canonical(match["rel"]) if not match["your"] or name not in text else ""
        return (relation, relation) if relation in FAMILY else None
    if canonical(name) in FAMILY:
        return canonical(name), canonical(name)
    small = writes_small(text) and not re.search(rf"\b{_DETERMINER} {re.escape(name)}\b", text)
    return (name, None) if is_name(name, small, reading.confidence >= sure) else None


_COUNTED = late(r"(?:\d|(?:two|three|four|five|six|both) )", re.IGNORECASE)
""" "Two girls" is no name."""


def is_name(words: str, small: bool, sure: bool) -> bool:
    """True for the name of a person, which may begin with a `small` letter; `sure` ones may look like another word."""
    first = words.split()[0] if words else ""
    if not first or _TITLE.fullmatch(words) or PRONOUN.match(words) or len(words.split()) > 3 or _ROLE.fullmatch(words):
        return False
    if _COUNTED.match(words):
        return False
    return (first[0].isupper() or (small and words.isalpha())) and (sure or not is_common(first))


def writes_small(text: str) -> bool:
    """True if a turn begins with a small letter: its writer does not trouble with capitals."""
    return next((letter.islower() for letter in text if letter.isalpha()), False)


def is_the_speakers(relation: str | None, before: str) -> bool:
    """True if a name follows "my" and the word of the relation: "Mammy lives with my brother Cathal"."""
    if not relation:
        return False
    return re.search(rf"\b(?:my|our) {re.escape(relation)},? $", before, re.IGNORECASE) is not None
