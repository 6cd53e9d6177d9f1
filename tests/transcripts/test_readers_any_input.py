"""A damaged or unknown file must not affect others: a reader reads it or raises BadTranscript."""

import json
from pathlib import Path
from typing import Any

import pytest
from examples import some
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memctl.core.errors import BadTranscript
from memctl.core.fact import to_utc
from memctl.transcripts import FORMATS, ReadOptions, Session, read
from memctl.transcripts.files.discovery import Document

ANY = settings(max_examples=some(60), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

PIECES = st.sampled_from(
    [
        *("13/03/2026, 10:14 - ", "[1/2/26, 9:01:02 PM] ", "Tom: ", "\u200e", "\n", "\n\n", "<", ">", "null"),
        *("WEBVTT\n\n", "00:00:01.000 --> 00:00:02.000\n", "99:59:59,999 --> 99:59:59,999\n", "<v Ann>", "- "),
        *(
            "Mar  5, 2026  9:00:00 AM",
            "\nMe\n",
            "Tapbacks:",
            "Chat Session,Message Date,Type,Sender ID,Text\n",
            ",",
            '"',
        ),
        *("Ada  0:05\n", "0:0:5.100 --> 0:0:8.250\n", "Ada started transcription\n"),
        *("[2024-03-01] - ", "* ", "2024-03-01\n", "## Ben\n", "  - ", "I live in Oslo\n"),
        *("User: ", "**Ann:** ", "## User\n", "[10:14] Ann: ", "DATE: 31.12.9999\n", "---\n", "```\n", "> "),
    ]
)
TEXT = st.lists(PIECES | st.text(st.characters(exclude_categories=["Cs"]), max_size=8), max_size=14).map("".join)

FIELDS = """
speaker text role content messages user_id run_id timestamp
thread_id uuid created_at reference_time message_type tool_call arguments name date
type ts subtype user thread_ts attachments files
info parts mapping fragments parent children history currentId parentId chat conversationId messagesTree messageId
requests response requestId mes is_user is_system header title time products safeHtmlItem revert parentID
uuid parentUuid sessionId operation attachment prompt payload message from value kind createdAt isCreatedByUser
"""
KEYS = st.sampled_from(FIELDS.split())
LEAVES = st.sampled_from(
    [None, True, 1e300, -1, "user", "message", "1772700000.000100", "user_message", "9999-12-31T23:59:59-12:00"]
) | st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5), max_leaves=25
)


TEXTS = ("meeting", "whatsapp", "imessage", "imazing", "subtitles", "text", "notes")


def check(path: Path, text: str, formats: tuple[str, ...]) -> None:
    file = path / "2026-03-13 any.txt"
    file.write_text(text, encoding="utf-8")
    document = Document(file.name, file.name, file.stat().st_size, 0, path=file)
    for name in formats:
        for options in (ReadOptions(), ReadOptions(date_order="dmy", direct_messages=True)):
            try:
                results = list(read(document, options, name))
            except BadTranscript:
                continue
            sessions = [item for item in results if isinstance(item, Session)]
            assert all(isinstance(item, Session | BadTranscript) for item in results)
            assert len({session.session_id for session in sessions}) == len(sessions)
            for turn in (turn for session in sessions for turn in session.turns):
                assert turn.text.strip()
                assert turn.at is None or to_utc(turn.at)


@ANY
@given(TEXT)
def test_text_formats_read_or_refuse_any_input(tmp_path: Path, text: str) -> None:
    check(tmp_path, text, TEXTS)


@ANY
@given(VALUES)
def test_json_formats_read_or_refuse_any_input(tmp_path: Path, value: Any) -> None:
    check(tmp_path, json.dumps(value), tuple(name for name in FORMATS if name not in TEXTS))


@pytest.mark.parametrize("filler", [" ", "a", "<v ", "<", "<a ", "1", ": ", "(1", "**", "\u200e"])
def test_long_repetitions_are_read_in_bounded_time(tmp_path: Path, filler: str) -> None:
    run = filler * (50_000 // len(filler))
    cue = f"00:00:01.000 --> 00:00:02.000\n{run}b"
    text = f"13/03/2026, 10:14 - Tom: x{run}b\nUser: {run}b\n{run}b: c\n\n{cue}\n"
    check(tmp_path, text, TEXTS)


@pytest.mark.parametrize("name", ["slack", "mem0", "zep", "letta"])
@pytest.mark.parametrize("text", ['[{"messages": [', "{", '{"a": 1}\n{"b"', "not json", "[1, 2"])
def test_truncated_json_is_read_or_refused(tmp_path: Path, name: str, text: str) -> None:
    check(tmp_path, text, (name,))
