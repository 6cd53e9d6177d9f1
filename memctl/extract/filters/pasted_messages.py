"""Mail, and messages of another chat, that somebody pasted: from the header on, the words are those of its sender."""

import re

from memctl.core.late_pattern import late
from memctl.extract.grammar.segmentation import HIDDEN
from memctl.extract.patterns.wordlist import words
from memctl.transcripts.messages.pasted import own_part
from memctl.transcripts.speaker_labels.speakers import is_name

_SENDER = frozenset(words("from von de da van от"))
_CERTAIN = frozenset(
    words(
        "sent date subject gesendet datum betreff envoyé objet enviado fecha asunto inviato data oggetto assunto "
        "verzonden onderwerp дата тема"
    )
)
"""Fields that a mail has and other lists with a "From:", such as a journey's, do not have."""
_OTHERS = frozenset(words("to cc bcc reply-to an à para aan a кому"))
_FIELD = late(r"^[ \t>*_]*(?P<name>[^\W\d_][\w-]{0,11})[*_]*[ \t]?:[*_]*[ \t]+\S.*\n?", re.MULTILINE)
_SALUTATION = late(
    r"\s*(?:dear|hi|hello|hey|good (?:morning|afternoon|evening)|liebe[rs]?|hallo|bonjour|hola)\b[^\n]{0,40}",
    re.IGNORECASE,
)
"""What follows the header of a mail of which only the sender was copied."""
_IN_BRACKETS = late(r"^[ \t]*\[(?P<name>[^\W\d_][^\[\]\n:]{0,40})\][ \t]*:[ \t]", re.MULTILINE)
""" "[Carl]: Hi": how programs for groups show an assistant who sent a message."""
_SEPARATOR = late(
    r"""
      ^[ \t>*]*-{2,}\ ?(?:original\ message|forwarded\ (?:message|by)|ursprüngliche\ nachricht|message\ d'origine
        |mensaje\ original|mensagem\ original|messaggio\ originale|oorspronkelijk\ bericht)\b
    | ^[ \t>*]*begin\ forwarded\ message:
    | ^[ \t>*]*on\ (?=[^\n]{0,60}\d)[^\n]{6,120}\ wrote:[ \t]*$      # On Mon, 25 Mar 2024, Carl wrote:
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)


def hide_messages(text: str) -> str:
    """The text with what was pasted, and all that follows it, hidden; the length stays the same."""
    if ":" not in text and "--" not in text:
        return text
    starts = [len(own_part(text)[0]), _header(text), *(match.start() for match in _SEPARATOR.finditer(text))]
    starts += [match.start() for match in _IN_BRACKETS.finditer(text) if is_name(match["name"])]
    start = min(place for place in starts if place is not None)
    return text[:start] + re.sub(r"[^\n]", HIDDEN, text[start:])


def _header(text: str) -> int | None:
    """Where the header of a mail begins: adjacent lines with its sender and a field such as `Subject:`, or a
    salutation after the sender."""
    start = end = -1
    met: set[str] = set()
    for match in _FIELD.finditer(text):
        name = match["name"].lower()
        if name not in _SENDER and name not in _CERTAIN and name not in _OTHERS:
            continue
        if match.start() != end:
            start, met = match.start(), set()
        end = match.end()
        met.add(name)
        if met & _SENDER and (met & _CERTAIN or _SALUTATION.match(text, end)):
            return start
    return None
