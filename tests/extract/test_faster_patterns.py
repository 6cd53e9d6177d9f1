"""Patterns that are written so that `re` finds them faster match what the plain ones match."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memctl.extract.filters import pasted_text
from memctl.extract.grammar import name_case, segmentation

MARKED = st.text(st.sampled_from("aIÉßz \n'’“”«»„.,;:!?)$1_"))


@given(MARKED)
def test_an_opening_quote_follows_no_letter(text: str) -> None:
    plain = re.search(r"[“«»„]|(?<!\w)'", text)
    assert bool(segmentation._OPENING_QUOTE.search(text)) is bool(plain)


@given(MARKED)
def test_capitalised_words_are_found_after_another_word(text: str) -> None:
    plain = r"(?<=[\w,;)] )[A-ZÀ-Þ][^\W\d_A-ZÀ-Þ]+(?=['’]s\b|[\s,.;:!?)]|$)"
    for line in text.splitlines():
        assert name_case._CAPITALISED.findall(line) == re.findall(plain, line)


WORDS = st.sampled_from(["marit", "Marit", "marit's", "bo-marit", "amarit", "x@marit.no", "ist", "é", ".", "-", " "])


@given(st.lists(WORDS, max_size=6).map("".join))
def test_names_in_small_letters_are_found_by_the_words_of_a_text(text: str) -> None:
    case = name_case.NameCase()
    case.names["marit"] = "Marit"
    assert case.restored(f" {text} ") == name_case._UNCAPITALISED.sub(case._spelled, f" {text} ")


@pytest.mark.parametrize(
    "text", ["SELECT a FROM b", "import re and go", "print(1)", "I selected one from it", "pay $5"]
)
def test_code_without_a_dollar_is_found_by_its_words(text: str) -> None:
    found = pasted_text._STATEMENT.search(text)
    assert "$" in text or bool(found) is bool(pasted_text._SQL.search(text))
