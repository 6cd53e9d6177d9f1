"""Changes and answers that are understood with the turns before them."""

import pytest
from spelt_claims import said, spelt


@pytest.mark.parametrize(
    ("turns", "expected"),
    [
        (("my grandmother Ilse is 93", "Ilse passed away on Sunday"), "-Ilse:age=93 ; family_event=grandmother died"),
        (("my grandmother Ilse is 93", "Ilse died laughing"), ""),
        (
            ("my wife is pregnant", "she was born last night! Her name is Juno"),
            "-family_event=pregnant ; -wife:family_event=pregnant ; has_child=Juno",
        ),
        (("I weigh 82 kg", "down to 79 now"), "measure/weight=79 kg"),
        (("I weigh 82 kg", "my blood sugar is down to 79 now"), "measure/blood sugar=79"),
        (("I weigh 82 kg", "down to 12 now"), ""),
        (("I use vim", "switched to helix"), "-uses/editor=None ; -uses=vim ; uses=helix"),
        (("I use vim", "switched to the window seat"), ""),
        (("I'm vegan", "so pescatarian now"), "diet=pescatarian"),
        (("A:Are you married?", "yep, 11 years"), "relationship_status=married"),
        (("A:And your dog is called?", "Biscuit"), "has_pet=dog called Biscuit"),
        (("A:Which editor do you use?", "helix"), "uses=Helix"),
        (("A:How tall are you?", "1.78"), "measure/height=1.78 m"),
        (("A:tea or coffee?", "tea, always"), "prefers=tea"),
        (("A:tea or coffee?", "whatever is there"), ""),
        (("A:Anything you can't eat?", "shellfish"), "avoids=shellfish"),
        (("A:Any hobbies?", "bouldering and pottery"), "hobby=bouldering ; hobby=pottery"),
    ],
)
def test_a_turn_is_read_with_the_turns_before_it(turns: tuple[str, ...], expected: str) -> None:
    claims = sorted(spelt(claim) for claim in said(*turns) if claim.turn_id == str(len(turns) - 1))
    assert claims == sorted(filter(None, expected.split(" ; ")))


def test_a_plan_keeps_its_time_of_day_until_it_is_moved() -> None:
    claims = said("the dentist is on Thursday at 9:15", "sorry, it's the 6th", "dentist moved to Monday at 11:30")
    assert [claim.text for claim in claims] == [
        "alice has a dentist appointment at 9:15 on 5 June 2025.",
        "alice has a dentist appointment at 9:15 on 6 June 2025.",
        "alice has a dentist appointment at 11:30 on 9 June 2025.",
    ]
