"""Turns that set up a story or a role play: everything that they say may be in character.

Words such as "imagine" set one up only as an order that says who is who ("imagine you're a pirate"). A sentence with a
dream, a wish or "as if I" is left out alone: `memctl.extract.filters.assertion_filter`.
"""

import re
from collections.abc import Iterator

from memctl.core.late_pattern import late
from memctl.extract.grammar.segmentation import Sentence
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern

_ORDERED = (
    r"(?:(?:^|[.!?:;,\n–—-]\s*)(?:(?:ok|okay|so|now|just|please|hey|hi|right|and|well|then),? )*|\b(?:let's|lets|"
    r"let us|can you|could you|would you|will you|you|to|i'll|we|must) )"
)
_WHO = r"(?:i|i'm|im|i've|i'd|you|you're|youre|we|we're|my|your|there's|there is|it's|it is|yourself|being)\b"
IN_STORY = (
    r"(?:[\w&]+ ){0,2}(?:story|novel|game|dream|campaign|scene|fantasy|book|libretto|sketch|sitcom|minecraft|comic|"
    r"cartoon|sim|skit|musical|panto(?:mime)?|larp|telenovela|play)\b"
)
_SET_UP = KeyedPattern(
    r"\brole[- ]?play(?:ing)?\b(?! (?:games?|group|club|session|night|campaign|server|community|nerd|fan|book|"
    r"system)s?\b)|\byou be (?:the|an?|my)\b|"
    rf"{_ORDERED}(?:pretend|imagine|suppose|supposing|let's say|lets say|hypothetically,?)(?: that)? {_WHO}|"
    rf"{_ORDERED}(?:assume|assuming)(?: that)? (?!(?:i|we)(?:'m|'ve| am| know| have| do| don't| use| speak)\b){_WHO}|"
    rf"(?:let's|lets) say (?:that )?{_WHO}|{_ORDERED}say (?:that )?i'm\b|{_ORDERED}act (?:as|like)\b|"
    rf"\b(?:in (?:this|my|the|our|a) {IN_STORY},? (?:i|i'm|im|you|you're|my|we|we're)\b|my character|(?:for|in) the "
    r"persona|(?:stay|be|speak|answer|reply|talk) in character|thought experiment|in the voice of|from the perspective "
    r"of|play the (?:role|part)|you(?:'ll| will)? play (?:the|an?|my|our)|i'll play (?:the|an?|your)|how (?:do|would|"
    r"can|should) (?:i|you|we|one) (?:say|write|spell|pronounce|translate)|fictional|dear diary|parody|campaign time|"
    r"write (?:this |it )?as (?-i:[A-Z])[\w-]+'s|(?:made up|invented|imaginary)(?=[,:])|let'?s play(?=:))\b",
    re.IGNORECASE,
)
_PARTS = KeyedPattern(
    r"\b(?:you're the [\w-]+(?=,? and i(?:'m| am)\b|[.!] go\b)|(?:you are|you're) (?:an?|my|the) [^.!?\n]{2,60}[.!,;]? "
    r"(?:and )?(?:i'm|i am|im) (?:an?|the|your)\b)",
    re.IGNORECASE,
)
""" "You're a troll and I'm the king"."""
_STORY = KeyedPattern(
    (
        r"\b(?:write|compose|draft|tell|generate|create|make up)\b[^.!?\n]{0,60}\b(?:story|poem|song|"
        r"lyrics|essay|monologue|dialogue|script|letter|email|cover letter|bio|speech|post|tweet|message|"
        r"resume|haiku|limerick|scene|novel|review|fanfic\w*)\b"
    ),
    re.IGNORECASE,
)
FICTION = KeyedGroup(_SET_UP, _PARTS, _STORY)
_TOLD = late(r"\bfirst person\b|\bstart\b|\bi am\b.*\bstory\b", re.IGNORECASE)
DREAM = KeyedPattern(
    r"\b(?:i|we|had)\b.*\bdream(?:t|ed)?\b(?! (?:job|home|house|about|up)\b)|^\W*dream(?:t|ed)\b", re.IGNORECASE
)
_OF_THE_DREAM = late(r"\b(?:was|were|had|then|suddenly)\b", re.IGNORECASE)


def fictional(text: str) -> bool:
    """True for a turn that sets up a story or role-play."""
    return bool(_SET_UP.search(text) or _PARTS.search(text) or (_STORY.search(text) and _TOLD.search(text)))


def sets_scene(text: str) -> bool:
    """True for a turn that asks for a story, dialogue or letter."""
    return bool(_STORY.search(text))


def awake(sentences: Iterator[Sentence]) -> Iterator[Sentence]:
    """The sentences, without those that go on telling a dream: "I dreamt of Oslo. I was a vet. I had two bears."."""
    asleep = False
    for sentence in sentences:
        asleep = asleep and bool(_OF_THE_DREAM.search(sentence.text))
        if not asleep:
            yield sentence
        asleep = asleep or bool(DREAM.search(sentence.text))
