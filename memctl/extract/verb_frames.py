"""What a topic table is made of: a `Frame` ties a verb and what follows it to a predicate.

Tense, negation and "no longer" are read once, by `memctl.extract.clauses`; a frame says only what they mean for it.
"""

import re
from typing import Literal

import msgspec

from memctl.core.claim import Op
from memctl.core.fact import Kind
from memctl.extract.noun_phrases import Shape

Past = Literal["assert", "retract", "skip"]


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """One reading of a verb.

    `pattern` is matched where the verb ends (for "be": where its complement starts) and names the object `o`, and a
    slot `s` when there is one. `template` is the third-person predicate of the fact's text. `past` says what the
    simple past means: still a fact (joined), over (lived), or unclear. `neg` names the predicate a negation asserts,
    or "retract", or "skip". `can` allows "can" and "can't". `present` False takes only past and perfect ("we bought").
    `only_neg` frames speak only when negated ("can't stand", "don't eat"). `value` spells the object kept, when it is
    not `o` itself. `others` False keeps the frame to the speaker.
    """

    lemmas: tuple[str, ...]
    pattern: re.Pattern[str]
    predicate: str
    template: str
    shape: Shape = "np"
    op: Op = "assert"
    past: Past = "skip"
    neg: str = "retract"
    can: bool = False
    present: bool = True
    kind: Kind = "fact"
    confidence: float = 0.85
    category: str = "personal"
    value: str | None = None
    others: bool = True
    only_neg: bool = False


class Property(msgspec.Struct, frozen=True, kw_only=True):
    """ "My X is Y": `pattern` matches the whole noun phrase X and may name a slot `s`."""

    pattern: re.Pattern[str]
    predicate: str
    template: str
    shape: Shape = "np"
    kind: Kind = "fact"
    confidence: float = 0.9
    category: str = "personal"


def frame(
    lemmas: str,
    pattern: str,
    predicate: str,
    template: str,
    *,
    shape: Shape = "np",
    op: Op = "assert",
    past: Past = "skip",
    neg: str = "retract",
    can: bool = False,
    present: bool = True,
    kind: Kind = "fact",
    confidence: float = 0.85,
    category: str = "personal",
    value: str | None = None,
    others: bool = True,
    only_neg: bool = False,
    case: bool = False,
) -> Frame:
    """A row of a topic table: verbs by lemma, separated by blanks ("give_up" is "give up")."""
    return Frame(
        lemmas=tuple(lemma.replace("_", " ") for lemma in lemmas.split()),
        pattern=re.compile(pattern, 0 if case else re.IGNORECASE),
        predicate=predicate,
        template=template,
        shape=shape,
        op=op,
        past=past,
        neg=neg,
        can=can,
        present=present,
        kind=kind,
        confidence=confidence,
        category=category,
        value=value,
        others=others,
        only_neg=only_neg,
    )


def prop(
    pattern: str,
    predicate: str,
    template: str,
    *,
    shape: Shape = "np",
    kind: Kind = "fact",
    confidence: float = 0.9,
    category: str = "personal",
) -> Property:
    """A row of a table of properties."""
    return Property(
        pattern=re.compile(pattern, re.IGNORECASE),
        predicate=predicate,
        template=template,
        shape=shape,
        kind=kind,
        confidence=confidence,
        category=category,
    )
