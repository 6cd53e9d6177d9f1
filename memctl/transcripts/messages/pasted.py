"""Messages of one chat that somebody pasted into a message of another chat: their words belong to the people they
name."""

import re

from memctl.core.late_pattern import late
from memctl.transcripts.speaker_labels.speakers import is_label

PASTED = "pasted message"
_TIME = r"\d{1,2}[:.h]\d\d"
_CLOCK = late(_TIME)
_DATE = r"\d{1,4}[./-]\s?\d{1,2}[./-]\s?\d{1,4}"
_HEADER = late(
    rf"""
    ^[ \t\u200e\u200f]*(?:
      # [12/03/26, 09:00:01] Ben: Hi
      \[(?=[^\]\n]{{0,40}}{_TIME})[^\]\n]{{4,60}}\]\s*(?P<bracketed>[^:\n\[\]]{{1,60}}):(?=\s)
      # 12/03/26, 09:00 - Ben: Hi
    | (?=[^\n]{{0,30}}?{_DATE})(?=[^\n]{{0,40}}?{_TIME})\d[^\n\[]{{7,50}}?\s[-–—]\s(?P<dashed>[^:\n]{{1,60}}):(?=\s)
      # Ben, [12.03.26 09:00] above the words, as Telegram copies
    | (?P<telegram>[^\n\[\]]{{1,60}}),\ \[(?=[^\]\n]{{0,40}}{_TIME})[^\]\n]{{8,60}}\]:?[ \t]*$
      # Ben — Today at 09:00 above the words, as Discord copies
    | (?P<discord>[^\n]{{1,40}}?)\ —\ (?:Today|Yesterday|{_DATE})[^\n]{{0,6}}?{_TIME}[^\n]{{0,4}}$
    )
      # [12/03/26, 09:00:01] Ben: Hi, within a line
    | \[(?=[^\]\n]{{0,40}}{_TIME})(?=[^\]\n]{{0,40}}{_DATE})[^\]\n]{{8,60}}\]\s*(?P<within>[^:\n\[\]]{{1,60}}):(?=\s)
    """,
    re.VERBOSE | re.MULTILINE,
)


def own_part(text: str) -> tuple[str, bool]:
    """The text before the first pasted message, and whether there is one. Where it ends cannot be seen, so that what
    follows is nobody's."""
    if not any(sign in text for sign in ("[", " - ", " – ", " — ")) or not _CLOCK.search(text):
        return text, False
    for match in _HEADER.finditer(text):
        if is_label((match[match.lastgroup or 0] or "").strip(" ~\u200e\u202a\u202c")):
            return text[: match.start()].rstrip(), True
    return text, False
