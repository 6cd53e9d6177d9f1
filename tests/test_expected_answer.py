"""A fact does not answer a question that already names its object and asks for something else."""

import pytest

from memctl.core.expected_answer import asks_more


@pytest.mark.parametrize("question", ["What helped my eczema?", "¿DÓNDE vive?", "d'où vient Ida?", "tea: which?"])
def test_a_question_asks_for_something_that_it_does_not_name(question: str) -> None:
    assert asks_more(question)


@pytest.mark.parametrize("question", ["Is he vegan?", "who is Ida?", "show the whole list", "Überwo"])
def test_a_question_names_all_that_it_asks_for(question: str) -> None:
    assert not asks_more(question)
