"""Lines about somebody else: "Opa: blood pressure 150/85", "Ben: I live in Oslo", the list below "Mum's tablets:".

What such lines say without a subject is not about the person who wrote them.
"""

import re
from collections.abc import Container, Iterator

from memctl.core.late_pattern import late
from memctl.extract.filters.pasted_messages import is_key
from memctl.extract.grammar.segmentation import HIDDEN, at_line_starts
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.transcripts.speaker_labels.speakers import is_name

_LABEL = late(
    r"^[ \t]*(?:\[?\d\d?:\d\d\]? )?(?:[-*•·–] ?)?(?:#+ )?(?:(?:my|our) )?(?P<name>[^\W\d_][\w-]*(?: [A-ZÀ-Þ][\w-]*)?)"
    r"(?P<owned>'s? [^\n:]{2,60})?[ \t]*:(?P<said>[^\n]*)",
    re.MULTILINE | re.IGNORECASE,
)
_OWN = late(r"(?:.*\W)?(?:i|im|ive|we)\b|\W*(?:my|our)\b", re.IGNORECASE)
_BELOW = late(r"(?:\n(?![ \t]*(?:\n|$)|[ \t]*[^\W\d_][\w-]*(?: [A-ZÀ-Þ][\w-]*)?[ \t]*:)[^\n]+)+")
"""The lines up to an empty one or to another label."""
_ITEMS = late(r"(?:\n+[ \t]*(?:[-*•·–]|\d+[.)])[^\n]*)+|(?:\n(?![ \t]*(?:\n|$))[^\n]+)+")
"""The items below a heading, or the lines up to an empty one."""


def lines_of_others(text: str, speaker: str, known: Container[str]) -> list[tuple[int, int]]:
    """The spans of the lines about somebody else in the plain `text` of a turn by `speaker`.

    `known` are the names in lower case of the people who were named before, and of all speakers.
    """
    return list(_spans(text, speaker, known)) if ":" in text else []


def _spans(text: str, speaker: str, known: Container[str]) -> Iterator[tuple[int, int]]:
    for match in at_line_starts(_LABEL, text):
        name, first = match["name"], match["name"].split()[0].casefold()
        if first == speaker:
            continue
        spoken = bool(match["said"].strip())
        certain = first in known or is_given_name(first) or compiled("(?:{RELATIONS})").fullmatch(name)
        if not certain and (
            is_key(name) or not _OWN.match(match["said"]) or not (is_name(name) and may_be_a_person(name))
        ):
            continue
        if not spoken and (items := _ITEMS.match(text, match.end())):
            yield match.start(), items.end()
        elif spoken and not match["owned"]:
            yield match.span()


def without_their_words(text: str, lines: list[tuple[int, int]]) -> str:
    """`text` with those `lines` hidden in which somebody else says "I", and the lines below them that may be theirs."""
    for start, end in lines:
        if _OWN.match(text[start:end].partition(":")[2]):
            below = _BELOW.match(text, end)
            end = below.end() if below else end
            text = text[:start] + re.sub(r"[^\n]", HIDDEN, text[start:end]) + text[end:]
    return text
