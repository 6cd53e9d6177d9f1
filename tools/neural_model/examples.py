"""The training set as numbers: turns of fixtures/training with the tags, roles and links of their claims."""

import json
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from memctl.extract.neural.encoding import Tokens, encode, parts
from memctl.extract.neural.labels import MODALITIES, ROLE_TAGS, ROLES, TAGS

FOLDER = Path(__file__).parents[2] / "fixtures" / "training"
IGNORED = -100
"""The label of tokens that do not count in training."""


class Example(NamedTuple):
    """An input of the model with its labels. `links` has a row per claim: the first token of its object, and for each
    role the first token of its words (0, the mark, for the speaker and for no words); `over` is 1 if the claim
    retracts."""

    tokens: Tokens
    tags: list[int]
    roles: list[int]
    links: list[tuple[int, ...]]
    over: list[int]
    modality: int


def read(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """All turns of the set, in order."""
    return [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]


def split_of(voice: str) -> str:
    """The part of the set that a voice belongs to: "train", "dev" or "test"."""
    share = int(sha256(voice.encode()).hexdigest()[:8], 16) % 100
    return "test" if share < 12 else "dev" if share < 24 else "train"


def examples(turn: dict[str, Any], before: str | None = None) -> Iterator[Example]:
    """The inputs of one turn, several for a long one. `before` is used as the message before it if it has none."""
    text = turn["turn"]
    message = turn.get("before") or before or ""
    for start, end in parts(text):
        claims = [claim for claim in turn["claims"] if start <= text.find(claim["object"]) < end]
        yield _example(text[start:end], message, claims, turn.get("why") if not claims else None)
        message = text[start:end]


def _example(text: str, before: str, claims: Sequence[dict[str, Any]], why: str | None) -> Example:
    tokens = encode(text, before)
    tags, roles = [0] * len(tokens.rows), [0] * len(tokens.rows)
    links, over = [], []
    for place, kind in enumerate(tokens.types):
        if kind == 0 or tokens.spans[place] == (0, 0):
            tags[place] = IGNORED
    taken: set[int] = set()
    for claim in claims:
        places = next((at for at in _all_places(tokens, text, claim["object"]) if not taken & set(at)), None)
        if not places:
            continue
        taken |= set(places)
        for number, place in enumerate(places):
            tags[place] = TAGS.index(f"{'I' if number else 'B'}-{claim['predicate']}")
        link = [places[0]]
        for role in ROLES:
            words = claim.get(role)
            at = _role_places(tokens, text, before, words, places[0]) if words else []
            for number, place in enumerate(at):
                if roles[place] == 0:
                    roles[place] = ROLE_TAGS.index(f"{'I' if number else 'B'}-{role}")
            link.append(at[0] if at else 0 if not words else IGNORED)
        links.append(tuple(link))
        over.append(int(claim.get("op") == "retract"))
    modality = MODALITIES.index(why) if why else 0 if claims else IGNORED
    return Example(tokens, tags, roles, links, over, modality)


def _all_places(tokens: Tokens, text: str, words: str) -> Iterator[list[int]]:
    """The token positions of each occurrence of `words` in the turn, whole words first."""
    starts = []
    at = text.find(words)
    while at >= 0:
        starts.append(at)
        at = text.find(words, at + 1)
    whole = [
        at
        for at in starts
        if not (at and text[at - 1].isalnum() and words[:1].isalnum())
        and not (at + len(words) < len(text) and text[at + len(words)].isalnum() and words[-1:].isalnum())
    ]
    for at in whole or starts:
        places = [
            place
            for place, (start, end) in enumerate(tokens.spans)
            if tokens.types[place] and end > start and start < at + len(words) and end > at
        ]
        if places:
            yield places


def _role_places(tokens: Tokens, text: str, before: str, words: str, near: int) -> list[int]:
    """The tokens of a role: the occurrence in the turn nearest to the object, or one in the message before."""
    found = list(_all_places(tokens, text, words))
    if found:
        return min(found, key=lambda places: abs(places[0] - near))
    at = before.rfind(words)
    if at < 0:
        return []
    return [
        place
        for place, (start, end) in enumerate(tokens.spans)
        if start < 0 and -1 - start < at + len(words) and -1 - end > at
    ]
