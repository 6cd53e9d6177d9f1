"""A sentence of the same message puts the day of a plan right."""

import pytest
from spelt_claims import said


@pytest.mark.parametrize(
    ("message", "day"),
    [
        ("The optician is on 4 July. Sorry, the 7th", "2025-07-07"),
        ("The optician is on 4 July, no wait, the 7th", "2025-07-07"),
        ("The optician is on 4 July. The 7th is the dentist", "2025-07-04"),
        ("The optician is on 4 July. Sorry, the 7th of August is my holiday", "2025-07-04"),
    ],
)
def test_a_plan_has_its_corrected_day(message: str, day: str) -> None:
    claim = said(message)[0]
    assert (claim.object, str(claim.valid_at)[:10]) == ("optician", day)
    assert f"{int(day[-2:])} July 2025" in claim.text
