"""Answers to questions about somebody else: "Is your sister still teaching?" – "Retired in May."

Sentences without "I" or "my" that open such an answer are not about their speaker.
"""

import re
from collections.abc import Iterable, Iterator, Mapping

from memctl.core.late_pattern import late
from memctl.core.subjects import is_relation
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.segmentation import last_question, plain, sentences
from memctl.extract.patterns.wordlist import words
from memctl.extract.people.named_subjects import FOND_NAMES
from memctl.extract.people.sentence_subjects import names_speaker
from memctl.extract.rule_tables import lexicon
from memctl.extract.statements.languages import asks_for_language_of_text
from memctl.extract.vocabulary.given_names import is_given_name
from memctl.extract.vocabulary.kinship import suits, the_only

_KIN = (
    rf"(?:{FOND_NAMES}|mama|papa)(?:'s(?: \w+)?)?\b|"
    rf"your (?:\w+ ){{0,2}}?(?:{lexicon('RELATIONS')})s?"
)
_WH = r"(?:how|what|where|when|why|who)"
_AUXILIARY = (
    r"(?:(?:is|are|was|were|does|do|did|has|have|had|will|would|can|isn't|aren't|wasn't|doesn't|didn't|hasn't) )"
)
_NAME = (
    rf"(?!(?:{lexicon('WEEKDAYS')}|I|You|It|That|This|There|Here|Let|What|Who|Where|When|How|Why|Any|"
    r"Anything|Everything|Everyone)\b)(?-i:[A-ZÀ-Þ])[\w-]+"
)
_OF_KIN = rf"(?:{_WH}(?:'s|'re)? ?(?:about|long|old|far|much)? ?)?{_AUXILIARY}*(?:{_KIN}|he|she|they)"
_OF_NAME = (
    rf"(?:{_WH}(?:'s|'re| about) |(?:{_WH}(?: (?:long|old|far|much))? )?{_AUXILIARY}+){_NAME}|"
    rf"{_NAME}(?:'s| still| also)(?= )"
)
""" "How long has Ann …", "Ann's still …"; "Any rules for the repo?" opens with no name."""
_ASKED = late(
    rf"\W*(?:(?:and|so|but|oh|hey|ok|wait|really|then|well)\b[ ,]*)*(?:{_OF_KIN}|{_OF_NAME})\b", re.IGNORECASE
)


_WHO_IS_THE = late(
    rf"\W*(?:(?:and|so|oh|ok),? )?who(?:'s|s|'re| is| are) the (?:new |other )?(?P<rel>{lexicon('RELATIONS')})s?\?",
    re.IGNORECASE,
)
""" "Who is the apprentice?": the speaker's own."""
_WHO_IS_IT = late(r"\W*(?:(?:and|so|oh|ok),? )?who(?:'s|s| is) the (?:[\w-]+ ){0,2}[\w-]+\?", re.IGNORECASE)
""" "Who is the president?": what the answer says without a subject is of the president."""
_SOMEBODY = late(
    rf"\byour (?:(?:big|little|older|younger|elder|eldest|youngest|twin|best) )*(?P<rel>{lexicon('RELATIONS')})\b(?!'s "
    r"(?!(?:name|doing|called|job|birthday)\b))|"
    r"\b(?P<name>(?-i:[A-ZÀ-Þ])[\w-]+)\b|(?P<pronoun>\b(?:he|she)\b)",
    re.IGNORECASE,
)
_IS_YOURS = late(
    rf"\W*(?:(?:and|so|oh),? )?is (?P<name>(?-i:[A-ZÀ-Þ])[\w-]+) your (?P<rel>{lexicon('RELATIONS')})\?", re.IGNORECASE
)


def person_asked(
    question: str, known: Mapping[str, tuple[str, str]], subject: tuple[str, str] | None
) -> tuple[str, str] | None:
    """The name and relation of the person in a message's last question; None if there is none, or more than one.

    In the answer, "she" is this person. `known` are the people named before, by their name in lower case; `subject` is
    the person spoken of last.
    """
    asked = last_question(plain(question))
    if asked is None:
        return None
    if yours := _IS_YOURS.match(asked):
        return yours["name"], yours["rel"].lower()
    if who := _WHO_IS_THE.match(asked):
        return who["rel"].lower(), who["rel"].lower()
    found: set[tuple[str, str]] = set()
    for match in _SOMEBODY.finditer(asked):
        if match["rel"]:
            relation = match["rel"].lower()
            found.add(the_only(relation, known.values()) or (relation, relation))
        elif match["name"]:
            person = known.get(match["name"].casefold())
            if person is None and match.start() and not is_given_name(match["name"]):
                continue
            found.add(person or (match["name"], ""))
        elif subject is not None and suits(match["pronoun"].lower(), subject):
            found.add(subject)
    found = {one for one in found if one[1] or one[0].casefold() in known or is_given_name(one[0])}
    return found.pop() if len(found) == 1 else None


_POLITELY = late(
    r"^\W*(?:(?:and|so|ok|okay|great|thanks|thank you),? )*(?:(?:could|can|would|will) you|do you know|"
    r"may i (?:ask|know))(?: please)?(?: (?:tell|give) me| describe| confirm| say| list)? ",
    re.IGNORECASE,
)
_OF_HIS = late(r"^(?!.*\byou).*\b(?:his|her|their)\b(?! (?:own|way)\b)", re.IGNORECASE)
""" "Could you describe his mobility?": the answer is about him."""
_WHICH_RELATIVE = late(
    r"\b(?:your (?:relationship|relation)|relationship to|who are you|are you (?:his|her|their))\b", re.IGNORECASE
)
_RELATIVE = late(rf"\W*(?:(?:yes|i'm|im|i am|the|his|her|their|a),? )*(?:{lexicon('RELATIONS')})\b", re.IGNORECASE)
""" "What's your relationship to him?" – "Daughter, Lynne": the speaker is the daughter."""


_OF_A_PERSON = late(r"\b(?:he|she|him|his|her)\b", re.IGNORECASE)
_OF_A_BODY = frozenset(words("has_condition takes_medication dose allergic_to intolerant_to measure"))
""" "Is Dai on insulin?" – "Lantus, with his tea, and biscuits behind my back": the clause without "my" is about Dai."""


def asks_about_another(question: str) -> bool:
    """True if the last sentence of a message asks about a person who is not "you"."""
    asked = last_question(plain(question))
    if asked is None:
        return False
    asked = _POLITELY.sub("", asked)
    if not _ASKED.match(asked) and not _OF_HIS.search(asked) and not _WHO_IS_IT.match(asked):
        return False
    rest = re.sub(_KIN, "", asked, flags=re.IGNORECASE)
    return not re.search(r"\byours?\b|\byou\b", rest, re.IGNORECASE)


def of_the_speaker(drafts: Iterable[Draft], question: str, text: str) -> Iterator[Draft]:
    """The drafts of the answer `text`, without those about another person that `question` asks about.

    Relatives that the answer names stay: "How is he?" – "The missus is called Rosie."
    """
    own_role = _RELATIVE.match(text) if _WHICH_RELATIVE.search(question) else None
    end = mixed = 0
    if asks_about_another(question):
        for sentence in sentences(plain(text)):
            last = sentence.start + len(sentence.text)
            if names_speaker(sentence.text):
                mixed = last if _OF_A_PERSON.search(sentence.text) else 0
                break
            end = last
    chosen = asks_for_language_of_text(question)
    for draft in drafts:
        if chosen and draft.predicate == "speaks":
            continue
        relative = is_relation(draft.predicate)
        if own_role and relative and draft.subject is None and draft.quote[0] < own_role.end():
            continue
        if draft.subject is None and draft.predicate in _OF_A_BODY and draft.quote[0] < mixed:
            if names_speaker(text[slice(*draft.quote)].partition(",")[0]):
                yield draft
            continue
        if draft.subject is not None or relative or draft.predicate == "instruction" or draft.quote[0] >= end:
            yield draft
