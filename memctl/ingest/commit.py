"""One batch into the store in one transaction: episodes, evidence, the facts the evidence amounts to, the ledger.

Whatever facts a batch touches are folded anew from all their claims, so the outcome depends on what was said and not
on the order in which files, or processes, came by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from memctl.core.claim import Claim
from memctl.core.fact import Fact, content_hash, derive_id
from memctl.embed.spec import EmbedderSpec
from memctl.ingest.session_extraction import Digest
from memctl.reconcile import Belief, Changes, Key, affected, changes, fold, to_fact
from memctl.store.chunks import chunks_of
from memctl.store.duckdb import claims, fact_rows, ingested_files, llm_cache, queries, suppression, writes
from memctl.store.duckdb.database import Connection
from memctl.store.duckdb.undo_log import Journal
from memctl.store.model import Entry, Episodic, FileRead, file_id


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch changed: episodes new to the store, and the facts by what became of them."""

    episodes: int
    changes: Changes


def commit(
    connection: Connection,
    batch: Digest,
    spec: EmbedderSpec,
    read: Sequence[FileRead] = (),
    now: datetime | None = None,
    *,
    journal: Journal,
) -> Committed:
    """Apply a batch inside the caller's transaction. Episodes and claims known already are passed over.

    `now` is the time of observation for what carries no time of its own. `journal` is told of every row before it is
    changed, here and in all that follows. Raises Rejected for a user who was forgotten.
    """
    now = now or datetime.now(UTC)
    suppression.refuse(connection, batch.users)
    writes.use_embedder(connection, spec)
    vectors = batch.vectors if writes.stored_embedder(connection) == spec else {}
    shown = {entry.fact.id: entry for entry in batch.episodes}
    known = fact_rows.known(connection, "records", shown)
    dead = claims.of_episodes(connection, batch.anew)
    journal.before_change("fact", batch.anew)
    writes.remove(connection, batch.anew)
    passed_over = (known - batch.anew) | fact_rows.known(connection, "removed", shown)
    writes.add(connection, [entry for id_, entry in shown.items() if id_ not in passed_over], vectors)

    dead += claims.of_episodes(connection, _orphans(connection, read, journal))
    unfounded = _take_out(connection, dead, journal)
    fresh = claims.add(connection, batch.claims, now)
    journal.added("claim", [claim.id for claim in fresh])
    changed = _refold(connection, [*fresh, *dead], vectors, now, unfounded, journal)
    return Committed(episodes=len(shown.keys() - passed_over - known), changes=changed)


def _take_out(connection: Connection, dead: Sequence[Claim], journal: Journal) -> set[UUID]:
    """Remove claims from the log; the facts that rested on them."""
    ids = [claim.id for claim in dead]
    unfounded = claims.facts_resting_on(connection, ids)
    journal.before_change("claim", ids)
    journal.before_change("fact", unfounded, reworded=False)
    claims.remove(connection, ids)
    return unfounded


def _retract(connection: Connection, ids: Iterable[UUID], now: datetime, journal: Journal) -> Changes:
    """Take claims out of the log and fold again what rested on them."""
    dead = claims.by_id(connection, ids)
    return _refold(connection, dead, {}, now, _take_out(connection, dead, journal), journal)


def settle(
    connection: Connection,
    facts: Iterable[Fact],
    vectors: Mapping[str, Any],
    now: datetime,
    *,
    rewritten: Sequence[Claim] = (),
    journal: Journal,
) -> Changes:
    """Fold again what these facts and `rewritten` claims (which take the place of those of the same ids) belong to.

    Facts that came from elsewhere take part.
    """
    touched = [standing_for(fact) for fact in facts if fact.predicate is not None]
    old = claims.by_id(connection, [claim.id for claim in rewritten])
    episode_of = claims.episodes(connection, [claim.id for claim in old])
    unfounded = _take_out(connection, old, journal)
    journal.before_change("claim", [claim.id for claim in rewritten])
    claims.add(connection, [(claim, episode_of.get(claim.id)) for claim in rewritten], now)
    return _refold(connection, [*touched, *old, *rewritten], vectors, now, unfounded, journal)


def _orphans(connection: Connection, read: Sequence[FileRead], journal: Journal) -> set[UUID]:
    """Enter the files read into the ledger, then remove what changed files no longer show and no other file does.

    All files come first: a turn that moved from one of them to another is still shown.
    """
    journal.before_change("file", map(file_id, ingested_files.keys(connection, [file.entry for file in read])))
    journal.added("file", [file_id(ingested_files.record(connection, file.entry, file.episodes)) for file in read])
    orphans = ingested_files.unseen(connection, {id_ for file in read for id_ in file.gone})
    journal.before_change("fact", orphans)
    writes.remove(connection, orphans)
    return orphans


def _refold(
    connection: Connection,
    touched: Sequence[Claim],
    vectors: Mapping[str, Any],
    now: datetime,
    unfounded: Iterable[UUID],
    journal: Journal,
) -> Changes:
    """Fold the groups that `touched` claims belong to, and bring the stored facts in line with the outcome.

    `unfounded` facts lost a claim they rested on.
    """
    if not touched:
        return Changes()
    users = {claim.user_id for claim in touched}
    groups = [(user, key) for user in users for key in affected(claim for claim in touched if claim.user_id == user)]
    unfounded = set(unfounded)
    _adopt(connection, groups, now, unfounded, journal)
    log = claims.of_groups(connection, [(user, key.subject.casefold(), key.predicates) for user, key in groups])
    beliefs = [belief for user in users for belief in fold(claim for claim in log if claim.user_id == user)]
    stored = claims.facts_resting_on(connection, [claim.id for claim in log]) | unfounded
    # A fact that has only just been adopted rests on nothing yet.
    stored |= {claim.fact_id for claim in log if claim.fact_id is not None}
    before = {fact.id: fact for fact in fact_rows.by_ids(connection, stored)}
    after = {belief.id: _fact_of(belief, before.get(belief.id)) for belief in beliefs}

    gone = [id_ for id_ in before if id_ not in after]
    reworded = [id_ for id_, fact in after.items() if id_ in before and fact.text != before[id_].text]
    kept = [fact for id_, fact in after.items() if id_ in before and fact.text == before[id_].text]
    changed = [fact for fact in kept if fact != before[fact.id]]
    rested = claims.evidence_of(connection, [*before, *after])
    rests = {belief.id: belief.evidence for belief in beliefs if belief.evidence != rested.get(belief.id, ())}
    journal.before_change("fact", [*gone, *reworded])
    journal.before_change(
        "fact", [*(fact.id for fact in changed), *(id_ for id_ in rests if id_ in before)], reworded=False
    )

    writes.remove(connection, [*gone, *reworded])
    new = [belief for belief in beliefs if belief.id not in before or belief.id in reworded]
    episode_of = claims.episodes(connection, [belief.claim.id for belief in new])
    entries = [
        Entry(
            fact=after[belief.id],
            episodic=Episodic(episode=episode_of.get(belief.claim.id)),
            chunks=tuple(chunks_of(after[belief.id])),
        )
        for belief in new
    ]
    writes.add(connection, entries, vectors)
    writes.replace(connection, changed)
    claims.set_evidence(connection, rests, gone)
    return changes(before.values(), after.values())


def _adopt(
    connection: Connection,
    groups: Iterable[tuple[str, Key]],
    now: datetime,
    unfounded: set[UUID],
    journal: Journal,
) -> None:
    """Let live facts that came from elsewhere (imports, `memctl add`) take part in the fold, as claims of their own.

    A fact that has only just lost what it rested on is none of them.
    """
    wanted = [(user, key.subject.casefold(), key.predicates) for user, key in groups]
    adopted = [fact for fact in queries.unfolded(connection, wanted, now) if fact.id not in unfounded]
    standing = [standing_for(fact) for fact in adopted]
    journal.before_change("claim", [claim.id for claim in standing])
    claims.add(connection, [(claim, None) for claim in standing], now)


def standing_for(fact: Fact, extractor: str = "import") -> Claim:
    """The claim a fact makes that no turn of a transcript said, so that later claims can end or strengthen it."""
    return Claim(
        id=derive_id("claim", str(fact.id), content_hash(fact)),
        user_id=fact.user_id,
        kind=fact.kind,
        text=fact.text,
        subject=fact.subject or fact.user_id,
        predicate=fact.predicate or "",
        object=fact.object,
        slot=fact.native.get("slot"),
        valid_at=fact.valid_at,
        invalid_at=fact.invalid_at,
        confidence=1.0 if fact.confidence is None else fact.confidence,
        quote=fact.source.quote or fact.text,
        observed_at=fact.created_at,
        session_id=fact.session_id,
        system=fact.source.system,
        uri=fact.source.uri,
        agent_id=fact.agent_id,
        app_id=fact.app_id,
        categories=fact.categories,
        extractor=extractor,
        fact_id=fact.id,
    )


def _fact_of(belief: Belief, stored: Fact | None) -> Fact:
    """The fact a belief amounts to. One that came from elsewhere was live when it was adopted, and may be again."""
    if belief.claim.fact_id is None or stored is None:
        return to_fact(belief)
    adopted = msgspec.structs.replace(stored, invalid_at=belief.claim.invalid_at, expired_at=None, superseded_by=None)
    return to_fact(belief, imported=adopted)


def put(connection: Connection, entry: Entry, vectors: Mapping[str, Any], journal: Journal) -> Changes:
    """Store a fact someone states outright, in place of the one of the same id, and reconcile what it touches."""
    now = datetime.now(UTC)
    fact = entry.fact
    suppression.refuse(connection, [fact.user_id])
    old = claims.of_fact(connection, fact.id)
    _tombstone(connection, _of_transcripts(old), journal)
    before = _retract(connection, [claim.id for claim in old], now, journal)
    journal.before_change("fact", [fact.id])
    writes.remove(connection, [fact.id])
    writes.add(connection, [entry], vectors)
    if fact.predicate is None or fact.kind == "episode":
        return before
    standing = standing_for(fact, "stated")
    journal.before_change("claim", [standing.id])
    fresh = claims.add(connection, [(standing, None)], now)
    return _refold(connection, fresh, vectors, now, [fact.id], journal)


def _of_transcripts(found: Iterable[Claim]) -> list[UUID]:
    """Those claims that reading a transcript again would bring back."""
    return [claim.id for claim in found if claim.fact_id is None]


def _tombstone(connection: Connection, ids: Iterable[UUID], journal: Journal) -> None:
    barred = list(ids)
    journal.before_change("removed", barred)
    claims.tombstone(connection, barred)


def erase(connection: Connection, ids: Iterable[UUID], journal: Journal) -> int:
    """Remove facts with what they rest on, so that no transcript brings them back; what was read from a removed
    episode goes too.

    How many ids were there.
    """
    gone = list(ids)
    dead = claims.of_episodes(connection, gone)
    for id_ in gone:
        dead += claims.of_fact(connection, id_)
    llm_cache.forget(connection, {*gone, *claims.episodes(connection, [claim.id for claim in dead]).values()})
    _tombstone(connection, {*_of_transcripts(dead), *fact_rows.of_kind(connection, "episode", gone)}, journal)
    journal.before_change("fact", gone)
    _retract(connection, {claim.id for claim in dead}, datetime.now(UTC), journal)
    still = fact_rows.known(connection, "records", gone)
    return len(gone) - len(still) + writes.remove(connection, still)
