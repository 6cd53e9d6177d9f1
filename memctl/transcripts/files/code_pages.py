"""The code page of a text that is not UTF-8, judged by how well the text it gives fits a language.

Each code page is tried with the languages that were written in it. A language is a model of single characters: the
share of its letters outside ASCII, and how frequent each is. The most likely text wins if it is far more likely than
every other text; else the code page is unclear. Knows no file formats.
"""

import codecs
import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

SAMPLE = 8192
"""Bytes that are judged."""
_MARGIN = math.log(1000)
"""How much more likely the best text has to be than the next one."""
_MOST_FOREIGN = 0.2
"""Share of characters outside ASCII that may be foreign to a language."""
_MIXTURES = {"western": 0.0, "central": -6.0, "baltic": -6.0}
"""How much less likely a chat in several languages is, in nats."""
_OLD, _OLD_LETTERS = -6, 3
"""Code pages of systems before Windows have to be shown by several letters."""
_FOREIGN = math.log(1e-5)
_COMMON_SIGNS = frozenset("’‘“”–—…€°·«»¿¡ºª\u00a0、。！？「」・，：；（）～《》")
_OUTSIDE = re.compile(r"[^\x00-\x7f]")
_OPENING = frozenset("“‘«¿¡")
_RARE_UPPER = math.log(0.15)

# Percent of each letter outside ASCII in running text.
_LATIN = {
    "en": "é .02 è .004 ü .004 ö .003 ñ .004 ç .002 ï .001 ä .002 á .002 à .001 ê .001 £ .01",
    "fr": "é 1.5 è .3 à .5 ê .23 ç .1 ù .06 û .06 ô .06 î .05 â .06 ë .01 ï .01 œ .02",
    "de": "ä .6 ö .45 ü 1 ß .3 é .01",
    "es": "á .6 é .5 í .75 ñ .35 ó .85 ú .2 ü .02",
    "pt": "á .5 ã .8 é .5 ê .4 ç .5 í .4 ó .4 õ .15 à .1 ú .15 â .15 ô .15",
    "it": "à .65 è .6 é .1 ì .15 ò .2 ù .2",
    "sv": "å 1.3 ä 1.8 ö 1.3 é .02",
    "da": "å 1.2 æ .9 ø 1 é .03",
    "fi": "ä 3.6 ö .5 å .01",
    "nl": "ë .08 é .07 ï .03 ö .01 è .02",
    "is": "á 1.8 æ .9 é .65 í 1.6 ó 1 ö .8 ð 4.4 ú .6 ý .25 þ 1.5",
    "ca": "à .8 é .6 è .4 ó .6 ò .3 í .5 ú .2 ç .2 ï .1 ü .1",
    "pl": "ą .9 ć .45 ę 1.1 ł 1.9 ń .25 ó .9 ś .75 ź .08 ż .85",
    "cs": "á 2.2 č 1 ď .03 é 1.3 ě 1.6 í 3.2 ň .08 ó .03 ř 1.2 š .8 ť .05 ú .1 ů .6 ý 1 ž 1",
    "sk": "á 2.2 ä .1 č 1.1 ď .1 é 1 í 1.1 ľ .4 ĺ .02 ň .2 ó .2 ô .2 ŕ .02 š 1 ť .5 ú .9 ý 1.2 ž 1",
    "hu": "á 3.4 é 3.5 í .5 ó .9 ö 1 ő .9 ú .3 ü .6 ű .15",
    "ro": "ă 2.4 â .9 î 1 ş 1.2 ţ 1.1 ș .1 ț .1",
    "hr": "č 1 ć .7 đ .3 š 1 ž .6",
    "tr": "ç 1.1 ğ 1.1 ı 4.8 ö .8 ş 1.7 ü 1.8 İ .1 â .02",
    "lt": "ą .7 č .4 ę .3 ė 1.6 į .6 š 1.4 ų 1.3 ū .5 ž .9",
    "lv": "ā 3.9 č .2 ē 1.8 ģ .1 ī 1.7 ķ .15 ļ .4 ņ .6 š 1 ū .5 ž .3",
    "et": "ä 1.1 õ 1 ö .2 ü .7 š .02 ž .02",
}
# Letters by frequency, the most frequent first.
_ALPHABETS = {
    "ru": "оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъёіїєґў",
    "el": "αοιετσνηυρπκμλςωγδάίέόήχθφύβώξζψϊϋΐΰ",
    "he": "יוהלאתרשבמנעכדחפקטגצסזםןףךץ",
    "ar": "انلميوتربةدعسفهقكحجشصطخأءثذىغضزظإئؤآ",
    "th": "านรอกเงมยลวดทสตะปบคหแจพชขใไโผถศณซธญฟษภฉุู้่ิีื์็ัำ",
}
_WESTERN = ("en", "fr", "de", "es", "pt", "it", "sv", "da", "fi", "nl", "is", "ca")
_CENTRAL = ("pl", "cs", "sk", "hu", "ro", "hr", "de")
_MIXED = {"western": _WESTERN[:9], "central": _CENTRAL, "baltic": ("lt", "lv", "et")}
"""Chats in several languages of a code page."""
_WESTERN_WORDS = frozenset(
    """the and my your you in of for from with this that have has was are not but what like live work love yes les des
    une est vous nous que avec pour dans mon sur bien und ich ist nicht das ein auf aber los las por con para muy che
    sono non per och jag det inte og jeg ikke het een niet voor uma com mais""".split()  # noqa: SIM905
)
"""Words without accents that are frequent in the west of Europe, and in no other language of the tables."""
_WORD = re.compile(r"[^\W\d_]+")
_WORD_GAIN, _MOST_WORDS = 3.0, 5
"""How much more likely each such word makes a western language, in nats, and how many of them count."""
_PAGES: dict[str, tuple[float, tuple[str, ...]]] = {
    "cp1252": (0, (*_WESTERN, "western", "et")),
    "cp1250": (-4, (*_CENTRAL, "central")),
    "cp1251": (-4, ("ru",)),
    "cp1253": (-4, ("el",)),
    "cp1254": (-4, ("tr", "de", "fr")),
    "cp1255": (-4, ("he",)),
    "cp1256": (-4, ("ar",)),
    "cp1257": (-4, ("lt", "lv", "et", "baltic")),
    "cp874": (-4, ("th",)),
    "cp932": (-4, ("ja",)),
    "gb18030": (-4, ("zh",)),
    "big5": (-4, ("zh-hant",)),
    "cp949": (-4, ("ko",)),
    "euc_jp": (-6, ("ja",)),
    "cp850": (-6, (*_WESTERN, "western")),
    "cp437": (-6, (*_WESTERN, "western")),
    "cp852": (-6, (*_CENTRAL, "central")),
    "cp857": (-6, ("tr",)),
    "cp862": (-6, ("he",)),
    "cp737": (-6, ("el",)),
    "cp866": (-6, ("ru",)),
    "koi8_u": (-6, ("ru",)),
    "iso8859_2": (-6, (*_CENTRAL, "central")),
    "iso8859_5": (-6, ("ru",)),
    "iso8859_7": (-6, ("el",)),
    "iso8859_15": (-6, (*_WESTERN, "western")),
    "mac_roman": (-8, (*_WESTERN, "western")),
    "mac_cyrillic": (-8, ("ru",)),
}
"""The code pages with how likely each is before anything is read, in nats, and its languages."""


class Model(NamedTuple):
    """Log-likelihoods: of a letter of ASCII, and of each letter outside it."""

    ascii: float
    letters: dict[str, float]


def code_page(data: bytes) -> str | None:
    """The codec of a text, None if it is unclear."""
    sample = data[:SAMPLE]
    cut = sample.rfind(b"\n")
    if len(data) > SAMPLE and cut > SAMPLE // 2:
        sample = sample[:cut]
    words = _WORD.findall(sample.decode("latin-1").lower())
    western = _WORD_GAIN * min(sum(word in _WESTERN_WORDS for word in words), _MOST_WORDS)
    texts: dict[str, tuple[float, str]] = {}
    for codec, (prior, languages) in _PAGES.items():
        try:
            text = codecs.getincrementaldecoder(codec)().decode(sample)
        except UnicodeDecodeError:
            continue
        counts = Counter(text)
        odd = sum(_out_of_place(text))
        likelihood = prior + odd * _FOREIGN + max(_likelihood(counts, odd, language) for language in languages)
        if "western" in languages:
            likelihood += western
        if likelihood > texts.get(text, (-math.inf, ""))[0]:
            texts[text] = likelihood, codec
    ranked = sorted(texts.values(), reverse=True)
    if not ranked or (len(ranked) > 1 and ranked[0][0] - ranked[1][0] < _MARGIN):
        return None
    codec = ranked[0][1]
    old = _PAGES[codec][0] <= _OLD and len({byte for byte in sample if byte > 127}) < _OLD_LETTERS
    return None if old else codec


def _likelihood(counts: Mapping[str, int], odd: int, language: str) -> float:
    """The log-likelihood of a text with these characters, `odd` of which are out of place; that of nothing if the text
    is not in this language."""
    model = _model(language)
    total = 0.0
    outside, foreign = 0, odd
    for char, count in counts.items():
        if not char.isascii():
            log = _log(char, model)
            total += count * log
            outside += count
            foreign += count * (log == _FOREIGN)
        elif char.isalpha():
            total += count * model.ascii
    return total + _MIXTURES.get(language, 0.0) if foreign <= outside * _MOST_FOREIGN else -math.inf


def _log(char: str, model: Model) -> float:
    if char in model.letters:
        return model.letters[char]
    lower = char.lower()
    if lower in model.letters:
        return model.letters[lower] + _RARE_UPPER
    if char in _COMMON_SIGNS or ord(char) > 0xFFFF:
        return -5.0
    return _FOREIGN


def _out_of_place(text: str) -> Iterator[bool]:
    """Whether each character outside ASCII is a sign between letters, or a capital after a small letter."""
    for match in _OUTSIDE.finditer(text, 1):
        char, before = match[0], text[match.start() - 1]
        after = text[match.end() : match.end() + 1]
        if char.isupper():
            yield before.islower()
        elif char in _OPENING or unicodedata.category(char) == "Sc":
            yield before.isalpha() or (char not in _OPENING and after.isalpha())
        elif not char.isalpha() and char not in "’·" and unicodedata.category(char)[0] != "M":
            yield before.isalpha() and after.isalpha()


@cache
def _model(language: str) -> Model:
    if language in _LATIN or language in _MIXED:
        shares: dict[str, float] = defaultdict(float)
        languages = _MIXED.get(language, (language,))
        for each in languages:
            words = _LATIN[each].split()
            for char, share in zip(words[::2], words[1::2], strict=True):
                shares[char] += float(share) / 100 / len(languages)
        return Model(math.log(1 - sum(shares.values())), {char: math.log(share) for char, share in shares.items()})
    if language in _ALPHABETS:
        weights = {char: 1 / (rank + 4) for rank, char in enumerate(_ALPHABETS[language])}
    else:
        weights = _characters(language)
    total = sum(weights.values()) / 0.8
    return Model(math.log(0.2), {char: math.log(weight / total) for char, weight in weights.items()})


def _characters(language: str) -> dict[str, float]:
    """Weights of the characters of an East Asian language: those of the first level of its national standard."""

    def rows(codec: str, first: int, last: int) -> Iterator[str]:
        for lead in range(first, last + 1):
            for trail in [*range(0x40, 0x7F), *range(0xA1, 0xFF)] if codec == "big5" else range(0xA1, 0xFF):
                try:
                    yield bytes((lead, trail)).decode(codec)
                except UnicodeDecodeError:
                    continue

    groups = {
        "ja": [("euc_jp", 0xA4, 0xA4, 0.5), ("euc_jp", 0xA5, 0xA5, 0.1), ("euc_jp", 0xB0, 0xCF, 0.4)],
        "zh": [("gb2312", 0xB0, 0xD7, 1.0)],
        "zh-hant": [("big5", 0xA4, 0xC6, 1.0)],
        "ko": [("euc_kr", 0xB0, 0xC8, 1.0)],
    }
    weights: dict[str, float] = {}
    for codec, first, last, share in groups[language]:
        chars = [char for char in rows(codec, first, last) if len(char) == 1 and char.isalpha()]
        weights |= {char: share / len(chars) for char in chars}
    return weights | {"ー": 0.02}
