"""What the speaker's body reacts to, named before the reaction: "and hazelnuts, they make my tongue thick"."""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedGroup
from memctl.extract.patterns.wordlist import words
from memctl.extract.vocabulary.substances import substance

REACTIONS = KeyedGroup(
    words=frozenset(
        words(
            "allergic hives rash welts itch itchy swell swells swelled swollen throat tongue lips epipen anaphylactic "
            "anaphylaxis wheeze wheezing wheezy blew balloon sets thick numb blisters breathe skin ambulance"
        )
    )
)
"""Words of which a reaction has one."""
_OPENING = late(
    r"\W*(?:(?:and|also|oh|but|yeah|yes|yep|plus|then|so|well|never|no|not|please|definitely|the|any|me|"
    r"(?:nothing|anything|stuff) (?:with|containing)|another|one more)\b[,:]? )*",
    re.IGNORECASE,
)
_NAMED = late(
    r"(?P<o>[a-zà-ÿ][\w'-]*(?:(?:, and|, or|,| and| or| &) (?!i\b|i'|im\b|they\b|it\b|that\b|my\b|so\b)"
    r"[a-zà-ÿ][\w'-]*| (?!(?:on|in|at|with|though|since|of|from)\b)[a-zà-ÿ][\w'-]*){0,4}?)(?=,? (?:while|too|also|"
    r"as well|especially|they|it|that|those|which|im|"
    r"i'm|i|my|makes?|made|gives?|gave|sets?|brings?|turns?|like|as in|blew|throat)\b)",
    re.IGNORECASE,
)
_ITEM = late(r",? and |,? or |, | & ", re.IGNORECASE)
_REACTION = late(
    r"\b(?:i|im|i'm|i'll|i am|i will|i'd)\b(?: (?!if|would|don't|not|never|think)\w+){0,3}? ?\b(?:allergic(?! "
    r"(?:only |just )?to)|"
    r"itch\w*(?! to)|swell\w*(?! (?:after|with|of))|hives|wheez\w*|blew up|blow up|(?:break|broke|come|came) "
    r"(?:up|out) in|can't breathe|stop breathing|(?:a|the) rash|welts)\b|"
    r"(?<!make )(?<!makes )(?<!made )\bmy (?:[a-z]+ )?(?:throat|tongue|lips?|mouth|face|skin|body|airways?|"
    r"hands?)\b[^.;]*\b(?:clos\w+|shut\w*|"
    r"swell\w*|thick|red|numb|itch\w*|burn\w*|raw|puff\w*)|"
    r"\b(?:they|it|that|those) (?:always |just )?(?:makes?|made|turn(?:s|ed)?|gives?|gave|brings?|brought)(?: out)? "
    r"(?:me|my)\b[^.;]*\b(?:thick|hives|rash|swell\w*|itch\w*|wheez\w*|numb|welts|blisters|asthma)\b|"
    r"\bsets? me off(?=$|[.,;!]| (?:too|so|and|every|badly|as well)\b)|"
    r"\b(?:like|as in),? (?:epi-?pen|anaphylactic|ambulance|hospital)\b|^,? blew up like|\bcarry an epi-?pen\b",
    re.IGNORECASE,
)
_OF_OTHERS = late(
    r"\b(?:he|she|his|her|him|your|our|we(?!'re at it)|if|when he|unless|would|could|might|maybe|nearly|almost|"
    r"think|thought|not allergic|isn't|aren't|n't (?:make|give|set)\w*|son|daughter|kid|child|baby|dog|used to)\b",
    re.IGNORECASE,
)


def reactions(text: str, span: tuple[int, int]) -> Iterator[Draft]:
    """The allergies that a sentence tells by naming the substance and then the reaction to it."""
    opening = _OPENING.match(text)
    start = opening.end() if opening else 0
    named = _NAMED.match(text, start)
    if named is None or _OF_OTHERS.search(text):
        return
    rest = text[named.end() :]
    reaction = _REACTION.search(rest)
    items = _ITEM.split(named["o"])
    if reaction is None or len(rest[: reaction.start()]) > _NEAR or not substance(items[0]):
        return
    for item in items:
        yield Draft(
            predicate="allergic_to",
            object=item,
            phrase=f"reacts to {item}",
            quote=span,
            confidence=0.8,
            category="health",
        )


_NEAR = 45
"""Characters between a substance and the reaction to it."""
