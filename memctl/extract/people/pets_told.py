"""Pets told in passing: "Moses is our tortoise", "Bramble says hi. That's the cat, 9", "a grey cat … we named her Dot".

`memctl.extract.people.pet_names` reads names that follow the word for the animal: "my dog Bo".
"""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import words
from memctl.extract.people.apposed import apposed
from memctl.extract.people.name_patterns import NOT_NAMES, ONE_NAME
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import lexicon

_PET = lexicon("PET")
_KIND = rf"(?:[a-z-]+ ){{0,2}}?(?P<pet>{_PET})"
_ENDS = r"(?=$|[,.;:!?)(–—]| (?:and|who|but|btw)\b| -)"
_OURS = KeyedPattern(
    rf"(?:^|[,;(–—-] ?|\b(?:and|but|so|that's|thats|only) )(?P<name>{ONE_NAME})(?:,| \(|'s| is)(?: |(?<=\())"
    rf"(?:(?:my|our) {_KIND}{_ENDS}|the (?P<the>{_PET})(?=[,)]|\W*$))",
    re.IGNORECASE,
)
""" "Moses is our tortoise", "Bramble (the cat, grey)"."""
_THATS_OURS = KeyedPattern(
    rf"(?:^|[,;(–—-] ?|\b(?:and|but|btw) )(?:that|he|she)(?:'s|s| is) (?:my|our|the) {_KIND}{_ENDS}", re.IGNORECASE
)
""" "Bramble says hi. That's the cat"."""
_BREED = KeyedPattern(
    rf"^\W*(?:(?:and|only|just|plus|then|oh|that's|thats|it's|there's) )+(?P<name>{ONE_NAME}),? (?:an? |the |\(an? )?"
    rf"{_KIND}{_ENDS}",
    re.IGNORECASE,
)
""" "And Pierogi, french bulldog", "That's Moose, border collie, 6"."""
_ANIMAL_FIRST = KeyedPattern(
    rf"(?:^\W*(?:(?:and|but|so|the|other|new) )*|\b(?:my|our) (?:other |new )?)(?P<pet>{_PET})(?:'s name is|'s called|"
    rf"'s named| is called| is named|'s| is) (?P<name>{ONE_NAME}){_ENDS}",
    re.IGNORECASE,
)
""" "Dog's name is Gasket", "other dog's Duke"."""
_NAMING = KeyedPattern(
    rf"\b(?:(?:called|named|christened|calling|naming) (?:her|him|it)|(?P<is>s?he(?:'s|s| is) (?:called|named)|"
    rf"(?:her|his|its) name(?:'s| is))) (?P<name>{ONE_NAME}){_ENDS}",
    re.IGNORECASE,
)
""" "We named her Duchess"."""
PETS_TOLD = KeyedGroup(_OURS, _THATS_OURS, _BREED, _ANIMAL_FIRST, _NAMING)
_DOES = late(
    r"\W*(?:(?:and|so|but|oh|btw|also) )*(?P<name>[\w-]{3,}) (?:says|sends|wants|ate|eats|has|is|keeps|sits|slept|"
    r"sleeps|knocked|brought|stole|just|did|got|jumped|walked|had|approves|disagrees)\b",
    re.IGNORECASE,
)
_LATER_NAME = late(r" (?!I\b)[A-ZÀ-Þ][a-zà-ž]")
_TOOK = late(
    rf"\b(?:with|about|meet|met|took|walk|walked|walking|feed|fed|gave|give|for|told|and) (?P<name>{ONE_NAME})\b"
)
_NO_NAMES = frozenset(
    words(
        "he she it they we you who what that this there here everyone everybody someone somebody nobody mum mom dad "
        "the one which and all nothing something wife husband cat dog vet doctor boss work man woman life weather"
    )
)
_ANIMALS = late(rf"\b(?:{_PET})s?\b", re.IGNORECASE)
_OF_OTHERS = late(
    rf"(?:\b(?:his|her|their|your|whose|next door|neighbou?rs?|friends?)\b|'s\b|s')[^.!?]{{0,20}}\b(?:{_PET})s?\b|"
    rf"\b(?:{_PET})s? (?:of|from|next|down|across|belongs)\b|\b(?:he|she|they|[A-ZÀ-Þ][\w-]+) (?:has|have|got|owns) "
    rf"(?:an?|two|three) [^.!?]{{0,20}}\b(?:{_PET})\b",
    re.IGNORECASE,
)
_PEOPLE = late(
    rf"\b(?:{lexicon('RELATIONS')}|bab[yi]\w*|girl|boy|woman|man|lady|guy|boat|van|car|book|film|movie|story|novel|"
    r"show|series|game|shelter|zoo|park|pub)\b",
    re.IGNORECASE,
)
_HAVE = late(r"\b(?:my|our|the|have|has|got|'ve|adopted)\b", re.IGNORECASE)
_GOT = late(r"\b(?:have|has|got|'ve|ve|adopted|bought|getting|get)\b", re.IGNORECASE)
_EATEN = frozenset(words("chicken duck fish pig cow goose sheep rabbit bee lab bird goat hen"))
""" "And Tesco, chicken, rice" names food, not a pet."""
_OF_PETS = frozenset({"age", "has_condition"})


def pets_told(text: str, before: str, earlier: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The pets that a sentence names after the sentence `before`; `earlier` is what the turn says before it."""
    for match in _OURS.finditer(text):
        yield from _pet(match["name"], match["pet"] or match["the"], text, match.end(), span)
    for match in _THATS_OURS.finditer(text):
        name = _only_name(text[: match.start()]) or ("" if match.start() else _only_name(before))
        yield from _pet(name, match["pet"], text, match.end(), span)
    for match in (*_BREED.finditer(text), *_ANIMAL_FIRST.finditer(text)):
        if match["pet"].casefold() not in _EATEN and not _OF_OTHERS.search(before):
            yield from _pet(match["name"], match["pet"], text, match.end(), span)
    for match in _NAMING.finditer(text):
        said = f"{earlier} {text[: match.start()]}"
        kinds = {one[0].casefold().removesuffix("s") for one in _ANIMALS.finditer(said)}
        if _ANIMALS.search(text[: match.start()]) and _GOT.search(text):
            continue  # "We have a cow and her name is Clover"
        ours = len(kinds) == 1 and not _OF_OTHERS.search(said) and not _PEOPLE.search(said)
        if ours and (not match["is"] or _HAVE.search(said)):
            yield from _pet(match["name"], kinds.pop(), text, match.end(), span)


def _only_name(text: str) -> str:
    """The one name of a text in which an animal does something: "bramble says hi", "took Bramble out"."""
    taken = [one["name"] for one in _TOOK.finditer(text)]
    if taken:
        return taken[0] if len(taken) == 1 else ""
    found = _DOES.match(text)
    if found is None or found["name"].casefold() in _NO_NAMES or _LATER_NAME.search(text, found.end("name")):
        return ""
    name = found["name"]
    return name[0].upper() + name[1:]


def without_bare(drafts: list[Draft]) -> list[Draft]:
    """`drafts` without the pets of which another one tells more: "Bruno" beside "dog Bruno"."""
    pets = [one.object or "" for one in drafts if one.predicate == "has_pet" and one.op == "assert"]
    if len(pets) < 2:
        return drafts
    return [
        one
        for one in drafts
        if one.predicate != "has_pet"
        or one.op != "assert"
        or not any(_tells_more(pet, one.object or "") for pet in pets)
    ]


def _tells_more(pet: str, other: str) -> bool:
    kind = re.sub(r"^an? ", "", other)
    return pet != other and (pet.endswith(f" {other}") or pet.startswith(f"{kind} "))


def _pet(name: str, kind: str, text: str, at: int, span: tuple[int, int]) -> Iterator[Draft]:
    if not name or name in NOT_NAMES or not may_be_a_person(name):
        return
    kind = kind.lower()
    yield Draft(
        predicate="has_pet",
        object=f"{kind} {name}",
        phrase=f"has {article(kind)} called {name}",
        quote=span,
        confidence=0.8,
        category="pets",
    )
    for draft in apposed(name, "", text, at, span):
        if draft.predicate in _OF_PETS:
            yield draft
