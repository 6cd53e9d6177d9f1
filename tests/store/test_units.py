"""The parts of a fact that are indexed and can be found."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from memctl.core.fact import Fact, Source
from memctl.store.chunks import MOST_SENTENCES, chunks_of

MAY = datetime(2023, 5, 8, 13, 56, tzinfo=UTC)


def fact(text: str, **fields: Any) -> Fact:
    fields = {"kind": "episode", "valid_at": MAY, "native": {"role": "user", "speaker": "Caroline"}} | fields
    return Fact(id=UUID(int=1), user_id="alice", text=text, source=Source(system="test"), **fields)


def embedded(fact: Fact) -> list[str]:
    return [unit.text for unit in chunks_of(fact)]


def test_a_turn_is_indexed_as_a_whole_and_by_sentence() -> None:
    assert embedded(fact("I moved. I love it!")) == [
        "Caroline (08 May 2023): I moved. I love it!",
        "Caroline (08 May 2023): I moved.",
        "Caroline (08 May 2023): I love it!",
    ]


def test_a_turn_of_one_sentence_is_indexed_once() -> None:
    assert embedded(fact("I moved.")) == ["Caroline (08 May 2023): I moved."]


def test_a_turn_without_a_speaker_is_indexed_with_its_user_or_role() -> None:
    assert embedded(fact("Hi", native={"role": "user"}, valid_at=None)) == ["alice: Hi"]
    assert embedded(fact("Hi", native={"role": "assistant"}, valid_at=None)) == ["assistant: Hi"]
    assert embedded(fact("Hi", native={"role": "user", "speaker": "  "}, valid_at=None)) == ["alice: Hi"]
    assert embedded(fact("Hi", native={"speaker": 7}, valid_at=None, created_at=MAY)) == ["alice (08 May 2023): Hi"]


def test_words_are_indexed_once_per_fact_including_its_labels() -> None:
    whole, *parts = chunks_of(
        fact("Alice works at Stripe. In Paris.", kind="fact", predicate="works_at", categories=("work", "money"))
    )
    assert whole.text == "Alice works at Stripe. In Paris."
    assert whole.tokens == ["alic", "work", "stripe", "pari", "money"]
    assert [part.tokens for part in parts] == [[], []]


def test_a_pasted_document_has_a_limited_number_of_chunks_with_all_sentences() -> None:
    lines = [f"Line number {number} is here." for number in range(1000)]
    whole, *parts = embedded(fact("\n".join(lines)))
    assert len(parts) <= MOST_SENTENCES
    assert all(any(line in part for part in parts) for line in lines)
    assert all(line in whole for line in lines)
