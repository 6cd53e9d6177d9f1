"""Sessions digested with a model and the rules: requests, validated answers, and the claims of both.

The existing facts that the model sees are those in the store when a chunk of sessions begins, and none of the same
chunk. So neither the number of threads nor the order of the answers changes the result.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from uuid import UUID

import msgspec

from memctl.core.claim import Claim
from memctl.core.errors import NotFound
from memctl.core.fact import Fact
from memctl.core.tokenization import stems
from memctl.embed.spec import EmbedderSpec
from memctl.extract.llm import parse, prompt
from memctl.extract.llm.validate import judge
from memctl.extract.llm.windows import Window, windows
from memctl.ingest.llm_requests import Asker, Leaf, Question, leaves
from memctl.ingest.llm_usage import Use
from memctl.ingest.session_extraction import Digest, Prepared, Recipe, Work, broken, prepare
from memctl.store.base import Store

EXISTING = 10
"""Facts shown beside a window."""
FAILURES = {"refused": "refused", "filtered": "stopped by a content filter", "length": "too long"}


def digest_chunk(chunk: Sequence[Work], recipe: Recipe, spec: EmbedderSpec, store: Store, asker: Asker) -> Digest:
    """The digest of some sessions by a model. If answers of a session are missing, its file stays `open`."""
    result = Digest()
    held: list[tuple[Prepared, list[Window]]] = []
    for work in chunk:
        try:
            prepared = prepare(work, recipe)
            held.append((prepared, windows(prepared.session, work.owned.user_id, prepared.context, asker.turns)))
        except Exception as error:
            result.broken.append(broken(work, error))
    questions = _questions([(one, window) for one, cut in held for window in cut], spec, store, asker.use.model)
    answered = asker.ask(questions)
    asked = iter(questions)
    for prepared, cut in held:
        mine = list(itertools.islice(asked, len(cut)))
        try:
            answers = [leaves(asker.use.model, question, answered) for question in mine]
            if None in answers:
                # Not even the claims of the rules are kept, so that interrupted and complete runs give the same facts.
                prepared.digest.open.add(prepared.work.uri or "")
            else:
                claims = [
                    claim for part in answers for leaf in part or () for claim in _read(leaf, prepared, asker.use)
                ]
                prepared.take(_merged(prepared.rules(), claims))
        except Exception as error:
            prepared.digest.broken.append(broken(prepared.work, error))
        result.join(prepared.digest)
    result.embed(spec.open())
    return result


def _questions(
    wanted: Sequence[tuple[Prepared, Window]], spec: EmbedderSpec, store: Store, model: str
) -> list[Question]:
    """A request for each window, with the most similar facts of its user."""
    near = _existing([window for _, window in wanted], spec, store)
    return [
        Question(
            key=prompt.key(model, window),
            window=window,
            existing=prompt.existing_facts(facts),
            episodes=_episodes(prepared, window),
        )
        for (prepared, window), facts in zip(wanted, near, strict=True)
    ]


def _episodes(prepared: Prepared, window: Window) -> tuple[UUID, ...]:
    ids = (prepared.episode_of.get(line.turn.turn_id) for line in window.asked)
    return tuple(dict.fromkeys(id_ for id_ in ids if id_ is not None))


def _existing(wanted: Sequence[Window], spec: EmbedderSpec, store: Store) -> list[list[Fact]]:
    """The current facts most similar to each window; none if the store is new. Vectors are computed with the store
    closed."""
    places: dict[str, list[int]] = {}
    for place, window in enumerate(wanted):
        places.setdefault(window.user_id, []).append(place)
    existing: list[list[Fact]] = [[] for _ in wanted]
    try:
        with store.reading() as session:
            places = {user: mine for user, mine in places.items() if session.has_facts(user)}
            if session.embedder() != spec:
                return existing
    except NotFound:
        return existing
    embedder = spec.open()
    vectors = {
        user: embedder.embed([" ".join(line.text for line in wanted[place].asked) for place in mine])
        for user, mine in places.items()
    }
    with store.reading() as session:
        for user, mine in places.items():
            near = session.nearest(user, vectors[user], EXISTING)
            for place, facts in zip(mine, near, strict=True):
                existing[place] = facts
    return existing


def _read(leaf: Leaf, prepared: Prepared, use: Use) -> list[Claim]:
    """The claims of an answer; none if it cannot be read."""
    answer, window = leaf.answer, leaf.window
    try:
        parsed = parse.parse_cut(answer.answer) if answer.outcome == "length" else parse.parse(answer.answer)
    except parse.UnreadableAnswer:
        parsed = parse.Parsed()
    failure = FAILURES.get(answer.outcome)
    if answer.outcome == "unreadable":
        failure = "unreadable" if answer.answer else "no answer"
        place = f"session {window.session_id} turn {window.asked[0].turn.turn_id}"
        why = f"what {use.model} answered cannot be read" if answer.answer else f"{use.model} did not answer in time"
        prepared.digest.broken.append((prepared.work.uri or "", f"{place}: {why}; only the rules have read it"))
    if failure is not None and not parsed.facts:
        use.failed[failure] = use.failed.get(failure, 0) + 1
        return []
    verdicts = judge(
        parsed,
        window,
        prepared.session,
        msgspec.json.decode(answer.existing, type=tuple[prompt.ExistingFact, ...]),
        extractor=prompt.extractor(use.model),
        uri=prepared.work.uri,
    )
    for reason, number in verdicts.refused.items():
        use.refused[reason] = use.refused.get(reason, 0) + number
    return verdicts.claims


def _merged(rules: list[Claim], model: list[Claim]) -> list[Claim]:
    """The claims of both extractors, each statement once. If both have the same words, the model's claim is kept; of
    two readings of the same object of a turn, the one of the rules."""
    own: dict[str | None, list[Claim]] = {}
    for claim in rules:
        own.setdefault(claim.turn_id, []).append(claim)
    same = {_statement(claim) for claim in model}
    others = [claim for claim in rules if _statement(claim) not in same]
    mine = {_statement(claim) for claim in rules}
    added = [
        claim
        for claim in model
        if _statement(claim) in mine or not any(_same_object(claim, other) for other in own.get(claim.turn_id, ()))
    ]
    return [*others, *added]


def _statement(claim: Claim) -> tuple[str | None, str, str, str, str | None, str]:
    return (
        claim.turn_id,
        claim.op,
        claim.subject.casefold(),
        claim.predicate,
        claim.slot,
        (claim.object or "").casefold(),
    )


def _same_object(claim: Claim, other: Claim) -> bool:
    """True if a claim of the model has the object of a claim of the rules, or the rules' text has it."""
    words, others = set(stems(claim.object or "")), set(stems(other.object or ""))
    if claim.op != other.op or not words:
        return False
    return words <= set(stems(other.text)) or (bool(others) and others <= words)
