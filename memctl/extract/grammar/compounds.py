"""Compound nouns: a word that only describes the noun after it ("a vyvanse shortage", "Turkish company")."""

import re

from memctl.core.late_pattern import late
from memctl.extract.rule_tables import lexicon
from memctl.extract.vocabulary.verbs import FORMS

_CONTINUED = late(
    r" (?:about|around|roughly|almost|nearly|"
    r"outside|inside|within|beyond|above|below|behind|opposite|beside|along|across|and|or|but|so|nor|as|at|by|"
    r"for|from|in|of|off|on|out|over|per|since|through|to|under|until|till|up|down|with|"
    r"without|wi|after|before|besides|during|than|like|that|which|who|when|where\w*|while|if|because|cos|cuz|bc|tho|"
    r"though|although|seit|desde|depuis|und|y|et|e|the|an?|my|our|his|her|their|your|this|these|every|each|both|half|"
    r"all|last|next|i|im|it|it's|its|he|she|she's|he's|shes|hes|they|we|you|me|us|myself|itself|here|there|back|"
    r"again|too|also|now|then|still|already|always|only|just|even|instead|once|twice|today|tomorrow|yesterday|"
    r"tonight|type|stage|mate|lol|aye|yes|please|btw|tbh|is|was|are|were|has|have|had|got|been|being|will|would|can|"
    r"could|should|may|might|do|"
    rf"does|did|{lexicon('WEEKDAYS')}|mornings?|evenings?|nights?|noon|midnight|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|sixteen|twenty|thirty|forty|fifty|sixty|seventy|"
    r"eighty|ninety|hundred|\w+(?:ly|ed|ing)|tablets?|injections?|capsules?|inhalers?|spray|cream|drops|patch(?:es)?|"
    r"infusions?|crisis|attacks?|flares?|diagnosis)\b",
    re.IGNORECASE,
)
""" "Losartan every night": a word after which the name of a drug or an illness is a noun phrase of its own."""
_NEXT_WORD = late(r" (?P<word>[a-z]{2,})\b(?!')")
_PLACE = late(r" (?:side|area|way|city|town|proper|region|province|county|state|district|island|village|suburb)\b")
_FIRM = late(
    r"(?: (?!(?:in|at|on|for|with|and|or|as|to|by|near|of|from|the|an?|my|our|but|so|doing|when|where|since|because|"
    r"while|after|before|that|which|who|if)\b)[a-z][\w-]+){0,3}? (?:company|place|group|firm|outfit|school|academy|"
    r"college|university|hospital|hotel|factory|office|team|agency|"
    r"department|council|plant|bakery|restaurant|bar|pub|club|clinic|depot|warehouse|mine|mill|farm|foundation|charity|"
    r"centre|center|library|museum|studio|salon|garage|nursery|surgery|works|care home|home)\b"
)
""" " construction company": the noun of an employer, after at most three words that describe it."""


def describes_noun(after: str) -> bool:
    """True if the word only describes the noun `after` it: "a vyvanse shortage", "the lupus suspect"."""
    following = _NEXT_WORD.match(after)
    return following is not None and following["word"] not in FORMS and not _CONTINUED.match(after)


def firm_of(after: str) -> str:
    """The noun of an employer that starts with a name, in the words `after` the name: " construction company"."""
    matched = _FIRM.match(after)
    return matched[0] if matched else ""


def cuts_place(after: str) -> bool:
    """True if a name is, with the words `after` it, the name of something in a place: "Highfield care home"."""
    return bool(_FIRM.match(after)) or (describes_noun(after) and not _PLACE.match(after))
