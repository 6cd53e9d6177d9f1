"""Which capitalised words may be the name of a person whom nothing else introduces."""

import pytest

from memctl.extract.people.sentence_subjects import SubjectsSoFar
from memctl.extract.people.strangers import may_be_a_person


@pytest.mark.parametrize("name", ["Meenakshi", "Ana Sofia", "O'Brien", "Wójcik"])
def test_a_name_may_be_a_person(name: str) -> None:
    assert may_be_a_person(name)


@pytest.mark.parametrize("name", ["Ferritin", "Cholesterol", "Unit7", "Mondays", "French", "Lisbon", "Really", "GDPR"])
def test_a_laboratory_value_a_day_or_a_place_is_no_person(name: str) -> None:
    assert not may_be_a_person(name)


def test_a_sentence_without_a_subject_is_about_the_last_subject_of_all_sentences_before() -> None:
    subjects, known = SubjectsSoFar(third=False), {"ana": ("Ana", "sister")}
    subjects.add("ana passed her test", known)
    known.clear()  # The people of a sentence are those named up to its end.
    subjects.add("lovely party", known)
    assert subjects.are_another()
    subjects.add("I went home", known)
    assert not subjects.are_another()
