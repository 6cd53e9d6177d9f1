"""A medicine and its dose are one fact: "takes ramipril" and "takes ramipril 5 mg" are about the same tablets.

Extractors claim both: that somebody takes a medicine, and, if it is told, how much of it.
"""

from collections.abc import Sequence

from memctl.core.claim import Claim
from memctl.reconcile.normalize import normalise

_TAKES, _DOSE = "takes_medication", "dose"


def medicine_of(claim: Claim) -> str | None:
    """The key of the medicine that somebody takes; None for claims about other things."""
    if claim.predicate == _DOSE:
        return normalise(claim.slot or "")
    return normalise(claim.object) if claim.predicate == _TAKES and claim.object is not None else None


def has_dose(claim: Claim) -> bool:
    """True if the claim tells how much of a medicine somebody takes."""
    return claim.predicate == _DOSE


def adds_nothing(claim: Claim, held: Claim) -> bool:
    """True for a claim that somebody takes a medicine of which the claim `held` tells the dose."""
    return claim.predicate == _TAKES and held.predicate == _DOSE and medicine_of(claim) == medicine_of(held)


def doses_first(claims: Sequence[Claim]) -> list[Claim]:
    """The claims of a group in the same order, but in each turn a medicine after its dose."""
    doses = {
        (claim.session_id, claim.turn_id, claim.position, medicine_of(claim)): number
        for number, claim in enumerate(claims)
        if claim.predicate == _DOSE and claim.op == "assert"
    }
    if not doses:
        return list(claims)

    def place(numbered: tuple[int, Claim]) -> tuple[int, int]:
        number, claim = numbered
        if claim.predicate != _TAKES or claim.op != "assert":
            return number, 0
        told = doses.get((claim.session_id, claim.turn_id, claim.position, medicine_of(claim)), number)
        return max(number, told), int(told > number)

    return [claim for _, claim in sorted(enumerate(claims), key=place)]
