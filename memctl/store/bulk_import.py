"""Facts that are facts already (imports, migrations, other tools) into the store, verbatim and in bulk."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from memctl.backends.contract import Outcome
from memctl.core.fact import Fact, content_hash
from memctl.embed.spec import EmbedderSpec
from memctl.store.duckdb import writes
from memctl.store.duckdb.database import Connection, Database
from memctl.store.duckdb.suppression import REASON, known
from memctl.store.duckdb.undo import clear_undone
from memctl.store.duckdb.undo_log import journalled
from memctl.store.model import entry_of


class _Stored(NamedTuple):
    user_id: str
    text: str
    content_hash: str
    native: str


def write_facts(
    database: Database, spec: EmbedderSpec, facts: Sequence[Fact], *, command: str, run: str | None = None
) -> list[Outcome]:
    """Store facts as they are, one outcome per fact in order. Nothing is extracted or reconciled.

    What is changed can be undone as a run of the `command`; as part of the one called `run`, if that is given.

    A fact whose id another user's fact has is rejected, since no owner ever changes, and so is one of a user who was
    forgotten.
    Of two facts with one id in the same call the later stands. Units and vectors are made before the store is opened.
    """
    gone = known(database, {fact.user_id for fact in facts})
    flaws = [REASON if fact.user_id in gone else None for fact in facts]
    last = {fact.id: entry_of(fact) for fact, flaw in zip(facts, flaws, strict=True) if flaw is None}
    texts = list(dict.fromkeys(chunk.text for entry in last.values() for chunk in entry.chunks))
    vectors = dict(zip(texts, spec.open().embed(texts), strict=True)) if texts else {}
    with database.writing() as connection, journalled(connection, command, run=run) as journal:
        writes.use_embedder(connection, spec)
        stored = _stored(connection, list(last))
        states = {id_: _outcome(entry.fact, stored.get(id_)) for id_, entry in last.items()}
        reworded = [
            id_
            for id_, outcome in states.items()
            if outcome.state == "updated" and stored[id_].text != last[id_].fact.text
        ]
        journal.before_change("fact", reworded)
        writes.remove(connection, reworded)
        fresh = [id_ for id_, outcome in states.items() if outcome.state == "written"]
        writes.add(connection, [last[id_] for id_ in (*fresh, *reworded)], vectors)
        same_text = states.keys() - set(fresh) - set(reworded)
        updated = [last[id_].fact for id_ in same_text if states[id_].state == "updated"]
        journal.before_change("fact", [fact.id for fact in updated], reworded=False)
        writes.replace(connection, updated)
        clear_undone(connection, list(states))
    place = {fact.id: index for index, fact in enumerate(facts) if flaws[index] is None}
    return [
        Outcome(state="rejected", target_id=str(fact.id), reason=flaw)
        if (flaw := flaws[index])
        else _outcome_of(states[fact.id], last=place[fact.id] == index)
        for index, fact in enumerate(facts)
    ]


def _stored(connection: Connection, ids: list[UUID]) -> dict[UUID, _Stored]:
    rows = connection.execute(
        "SELECT id, user_id, text, content_hash, native FROM records WHERE id IN (SELECT unnest(?::UUID[]))",
        [ids],
    ).fetchall()
    return {row[0]: _Stored(*row[1:]) for row in rows}


def _outcome(fact: Fact, stored: _Stored | None) -> Outcome:
    target = str(fact.id)
    if stored is None:
        return Outcome(state="written", target_id=target)
    if stored.user_id != fact.user_id:
        return Outcome(state="rejected", target_id=target, reason="a fact of another user has this id")
    same = stored.content_hash == content_hash(fact) and msgspec.json.decode(stored.native) == fact.native
    return Outcome(state="unchanged" if same else "updated", target_id=target)


def _outcome_of(outcome: Outcome, *, last: bool) -> Outcome:
    if last or outcome.state == "rejected":
        return outcome
    return Outcome(state="unchanged", target_id=outcome.target_id, reason="a later fact of this call has the same id")
