"""Named relatives, friends and pets, and clauses about them."""

import re
from collections.abc import Iterator

from memctl.extract.draft_claim import Draft
from memctl.extract.object_types import is_opening
from memctl.extract.rule_tables import lexicon
from memctl.extract.wordlist import words

_ONE = r"(?-i:[A-ZÀ-Þ][\w\-À-ž]+)"
_PET = lexicon("PET")
_REL = lexicon("RELATIONS")
_SIDE = (
    r"(?:(?:older|younger|big|little|elder|eldest|youngest|oldest|twin|half|step|lovely|dear|best|"
    r"good|close|new|wonderful|late|old|baby|two|three|other|amazing|great|beautiful|beloved|"
    r"\d+[- ]year[- ]old|teenage|adult|foster|adopted)[ -])*"
)
_RELATION = re.compile(
    (
        rf"\b(?:my|our) {_SIDE}(?P<rel>{_REL})s?(?:'s)?(?:(?:,)? (?:is |are |was )?(?:called|named)|,|"
        rf"'s name is| is)? (?P<name>{_ONE}(?:(?:, {_ONE})*,? and {_ONE}| (?!St\b|Street|"
        r"University)(?-i:[A-Z])[\w\-]+)?)"
    ),
    re.IGNORECASE,
)
_REL_NAMED = re.compile(
    (
        r"(?<!\b[Ii]n )(?<!\b[Aa]t )(?<!\b[Oo]n )(?<!\b[Bb]y )(?<!\b[Nn]ear )(?<!^From )"
        rf"\b(?P<name>{_ONE}),? (?:is )?(?:my|our) {_SIDE}(?P<rel>{_REL})\b(?!'s)(?! (?:and|say|think|said|"
        r"told|was like)\b)"
    ),
    re.IGNORECASE,
)
_SIBLINGS = re.compile(
    (
        r"(?:\b(?:i've|i have|i've got|i got|we have|we've|we've got)|^(?:got|have)) (?:got )?(?:an? |\d |"
        rf"one |two |three |four )?{_SIDE}(?P<rel>sister|brother|son|daughter|kid|child|cousin|nephew|"
        r"niece)(?:s|ren)?(?:,| -| –|:| called| named) (?:called |"
        rf"named )?(?P<name>{_ONE}(?:(?:, {_ONE})*,? and {_ONE})?)"
    ),
    re.IGNORECASE,
)
_NOT_NAMES = frozenset(
    words(
        "I Is The My Our He She They We And But So In On At Who When Will Was Has Had Just Also It Am Are "
        "Not For With To From English Spanish French German Italian Christmas Easter Monday Tuesday "
        "Wednesday Thursday Friday Saturday Sunday January February March April May June July August "
        "September October November December"
    )
)
_CHILD = frozenset({"daughter", "son", "kid", "child", "baby"})
FAMILY = frozenset(
    words(
        "wife husband spouse partner fiancé fiancée fiance fiancee girlfriend boyfriend sister brother "
        "mother mom mum father dad "
        "son daughter grandmother grandma grandfather grandpa child"
    )
)
"""Relatives whose facts are kept even without a name."""
_SAME = {
    "mom": "mother",
    "mum": "mother",
    "dad": "father",
    "fiance": "fiancé",
    "fiancee": "fiancée",
    "grandma": "grandmother",
    "grandpa": "grandfather",
    "buddy": "friend",
    "neighbour": "neighbor",
    "coworker": "colleague",
    "co-worker": "colleague",
    "flatmate": "roommate",
    "housemate": "roommate",
}
_ENDED = re.compile(
    (
        r"\b(?:passed away|died|put .{2,30} (?:down|to sleep)|split(?: up)?|broke up|separated|divorc\w+|"
        r"late (?:wife|husband))\b"
    ),
    re.IGNORECASE,
)
_SPOUSE = re.compile(
    (
        r"\b(?:my|our) (?!ex|late|future|friend's|boss's|sister's|brother's)(?:lovely |dear |beautiful |"
        r"wonderful |own )?(?P<rel>wife|husband)\b(?!'s ex)"
    ),
    re.IGNORECASE,
)
_COLLEAGUE = re.compile(r" (?:in|at|from) (?:the|my|our|a)\b", re.IGNORECASE)
""" "My partner at the firm" is one in business."""
_PET_NAMED = re.compile(
    (
        r"\b(?:my|our) (?:(?:new|old|little|beloved|rescue|sweet|lovely|adorable|two|three|\w+-year-old|"
        r"golden|black|white|ginger|tabby|german|border|other|elderly|senior|"
        rf"crazy) )*(?P<o>(?P<kind>{_PET})s?(?:,| called| named)? (?P<name>{_ONE}(?: and {_ONE})?))(?=$|"
        r"[\s,.!?'])"
    ),
    re.IGNORECASE,
)


def relations(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """Named relatives, friends and pets, and a spouse without a name."""
    for pattern in (_RELATION, _SIBLINGS, _REL_NAMED):
        for match in pattern.finditer(text):
            rel = _SAME.get(match["rel"].lower(), match["rel"].lower())
            predicate = "has_child" if rel in _CHILD else f"has_{rel.replace('-', '_')}"
            for name in _split_names(match["name"]):
                if is_opening(name):
                    continue
                yield Draft(
                    predicate=predicate,
                    object=name,
                    phrase=f"has a {rel} called {name}",
                    quote=span,
                    confidence=0.85,
                    category="family" if rel not in ("boss", "manager", "colleague", "friend") else "people",
                )
    for match in () if _ENDED.search(text) else _PET_NAMED.finditer(text):
        if all(name not in _NOT_NAMES for name in match["name"].split()):
            yield Draft(
                predicate="has_pet",
                object=match["o"],
                phrase=f"has the {match['o']}",
                quote=span,
                confidence=0.85,
                category="pets",
            )
    if _SPOUSE.search(text) and not _ENDED.search(text):
        yield Draft(
            predicate="relationship_status",
            object="married",
            phrase="is married",
            quote=span,
            confidence=0.75,
            category="family",
        )


def _split_names(text: str) -> Iterator[str]:
    for name in re.split(r",? and |, ", text):
        words = name.split()
        while words and words[-1] in _NOT_NAMES:
            words.pop()
        if words and words[0] not in _NOT_NAMES:
            yield " ".join(words)


def named_subject(text: str) -> tuple[str, str, int] | None:
    """ "my sister Emma lives …" at the start of a clause: subject, relation, and the offset of the verb phrase."""
    match = re.match(
        rf"\W*(?:and |but |so |also |btw |oh )*(?:my|our) {_SIDE}(?P<rel>{_REL})(?P<gen>'s)?\b", text, re.IGNORECASE
    )
    if match is None:
        return None
    rel, at = match["rel"].lower(), match.end()
    if rel == "partner" and _COLLEAGUE.match(text[at:]):
        return None
    if match["gen"]:
        if re.match(r" (?:an? |allergic|vegan|vegetarian|from|married|working|living|called|very|the )", text[at:]):
            return rel, rel, match.end() - 2
        return None
    name = re.match(rf",? (?:(?:called|named) )?(?P<name>{_ONE}),?(?P<gen>'s)?", text[at:])
    if name and name["name"] not in _NOT_NAMES:
        end = at + (name.start("gen") if name["gen"] else name.end())
        return name["name"], rel, end
    return rel, rel, at
