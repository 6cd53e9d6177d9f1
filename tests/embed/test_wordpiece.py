"""Queries and facts are tokenised by two implementations; if they differed, a search would miss facts."""

from collections.abc import Mapping

import pytest
from examples import FACTOR, some
from hypothesis import given, settings
from hypothesis import strategies as st

from memctl.embed.static import FOLDER, StaticEmbedder
from memctl.embed.wordpiece import LateVocabulary, plain, plain_tokens, read_vocabulary, row_numbers, settled


@pytest.fixture(scope="module")
def model() -> StaticEmbedder:
    return StaticEmbedder()


@pytest.fixture(scope="module")
def rows() -> Mapping[str, int]:
    return read_vocabulary(FOLDER / "vocabulary.txt")


def library_rows(model: StaticEmbedder, texts: list[str]) -> list[list[int]]:
    return model._encode_any(texts)


REGULAR = "\u4e00"
"""Where ideographs and syllables begin, thousands of a kind; `make torture` tries all, `make test` a fifth of them."""


def test_every_character_in_the_tables_is_tokenised_like_the_library(
    model: StaticEmbedder, rows: Mapping[str, int]
) -> None:
    # The Unicode planes above the second contain only private use characters, tags and variation selectors.
    characters = [chr(c) for c in [*range(0x30000), *range(0xE0000, 0xE0200)] if not 0xD800 <= c <= 0xDFFF]
    words = [f"ab{c}cd" for c in characters if settled(c) and (c < REGULAR or FACTOR > 1 or ord(c) % 5 == 0)]
    assert len(words) > 20_000
    texts = [" ".join(words[start : start + 16]) for start in range(0, len(words), 16)]
    wrong = [
        (text, ours, theirs)
        for text, theirs in zip(texts, library_rows(model, texts), strict=True)
        if (ours := row_numbers(text, rows)) != theirs
    ]
    assert wrong == []


WORDS = st.sampled_from(
    [
        "shipping",
        "Don't",
        "naïve",
        "Zürich",
        "東京",
        "Ελλάς",
        "İstanbul",
        "한국",
        "🦄",
        "😀",
        "e\u0301",
        "##ing",
        "[UNK]",
    ]
)


@settings(max_examples=some(300), deadline=None)
@given(
    text=st.text() | st.lists(WORDS | st.text(max_size=5)).map(" ".join) | st.text("aé\u0301 .東\u200b", max_size=30)
)
def test_any_text_gets_the_same_vector_from_both_tokenizers(model: StaticEmbedder, text: str) -> None:
    assert model.embed_one(text) == pytest.approx(model.embed([text])[0].tolist(), abs=1e-6)


@settings(max_examples=some(200), deadline=None)
@given(text=st.text(st.characters(max_codepoint=0x2FFF, exclude_categories=["Cs"])))
def test_text_in_the_tables_gives_the_same_tokens_from_both_tokenizers(
    model: StaticEmbedder, rows: Mapping[str, int], text: str
) -> None:
    if settled(text):
        assert [row_numbers(text, rows)] == library_rows(model, [text])


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(max_codepoint=0x7F)) | st.text("aB1_'.\t\n\r\x00\x0b\x1f\x7f é", max_size=30))
def test_a_batch_tokenises_ascii_like_the_library(model: StaticEmbedder, text: str) -> None:
    assert model._encode([text, "é", text]) == library_rows(model, [text, "é", text])
    if plain(text):
        encoded = model._tokenizer.encode(text, add_special_tokens=False)
        pieces = [token.startswith("##") for token in encoded.tokens]
        starts, ends = zip(*encoded.offsets, strict=True) if encoded.offsets else ((), ())
        assert list(plain_tokens(text, model._rows)) == list(zip(encoded.ids, starts, ends, pieces, strict=True))


def test_a_lone_surrogate_is_ignored(model: StaticEmbedder) -> None:
    text = "my cat \ud83d sleeps"
    assert model.embed_one(text) == pytest.approx(model.embed(["my cat  sleeps"])[0].tolist(), abs=1e-6)
    assert model.embed([text])[0].tolist() == model.embed(["my cat  sleeps"])[0].tolist()


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Shipping!", ["shipping", "!"]),
        ("Stripe's", ["stripe", "'", "s"]),
        ("embeddings", ["em", "##bed", "##ding", "##s"]),
        ("x" * 101, ["[UNK]"]),
        ("cat\u0000nap\tcafé", ["cat", "##na", "##p", "cafe"]),
        ("我人", ["我", "人"]),
    ],
)
def test_known_words(rows: Mapping[str, int], text: str, tokens: list[str]) -> None:
    names = {row: token for token, row in rows.items()}
    assert [names[row] for row in row_numbers(text, rows)] == tokens


def test_a_character_newer_than_the_tables_is_left_to_the_library() -> None:
    assert settled("Wo ist München? 😀")
    assert not settled("a\u0898b")


def test_a_token_is_found_in_the_bytes_of_the_vocabulary_as_in_its_table(rows: Mapping[str, int]) -> None:
    tokens = [*list(rows)[::97], list(rows)[-1], "##qzx", "[UN", "gree", ""]
    late = LateVocabulary(FOLDER / "vocabulary.txt")
    assert len(late) == len(rows)
    # The first ones are looked for in the bytes, the others in the table.
    assert [late.get(token) for token in tokens] == [rows.get(token) for token in tokens]
    for token in tokens:
        assert LateVocabulary(FOLDER / "vocabulary.txt").get(token) == rows.get(token), token
