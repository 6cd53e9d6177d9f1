"""Keeping facts consistent with their claims, on any store.

After claims are added or removed, all claims of their groups are folded again from scratch. So the result depends on
what was said, and not on the order in which files or processes stored it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from memctl.core.claim import Claim
from memctl.core.errors import NotFound, Rejected
from memctl.core.fact import Fact, content_hash, derive_id
from memctl.core.predicates import family
from memctl.core.subjects import Mention, is_relation, names_of, near
from memctl.reconcile import Belief, Changes, Key, affected, changes, fold, to_fact
from memctl.store.base import Group, Session, Store, Transaction
from memctl.store.chunks import chunks_of, texts_of
from memctl.store.model import SUPPRESSED, Entry, Episodic, StoredTurn
from memctl.store.suppressed_users import SuppressedUsers
from memctl.store.turn_identity import removal_keys


def require_admitted(tx: Transaction, users: Iterable[str]) -> None:
    """Raise Rejected if one of the users was forgotten: nothing is written about them."""
    if tx.suppressed().among(users):
        raise Rejected(SUPPRESSED)


def suppressed_users(store: Store) -> SuppressedUsers:
    """The users who were forgotten; nobody while the store does not exist."""
    with suppress(NotFound), store.reading() as session:
        return session.suppressed()
    return SuppressedUsers()


def remove_claims(tx: Transaction, claims: Sequence[Claim]) -> set[UUID]:
    """Remove claims; returns the facts that had them as evidence."""
    ids = [claim.id for claim in claims]
    unfounded = set(tx.evidence_with(ids))
    tx.before_change("claim", ids)
    tx.before_change("fact", unfounded, reworded=False)
    tx.remove_claims(ids)
    return unfounded


def retract(tx: Transaction, ids: Iterable[UUID], now: datetime) -> Changes:
    """Remove claims and refold the facts that had them as evidence."""
    claims = tx.claims(ids)
    return refold(tx, claims, {}, now, remove_claims(tx, claims))


def settle(
    tx: Transaction,
    facts: Iterable[Fact],
    vectors: Mapping[str, Any],
    now: datetime,
    *,
    rewritten: Sequence[Claim] = (),
) -> Changes:
    """Refold the groups of these facts and of `rewritten` claims, which replace the claims of the same ids.

    Facts that were imported or stated take part.
    """
    touched = [standing_for(fact) for fact in facts if fact.predicate is not None]
    old = tx.claims([claim.id for claim in rewritten])
    episode_of = tx.episodes_of([claim.id for claim in old])
    unfounded = remove_claims(tx, old)
    tx.before_change("claim", [claim.id for claim in rewritten])
    tx.add_claims([(claim, episode_of.get(claim.id)) for claim in rewritten], now)
    return refold(tx, [*touched, *old, *rewritten], vectors, now, unfounded)


class Refolded(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of folding groups again: the changes, the facts in the order they are stored, and their evidence."""

    changes: Changes = Changes()
    facts: Mapping[UUID, Fact] = {}
    evidence: Mapping[UUID, tuple[UUID, ...]] = {}

    def resting_on(self, claims: Iterable[UUID]) -> list[Fact]:
        """The facts that have any of these claims as evidence."""
        wanted = set(claims)
        return [fact for id_, fact in self.facts.items() if not wanted.isdisjoint(self.evidence[id_])]


def refold(
    tx: Transaction,
    touched: Sequence[Claim],
    vectors: Mapping[str, Any],
    now: datetime,
    unfounded: Iterable[UUID],
) -> Changes:
    """The changes of `refolded`."""
    return refolded(tx, touched, vectors, now, unfounded).changes


def refolded(
    tx: Transaction,
    touched: Sequence[Claim],
    vectors: Mapping[str, Any],
    now: datetime,
    unfounded: Iterable[UUID],
) -> Refolded:
    """Fold the groups that `touched` claims belong to, and bring the stored facts in line with the outcome.

    `unfounded` facts lost some of their evidence.
    """
    if not touched:
        return Refolded()
    groups, names = _groups(tx, touched)
    unfounded = set(unfounded)
    _adopt(tx, groups, now, unfounded)
    claims = tx.claims_of_groups(groups)
    beliefs = _folded(claims, names)
    # A fact that has only just been adopted has no evidence yet.
    ids = unfounded | {claim.fact_id for claim in claims if claim.fact_id is not None}
    stored = tx.evidence_with([claim.id for claim in claims], ids.union(belief.id for belief in beliefs))
    before = {fact.id: fact for fact in tx.facts(ids.union(stored))}
    after = {belief.id: _fact_of(belief, before.get(belief.id)) for belief in beliefs}

    gone = [id_ for id_ in before if id_ not in after]
    reworded = [id_ for id_, fact in after.items() if id_ in before and fact.text != before[id_].text]
    same_text = [fact for id_, fact in after.items() if id_ in before and fact.text == before[id_].text]
    changed = [fact for fact in same_text if fact != before[fact.id]]
    evidence = {belief.id: belief.evidence for belief in beliefs if belief.evidence != stored.get(belief.id, ())}
    tx.before_change("fact", [*gone, *reworded])
    tx.before_change(
        "fact", [*(fact.id for fact in changed), *(id_ for id_ in evidence if id_ in before)], reworded=False
    )

    new = [belief for belief in beliefs if belief.id not in before or belief.id in reworded]
    missing = {text for belief in new for text in texts_of(after[belief.id])} - vectors.keys()
    if missing:
        vectors = {**_vectors_of(tx, before.values()), **vectors}
    tx.remove([*gone, *reworded])
    episode_of = tx.episodes_of([belief.claim.id for belief in new])
    entries = [
        Entry(
            fact=after[belief.id],
            episodic=Episodic(episode=episode_of.get(belief.claim.id)),
            chunks=tuple(chunks_of(after[belief.id])),
        )
        for belief in new
    ]
    tx.add(entries, vectors)
    tx.replace(changed)
    evidence |= dict.fromkeys(gone, ())
    tx.set_evidence(evidence, stored, {id_: fact.user_id for id_, fact in after.items()})
    kept = [id_ for id_ in before if id_ in after and id_ not in reworded]
    return Refolded(
        changes=changes(before.values(), after.values()),
        facts={id_: after[id_] for id_ in (*kept, *(belief.id for belief in new))},
        evidence={belief.id: belief.evidence for belief in beliefs},
    )


def _vectors_of(tx: Transaction, facts: Iterable[Fact]) -> dict[str, Any]:
    """The vectors of these facts by text. What is said again at an earlier time may split one fact in two, of which the
    second has a text that no claim of this transaction has."""
    owned: defaultdict[str, dict[UUID, str]] = defaultdict(dict)
    for fact in facts:
        whole = texts_of(fact)
        if len(whole) == 1:
            owned[fact.user_id][fact.id] = whole[0]
    return {texts[id_]: vector for user, texts in owned.items() for id_, vector in tx.vectors_of(user, texts).items()}


def beliefs_about(tx: Transaction, claims: Sequence[Claim]) -> dict[UUID, Belief]:
    """What all stored claims of these claims' groups amount to, by the id of the fact."""
    groups, names = _groups(tx, claims)
    return {belief.id: belief for belief in _folded(tx.claims_of_groups(groups), names)}


Names = Mapping[str, Mapping[str, str]]
"""Of each user, the subjects that are shown under another name."""


def _folded(claims: Sequence[Claim], names: Names) -> list[Belief]:
    users = {claim.user_id for claim in claims}
    return [
        belief
        for user in users
        for belief in fold((claim for claim in claims if claim.user_id == user), names.get(user, {}))
    ]


def _groups(tx: Session, touched: Iterable[Claim]) -> tuple[list[Group], Names]:
    """The groups to fold again when these claims have come or gone, and the names of people to fold them under.

    Somebody's new name, or one that nobody uses any more, changes who their other facts are about.
    """
    keys = {(claim.user_id, key) for claim in touched for key in affected([claim])}
    about: dict[str, set[str]] = defaultdict(set)
    for claim in touched:
        if claim.subject.casefold() != claim.user_id.casefold():
            about[claim.user_id].add(claim.subject)
        elif is_relation(claim.predicate) and claim.object:
            about[claim.user_id].add(claim.object)
    stored: dict[str, list[Mention]] = defaultdict(list)
    for mention in tx.mentions(about) if about else ():
        stored[mention[0]].append(mention)
    for user, mentions in stored.items():
        others = {subject for _, subject, _, _ in mentions if subject.casefold() != user.casefold()}
        groups = [group for group in near(others | about[user]) if len(group) > 1 and group & about[user]]
        together = set().union(*groups)
        keys |= {
            (user, Key(subject.casefold(), family(predicate)))
            for _, subject, predicate, _ in mentions
            if subject in together
        }
    return [_group(user, key) for user, key in keys], {user: names_of(stored[user]) for user in stored}


def _group(user: str, key: Key) -> Group:
    return user, key.subject.casefold(), key.predicates


def _adopt(tx: Transaction, groups: Sequence[Group], now: datetime, unfounded: set[UUID]) -> None:
    """Let current facts that were imported or stated (`memctl add`) take part in the fold, as claims of their own.

    Not a fact that has only just lost its evidence.
    """
    adopted = [standing_for(fact) for fact in tx.unfolded(groups, now) if fact.id not in unfounded]
    tx.before_change("claim", [claim.id for claim in adopted])
    tx.add_claims([(claim, None) for claim in adopted], now)


def standing_for(fact: Fact, extractor: str = "import") -> Claim:
    """The claim that stands for a fact no turn of a transcript said, so that later claims can end or confirm it."""
    return Claim(
        id=derive_id("claim", str(fact.id), content_hash(fact)),
        user_id=fact.user_id,
        kind=fact.kind,
        text=fact.text,
        subject=fact.subject or fact.user_id,
        predicate=fact.predicate or "",
        object=fact.object,
        slot=fact.native_text("slot"),
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
    """The fact of a belief. An adopted fact was current when it was adopted, and may be again."""
    if belief.claim.fact_id is None or stored is None:
        return to_fact(belief)
    adopted = msgspec.structs.replace(stored, invalid_at=belief.claim.invalid_at, expired_at=None, superseded_by=None)
    return to_fact(belief, imported=adopted)


def state(tx: Transaction, entry: Entry, vectors: Mapping[str, Any]) -> Changes:
    """Store a fact that a person states outright, replacing the one with its id, and refold what it affects."""
    now = datetime.now(UTC)
    fact = entry.fact
    require_admitted(tx, [fact.user_id])
    old = tx.claims_of_fact(fact.id)
    _tombstone(tx, _of_transcripts(old))
    before = retract(tx, [claim.id for claim in old], now)
    tx.before_change("fact", [fact.id])
    tx.remove([fact.id])
    tx.add([entry], vectors)
    if fact.predicate is None or fact.kind == "episode":
        return before
    standing = standing_for(fact, "stated")
    tx.before_change("claim", [standing.id])
    return refold(tx, tx.add_claims([(standing, None)], now), vectors, now, [fact.id])


def erase(tx: Transaction, ids: Iterable[UUID]) -> int:
    """Remove facts with their evidence for good, and what was read from removed episodes; returns how many existed.

    No transcript brings them back.
    """
    gone = list(ids)
    claims = tx.claims_of_episodes(gone)
    for id_ in gone:
        claims += tx.claims_of_fact(id_)
    tx.drop_answers({*gone, *tx.episodes_of([claim.id for claim in claims]).values()})
    _tombstone(tx, _of_transcripts(claims))
    _tombstone(tx, _of_episodes(tx, gone))
    tx.before_change("fact", gone)
    retract(tx, {claim.id for claim in claims}, datetime.now(UTC))
    left = tx.known(gone)
    return len(gone) - len(left) + tx.remove(left)


def _of_transcripts(claims: Iterable[Claim]) -> dict[str, set[UUID]]:
    """The claims that reading a transcript again would add again, by user."""
    ids: dict[str, set[UUID]] = defaultdict(set)
    for claim in claims:
        if claim.fact_id is None:
            ids[claim.user_id].add(claim.id)
    return ids


def _of_episodes(tx: Transaction, ids: Iterable[UUID]) -> dict[str, set[UUID]]:
    """The ids of those that are episodes, and the keys under which their words are recognised in any transcript, by
    user."""
    turns: dict[str, list[StoredTurn]] = defaultdict(list)
    for turn in tx.turns(ids):
        turns[turn.user_id].append(turn)
    keys: dict[str, set[UUID]] = {}
    for user, removed in turns.items():
        episodes = {turn.id for turn in removed}
        sessions = {turn.session_id for turn in removed}
        keys[user] = episodes | removal_keys(tx.turns_of_sessions(user, sessions), episodes)
    return keys


def _tombstone(tx: Transaction, ids: Mapping[str, Iterable[UUID]]) -> None:
    for user, gone in ids.items():
        wanted = list(gone)
        tx.before_change("removed", wanted)
        tx.tombstone(user, wanted)
