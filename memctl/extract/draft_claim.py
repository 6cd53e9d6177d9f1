"""Drafts of claims, not yet tied to a session, and the wording of their text."""

import re
from datetime import datetime

import msgspec

from memctl.core.claim import Op, Precision
from memctl.core.fact import Kind
from memctl.core.late_pattern import late
from memctl.extract.vocabulary.kinship import SEVERAL
from memctl.extract.vocabulary.verbs import FORMS

RETRACT_BE = late(r"^is\b")


class Draft(msgspec.Struct, kw_only=True):
    """`subject` None is the speaker. `phrase` is the predicate in the third person ("lives in Paris").

    `quote` is the span in the turn. A `denial` ("I'm not vegetarian") ends what was claimed before and claims nothing
    itself. A draft that `corrects` another replaces it on purpose. A `doubt` marks what it would retract.
    `extractor` is None for the rules.
    """

    predicate: str
    object: str | None
    phrase: str
    quote: tuple[int, int]
    subject: str | None = None
    owner: str | None = None
    op: Op = "assert"
    kind: Kind = "fact"
    slot: str | None = None
    confidence: float = 0.85
    category: str = "personal"
    valid_at: datetime | None = None
    invalid_at: datetime | None = None
    precision: Precision | None = None
    denial: bool = False
    corrects: bool = False
    doubt: bool = False
    extractor: str | None = None

    @property
    def key(self) -> tuple[str | None, str, str | None, str, str]:
        """The key that duplicates within a turn share."""
        return self.subject, self.predicate, self.slot, (self.object or "").casefold(), self.op


def instruction(goal: str, quote: tuple[int, int], confidence: float = 0.85) -> Draft:
    """The draft of a standing instruction to the assistant: "answer in metric units"."""
    return Draft(
        predicate="instruction",
        object=goal,
        phrase=f"wants the assistant to follow: {goal}",
        quote=quote,
        kind="procedure",
        confidence=confidence,
        category="instructions",
    )


_NO_ARTICLE = late(r"(?:an?|the|my|our|their|head of|chief|vp|self-|retired$|unemployed|between)\b", re.IGNORECASE)


def article(noun: str) -> str:
    """`noun` with "a" or "an", unless it has an article or possessive: "nurse" gives "a nurse"."""
    if _NO_ARTICLE.match(noun):
        return noun
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


_PERSON = {
    "my": "their", "our": "their", "i": "they", "we": "they", "me": "them", "us": "them", "myself": "themselves",
    "ourselves": "themselves", "mine": "theirs", "i'm": "they are", "i've": "they have", "am": "are",
}  # fmt: skip
_PERSON_WORD = late(
    r"(?<![@./\\#:-])(?<!\w[&'])\b(?:my|our|i'm|i've|i|we|me|(?!(?-i:US)\b)us|myself|ourselves|mine)\b(?![@/\\#]|"
    r"[.:&-]\w)",
    re.IGNORECASE,
)
""" "Us" is a pronoun and "US" is not; the "my" of "amy.my@example.my" belongs to an address."""


_QUOTED = late(r"""["“][^"“”\n]+["”]|‘[^‘’\n]+’|(?<![\w'])'(?=\w)[^'\n]*(?:(?<=\w)'(?=\w)[^'\n]*)*'(?!\w)""")
""" "Don't say 'I see' or "my bad"": the words of a quotation."""


def third(text: str) -> str:
    """First-person words of `text` turned into the third person, except in the quotations of an order."""
    if '"' not in text and "'" not in text and "“" not in text and "‘" not in text:
        return _in_third(text)
    at, parts = 0, []
    for quoted in _QUOTED.finditer(text):
        parts += [_in_third(text[at : quoted.start()]), quoted[0]]
        at = quoted.end()
    return "".join([*parts, _in_third(text[at:])])


def _in_third(text: str) -> str:
    return _PERSON_WORD.sub(lambda match: _PERSON.get(match[0].lower(), match[0]), text)


def _told_of_another(text: str, name: str) -> str:
    """`text` about another person with the name of the speaker for "I" and "my": "drags Alice along"."""
    own = {"my": f"{name}'s", "me": name, "mine": f"{name}'s", "i": name, "i'm": f"{name} is", "i've": f"{name} has"}
    return _PERSON_WORD.sub(lambda match: own.get(match[0].lower()) or _PERSON.get(match[0].lower(), match[0]), text)


_PLURAL = {"is": "are", "has": "have", "was": "were", "does": "do", "goes": "go"}


def _of_several(phrase: str) -> str:
    """`phrase` with its verb in the plural: "no longer lives in Cork" gives "no longer live in Cork"."""
    lead = "no longer " if phrase.startswith("no longer ") else ""
    verb, blank, rest = phrase.removeprefix(lead).partition(" ")
    lemma, form = FORMS.get(verb, (verb, None))
    return f"{lead}{_PLURAL.get(verb) or (lemma if form == 's' else verb)}{blank}{rest}"


def sentence(draft: Draft, name: str) -> str:
    """The claim's text: "Alice lives in Paris.", "Alice no longer lives in Tokyo."."""
    subject = draft.subject or name
    if draft.subject and draft.owner:
        subject = f"{name}'s {draft.owner}" if draft.subject == draft.owner else draft.subject
    phrase = _told_of_another(draft.phrase, name) if draft.subject else third(draft.phrase)
    if draft.op == "retract" and not phrase.startswith(("has left", "no longer")):
        phrase = RETRACT_BE.sub("is no longer", phrase) if RETRACT_BE.match(phrase) else f"no longer {phrase}"
    if phrase.startswith("'s "):
        return full_stop(f"{subject}{phrase}")
    if draft.subject == draft.owner and draft.subject in SEVERAL:
        phrase = _of_several(phrase)
    return full_stop(f"{subject} {phrase}")


def full_stop(text: str) -> str:
    """`text` with one full stop at its end."""
    return f"{text.rstrip('.')}."
