"""Facts about one person are found under each of their names, and nobody else's are."""

import pytest

from memctl.core.subjects import aliases


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
def test_a_name_stands_for_one_person_in_every_spelling(name: str, subjects: set[str], found: set[str]) -> None:
    assert aliases(name, subjects) == found
