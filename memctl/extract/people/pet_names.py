"""Names of pets, before their facts or after the pet: "my dog Bo", "We have one cow and her name is Clover"."""

import re
from collections.abc import Iterable, Iterator

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.grammar.clauses import ADVERBS
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.people.name_patterns import NOT_NAMES, ONE_NAME
from memctl.extract.rule_tables import lexicon
from memctl.extract.vocabulary.verbs import FORMS

_PET = lexicon("PET")
_PETS = late(
    rf"(?:.*?\b)?(?P<kind>{_PET})s(?:,|:| -)? (?:called |named )?(?P<names>{ONE_NAME}(?:, {ONE_NAME})*,? and "
    rf"{ONE_NAME})",
    re.IGNORECASE,
)
PET_NAMED = KeyedPattern(
    (
        r"\b(?:my|our) (?:(?:new|old|little|beloved|rescue|sweet|lovely|adorable|two|three|\w+-year-old|"
        r"golden|black|white|ginger|tabby|german|border|other|elderly|senior|"
        rf"crazy) )*(?P<o>(?P<kind>{_PET})s?(?:,| called| named|(?: is|'s) (?:called|named)|(?:'s|s')? name(?:s are|"
        rf"'s| is))? "
        rf"(?P<name>{ONE_NAME}(?: {ONE_NAME})?(?: and {ONE_NAME})?))(?=$|"
        r"[\s,.!?'])"
    ),
    re.IGNORECASE,
)


def pets(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The pets that a sentence names."""
    for match in PET_NAMED.finditer(text):
        if all(name not in NOT_NAMES for name in match["name"].split()):
            pet = Draft(
                predicate="has_pet",
                object=(named := _pet(match)),
                phrase=f"has {article(named) if re.match('[a-z ]+ called', named) else f'the {named}'}",
                quote=span,
                confidence=0.85,
                category="pets",
            )
            yield from each_pet(pet)


def _pet(match: re.Match[str]) -> str:
    """The pet of "my dog's name is Bo": "dog called Bo"."""
    whole: str = match["o"]
    if whole[len(match["kind"]) :].startswith("s called ") and " and " not in whole:
        whole = f"{match['kind']}{whole[len(match['kind']) + 1 :]}"
    return f"{match['kind']} called {match['name']}" if re.search(r"(?: is|'s) (?:called|named)|name", whole) else whole


def each_pet(draft: Draft) -> Iterator[Draft]:
    """One draft for each pet, because either of "two cats, Pixel and Dot" may be retracted alone."""
    pets = _PETS.fullmatch(draft.object or "")
    if draft.predicate != "has_pet" or pets is None:
        yield draft
        return
    kind = pets["kind"].lower()
    for name in re.split(r",? and |, ", pets["names"]):
        yield msgspec.structs.replace(draft, object=f"{kind} {name}", phrase=f"has a {kind} called {name}")


_PET_CALLED = late(
    rf"[^?;]{{0,40}}?(?:(?:\b(?:her|his|its) name(?:'s| is| was)|\b(?:he|she|it)(?:'s| is) (?:called|named)|"
    rf"\b(?:called|named|calling|naming|name|christened)(?: (?:her|him|it))?) (?P<name>{ONE_NAME})|[,.!] "
    rf"(?P<alone>{ONE_NAME})(?=[.!]|$))",
    re.IGNORECASE,
)


def name_pets(drafts: Iterable[Draft], text: str) -> None:
    """Add such names to the drafts of the pets, in place."""
    for draft in drafts:
        value = draft.object or ""
        if draft.predicate != "has_pet" or draft.op != "assert" or re.search(r"[A-ZÀ-Þ]|\band\b|s$", value):
            continue
        at = text.find(value, draft.quote[0])
        called = _PET_CALLED.match(text, at + len(value)) if at >= 0 else None
        name = called and (called["name"] or called["alone"])
        if name and name not in NOT_NAMES and name.lower() not in FORMS and name.lower() not in ADVERBS:
            draft.object, draft.phrase = f"{value} called {name}", f"{draft.phrase} called {name}"
