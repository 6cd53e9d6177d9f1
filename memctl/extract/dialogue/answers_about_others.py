"""Answers to questions about somebody else: "Is your sister still teaching?" – "Retired in May."

Sentences without "I" or "my" that open such an answer are not about their speaker.
"""

import re
from collections.abc import Iterable, Iterator

from memctl.core.late_pattern import late
from memctl.core.subjects import is_relation
from memctl.extract.draft_claim import Draft
from memctl.extract.grammar.segmentation import last_question, plain, sentences
from memctl.extract.people.people import FOND_NAMES
from memctl.extract.people.sentence_subjects import names_speaker
from memctl.extract.rule_tables import lexicon

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


def asks_about_another(question: str) -> bool:
    """True if the last sentence of a message asks about a person who is not "you"."""
    asked = last_question(plain(question))
    if asked is None or not _ASKED.match(asked):
        return False
    rest = re.sub(_KIN, "", asked, flags=re.IGNORECASE)
    return not re.search(r"\byours?\b|\byou\b", rest, re.IGNORECASE)


def of_the_speaker(drafts: Iterable[Draft], question: str, text: str) -> Iterator[Draft]:
    """The drafts of the answer `text`, without those about another person that `question` asks about.

    Relatives that the answer names stay: "How is he?" – "The missus is called Rosie."
    """
    end = 0
    if asks_about_another(question):
        for sentence in sentences(plain(text)):
            if names_speaker(sentence.text):
                break
            end = sentence.start + len(sentence.text)
    for draft in drafts:
        relative = is_relation(draft.predicate)
        if draft.subject is not None or relative or draft.predicate == "instruction" or draft.quote[0] >= end:
            yield draft
