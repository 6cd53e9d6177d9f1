"""Beliefs as Facts, and the changes between two sets of Facts."""

from collections.abc import Iterable
from typing import Any

import msgspec

from memctl.core.claim import DOUBT
from memctl.core.fact import Fact, Source, content_hash
from memctl.reconcile.beliefs import Belief


def to_fact(belief: Belief, *, imported: Fact | None = None) -> Fact:
    """A belief as a Fact.

    `imported` is the fact that the belief's claim stands for: its values are kept, and only what later claims add
    (missing dates, its end, its successor, a missing confidence) is filled in.
    """
    if imported is not None:
        return _continued(imported, belief)
    claim = belief.claim
    return Fact(
        id=belief.id,
        user_id=claim.user_id,
        kind=claim.kind,
        text=claim.text,
        agent_id=claim.agent_id,
        session_id=claim.session_id,
        app_id=claim.app_id,
        subject=claim.subject,
        predicate=claim.predicate,
        object=claim.object,
        categories=(*claim.categories, DOUBT) if belief.doubt else claim.categories,
        confidence=belief.confidence,
        valid_at=belief.valid_at,
        invalid_at=belief.invalid_at,
        created_at=claim.observed_at,
        expired_at=belief.expired_at,
        superseded_by=belief.superseded_by,
        source=Source(
            system=claim.system,
            uri=claim.uri,
            session=claim.session_id,
            turns=_turns(belief),
            quote=claim.quote,
        ),
        native=_native(belief),
    )


def _continued(imported: Fact, belief: Belief) -> Fact:
    heard_again = imported.confidence is not None and len(belief.support) > 1
    return msgspec.structs.replace(
        imported,
        confidence=belief.confidence if heard_again else imported.confidence,
        valid_at=imported.valid_at or belief.valid_at,
        invalid_at=imported.invalid_at if belief.live else belief.invalid_at,
        expired_at=imported.expired_at or belief.expired_at,
        superseded_by=imported.superseded_by or belief.superseded_by,
    )


def _turns(belief: Belief) -> tuple[str, ...]:
    """The turns of the belief in its own session, each once, the naming claim's first."""
    session = belief.claim.session_id
    turns = [
        belief.claim.turn_id,
        *(claim.turn_id for claim in belief.support if claim.session_id == session),
    ]
    return tuple(dict.fromkeys(turn for turn in turns if turn is not None))


def _native(belief: Belief) -> dict[str, Any]:
    dated = next((claim for claim in belief.support if claim.valid_at == belief.valid_at), None)
    native = {
        "extractor": belief.claim.extractor,
        "precision": dated.precision if dated and belief.valid_at else None,
        "slot": belief.claim.slot,
        "doubt": belief.doubt.quote if belief.doubt else None,
    }
    return {name: value for name, value in native.items() if value is not None}


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    """Changes of facts, each in its new state (`removed` in its old one).

    `reinforced` facts have more evidence than before, `revised` ones changed in another way (a date filled in, an end
    undone). A new fact that is already history is in `added` and in `superseded` or `retracted`; otherwise the lists
    are disjoint.
    """

    added: tuple[Fact, ...] = ()
    reinforced: tuple[Fact, ...] = ()
    superseded: tuple[Fact, ...] = ()
    retracted: tuple[Fact, ...] = ()
    revised: tuple[Fact, ...] = ()
    removed: tuple[Fact, ...] = ()
    unchanged: tuple[Fact, ...] = ()


def changes(before: Iterable[Fact], after: Iterable[Fact]) -> Changes:
    """Compare two states of the same facts by id, in the order of `after`; removed facts in the order of `before`."""
    old = {fact.id: fact for fact in before}
    new = {fact.id: fact for fact in after}
    by_change: dict[str, list[Fact]] = {name: [] for name in Changes.__struct_fields__}
    for fact in new.values():
        was = old.get(fact.id)
        if was is None:
            by_change["added"].append(fact)
        closing = _closing(was, fact)
        if closing is not None:
            by_change[closing].append(fact)
        elif was is not None:
            by_change[_difference(was, fact)].append(fact)
    by_change["removed"] = [fact for fact in old.values() if fact.id not in new]
    return Changes(**{name: tuple(facts) for name, facts in by_change.items()})


def _closing(was: Fact | None, fact: Fact) -> str | None:
    if fact.superseded_by is not None and (was is None or was.superseded_by is None):
        return "superseded"
    if fact.retired and fact.superseded_by is None and (was is None or not was.retired):
        return "retracted"
    return None


def _difference(was: Fact, fact: Fact) -> str:
    if content_hash(was) == content_hash(fact):
        return "unchanged"
    stronger = (fact.confidence or 0.0) > (was.confidence or 0.0)
    return "reinforced" if stronger or len(fact.source.turns) > len(was.source.turns) else "revised"
