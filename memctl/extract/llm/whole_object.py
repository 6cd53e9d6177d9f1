"""Whether a model's object is a complete phrase of the right type that can be understood alone."""

import re

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.filters.job_titles import is_trade
from memctl.extract.filters.object_types import acceptable
from memctl.extract.llm.statements import Statement
from memctl.extract.rule_tables import lexicon
from memctl.extract.vocabulary.verbs import FORMS

VERB_PHRASES = {"plans": ("base", "ing"), "habit": ("base", "s", "ing"), "event": ("past", "pp")}
"""Predicates whose object is a verb phrase, and the forms of its verb."""
WRONG_TYPE, CUT_OFF, NOT_ALONE = (
    "object is not of the type of the predicate",
    "object is cut off",
    "object cannot be understood alone",
)
_LOOSE = late(
    r"(?:it|that|this|these|those|there|here|them|him|her|me|you|one|some|something|someone|stuff|things?|everything|"
    r"anything|nothing|more|less|lots|the way|way|both|all|none|yes|no|what|which|who|where|ones)\b",
    re.IGNORECASE,
)
_DEICTIC = late(r"\b(?:it|that|this|these|those|there|here|them|him|her|he|she|they|you|your)\b", re.IGNORECASE)
_OPEN_START = late(r"(?:and|or|but|to|of|is|are|was|were|been|with|from|for|because|so|then|than|as)\b", re.IGNORECASE)
_SPOKEN_TO = late(r"\b(?:you|your|this|these|those|how|what|which)\b", re.IGNORECASE)
_FUNCTION_WORD = late(
    r"(?:and|or|but|so|because|with|for|in|on|at|to|from|by|when|while|since|now|lately|too|as|than|more|over|instead|"
    r"very|really|much|every|each|this|these|that|which|who|i|i'm|im|i've|we|we're|my|our|it|it's|he|she|they|you|if|is|"
    r"isn't|are|was|were|not|btw|lol|tho|though|though|either|anyway|atm|here|there|again|daily|twice|once|most|all|"
    r"always|usually|only|just|also|still|already|last|next|today|tonight|tomorrow|yesterday|up|out|off|down|until|till|"
    r"after|before|near|about|around|through|into|during|via|per|the|an?|no|please|right|then|even|both|except|without)\b",
    re.IGNORECASE,
)


def _is_complete(predicate: str, value: str, rest: str) -> bool:
    """True if the phrase ends with the object: only a function word, a verb or nothing follows, and no name after a
    name."""
    match = re.match(r"\s+([\w'’-]+)", rest)
    if match is None or predicate in ("instruction", "age", "email", "phone") or predicate in VERB_PHRASES:
        return True
    word = match[1]
    if value.endswith("ing") and re.fullmatch(r"an?|the|my|our|some|this|that|these|it|up|out", word, re.IGNORECASE):
        return False
    if _NAME.fullmatch(value) and word[:1].islower():
        return word != "of"
    return bool(_FUNCTION_WORD.fullmatch(word)) or word.lower() in FORMS


_REASON = late(r"\b(?:since|because|until|so that|like)\b", re.IGNORECASE)
_OPEN_END = late(
    r"\b(?:and|or|but|the|an?|my|our|his|her|their|to|of|in|at|on|with|from|for|is|are|because|so|than|as|very|not|by|"
    r"about)$",
    re.IGNORECASE,
)
_CUT_SHORT = late(
    r",? (?:only )?(?:before|after|(?:until|till)(?! (?:\w+ )?(?:\d|(?-i:[A-Z])))|unless|except|without|when|while|if|"
    r"at (?:least|most)|or so|ish\b|more or less|but only|only (?:in|on|at|for)|in my \w+|a bit|sort of|"
    r"a (?:day|week|month|year))\b",
    re.IGNORECASE,
)
_NAME = late(
    r"(?:[A-ZÀ-Þ][\w\-'À-ž.]*|[\u0400-\U0001FFFF]+)(?: (?:[A-ZÀ-Þ][\w\-'À-ž.]*|de|la|van|der|von|bin|al)){0,3}"
)
_SHAPES = {
    "age": late(r"\d{1,3}"),
    "email": late(r"\S+@\S+\.\w+"),
    "phone": late(r"\+?[\d ()/.-]{6,}"),
    "birthday": late(
        r"(?=.*\d)(?=.*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|[./-]\d))[\w ,./-]+", re.IGNORECASE
    ),
    "partner": _NAME,
    "lives_in": _NAME,
    "hometown": _NAME,
    "works_at": _NAME,
    "studied_at": _NAME,
    "has_child": _NAME,
    "has_pet": late(rf"{_NAME.pattern}|(?:an? |the )?(?:[\w-]+ ){{0,2}}(?:{lexicon('PET')})s?"),
    "avoids": late(r"(?!(?:work|school|sick|home|duty|call|topic)\b).+", re.IGNORECASE),
    "hobby": late(
        rf"(?:the |my )?(?:{lexicon('PASTIMES')}|{lexicon('GAMES_AND_INSTRUMENTS')})(?: \w+)?", re.IGNORECASE
    ),
    "relationship_status": late(
        r"married|single|divorced|engaged|widowed|separated|in a relationship|a widow(?:er)?", re.IGNORECASE
    ),
    "speaks": late(lexicon("LANGUAGES"), re.IGNORECASE),
    "has_condition": late(rf"(?:[\w-]+ ){{0,3}}(?:{lexicon('CONDITIONS')})|type [12] diabetes", re.IGNORECASE),
    "diet": late(rf"(?:[\w-]+ ){{0,2}}(?:{lexicon('DIETS')})", re.IGNORECASE),
}
"""What an object has to look like, whole."""


def flaw(value: str, predicate: str, statement: Statement, at: int, *, named: bool) -> str | None:
    """What is wrong with an object that starts at `at` of the turn, None if nothing is; with `named` it is a name."""
    draft = Draft(predicate=predicate, object=value, phrase=value, quote=(0, 0))
    shape = _SHAPES.get(predicate) or (_NAME if named else None)
    start = max(at - statement.start, 0)
    before, rest = statement.text[:start], statement.text[start + len(value) :] if at >= statement.start else ""
    if not acceptable(draft) or (shape is not None and not shape.fullmatch(value)):
        return WRONG_TYPE
    if not _is_placed(predicate, value, before, rest):
        return WRONG_TYPE
    if _reads_alone(predicate, value):
        return CUT_OFF if _is_cut(predicate, value, rest) else None
    return NOT_ALONE


def _reads_alone(predicate: str, value: str) -> bool:
    """True for a value that needs no other words to be understood."""
    if predicate == "instruction":
        return True
    if _SPOKEN_TO.search(value) or (_LOOSE.match(value) and len(value.split()) < 3):
        return False
    phrase = predicate in VERB_PHRASES or predicate == "goal"
    return not phrase or (not _DEICTIC.search(value) and len(value.split()) >= 2)


def _is_cut(predicate: str, value: str, rest: str) -> bool:
    """True for a part of a phrase, whose `rest` follows."""
    if _OPEN_START.match(value) or _REASON.search(value) or (_OPEN_END.search(value) and rest.strip(" .,!")):
        return True
    return bool(_CUT_SHORT.match(rest) or re.match(r"[\w'-]", rest)) or not _is_complete(predicate, value, rest)


_END_OF_AGE = late(
    r"\s*(?:$|[.,!;)]|and\b|but\b|years? old|years? of age|y/?o\b|now\b|today\b|in \w+day|this|next|last|on\b)"
)
_OWNED = late(rf"\b(?:{lexicon('BELONGINGS')})\b", re.IGNORECASE)


def _is_placed(predicate: str, value: str, before: str, rest: str) -> bool:
    """False for a number that is not an age ("42 minutes"), for what is bought or driven but not owned, and for what
    is not an occupation."""
    if predicate == "age":
        return _END_OF_AGE.match(rest) is not None
    if predicate == "owns":
        article = re.search(r"\b(?:an?|the|\w+ is)\s+(?:[a-z]+ )?$", before, re.IGNORECASE)
        return bool(_OWNED.search(value) or (article and value[:1].isupper()))
    return predicate != "job_title" or _is_occupation(value, before)


def _is_occupation(value: str, before: str) -> bool:
    """True for "nurse" after "I'm a" or "works as"."""
    bare = re.sub(r"^(?:an?|the) ", "", value, flags=re.IGNORECASE)
    placed = bare != value or re.search(r"\b(?:an?|as|the|job is|title is)\s+$", before, re.IGNORECASE)
    return bool(placed and is_trade(bare))
