"""Restore the capitals of names that are in lower case, if earlier turns of the session spell them with a capital.

Assistants repeat "marit from bergen" as "Marit" and "Bergen". Only earlier turns count, so that a session read in parts
gives the same claims as one read at once.
"""

import re
from functools import cache, partial

from memctl.core.late_pattern import late
from memctl.extract.grammar.clauses import ADVERBS
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import words, words_with_digits
from memctl.extract.rule_tables import compiled, filled
from memctl.extract.vocabulary.date_words import ENGLISH_MONTHS, FULL_WEEKDAYS
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.verbs import FORMS

_UNCAPITALISED = late(
    r"(?<![^\W\d_])(?<![^\W\d_]['’-])(?<![@/])(?<!\w[.])(?![A-Z])[^\W\d_]+(?:['’-][^\W\d_]+)*(?![\w.+-]*[@]\w)"
)
"""A word that does not start with a capital, as far as ASCII tells; not one of an address such as an e-mail's."""
_CAPITALISED = late(r"[A-ZÀ-Þ](?<=[\w,;)] .)[^\W\d_A-ZÀ-Þ]+(?=['’]s\b|[\s,.;:!?)]|$)")
""" Not at the start of a sentence, where every word has a capital."""
_HEADING = late(
    r"\s*(?:#|\*\*|[-*•] \*\*|\d+[.)] \*\*|(?:[A-Z][\w'’-]*[:,]? (?:(?:of|and|the|for|in|to|a|with|on|&) )*){3,})"
)
"""Of a heading every word may have a capital."""
_ORDINARY = frozenset(
    words(
        "will may mark rose hope grace faith joy sunny art bill jack frank pat rob sue drew chase summer autumn "
        "spring winter easter christmas god lord mum mom dad nan gran mam mammy gp it us uk usa eu the a an and or "
        "but so yes no okay ok sure internet english april june august sunday dawn ivy olive violet lily heather "
        "hazel daisy iris ruby pearl amber crystal victor major dean grant max rich gene jean ray robin martin miles "
        "guy harry bob nick dick peter josh rusty sandy penny"
    )
)


_KIN = r"(?:{RELATIONS}|{PET}|mummy|nana|granny|grandma|grandpa|hubby|wifey)"


_CALLED = frozenset(words("called calld named name names"))
"""A text in which `_called` finds something has one of these words."""


@cache
def _called() -> KeyedPattern:
    """ "my sister is called amina", "we have a dog named rufus": a name that nothing else shows to be one."""
    return KeyedPattern(
        r"(?P<before>\b(?:(?:(?:my|our|an?|the|two|three|his|her) (?:[\w-]+ ){0,2}?)?"
        + filled(_KIN)
        + r"(?:'s| is|s)? "
        r"(?:called|calld|named|name is|names? (?:is|are)|name's)|(?:^|\b(?:my|his|her) )name(?:'s| is| it is)|"
        r"\b(?:s?he(?:'s|s| is)|i(?:'m|m| am)) (?:called|named)) )"
        r"(?P<name>[a-z][a-zà-þ]{2,})"
        r"(?=\s*(?:$|[,.!;:)(–—-]|\band |(?:he|she|hes|shes|he's|she's|who|but|so|is|lives|works|has|they)\b))"
    )


@cache
def _introduced() -> re.Pattern[str]:
    """ "my sister ana lives in lisbon", in a turn without capitals."""
    return compiled(
        r"(?P<before>\b(?:my|our|her|his) (?:(?:big|little|lil|wee|baby|older|younger|eldest|oldest|youngest|twin|best|"
        r"new|old|late) )*(?:{RELATIONS}) )(?P<name>[a-z][a-zà-þ]{2,})"
        r"(?=(?: (?:and (?:i|me)|is|has|was|lives?|works?|had|got|just|moved|loves|hates|likes|plays|said|says|goes|"
        r"came|turned|turns|died|passed|called|drives|speaks|studies|teaches|makes|takes|needs|wants|does|wears|"
        r"keeps|still|also|will|can't|cant|can|works|left|started)\b|'s\b| ?\(|, (?:\d|who|he|she|a |an |my|and)))"
    )


_BRACKETED = late(
    r"(?P<before>\b(?:mum|mam|mom|dad|nan|gran|grandma|grandad|(?:my|our) [a-z]+) \()(?P<name>[a-z][a-zà-þ]{2,})"
    r"(?=\) (?:is|has|was|lives|works|said|says|just|also|still|came|comes|got|rang|called|wants|can't|cant)\b|\)'s )"
)
""" "mum (carla) is a vet", in a turn without capitals."""
_DESCRIBES = (
    r"(?:{NATIONALITY}|{JOBS}|{RELATIONS}|vegan|vegetarian|veggie|coeliac|celiac|diabetic|bless|sober|lol|obvs)"
)
_TOLD_LAST = late(r"(?P<before>(?:^|[.,;!?\n] |\b(?:and|but) ))(?P<name>[a-z][a-zà-þ]{2,})(?= is (?:her|his) name\b)")
_CAPITAL = late(r"(?<![\w'’-])[A-ZÀ-Þ][a-zà-ÿ]")
_AGED = (
    r"(?: is|'s)?,? ?(?:\(|who(?:'s|s| is) |s?he(?:'s|s| is) )?(?:just |only |now )?(?:turned )?\d{1,2}\b(?! ?(?:am|"
    r"pm|%|:))"
)
_KIN_LISTED = KeyedPattern(
    r"(?P<label>\b(?:kids|children|boys|girls|sons|daughters|twins|grandkids)(?: names)?(?:,|:| -)?(?: (?:are|r))? )"
    rf"(?P<list>[a-zà-þ]{{3,}}(?:, [a-zà-þ]{{2,}})?{_AGED}.*)"
)
""" "kids are ximena shes 11 and teo 6": the names before ages."""
_NO_GIVEN_NAMES = frozenset(words("ute gerd octavia ebony mats max vera carol noel petra mike"))
""" "I have gerd", "sold the ute": first names that are words too if they have no capital."""
_IN_A_NAME = late(r"\b(?:san|santa|saint|st|port|lake|fort|mount|aloe|bloody|new) $")
_MEMBER = late(
    r"(?P<before>^|(?:,|\b(?:and|n)|&) ?)(?P<name>[a-zà-þ]{2,})(?P<comma>(?:, )?)(?P<short>(?:(?<=, )[a-zà-þ]{2,})?)"
    rf"(?P<after>,?{_AGED})"
)
_NEVER_NAMES = frozenset(
    words(
        "away home back off out over again lazy mad crazy weird stupid difficult names worse something everything this "
        "that who which and not never she her his him they them their our your its what when where how why with from "
        "for law laws friend friends mate mates house place car dog cat dogs cats side year years old new work works "
        "family birthday wedding name number phone room job doctor teacher boss team company school group partner "
        "husband wife brother sister mother father mum mom dad son daughter baby kid kids parents cousin aunt uncle "
        "twin twins unknown secret funny silly taken different the very too really already almost only here there "
        "now then yesterday today tomorrow tonight recently finally "
        "earlier later about around while because me you us off bullshit tongue land figure "
        "first last second once twice straight early late next alone instead properly soon anyway lots heaps loads"
    )
)


_WRITTEN_I = late(r"\b(?:I|I'm|I've)\b")


def is_casual(text: str) -> bool:
    """Whether a text is written without capitals, so that a name in it may have none."""
    return not _WRITTEN_I.search(text) and sum(map(str.isupper, text)) <= max(2, len(text) // 60)


class NameCase:
    """The capitalised names of the turns read so far."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self._edited: list[str] = []
        self._common: set[str] = set()

    def learn(self, text: str) -> None:
        """Add the names of a turn; words that are also spelled without a capital in edited text are none."""
        capitalised = [
            word for line in text.splitlines() if not _HEADING.match(line) for word in _CAPITALISED.findall(line)
        ]
        for name in capitalised:
            key = name.casefold()
            plain = key in _ORDINARY or key in FORMS or key in ADVERBS or key in ENGLISH_MONTHS or key in FULL_WEEKDAYS
            if len(name) > 2 and not plain and key not in self.names and not _language(key):
                self.names[key] = name
        if len(capitalised) > 1 or text[:1].isupper():
            self._edited.append(text)

    def restored(self, text: str) -> str:
        """`text` with its names capitalised, as long as before."""
        spoken = words_with_digits(text)
        if not _CALLED.isdisjoint(spoken):
            text = _called().sub(self._announced, text)
        if "name" in spoken and " is " in text:
            text = _TOLD_LAST.sub(self._announced, text)
        if text.islower() or not _CAPITAL.search(text):
            text = _introduced().sub(self._announced, text)
            text = _BRACKETED.sub(self._announced, text) if "(" in text else text
            text = _KIN_LISTED.sub(_members, text)
            given = {word: word.capitalize() for word in words_with_digits(text) if _is_given(word)}
            if given:
                text = _UNCAPITALISED.sub(partial(_given, names=given), text)
        if not self.names:
            return text
        if text.isascii() and not any(map(text.__contains__, self.names.keys() & spoken)):
            return text
        return _UNCAPITALISED.sub(self._spelled, text)

    def _announced(self, match: re.Match[str]) -> str:
        """The matched words with the name capitalised, or unchanged if they contain no name."""
        name = match["name"]
        relative = compiled(_DESCRIBES).fullmatch(name) is not None
        if not name.islower() or name in ADVERBS or name in FORMS or name in _NEVER_NAMES or relative:
            return match[0]
        if name not in _ORDINARY:
            self.names.setdefault(name, name.capitalize())
        return f"{match['before']}{name.capitalize()}"

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


def _given(match: re.Match[str], *, names: dict[str, str]) -> str:
    word = match[0]
    stem = re.split(r"['’]", word, maxsplit=1)[0]
    longer = _IN_A_NAME.search(match.string[: match.start()])
    return names[stem] + word[len(stem) :] if stem in names and not longer else word


def _is_given(word: str) -> bool:
    return is_given_name(word) and word not in _NO_GIVEN_NAMES and word not in _ORDINARY


def _members(match: re.Match[str]) -> str:
    """The list with its names capitalised, up to the first word that is none."""
    return match["label"] + _MEMBER.sub(_member, match["list"])


def _member(one: re.Match[str]) -> str:
    return one["before"] + one["name"].capitalize() + one["comma"] + one["short"].capitalize() + one["after"]


def _language(word: str) -> bool:
    return bool(compiled("{LANGUAGES}", ignore_case=False).fullmatch(word))
