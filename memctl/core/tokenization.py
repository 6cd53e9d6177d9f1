"""Text for the index: sentences, words, stems.

Stored texts and queries use the same functions. All languages are supported; English is stemmed, scripts written
without spaces become character bigrams.
"""

import re
import threading
import unicodedata
from collections.abc import Callable
from functools import cache, lru_cache
from importlib import import_module

from memctl.core.late_pattern import late

_COMMON = """
a about above after again all also am an and any are aren't as at be because been before being below between
both but by can can't cannot could couldn't did didn't do does doesn't doing don't down during each few for
from further had hadn't has hasn't have haven't having he he'd he'll he's her here here's hers herself him
himself his how how's i i'd i'll i'm i've if in into is isn't it it'd it'll it's its itself just let's me
more most my myself no nor not of off on once only or other our ours ourselves out over own same she she'd
she'll she's should shouldn't so some such than that that's the their theirs them themselves then there
there's these they they'd they'll they're they've this those through to too under until up very was wasn't
we we'd we'll we're we've were weren't what what's when where where's which while who who's whom whose why
with won't would wouldn't you you'd you'll you're you've your yours yourself yourselves
"""
STOP_WORDS = frozenset(_COMMON.split())
"""English stop words. `may`, a month, and `will`, a name, are not among them."""

LONGEST_SENTENCE = 600
"""Characters after which a sentence without an end, such as a pasted log, is cut at a space."""
LONGEST_REMEMBERED = 40
"""Longest word, or text between spaces, whose stems are cached; longer ones are hashes and the like."""

_ENDINGS = {"s", "t", "d", "m", "ll", "re", "ve"}
_ELISIONS = {"l", "d", "j", "c", "n", "m", "t", "s", "qu"}

_ACCENTS = late("[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0640]")
_IDEOGRAPHS = "\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff"
# Thai, Lao, Burmese, Khmer, kana, Han, hangul.
_UNSPACED = rf"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff{_IDEOGRAPHS}\uac00-\ud7af"
# Vowel signs of the Indic scripts are marks, which `\w` excludes; the two dandas are punctuation.
_INDIC = "\u0900-\u0963\u0966-\u0dff"
_NUMBER = r"(?P<number>\d+(?:[.,]\d+)*(?!\w))"
_ASCII_WORD = late(_NUMBER + r"|(?P<word>[a-z0-9]+(?:'[a-z0-9]+)*)", re.ASCII)
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00b4": "'"})

_EMOJI = "\u2600-\u27bf\u2b50\u2b55\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff"
# Possessive runs that start only where no run precedes, so that a megabyte of dots does not take quadratic time.
_BREAK = late(
    # A closing mark with its quotes, brackets and emoji, followed by white space.
    rf"(?<![.!?…])(?P<mark>[.!?…؟۔।॥։]++)[\"'”’»)\]*_]*+(?:\s*+[{_EMOJI}\ufe0f\u200d]++)*(?=\s|\Z)"
    # The same in scripts that put no space after it.
    rf"|[。！？｡]++[」』”’）\]]*+(?:\s*+[{_EMOJI}\ufe0f\u200d]++)*"
    # Emoji used as the closing mark: a capital follows.
    rf"|(?<![{_EMOJI}\ufe0f\u200d])[{_EMOJI}\ufe0f\u200d]++(?=\s+[A-Z])"
    r"|\n++"
)
_BULLET = late(r"\s*(?:[-*+•‣◦–—]|#{1,6}|\d{1,3}[.)]|\[[ xX]\])\s+")
_ABBREVIATION = late(
    r"(?:^|[\s(\"'])(?:"
    r"(?P<title>dr|mr|mrs|ms|mx|prof|st|mt|gen|gov|sen|capt|lt|col|sgt|rev)"
    r"|(?P<numbered>no|nr|fig|jan|feb|mar|apr|jun|jul|aug|sep|sept|oct|nov|dec|approx|ca)"
    r"|(?P<firm>jr|sr|inc|ltd|co|corp|dept|etc|a\.m|p\.m)"
    r"|vs|e\.g|i\.e|u\.s|u\.k|u\.s\.a|ph\.d|z\.b|bzw|d\.h|[a-hj-z])$",
    re.IGNORECASE,
)

_local = threading.local()


def sentences(text: str) -> list[str]:
    """The sentences of `text`, in order, stripped and non-empty; list items are sentences.

    A full stop in a number, a URL or an abbreviation does not end a sentence. Bullets and item numbers are dropped. A
    sentence longer than LONGEST_SENTENCE characters is split.
    """
    # Most facts are one sentence: ASCII without a mark before the last character.
    if text.isascii():
        body = text[:-1]
        if not ("." in body or "!" in body or "?" in body or "\n" in body):
            return _pieces(text)
    found: list[str] = []
    start = 0
    for match in _BREAK.finditer(text):
        if match["mark"] == "." and not _ends_sentence(text, start, match.start(), match.end()):
            continue
        found += _pieces(text[start : match.end()])
        start = match.end()
    return found + _pieces(text[start:])


def _ends_sentence(text: str, start: int, stop: int, end: int) -> bool:
    """Whether the full stop at `stop` ends the sentence that starts at `start`."""
    if stop - start < 8 and _BULLET.fullmatch(text[start:stop].strip() + ". "):
        return False
    abbreviation = _ABBREVIATION.search(text[max(start, stop - 12) : stop])
    if not abbreviation:
        return True
    following = text[end : end + 8].lstrip()[:1]
    match abbreviation.lastgroup:
        case "title":
            return not following.isupper()
        case "numbered":
            return not following.isdigit()
        case "firm":
            return not following.islower()
    return False


def _pieces(raw: str) -> list[str]:
    sentence = raw.strip()
    if bullet := _BULLET.match(sentence):
        sentence = sentence[bullet.end() :]
    if not sentence[:1].isalnum() and not any(character.isalnum() for character in sentence):
        return []
    pieces = []
    start = 0
    while len(sentence) - start > LONGEST_SENTENCE:
        space = sentence.rfind(" ", start + LONGEST_SENTENCE // 2, start + LONGEST_SENTENCE)
        cut = space if space > 0 else start + LONGEST_SENTENCE
        pieces.append(sentence[start:cut].strip())
        start = cut
    return [piece for piece in (*pieces, sentence[start:].strip()) if piece]


def fold(text: str) -> str:
    """`text` normalised (NFKC), case-folded, without accents and Arabic or Hebrew vowel points."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text.translate(_APOSTROPHES).casefold())
    return unicodedata.normalize("NFC", _ACCENTS.sub("", decomposed))


def words(text: str) -> list[str]:
    """All folded words of `text`: "Zoë's 1,500 tea-cups" gives zoe's, 1500, tea, cups.

    A run of a script written without spaces (Chinese, Japanese, Thai, …) gives its character bigrams, and each Han
    character alone as well, because it may be a whole word. Hangul, which inflects at the end, is treated the same way.
    """
    folded = fold(text)
    if folded.isascii():
        return [word or _digits(number) for number, word in _ASCII_WORD.findall(folded)]
    found: list[str] = []
    for match in _word().finditer(folded):
        run = match[0]
        if match["word"]:
            found.append(run)
        elif match["number"]:
            found.append(_digits(run))
        elif len(run) == 1:
            found.append(run)
        else:
            found += [run[i : i + 2] for i in range(len(run) - 1)]
            found += _han().findall(run)
    return found


def _digits(number: str) -> str:
    return number.replace(",", "").lstrip("0") or "0"


@cache
def _word() -> re.Pattern[str]:
    """`_ASCII_WORD` for every script. Compiled on demand, because its sets take 12 ms."""
    return late(
        rf"(?P<unspaced>[{_UNSPACED}]+)|{_NUMBER}"
        rf"|(?P<word>(?:[^\W_{_UNSPACED}]|[{_INDIC}])+(?:'(?:[^\W_{_UNSPACED}])+)*)"
    )


@cache
def _han() -> re.Pattern[str]:
    return late(f"[{_IDEOGRAPHS}]")


def stems(text: str) -> list[str]:
    """The index terms of `text`: stems of its words without stop words, repetitions included.

    Words of plain Latin letters are stemmed by Snowball's English algorithm (Porter2); a possessive or elided part
    ("Anna's", "l'hôtel") is dropped. Numbers are kept.
    """
    found: list[str] = []
    if text.isascii():
        # No word has white space in it, and the same words with the same marks at them come again and again.
        for run in text.split():
            found += _remembered_run(run) if len(run) <= LONGEST_REMEMBERED else _run_stems(run)
        return found
    for word in words(text):
        found += _remembered(word) if len(word) <= LONGEST_REMEMBERED else _stems(word)
    return found


def _stems(word: str) -> tuple[str, ...]:
    """The stems of a word: none, one, or those of its parts."""
    if word in STOP_WORDS:
        return ()
    stem = _stemmer()
    parts = [part for part in _without_affix(word) if part not in STOP_WORDS]
    return tuple(stem(part) if part.isascii() and part.isalpha() else part for part in parts)


def _run_stems(run: str) -> tuple[str, ...]:
    """The stems of a text without white space."""
    return tuple(stem for word in words(run) for stem in _stems(word))


_remembered = lru_cache(maxsize=1 << 15)(_stems)
_remembered_run = lru_cache(maxsize=1 << 15)(_run_stems)


def _without_affix(word: str) -> list[str]:
    if "'" not in word:
        return [word]
    first, *rest = word.split("'")
    parts = [] if first in _ELISIONS else [first]
    return parts + [part for part in rest if part not in _ENDINGS]


def _stemmer() -> Callable[[str], str]:
    # Threads must not share a PyStemmer object and its cache.
    stem: Callable[[str], str] | None = getattr(_local, "stem", None)
    if stem is None:
        stem = _local.stem = import_module("Stemmer").Stemmer("english").stemWord
    return stem
