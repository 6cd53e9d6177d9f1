"""Storing facts from imports, migrations and programs verbatim and in bulk."""

import gc
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress

from memctl.backends.contract import Outcome
from memctl.core.errors import NotFound
from memctl.core.fact import NOBODY, Fact, content_hash
from memctl.core.timeline import outdated
from memctl.embed.spec import EmbedderSpec
from memctl.store.base import Session, Store
from memctl.store.model import SUPPRESSED, entry_of

Chosen = Callable[[Session | None], EmbedderSpec]
"""The embedder for a store, None if it does not exist yet."""


def write_facts(
    store: Store, chosen: Chosen, facts: Sequence[Fact], *, command: str, run: str | None = None
) -> list[Outcome]:
    """Store facts as they are, one outcome per fact in order. Nothing is extracted or reconciled.

    The changes can be undone as a run of `command`; `run` continues an existing one. A fact is rejected if another user
    owns its id, since no owner ever changes, if it names no user, or if its user was forgotten. A stored fact is kept
    if it is a later state of the record than the one given. Of two facts with one id the later is stored. Chunks and
    vectors are made before the store is opened.
    """
    with _without_collector():
        return _write(store, chosen, facts, command, run)


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


def _asked(store: Store, chosen: Chosen, users: Collection[str]) -> tuple[EmbedderSpec, set[str]]:
    """The store's embedder, and the subset of the users who were forgotten."""
    with suppress(NotFound), store.reading() as session:
        return chosen(session), session.suppressed().among(users)
    return chosen(None), set()


def _write(store: Store, chosen: Chosen, facts: Sequence[Fact], command: str, run: str | None) -> list[Outcome]:
    users = {fact.user_id for fact in facts}
    spec, gone = _asked(store, chosen, users)
    refused = {user: NOBODY for user in users if not user.strip()} | dict.fromkeys(gone, SUPPRESSED)
    flaws = [refused.get(fact.user_id) for fact in facts]
    # By their places in the list: Python computes the hash of an id slowly.
    last = {fact.id: place for place, fact in enumerate(facts) if flaws[place] is None}
    entries = {place: entry_of(facts[place]) for place in last.values()}
    texts = list(dict.fromkeys(chunk.text for entry in entries.values() for chunk in entry.chunks))
    vectors = dict(zip(texts, spec.open().embed(texts), strict=True)) if texts else {}
    with store.changing(command, run=run, users={entry.fact.user_id for entry in entries.values()}) as tx:
        tx.use_embedder(spec)
        owners = tx.owners(last)
        stored = {fact.id: fact for fact in tx.facts(owners)}
        outcomes = {
            place: _outcome(facts[place], stored.get(id_) if stored else None, owners.get(id_) if owners else None)
            for id_, place in last.items()
        }
        new = [entries[place] for place, outcome in outcomes.items() if outcome.state == "written"]
        updated = [facts[place] for place, outcome in outcomes.items() if outcome.state == "updated"]
        reworded = [fact.id for fact in updated if fact.text != stored[fact.id].text]
        same_text = [fact for fact in updated if fact.text == stored[fact.id].text]
        tx.before_change("fact", reworded)
        tx.remove(reworded)
        tx.add([*new, *(entries[last[id_]] for id_ in reworded)], vectors)
        tx.before_change("fact", [fact.id for fact in same_text], reworded=False)
        tx.replace(same_text)
        tx.clear_undone(last)
    return [
        outcomes.get(place) or _not_stored(fact, flaws[place], outcomes[last[fact.id]] if not flaws[place] else None)
        for place, fact in enumerate(facts)
    ]


def _outcome(fact: Fact, stored: Fact | None, owner: str | None) -> Outcome:
    target = str(fact.id)
    if owner is not None and owner != fact.user_id:
        return Outcome(state="rejected", target_id=target, reason="a fact of another user has this id")
    if stored is None:
        return Outcome(state="written", target_id=target)
    if content_hash(stored) == content_hash(fact) and stored.native == fact.native:
        return Outcome(state="unchanged", target_id=target)
    return Outcome(state="newer" if outdated(fact, stored) else "updated", target_id=target)


def _not_stored(fact: Fact, flaw: str | None, later: Outcome | None) -> Outcome:
    """The outcome of a fact with a flaw, or of one that is replaced by a later fact with this outcome."""
    if later is None or later.state == "rejected":
        return later or Outcome(state="rejected", target_id=str(fact.id), reason=flaw)
    return Outcome(state="unchanged", target_id=later.target_id, reason="a later fact of this call has the same id")
