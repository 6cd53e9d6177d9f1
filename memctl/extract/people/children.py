"""Lists of the speaker's children, each with an age: "the kids, Deniz 13, Melek 9"."""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft, article
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.people.name_patterns import ONE_NAME

_AGED = rf"{ONE_NAME},? \(?\d{{1,2}}\b(?! ?(?:[ap]m|o'clock|:|%))\)?"
CHILDREN = KeyedPattern(
    rf"(?:(?P<mine>\b(?:my|our|(?:i|we)(?:'ve| have)(?: got)?) )|(?:[,;(] ?|\band )(?:the )?)"
    rf"(?:(?:two|three|four|[2-4]) )?(?P<rel>kid|boy|girl|son|daughter)s(?:,|:| -)? "
    rf"(?P<list>{_AGED}(?:(?:,|,? and|,? &) {_AGED})+)",
    re.IGNORECASE,
)
""" "Me, my husband and the kids, Deniz 13, Melek 9"."""
_AMONG_US = late(
    r"\W*(?:(?:yes|so|well|it's|it is|there's|there are|that's|we're|we are|for|only|just|\d|two|three|four|five|six|"
    r"seven|people|persons|of us)\W+)*(?:me|myself|us|my \w+|i(?=,| and\b))\b"
    r"(?!.*\b(?:has|have|had|got|his|her|their|[a-z]+'s)\b)",
    re.IGNORECASE,
)

_ONE_OF = {"kid": "child", "boy": "son", "girl": "daughter", "son": "son", "daughter": "daughter"}


def children(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The drafts of the lists of the speaker's children in a sentence."""
    for match in CHILDREN.finditer(text):
        if match["mine"] or _AMONG_US.match(text[: match.start()]):
            yield from _children(match, span)


def _children(match: re.Match[str], span: tuple[int, int]) -> Iterator[Draft]:
    rel = _ONE_OF[match["rel"].lower()]
    for name, age in re.findall(rf"({ONE_NAME}),? \(?(\d{{1,2}})", match["list"]):
        yield Draft(
            predicate="has_child",
            object=name,
            phrase=f"has {article(rel)} called {name}",
            quote=span,
            confidence=0.85,
            category="family",
        )
        yield age_of(name, rel, age, span)


def age_of(name: str, rel: str, age: str, span: tuple[int, int]) -> Draft:
    """The draft of the age of a relative."""
    return Draft(
        subject=name,
        owner=rel,
        predicate="age",
        object=age,
        phrase=f"is {age} years old",
        quote=span,
        confidence=0.8,
        category="identity",
    )
