"""Consolidation of one user's memory: planned with the store closed, applied in one transaction, undoable."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Literal, get_args
from uuid import UUID

import msgspec

from memctl.core.claim import Claim
from memctl.core.errors import UsageError
from memctl.core.fact import KINDS, Fact
from memctl.core.timeline import parse_when
from memctl.embed.spec import EmbedderSpec
from memctl.maintenance.consolidate.duplicates import Pair, pairs
from memctl.maintenance.consolidate.summary import summary
from memctl.reconcile.beliefs import key_of
from memctl.reconcile.same_value import same, track_of
from memctl.store.base import Session, Store, Transaction
from memctl.store.model import UNDOABLE, entry_of
from memctl.store.refold import settle, standing_for

Action = Literal["merge", "resolve", "drop", "expire", "summary", "look"]
Part = Literal["merge", "resolve", "drop", "expire", "summary"]
ALL: frozenset[Part] = frozenset(get_args(Part))
DEDUPE: frozenset[Part] = frozenset({"merge"})
PRUNE: frozenset[Part] = frozenset({"drop", "expire"})

_SPAN = re.compile(r"\d+ ?(?:h|d|w|mo|y)$")


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """One change and its reason. `into` is the fact that replaces it.

    `merge`: a duplicate. `resolve`: contradicted by a later fact. `drop`: an episode older than the limit. `expire`: a
    fact past its `expires_at`. `summary`: the user's summary was rewritten. `look`: unchanged, for review.
    """

    action: Action
    fact: UUID
    text: str
    into: UUID | None = None
    reason: str


class Consolidated(msgspec.Struct, kw_only=True):
    """The changes of a consolidation. `run` undoes it; None if nothing changed."""

    user: str
    run: str | None = None
    changes: list[Change] = []

    @property
    def changed(self) -> bool:
        """True if anything is, or would be, changed."""
        return any(change.action != "look" for change in self.changes)


class _DryRun(Exception):
    """Rolls the transaction back."""


def horizon_of(ttl: str, now: datetime) -> datetime:
    """The time before which episodes are dropped, from "episode=365d".

    Raises UsageError for other kinds, which never expire, and for an invalid span.
    """
    kind, sign, span = (part.strip() for part in ttl.partition("="))
    if not sign:
        raise UsageError(f"not of the form KIND=TIME: {ttl!r}", where="--ttl", hint="use episode=365d")
    if kind != "episode":
        message = f"kind {kind!r} cannot expire" if kind in KINDS else f"unknown kind {kind!r}"
        raise UsageError(message, where="--ttl", hint="only episodes can expire: episode=365d")
    try:
        horizon = parse_when(span, now=now, timezone=UTC)
    except UsageError:
        horizon = now
    if horizon >= now or not _SPAN.match(span):
        raise UsageError(f"invalid time {span!r}", where="--ttl", hint="use 12h, 365d, 8w, 18mo or 2y")
    return horizon


def consolidate(
    store: Store,
    spec: EmbedderSpec,
    user: str,
    *,
    parts: frozenset[Part] = ALL,
    command: str = "consolidate",
    episodes_before: datetime | None = None,
    dry_run: bool = False,
    now: datetime | None = None,
) -> Consolidated:
    """Consolidate a user's memory, or some `parts` of that. Facts that change during the run are left alone.

    `command` is the run's name in lists. `episodes_before` drops older episodes; facts learned from them are kept.
    Raises NotFound if there is no store.
    """
    now = now or datetime.now(UTC)
    with store.reading() as session:
        facts = _current(session, user, now)
        vectors = session.vectors_of(user, [fact.id for fact in facts])
        old = any(run.made_at < now - UNDOABLE for run in session.runs())
    if old and not dry_run:
        with store.writing() as tx:
            tx.drop_old_runs(now - UNDOABLE)
    near = pairs(facts, vectors) if "merge" in parts else []
    clashes = contradictions(facts) if "resolve" in parts else []
    work = _Work(user, now, near, clashes, episodes_before, parts, command)
    # The summary depends on the other changes, and is embedded with the store closed.
    plan = work.run(store, {}, keep=False)
    if dry_run or not plan.changed:
        return plan
    texts = [chunk.text for fact in work.written for chunk in entry_of(fact).chunks]
    made = dict(zip(texts, spec.open().embed(texts), strict=True)) if texts else {}
    return work.run(store, made, keep=True)


def contradictions(facts: Sequence[Fact]) -> list[list[Fact]]:
    """The current facts that contradict each other according to their predicates: different values of one track.

    Facts without a time are excluded, because the later one is unknown.
    """
    tracks: dict[Any, list[Fact]] = {}
    for fact in facts:
        if fact.predicate is not None and fact.created_at is not None:
            claim = standing_for(fact)
            tracks.setdefault((key_of(claim), track_of(claim)), []).append(fact)
    return [
        values
        for values in tracks.values()
        if any(not same(standing_for(values[0]), standing_for(other)) for other in values[1:])
    ]


class _Work:
    """The changes of one run, which can be applied to several transactions."""

    def __init__(
        self,
        user: str,
        now: datetime,
        near: Sequence[Pair],
        clashes: Sequence[Sequence[Fact]],
        episodes_before: datetime | None,
        parts: frozenset[Part],
        command: str,
    ) -> None:
        self.user, self.now, self.near, self.clashes, self.before = user, now, near, clashes, episodes_before
        self.parts, self.command = parts, command
        self.written: list[Fact] = []

    def run(self, store: Store, vectors: dict[str, Any], *, keep: bool) -> Consolidated:
        """Apply everything in one transaction, which is rolled back unless `keep`."""
        result = Consolidated(user=self.user)
        self.written = []
        with suppress(_DryRun), store.changing(self.command, self.user, make=False, users=[self.user]) as tx:
            self._merge(tx, vectors, result)
            self._resolve(tx, vectors, result)
            self._drop(tx, result)
            if "expire" in self.parts:
                self._expire(tx, result)
            if "summary" in self.parts:
                self._sum_up(tx, vectors, result)
            if not keep:
                raise _DryRun
        result.run = tx.run
        return result

    def _as_planned(self, tx: Transaction, facts: Sequence[Fact]) -> bool:
        ids = [fact.id for fact in facts]
        now = {fact.id: fact for fact in tx.facts(ids)}
        return all(now.get(fact.id) == fact for fact in facts)

    def _merge(self, tx: Transaction, vectors: dict[str, Any], result: Consolidated) -> None:
        touched: set[UUID] = set()
        for pair in self.near:
            kept, other = pair.kept, pair.other
            # A fact into which another was merged has changed only by that.
            fresh = [fact for fact in (kept, other) if fact.id not in touched]
            if not self._as_planned(tx, fresh):
                continue
            if pair.same and self._merged(tx, vectors, kept, other):
                touched |= {kept.id, other.id}
                reason = f"duplicate of {str(kept.id)[:8]} {kept.text!r} (cosine {pair.cosine:.2f})"
                result.changes.append(
                    Change(action="merge", fact=other.id, text=other.text, into=kept.id, reason=reason)
                )
            elif not {kept.id, other.id} & touched:
                reason = f"similar to {str(kept.id)[:8]} {kept.text!r} (cosine {pair.cosine:.2f}), not a duplicate"
                result.changes.append(
                    Change(action="look", fact=other.id, text=other.text, into=kept.id, reason=reason)
                )

    def _merged(self, tx: Transaction, vectors: dict[str, Any], kept: Fact, other: Fact) -> bool:
        """Merge `other` into `kept`: with its evidence, or, if it has none, as superseded."""
        evidence = tx.claims_of_fact(other.id)
        own = [claim for claim in evidence if claim.fact_id is None]
        if kept.predicate is not None and own and len(own) == len(evidence):
            if any(claim.op != "assert" for claim in own):
                return False
            moved = [_said_of(claim, kept) for claim in own]
            settle(tx, [kept, other], vectors, self.now, rewritten=moved)
            return True
        if own:
            return False
        tx.before_change("fact", [other.id])
        tx.before_change("claim", [claim.id for claim in evidence])
        tx.remove_claims([claim.id for claim in evidence])
        tx.replace([msgspec.structs.replace(other, expired_at=self.now, superseded_by=kept.id)])
        return True

    def _resolve(self, tx: Transaction, vectors: dict[str, Any], result: Consolidated) -> None:
        for facts in self.clashes:
            if not self._as_planned(tx, facts):
                continue
            changes = settle(tx, facts, vectors, self.now)
            texts = {fact.id: fact.text for fact in facts}
            for fact in (*changes.superseded, *changes.retracted):
                by = (
                    f"{str(fact.superseded_by)[:8]} {texts.get(fact.superseded_by, '')!r}"
                    if fact.superseded_by
                    else "a later fact"
                )
                reason = f"contradicts {by}, which is later"
                result.changes.append(
                    Change(action="resolve", fact=fact.id, text=fact.text, into=fact.superseded_by, reason=reason)
                )

    def _drop(self, tx: Transaction, result: Consolidated) -> None:
        if self.before is None:
            return
        old = tx.episodes_before(self.user, self.before)
        _take_out(tx, old)
        result.changes += [
            Change(action="drop", fact=fact.id, text=fact.text, reason=f"episode older than {self.before:%Y-%m-%d}")
            for fact in old
        ]

    def _expire(self, tx: Transaction, result: Consolidated) -> None:
        over = tx.overdue(self.user, self.now)
        _take_out(tx, over)
        result.changes += [
            Change(action="expire", fact=fact.id, text=fact.text, reason=f"expired on {fact.expires_at:%Y-%m-%d}")
            for fact in over
        ]

    def _sum_up(self, tx: Transaction, vectors: dict[str, Any], result: Consolidated) -> None:
        facts = [fact for fact in _current(tx, self.user, self.now) if fact.kind != "summary"]
        fresh = summary(self.user, facts)
        if fresh is None:
            return
        before = tx.facts([fresh.id])
        if before and (before[0].text, before[0].created_at) == (fresh.text, fresh.created_at):
            return
        tx.before_change("fact", [fresh.id])
        tx.remove([fresh.id])
        tx.add([entry_of(fresh)], vectors)
        self.written.append(fresh)
        reason = f"summary of {fresh.native['facts']} of {len(facts)} facts"
        result.changes.append(Change(action="summary", fact=fresh.id, text=fresh.text, reason=reason))


def _take_out(tx: Transaction, facts: Sequence[Fact]) -> None:
    """Remove facts in such a way that they are not ingested again."""
    ids = [fact.id for fact in facts]
    rests_on = {fact.id: [claim.id for claim in tx.claims_of_fact(fact.id)] for fact in facts}
    evidence = [id_ for claims in rests_on.values() for id_ in claims]
    tx.before_change("fact", ids)
    tx.before_change("claim", evidence)
    tx.before_change("removed", [*ids, *evidence])
    tx.remove_claims(evidence)
    tx.remove(ids)
    for fact in facts:
        tx.tombstone(fact.user_id, [fact.id, *rests_on[fact.id]])


def _said_of(claim: Claim, kept: Fact) -> Claim:
    """A claim as evidence of another fact: it keeps its text and takes the value of the other fact."""
    return msgspec.structs.replace(
        claim,
        subject=kept.subject or kept.user_id,
        predicate=kept.predicate or "",
        object=kept.object,
        slot=kept.native_text("slot"),
        text=claim.text if kept.object is not None else kept.text,
    )


def _current(session: Session, user: str, now: datetime) -> list[Fact]:
    """The user's current semantic facts, oldest first."""
    return session.facts_of(user, kinds=("fact", "preference", "procedure"), at=now)
