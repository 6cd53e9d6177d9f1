"""Pairs of an earlier claim and a later turn, and whether the turn ends the claim: the examples of the change reader.

They come from the turns of fixtures/training, whose claims say what a voice states and takes back, and from
fixtures/training/changes, where each turn names the claims that it ends and those that it leaves as they are.
"""

import json
import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from memctl.extract.neural.changes import ANY, LASTING, fact_words, stems
from memctl.extract.neural.drafts import phrase_of_reading, relation_of
from tools.neural_model.examples import FOLDER, read

LONGEST = 900
"""Characters of the turns in the examples; longer ones would be cut off."""
JOINED = 0.35
"""To twice this share of the turns that end something, and to half of it of the others, an unrelated turn of the same
voice is joined, because people speak of several things."""
FEW = 4
"""Claims of one kind that are taken from a turn."""
_STATES = frozenset({"lives_in", "works_at", "job_title", "age", "relationship_status", "dose", "measure"})
"""Predicates whose new value ends the old one."""
_WITH = {
    "works_at": {"relation", "job_title"},
    "job_title": {"works_at", "relation"},
    "lives_in": {"relation", "owns"},
    "takes_medication": {"dose"},
    "dose": {"takes_medication"},
    "relationship_status": {"relation"},
    "relation": {"relationship_status"},
    "studied_at": {"studies"},
}
"""Predicates of claims that may end together with one, or may not: the labels do not tell."""
_NEWS = re.compile(
    r"\b(?:now|new|start(?:s|ed|ing)?|switch\w*|promot\w*|join\w*|moved?|moving|instead|became|since)\b", re.IGNORECASE
)

Claim = dict[str, Any]


class Pair(NamedTuple):
    """A claim in words, a turn, and whether the turn ends the claim.

    An `easy` pair is of a turn that ends nothing. `named` is true if the turn has a word of the claim's object,
    `spoken_of` if it has one of its object, subject or slot.
    """

    fact: str
    turn: str
    ended: bool
    easy: bool = False
    named: bool = False
    spoken_of: bool = True


def pairs(voice: Sequence[dict[str, Any]], rng: random.Random, joined: float = JOINED) -> Iterator[Pair]:
    """The pairs of the turns of one voice, in order. `joined` takes the place of JOINED."""
    plain = [turn for turn in voice if not any(_may_end(claim) for claim in turn["claims"])]
    live: list[Claim] = []
    for turn in voice:
        ended, unclear = _ended(turn, live)
        named = [claim for claim in turn["claims"] if _is_over(claim) and not any(_same(claim, one) for one in ended)]
        over = {id(claim) for claim in ended}
        kept = [
            one for one in live if id(one) not in over and id(one) not in unclear and one["predicate"] not in LASTING
        ]
        changes = bool(ended or named)
        chosen = _chosen(turn, kept, rng, changes=changes)
        text = turn["turn"]
        other = rng.choice(plain) if plain else turn
        if other is not turn and rng.random() < joined * (2 if changes else 0.5):
            text = _joined(text, other["turn"], rng)
            chosen += [one for one in _near(text, kept) if one not in chosen][:FEW]
        yield Pair(ANY, text, changes, not changes)
        yield from (_pair(claim, text, ended=True) for claim in (*ended, *named))
        yield from (_pair(claim, text, easy=not changes) for claim in chosen)
        live = [one for one in live if id(one) not in over] + [one for one in turn["claims"] if not _is_over(one)]


def written(rng: random.Random | None = None) -> Iterator[tuple[str, Pair]]:
    """The pairs of fixtures/training/changes with their voices. With `rng`, some turns are joined with another one."""
    by_voice: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted((FOLDER / "changes").glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            record = json.loads(line)
            by_voice[record["voice"]].append(record)
    for voice, records in by_voice.items():
        for record in records:
            text, kept = record["turn"], record["kept"]
            other = rng.choice(records) if rng else record
            if rng and other is not record and not other["ended"] and rng.random() < JOINED:
                text, kept = _joined(text, other["turn"], rng), kept + other["kept"]
            yield voice, Pair(ANY, text, bool(record["ended"]))
            for claim in record["ended"]:
                yield voice, _pair(claim, text, ended=True)
            for claim in kept:
                yield voice, _pair(claim, text)


def voices() -> dict[str, list[dict[str, Any]]]:
    """The turns of fixtures/training by voice, in order."""
    by_voice: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for turn in read():
        by_voice[turn["voice"]].append(turn)
    return by_voice


def _pair(claim: Claim, turn: str, *, ended: bool = False, easy: bool = False) -> Pair:
    spoken = stems(turn)
    named = bool(spoken & stems(claim["object"]))
    return Pair(_words(claim), turn, ended, easy, named, bool(spoken & stems(_named_by(claim))))


def _words(claim: Claim) -> str:
    predicate, slot, value = claim["predicate"], claim.get("slot"), claim["object"]
    if predicate == "relation":
        predicate, slot = relation_of(slot or "friend"), None
    return fact_words(claim.get("subject"), predicate, value, phrase_of_reading(predicate, slot, value))


def _ended(turn: dict[str, Any], live: Sequence[Claim]) -> tuple[list[Claim], set[int]]:
    """The claims of `live` that a turn ends, and the ids of those of which its labels do not tell."""
    ended: dict[int, Claim] = {}
    unclear: set[int] = set()
    for claim in turn["claims"]:
        rivals = [one for one in live if one.get("subject") == claim.get("subject")]
        alike = [one for one in rivals if one["predicate"] == claim["predicate"]]
        if _is_over(claim):
            found = _taken_back(claim, alike)
            beside = _WITH.get(claim["predicate"], set())
            unclear |= {id(one) for one in rivals if one["predicate"] in beside}
            unclear |= set() if found else {id(one) for one in alike}
        else:
            found = _replaced(claim, alike, turn["turn"])
            unclear |= {id(one) for one in alike if stems(one["object"]) & stems(claim["object"])}
            unclear |= {id(one) for one in alike if _is_state(claim, one)}
        ended |= {id(one): one for one in found}
    return list(ended.values()), unclear - ended.keys()


def _taken_back(claim: Claim, alike: Sequence[Claim]) -> list[Claim]:
    """What a retraction ends: of the claims of its kind the last with a word in common, or the only one."""
    own = stems(claim["object"])
    named = [one for one in alike if own & stems(f"{one['object']} {one.get('slot') or ''}")]
    only = claim["predicate"] in ("instruction", "plans", "lives_in", "works_at") and len(alike) == 1
    return named[-1:] or (list(alike) if only else [])


def _replaced(claim: Claim, alike: Sequence[Claim], text: str) -> list[Claim]:
    """What a new state replaces. A second job replaces one only if the turn speaks of news."""
    if claim["predicate"] in ("job_title", "works_at") and not _NEWS.search(text):
        return []
    return [one for one in alike if _is_state(claim, one) and one["object"].lower() != claim["object"].lower()]


def _is_state(claim: Claim, other: Claim) -> bool:
    same = other["predicate"] == claim["predicate"] and other.get("slot") == claim.get("slot")
    return same and claim["predicate"] in _STATES


def _may_end(claim: Claim) -> bool:
    return _is_over(claim) or claim["predicate"] in _STATES


def _is_over(claim: Claim) -> bool:
    return bool(claim.get("op") == "retract")


def _same(claim: Claim, other: Claim) -> bool:
    """True if a retraction is of the kind of a claim, and probably about it."""
    return other["predicate"] == claim["predicate"] and other.get("subject") == claim.get("subject")


def _chosen(turn: dict[str, Any], kept: Sequence[Claim], rng: random.Random, *, changes: bool) -> list[Claim]:
    """Claims that a turn leaves as they are: those that it speaks of, those of the kind that it ends, and others."""
    near = _near(turn["turn"], kept)
    far = [one for one in kept if one not in near]
    if not changes:
        return near[:FEW] + rng.sample(far, min(1, len(far)))
    kinds = {claim["predicate"] for claim in turn["claims"]}
    alike = [one for one in far if one["predicate"] in kinds][:FEW]
    others = [one for one in far if one not in alike]
    return near + alike + rng.sample(others, min(FEW, len(others)))


def _near(text: str, claims: Iterable[Claim]) -> list[Claim]:
    spoken = stems(text)
    return [one for one in claims if spoken & stems(_named_by(one))]


def _named_by(claim: Claim) -> str:
    return " ".join(claim.get(key) or "" for key in ("object", "subject", "slot"))


def _joined(text: str, other: str, rng: random.Random) -> str:
    return f"{text} {other}" if rng.random() < 0.5 else f"{other} {text}"
