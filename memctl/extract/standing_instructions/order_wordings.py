"""Other wordings of an order: "you must not tell me to rest", "don't you ever tell me", "not to tell me to rest".

Each is put into the imperative, so that one pattern reads them all. What is stored keeps the speaker's words.
"""

import re
from collections.abc import Callable

from memctl.extract.patterns.keyed_pattern import OpeningPattern

_ACT = (
    r"(?:answer|reply|respond|say|tell|ask|write|type|text|message|explain|describe|list|mention|suggest|recommend|offer|"
    r"name|spell|format|number|mark|flag|convert|translate|cite|quote|correct|remind|warn|give|show|put|include|add|keep|"
    r"leave|skip|use|call|check|stick|start|end|finish|send|talk|speak|be)\b"
)
Rewrite = Callable[[re.Match[str]], str]
_WORDINGS: tuple[tuple[OpeningPattern, Rewrite], ...] = (
    (
        OpeningPattern(
            r"^(?:(?:don't|dont|do not|never) (?:you|u)(?: ever)?|(?:you|u) (?:mustn't|must not|must never|"
            r"shouldn't|should not|should never|shall not|shall never|are not to|aren't to|may not)(?: ever)?|"
            rf"(?:from (?:now|today)(?: on)?,? )(?:you|u) (?:don't|dont|do not|never)|not to) (?={_ACT})",
            re.IGNORECASE,
        ),
        lambda _: "don't ",
    ),
    (
        OpeningPattern(
            r"^(?:but |and )?(?:do|(?:you|u) (?:must|shall|should|have to|need to|are to)(?: always)?|try to) "
            rf"(?={_ACT})",
            re.IGNORECASE,
        ),
        lambda _: "",
    ),
    (
        OpeningPattern(r"^(?:gimme|gie me|giv me)\b", re.IGNORECASE),
        lambda _: "give me",
    ),
    (
        OpeningPattern(r"^(stop|quit|no more) ([a-z]{2,}in)'?(?= )", re.IGNORECASE),
        lambda match: f"{match[1]} {match[2]}g",
    ),
    (
        OpeningPattern(
            r"^(?:absolutely|definitely|strictly|really|under no circumstances,?|at no time) "
            r"(?=(?:no|never|don't|do not)\b)",
            re.IGNORECASE,
        ),
        lambda _: "",
    ),
    (
        OpeningPattern(
            r"^((?:please |just |always )*(?:answer|reply|write|respond|talk|speak|explain|text|type)) (?:to )?me "
            r"(?:always |only |back )?(?=\w)",
            re.IGNORECASE,
        ),
        lambda match: f"{match[1]} ",
    ),
)


def as_imperative(text: str) -> str:
    """`text` in the imperative, if it is an order in another wording; else `text` itself."""
    for pattern, rewrite in _WORDINGS:
        if match := pattern.match(text):
            return rewrite(match) + text[match.end() :]
    return text
