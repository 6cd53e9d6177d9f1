"""Whether a reading is given to the right person: the model often links words to the wrong one of several people.

A reading is dropped if another person is named between its subject and its object, if its clause is about somebody
else, or if a name is that of somebody else's relative; and an amount if another drug stands between it and its own.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from memctl.core.late_pattern import late
from memctl.extract.llm.statements import Statement
from memctl.extract.neural.decoding import Reading, Span
from memctl.extract.people.sentence_subjects import joined_to_another
from memctl.extract.rule_tables import lexicon
from memctl.extract.vocabulary.kinship import canonical
from memctl.extract.vocabulary.verbs import FORMS

Named = Sequence[tuple[str, Span]]
"""Names in a turn, each with a place where it stands."""
_BEINGS = ("relation", "has_pet")
_DRUGS = ("takes_medication",)

MENTIONED = 0.3
"""From this confidence on, what the model reads as a name is a person that the turn mentions."""
_FURTHEST = 8
"""Words between a relation and the name of the person, at most."""
_OF_ANOTHER = late(
    r"(?:[^:\n]{0,40}: )?(?:(?:and|but|so|well|oh|yeah|also|plus|then|now|because|cos) )?"
    r"(?:he|she|they)(?:['’]?(?:s|ll|d|re|ve))?\s|(?:[^:\n]{0,40}: )?(?:his|her|their) ",
    re.IGNORECASE,
)
"""A clause that is not about its speaker: "about the dentist: he has a dog", "hes 41"."""
_TO_SPEAKER = late(r"\b(?:me|my|us|our)\b", re.IGNORECASE)
""" "She's put me on the lozenges"."""
_ITS_SUBJECT = late(r"\b(?:s?he|they)(?:['’]?s|['’]re| is| are| was| has)? $", re.IGNORECASE)
""" "She told me she's moving": the subject stands right before the object."""
_SPEAKER = late(r"\b(?:i|i['’]?m|i['’]?ve|me|my|myself|name|turn(?:ed|ing)?)\b", re.IGNORECASE)
_OF_A_THING = late(r"(?:it|this|that|the \w+)(?:['’]?s|['’]ll)?\b", re.IGNORECASE)
_RELATED = late(
    rf"(?:(?P<of>[\w'’-]+) )?(?:(?:own|late|new|old|young|little|big|elder|older|eldest|younger|youngest|first|second|"
    rf"poor|best|step) )*(?P<rel>{lexicon('RELATIONS')})(?:,| is| was|(?: is|'s)? called| named)? $",
    re.IGNORECASE,
)
_POSSESSOR = late(r"(?!(?:is|was|as|this|has|us|yes|plus|its|it's|that's|there's|here's|he's|she's)$)[\w'’-]+s", re.I)
_ANYBODY = late(
    r"(?:wo)?m[ae]n|lad(?:y|ies|s)?|guys?|chaps?|lass(?:ie)?s?|persons?|people|blokes?|fellas?|young|old|"
    r"elder|life|seeing(?: someone)?|someone|one|name",
    re.IGNORECASE,
)
"""Words for a person that do not say what the person is to the speaker, unless after "my"."""
_MINE = late(r"\b(?:my|our|mon|ma|mein|meine|mi|meu|minha)\s+(?:[\w-]+ )?$", re.IGNORECASE)
_ANY_ONE = late(r"\ban? (?:[\w-]+ )?$", re.IGNORECASE)
_ITS_NAME = late(r"(?:,? (?:is )?(?:called |named )?|,? \()[^\s,.;:()]+", re.IGNORECASE)
""" "My sister, Kuba, is a physio": a name right after "my sister" is hers."""
_LIST = late(r"[,&/\s]|\band\b|\bn\b", re.IGNORECASE)
_ENDS = late(r"[.!?;\n]\s")


class People(NamedTuple):
    """The people and pets that a turn names, and its drugs."""

    beings: Named = ()
    drugs: Named = ()


def named_in(text: str, read: Sequence[Reading]) -> People:
    """What the readings of a turn name, at each place where a name occurs."""
    subjects = {one.subject for one in read if one.subject is not None}
    return People(_places(_objects(text, read, _BEINGS) | subjects, text), _places(_objects(text, read, _DRUGS), text))


def _objects(text: str, read: Sequence[Reading], predicates: tuple[str, ...]) -> set[str]:
    return {text[slice(*one.object)] for one in read if one.predicate in predicates and one.confidence >= MENTIONED}


def _places(names: set[str], text: str) -> Named:
    return [(name, span) for name in sorted(names) for span in _occurrences(name, text)]


def _occurrences(words: str, text: str) -> Iterator[Span]:
    return (match.span() for match in re.finditer(rf"(?<!\w){re.escape(words)}(?!\w)", text))


def is_of_its_subject(reading: Reading, statement: Statement, text: str, people: People) -> bool:
    """True unless the clause, or another name before the object, says that a reading is about somebody else."""
    named = people.beings
    if reading.predicate == "relation":
        return _is_related(reading, text, named)
    if reading.predicate in ("dose", "measure") and not _is_of_its_slot(reading, text, people.drugs):
        return False
    if reading.subject is None:
        return _is_of_the_speaker(reading, statement, text, named)
    start = reading.object[0]
    theirs = list(_occurrences(reading.subject, text))
    last = max((end for _, end in theirs if end <= start), default=None)
    if last is None:
        inside = any(statement.start <= at < statement.end for at, _ in theirs)
        return inside or (not theirs and not _between(named, reading.subject, 0, start))
    if reading.predicate == "has_pet":
        return True  # "Omar has two cats, Pip and Moss"
    its_name = _ITS_NAME.match(text, last)
    return not _between(named, reading.subject, its_name.end() if its_name else last, start)


def _is_of_the_speaker(reading: Reading, statement: Statement, text: str, named: Named) -> bool:
    """True unless the clause is about a thing or another person."""
    start = reading.object[0]
    if reading.predicate == "age" and (
        any(text[end:start] in (", ", " (") for _, (_, end) in named) or not _SPEAKER.search(statement.sentence)
    ):
        return False  # "Sameer, 39"; "the boy, 24"
    if _ITS_SUBJECT.search(text, 0, start):
        return False
    if _OF_A_THING.match(statement.text) if reading.predicate == "name" else _opens_in_third_person(statement):
        return False
    others = _OF_ANOTHER.match(statement.text) or any(name == statement.owner for name, _ in named)
    return not others or _TO_SPEAKER.search(statement.text[: start - statement.start]) is not None


def _is_of_its_slot(reading: Reading, text: str, named: Named) -> bool:
    """True unless an amount is that of another drug or thing, which is named between its slot and the amount."""
    places = list(_occurrences(reading.slot or "", text))
    return not places or any(_is_near(place, reading.object, text, named) for place in places)


def _opens_in_third_person(statement: Statement) -> bool:
    """True for "works at the food bank": whoever it is about was named before."""
    word = re.match(r"[A-Za-z]+", statement.text)
    form = FORMS.get(word[0].lower()) if word else None
    return form is not None and form[1] == "s"


def _between(named: Named, subject: str, after: int, before: int) -> bool:
    """True if another person than `subject` is named between two places."""
    return any(
        after <= at and end <= before for name, (at, end) in named if name not in subject and subject not in name
    )


def _is_related(reading: Reading, text: str, named: Named) -> bool:
    """True unless the words before a name say that the person is the relative of another one, or another relative."""
    slot = reading.slot or ""
    before = text[: reading.object[0]]
    places = list(_occurrences(slot, text))
    if _ANYBODY.fullmatch(slot) and not any(_MINE.search(text[:at]) for at, _ in places):
        return False
    if reading.subject is None and joined_to_another(before):
        return False
    if slot in ("boy", "girl") and any(_ANY_ONE.search(text[:at]) for at, _ in places):
        return False
    if related := _RELATED.search(before):
        of = (related["of"] or "").lower()
        if reading.subject is None and (of in ("his", "her", "their") or _POSSESSOR.fullmatch(of)):
            return False
        return canonical(related["rel"]) in (canonical(slot), canonical(slot.split()[-1] if slot else ""))
    return not places or any(_is_near(place, reading.object, text, named) for place in places)


def _is_near(slot: Span, name: Span, text: str, named: Named) -> bool:
    """True if a relation and a name stand together, without another sentence or name between, except in a list: "two
    boys, Ayaan and Rafi"."""
    after, before = (slot[1], name[0]) if slot[0] < name[0] else (name[1], slot[0])
    words = text[after:before]
    if len(words.split()) > _FURTHEST or _ENDS.search(words):
        return False
    if not _between(named, "\0", after, before):
        return True
    for other, _ in named:
        words = words.replace(other, "")
    return text[slice(*slot)].endswith("s") and not _LIST.sub("", words)
