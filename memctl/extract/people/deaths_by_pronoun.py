"""The death of the person of earlier messages: "she died this morning"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.people.sentence_subjects import names_another
from memctl.extract.vocabulary import kinship

_DIED = late(
    r"\W*(?:(?:and|so|well|oh|then)\b\W*)*(?P<who>she|he)(?:'s| has)?(?: just| sadly| finally| peacefully| suddenly)* "
    r"(?P<end>(?:died|passed away|passed(?= (?:this|last|yesterday|on|in the|at|peacefully)\b))(?! for\b| laughing\b)"
    r"(?: [^.!?;,\n]{1,60})?)(?=[.!?;,\n]|$)",
    re.IGNORECASE,
)


def death_of(text: str, person: tuple[str, str]) -> tuple[str, tuple[int, int]] | None:
    """The statement that the `person` of an earlier message has died, and its span, if `text` opens with it."""
    if "ied" not in text and "assed" not in text:
        return None
    died = _DIED.match(text)
    name, relation = person
    if died is None or text[died.end() : died.end() + 1] == "?" or not relation:
        return None
    if kinship.canonical(relation) not in kinship.FAMILY or not kinship.fits(died["who"].lower(), relation):
        return None
    if names_another(died["end"], person):
        return None
    subject = f"my {relation}" if name == relation else f"my {relation} {name}"
    return f"{subject} {died['end']}", (died.start("who"), died.end())
