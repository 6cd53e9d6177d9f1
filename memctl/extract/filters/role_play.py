"""Role play: what a speaker says in character in the messages after "role play: you're a waiter, I'm a tourist"."""

import re

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.patterns.keyed_pattern import KeyedPattern

LONGEST = 8
"""Messages of a role play that nobody ends."""
BEGINS = KeyedPattern(
    r"(?:^\W*(?:(?:ok|okay|so|right|now|hey|hi)\W+)*|\b(?:let's|lets|let us|can|could|shall|like to|want to|wanna) "
    r"(?:(?:we|you|try|do|start|have|a|some|quick|bit of|please) )*)role[- ]?play(?:ing)?\b(?! (?:games?|group|club|"
    r"session|night|campaign|server|community|nerd|fan)s?\b)|"
    r"\b(?:(?:pretend|imagine) (?:that )?you(?:'re| are)\b.*\b(?:i'm|i am)\b|you be (?:the|an?)\b.*\bi'll be\b)|"
    r"\b(?:need|want|be|you'?re|you are|you play|act as) (?:you to (?:be|play) )?(?:an?|my|our|the) (?:good |solo )?"
    r"(?:(?:game|dungeon)[- ]?master|[dg]m)\b(?! (?:for my|screen|shield|kit|notes?|guide)\b)|"
    r"\btext adventure\b(?=.*\b(?:play|start|run|with me)\b)",
    re.IGNORECASE,
)
_ENDS = late(
    r"\b(?:out of (?:role|character)|(?:end|stop|finish|done with|back from) (?:of )?(?:the )?(?:role|scene)|end scene|"
    r"role[- ]?play (?:over|done|finished)|i(?:'ll| will)? (?:have to |must )?stop here|"
    r"that was (?:\w+ )?(?:useful|helpful|great|fun|good|hard))\b|"
    r"^\W*(?:(?:ok|okay|haha|lol|right|and|now)\b\W*)*(?:stop|thanks|thank you|cheers|enough|done|cut)\b",
    re.IGNORECASE,
)


class RolePlay:
    """Which messages of a session are said in character."""

    def __init__(self) -> None:
        self.left = 0

    def own(self, text: str, drafts: list[Draft]) -> list[Draft]:
        """`drafts` of the next message; only its instructions if it is said in character."""
        return [draft for draft in drafts if draft.predicate == "instruction"] if self._in_character(text) else drafts

    def _in_character(self, text: str) -> bool:
        """Whether the next message is said in character: it follows the one that begins the play."""
        if self.left and _ENDS.search(text):
            self.left = 0
            return False
        if BEGINS.search(text) and not _ENDS.search(text):
            self.left = LONGEST
            return False
        self.left = max(0, self.left - 1)
        return self.left > 0
