"""Clauses that name the object of an earlier fact, and the person they are about.

"They took Dad off warfarin" names the warfarin of the father, not that of the speaker.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from memctl.core.late_pattern import late
from memctl.extract.draft_claim import Draft
from memctl.extract.earlier_drafts import EarlierDrafts
from memctl.extract.filters.assertion_filter import declarative
from memctl.extract.grammar.segmentation import HIDDEN, Sentence, plain, sentences
from memctl.extract.patterns.wordlist import spoken_words, words
from memctl.extract.people.last_mentioned import Person
from memctl.extract.people.strangers import tells_of_a_name
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import canonical, the_only

OBJECT = "§"
"""Stands for the object in the words of a clause."""
_WORD = late(r"[^\W_][\w\-+#]*")
_SMALL = frozenset(
    words(
        "a an the my our their her his your to of in at on for and with by from up off new old go going fly flying "
        "take have has having see meet visit get getting start run running play playing work works working do doing "
        "make every each day days week weeks month morning evening night afternoon time times some any this that next "
        "last first second pm am mr mrs ms dr one two three thing things bit lot type stage back bad badly big small "
        "good monday tuesday wednesday thursday friday saturday sunday mondays tuesdays wednesdays thursdays fridays "
        "saturdays sundays mon tue tues wed weds thu thur thurs fri sat sun jan feb mar apr may jun jul aug sep oct "
        "nov dec january february march april june july august september october november december is are be will "
        "appt appointment session practice class before after since until while when about around always usually "
        "often never twice once then than also now just still only again out over back home here there into without "
        "like want need people person place long more most much many all own being going else even ever both"
    )
)
"""Words that do not say which fact is meant, if its object has others."""
_ALONE = frozenset(words("practice practices class session appointment appt nights night"))
"""Small words that name a fact whose object has no other word."""
_ALSO = {
    "vegetarian": ("veggie", "vegetarianism"), "vegan": ("veganism",), "married": ("wedding",), "smoke": ("smoking",),
    "nurse": ("nursing",), "teacher": ("teaching",), "keto": (), "practices": ("practice",),
}  # fmt: skip
_FIRST_NAMES = frozenset(words("works_at lives_in"))
"""Facts that the first word of their object names: Kestrel Travel is Kestrel."""
_ANY_WORD = frozenset(words("plans habit goal event"))
_OWN = late(r"\b(?:i|im|i'm|ive|i've|i'd|me|my|we|we're|we've|weve|us|our|myself|ourselves)\b", re.IGNORECASE)
_PRONOUN = late(r"\b(?:he|she|him|his|her|hes|shes)\b(?! (?:says|said|thinks))", re.IGNORECASE)
_AGENT = late(
    r"\b(?:(?:the|my|our|a|this|new|his|her) )*(?:doc(?:tor)?|gp|nurse|consultant|psych\w*|neuro\w*|cardio\w*|endo\w*|"
    r"rheum\w*|specialist|surgeon|clinic|hospital|pharmacist|chemist|physio|dermatologist|vet|dentist|boss|manager|"
    r"landlord|teacher|trainer|coach)(?:'s)?(?: (?:has|have))?\b|\bdr\.? \w+",
    re.IGNORECASE,
)
""" "The doctor took me off it": who did it says nothing of whose it is."""
_DONE_TO_ME = late(
    r"(?-i:[A-ZÀ-Þ])[\w-]+(?: (?:has|have|had|just|finally))* [a-z]+ "
    r"(?=(?:me|us) (?:over|up|down|off|on|onto|from|to)\b)"
    r"|\b(?:s?he|they)(?:'s|s| has| had| have)?(?: just)? [a-z]+ (?=(?:me|us) (?:over|up|down|off|on|onto|from|to)\b)"
)
""" "Rhys moved me over from Dragon": who did it says nothing of whose it is."""
_BREAK = late(r"[;:()–—]|(?<=\s)-+(?=\s)|,(?= )|\b(?:but|because|cos|bc|cuz|since|so|and)\b", re.IGNORECASE)


class Naming(NamedTuple):
    """A clause that names the object of a draft, with the words of its sentence `before` and `after` the object."""

    draft: Draft
    sentence: str
    before: str
    after: str
    span: tuple[int, int]

    @property
    def text(self) -> str:
        """The sentence with a sign in place of the object."""
        return f"{self.before}{OBJECT}{self.after}"


def namings(text: str, earlier: EarlierDrafts, people: Mapping[str, Person], cues: frozenset[str]) -> Iterator[Naming]:
    """The objects of live facts that the sentences of `text` with one of the words `cues` name and are about."""
    live = _live(spoken_words(text), earlier)
    before: list[str] = []
    for sentence in sentences(plain(text)) if live else ():
        if "?" not in sentence.mark and not cues.isdisjoint(spoken_words(sentence.text)):
            yield from _named_in(sentence, before, live, people)
        before.append(sentence.text)


def _named_in(
    sentence: Sentence, before: list[str], live: list[Draft], people: Mapping[str, Person]
) -> Iterator[Naming]:
    """The objects of the `live` facts that a sentence names; `before` are the sentences before it."""
    body, offset = declarative(sentence.text, sentence.mark)
    start = sentence.start + offset
    for draft in live if HIDDEN not in body else ():
        named = _named(draft, body)
        if named is not None:
            naming = Naming(draft, body, body[: named[0]], body[named[1] :], (start, start + len(body)))
            if _is_about(naming, people, before):
                yield naming


def _live(spoken: frozenset[str], earlier: EarlierDrafts) -> list[Draft]:
    """The live facts whose object has one of the words."""
    looked_for = [form for word in spoken - _SMALL for form in _forms(word)] + sorted(spoken & _ALONE)
    found = {id(draft): draft for draft in earlier.naming(looked_for) if earlier.is_live(draft)}
    found.update((id(dose), dose) for dose in earlier.live_doses(looked_for))
    return list(found.values())


@cache
def _also() -> dict[str, tuple[str, ...]]:
    named: dict[str, tuple[str, ...]] = {}
    for word, others in _ALSO.items():
        for other in others:
            named[other] = (*named.get(other, ()), word)
    return named


def _forms(word: str) -> tuple[str, ...]:
    """The words of an object that a spoken word may name: "warfarins" the one, "veggie" vegetarian."""
    return (word, word[:-1] if word[-1] == "s" else f"{word}s", *_also().get(word, ()))


def identifying(draft: Draft) -> frozenset[str]:
    """The words, in lower case, each of which names the object of a draft."""
    value = (draft.slot or "") if draft.predicate == "dose" else (draft.object or "")
    spoken = [word.casefold() for word in _WORD.findall(value)]
    telling = [word for word in spoken if word not in _SMALL and len(word) > 2] or [
        word for word in spoken if word in _ALONE
    ]
    if not telling or draft.predicate in _ANY_WORD or draft.predicate == "dose":
        return frozenset(telling)
    if draft.predicate in _FIRST_NAMES:
        return frozenset(telling[:1])
    return frozenset(telling[:1] if (draft.object or "")[:1].isupper() else telling[-1:])


def _named(draft: Draft, sentence: str) -> tuple[int, int] | None:
    """Where a sentence names the object of a draft, with all of its words that stand there."""
    telling = identifying(draft)
    every = {word.casefold() for word in _WORD.findall(draft.object or "")}
    span: tuple[int, int] | None = None
    for match in _WORD.finditer(sentence):
        forms = set(_forms(match[0].casefold()))
        if span is None and not telling.isdisjoint(forms):
            span = match.span()
        elif span is not None and match.start() == span[1] + 1 and not forms.isdisjoint(every - {"is"}):
            span = (span[0], match.end())
    if span is None:
        return None
    lead = re.search(r"(?:[\w+#-]+ )+$", sentence[: span[0]])
    first = span[0]
    for word in reversed(lead[0].split() if lead else ()):
        if word.casefold() not in every - _SMALL:
            break
        first -= len(word) + 1
    return first, span[1]


_HAS = late(
    r"'s(?=\s*$| (?:been|now|just|all|finally|also|off|over|on|done|taken|quit|stopped|given|gone|left|up|down|not|"
    r"got|come|had|switched|changed|moved|packed|jacked|dropped|finished|back|no)\b)",
    re.IGNORECASE,
)
""" "Dad's been taken off", "Dad's warfarin": the person is the father, and not somebody of his."""
_MENTION = (
    r"\b(?:(?P<whose>my|our|her|his|their|a|an|the|one|some|another|[\w-]+'s) (?:[a-z-]+ )?(?P<rel>{RELATIONS})"
    r"(?: (?P<named>(?-i:[A-ZÀ-Þ])[\w-]+))?|(?P<bare>mum|mam|mom|dad|nan|gran|grandma|grandad|hubby)|"
    r"(?P<word>[a-zà-ÿ][\w-]+))\b(?P<owning>'s)?"
)
_ANYBODY = late(r"(?:someone|somebody|everyone|everybody|people|friends?|mates?|colleagues?|neighbou?rs?)")


def people_in(text: str, people: Mapping[str, Person]) -> frozenset[Person | None]:
    """The people that a clause mentions, without doctors and others who do something for them; None is a stranger."""
    found: set[Person | None] = set()
    for match in compiled(_MENTION).finditer(_AGENT.sub(" ", _DONE_TO_ME.sub(" ", _HAS.sub("", text)))):
        relation = (match["rel"] or match["bare"] or "").lower()
        word = match["named"] or match["word"] or ""
        known = people.get(word.casefold())
        if match["owning"] or (relation and (match["whose"] or "my").lower() not in ("my", "our")):
            found.add(None)
        elif known is not None:
            found.add(known)
        elif relation:
            found.add((word, relation) if word else the_only(relation, people.values()) or (relation, relation))
        elif _ANYBODY.fullmatch(word.lower()):
            found.add(None)
        elif word[:1].isupper() and is_given_name(word):
            found.add((word, ""))
    return frozenset(found)


def _carried(before: list[str], people: Mapping[str, Person]) -> frozenset[Person | None]:
    """Whom a sentence without a subject is about after the sentences `before`; nobody stands for the speaker."""
    for sentence in reversed(before):
        named = people_in(sentence, people)
        if named:
            return named
        if _OWN.search(sentence) and not _PRONOUN.search(sentence):
            break
    return frozenset()


def _is_about(naming: Naming, people: Mapping[str, Person], sentences_before: list[str]) -> bool:
    """Whether a clause is about the subject of the fact whose object it names."""
    before = _DONE_TO_ME.sub("", _clause_before(naming.before))
    draft = naming.draft
    named = people_in(before, people) - _itself(draft)
    pronoun = _PRONOUN.search(before) is not None
    if before.strip() and not named and not pronoun and not _OWN.search(before):
        named = people_in(naming.before, people) - _itself(draft)
        pronoun = _PRONOUN.search(naming.before) is not None
    mine = _OWN.search(naming.sentence) is not None
    if draft.subject is None:
        opens = not naming.before.strip() and not mine
        of_a_name = tells_of_a_name(_DONE_TO_ME.sub("", before.strip()))
        return not (named or pronoun or of_a_name or (opens and _carried(sentences_before, people)))
    if not named:
        named = people_in(_BREAK.split(naming.after, maxsplit=1)[0], people)
    if not named and (pronoun or not mine):
        named = _carried(sentences_before, people)
    return len(named) == 1 and _same(next(iter(named)), draft)


def is_for(draft: Draft, words: str, people: Mapping[str, Person]) -> bool:
    """False if `words` name another person than the subject of a draft: "didn't suit my brother"."""
    named = people_in(words, people) - _itself(draft)
    if draft.subject is None:
        return not named and not _PRONOUN.search(words)
    return all(_same(person, draft) for person in named)


def _clause_before(before: str) -> str:
    return _BREAK.split(before)[-1]


def _itself(draft: Draft) -> frozenset[Person | None]:
    """The person that a fact names, "has a girlfriend called Noor", who is not another subject."""
    return frozenset({(draft.object or "", draft.predicate.removeprefix("has_")), (draft.object or "", "")})


def _same(person: Person | None, draft: Draft) -> bool:
    if person is None or draft.subject is None:
        return False
    if draft.subject.casefold() == person[0].casefold():
        return True
    relation = canonical(draft.owner or draft.subject)
    return canonical(person[1]) == relation and draft.subject == draft.owner
