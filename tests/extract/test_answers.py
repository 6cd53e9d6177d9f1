"""Answers, names and days that can only be read with the turns before them."""

import pytest
from spelt_claims import said, spelt

from memctl.extract import rule_tables
from memctl.extract.patterns.pattern_keys import opening_keys_of
from memctl.extract.standing_instructions.order_forms import SPEAKER, is_order


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("What's your dog's name?", "Pepper", "has_pet=dog called Pepper"),
        (
            "Any rules for the flat?",
            "House rules:\n1. no shoes\n2. no pork",
            "instruction=no shoes ; instruction=no pork",
        ),
        ("Where do you live now?", "Coventry. Before that I was in Hull with my aunt for a year", "lives_in=Coventry"),
        ("Where do you live now?", "Long story. I was in a hostel until my brother found a room", ""),
        ("Where do you live?", "St. Louis", "lives_in=St. Louis"),
        ("What is the dog called?", "Bess. Not my idea.", "has_pet=dog called Bess"),
        ("What are you studying?", "chemistry ugh", "studies=chemistry"),
        ("Which tablets do you take?", "naproxen", "takes_medication=naproxen"),
        ("What is your partner's name?", "Tomasz", "has_partner=Tomasz"),
        ("What are your kids called?", "ida and moss", "has_child=Ida ; has_child=Moss"),
        ("Who is your manager?", "Oksana", "has_manager=Oksana"),
        ("What's your email?", "rr@example.org", "email=rr@example.org"),
        ("When is your dentist appointment?", "12 June at 9", "plans=dentist appointment"),
        ("How tall are you?", "172cm", "measure/height=172cm"),
        ("How much do you weigh?", "about 81 kg", "measure/weight=81 kg"),
        ("Which stack are you on?", "django and postgres", "uses=django ; uses=postgres"),
        ("Do you have any pets?", "two cats", "has_pet=two cats"),
        ("Are you vegetarian?", "vegan actually", "diet=vegan"),
        ("Do you smoke?", "nope, never", "avoids=smoking"),
        ("Do you have kids?", "no", "trait=no kids"),
        ("What does your brother do?", "he's a baker", "brother:job_title=baker"),
        ("Where does your sister live?", "Oslo", "sister:lives_in=Oslo"),
        ("Is Jonas your cousin?", "Husband! Since May.", "has_husband=Jonas ; relationship_status=married"),
        ("Is Ines your sister?", "yes", "has_sister=Ines"),
        ("How is your mum?", "Always answer in Welsh. She's fine.", "instruction=answer in Welsh"),
        ("Who's Ines?", "my cousin", "has_cousin=Ines"),
        ("Formal or informal tone?", "informal pls", "instruction=informal tone"),
        ("Is Ines your sister?", "no", ""),
        ("Is your sister still teaching?", "retired at Easter", ""),
        ("Ewan's still on metformin then?", "Metformin, two a day", ""),
        ("How is she?", "Divorced since May. I'm vegan now.", "diet=vegan"),
        ("How's Ewan?", "got a dog called Biscuit", ""),
        ("How is he?", "no idea. the missus is called Ines", "has_wife=Ines"),
        ("What's your cat's name?", "Her name is Tofu", "has_pet=cat called Tofu"),
        ("What's your dog's name?", "why?", ""),
        ("What's your dog's name?", "I'd rather not say", ""),
        ("Who is your manager?", "no idea", ""),
        ("How tall are you?", "depends on the shoes", ""),
        ("Do you smoke?", "maybe", ""),
        ("What is your goal?", "Tuesday", ""),
        ("When is your appointment?", "not sure yet", ""),
        ("What's your favourite genre?", "I'm a huge fan of this one!", ""),
        ("You play a lot. What's your favourite game?", "Yep! Every night.", ""),
    ],
)
def test_a_short_answer_gives_the_claim_of_its_question(question: str, answer: str, expected: str) -> None:
    claims = [spelt(claim) for claim in said("A:" + question, answer)]
    assert sorted(claims) == sorted(filter(None, expected.split(" ; ")))


def test_a_pronoun_in_a_question_means_the_person_of_the_previous_turn() -> None:
    claims = said("my son Emeka plays the tuba", "A:Lovely! How old is he?", "9")
    assert [spelt(claim) for claim in claims if claim.predicate == "age"] == ["Emeka:age=9"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("I weigh 82 kg", "81 actually", "measure/weight=81 kg"),
        ("I ran a half in 1:52 on sunday", "1:48 actually, I misread it", "event=ran a half in 1:48"),
        ("its my birthday on the 12th april", "13th actually lol", "birthday=13th april"),
        ("I weigh 82 kg", "ah no, that's 84", "measure/weight=84 kg"),
        ("I weigh 82 kg", "no, it's 84 steps", "measure/weight=82 kg"),
        ("I weigh 82 kg", "5 actually good reasons", "measure/weight=82 kg"),
        ("I weigh 82 kg", "2:30 actually", "measure/weight=82 kg"),
        ("I weigh 82 kg, my sister Ines is 82 too", "81 actually", "Ines:age=82"),
        ("Always answer in 100 words.", "120 actually", "instruction=answer in 100 words"),
    ],
)
def test_a_number_is_corrected_by_one_of_the_same_form(before: str, after: str, expected: str) -> None:
    last = [claim for claim in said(before, after) if claim.op == "assert"][-1]
    assert spelt(last) == expected


def test_a_second_word_after_i_am_is_not_another_name() -> None:
    names = [
        claim.object
        for claim in said("My name is Wiebke", "I am Frisian", "I'm Wiebke Harms")
        if claim.predicate == "name"
    ]
    assert names[0] == "Wiebke"
    assert "Frisian" not in names


def test_the_pet_of_another_person_is_not_the_speakers() -> None:
    claims = said("my neighbour Joe has a cat", "A:What is the cat called?", "Gravy")
    assert "has_pet" not in {claim.predicate for claim in claims if claim.subject == "alice"}


def test_the_quote_of_a_short_answer_is_the_answer() -> None:
    (claim,) = said("A:What's your dog's name?", "Pepper. She bites.")
    assert claim.quote == "Pepper"


def test_a_lower_case_name_is_recognised_after_a_capitalised_one() -> None:
    spelled = said("i live with vera", "A:Say hello to Vera from me, and to her cat.", "vera is my sister")
    assert "has_sister=Vera" in [spelt(claim) for claim in spelled]
    assert [spelt(claim) for claim in said("rose is my favourite colour", "A:Is a rose red?")] == [
        "favorite/colour=rose"
    ]


@pytest.mark.parametrize(
    ("messages", "day"),
    [
        (("The dentist is on 12 June.", "dentist got moved to the 19th"), "2025-06-19"),
        (("my driving test is on 12 June", "the test is pushed back to 3 July"), "2025-07-03"),
        (("Interview with Ramboll on 12 June", "Ramboll moved the interview to 9 June"), "2025-06-09"),
    ],
)
def test_a_moved_appointment_has_its_new_date(messages: tuple[str, ...], day: str) -> None:
    last = [claim for claim in said(*messages) if claim.predicate == "plans"][-1]
    assert last.valid_at is not None
    assert last.valid_at.date().isoformat() == day


@pytest.mark.parametrize("record", rule_tables.records("orders"), ids=lambda record: record["example"])
def test_the_example_of_each_order_pattern_matches_it(record: dict[str, str]) -> None:
    assert is_order(record["example"])
    assert rule_tables.compiled(record["pattern"]).fullmatch(record["example"])


def test_orders_that_open_as_statements_about_the_speaker_are_marked() -> None:
    rows = [row for row in rule_tables.records("orders") if "(?P<" not in row["pattern"]]
    opening = {"i", "im", "ive", "we", "my", "our"}
    for row in rows:
        keys = opening_keys_of(rule_tables.filled(row["pattern"]))
        known = keys is not None and not {key.split()[0] for key in keys} & opening
        assert ("speaker" in row) != known, row["pattern"]
    assert all(SPEAKER.match(word) for word in opening)
