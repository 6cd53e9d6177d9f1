"""A medicine and its dose are one belief."""

from made_claims import by_object, claim

from memctl.core.claim import Claim
from memctl.reconcile import fold


def test_a_medicine_and_its_dose_are_one_belief():
    told = {"turn_id": "t1", "position": 1}
    bare = claim(1, "2025-01-01", "takes_medication", "ramipril", **told)
    dosed = claim(2, "2025-01-01", "dose", "5 mg", slot="ramipril", **told, ordinal=1)
    again = claim(3, "2025-02-01", "takes_medication", "Ramipril")
    raised = claim(4, "2025-03-01", "dose", "10 mg", slot="ramipril")
    assert [belief.claim.object for belief in fold([bare, dosed, again])] == ["5 mg"]
    assert [belief.claim.object for belief in fold([bare, dosed, raised]) if belief.live] == ["10 mg"]


def test_the_dose_of_a_medicine_follows_the_medicine_without_a_dose():
    beliefs = by_object(
        [
            claim(1, "2025-01-01", "takes_medication", "ramipril"),
            claim(2, "2025-02-01", "dose", "5 mg", slot="ramipril"),
            claim(3, "2025-02-01", "takes_medication", "warfarin"),
        ]
    )
    assert beliefs["ramipril"].superseded_by == beliefs["5 mg"].id
    assert beliefs["5 mg"].live
    assert beliefs["warfarin"].live


def test_who_stops_a_medicine_in_another_session_has_no_dose_of_it():
    over = claim(3, "2025-03-01", "takes_medication", "ramipril", op="retract", session_id="later")
    beliefs = by_object(
        [
            claim(1, "2025-01-01", "dose", "5 mg", slot="ramipril"),
            claim(2, "2025-01-01", "dose", "2 mg", slot="warfarin"),
            over,
        ]
    )
    assert beliefs["5 mg"].closing == over.id
    assert beliefs["2 mg"].live
    ended_twice = [*over_both("2025-03-01"), claim(1, "2025-01-01", "dose", "5 mg", slot="ramipril")]
    assert len(fold(ended_twice)) == 1


def over_both(at: str) -> list[Claim]:
    return [
        claim(2, at, "dose", "5 mg", slot="ramipril", op="retract"),
        claim(3, at, "takes_medication", "ramipril", op="retract"),
    ]
