"""Readings of a turn from the numbers that the model gives for its tokens."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgspec

from memctl.extract.neural.encoding import Tokens
from memctl.extract.neural.labels import ROLE_TAGS, ROLES, TAGS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float32]

Span = tuple[int, int]


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A claim as the model reads it: spans in the turn, or for `subject` words of the message before it.

    `scores` are the probabilities of the object's words, of its roles, of its polarity, and that the turn states
    anything; `confidence` is the calibrated probability that the claim is right.
    """

    predicate: str
    object: Span
    subject: str | None = None
    slot: str | None = None
    when: Span | None = None
    over: bool = False
    scores: tuple[float, float, float, float]
    confidence: float = 0.0

    def moved(self, by: int) -> "Reading":
        """The reading with its places in the turn moved by a number of characters."""
        when = (self.when[0] + by, self.when[1] + by) if self.when else None
        return msgspec.structs.replace(self, object=(self.object[0] + by, self.object[1] + by), when=when)


class Output(msgspec.Struct, frozen=True):
    """The model's logits for one input: tags and roles (tokens, .), over (tokens), links (roles, tokens, tokens),
    modality (.)."""

    tags: "Floats"
    roles: "Floats"
    over: "Floats"
    links: "Floats"
    modality: "Floats"


def readings(tokens: Tokens, output: Output, text: str, before: str) -> Iterator[Reading]:
    """The claims of one input, in the order of their objects."""
    probabilities = _softmax(output.tags)
    links = _softmax(output.links)
    stated = float(_softmax(output.modality)[0])
    for places, predicate in _objects(tokens, probabilities):
        first = places[0]
        shares = [float(probabilities[place, _tags(predicate, number)]) for number, place in enumerate(places)]
        words = (sum(shares) / len(shares) + min(shares)) / 2
        said, sure = {}, 1.0
        for number, role in enumerate(ROLES):
            target = int(links[number, first].argmax())
            if role != "when":
                sure *= float(links[number, first, target])
            if target:
                said[role] = _role(tokens, output, target, role)
        over = 1 / (1 + float(_exp(-output.over[first])))
        subject, slot, when = (_text(said.get(role), text, before) for role in ROLES)
        span = said.get("when")
        yield Reading(
            predicate=predicate,
            object=(tokens.spans[first][0], tokens.spans[places[-1]][1]),
            subject=subject,
            slot=slot,
            when=span if span and when and span[0] >= 0 else None,
            over=over > 0.5,
            scores=(words, sure, max(over, 1 - over), stated),
        )


def _objects(tokens: Tokens, probabilities: "Floats") -> Iterator[tuple[list[int], str]]:
    """The spans of objects: the likeliest tags, where I may only continue its own predicate, and whole words."""
    best = probabilities.argmax(-1)
    places: list[int] = []
    predicate = ""
    for place, kind in enumerate(tokens.types):
        tag = TAGS[int(best[place])] if kind and tokens.spans[place] != (0, 0) else "O"
        # The pieces of a word belong together: a piece goes with the one before it.
        glued = bool(places) and places[-1] == place - 1 and tokens.spans[place][0] == tokens.spans[place - 1][1]
        inside = bool(places) and places[-1] == place - 1
        if places and inside and (tag == f"I-{predicate}" or (glued and tokens.continues[place])):
            places.append(place)
            continue
        if places:
            yield places, predicate
            places = []
        if tag != "O":
            places, predicate = [place], tag[2:]
    if places:
        yield places, predicate


def _tags(predicate: str, number: int) -> int:
    return TAGS.index(f"{'I' if number else 'B'}-{predicate}")


def _role(tokens: Tokens, output: Output, first: int, role: str) -> Span | None:
    """The characters of a role from its first token on, as tokens have them; None for a mark."""
    if tokens.spans[first] == (0, 0):
        return None
    best = output.roles.argmax(-1)
    start, end = tokens.spans[first]
    place = first + 1
    while place < len(tokens.rows) and tokens.types[place] == tokens.types[first] and tokens.spans[place] != (0, 0):
        if ROLE_TAGS[int(best[place])] != f"I-{role}" and not tokens.continues[place]:
            break
        end = tokens.spans[place][1]
        place += 1
    return start, end


def _text(span: Span | None, text: str, before: str) -> str | None:
    if span is None:
        return None
    start, end = span
    return before[-1 - start : -1 - end] if start < 0 else text[start:end]


def _softmax(values: "Floats") -> Any:
    shifted = values - values.max(-1, keepdims=True)
    exponentials = _exp(shifted)
    return exponentials / exponentials.sum(-1, keepdims=True)


def _exp(values: Any) -> Any:
    import numpy as np

    return np.exp(values)
