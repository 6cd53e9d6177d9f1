"""People, pets and things listed under a label or in answer to a question."""

import pytest
from spelt_claims import said, spelt


@pytest.mark.parametrize(
    ("question", "answer", "expected"),
    [
        ("Any pets?", "2 cats, Miso and Pickle", "has_pet=cat Miso ; has_pet=cat Pickle"),
        ("How many are you at home?", "five: me, Tom and the three kids", "relation=lives with Tom"),
        (
            "Do you have siblings?",
            "two brothers, Anton and Lev",
            "has_brother=Anton ; has_brother=Lev ; relation=two brothers",
        ),
        ("Any siblings?", "a sister, Nell", "has_sister=Nell"),
        ("Who's in your team?", "Priya, Olu and me", "has_colleague=Olu ; has_colleague=Priya"),
        (
            "Do you have kids?",
            "One daughter, Imma, a notary in Bari, Fabrizio",
            "Imma:job_title=notary ; has_child=Imma",
        ),
        ("Any pets?", "no", ""),
        ("Any friends in Leeds?", "Loads, Leeds is great", ""),
        ("How many kids does Bo have?", "Two, Ida and Moss", ""),
        ("What are the kids in the story called?", "Ida and Moss", ""),
        ("Which colleagues should I email?", "Tim and Bo", ""),
        ("Who's in your team?", "good question", ""),
    ],
)
def test_a_list_that_answers_a_question_is_read_with_it(question: str, answer: str, expected: str) -> None:
    claims = sorted(spelt(claim) for claim in said("A:" + question, answer))
    assert claims == sorted(filter(None, expected.split(" ; ")))


@pytest.mark.parametrize(
    "text",
    [
        "My sisters: Orla, guard, Kilkenny",
        "our children: Nana Yaw",
    ],
)
def test_a_list_gives_no_grandmother_and_no_town(text: str) -> None:
    assert not {"has_grandmother", "lives_in"} & {claim.predicate for claim in said(text)}
