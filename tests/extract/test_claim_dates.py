"""A date in a message is the date of the claim that it is said of, and of no other."""

import pytest
from spelt_claims import said, spelt

NONE = "None"


@pytest.mark.parametrize(
    ("message", "dates"),
    [
        # A date that another phrase of the sentence brings along
        ("We bought a barn near Hvar, keys on 1 July", {"owns=a barn near Hvar": NONE}),
        ("passed my theory first time, practical on 9 May", {"event=passed my driving theory": NONE}),
        ("I'm a plumber, graveyard shift since 2012", {"job_title=plumber": NONE}),
        ("I'm Marek, night porter since 2016", {"name=Marek": NONE, "job_title=night porter": "2016-01-01"}),
        ("I teach history at two schools and, since March, a philosophy club", {"job_title=history teacher": NONE}),
        ("I'm Danish, and Swedish too since 2020", {"nationality=Danish": NONE}),
        ("I studied at Makerere, class of 2014", {"studied_at=Makerere": NONE}),
        ("I stopped judo after that, finals are in 2 months", {"-hobby=judo": NONE}),
        # and one that is the claim's own
        ("I moved to Leeds, Yorkshire, in 2019", {"lives_in=Leeds, Yorkshire": "2019-01-01"}),
        ("I've worked at Boots, on the tills, since 2019", {"works_at=Boots": "2019-01-01"}),
        ("I graduated from Makerere in 2014", {"studied_at=Makerere": "2014-01-01"}),
        ("stopped judo in March", {"-hobby=judo": "2025-03-01"}),
        # The day to which something was moved, or for which it was booked, is not the day on which that was done
        ("we moved the wedding to 3 May", {"plans=wedding": "2026-05-03"}),
        ("We changed the wedding to the 21st because of the funeral", {"plans=wedding": "2025-06-21"}),
        ("got the cruise booked, out of Gdynia, 3 October", {}),
        ("I passed my theory on Friday", {"event=passed my driving theory": "2025-05-30"}),
        # Every year, or from one year on
        ("I take loratadine from April", {"takes_medication=loratadine": NONE}),
        ("I take loratadine since April", {"takes_medication=loratadine": "2025-04-01"}),
        ("I live in Tulsa as of Thursday", {"lives_in=Tulsa": "2025-05-29"}),
        ("I work at Lidl from Thursday", {"works_at=Lidl": "2025-06-05"}),
        # Short years, and days whose month is said before
        ("I left Infosys in March '24", {"-works_at=Infosys": "2024-03-01"}),
        ("the wedding's next june 14", {"plans=wedding": "2026-06-14"}),
        ("we're going to Bled on Monday the 14th", {"plans=go to Bled": "2025-07-14"}),
        ("Ana's home for Christmas and we fly to Riga on the 27th", {"plans=fly to Riga": "2025-12-27"}),
        ("we fly to Riga on the 27th", {"plans=fly to Riga": "2025-06-27"}),
    ],
)
def test_a_claim_has_the_date_that_is_said_of_it(message: str, dates: dict[str, str]) -> None:
    claims = [(spelt(claim), claim.invalid_at if claim.op == "retract" else claim.valid_at) for claim in said(message)]
    assert {name: str(day)[:10] for name, day in claims} == dates


def test_the_text_of_a_plan_says_whether_its_date_is_a_deadline() -> None:
    texts = [
        said(message)[0].text for message in ("I'm finishing the shed by 30 June", "I'm flying to Oslo on 30 June")
    ]
    assert texts == [
        "alice plans to finish the shed by 30 June 2025.",
        "alice plans to fly to Oslo on 30 June 2025.",
    ]
