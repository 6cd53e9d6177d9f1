"""Restore the capitals of names that are in lower case, if earlier turns of the session spell them with a capital.

Assistants repeat "marit from bergen" as "Marit" and "Bergen". Only earlier turns count, so that a session read in parts
gives the same claims as one read at once.
"""

import re
from functools import cache

from memctl.core.late_pattern import late
from memctl.extract.clauses import ADVERBS
from memctl.extract.date_words import ENGLISH_MONTHS, FULL_WEEKDAYS
from memctl.extract.rule_tables import compiled, lexicon
from memctl.extract.verbs import FORMS
from memctl.extract.wordlist import words

_UNCAPITALISED = late(r"(?<![^\W\d_])(?<![^\W\d_]['’-])(?![A-Z])[^\W\d_]+(?:['’-][^\W\d_]+)*")
"""A word that does not start with a capital, as far as ASCII tells."""
_LOWER_CASE = late(r"(?<![A-Za-z])[a-z][A-Za-z]*")
"""In ASCII texts, every word that can be a name in lower case."""
_CAPITALISED = late(r"(?<=[\w,;)] )(?P<word>[A-ZÀ-Þ][^\W\d_A-ZÀ-Þ]+)(?=['’]s\b|[\s,.;:!?)]|$)")
""" Not at the start of a sentence, where every word has a capital."""
_HEADING = late(
    r"\s*(?:#|\*\*|[-*•] \*\*|\d+[.)] \*\*|(?:[A-Z][\w'’-]*[:,]? (?:(?:of|and|the|for|in|to|a|with|on|&) )*){3,})"
)
"""Of a heading every word may have a capital."""
_ORDINARY = frozenset(
    words(
        "will may mark rose hope grace faith joy sunny art bill jack frank pat rob sue drew chase summer autumn "
        "spring winter "
        "easter christmas god lord mum mom dad nan gran mam mammy gp it us uk usa eu the a an and or but so yes no "
        "okay ok sure "
        "internet english april june august sunday dawn ivy olive violet lily heather hazel daisy iris ruby pearl "
        "amber crystal "
        "victor major dean grant max rich gene jean ray robin martin miles guy harry bob nick dick peter josh rusty "
        "sandy penny"
    )
)


@cache
def _called() -> re.Pattern[str]:
    """ "my sister is called amina": a name that nothing else shows to be one."""
    return compiled(
        r"(?P<before>\b(?:my|our) (?:[\w-]+ ){0,2}?(?:{RELATIONS}|{PET})(?:'s| is|s)? (?:called|named) )"
        r"(?P<name>[a-z][a-zà-þ]{2,})"
        r"(?=\s*(?:$|[,.!;)]|\band (?:he|she|it|they|hes|shes|its|my)\b))"
    )


_NEVER_NAMES = frozenset(
    words(
        "away home back off out over again lazy mad crazy weird stupid difficult names worse something everything this "
        "that"
    )
)


class NameCase:
    """The capitalised names of the turns read so far."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._edited: list[str] = []
        self._common: set[str] = set()

    def learn(self, text: str) -> None:
        """Add the names of a turn; words that are also spelled without a capital in edited text are none."""
        capitalised = [
            match["word"]
            for line in text.splitlines()
            if not _HEADING.match(line)
            for match in _CAPITALISED.finditer(line)
        ]
        for name in capitalised:
            key = name.casefold()
            plain = key in _ORDINARY or key in FORMS or key in ADVERBS or key in ENGLISH_MONTHS or key in FULL_WEEKDAYS
            if len(name) > 2 and not plain and not _language(key):
                self.names.setdefault(key, name)
        if len(capitalised) > 1 or text[:1].isupper():
            self._edited.append(text)

    def restored(self, text: str) -> str:
        """`text` with its names capitalised, as long as before."""
        text = _called().sub(_with_capital, text) if "called " in text or "named " in text else text
        if not self.names or (
            text.isascii() and self.names.keys().isdisjoint(map(str.lower, _LOWER_CASE.findall(text)))
        ):
            return text
        return _UNCAPITALISED.sub(self._spelled, text)

    def _is_common(self, word: str) -> bool:
        """True if a word is also spelled without a capital in edited text."""
        for text in self._edited:
            self._common.update(word for word in _UNCAPITALISED.findall(text) if word[:1].islower())
        self._edited.clear()
        return word in self._common

    def _spelled(self, match: re.Match[str]) -> str:
        word = match[0]
        stem, mark, rest = word.partition("'")
        name = self.names.get(stem.casefold()) if word[:1].islower() else None
        if name is None or len(name) != len(stem) or self._is_common(stem):
            return word
        return f"{name}{mark}{rest}"


def _with_capital(match: re.Match[str]) -> str:
    name = match["name"]
    ordinary = not name.islower() or name in ADVERBS or name in FORMS or name in _NEVER_NAMES
    return match[0] if ordinary else f"{match['before']}{name.capitalize()}"


def _language(word: str) -> bool:
    return bool(re.fullmatch(lexicon("LANGUAGES"), word))
