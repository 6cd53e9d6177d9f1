"""Words of the speaker in the text of a claim: in the third person, except where an order quotes them."""

import pytest

from memctl.extract.draft_claim import third


@pytest.mark.parametrize(
    ("order", "told"),
    [
        ("stop with the 'I hear you' lines", "stop with the 'I hear you' lines"),
        ('never tell me "my bad"', 'never tell them "my bad"'),
        ("skip “we hope this helps” in my mails", "skip “we hope this helps” in their mails"),
        ("no ‘I'd be glad to’ for me", "no ‘I'd be glad to’ for them"),
        ("don't sign 'me' or 'I'm Bo' for us", "don't sign 'me' or 'I'm Bo' for them"),
        ("use my sister's and my brother's names", "use their sister's and their brother's names"),
        ("don't call me Bo, I'm Bea", "don't call them Bo, they are Bea"),
    ],
)
def test_words_in_quotation_marks_stay_as_they_were_said(order: str, told: str) -> None:
    assert third(order) == told
