"""Subtitles and labelled text: every line gets the right speaker and the right date."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from memctl.core.errors import BadTranscript
from memctl.transcripts import ReadOptions, Session, discover, read
from memctl.transcripts.detect import detect
from memctl.transcripts.files.discovery import Document

FIXTURES = Path(__file__).parents[2] / "fixtures/transcripts"


def session_of(path: Path, format_: str, options: ReadOptions | None = None) -> Session:
    (doc,) = discover([str(path)])
    assert isinstance(doc, Document)
    assert detect(doc) == format_
    (session,) = read(doc, options or ReadOptions())
    assert isinstance(session, Session)
    return session


def save_text(path: Path, name: str, text: str) -> Path:
    file = path / name
    file.write_text(text, encoding="utf-8")
    return file


def turns_of(session: Session) -> list[tuple[str, str | None, str]]:
    return [(turn.role, turn.speaker, turn.text) for turn in session.turns]


def test_vtt_joins_cues_of_a_speaker_and_uses_the_start_in_the_note() -> None:
    session = session_of(FIXTURES / "alice/2026-05-12 platform sync.vtt", "subtitles")
    assert session.title == "Platform sync"
    assert session.started_at == datetime(2026, 5, 12, 14, 30, tzinfo=UTC)
    assert turns_of(session)[1] == (
        "user",
        "Alice Morel",
        "Good. I rewrote the ledger importer in Rust, so I no longer use Python for it.",
    )
    assert session.turns[1].at == session.started_at + timedelta(seconds=5.9)
    assert turns_of(session)[2][2] == "That was quick & brave."
    assert session.notes == {"sound": 1}


def test_srt_speakers_and_the_start_in_zooms_file_name_are_read() -> None:
    options = ReadOptions(timezone=ZoneInfo("America/Sao_Paulo"))
    session = session_of(FIXTURES / "bruno/GMT20260307-090000_entrevista.srt", "subtitles", options)
    assert session.started_at == datetime(2026, 3, 7, 9, tzinfo=UTC)
    assert [turn.speaker for turn in session.turns] == ["Marta Gil", "Bruno Lima", "Marta Gil", "Bruno Lima"]
    assert session.turns[1].text == "Porque meu pai foi enfermeiro, y me gusta trabajar de noche."


def test_subtitles_without_a_start_use_the_given_one(tmp_path: Path) -> None:
    file = save_text(tmp_path, "talk.srt", "1\n01:00:01,500 --> 01:00:02,000\nAnn Lee: Hello\n")
    assert session_of(file, "subtitles").turns[0].at is None
    start = datetime(2026, 1, 1, 23, tzinfo=UTC)
    with_start = session_of(file, "subtitles", ReadOptions(started_at=start))
    assert with_start.turns[0].at == start + timedelta(hours=1, seconds=1.5)


def test_rolling_captions_are_read_once(tmp_path: Path) -> None:
    cues = "WEBVTT\n\n00:01.000 --> 00:02.000\n<v Ann Lee>First<00:00:01.500><c> words,</c>\n\n" + (
        "00:02.000 --> 00:03.000\nFirst words,\nthen<00:00:02.500><c> more.</c>\n"
    )
    session = session_of(save_text(tmp_path, "a.vtt", cues), "subtitles")
    assert turns_of(session) == [("user", "Ann Lee", "First words, then more.")]


def test_a_dash_starts_another_speaker_and_not_every_colon_follows_a_name(tmp_path: Path) -> None:
    cues = "1\n00:00:01,000 --> 00:00:02,000\nAnn Lee: We leave at 10: be there\n- Remember: keys\n"
    session = session_of(save_text(tmp_path, "a.srt", cues), "subtitles")
    assert turns_of(session) == [("user", "Ann Lee", "We leave at 10: be there")]
    assert session.notes == {"speech without a speaker": 1}


def test_markdown_headers_notes_code_and_quotes_are_not_labels() -> None:
    session = session_of(FIXTURES / "bruno/assistente.md", "text")
    assert session.title == "Planos de mudança"
    assert session.started_at == datetime(2026, 2, 18, 20, 15, tzinfo=UTC)
    assert [turn.role for turn in session.turns] == ["user", "assistant", "user", "assistant", "user"]
    assert "**Nota:** o abono" in session.turns[1].text
    assert "**User:** this line is an example" in session.turns[1].text
    assert "\n> Me mudo a Sevilla" in session.turns[2].text


@pytest.mark.parametrize(
    "text",
    [
        "User: I live in Bern\nAssistant: noted\n",
        "Human: I live in Bern\n\nAI: noted",
        "**User:** I live in Bern\n**Assistant**: noted\n",
        "## User\n\nI live in Bern\n\n## Assistant\n\nnoted\n",
        "You: I live in Bern\nAssistant: noted\n",
        "[10:14] User: I live in Bern\n[10:15] Assistant: noted\n",
    ],
)
def test_role_labels_in_every_form_are_read(tmp_path: Path, text: str) -> None:
    session = session_of(save_text(tmp_path, "chat.txt", text), "text")
    assert turns_of(session) == [("user", None, "I live in Bern"), ("assistant", None, "noted")]
    assert {turn.at for turn in session.turns} == {None}


def test_clock_times_after_midnight_are_on_the_next_day(tmp_path: Path) -> None:
    text = "DATE: 2026-03-05\n\n[23:50] Ann Lee: still up?\n[00:10] Bo: yes\n[00:12] Ann Lee: me too\n"
    session = session_of(save_text(tmp_path, "chat.txt", text), "text")
    assert [turn.at for turn in session.turns] == [
        datetime(2026, 3, 5, 23, 50, tzinfo=UTC),
        datetime(2026, 3, 6, 0, 10, tzinfo=UTC),
        datetime(2026, 3, 6, 0, 12, tzinfo=UTC),
    ]
    assert [turn.speaker for turn in session.turns] == ["Ann Lee", "Bo", "Ann Lee"]


def test_model_names_are_assistants_and_person_names_are_users(tmp_path: Path) -> None:
    text = "### Human\n\nhi\n> Human: I live in Oslo\n\n### Claude Sonnet 4.5:\n\nhello\n"
    session = session_of(save_text(tmp_path, "chat.md", text), "text")
    assert turns_of(session) == [("user", None, "hi"), ("assistant", "Claude Sonnet 4.5", "hello")]
    assert session.notes == {"quoted message": 1}
    people = "Claude Martin: salut\nAnn Lee: hi\nClaude Martin: I live in Lyon\n"
    session = session_of(save_text(tmp_path, "people.txt", people), "text")
    assert {(turn.role, turn.speaker) for turn in session.turns} == {("user", "Claude Martin"), ("user", "Ann Lee")}


def test_the_attendees_list_distinguishes_speakers_from_notes(tmp_path: Path) -> None:
    text = "ATTENDEES: Ann, Bo\n\nAnn: my list\nMilk: two\nEggs: six\nBo: fine\n"
    session = session_of(save_text(tmp_path, "chat.txt", text), "text")
    assert turns_of(session) == [("user", "Ann", "my list\nMilk: two\nEggs: six"), ("user", "Bo", "fine")]


def test_prose_with_colons_is_not_a_transcript(tmp_path: Path) -> None:
    text = "# Tool\n\nUsage: run it\n\nIt does much.\nIt is quick.\nAnd small.\n\nLicense: free\n"
    (doc,) = discover([str(save_text(tmp_path, "README.md", text))])
    assert isinstance(doc, Document)
    with pytest.raises(BadTranscript, match="unrecognised transcript format") as refused:
        detect(doc)
    # A dump of facts is given to `memctl ingest` by mistake.
    assert "memctl import" in str(refused.value.hint)


@pytest.mark.parametrize("end", ["\r", "\r\n", "\u2028", "\u2029", "\x85"])
@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("chat.txt", ["Ann: I moved", "Ben: to Oslo?", "Ann: yes", "Ben: ok"]),
        ("_chat.txt", ["25/03/2024, 10:14 - Ann: I moved", "25/03/2024, 10:15 - Ben: to Oslo?"]),
        ("a.vtt", ["WEBVTT", "", "00:01.000 --> 00:02.000", "Ann: I moved", "", "00:03.000 --> 00:04.000", "Ben: ok"]),
        ("call.txt", ["Ann Lee  0:01", "I moved", "", "Ben Ode  0:03", "to Oslo?", "", "Ann Lee  0:05", "yes"]),
        ("sms.txt", ["Mar 25, 2024 10:14:33 AM", "Me", "I moved", "", "Mar 25, 2024 10:15:33 AM", "Ben", "to Oslo?"]),
    ],
)
def test_lines_that_end_in_any_way_keep_their_speakers(
    read_back: Callable[..., Any], name: str, lines: list[str], end: str
) -> None:
    def turns(ending: str) -> list[tuple[str | None, str]]:
        sessions = read_back(name, ending.join(lines) + ending).sessions
        return [(turn.speaker, turn.text) for session in sessions for turn in session.turns]

    assert turns(end) == turns("\n")
    assert len(turns(end)) > 1


def test_what_the_service_writes_below_a_transcript_is_nobodys(tmp_path: Path) -> None:
    text = "Ann Lee: hi\nBo: hello\nAnn Lee: bye\nMeeting ended after 00:06:10 👋\n\n"
    text += "This editable transcript was computer generated and might contain errors. Check it.\n"
    session = session_of(save_text(tmp_path, "chat.txt", text), "text")
    assert turns_of(session)[-1] == ("user", "Ann Lee", "bye")
    assert session.notes == {"line of the service": 2}
