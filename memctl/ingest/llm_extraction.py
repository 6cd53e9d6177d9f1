"""Sessions digested with a model in the place of the rules: questions out, answers judged, the rules where it failed.

What the model is shown of existing facts is what the store holds when a chunk of sessions begins, never what the same
chunk brings: so neither the number of threads nor the order of their answers changes the outcome.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from contextlib import suppress
from uuid import UUID

import msgspec

from memctl.core.errors import NotFound
from memctl.core.fact import Fact
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
    """The digest of some sessions by a model. A session with questions still to be answered leaves its file `open`."""
    result = Digest()
    held: list[tuple[Prepared, list[Window]]] = []
    for work in chunk:
        try:
            prepared = prepare(work, recipe)
            held.append((prepared, windows(prepared.session, work.owned.user_id, prepared.context)))
        except Exception as error:
            result.broken.append(broken(work, error))
    questions = _questions([(one, window) for one, cut in held for window in cut], spec, store, asker.use.model)
    answered = asker.ask(questions)
    asked = iter(questions)
    for prepared, cut in held:
        mine = list(itertools.islice(asked, len(cut)))
        try:
            for question in mine:
                found = leaves(asker.use.model, question, answered)
                if found is None:
                    prepared.digest.open.add(prepared.work.uri or "")
                for leaf in found or ():
                    _read(leaf, prepared, asker.use)
        except Exception as error:
            prepared.digest.broken.append(broken(prepared.work, error))
        result.join(prepared.digest)
    result.embed(spec.open())
    return result


def _questions(
    wanted: Sequence[tuple[Prepared, Window]], spec: EmbedderSpec, store: Store, model: str
) -> list[Question]:
    """A question for each window, with the facts of its user that are nearest to it."""
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
    """The current facts nearest to each window; none while the store is new. Vectors are made with the store closed."""
    places: dict[str, list[int]] = {}
    for place, window in enumerate(wanted):
        places.setdefault(window.user_id, []).append(place)
    found: list[list[Fact]] = [[] for _ in wanted]
    with suppress(NotFound), store.reading() as session:
        places = {user: mine for user, mine in places.items() if session.has_facts(user)}
        if session.embedder() != spec:
            return found
    if not store.exists():
        return found
    embedder = spec.open()
    vectors = {
        user: embedder.embed([" ".join(line.text for line in wanted[place].asked) for place in mine])
        for user, mine in places.items()
    }
    with store.reading() as session:
        for user, mine in places.items():
            near = session.nearest(user, vectors[user], EXISTING)
            for place, facts in zip(mine, near, strict=True):
                found[place] = facts
    return found


def _read(leaf: Leaf, prepared: Prepared, use: Use) -> None:
    """The claims of an answer; where there is none to be had, those of the rules."""
    answer, window = leaf.answer, leaf.window
    failure = FAILURES.get(answer.outcome)
    if answer.outcome == "unreadable":
        failure = "unreadable"
        place = f"session {window.session_id} turn {window.asked[0].turn.turn_id}"
        reason = f"{place}: what {use.model} answered cannot be read; the rules stand in for it"
        prepared.digest.broken.append((prepared.work.uri or "", reason))
    if failure is not None:
        use.failed[failure] = use.failed.get(failure, 0) + 1
        prepared.take(prepared.rules(window.turn_ids))
        return
    proposals, malformed = parse.parse(answer.answer)
    verdicts = judge(
        proposals,
        window,
        prepared.session,
        msgspec.json.decode(answer.existing, type=tuple[prompt.ExistingFact, ...]),
        extractor=prompt.extractor(use.model),
        uri=prepared.work.uri,
    )
    prepared.take(verdicts.claims)
    if malformed:
        verdicts.refused["not in the form of a fact"] = malformed
    for totals, more in ((use.refused, verdicts.refused), (use.corrected, verdicts.corrected)):
        for reason, number in more.items():
            totals[reason] = totals.get(reason, 0) + number
