"""First-person statements in Spanish, French, German and Portuguese: name, home, work, likes, allergies.

These are patterns, not grammar: they match at the start of a clause, outside questions and negated sentences.
"""

import re
from functools import partial

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.segmentation import plain, sentences
from memctl.extract.patterns.keyed_pattern import KeyedGroup
from memctl.extract.statements.phrase_rules import hint_index, row_drafts

_NEGATED = late(r"\b(?:no|ne|n'|nicht|não|ya no|plus|kein\w*|si|wenn|quando|se|cuando|quand)\s", re.IGNORECASE)
_REPORTED = late(
    r"\b(?:dijo|dicho|dice|dicen|decía|contó|cree|piensa|afirma|pregunt[óa]|según|no es (?:verdad|cierto)|"
    r"(?:m'a |a )dit|dit(?= que|,|:)|disent|disait|prétend|croit|pense que|affirme|selon|d'après|"
    r"n'est pas (?:vrai|exact)|sagte?|sagten|"
    r"sagen|gesagt|meint[e]?|behauptet\w*|glaubt|laut|stimmt nicht|disse|diz|dizem|afirma|acha|acredita|segundo|"
    r"não é verdade)\b",
    re.IGNORECASE,
)
"""Words of others, or denied: "Mi jefe me dijo: vivo en Toledo", "Ce n'est pas vrai que j'habite à Lyon"."""
_ENGLISH = late(r"\b(?:the|and|is|are|you|with|for|have|this|that|what)\b", re.IGNORECASE)

_phrases = partial(hint_index, ("multilingual",), ignore_case=False)
HINTS = KeyedGroup(test=lambda word: _phrases().announced_by(word))


def multilingual_drafts(text: str) -> list[Draft]:
    """The drafts of a turn in one of the four languages; none for an English turn."""
    phrases = _phrases().due(text)
    if not phrases or len(_ENGLISH.findall(text)) > 1 + len(text) // 200:
        return []
    drafts: list[Draft] = []
    for sentence in sentences(plain(text)):
        if "?" in sentence.mark or "¿" in sentence.text or _NEGATED.search(sentence.text + " "):
            continue
        if _REPORTED.search(sentence.text):
            continue
        # Names keep their capitals, so only the sentence's first letter is lowered.
        statement = sentence.text[:1].lower() + sentence.text[1:]
        span = (sentence.start, sentence.start + len(sentence.text))
        for phrase in phrases:
            drafts += row_drafts(*phrase.reading, statement, span)
    return drafts
