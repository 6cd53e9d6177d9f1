"""Whom "she" means if no clause before is about a person: the only person whom the words before mention.

"Nadia made the cake. She's a nurse" is about Nadia in one message, and after an assistant's reply too.
"""

import re
from collections.abc import Mapping
from functools import cache

from memctl.core.late_pattern import late
from memctl.extract.grammar.segmentation import plain, sentences
from memctl.extract.patterns.keyed_pattern import KeyedPattern
from memctl.extract.patterns.wordlist import words, words_with_digits
from memctl.extract.people import sentence_subjects
from memctl.extract.people.strangers import may_be_a_person
from memctl.extract.rule_tables import compiled, filled
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import FAMILY, canonical, same_person, suits, the_only

Person = tuple[str, str]
"""The name and the relation of a person; both are the relation if no name is known."""
People = Mapping[str, Person]

PRONOUNS = frozenset(words("he she hes shes"))
_ABOUT_SOMEBODY = PRONOUNS | frozenset(words("him his her"))
_IS = r"(?:an?|the|got|been|not|in|at|on|from|so|[a-z]+ing)\b"
_MENTION = (
    rf"\b(?:(?:my|our|your|me) (?:[a-z]+ ){{0,2}}?(?P<rel>{{RELATIONS}})(?P<owner>'s (?!{_IS})[a-z]+)?|"
    rf"(?P<name>(?-i:[A-ZÀ-Þ])[\w\-À-ž]+)(?P<owning>'s(?! {_IS}))?|(?P<lower>[a-z][\w\-À-ž]+)|"
    r"(?P<bare>mum|mam|mom|dad|nan|gran|grandma|grandad))\b"
)
_OTHERS = (
    r"\b(?:(?:his|her|their|[a-z]+'s|an?|the|this|that|some|other|new|young|old) (?:[a-z]+ )?(?:{RELATIONS}|{JOBS})|"
    r"(?:{PET})|girl|woman|man|guy|lady|bloke|someone|somebody|baby|{JOBS})s?\b"
)


@cache
def _others() -> KeyedPattern:
    return KeyedPattern(filled(_OTHERS))


_NAMED_TO = late(r"(?:^|[,.!?] )(?P<name>[A-ZÀ-Þ][\w-]+)(?=[,.!?]|$)")
_PRONOUN = KeyedPattern(r"\b(?:she|he)\b")
_BYGONE = late(r"\b(?:name was|was (?:called|named))\b", re.IGNORECASE)
_NAME_ALONE = late(r"\W*[A-ZÀ-Þ][\w-]+[.?!] ")
""" "Is your brother still away?" – "Themba? No, he's in Perth": the name of the brother."""
_FAR = 160
"""Characters of a message in which "she" may still be somebody of the message before."""


def mentioned(text: str, known: People) -> frozenset[Person | None]:
    """The people whom a text mentions; None stands for somebody who is not known."""
    found: set[Person | None] = set()
    if _others().search(text):
        found.add(None)
    addressed = {match.start("name") for match in _NAMED_TO.finditer(text)}
    for match in compiled(_MENTION).finditer(text):
        if match.lastgroup == "lower":
            found.update(filter(None, [known.get(match[0].casefold())]))
            continue
        relation = (match["rel"] or match["bare"] or "").lower()
        if relation:
            ours = not match["owner"] and canonical(relation) in FAMILY
            found.add((the_only(relation, known.values()) or (relation, relation)) if ours else None)
            continue
        word = match["name"]
        person = known.get(word.casefold())
        if match["owning"]:
            found.add(None)
        elif person is not None:
            found.add(person)
        elif match.start() in addressed:
            continue
        elif is_given_name(word):
            found.add((word, ""))
        elif match.start() > 0 and text[match.start() - 2] not in ".!?\n" and may_be_a_person(word):
            found.add(None)
    named = [one for one in found if one and one[0] != one[1]]
    return frozenset(
        one for one in found if not (one and one[0] == one[1] and any(same_person(other, one[0]) for other in named))
    )


class LastMentioned:
    """Who "she" is in the sentences of a message."""

    def __init__(self, text: str, person: Person | None, *, carried: bool) -> None:
        """`person` was asked about in the message before, or is `carried` over from there."""
        self.expected = not PRONOUNS.isdisjoint(words_with_digits(text))
        self.asked = person
        self.carried = carried
        self.only_mentioned = person if carried else None
        self.pronouns: dict[Person, str] = {}

    def after(self, sentence: str, before: Person | None, read: Person | None, known: People) -> Person | None:
        """Whom "she" means after a sentence: the person its clauses are about (`read`), or else the one it mentions.

        A person whom a sentence before only mentioned is forgotten when another one is mentioned.
        """
        if not self.expected or read is not before or _BYGONE.search(sentence):
            return read
        named = mentioned(sentence, known)
        if len(named) == 1 and None not in named:
            (person,) = named
            if person != read:
                self.only_mentioned = person
            return person
        return None if named and read is self.only_mentioned else read

    def meant(self, pronoun: str, other: Person | None, before: str, preceding: str) -> Person | None:
        """The person whom a clause means by "he", "she" or "they", None if that is not certain.

        `other` is who that is by the sentences before, `before` the message up to the clause, `preceding` the sentence.
        """
        other = sentence_subjects.meant(pronoun, other, preceding)
        if other is None or (pronoun == "they" and other is self.only_mentioned):
            return None
        unsure = other is self.asked and (self.carried or other not in self.pronouns)
        own = _NAME_ALONE.match(before) if other[0] == other[1] else None
        if unsure and sentence_subjects.names_another(before[own.end() :] if own else before, other):
            return None
        if pronoun != "they" and self.pronouns.setdefault(other, pronoun) != pronoun:
            return None  # "She keeps the ring, he keeps the rabbit"
        return other


class LastSaid:
    """What was said last in a session: the message before, and of each speaker the last one."""

    def __init__(self) -> None:
        self.reply = ""
        self.said: dict[str | None, tuple[str, Person | None]] = {}

    def at_opening(self, speaker: str | None, text: str, known: People) -> Person | None:
        """The person whom a speaker's next message means by "she" where it opens."""
        said, last = self.said.get(speaker, ("", None))
        return of_last_message(text, self.reply, said, last, known)


def of_last_message(text: str, reply: str, said: str, last: Person | None, known: People) -> Person | None:
    """The person called "she" in a message that mentions nobody before that: the one whom the message before it,
    `reply`, mentions, otherwise the one of the speaker's own message before, `said`.

    `last` is whom that message was about at its end.
    """
    pronoun = _PRONOUN.search(text)
    if pronoun is None or pronoun.end() > _FAR or mentioned(text[: pronoun.start()], known):
        return None
    named = mentioned(plain(reply), known)
    if not named:
        named = frozenset(certain(one, said, known) for one in _at_end(plain(said), last, known))
    elif not all(one and one[0] in said for one in named if one and not one[1]):
        return None
    person = next(iter(named)) if len(named) == 1 else None
    if person is None or not (person[1] or mentioned(reply, known)):
        return None
    return person if suits(pronoun[0].lower(), person) else None


def certain(person: Person | None, said: str, known: People) -> Person | None:
    """The `person` whom a message was about at its end; None if "she" in it was somebody else before it mentioned them:
    "She married my grandad. My mum's the youngest"."""
    if person is None:
        return None
    first = next((match for match in _PRONOUN.finditer(said) if suits(match[0].lower(), person)), None)
    if first is None or person not in mentioned(said, known) or person in mentioned(said[: first.start()], known):
        return person
    return None


def _at_end(said: str, last: Person | None, known: People) -> frozenset[Person | None]:
    """The people of the last sentence that mentions somebody, or means the person `last` by "she"."""
    for sentence in reversed(list(sentences(said))):
        if named := mentioned(sentence.text, known):
            return named
        if not _ABOUT_SOMEBODY.isdisjoint(words_with_digits(sentence.text)):
            return frozenset({last})
    return frozenset()
