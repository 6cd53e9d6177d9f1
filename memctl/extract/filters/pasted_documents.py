"""Documents and messages of others that somebody pasted: "This is my friend's CV", "she wrote:"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern

_PAPER = (
    r"(?:cv|resume|bio|biography|profile|cover letter|letter|e-?mail|mail|message|msg|texts?|whatsapp|voicemail|"
    r"post|tweet|review|listing|ad|advert|job (?:ad|advert|description|spec|posting)|essay|statement|"
    r"personal statement|application|article|story|poem|diary(?: entry)?|journal entry|speech|eulogy|vows|script|"
    r"chapter|testimony|testimonial|reference|report|notes|transcript|reply|answer|note|caption|blog post)"
)
_DOCUMENT = rf"(?:résumé|{_PAPER})"
_ADVERTISED = r"(?:job|vacancy|rental|flat|dating) (?:ad|advert|description|spec|posting|listing|profile)"
_OF_ANOTHER = (
    rf"(?:(?:my|our|the|his|her|their|an?|this) (?:[\w-]+ ){{0,2}}[\w-]+'s (?:[\w-]+ ){{0,2}}{_DOCUMENT}|"
    rf"(?-i:[A-ZÀ-Þ])[\w-]+'s (?:[\w-]+ ){{0,2}}{_DOCUMENT}|(?:his|her|their) (?:[\w-]+ ){{0,2}}{_DOCUMENT}|"
    rf"(?:an?|the|this|that) (?:[\w-]+ ){{0,2}}{_DOCUMENT} (?:from|by|of) (?!me\b|mine\b|\d)(?:[\w'-]+ ?){{1,5}}|"
    rf"(?:an?|the|this|that) {_ADVERTISED})"
)
_SENDS = r"(?:wrote|sent|posted|texted|emailed|e-mailed|messaged|replied|submitted|handed in)"
_SENDER = (
    r"(?:(?:my|our|the|his|her|their|an?) (?:[\w'-]+ ){0,3}?[\w-]+|he|she|they|somebody|someone|(?-i:[A-ZÀ-Þ])[\w-]+)"
)
_ENDS = r"[^.!?\n:]{0,60}?(?:[:.!]|\s[-–—](?=\s)|\n)"
_FOLLOWS = r"[^.!?\n:]{0,60}?(?::|\n)"
"""Nothing was pasted after "I got an email from my boss yesterday."."""
_SAID_HERE = rf"\b(?:this|here)(?:'s| is)? what {_SENDER} (?:just )?(?:{_SENDS}|said|says|put)\b{_ENDS}"
_GOT_THIS = rf"\b(?:got|received|had) (?:this|the following) (?:[\w-]+ )?from (?!me\b){_ENDS}"
_SENT_THIS = rf"\b{_SENDER} (?:just )?{_SENDS} (?:me |us |him |her )?(?:this|the following)\b{_ENDS}"
_HERE_IS = (
    rf"\b(?:here(?:'s| is| are|s)|this is|these are|below is|look(?: at| over)?|check over|shorten|improve|edit|"
    rf"proofread|review|summari[sz]e) (?:this |out )?{_OF_ANOTHER}\b{_ENDS}"
)
_FOUND = rf"\b(?:see|got|found|received|read|check out) (?:this |out )?{_OF_ANOTHER}\b{_FOLLOWS}"
_HEADING = rf"(?:^|[.!?\n]\s*){_OF_ANOTHER}\b[^.!?\n:]{{0,30}}:"
_ANNOUNCED = tuple(map(KeyedPattern, (_HERE_IS, _FOUND, _HEADING, _SAID_HERE, _GOT_THIS, _SENT_THIS)))
_ENDING = ".:!\n-–—"
"""The marks with one of which an announcement ends; nothing follows one that ends the text."""
DOCUMENTS = KeyedGroup(
    *map(KeyedPattern, (rf"\b{_PAPER}\b", rf"\b{_ADVERTISED}\b", _SAID_HERE, _GOT_THIS, _SENT_THIS)),
    words=("résumé",),
)
"""What a text has that announces a document or a message of somebody else."""
_OWN = late(r"\b(?:i wrote|i've written|i sent|my own|wrote for me|wrote about me|about me)\b", re.IGNORECASE)


def hide_documents(text: str) -> str:
    """The text with what somebody else wrote, and all that follows it, hidden; the length stays the same."""
    if not DOCUMENTS.possible(text) or not any(mark in text[:-1] for mark in _ENDING):
        return text
    announced = min(filter(None, (pattern.search(text) for pattern in _ANNOUNCED)), key=re.Match.start, default=None)
    if announced is None or _OWN.search(announced[0]):
        return text
    end = announced.end()
    return text[:end] + re.sub(r"[^\n]", HIDDEN, text[end:])
