"""Facts about one person are found under each of their names, and those of others are not."""

import pytest

from memctl.core.subjects import aliases, display_names


@pytest.mark.parametrize(
    ("name", "subjects", "found"),
    [
        ("Alice", {"alice", "Alice", "Alice Morel", "Bob"}, {"alice", "Alice", "Alice Morel"}),
        ("Alice Morel", {"alice", "Alice", "Bob"}, {"alice", "Alice"}),
        ("alice morel", {"Alice Morel", "Alice"}, {"Alice Morel", "Alice"}),
        ("Zoë", {"zoe", "Zoey"}, {"zoe"}),
        ("Khalid", {"خالد", "Khalida", "خليل"}, {"خالد"}),
        ("خالد", {"khalid", "Bob"}, {"khalid"}),
        ("Николай", {"Nikolai", "Nikita"}, {"Nikolai"}),
        ("Alice", {"Alice Morel", "Alice Chen", "alice"}, {"alice"}),
        ("Alice Chen", {"Alice Morel", "alice"}, set()),
        ("Tim", {"Tom", "Tam"}, set()),
        ("Ana", {"Ina", "Anna"}, set()),
        ("Morel", {"Alice Morel"}, set()),
    ],
)
def test_all_spellings_of_a_name_are_one_person(name: str, subjects: set[str], found: set[str]) -> None:
    assert aliases(name, subjects) == found


@pytest.mark.parametrize(
    ("subjects", "relations", "expected"),
    [
        ({"alice", "Alice Morel", "Bob"}, {}, {"alice": "Alice Morel"}),
        ({"zoë", "Zoe"}, {}, {"zoë": "Zoe"}),
        ({"خالد", "khalid", "Khalid Mansour"}, {}, {"خالد": "Khalid Mansour", "khalid": "Khalid Mansour"}),
        ({"خالد", "Khalid", "Khaled"}, {}, {}),
        ({"Alice", "Alice Morel", "Alice Chen"}, {}, {}),
        ({"mum", "mother", "mother-in-law"}, {}, {"mum": "mother"}),
        ({"bob's dad", "bob's father", "dad"}, {}, {"bob's dad": "bob's father"}),
        ({"sister", "Sister Mary"}, {}, {}),
        ({"Ali", "Ali Hassan"}, {"Ali": {"has_brother"}, "Ali Hassan": {"has_boss"}}, {}),
        ({"Ali", "Ali Hassan"}, {"Ali": {"has_boss"}, "Ali Hassan": {"has_boss"}}, {"Ali": "Ali Hassan"}),
    ],
)
def test_the_longest_name_is_shown_and_two_people_stay_separate(
    subjects: set[str], relations: dict[str, set[str]], expected: dict[str, str]
) -> None:
    assert display_names(subjects, relations) == expected
