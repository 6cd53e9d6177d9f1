"""The clauses of a turn that assert something, and the person that each is about; the input of the checks of a model's
facts.

The same guards as for the rules apply: questions, suppositions, reported speech, fiction and pasted text assert
nothing.
"""
# ruff: noqa: E501 -- patterns are kept on one line

import re
from collections.abc import Iterator
from functools import lru_cache

import msgspec

from memctl.core.late_pattern import late
from memctl.extract.filters import assertion_filter
from memctl.extract.filters.fiction import fictional
from memctl.extract.filters.object_types import is_opening
from memctl.extract.filters.pasted_text import hide_pasted
from memctl.extract.filters.prompt_injection import is_instruction_like
from memctl.extract.grammar import clause_openers
from memctl.extract.grammar.clause_cuts import clauses
from memctl.extract.grammar.clauses import ADVERBS, MAY, Head, head
from memctl.extract.grammar.segmentation import Sentence, plain, sentences, tokens
from memctl.extract.rule_tables import lexicon
from memctl.extract.vocabulary.verbs import FORMS

SELF = "self"
"""The owner of a clause about its speaker."""

_LEAD_WORDS = frozenset({"my", "our"})
_RELATIVE = late(
    rf"(?:my|our|the) (?:[\w-]+ ){{0,2}}?(?P<rel>{lexicon('RELATIONS')}|{lexicon('PET')})s?(?P<genitive>'s(?! (?:called|named|a|an|"
    r"in|at|on|not|now|just|the|\d|\w+ing)\b))?\b,? ?(?:(?:called|named) )?(?P<name>(?-i:[A-ZÀ-Þ])[\w\-À-ž]+)?",
    re.IGNORECASE,
)
_ANOTHER = late(
    r"(?:he|she|they|it|his|her|their|its|you|your|there|this|that|these|those|who|everyone|people)\b", re.I
)
_NAMED = late(r"(?P<name>[A-ZÀ-Þ][\w\-À-ž]+)(?:'s)? (?P<next>[\w']+)")
_UNREAL = late(
    rf"\b(?:maybe|perhaps|possibly|probably|might|{MAY}|could|would|should|wish(?:ed)?|almost|nearly|thinking (?:of|about)|"
    r"consider\w*|tempted|dream\w* of|supposedly|apparently|allegedly|pretend\w*|as if|in theory|not sure|unsure|i doubt|"
    r"wonder\w*|considered|imagine)\b|\bif\b",
    re.IGNORECASE,
)
_DENIED = late(
    r"n't\b|\b(?:not|never|no longer|no|none|nor|neither|without|dont|doesnt|didnt|isnt|wasnt|cant|wont|havent|used to|"
    r"stopped|quit|gave up|given up|ex|former(?:ly)?|any ?more|instead of|rather than|except|sold|got rid of|lost|left)\b",
    re.IGNORECASE,
)


_NOBODY = late(
    r"yeah|yes|no|ok|okay|that|this|what|there|here|they|she|he|it|we|you|well|wow|hey|hi|oh|thanks|and|but|so|if|when|"
    r"glad|great|nice|cool|good|sure|sorry|maybe|some|one|all|everyone|people|everything",
    re.IGNORECASE,
)


def is_common(word: str) -> bool:
    """True for a word that often opens a sentence and is not a name: "Yeah", "Just", "Love"."""
    return word.lower() in FORMS or word.lower() in ADVERBS or bool(_NOBODY.fullmatch(word)) or is_opening(word)


def is_unreal(words: str) -> bool:
    """True for words about something that is only possible, wished or almost so."""
    return bool(_UNREAL.search(words))


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """A clause: its text as it stands in the turn from `start`, the whole sentence, its head, and the person it is about.

    `owner` is SELF, a name or relation, or None if the clause does not say. `relative` is the person of "my sister" at
    its start. `before` is what was said earlier in the turn.
    """

    text: str
    start: int
    sentence: str
    sentence_start: int
    owner: str | None
    relative: str | None
    genitive: bool
    head: Head | None
    before: str

    @property
    def unreal(self) -> bool:
        """True if the clause is about something that is only possible, wished or almost so."""
        return is_unreal(self.text) or bool(self.head and self.head.modal)

    @property
    def denied(self) -> bool:
        """True if the clause says that something is not or no longer so."""
        return bool(_DENIED.search(self.text)) or bool(self.head and (self.head.neg or self.head.stopped))

    @property
    def end(self) -> int:
        """The offset of its end in the turn."""
        return self.start + len(self.text)


@lru_cache(maxsize=256)
def statements(text: str, third: bool = False) -> tuple[Statement, ...]:
    """The statements of a turn; with `third`, "the user" is its speaker."""
    whole = hide_pasted(plain(text))
    if fictional(whole):
        return ()
    found: list[Statement] = []
    for sentence in sentences(whole):
        if is_instruction_like(sentence.text):
            continue
        if assertion_filter.joke_follows(sentence.text):
            found = [one for one in found if one.sentence_start != found[-1].sentence_start]
            continue
        found += _of(sentence, whole, third)
    return tuple(found)


def orders(text: str) -> tuple[Sentence, ...]:
    """All sentences of a turn that are not pasted or quoted, whether they assert something or not."""
    whole = hide_pasted(plain(text))
    return () if fictional(whole) else tuple(sentences(whole))


def _of(sentence: Sentence, whole: str, third: bool) -> Iterator[Statement]:
    body, offset = assertion_filter.declarative(sentence.text, sentence.mark)
    start = clause_openers.after_lead(body)
    body, offset = body[start:], offset + start
    owner: str | None = None
    for clause in clauses(body, sentence.start + offset):
        if assertion_filter.conditional(clause.conj, clause.text) or assertion_filter.in_that_case(clause.text):
            owner = None
            continue
        bare = clause.text[clause_openers.after_lead(clause.text) :]
        relative, genitive = None, False
        if clause.elided:
            verb = head(bare, person="i" if owner == SELF else "other")
        else:
            owner, relative, genitive, verb = _owner(bare, third)
        yield Statement(
            text=clause.text,
            start=clause.start,
            sentence=sentence.text,
            sentence_start=sentence.start,
            owner=owner,
            relative=relative,
            genitive=genitive,
            head=verb,
            before=whole[: clause.start],
        )


def _owner(text: str, third: bool) -> tuple[str | None, str | None, bool, Head | None]:
    """The person a clause is about, the relative at its start, whether it is about something of theirs, and its
    head."""
    if match := _RELATIVE.match(text):
        name = match["name"] or match["rel"].lower()
        return name, match["rel"].lower(), bool(match["genitive"]), head(text[match.end() :], person="other")
    words = tokens(text)
    for number, token in enumerate(words[:9]):
        if token.word in ("i", "we") or (third and token.word == "user"):
            return SELF, None, False, head(text, words, subject_at=number)
        if token.word in clause_openers.BLOCKERS or (token.word in FORMS and token.word not in ADVERBS):
            break
    if words and words[0].word in _LEAD_WORDS:
        return SELF, None, True, None
    if _ANOTHER.match(text):
        return "", None, False, head(text, words)
    named = _NAMED.match(text)
    if (
        named
        and not is_common(named["name"])
        and (named["next"].lower() in FORMS or named["next"].lower() in ("is", "was", "has", "and"))
    ):
        return named["name"], None, "'s " in named[0], head(text[named.start("next") :], person="other")
    return None, None, False, None
