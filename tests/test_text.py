"""Splitting text for the index. Text that is lost here cannot be found by any search."""

import re
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from memctl.core.tokenization import LONGEST_SENTENCE, STOP_WORDS, sentences, stems, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I moved. I love it!", ["I moved.", "I love it!"]),
        ("so tired... gonna sleep", ["so tired...", "gonna sleep"]),
        ("Hi! 😊 How are you?", ["Hi! 😊", "How are you?"]),
        ("Best day ever 🎉🎉 We won", ["Best day ever 🎉🎉", "We won"]),
        ('He said "stop." Then he left.', ['He said "stop."', "Then he left."]),
        ("we slept. then i left", ["we slept.", "then i left"]),
        ("Dear all\nI resign", ["Dear all", "I resign"]),
    ],
)
def test_chat_messages_are_split_into_sentences(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize(
    "sentence",
    [
        "It costs $3.50 at https://shop.example/a.b?c=1.5 today",
        "Dr. Smith and Mrs. Jones moved to St. Moritz",
        "We meet on Jan. 5 at No. 12, e.g. after lunch, i.e. late",
        "She works at Stripe Inc. in Paris",
        "Version 2.10.3 is out",
        "I live in the U.S. now",
    ],
)
def test_a_period_in_a_number_url_or_abbreviation_ends_no_sentence(sentence: str) -> None:
    assert sentences(sentence) == [sentence]


def test_words_that_are_also_abbreviations_still_end_sentences() -> None:
    assert sentences("No. I love the sun. We left at 5 p.m. Then we sat.") == [
        "No.",
        "I love the sun.",
        "We left at 5 p.m.",
        "Then we sat.",
    ]


def test_list_items_are_sentences_without_bullets() -> None:
    assert sentences("Buy:\n- milk\n* 2 eggs\n1. First call Ann\n2) then Bob\n[x] done") == [
        "Buy:",
        "milk",
        "2 eggs",
        "First call Ann",
        "then Bob",
        "done",
    ]


def test_scripts_with_other_punctuation_are_split() -> None:
    assert sentences("東京に住んでいます。猫が好き！「本当？」はい") == [
        "東京に住んでいます。",
        "猫が好き！",
        "「本当？」",
        "はい",
    ]
    assert sentences("هل تحب القهوة؟ نعم أحبها۔ شكرا") == ["هل تحب القهوة؟", "نعم أحبها۔", "شكرا"]
    assert sentences("मैं दिल्ली में रहता हूँ। तुम कहाँ हो?") == ["मैं दिल्ली में रहता हूँ।", "तुम कहाँ हो?"]


def test_text_without_a_word_has_no_sentence() -> None:
    assert sentences("... !!! 🎉\n---\n") == []


def test_a_very_long_line_is_split_without_loss() -> None:
    line = " ".join(f"word{i}" for i in range(1000))
    pieces = sentences(line)
    assert max(map(len, pieces)) <= LONGEST_SENTENCE
    assert " ".join(pieces) == line
    assert "".join(sentences("x" * 2000)) == "x" * 2000


@given(st.text())
def test_sentences_are_parts_of_the_text_in_order(text: str) -> None:
    place = 0
    for sentence in sentences(text):
        assert sentence == sentence.strip()
        place = text.index(sentence, place) + len(sentence)


@given(st.text(alphabet=st.characters(whitelist_categories=["L", "N"]), min_size=1))
def test_no_letter_or_digit_is_lost_between_sentences(text: str) -> None:
    joined = "".join(sentences(text))
    assert re.sub(r"\s", "", joined) == re.sub(r"\s", "", text)


@pytest.mark.parametrize(
    ("asked", "form"),
    [
        ("shipping", "Please SHIP it"),
        ("running shoes", "I run in a shoe"),
        ("allergies", "my allergy"),
        ("cafe", "the Café"),
        ("Zurich", "Zürich"),
        ("Anna's dog", "Anna dog"),
        ("Anna’s dog", "Anna's dog"),
        ("8 May 2023", "08 May 2023"),
        ("1500", "1,500"),
        ("hotel", "l'hôtel"),
        ("strasse", "Straße"),
        ("ﬁsh", "fish"),
        ("القهوة", "القَهْوَة"),
    ],
)
def test_forms_of_a_word_have_the_same_stem(asked: str, form: str) -> None:
    assert stems(asked)
    assert set(stems(asked)) <= set(stems(form))


def test_stop_words_are_removed_and_repeats_numbers_and_names_kept() -> None:
    assert stems("I don't think that's what we will do in May") == ["think", "will", "may"]
    assert stems("tea tea 42 3.5 O'Brien") == ["tea", "tea", "42", "3.5", "o", "brien"]
    assert all(stems(word) == [] for word in STOP_WORDS)


def test_scripts_without_spaces_are_indexed_by_character_pairs() -> None:
    assert {"東京", "住ん"} <= set(stems("東京に住んでいます"))
    assert "猫" in stems("猫が好き"), "a word of one character must be found inside a run"
    assert stems("한국어") == ["한국", "국어"]


def test_hindi_vowel_signs_do_not_split_words() -> None:
    assert words("नमस्ते दुनिया।") == ["नमस्ते", "दुनिया"]


@pytest.mark.parametrize("run", [".", "!x", "🎉", "1.", "1,", "'", "a'", "- ", "e.g. ", "\n", " .", ".*", "e.g.x"])
def test_a_long_repetition_takes_linear_time(run: str) -> None:
    hostile = run * (200_000 // len(run)) + "x"
    assert len("".join(sentences(hostile))) <= len(hostile)
    assert stems(hostile) is not None


@given(st.text())
def test_stems_of_any_text_are_not_empty_and_have_no_spaces(text: str) -> None:
    assert all(stem and not re.search(r"\s", stem) for stem in stems(text))


def test_threads_can_stem_concurrently() -> None:
    results: list[list[str]] = []
    threads = [threading.Thread(target=lambda: results.append(stems("shipping " * 500))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [["ship"] * 500] * 4
