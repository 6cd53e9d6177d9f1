"""The fixtures, which the demo and other tests use, are recognised, read completely, and have the expected content."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from memctl.core.errors import BadTranscript
from memctl.transcripts import FORMATS, Document, ReadOptions, Session, discover, read

FIXTURES = Path(__file__).parents[2] / "fixtures"
ROOTS = [str(FIXTURES / "transcripts"), str(FIXTURES / "formats")]
"""The samples of the demo, and one of each format that is not among them."""


@pytest.fixture(scope="module")
def by_user():
    sessions: dict[str | None, list[Session]] = {}
    for document in discover(ROOTS):
        assert not isinstance(document, BadTranscript)
        if isinstance(document, Document):
            for item in read(document, ReadOptions()):
                assert isinstance(item, Session), item
                sessions.setdefault(document.folder_user, []).append(item)
    return sessions


def test_every_format_has_a_fixture(by_user):
    """Notes are never detected, because nothing in them identifies the format."""
    assert {each.source_format for sessions in by_user.values() for each in sessions} == set(FORMATS) - {"notes"}
    assert None not in by_user


@pytest.mark.parametrize(
    ("words", "form", "at"),
    [
        ("I prefer express shipping for anything I order for work", "chatgpt", (2026, 3, 3, 9, 15, 22)),
        ("I moved from Tokyo to Paris last week", "chatgpt", (2026, 4, 14, 18, 40, 3)),
        ("I'm allergic to peanuts", "claude", (2026, 1, 16, 10, 2, 11, 120000)),
        ("I live in Tokyo", "claude", (2025, 10, 5, 12, 30)),
        ("I work at Stripe", "openai", (2025, 9, 15, 8, 1)),
        ("I write all my tools in Python", "claude-code", (2025, 12, 11, 13, 20, 5, 512000)),
        ("I switched from Python to Rust", "codex", (2026, 6, 9, 7, 31, 12, 1000)),
    ],
)
def test_alices_shipping_preference_is_in_one_file_with_its_date(by_user, words, form, at):
    matching = [
        turn.at
        for session in by_user["alice"]
        for turn in session.turns
        if session.source_format == form and turn.role == "user" and words in turn.text
    ]
    assert matching == [datetime(*at, tzinfo=UTC)]


def test_texts_of_others_in_alices_files_are_not_hers(by_user):
    hers = "\n".join(t.text for session in by_user["alice"] for t in session.turns if t.role == "user")
    for words in ("cheapest shipping", "I love peanuts", "I prefer tabs", "Caveat:", "CSV sample", "short answers"):
        assert words not in hers
