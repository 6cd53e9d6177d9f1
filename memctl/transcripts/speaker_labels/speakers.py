"""Speaker labels: which words before a colon name a speaker.

Any line may start with "Word: ". Knows names and roles, not file formats.
"""

import re
import unicodedata

from memctl.core.late_pattern import late
from memctl.transcripts.model import Role
from memctl.transcripts.speaker_labels.label_words import (
    CJK_FUNCTION,
    FUNCTION_WORDS,
    HEADINGS,
    NOBODY,
    PARTICLES,
    PRODUCTS,
    ROLES,
)

LONGEST = 80

_PRODUCT = late(
    rf"(?:{'|'.join(PRODUCTS)})"
    r"(?:[- ]?(?:v?\d[\w.]*+|o\d|code|sonnet|opus|haiku|turbo|pro|flash|mini|ultra|advanced|instruct))*"
)
_SAID = late(r"\s+(?:said|says|wrote|writes|replied|asked|answered)\Z", re.IGNORECASE)
_PARENTHESIS = late(r"\s*[(\[（]([^()\[\]（）]{1,60})[)\]）]\s*\Z")
_PRONOUNS = late(r"\s*[(\[](?:she|he|they|it|xe|ze|ella|él|elle|il|sie|er|ela|ele|lei|lui)(?:\s*/\s*\w+)+[)\]]", re.I)
_WORD = late(r"[^\W\d_][\w.'’\-]*|\(.{1,30}\)|\d{1,3}")
_LABEL_WORD = late(r"[@#~]?[\w][\w.'’´`\-_/]*,?|\(.{1,40}\)|\[.{1,40}\]|[|/&+·•–—-]|\"[^\"]{1,30}\"|“[^”]{1,30}”")
_PHONE = late(r"\+?\d[\d ()\-]{5,20}")
_TITLED = late(
    r"(?:Dr|Prof|Mr|Mrs|Ms|Mx|St|Sr|Sra|Jr|Hr|Fr|Dra|Ing|Lic|Rev|Capt|Lt|Sgt|M|Mme)\.|[^\W\d_]\.", re.IGNORECASE
)
_SENTENCE = late(r"[!?;…。！？]|\.\s")
_NUMBERED = late(
    r"(?:speaker|person|participant|guest|sprecher|hablante|locuteur|interlocutore?|user|话者)[ _-]?\w{1,3}", re.I
)
_MOST_WORDS = 8


def plain_label(label: str) -> str:
    """A label without decoration: marks of emphasis, pronouns in parentheses, "said" at its end."""
    label = _PRONOUNS.sub("", label.strip().strip("*_`").strip())
    return _SAID.sub("", label).strip()


def role_of(label: str) -> Role | None:
    """The role named by a label such as "User", "ChatGPT said", "🤖 Assistant (Claude)"; None for a person's name."""
    word = _without_signs(plain_label(label).lower())
    for name in (word, _PARENTHESIS.sub("", word)):
        if role := ROLES.get(name) or ("assistant" if _PRODUCT.fullmatch(name) else None):
            return role
    return None


def speaker_of(label: str) -> str | None:
    """The name in a label, None if it only names a role. In "Assistant (Claude)" it is the part in parentheses."""
    name = plain_label(label)
    word = _without_signs(name.lower())
    if word in ROLES:
        return None
    if (within := _PARENTHESIS.search(name)) and _without_signs(_PARENTHESIS.sub("", word)) in ROLES:
        return within[1].strip() if is_name(within[1]) else None
    return name or None


def is_name(label: str) -> bool:
    """Whether `label` looks like a person's name: up to eight capitalised words that are not headings of notes.

    Scripts without capitals (Chinese, Arabic, Hindi) count as capitalised.
    """
    label = _without_marks(plain_label(label))
    words = label.split()
    if not words or len(label) > LONGEST or len(words) > _MOST_WORDS or _is_heading(words):
        return False
    if _PHONE.fullmatch(label):
        return True
    if words[0].isdigit() or not all(map(_WORD.fullmatch, words)) or _sentence_like(label, words):
        return False
    return all(not word[0].islower() or (place > 0 and word.lower() in PARTICLES) for place, word in enumerate(words))


def is_label(label: str) -> bool:
    """Whether `label` may be how some program shows a speaker.

    Handles, emoji, "Last, First", "Name | Company", titles and lower case included. Headings of notes and beginnings of
    sentences are not labels.
    """
    label = _without_marks(plain_label(label))
    words = _without_signs(label).split()
    if not label or len(label) > LONGEST or _is_heading(words):
        return False
    if not words:
        return len(label) <= 8 and any(unicodedata.category(sign) == "So" for sign in label)
    if is_name(label) or _PHONE.fullmatch(label):
        return True
    if len(words) > _MOST_WORDS or words[0].isdigit() or not all(map(_LABEL_WORD.fullmatch, words)):
        return False
    if not any(sign.isalpha() for sign in label) or _sentence_like(label, words) or label.count(",") > 2:
        return False
    lower = [word for word in words if word[0].islower() and word.lower() not in PARTICLES]
    return len(lower) <= 3 and not (lower and "," in label and not label.split(",")[1].strip()[:1].isupper())


def is_unknown(label: str) -> bool:
    """Whether `label` says that the speaker was not recognised, as "Unknown Speaker" does."""
    return plain_label(label).lower() in NOBODY


def is_unmistakable(label: str) -> bool:
    """Whether `label` is a speaker although it occurs once: a handle, a number of a speaker, a titled name."""
    label = plain_label(label)
    return (
        label.startswith("@")
        or bool(_PHONE.fullmatch(label) or _NUMBERED.fullmatch(label))
        or (bool(_TITLED.match(label)) and is_label(label) and len(label.split()) > 1)
    )


def _is_heading(words: list[str]) -> bool:
    """Whether the first word begins lines of notes, or all words do."""
    return bool(words) and words[0].lower().strip("*_,") in HEADINGS


def _sentence_like(label: str, words: list[str]) -> bool:
    """Whether the words are those of a sentence: function words, or punctuation other than in titles and initials."""
    bare = " ".join(word for word in words if not _TITLED.fullmatch(word))
    if _SENTENCE.search(bare):
        return True
    if len(words) == 1 and any(sign in CJK_FUNCTION for sign in label) and len(label) > 1:
        return True
    first = words[0].lower()
    return (first in FUNCTION_WORDS and len(words) > 1 and first not in PARTICLES) or any(
        word in FUNCTION_WORDS and word not in PARTICLES for word in words[1:]
    )


def _without_signs(text: str) -> str:
    """`text` without emoji, which may stand before or after a name or a role."""
    return " ".join("".join(sign for sign in text if not _is_sign(sign)).split())


def _is_sign(sign: str) -> bool:
    return sign == "\ufe0f" or unicodedata.category(sign) in ("So", "Sk", "Cf")


def _without_marks(text: str) -> str:
    """`text` without combining marks, such as the vowel signs of Hindi, which `\\w` does not match."""
    return "".join(sign for sign in unicodedata.normalize("NFC", text) if unicodedata.category(sign)[0] != "M")
