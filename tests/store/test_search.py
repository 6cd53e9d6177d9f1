"""Search in a real store with the built-in model: typical queries, and the hits that must rank first."""

from datetime import timedelta
from typing import Any

import pytest

from memctl.core.fact import derive_id
from memctl.embed.spec import EmbedderSpec
from memctl.store.sql import writes
from memctl.store.sql.meta import set_meta
from memctl.store.sql.reindex import reindex
from tests.store.conftest import SMALL_TALK, START, Memory, texts

pytestmark = pytest.mark.engines(campaign="postgres")


@pytest.mark.engines
def test_one_word_finds_the_preference_without_its_source_turn(memory: Memory) -> None:
    for text in SMALL_TALK:
        memory.turn(text)
    episode = memory.turn("By the way, for anything I order I'd always rather have express shipping, it is worth it.")
    memory.fact("Alice prefers express shipping.", episode=episode, kind="preference", predicate="prefers")
    hits = memory.ask("shipping")
    assert hits[0].fact.text == "Alice prefers express shipping."
    assert hits[0].fact.kind == "preference"
    assert [hit.fact.id for hit in hits].count(episode) == 0


def test_a_fact_is_found_by_its_label_when_its_text_does_not_have_the_word(memory: Memory) -> None:
    memory.fact("Alice carries an inhaler.", predicate="medical_condition", categories=("health",))
    memory.fact("Alice carries an umbrella.", predicate="owns", categories=("possessions",))
    for label in ("health", "medical conditions"):
        best, other = memory.ask(label)
        assert best.fact.text == "Alice carries an inhaler."
        assert best.parts["lexical"] > 0
        assert "lexical" not in other.parts


def test_one_common_word_is_not_a_full_match(memory: Memory) -> None:
    for text in SMALL_TALK:
        memory.turn(text)
    full, chance = memory.ask("late train")[0], memory.ask("late quarterly marzipan dividends")[0]
    assert chance.fact.id == full.fact.id
    assert chance.parts["lexical"] < full.parts["lexical"] / 1.5


def test_a_turn_is_shown_if_its_fact_is_about_something_else(memory: Memory) -> None:
    episode = memory.turn("I live in Lyon now. My telescope broke when we moved, so no stargazing this month.")
    memory.fact("Alice lives in Lyon.", episode=episode, predicate="lives_in")
    assert memory.ask("telescope stargazing")[0].fact.id == episode
    assert memory.ask("lives in Lyon")[0].fact.text == "Alice lives in Lyon."


def test_a_fact_ranks_at_least_as_high_as_its_hidden_turn(memory: Memory) -> None:
    episode = memory.turn("Express shipping! Always express shipping.")
    memory.fact("Alice prefers express shipping.", episode=episode)
    query = "express shipping"
    turn = memory.ask(query, kinds=("episode",))[0]
    fact = memory.ask(query)[0]
    assert fact.fact.text == "Alice prefers express shipping."
    assert fact.score == pytest.approx(turn.score)
    assert fact.parts["turn"] > 0


@pytest.mark.engines
def test_a_turn_is_shown_if_the_query_names_the_object_of_its_fact(memory: Memory) -> None:
    text = "My hands are wrecked, it's eczema, and the cream of the chemist works."
    memory.fact("Alice has eczema.", predicate="has_condition", object="eczema", episode=memory.turn(text))
    assert texts(memory.ask("what helped with my eczema")) == [text]
    # These ask for no more than the fact says.
    for query in ("do I have eczema?", "eczema", "what condition of the skin do I have?"):
        assert texts(memory.ask(query)) == ["Alice has eczema."]
    assert texts(memory.ask("what helped with my eczema", kinds=("fact",))) == ["Alice has eczema."]


def test_two_matching_facts_of_one_turn_are_two_hits(memory: Memory) -> None:
    episode = memory.turn("I'm allergic to peanuts and allergic to shellfish.")
    memory.fact("Alice is allergic to peanuts.", episode=episode)
    memory.fact("Alice is allergic to shellfish.", episode=episode)
    assert set(texts(memory.ask("allergic"))) == {"Alice is allergic to peanuts.", "Alice is allergic to shellfish."}


@pytest.mark.engines
def test_parts_add_up_to_the_score_and_hits_are_sorted(memory: Memory) -> None:
    memory.dialogue([("Anna", "Where did you go?"), ("Bob", "To Lisbon, by train."), ("Anna", "Lovely!")])
    old = memory.turn("I live in Porto.")
    new = memory.fact("Alice lives in Lisbon.", predicate="lives_in")
    memory.fact("Alice lives in Porto.", episode=old, superseded_by=new)
    hits = memory.ask("Did Bob live in Porto or Lisbon?")
    assert len(hits) == 5
    for hit in hits:
        assert hit.score == pytest.approx(sum(hit.parts.values()))
    scores = [hit.score for hit in hits]
    assert scores == sorted(scores, reverse=True)


def test_an_everyday_synonym_finds_the_fact(memory: Memory) -> None:
    for text in SMALL_TALK:
        memory.turn(text)
    memory.turn("My father repairs clocks in Cork.")
    first = memory.ask("dad")[0]
    assert first.fact.text == "My father repairs clocks in Cork."
    assert first.parts["lexical"] > 0


def test_a_name_of_a_kind_and_a_word_of_another_language_find_the_fact(memory: Memory) -> None:
    for text in SMALL_TALK:
        memory.turn(text)
    memory.turn("For scripts I open Neovim.")
    memory.turn("Meu aniversário é no Carnaval.")
    assert memory.ask("which editor?")[0].fact.text == "For scripts I open Neovim."
    assert memory.ask("birthday")[0].fact.text == "Meu aniversário é no Carnaval."
    assert memory.ask("Geburtstag")[0].fact.text == "Meu aniversário é no Carnaval."


def test_a_rare_synonym_weighs_no_more_than_the_word_itself(memory: Memory) -> None:
    for number in range(8):
        memory.turn(f"My dad has cupboard number {number}.")
    memory.turn("Papa has a cupboard.")
    parts = {hit.fact.text: hit.parts["lexical"] for hit in memory.ask("dad cupboard")}
    assert parts.pop("Papa has a cupboard.") < min(parts.values())


def test_a_fact_ended_without_a_successor_ranks_below_a_current_one(memory: Memory) -> None:
    memory.fact("Alice uses Perl for her scripts.", invalid_at=START + timedelta(days=1))
    memory.fact("Alice sometimes uses Rust for the scripts at her work.")
    query = "what does she use for her scripts"
    assert texts(memory.ask(query))[0] == "Alice sometimes uses Rust for the scripts at her work."
    assert texts(memory.ask(query, as_of=START))[0] == "Alice uses Perl for her scripts."


ANSWERS = [
    ("When is the dentist?", "The dentist moved me to Friday.", "The dentist was rather rude to me."),
    ("quand est le dentiste?", "Dentista el viernes, por fin.", "El dentista es un poco caro."),
    ("When do the hens move?", "The hens move in may.", "The hens may move."),
    ("How many hens do we have?", "Our hens, all four of them, lay well.", "Our hens, all of them, lay well."),
    ("phone of the plumber", "The plumber: 01632 960 111.", "The plumber has a new phone."),
    ("email of the plumber", "The plumber: jo@pipes.example.", "The plumber reads an email now and then."),
    ("How long were the hens ill?", "The hens were ill for nine nights.", "The hens were ill for ages."),
    ("Who looks after the hens?", "The hens love our neighbour Marjan.", "The hens love our neighbour."),
    ("what is the plumber called", "the plumber is called pete", "the plumber is great"),
    ("¿cómo se llama la dentista?", "Mi dentista, Élodie, es cara.", "Mi dentista es cara."),
    ("Where are the hens?", "The hens are in Delft.", "The hens are in a shed."),
]
"""Queries with a record that has the kind of answer asked for, and one that has not."""


@pytest.mark.parametrize(("query", "answer", "other"), ANSWERS)
def test_a_record_with_the_kind_of_answer_asked_for_ranks_higher(
    memory: Memory, query: str, answer: str, other: str
) -> None:
    episode = memory.turn(answer)
    memory.turn(other)
    heard = memory.turn(answer, role="assistant")
    hits = {hit.fact.id: hit.parts.get("answer", 0) for hit in memory.ask(query)}
    assert hits.pop(episode) > hits.pop(heard) > 0
    assert set(hits.values()) == {0}


@pytest.mark.parametrize(
    "query", ["dentist hens plumber", "what data about the dentist, the hens and the plumber is there"]
)
def test_a_query_for_no_kind_of_answer_prefers_none(memory: Memory, query: str) -> None:
    for _, answer, other in ANSWERS:
        memory.turn(answer)
        memory.turn(other)
        memory.turn(answer, role="assistant")
    hits = memory.ask(query, k=100)
    assert {hit.fact.text for hit in hits} == {text for _, *pair in ANSWERS for text in pair}
    assert not any("answer" in hit.parts for hit in hits)


def test_a_query_for_the_current_state_does_not_look_for_the_word_now(memory: Memory) -> None:
    memory.turn("We moved to a houseboat, so we live on the water.")
    memory.turn("I am busy now, do it now please.")
    for query in ("where do we live now", "where do we still live"):
        assert {hit.fact.text for hit in memory.ask(query) if "lexical" in hit.parts} == {
            "We moved to a houseboat, so we live on the water."
        }
    assert memory.ask("now")[0].parts["lexical"] > 0


def test_a_stored_question_is_not_ranked_as_its_answer(memory: Memory) -> None:
    memory.turn("What is my shoe size?")
    memory.turn("My shoe size is 43, wide.")
    assert texts(memory.ask("what is my shoe size")) == ["My shoe size is 43, wide.", "What is my shoe size?"]


@pytest.mark.engines
def test_vectors_of_a_model_that_no_longer_ships_are_never_compared(memory: Memory) -> None:
    memory.turn("I left the spare key with Ms Okafor.")
    memory.ask("key")
    with memory.database.writing() as connection:
        set_meta(connection, "embedder", "static:minilm-128@1")
        assert writes.outdated_model(connection) == "static:minilm-128@1"
    memory.turn("The bicycle is in the cellar.")
    memory.ask("bicycle")
    with memory.database.reading() as connection:
        assert connection.execute("SELECT count(*) FROM vectors").fetchall() == [(1,)]
    reindex(memory.database, EmbedderSpec())
    with memory.database.reading() as connection:
        assert writes.outdated_model(connection) is None
        assert connection.execute("SELECT count(*) FROM vectors").fetchall() == [(2,)]


def test_a_current_fact_ranks_above_a_better_matching_superseded_one(memory: Memory) -> None:
    now = memory.fact("Alice lives in Paris.", predicate="lives_in")
    memory.fact(
        "Alice lives in Tokyo, in the Shibuya district.", predicate="lives_in", superseded_by=now, invalid_at=START
    )
    for text in SMALL_TALK:
        memory.turn(text)
    hits = memory.ask("Tokyo Shibuya")
    assert texts(hits)[:2] == ["Alice lives in Paris.", "Alice lives in Tokyo, in the Shibuya district."]
    assert hits[0].parts["current"] > 0
    assert hits[1].fact.superseded_by == hits[0].fact.id


@pytest.mark.engines
def test_a_chain_of_replacements_is_ranked_newest_first(memory: Memory) -> None:
    newest = memory.fact("Alice works for a bakery.")
    middle = memory.fact("Alice works at Stripe.", superseded_by=newest)
    memory.fact("Alice works at a startup called Quill.", superseded_by=middle)
    assert texts(memory.ask("startup Quill")) == [
        "Alice works for a bakery.",
        "Alice works at Stripe.",
        "Alice works at a startup called Quill.",
    ]
    assert texts(memory.ask("startup Quill", k=1)) == ["Alice works for a bakery."]


def test_the_current_fact_is_shown_instead_of_its_turn(memory: Memory) -> None:
    moved = memory.turn("I miss the Tokyo ramen shops and the Tokyo trains, now that we moved to Paris.")
    now = memory.fact("Alice lives in Paris.", episode=moved)
    memory.fact("Alice lives in Tokyo.", superseded_by=now)
    hits = memory.ask("Tokyo ramen")
    assert texts(hits) == ["Alice lives in Paris.", "Alice lives in Tokyo."]


def test_a_cycle_of_superseded_facts_does_not_hang_the_search(memory: Memory) -> None:
    one, two = derive_id("alice", "Alice drinks tea."), derive_id("alice", "Alice drinks coffee.")
    memory.fact("Alice drinks tea.", superseded_by=two)
    memory.fact("Alice drinks coffee.", superseded_by=one)
    assert sorted(texts(memory.ask("drinks"))) == ["Alice drinks coffee.", "Alice drinks tea."]


@pytest.mark.engines
def test_a_search_by_another_user_finds_nothing(memory: Memory) -> None:
    memory.turn("My locker code is in the blue notebook.", user="bob")
    memory.turn("I bought a notebook.", user="alice")
    assert {hit.fact.user_id for hit in memory.ask("blue notebook locker")} == {"alice"}
    assert memory.ask("blue notebook locker", user=None)[0].fact.user_id == "bob"
    assert memory.ask("notebook", user="carol") == []


def test_the_users_own_name_in_the_query_is_ignored_in_ranking(memory: Memory) -> None:
    memory.fact("Alice is called Alice.", subject="alice")
    memory.fact("Alice is allergic to peanuts.", subject="alice")
    for text in SMALL_TALK:
        memory.turn(text)
    best, *others = memory.ask("peanuts alice")
    assert best.fact.text == "Alice is allergic to peanuts."
    assert not any("lexical" in hit.parts for hit in others)
    assert not any("speaker" in hit.parts for hit in (best, *others))
    alone = memory.ask("alice")[0]
    assert alone.fact.text == "Alice is called Alice."
    assert alone.parts["lexical"] > 0, "a query with only the name searches for the name"


@pytest.mark.engines
def test_filters_return_only_matching_records(memory: Memory) -> None:
    day = timedelta(days=1)
    memory.turn("Paris in March", at=START)
    memory.turn("Paris in a week", at=START + 7 * day)
    memory.fact("Alice lives in Paris.", valid_at=START + 30 * day, created_at=START + 31 * day)
    memory.fact("Alice lives in Rome.", valid_at=START, invalid_at=START + 30 * day)
    memory.fact("Alice likes Paris.", kind="preference", valid_at=None)

    def found(**options: Any) -> set[str]:
        return set(texts(memory.ask("Paris Rome", **options)))

    assert found(kinds=("preference",)) == {"Alice likes Paris."}
    assert found(kinds=("preference", "episode")) == {"Alice likes Paris.", "Paris in March", "Paris in a week"}
    assert found(since=START + 7 * day) == {"Paris in a week", "Alice lives in Paris."}
    assert found(until=START) == {"Paris in March", "Alice lives in Rome."}
    assert found(as_of=START + 29 * day) == {
        "Paris in March",
        "Paris in a week",
        "Alice lives in Rome.",
        "Alice likes Paris.",
    }
    assert "Alice lives in Rome." not in found(as_of=START + 30 * day)


@pytest.mark.engines
def test_an_expired_fact_is_not_found(memory: Memory) -> None:
    memory.fact("Alice parks on level 3.", expires_at=START + timedelta(hours=8))
    assert memory.ask("parks") == []
    assert len(memory.ask("parks", as_of=START + timedelta(hours=7))) == 1
    assert memory.ask("parks", as_of=START + timedelta(hours=8)) == []


def test_k_limits_the_number_of_hits(memory: Memory) -> None:
    for number in range(30):
        memory.turn(f"I ran {number} kilometres.")
    assert len(memory.ask("kilometres", k=7)) == 7
    assert len(memory.ask("kilometres", k=100)) == 30


@pytest.mark.engines
def test_odd_queries_do_not_fail(memory: Memory) -> None:
    for text in SMALL_TALK:
        memory.turn(text)
    for query in ("what is it", "qzxv", "🎉", "'; DROP TABLE records; --", "$user"):
        hits = memory.ask(query)
        assert len(hits) == len(SMALL_TALK), query
        assert all(0 <= hit.score < 2 for hit in hits), query


@pytest.mark.engines
def test_a_japanese_query_finds_the_matching_turn(memory: Memory) -> None:
    memory.turn("昨日は雨が降りました。")
    memory.turn("猫が好きです。")
    memory.turn("来月パリに引っ越します。")
    assert memory.ask("猫")[0].fact.text == "猫が好きです。"
    assert memory.ask("引っ越し")[0].fact.text == "来月パリに引っ越します。"


@pytest.mark.engines
def test_a_fact_without_vectors_is_found_by_its_words(memory: Memory) -> None:
    memory.turn("I left the spare key with Ms Okafor.")
    with memory.database.writing() as connection:
        writes.use_embedder(connection, EmbedderSpec())
        writes.add(connection, memory.entries, {})
    memory.entries = []
    assert memory.ask("spare key")[0].parts.keys() == {"lexical"}


def test_a_sentence_in_the_middle_of_a_long_turn_is_found_by_meaning(memory: Memory) -> None:
    memory.turn(" ".join(SMALL_TALK * 4) + " I adopted a puppy. " + " ".join(SMALL_TALK * 4))
    memory.turn("The cat poster in the office fell down twice; pet peeve of mine, posters.")
    best = memory.ask("young dog")[0]
    assert "puppy" in best.fact.text
    assert best.parts.keys() == {"semantic"}


@pytest.mark.engines
def test_a_misspelled_query_finds_the_corrected_word(memory: Memory) -> None:
    misspelled = {
        "brithday": "My birthday is the ninth of June.",
        "alergies": "I get allergies from cats.",
        "any accomodaton": "The accommodation is paid by my firm.",
        "Gráine": "Gráinne plays the fiddle.",
    }
    for text in (*SMALL_TALK, *misspelled.values()):
        memory.turn(text)
    for query, expected in misspelled.items():
        best = memory.ask(query)[0]
        assert best.fact.text == expected
        assert best.parts["lexical"] > 0
        assert best.score == pytest.approx(sum(best.parts.values()))


def test_a_correctly_spelled_word_is_not_corrected(memory: Memory) -> None:
    memory.turn("We sold the boat last week.")
    assert "lexical" not in memory.ask("goats")[0].parts
    assert "lexical" not in memory.ask("boar")[0].parts


@pytest.mark.engines
def test_spelling_corrections_do_not_use_words_of_other_users(memory: Memory) -> None:
    memory.turn("My birthday is the ninth of June.", user="bob")
    memory.turn("We sold the boat last week.")
    assert "lexical" not in memory.ask("brithday")[0].parts
