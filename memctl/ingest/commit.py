"""Committing one batch to the store in one transaction: files, episodes, claims, and the facts computed from the
claims."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from memctl.embed.spec import EmbedderSpec
from memctl.ingest.session_extraction import Digest
from memctl.store.base import Transaction
from memctl.store.refold import Refolded, refolded, remove_claims, require_admitted

if TYPE_CHECKING:
    from memctl.ingest.withdrawal import FileEnd


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """The changes of a batch: the numbers of new and withdrawn episodes, and what became of the facts."""

    episodes: int
    withdrawn: int = 0
    facts: Refolded


def commit(
    tx: Transaction,
    batch: Digest,
    spec: EmbedderSpec,
    files: Sequence[FileEnd] = (),
    now: datetime | None = None,
) -> Committed:
    """Apply a batch in the caller's transaction. Known episodes and claims are skipped. `now` is the time of
    observation of turns without a time of their own. Raises Rejected for a forgotten user."""
    now = now or datetime.now(UTC)
    require_admitted(tx, batch.users)
    tx.use_embedder(spec)
    vectors = batch.vectors if tx.embedder() == spec else {}
    episodes = {entry.fact.id: entry for entry in batch.episodes}
    known, tombstoned = tx.known_and_tombstoned(episodes)
    dead = tx.claims_of_episodes(batch.redigest)
    tx.before_change("fact", batch.redigest)
    tx.remove(batch.redigest)
    skipped = (known - batch.redigest) | tombstoned
    tx.add([entry for id_, entry in episodes.items() if id_ not in skipped], vectors)

    withdrawn = 0
    if files:
        from memctl.ingest.withdrawal import file_read  # comparing files is not needed for a statement

        orphans = tx.record_files([file_read(tx, file) for file in files])
        tx.before_change("fact", orphans)
        withdrawn = tx.remove(orphans)
        dead += tx.claims_of_episodes(orphans)
    unfounded = remove_claims(tx, dead)
    fresh = tx.add_claims(batch.claims, now)
    tx.added("claim", [claim.id for claim in fresh])
    facts = refolded(tx, [*fresh, *dead], vectors, now, unfounded)
    return Committed(episodes=len(episodes.keys() - skipped - known), withdrawn=withdrawn, facts=facts)
