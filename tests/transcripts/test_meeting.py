"""Meeting transcripts: text of colleagues must not become the user's, and hostile documents are refused."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from memctl.transcripts import Skipped, discover
from tests.transcripts.conftest import Result
from tests.transcripts.word import document, packed

OTTER = """Garden club
Thu, Mar 5, 2026 9:30AM • 1:02:10

SUMMARY KEYWORDS
garden

SPEAKERS
Ada Weiss, Ben Okafor

Ada Weiss  0:02
I grow tomatoes.

They are red.

Ben Okafor  59:50
I live in Oslo.

Ada Weiss  1:00:05
Goodbye.

Transcribed by https://otter.ai
"""


def spoken(result: Result) -> list[tuple[str | None, str]]:
    return [(turn.speaker, turn.text) for session in result.sessions for turn in session.turns]


def test_otter_text_is_read(read_back) -> None:
    result = read_back("note.txt", re.sub(r"(:\d\d)$", r"\1  ", OTTER, flags=re.MULTILINE))
    (session,) = result.sessions
    assert (session.source_format, session.title) == ("meeting", "Garden club")
    assert spoken(result) == [
        ("Ada Weiss", "I grow tomatoes.\n\nThey are red."),
        ("Ben Okafor", "I live in Oslo."),
        ("Ada Weiss", "Goodbye."),
    ]
    assert [turn.at for turn in session.turns] == [
        datetime(2026, 3, 5, 9, 30, 2, tzinfo=UTC),
        datetime(2026, 3, 5, 10, 29, 50, tzinfo=UTC),
        datetime(2026, 3, 5, 10, 30, 5, tzinfo=UTC),
    ]


def test_a_teams_document_with_name_and_offset_in_one_paragraph_is_read(read_back) -> None:
    paragraphs = [
        "Planning-20260305_093000-Meeting Transcript",
        "March 5, 2026, 9:30AM",
        "12m 4s",
        "Ada Weiss started transcription",
        "\nAda Weiss   0:03\nI moved to Ghent.",
        "\nOkafor, Ben (Guest)   0:09\nI live in Oslo & I like it.",
        "\nAda Weiss   0:15\nGood.",
        "Ada Weiss stopped transcription",
    ]
    result = read_back("meeting.docx", document(paragraphs))
    assert spoken(result) == [
        ("Ada Weiss", "I moved to Ghent."),
        ("Okafor, Ben (Guest)", "I live in Oslo & I like it."),
        ("Ada Weiss", "Good."),
    ]
    assert result.sessions[0].turns[1].at == datetime(2026, 3, 5, 9, 30, 9, tzinfo=UTC)


@pytest.mark.parametrize("joined", [True, False])
def test_a_teams_document_with_time_spans_is_read(read_back, joined: bool) -> None:
    cues = [
        ("0:0:5.100 --> 0:0:8.250", "田中太郎", "私は大阪に住んでいます。"),
        ("0:0:8.500 --> 0:0:10.300", "Ada Weiss", "I moved to Ghent."),
        ("0:1:0.0 --> 0:1:4.20", "田中太郎", "はい。"),
    ]
    paragraphs = ["\n".join(cue) for cue in cues] if joined else [line for cue in cues for line in cue]
    result = read_back("meeting.docx", document(paragraphs))
    assert spoken(result) == [(name, text) for _, name, text in cues]
    assert all(turn.at is None for turn in result.sessions[0].turns)


def test_speech_of_unknown_speakers_is_counted_and_left_out(read_back) -> None:
    unknown = "Unknown Speaker  0:05\nI live on Mars.\n\n0:09\nI live on Venus.\n\n"
    content = f"Ada Weiss  0:01\nHello.\n\n{unknown}Ada Weiss  0:12\nBye.\n"
    result = read_back("note.txt", content)
    assert spoken(result) == [("Ada Weiss", "Hello."), ("Ada Weiss", "Bye.")]
    assert result.sessions[0].notes == {"speech without a speaker": 2}
    cues = ("00:01.000 --> 00:02.000\n<v Unknown Speaker>I live on Mars.", "00:03.000 --> 00:04.000\n<v Ada>Hi.\n")
    same = "\n\n".join(["WEBVTT", *cues])
    assert spoken(read_back("a.vtt", same)) == [("Ada", "Hi.")]
    labelled = "Ada Weiss: Hello.\nUnknown Speaker: I live on Mars.\nAda Weiss: Bye.\nUnknown Speaker: I am old.\n"
    assert spoken(read_back("b.txt", labelled)) == [("Ada Weiss", "Hello."), ("Ada Weiss", "Bye.")]


@pytest.mark.parametrize(
    "timing", ["0:0:3.120 --> 0:0:5.0", "00:00:03.1200000 --> 00:00:05.0000000", "0:03.12 --> 0:05.0"]
)
def test_timings_with_other_numbers_of_digits_are_read(read_back, timing: str) -> None:
    result = read_back("a.vtt", f"WEBVTT\n\n{timing}\n<v Ada>Hi.</v>\n", started_at=datetime(2026, 3, 5, tzinfo=UTC))
    assert result.sessions[0].turns[0].at == datetime(2026, 3, 5, 0, 0, 3, 120_000, tzinfo=UTC)


def test_a_transcript_without_any_speaker_is_refused(read_back) -> None:
    result = read_back("note.txt", "0:01\nI live on Mars.\n\n0:05\nI am old.\n", "meeting")
    assert "no passage names its speaker" in str(result.problems[0])


def test_a_timetable_is_not_read_as_a_meeting(read_back) -> None:
    result = read_back("plan.txt", "Breakfast  8:30\nporridge\n\nYoga  9:30\nmat\n\nBreakfast  10:30\ncoffee\n")
    assert not result.sessions or result.sessions[0].source_format != "meeting"


def test_a_document_with_speaker_labels_is_read(read_back) -> None:
    result = read_back("chat.docx", document(["User: I moved to Ghent.", "Assistant: Nice.", "User: Yes."]))
    assert result.texts[0] == ("user", "I moved to Ghent.")


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/hostname">]>'


@pytest.mark.parametrize("before", [BOMB, OUTSIDE])
def test_xml_entities_are_refused(read_back, before: str) -> None:
    result = read_back("meeting.docx", document(["Ada Weiss   0:01", "Hello"], before))
    assert not result.sessions
    assert "document type declaration" in str(result.problems[0])


def test_a_document_that_is_too_large_unpacked_is_refused(read_back, monkeypatch) -> None:
    monkeypatch.setattr("memctl.transcripts.files.docx.LARGEST", 10_000)
    result = read_back("meeting.docx", document(["Ada Weiss   0:01\n" + "a" * 20_000]))
    assert "unpacks to more than" in str(result.problems[0])


@pytest.mark.parametrize("content", [b"PK\x03\x04 broken", packed("<w:document"), packed("")])
def test_a_damaged_document_is_refused_and_the_others_are_read(read_back, content: bytes) -> None:
    assert read_back("meeting.docx", content).problems


def test_a_folder_of_other_documents_is_not_an_error(tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_bytes(document(["Dear Ada,", "I live in Oslo."]))
    (result,) = discover([str(tmp_path)])
    assert isinstance(result, Skipped)
