"""Split a turn into sentences and words.

Every step keeps offsets, because a claim must quote the turn exactly.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import Remembered, words

HIDDEN = "\x1a"
"""Replaces each character of a quotation or code block: text that contains it is not the speaker's own statement.

It must not be white space for `str.split` and regular expressions, which would then read on behind a quotation."""

_BLANK = f" \t\n\r\f\v{HIDDEN}"

_CODE = late(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)|<(code|pre|quote|blockquote)>.*?</\1>", re.DOTALL)
_BLOCKQUOTE = late(r"^[ \t]*(?:>|\||♪|♫).*$|^.*[♪♫][ \t]*$", re.MULTILINE)
_INDENTED = late(r"(?:^|\n)(?: {4}|\t)\S[^\n]*")
_QUOTATION = late(
    r'"[^"\n]{1,600}"|“[^”]{1,600}”|«[^»]{1,600}»|»[^«»\n]{1,600}«|„[^“”"]{1,600}[“”"]|'
    r"(?<!\w)'(?!\d\d\b)(?:[^'\n]|(?<=\w)'(?=\w)){12,300}'(?!\w)"
)
_TITLE_WORD = r"(?!I\b)[A-ZÀ-Þ0-9][\w'-]*"
_SMALL_WORD = r"(?:an?|and|at|by|der?|des|du|el|for|from|in|into|la|le|of|on|or|the|to|van|von|with|&)"
TITLE = late(rf"{_TITLE_WORD}(?::? (?:{_TITLE_WORD}|{_SMALL_WORD})){{0,6}}:? {_TITLE_WORD}")
"""The title of a work: words with capitals, and small words between them."""
_END_MARK = late(r"[.!?…]+$")
""" "Stop saying 'Great question!' each time": the sentence does not end there."""
_QUOTES = frozenset("\"“«»„'")
_OPENING_QUOTE = late(r"[“«»„'](?<!\w')")
_STAGE = late(r"(?<!\*)\*[^*\n]{3,200}\*(?!\*)")
_APOSTROPHES = {ord(mark): "'" for mark in "\u2018\u2019\u201b\u02bc\u02b9\u00b4\uff07"}
_PAPER = str.maketrans({"`": " ", "\u00a0": " ", "\u202f": " "}) | _APOSTROPHES

_BREAK = late(
    r"[.!?…。！？]+[\"')\]]*(?=\s|$|[A-Z][a-z])|[。！？]|\n+|\s+(?=[\U0001F300-\U0001FAFF])|(?<=[\U0001F300-\U0001FAFF])\s*"
)
_ASCII_BREAK = late(r"[.!?\n](?:(?<=\n)\n*|(?<!\n)[.!?]*[\"')\]]*(?=\s|$|[A-Z][a-z]))")
"""The same for ASCII texts, which is faster: its first character is one of a set."""
_ABBREVIATIONS = words(
    "dr mr mrs ms prof st jr sr vs etc e.g i.e approx no inc ltd co fig mt ft jan feb mar apr jun jul aug sep sept oct "
    "nov dec a.m p.m u.s u.k ph.d"
)
_ABBREVIATION = late(rf"\b(?:{'|'.join(map(re.escape, _ABBREVIATIONS))}|[a-z])$", re.IGNORECASE)
_ENDINGS = frozenset(one[-2:] for one in _ABBREVIATIONS)
"""The last two letters of abbreviations: few sentences end with them, or with a single letter."""


_LONGEST_ABBREVIATION = 8
"""Characters, at least: an abbreviation is looked for only at the end of a sentence."""


class Sentence(msgspec.Struct, frozen=True):
    """A sentence of the plain text: `text` without its closing mark, its offset, and that mark."""

    text: str
    start: int
    mark: str


def straightened(text: str) -> str:
    """`text` with straight apostrophes, as long as before: "J’habite" is "J'habite"."""
    return text if text.isascii() else text.translate(_APOSTROPHES)


@lru_cache(maxsize=64)
def plain(text: str) -> str:
    """`text` with straight apostrophes, and with code, quotations and stage directions hidden.

    The result is as long as `text`, so that offsets agree. A quotation of up to three words and the title of a work
    stay: "call me “Ally”", "I watched “The Return of the King”".
    """
    if "```" in text:
        text = _hide(_CODE, text)
    text = text.replace("`", " ") if text.isascii() else text.translate(_PAPER)
    if "<" in text:
        text = _hide(_CODE, text)
    if ">" in text or "|" in text or "♪" in text or "♫" in text:
        text = _hide(_BLOCKQUOTE, text)
    if "\n    " in text or "\n\t" in text:
        text = _hide(_INDENTED, text)
    if '"' in text or _OPENING_QUOTE.search(text):
        text = _QUOTATION.sub(_quotation, text)
    return _STAGE.sub(_stage, text) if "*" in text else text


def _hide(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda match: "\n" + HIDDEN * (len(match[0]) - 2) + "\n" if len(match[0]) > 1 else "\n", text)


def _quotation(match: re.Match[str]) -> str:
    inner = _END_MARK.sub(lambda mark: " " * len(mark[0]), match[0][1:-1])
    if (len(inner.split()) <= 3 and not re.search(r"\b(?:i|my)\b|i'm", inner, re.IGNORECASE)) or TITLE.fullmatch(inner):
        return " " + inner + " "
    return HIDDEN * len(match[0])


def requoted(text: str, source: str) -> str:
    """`text` with the quotes that `source` has around some of its words: never say "sorry"."""
    for match in _QUOTATION.finditer(source) if not _QUOTES.isdisjoint(source) else ():
        words = " ".join(_END_MARK.sub("", match[0][1:-1]).split())
        before = source[: match.start()].split()[-1:]
        for lead in (rf"(?<={re.escape(before[0])} )" if before else "", r"(?<![\w\"'“«])"):
            if words and (bare := re.search(rf"{lead}{re.escape(words)}(?![\w\"'”»])", text)):
                text = f"{text[: bare.start()]}{match[0]}{text[bare.end() :]}"
                break
    return text


def _stage(match: re.Match[str]) -> str:
    return " " + match[0][1:-1] + " " if len(match[0].split()) <= 2 else HIDDEN * len(match[0])


def at_line_starts(pattern: re.Pattern[str], text: str) -> Iterable[re.Match[str]]:
    """The matches of a pattern that opens with the start of a line; in a text of one line, only its start is tried."""
    return pattern.finditer(text) if "\n" in text else filter(None, [pattern.match(text)])


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of plain text, in order, without blank and hidden ones."""
    start = 0
    for match in (_ASCII_BREAK if text.isascii() else _BREAK).finditer(text):
        mark = match[0].strip()
        if mark.startswith(".") and len(mark) == 1:
            if _is_abbreviation(text, start, match.start()) and not text[match.end() :].lstrip(" ").startswith("\n"):
                follows = text[match.end() : match.end() + 4].lstrip()
                last = (
                    text[start : match.start()].rsplit(None, 1)[-1].lower()
                    if text[start : match.start()].split()
                    else ""
                )
                if not (last in ("i", "a.m", "p.m", "etc", "no", "u.s", "u.k") and follows[:1].isupper()):
                    continue
            if (
                match.end() < len(text)
                and not text[match.end()].isspace()
                and text[match.start() - 1 : match.start()].isupper()
            ):
                continue
        body = text[start : match.start()]
        if body.strip(_BLANK):
            yield _sentence(body, start, mark)
        start = match.end()
    if text[start:].strip(_BLANK):
        yield _sentence(text[start:], start, "")


def _is_abbreviation(text: str, start: int, end: int) -> bool:
    """True if the words from `start` to `end` end with an abbreviation."""
    last = text[end - 2 : end].lower()
    if last.isascii() and last.isalnum() and len(last) > 1 and last not in _ENDINGS:
        return False
    return _ABBREVIATION.search(text, max(start, end - _LONGEST_ABBREVIATION), end) is not None


_LAUGH = r"(?:(?:ha){1,5}h?|(?:he){2,5}h?|lo+l|lmf?ao+|rofl|xd)"
_OPENING_WORDS = frozenset(
    words(
        "ha haha hahaha hehe hehehe lol lool lmao rofl hmm hmmm um umm uh uhh omg ugh btw tbh ngl fyi by honestly as "
        "you"
    )
)
_OPENING = late(
    rf"(?:(?:{_LAUGH}(?:,? (?:yeah|yes))?|hmm+|um+|uh+|omg|ugh|btw|by the way|honestly|tbh|ngl|fyi|as you know|"
    r"you know what)\b[,:;…-]*\s+)+(?=\w)",
    re.IGNORECASE,
)
_CLOSING_WORDS = frozenset(
    words("ha haha hahaha hehe hehehe lol lool lmao rofl xd tbh ngl btw fyi yeah whatever story")
)
_CLOSING = late(
    rf"(?<=\w)(?:[,;…-]*\s+\(?(?:{_LAUGH}|tbh|ngl|btw|fyi|so yeah|but whatever|long story)\)?)+$", re.IGNORECASE
)
_AROUND = " \t-*•·>#_\"'([\u2013\u2014"


def _sentence(body: str, start: int, mark: str) -> Sentence:
    """`body` without list marks, laughter, and phrases such as "by the way" before and after the statement."""
    lead = len(body) - len(body.lstrip(_AROUND))
    text = body[lead:].rstrip()
    if text.partition(" ")[0].rstrip(",").lower() in _OPENING_WORDS and (opening := _OPENING.match(text)):
        lead += opening.end()
        text = text[opening.end() :]
    if text.rpartition(" ")[2].rstrip(")").lower() in _CLOSING_WORDS and (closing := _CLOSING.search(text)):
        text = text[: closing.start()]
    return Sentence(text, start + lead, mark)


class Token(msgspec.Struct, frozen=True):
    """One word in lower case and its offsets in the clause; a contraction gives several with the same offsets."""

    word: str
    start: int
    end: int


CONTRACTIONS: dict[str, tuple[str, ...]] = {
    "im": ("i", "am"),
    "ive": ("i", "have"),
    "i'd": ("i", "would"),
    "id": ("id",),
    "cant": ("can", "not"),
    "can't": ("can", "not"),
    "cannot": ("can", "not"),
    "won't": ("will", "not"),
    "wont": ("will", "not"),
    "dont": ("do", "not"),
    "doesnt": ("does", "not"),
    "didnt": ("did", "not"),
    "isnt": ("is", "not"),
    "arent": ("are", "not"),
    "wasnt": ("was", "not"),
    "havent": ("have", "not"),
    "hasnt": ("has", "not"),
    "hadnt": ("had", "not"),
    "werent": ("were", "not"),
    "wouldnt": ("would", "not"),
    "couldnt": ("could", "not"),
    "shouldnt": ("should", "not"),
    "aint": ("am", "not"),
    "ain't": ("am", "not"),
    "gonna": ("going", "to"),
    "wanna": ("want", "to"),
    "gotta": ("must",),
    "hafta": ("must",),
    "i'ma": ("i", "will"),
    "imma": ("i", "will"),
    "let's": ("let", "us"),
    "theyre": ("they", "are"),
    "hes": ("he", "is"),
    "shes": ("she", "is"),
    "weve": ("we", "have"),
    "movd": ("moved",),
    "studing": ("studying",),
    "workng": ("working",),
}
_SUFFIXES = {"'m": "am", "'ve": "have", "'re": "are", "'ll": "will", "'d": "would", "'s": "is"}
_WORD = late(rf"[\w{HIDDEN}](?:[\w{HIDDEN}'+#./&-]*[\w{HIDDEN}+#])?|\.\w+")


_END = late(r"\s(?<=[?!.]\s)\s*")
_DROPPED = late(
    r"(?:work|liv|smok|drink|eat|play|go|do|tak|mak|mov|study|learn|teach|us|run|walk|swim|rid|driv|look|try|think|"
    r"plan|start|quitt|stopp|train|cook|bak|writ|read|watch|com|leav|sell|buy|gett|hav|dat|see|fish|hunt|hik|danc|"
    r"dipp|chew)in"
)


def _ing(word: str) -> str:
    """ "Smokin" is "smoking"."""
    return f"{word}g" if _DROPPED.fullmatch(word) else word


def tokens(text: str) -> list[Token]:
    """The words of a clause, contractions expanded ("I've" gives "i" and "have")."""
    found: list[Token] = []
    for match in _WORD.finditer(text):
        start, end = match.span()
        for part in _parts[match[0]]:
            found.append(Token(part, start, end))  # noqa: PERF401 -- most words have one part
    return found


def _parts_of(word: str) -> tuple[str, ...]:
    """A word in lower case, or the words that it is short for."""
    word = word.lower()
    if word.endswith(("in", "in'")):
        word = _ing(word.rstrip("'"))
    if word in CONTRACTIONS:
        return CONTRACTIONS[word]
    if word.endswith("n't"):
        return word[:-3], "not"
    if "'" in word and (cut := word.rfind("'")) > 0 and word[cut:] in _SUFFIXES:
        return word[:cut], _SUFFIXES[word[cut:]]
    return (word,)


_parts = Remembered(_parts_of)


@lru_cache(maxsize=64)
def last_question(text: str) -> str | None:
    """The last sentence of a message that ends with a question mark."""
    asked = [part for part in _END.split(text.strip()) if part.endswith("?")]
    return asked[-1] if asked else None


_ASKS = KeyedPattern(
    r"\W*(?:(?:and|so|but|oh|hey|ok|wait|hi|well|then|btw|also)\b\W*)*(?:(?:who|where|how|when|which|why)(?:'s|s|"
    r"'re)?|what(?:'s|s|'re)?(?! an? ))\s(?:\w+ ){0,3}?(?:is|are|was|were|do|does|did|has|have|you|your|u|ur|he|she|"
    r"they|the|his|her|about)\b|\W*(?:(?:and|so|but|oh|ok)\W+)*(?:do|are|have|did|is|does|has|were|was) (?:you|u|he|"
    r"she|they|it|your|the) ",
    re.IGNORECASE,
)
_LONGEST_UNMARKED = 14
"""Words of a question that is read as one without a mark."""


def asked(text: str) -> str | None:
    """A message that asks something, with a question mark at its end if its writer left that out; None for another."""
    if "?" in text:
        return text
    if not _ASKS.possible(text):
        return None
    last = _END.split(text.strip())[-1].rstrip(" .!")
    if len(last.split()) > _LONGEST_UNMARKED or not _ASKS.match(last):
        return None
    return f"{text.rstrip(' .!')}?"
