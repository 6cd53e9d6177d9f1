"""Mail, and messages of another chat, that somebody pasted: from the header on, the words are those of its sender."""

import re

from memctl.core.late_pattern import late
from memctl.extract.filters.pasted_documents import hide_documents
from memctl.extract.grammar.segmentation import HIDDEN, at_line_starts
from memctl.extract.patterns.wordlist import words
from memctl.transcripts.messages.pasted import own_part
from memctl.transcripts.speaker_labels.label_words import HEADINGS, ROLES
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
_LINE = late(
    r"^[ \t]*(?P<label>(?:speaker|person|customer|client|agent|interviewer|interviewee|bot|ai|q|a|patient|"
    r"host|guest|caller|user|human|assistant)[ \d]*|[A-Z][a-z]+(?: [A-Z][a-z]+)?)\s*:\s.*$",
    re.MULTILINE | re.IGNORECASE,
)
_KEYS = frozenset(
    words(
        "household family kids children pets cat cats dog dogs car cars bike home city town country address born "
        "birthday married partner wife husband parents siblings brother sister mother father school university company "
        "employer work team meds medicine allergic hobby sport sports training run swim sleep mood food drink height "
        "blood condition conditions insurance bank passport visa holiday holidays trip flight hotel rent salary income "
        "debt debts savings dentist gp vet garage wifi boiler garden house flat landlord neighbours language languages "
        "nationality nickname pronouns timezone laptop computer editor stack project"
    )
)
"""What opens the lines of a profile or of notes, besides the headings of documents."""
_REPORTED = late(
    r"""
      ( ^ (?: [^\n]* \b (?!(?:i|we|you|id|i'd)\ ) [\w'-]+\  (?:just\ |then\ |also\ |only\ |has\ |had\ )?
              (?:replied|wrote|writes|answered|texted|messaged|emailed|posted|commented|sent|sends|said|says|goes)
              (?:\ (?:me|us|this|that|back|again|yesterday|today|just\ now|this\ morning|last\ night))*
              [ \t]*:
            | [^\n]* \b (?:look|see|check|read|heres?|here's|here\ is|this\ is|thats?|that's) (?:\ at|\ out)?
              \ (?:what|how) \ (?!(?:i|we|you)\ ) [^\n]{2,40} (?:sent|wrote|replied|texted|answered|posted|said)
              [^\n]{0,20}
            | [ \t]* (?:fwd|forwarded|fw|copied|pasted) (?:\ this)? (?::|\ from\b) [^\n]{0,40}
          ) [ \t]* \n )
      ( (?:[ \t]*\S[^\n]*(?:\n|\Z))+ )
    """,
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
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
    text = hide_documents(text)
    if ":" not in text and "--" not in text:
        return text
    starts = [len(own_part(text)[0]), _header(text), *(match.start() for match in at_line_starts(_SEPARATOR, text))]
    starts += [match.start() for match in at_line_starts(_IN_BRACKETS, text) if is_name(match["name"])]
    start = min(place for place in starts if place is not None)
    return text[:start] + re.sub(r"[^\n]", HIDDEN, text[start:])


def hide_reported(text: str) -> str:
    """The text with the paragraphs hidden that are somebody else's words: those below "Petra replied:" and "look what
    her mum sent me"."""
    return _REPORTED.sub(lambda match: match[1] + re.sub(r"[^\n]", HIDDEN, match[2]), text)


def hide_dialogue(text: str) -> str:
    """The text with the lines of a pasted dialogue hidden: two lines or more that open with a speaker.

    The lines of a profile, "Age: 34" or "City: Kiel", are the speaker's own.
    """
    lines = [] if ":" not in text else [match for match in at_line_starts(_LINE, text) if not is_key(match["label"])]
    for match in lines if len(lines) > 1 else ():
        text = text[: match.start()] + HIDDEN * len(match[0]) + text[match.end() :]
    return text


def is_key(label: str) -> bool:
    """True for a label such as "Car" or "Plans", which names no speaker."""
    first = label.split()[0].casefold()
    return first in _KEYS or (first in HEADINGS and first not in ROLES)


def _header(text: str) -> int | None:
    """Where the header of a mail begins: adjacent lines with its sender and a field such as `Subject:`, or a
    salutation after the sender."""
    start = end = -1
    met: set[str] = set()
    for match in at_line_starts(_FIELD, text):
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
