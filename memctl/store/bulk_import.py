"""Storing facts from imports, migrations and programs verbatim and in bulk."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from memctl.backends.contract import Outcome
from memctl.core.fact import NOBODY, Fact, content_hash
from memctl.core.timeline import outdated
from memctl.embed.spec import EmbedderSpec
from memctl.store.base import Store
from memctl.store.model import SUPPRESSED, entry_of
from memctl.store.refold import suppressed_users


def write_facts(
    store: Store, spec: EmbedderSpec, facts: Sequence[Fact], *, command: str, run: str | None = None
) -> list[Outcome]:
    """Store facts as they are, one outcome per fact in order. Nothing is extracted or reconciled.

    The changes can be undone as a run of `command`; `run` continues an existing one. A fact is rejected if another user
    owns its id, since no owner ever changes, if it names no user, or if its user was forgotten. A stored fact is kept
    if it is a later state of the record than the one given. Of two facts with one id the later is stored. Chunks and
    vectors are made before the store is opened.
    """
    with _without_collector():
        return _write(store, spec, facts, command, run)


@contextmanager
def _without_collector() -> Iterator[None]:
    """Do not look for cycles, of which the many objects of a batch have none; that would take a sixth of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _write(store: Store, spec: EmbedderSpec, facts: Sequence[Fact], command: str, run: str | None) -> list[Outcome]:
    users = {fact.user_id for fact in facts}
    refused = {user: NOBODY for user in users if not user.strip()} | dict.fromkeys(
        suppressed_users(store, users), SUPPRESSED
    )
    flaws = [refused.get(fact.user_id) for fact in facts]
    last = {fact.id: entry_of(fact) for fact, flaw in zip(facts, flaws, strict=True) if flaw is None}
    texts = list(dict.fromkeys(chunk.text for entry in last.values() for chunk in entry.chunks))
    vectors = dict(zip(texts, spec.open().embed(texts), strict=True)) if texts else {}
    with store.changing(command, run=run, users={entry.fact.user_id for entry in last.values()}) as tx:
        tx.use_embedder(spec)
        owners = tx.owners(last)
        stored = {fact.id: fact for fact in tx.facts(owners)}
        outcomes = {
            id_: _outcome(entry.fact, stored.get(id_), owners.get(id_, entry.fact.user_id))
            for id_, entry in last.items()
        }
        new = [id_ for id_, outcome in outcomes.items() if outcome.state == "written"]
        updated = [last[id_].fact for id_, outcome in outcomes.items() if outcome.state == "updated"]
        reworded = [fact.id for fact in updated if fact.text != stored[fact.id].text]
        same_text = [fact for fact in updated if fact.text == stored[fact.id].text]
        tx.before_change("fact", reworded)
        tx.remove(reworded)
        tx.add([last[id_] for id_ in (*new, *reworded)], vectors)
        tx.before_change("fact", [fact.id for fact in same_text], reworded=False)
        tx.replace(same_text)
        tx.clear_undone(outcomes)
    latest = {fact.id: index for index, fact in enumerate(facts) if flaws[index] is None}
    return [
        Outcome(state="rejected", target_id=str(fact.id), reason=flaw)
        if (flaw := flaws[index])
        else _outcome_of(outcomes[fact.id], last=latest[fact.id] == index)
        for index, fact in enumerate(facts)
    ]


def _outcome(fact: Fact, stored: Fact | None, owner: str) -> Outcome:
    target = str(fact.id)
    if owner != fact.user_id:
        return Outcome(state="rejected", target_id=target, reason="a fact of another user has this id")
    if stored is None:
        return Outcome(state="written", target_id=target)
    if content_hash(stored) == content_hash(fact) and stored.native == fact.native:
        return Outcome(state="unchanged", target_id=target)
    return Outcome(state="newer" if outdated(fact, stored) else "updated", target_id=target)


def _outcome_of(outcome: Outcome, *, last: bool) -> Outcome:
    if last or outcome.state == "rejected":
        return outcome
    return Outcome(state="unchanged", target_id=outcome.target_id, reason="a later fact of this call has the same id")
