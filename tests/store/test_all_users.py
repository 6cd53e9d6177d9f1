"""A search of all users ranks only the candidates of a first selection, and finds what ranking every record finds."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from memctl.backends.contract import Hit
from memctl.core.fact import derive_id
from memctl.store.duckdb import signs
from memctl.store.sql import candidates
from tests.store.conftest import START, Memory, rounded

pytestmark = pytest.mark.engines(campaign="postgres")

PEOPLE = ("Caroline", "Melanie", "Tomas", "Priya", "Rui", "Chloe", "Ibrahim", "Lena")
SAID = (
    "I went {doing} in {place} last {day}.",
    "My {relative} loves {doing}, but I prefer {other}.",
    "Have you ever tried {doing} near {place}?",
    "We planned a trip to {place} for {doing}.",
    "The {relative} of my neighbour moved to {place} on {day}.",
    "I bought tickets for {place}. It was {day}, I think. My {relative} came along for {other}.",
)
WORDS = {
    "doing": ("pottery", "hiking", "painting", "swimming", "chess", "climbing", "sailing", "gardening", "knitting"),
    "other": ("reading", "cooking", "tennis", "jazz", "photography", "cycling", "astronomy", "theatre"),
    "place": ("Lisbon", "Oslo", "Tokyo", "Quito", "Riga", "Perth", "Lagos", "Pune", "Ghent", "Turin", "Bergen"),
    "relative": ("sister", "brother", "mother", "uncle", "cousin", "grandmother", "daughter"),
    "day": ("Monday", "Tuesday", "weekend", "summer", "April", "winter"),
}
QUESTIONS = (
    "Who went hiking in Bergen?",
    "pottery in Lisbon with my sister",
    "What does Caroline prefer to sailing?",
    "tickets for Tokyo",
    "When did Priya plan the trip to Quito?",
    "a hobby for the evening",
    "grandmother in Turin",
    "Which of Rui's relatives moved?",
    "Melanie",
)


@pytest.fixture
def crowd(memory: Memory, once: Callable[[Callable[[], Any]], Any]) -> Memory:
    """Two thousand records of forty users: conversations of two people and with an assistant, and facts."""

    def fill() -> None:
        _add_crowd(memory)

    once(fill)
    return memory


def _add_crowd(memory: Memory) -> None:
    chance = random.Random(4)

    def said() -> str:
        return chance.choice(SAID).format(**{name: chance.choice(words) for name, words in WORDS.items()})

    for number in range(40):
        user, speakers = f"user{number}", chance.sample(PEOPLE, 2)
        for session in range(2):
            for position in range(20):
                options: dict[str, Any] = {"speaker": speakers[position % 2]}
                if number % 2:
                    options = {"role": ("user", "assistant")[position % 2]}
                at = START + timedelta(days=number, minutes=position)
                place = {"session": f"{user}-{session}", "position": position, "user": user, "at": at}
                text = said()
                turn = memory.turn(text, **place, **options)
                if position % 4 == 0:
                    subject = options.get("speaker", user)
                    fact = {"id": derive_id(user, str(turn)), "user": user, "subject": subject, "valid_at": at}
                    memory.fact(f"{subject}: {text}", episode=turn, **fact)
    memory.write()


def exhaustive(crowd: Memory, monkeypatch: pytest.MonkeyPatch, query: str, **options: Any) -> list[Hit]:
    """The hits if every record is a candidate."""
    with monkeypatch.context() as patch:
        patch.setattr(candidates, "MOST", 1000)
        return crowd.ask(query, user=None, k=10, again=0, **options)


def test_the_candidates_contain_the_hits_of_a_ranking_of_all_records(
    crowd: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = 0
    for query in QUESTIONS:
        everything, hits = exhaustive(crowd, monkeypatch, query), crowd.ask(query, user=None)
        assert len(hits) == len(everything) == 10
        assert rounded(hits)[0] == rounded(everything)[0], query
        found += len({hit.fact.id for hit in hits} & {hit.fact.id for hit in everything})
    assert found >= 0.98 * 10 * len(QUESTIONS)


@pytest.mark.parametrize(
    "options",
    [
        {"kinds": ("preference",)},
        {"since": START + timedelta(days=200)},
        {"until": START - timedelta(days=200)},
        {"as_of": START - timedelta(days=200)},
    ],
    ids=str,
)
def test_conditions_apply_before_candidates_are_selected(
    crowd: Memory, options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The only record that fulfils the condition has nothing in common with the query."""
    monkeypatch.setattr(signs, "CLOSE", 20)
    at = START + timedelta(days=300 if "since" in options else -300)
    rare = crowd.fact("Zoe owns a bassoon.", kind="preference", user="zoe", valid_at=at)
    assert [hit.fact.id for hit in crowd.ask("hiking in Bergen", user=None, **options)] == [rare]


def test_a_record_that_is_over_time_takes_no_place_of_a_candidate(
    crowd: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(candidates, "MOST", 0.1)
    for number in range(30):
        crowd.fact(f"{number} bassoons play in the orchestra.", user="zoe", expires_at=START)
    kept = crowd.fact("Zoe owns a bassoon.", user="zoe")
    assert crowd.ask("bassoons in the orchestra", user=None, k=1)[0].fact.id == kept


def test_what_counts_for_a_score_is_ranked_with_the_candidates(crowd: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """With few candidates: the turns beside a hit, the fact read in it, and the fact that replaced another."""
    monkeypatch.setattr(candidates, "MOST", 0.02)
    turns = crowd.dialogue(
        [("Ada", "Which instrument did you choose?"), ("Bob", "The bassoon of the orchestra."), ("Ada", "Lovely!")],
        user="bob",
    )
    read = crowd.fact("Bob chose a woodwind.", episode=turns[1], user="bob")
    new = crowd.fact("Bob plays nothing any more.", user="bob", predicate="plays")
    crowd.fact("Bob plays the bassoon.", user="bob", predicate="plays", superseded_by=new, invalid_at=START)
    everything = exhaustive(crowd, monkeypatch, "bassoon of the orchestra")
    chosen: list[Any] = []
    choose = candidates.choose
    monkeypatch.setattr(candidates, "choose", lambda *given: chosen.append(choose(*given)) or chosen[-1])
    hits = crowd.ask("bassoon of the orchestra", user=None, k=3)
    assert rounded(hits) == rounded(everything)[:3]
    with crowd.database.reading() as connection:
        rows = connection.execute(
            "SELECT id FROM records WHERE key IN (SELECT unnest(?::BIGINT[]))", [chosen[-1]["keys"]]
        ).fetchall()
    assert {*turns, read, new} <= {id_ for (id_,) in rows}
    assert len(rows) < 20


@pytest.mark.parametrize("query", ["!!!", "the of", "🍄", " "])
def test_a_query_without_words_is_searched(crowd: Memory, query: str) -> None:
    texts = [hit.fact.text for hit in crowd.ask(query, user=None, k=3)]
    assert len(texts) == 3
    assert crowd.ask(query, user="zoe") == []


def test_a_query_of_many_words_is_searched(crowd: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The flags of the words take several columns; the word that records have is in the last one."""
    query = f"{' '.join(f'a{number}' for number in range(150))} bassoon"
    found = crowd.fact("Bassoon.", user="zoe")
    # By words alone, because the numbers decide where the query's vector points to.
    by_words = {"query_vector": [0.0] * crowd.embedder.dim}
    hits = crowd.ask(query, user=None, **by_words)
    assert hits[0].fact.id == found
    assert hits[0].parts["lexical"] > 0
    assert rounded(hits)[0] == rounded(exhaustive(crowd, monkeypatch, query, **by_words))[0]
