"""Splitting a text into words."""

import re

from hypothesis import given
from hypothesis import strategies as st

from memctl.extract.patterns.wordlist import spoken_words, words_with_digits

ASCII = st.text(st.characters(max_codepoint=127))


@given(ASCII)
def test_ascii_texts_are_split_as_the_patterns_split_them(text: str) -> None:
    assert list(words_with_digits(text)) == re.findall(r"\w+", text.lower())
    assert spoken_words(text) == set(re.findall(r"[^\W\d_]+", text.lower()))


def test_words_of_other_alphabets_are_kept() -> None:
    assert words_with_digits("Zoë's 2 Kätzchen, улица_5") == ("zoë", "s", "2", "kätzchen", "улица_5")
    assert spoken_words("Zoë's 2 Kätzchen") == {"zoë", "s", "kätzchen"}
