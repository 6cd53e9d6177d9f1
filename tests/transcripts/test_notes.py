"""Notes: quotes of other people must not become the user's, and dates before a note must be kept."""

from pathlib import Path

import pytest

from memctl.extract.extractor import extract
from tests.transcripts.conftest import Result


def remarks(result: Result) -> list[str]:
    return [turn.text for session in result.sessions for turn in session.turns]


def facts(result: Result) -> set[tuple[str, str | None]]:
    return {(claim.subject, claim.object) for session in result.sessions for claim in extract(session, "ada")}


def test_bullets_lines_and_wrapped_sentences_are_turns(read_back) -> None:
    text = (
        "- I live in Ghent\n  with two cats.\n* [ ] I want to learn Dutch\n1) I work at a bakery.\n\n"
        "I grow tomatoes\nand beans.\nI sold my car.\n\n---\n• 我住在大阪。\n"
    )
    assert remarks(read_back("n.md", text, "notes")) == [
        "I live in Ghent with two cats.",
        "I want to learn Dutch",
        "I work at a bakery.",
        "I grow tomatoes and beans.",
        "I sold my car.",
        "我住在大阪。",
    ]


@pytest.mark.parametrize(
    ("line", "day"),
    [
        ("[2024-03-01] - I moved to Ghent.", "2024-03-01"),
        ("- [2024-03-01]. I moved to Ghent.", "2024-03-01"),
        ("(March 1, 2024) I moved to Ghent.", "2024-03-01"),
        ("2024-03-01: I moved to Ghent.", "2024-03-01"),
        ("[unknown] - I moved to Ghent.", None),
        ("[date unknown] I moved to Ghent.", None),
        ("I moved to Ghent.", None),
    ],
)
def test_the_date_before_a_note_is_its_time(read_back, line: str, day: str | None) -> None:
    (turn,) = read_back("n.txt", line, "notes").sessions[0].turns
    assert turn.text == "I moved to Ghent."
    assert (turn.at and turn.at.date().isoformat()) == day


def test_a_date_heading_applies_until_the_next_heading_of_its_level(read_back) -> None:
    text = "## 2024-03-01\nI ran.\n### Evening\nI read.\n## Recipes\nI like soup.\n2024-05-05\nI slept.\n"
    turns = read_back("n.md", text, "notes").sessions[0].turns
    assert [(turn.text, turn.at and turn.at.day) for turn in turns] == [
        ("I ran.", 1),
        ("I read.", 1),
        ("I like soup.", None),
        ("I slept.", 5),
    ]


def test_the_file_name_of_a_daily_note_is_its_date(read_back) -> None:
    (turn,) = read_back("2024-03-01.md", "I ran.", "notes").sessions[0].turns
    assert turn.at.date().isoformat() == "2024-03-01"


def test_a_pasted_list_of_memories_is_about_the_owner(read_back) -> None:
    text = "Saved memories\n\nLives in Ghent.\n\nUser prefers tea over coffee.\n\nWorks as a nurse.\n\nDelete all\n"
    result = read_back("memories.txt", text, "notes")
    assert facts(result) == {("ada", "Ghent"), ("ada", "tea"), ("ada", "nurse")}
    assert result.sessions[0].notes == {"text of the interface": 2}


def test_notes_about_or_by_other_people_are_not_the_owners(read_back) -> None:
    text = (
        "# Friends\n## Ben\n- Lives in Oslo\n### Work\n- Works as a pilot\n\n## Me\n- Mia\n  - likes roses\n"
        "- Ben: I live in Oslo\n> I live in Rome\n\nTo remember:\nlives in Bergen\n```\nI live in Rust\n```\n"
    )
    result = read_back("n.md", text, "notes")
    assert facts(result) == set()
    notes = result.sessions[0].notes
    assert (notes["words of somebody else"], notes["quoted text"], notes["code"]) == (1, 1, 1)


def test_notes_are_never_detected(read_back) -> None:
    assert read_back("n.txt", "I live in Ghent.\nI work at a bakery.\n").problems


def test_a_note_keeps_its_id_when_others_are_added(read_back) -> None:
    before = read_back("n.txt", "I ran.\nI read.\n", "notes").sessions[0].turns
    after = read_back("n.txt", "I swam.\nI ran.\nI read.\n", "notes").sessions[0].turns
    assert [turn.turn_id for turn in after[1:]] == [turn.turn_id for turn in before]


def test_notes_belong_to_the_user_of_the_command(tmp_path: Path, memctl) -> None:
    (tmp_path / "n.txt").write_text("I live in Ghent.\n")
    assert memctl("ingest", str(tmp_path / "n.txt"), "--format", "notes", "--user", "ada").code == 0
    assert "Ghent" in memctl("facts", "ada").out


def test_notes_under_another_persons_name_give_the_owner_no_facts(read_back) -> None:
    below = "- Sold the boat\n- Moved to Porto\n- Got married to Mette\n- Use metric units\n- Used to live in Mons\n"
    result = read_back("n.md", f"## Jens\n{below}", "notes")
    assert len(remarks(result)) == 5
    assert facts(result) == set()
    assert ("ada", "Porto") in facts(read_back("n.md", f"## About me\n{below}", "notes"))
