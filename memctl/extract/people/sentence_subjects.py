"""The person that a sentence without a subject is about: "Ruth passed her citizenship. 83 years old." is about Ruth.

Such a sentence says nothing about the speaker if the subject of the sentence before it is somebody else.
"""

import re
from collections.abc import Iterable, Mapping

from memctl.core.late_pattern import late
from memctl.core.subjects import is_relation
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.clause_openers import after_lead, may_lack_subject
from memctl.extract.grammar.clauses import may_have_head
from memctl.extract.patterns.keyed_pattern import KeyedGroup, KeyedPattern
from memctl.extract.patterns.wordlist import lowered, words, words_with_digits
from memctl.extract.people.name_patterns import ONE_NAME, SHORT_NAME
from memctl.extract.people.named_subjects import SUBJECT_WORDS, named_subject
from memctl.extract.people.strangers import is_predicate, may_be_a_person, stranger
from memctl.extract.rule_tables import compiled
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import CHILD, SEVERAL, canonical, fits, must_fit, suits

_OWN = frozenset(words("i im ive me my mine we our ours us myself"))
_SUBJECT_I = frozenset(words("i im ive we"))
_SUBJECTS = SUBJECT_WORDS.union(words("i im ive imma we weve he she hes shes they theyre"))
HINTS = KeyedGroup(words=_SUBJECTS)
"""With one of these words, a clause may be about a person."""
_ME = KeyedGroup(words=("me",))
_JOINED_TO_ME = KeyedGroup(words=("and", "n"))
""" "Me and the girls are off to Ibiza"."""
_NAME_LATER = late(r"(?<!^)(?<![\w'’-])(?!I\b)[A-ZÀ-Þ][\w\-À-ž]")
_HE_OR_SHE = late(
    r"\W*(?:(?:and|but|so|then) )*(?:hes|shes|he|she|they)\b(?:'s|'re|'ve|'d|'ll)?(?! and (?:i|me)\b)", re.IGNORECASE
)
_THEN_HE_OR_SHE = late(r"[,;–—] (?:and |but )?(?:hes|shes|he's|she's|he is|she is)\b", re.IGNORECASE)
""" "Coffee with my brother Sid, he's in Bergen": the next words without a subject may be about him."""

_JUST_NAMED = late(
    rf"(?:\b(?:called|named|name(?:'s| is)|little|wee|baby|young|(?:her|his|their|the) (?:girl|boy|lad|lass|"
    rf"son|daughter|kid|child|wife|husband|baby))|[,:–—-]) (?P<name>{ONE_NAME})[,.\s–—-]*(?:\band )?$",
    re.IGNORECASE,
)
""" "A Welsh bloke called Gethin, he's …", "the wee accident, Saoirse, she's 2": the person named last is meant."""

_CALLED_WHO = late(
    rf"\b(?:an?|his|her|their|new) (?P<noun>[a-z]+) (?:called|named) (?P<name>{ONE_NAME}),? who(?:'s| is| has)? "
    r"[^;.]*?(?:,| and| but) $"
)
""" "A girlfriend called Saffron, who's vegan and she doesn't like dogs"."""
_THERE_IS = late(
    rf"\bthere(?:'s|s| is| was) (?:also |even )?(?:(?P<one>one)|an?|this|another) (?:[a-z]+ )?(?:called |named )?"
    rf"(?P<name>{ONE_NAME})\b(?P<who>,? who\b)?[^;]*$",
    re.IGNORECASE,
)
""" "There is one Desmond who builds boats, he's a dentist": not the person named before."""
_THING_CALLED = late(
    rf"\b(?:the|our|my|his|her|their|an?) (?:[\w-]+ ){{0,3}}?(?P<noun>[\w-]+)(?: is|'s|,)? (?:called|named) {ONE_NAME}"
    r"[,\s–-]*$",
    re.IGNORECASE,
)
""" "The van is called Brenda, she's 22"."""
_PEOPLE = r"(?:{RELATIONS}|{JOBS}|girl|woman|man|guy|lady|fella|chap|person|student|customer|client|patient)"
_NEW_PERSON = rf"\b(?:an?|the) (?:[a-z]+ ){{0,2}}{_PEOPLE}, (?P<name>{ONE_NAME}),[^.;]*, (?:and |but )?$"
""" "The cook is a new girl, Efua, from Ho, she …": "she" is Efua, who was just introduced."""
_OR_THE_LAST = late(rf"(?P<cue>[\w']+) (?P<name>{ONE_NAME}),\s*$")
_BEFORE_A_PLACE = frozenset(
    {"for", "at", "in", "from", "near", "on", "to", "the", "of", "a", "by", "with", "my", "our"}
)
""" "Ann met Beth, she's 4": perhaps the person named last; "works for Nestlé, she's 4" names no other person."""
_WHO = late(rf"(?P<name>{ONE_NAME}|\b[a-z]+),? who(?:'s)? [^;.]*$")
_RELATIVE_FIRST = (
    r"(?:(?:big|little|older|younger|elder|middle|twin|great|step) )*(?:{RELATIONS}) (?-i:[A-ZÀ-Þ])[\w'-]+, "
    r"(?P<rest>.+)"
)
""" "Big sister Ragna, had twins last May"."""
_NO_PERSON = r"\b(?:story|novel|book|film|movie|play|game|sims?|character|persona|avatar|{PET})s?\b"


_ASIDE = KeyedPattern(
    r"(?<=\w )\((?:my|our|she's|he's|she is|he is|they're) [^()]{1,40}\)|"
    r"(?<=(?:mum|mom|dad|nan) )\((?-i:[A-ZÀ-Þ])[\w-]+\)|"
    r"(?<=, )i(?:'m| am) (?:told|sure|afraid|assured|informed),",
    re.IGNORECASE,
)
""" "Noor (my sister) lives in Kyiv", "a mascot who is, I'm told, an accountant": the clause continues after it."""


_APPOSED = KeyedPattern(
    rf"(?P<subject>(?:^|[,;] |\b(?:and|but) )(?:my |our )?(?:[a-z]+ )?{ONE_NAME}(?: {ONE_NAME})?)"
    rf"(?P<aside>{SHORT_NAME}|, (?:an?|my|our|one of (?:my|our)) [^,.;:()'’]{{3,45}},)"
    r"(?= (?:is|was|has|had|lives|works|plays|goes|studies|teaches|drives|runs|sings|speaks|moved|started|just|can|"
    r"will|can't|won't|doesn't|never|always|hates|loves|likes)\b)",
    re.IGNORECASE,
)
""" "Desmond, a guy from my club, is a dentist", "Mateo, we call him Teo, is 9"."""


def without_asides(text: str) -> str:
    """`text` with blanks for what is put between a subject and its verb, as long as before."""
    if "(" in text or ", i" in text or ", I" in text:
        text = _ASIDE.sub(lambda aside: " " * len(aside[0]), text)
    if "," not in text and "(" not in text:
        return text
    return _APPOSED.sub(_without_apposed, text)


def _without_apposed(match: re.Match[str]) -> str:
    """The subject alone, if what stands after it is a short name or says that it is a person."""
    person = match["called"] or match["short"] or compiled(rf"\b{_PEOPLE}\b").search(match["aside"])
    return match["subject"] + " " * len(match["aside"]) if person else match[0]


def names_speaker(text: str) -> bool:
    """True if a sentence has a word for its speaker."""
    return not _OWN.isdisjoint(words_with_digits(text))


def may_have_subject(text: str, people: Mapping[str, tuple[str, str]]) -> bool:
    """False if no clause of a sentence is about its speaker or a person: its clauses have other subjects, such as "it".

    `people` are those named before.
    """
    return bool(
        HINTS.possible(text)
        or (people and any(map(lowered(text).__contains__, people)))
        or (_ME.possible(text) and ("&" in text or _JOINED_TO_ME.possible(text)))
        or (not text[1:].islower() and _NAME_LATER.search(text))
        or may_lack_subject(text)
        or ((named := stranger(text)) and may_have_head(named[1]))
    )


def of_another(text: str, people: Mapping[str, tuple[str, str]]) -> bool:
    """True if the only subject of a sentence is a person other than its speaker; `people` are those named before."""
    text = text[after_lead(text) :]
    if names_i(text):
        return False
    if _HE_OR_SHE.match(text) or _THEN_HE_OR_SHE.search(text) or named_subject(text, people) is not None:
        return True
    named = stranger(text)
    first, _, rest = text.partition(" ")
    if first.isalpha() and first.islower() and is_predicate(rest) and is_given_name(first.capitalize()):
        return True  # "hannah made first chair"
    return opens_with_another(text) or (named is not None and is_predicate(named[1]))


class SubjectsSoFar:
    """Whether the sentences read so far are about another person than the speaker.

    That matters only for a later sentence from which something was read, so it is found out when such a sentence asks.
    """

    def __init__(self, *, third: bool) -> None:
        """`third` is set for notes in the third person, in which every sentence has its subject."""
        self.third = third
        self.another = False
        self._unread: list[tuple[str, dict[str, tuple[str, str]]]] = []

    def add(self, text: str, people: Mapping[str, tuple[str, str]]) -> None:
        """Add the next sentence; `people` are those named up to its end."""
        self._unread.append((text, dict(people)))

    def are_another(self) -> bool:
        """True if a sentence that does not name its subject is about somebody else."""
        for text, people in self._unread:
            if self.third or names_speaker(text) or not self.another:
                self.another = of_another(text, people)
        self._unread.clear()
        return self.another


_OWNED_SUBJECT = (
    r"\W*(?:(?:and|but|so|yep|yeah|well|btw|also|oh|now) )*(?:(?!(?:How|What|Who|Where|When|That|It|There|Here|He|She|"
    r"Let|This)'s){FULL_NAME}'s (?!(?:birthday|party)\b)[a-z]+\b|(?:my|our|me|ma|his|her|their) (?:[a-z-]+ "
    r")?(?:{RELATIONS})(?: (?-i:[A-ZÀ-Þ])[\w-]+)?(?:'s)? |(?:(?:the|my|our|an?|this|new|next|first|last|today's) "
    r")*(?:client|customer|patient|guest|visitor|passenger|guy|man|woman|lady|girl|boy|kid|bloke|fella|boss|manager|"
    r"tenant|applicant|candidate|driver|{JOBS})(?: (?:today|here|upstairs|downstairs|opposite|next door))?(?:'s| is| "
    r"was| has| had) |(?!(?:it|that|this|there|here|what|who|where|when|how|why|let|he|she|everything|everyone|"
    r"nothing|one|name|life|time)'s)[a-z]{4,}'s (?:moving|coming|going|getting|leaving|starting|staying|turned|just "
    r"got|finally|passed|got a) )"
)


def opens_with_another(clause: str) -> bool:
    """True for a clause whose subject belongs to somebody: "Joy's mother lives with us", "me sister's left Merv"."""
    return not names_i(clause) and compiled(_OWNED_SUBJECT).match(clause) is not None


_THEIR_RELATIVE = r"\W*(?:(?:and|but|so) )*(?:his|her|their) (?:[a-z-]+ )?(?:{RELATIONS})\b"


def is_of_another(clause: str, after: str, person: tuple[str, str] | None) -> bool:
    """True if a clause without a verb of a `person` (None: the speaker) is about somebody else.

    "But his mam's coeliac" says nothing of him, and "copd" before "and he's diabetic" nothing of the speaker.
    """
    if person is not None:
        return compiled(_THEIR_RELATIVE).match(clause) is not None
    return not names_speaker(clause) and _HE_OR_SHE_NEXT.match(after) is not None


_HE_OR_SHE_NEXT = late(
    r"(?:and |but )?(?:he|she|hes|shes|he's|she's)\b(?! (?:calls|says|said|thinks|reckons|told|put|gave)\b)",
    re.IGNORECASE,
)


def names_i(text: str) -> bool:
    """True if the speaker is a subject in `text`."""
    return not _SUBJECT_I.isdisjoint(words_with_digits(text))


def of_a_relative(text: str) -> bool:
    """True for a sentence that opens with a relative, and then says what they did, and nothing about the speaker."""
    if names_speaker(text):
        return False
    kin = compiled(_RELATIVE_FIRST).match(text)
    return kin is not None and is_predicate(kin["rest"])


_AND_THEIR = late(
    r"\b(?:he|she|they|him|her|them|himself|herself|themselves) (?:and|&|n) (?:the|an?) (?:[a-z]+ ){1,3}?$",
    re.IGNORECASE,
)


def joined_to_another(before: str) -> bool:
    """True for a name after "herself and the boyfriend,": whose boyfriend he is, "the" does not tell, but "herself"."""
    return _AND_THEIR.search(before.rstrip(" ,") + " ") is not None


def is_of_another_couple(draft: Draft, text: str) -> bool:
    """True for a relation of the speaker to somebody who is named as the partner or relative of somebody else."""
    if draft.subject is not None or not is_relation(draft.predicate) or not draft.object:
        return False
    at = text.find(draft.object, draft.quote[0])
    return at >= 0 and joined_to_another(text[:at])


_CHILDREN_FIRST = late(
    r"\W*(?:(?:and|with|got|has) )*(?:\d|one|two|three|four|five|a) (?:[a-z]+ )?(?:boys?|girls?|kids?|sons?|daughters?|"
    r"children|lads?|lass(?:es)?)\b",
    re.IGNORECASE,
)


def without_speaker(text: str, drafts: Iterable[Draft], people: Mapping[str, tuple[str, str]]) -> list[Draft]:
    """`drafts` of a sentence that is not about its speaker: relatives, instructions and drugs stay, and the bond of
    the speaker after talk of nobody but children, among the `people` named before. The children in "My boss Sue is
    lovely. Two kids, Ed and Flo" are not the speaker's.

    "The GP says it's diabetes. Metformin twice a day" is about the speaker, as `memctl.extract.statements.mentions`
    decides.
    """
    drafts = list(drafts)
    of_children = bool(people) and all(canonical(relation) in CHILD for _, relation in people.values())
    theirs = _CHILDREN_FIRST.match(text) is not None
    of_children &= all(draft.predicate != "spouse" for draft in drafts)  # "Married to Magda": perhaps the child
    return [
        draft
        for draft in drafts
        if draft.subject is not None
        or draft.kind == "procedure"
        or draft.predicate in ("takes_medication", "dose")
        or (is_relation(draft.predicate) and not (theirs and draft.predicate == "has_child"))
        or (of_children and draft.predicate == "relationship_status")
    ]


def continues(other: tuple[str, str], before: str) -> bool:
    """Whether a clause without a subject is about `other`: "Tom, who is 19 and works at Lidl", not "Tom met Joe who is
    19 and works at Lidl"."""
    who = _WHO.search(before)
    return who is None or who["name"].casefold() in f"{other[0]} {other[1]}".casefold().split()


_NEWCOMER = late(
    rf"\b(?:and|but|while|whereas|;) (?:the|my|our|his|her|their) (?:[a-z-]+ ){{0,2}}[a-z-]+, (?P<name>{ONE_NAME}),\s*$"
)


def newcomer(before: str, other: tuple[str, str]) -> tuple[str, str]:
    """The person whom the words before a verb name, "Ana is a vet and the younger, Ida, teaches", or else `other`."""
    named = _NEWCOMER.search(before) if before.endswith((", ", ",")) else None
    return (named["name"], "") if named and may_be_a_person(named["name"]) else other


def meant(pronoun: str, other: tuple[str, str] | None, before: str) -> tuple[str, str] | None:
    """The name and relation of the person called "he", "she" or "they" after the words `before` of the sentence.

    It is the person named just before the pronoun, otherwise `other`, the person of the sentences before. None if the
    pronoun does not fit this person, or means a pet or a character.
    """
    if there := _THERE_IS.search(before):
        certain = there["who"] or there["one"] or is_given_name(there["name"])
        return (there["name"], "") if certain and may_be_a_person(there["name"]) else None
    named = _JUST_NAMED.search(before)
    introduced = _CALLED_WHO.search(before)
    if introduced and (other is None or introduced["name"] != other[0]):
        return (introduced["name"], "") if fits(pronoun, introduced["noun"]) else None
    if named and (other is None or named["name"] != other[0]) and may_be_a_person(named["name"]):
        if other and before[: named.start() + 1].endswith(",") and must_fit(pronoun, other[1]):
            return None
        thing = _THING_CALLED.search(before)
        other_kind = thing is not None and not compiled(_PEOPLE).fullmatch(thing["noun"])
        return None if other_kind or compiled(_NO_PERSON).search(before) else (named["name"], "")
    new = compiled(_NEW_PERSON).search(before) if other and ", " in before else None
    if new and new["name"] not in (other or ("",))[0].split() and may_be_a_person(new["name"]):
        return new["name"], ""
    last = _OR_THE_LAST.search(before)
    if (
        last
        and last["cue"].lower() not in _BEFORE_A_PLACE
        and (other is None or last["name"] not in other[0].split())
        and may_be_a_person(last["name"])
    ):
        return None
    if other is None:
        return _only_person(before) if pronoun != "they" else None
    opening = _NAMED_FIRST.match(before)
    if opening and opening["name"] not in other[0].split() and may_be_a_person(opening["name"]):
        return None
    if pronoun != "they" and other[0] == other[1] and other[0] in SEVERAL:
        return None  # "Our twins are fourteen; she plays viola"
    return other if suits(pronoun, other) else None


_NAMED_FIRST = late(
    rf"\W*(?:(?:and|but|so|then) )?(?P<name>{ONE_NAME})(?:'s| is| was| has| works| lives| the [a-z]+)\b", re.IGNORECASE
)
""" "Ada is the eldest, she's a barrister" before a name that comes later in the sentence."""


def _only_person(before: str) -> tuple[str, str] | None:
    """The one person that the words before a pronoun name, "met Priya at the climbing gym, she's …", if it is certain.

    It is not if they also name a relative or somebody by their job.
    """
    names = {match[0] for match in _NAME.finditer(before) if is_given_name(match[0])}
    if len(names) != 1 or compiled(_ANYBODY).search(before):
        return None
    (name,) = names
    return name, ""


_RELATIVE_NAMED = r"\b(?:my|our|his|her|their|[a-z]+'s) (?:[\w-]+ )?(?:{RELATIONS})\b"
_ANYBODY = (
    r"\b(?:{RELATIONS}|{JOBS}|{PET}|girl|woman|man|guy|lady|people|someone|somebody|another|who|he|she|they)s?\b|'s\b"
)
_NAME = late(r"(?<![\w'-])[A-ZÀ-Þ][\w-]+")


def names_another(text: str, person: tuple[str, str]) -> bool:
    """True if a text names a relative, or somebody who is not `person`."""
    return compiled(_RELATIVE_NAMED).search(text) is not None or any(
        (is_given_name(match[0]) or (match.start() > 0 and may_be_a_person(match[0]))) and match[0] != person[0]
        for match in _NAME.finditer(text)
    )


_REPORTER = late(
    r"\W*(?:(?:and|so|but|oh|also|well|anyway|then|now)[, ]+)*(?P<o>(?:my|our) [^,.;:!?]{3,40}?) "
    r"(?:says|said|thinks|told|reckons|wants|asked|swears|announced|mentioned|insists|suggested|texted)\b",
    re.IGNORECASE,
)


def reporter(text: str) -> str:
    """The speaker's own relative, whose words a sentence reports: "my daughter Kay says I snore"."""
    match = _REPORTER.match(text)
    return match["o"] if match else ""
