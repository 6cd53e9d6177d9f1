"""Search in conversations: how neighbouring turns and speakers affect the score of a turn."""

import pytest

from memctl.store.sql.ranking import ASSISTANT
from tests.store.conftest import SMALL_TALK, Memory, texts

pytestmark = pytest.mark.engines(campaign="postgres")


@pytest.mark.engines
def test_an_answer_is_found_by_the_words_of_its_question(memory: Memory) -> None:
    for text in SMALL_TALK:
        memory.turn(text, speaker="Bob")
    memory.dialogue([("Anna", "What did you name your hamster?"), ("Bob", "Biscuit, after the biscuit tin")])
    memory.dialogue([("Anna", "See you."), ("Bob", "Bye, after the game")])
    hits = memory.ask("What is the hamster called?", k=2)
    assert set(texts(hits)) == {"What did you name your hamster?", "Biscuit, after the biscuit tin"}
    answer = next(hit for hit in hits if hit.fact.text.startswith("Biscuit"))
    assert answer.parts["lexical"] > 0
    assert answer.parts["neighbour"] > 0


def test_an_answer_gets_half_of_the_score_of_its_question(memory: Memory) -> None:
    for text in SMALL_TALK:
        memory.turn(text)
    lines = [
        ("Clerk", "Sure, and what is the number of your membership card?"),
        ("Alice", "It says 5512-B on the back."),
    ]
    memory.dialogue(lines)
    question, answer = memory.ask("membership card number", k=2)
    assert texts([question, answer]) == [text for _, text in lines]
    fit = question.parts["lexical"] + question.parts["semantic"]
    assert answer.parts["neighbour"] == pytest.approx(0.5 * fit / 0.8, abs=1e-6)


def test_only_a_turn_of_another_speaker_counts_as_an_answer(memory: Memory) -> None:
    memory.dialogue([("Alice", "Did I lose my membership card?"), ("Alice", "It is noon.")])
    memory.dialogue([("Bob", "Did you lose the membership card?"), ("Alice", "It is late.")])
    hits = {hit.fact.text: hit.parts for hit in memory.ask("membership card")}
    assert hits["It is late."]["neighbour"] > 1.5 * hits["It is noon."]["neighbour"]


def test_a_question_to_an_assistant_has_its_full_score(memory: Memory) -> None:
    memory.turn("I keep bees in Leeds, what do they need?", session="chat", position=0)
    memory.turn("Sugar, for one.", role="assistant", session="chat", position=1)
    memory.dialogue([("Alice", "I keep bees in Leeds, what do they need?"), ("Bob", "No idea.")])
    chat, dialogue = sorted(
        (hit for hit in memory.ask("bees in Leeds") if "bees" in hit.fact.text),
        key=lambda hit: hit.fact.session_id or "",
    )
    assert dialogue.parts["semantic"] == pytest.approx(0.8 * chat.parts["semantic"], rel=0.1)


def test_requests_to_an_assistant_do_not_raise_each_others_scores(memory: Memory) -> None:
    lines = ["My hamster bit me, what now?", "I also need a table for two tonight."]
    for number, text in enumerate(lines):
        memory.turn(text, session="chat", position=2 * number)
        memory.turn("I can help with that.", role="assistant", session="chat", position=2 * number + 1)
    hits = {hit.fact.text: hit.parts for hit in memory.ask("hamster bite")}
    assert hits[lines[0]]["lexical"] > 0.1
    for parts in hits.values():
        assert parts.get("neighbour", 0) <= 0.3 * (parts.get("lexical", 0) + parts.get("semantic", 0)) + 1e-6


def test_a_long_turn_gets_less_score_from_its_neighbours(memory: Memory) -> None:
    short, long = "Biscuit, after the tin", "Biscuit, after the tin. " + " ".join(SMALL_TALK * 3)
    for text in (short, long):
        memory.dialogue([("Anna", "What did you name your hamster?"), ("Bob", text)])
    hits = {hit.fact.text: hit.parts for hit in memory.ask("hamster")}
    assert hits[short]["lexical"] > 2 * hits[long]["lexical"] > 0


@pytest.mark.engines
def test_a_turn_about_him_or_her_takes_more_from_the_words_before_it(memory: Memory) -> None:
    for text in ("He’s called Gary", "It is called Gary", "Shed is called Gary"):
        memory.turn("Guess who has a hamster", session=text, position=0)
        memory.turn("Exciting news", role="assistant", session=text, position=1)
        memory.turn(text, session=text, position=2)
    hits = {hit.fact.text: hit.parts.get("lexical", 0) for hit in memory.ask("name of the hamster")}
    assert hits["He’s called Gary"] > 1.3 * hits["It is called Gary"]
    assert hits["Shed is called Gary"] == pytest.approx(hits["It is called Gary"], rel=0.2)


def test_the_words_of_an_assistant_count_less_for_the_turns_beside_it(memory: Memory) -> None:
    for number, role in enumerate(("user", "assistant")):
        memory.turn("Is the hamster asleep?", role=role, session=role, position=0)
        memory.turn(f"Biscuit is number {number}.", session=role, position=1)
    hits = {hit.fact.text: hit.parts for hit in memory.ask("hamster")}
    assert hits["Biscuit is number 0."]["lexical"] > 2 * hits["Biscuit is number 1."]["lexical"] > 0


def test_neighbours_in_other_sessions_do_not_count(memory: Memory) -> None:
    memory.turn("What did you name your hamster?", session="one", position=0)
    memory.turn("Biscuit, after the biscuit tin", session="two", position=1)
    hits = {hit.fact.text: hit.parts for hit in memory.ask("hamster")}
    assert "lexical" not in hits["Biscuit, after the biscuit tin"]
    assert "neighbour" not in hits["Biscuit, after the biscuit tin"]


@pytest.mark.engines
def test_turns_of_the_person_named_in_the_query_rank_first(memory: Memory) -> None:
    memory.turn("I started pottery classes.", speaker="Zoë Martin")
    memory.turn("I started pottery classes.", speaker="Bob")
    for query in ("zoe's pottery", "Which class did Zoë take?", "what does MARTIN do"):
        hits = memory.ask(query)
        assert hits[0].fact.native["speaker"] == "Zoë Martin"
        assert hits[0].parts["speaker"] > 0


@pytest.mark.engines
def test_a_fact_about_the_person_named_in_the_query_gets_half_of_what_their_own_turn_gets(memory: Memory) -> None:
    memory.turn("I started pottery classes.", speaker="Zoë Martin")
    memory.fact("Zoë is learning pottery.", subject="Zoë")
    memory.fact("Bob is learning pottery.", subject="Bob")
    parts = {hit.fact.text: hit.parts.get("speaker", 0.0) for hit in memory.ask("Zoë's pottery")}
    assert parts == {
        "I started pottery classes.": pytest.approx(0.2),
        "Zoë is learning pottery.": pytest.approx(0.1),
        "Bob is learning pottery.": 0.0,
    }


@pytest.mark.engines
def test_a_question_that_names_nobody_is_about_the_user(memory: Memory) -> None:
    memory.fact("Alice's mother lives in Sapporo.", subject="mother", predicate="lives_in", object="Sapporo")
    memory.fact("Alice lives in Parramatta.", subject="alice", predicate="lives_in", object="Parramatta")
    first, second = memory.ask("where does she live")
    assert (first.fact.object, second.fact.object) == ("Parramatta", "Sapporo")
    assert "fact" in first.parts
    assert "fact" not in second.parts
    assert memory.ask("where does her mother live")[0].fact.object == "Sapporo"


def test_turns_of_assistants_rank_below_those_of_users(memory: Memory) -> None:
    memory.turn("Express shipping costs ten euros.", role="assistant")
    memory.turn("Somebody asked about express shipping in that shop.")
    first, second = memory.ask("express shipping")
    assert first.fact.native["role"] == "user"
    assert second.score <= ASSISTANT
