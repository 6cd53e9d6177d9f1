"""LoCoMo and LongMemEval: a wrong order, date or id makes every measurement on them worthless."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from memctl.core.errors import BadTranscript
from memctl.transcripts import ReadOptions, Session, detect, discover, read
from memctl.transcripts.discovery import Document

FIXTURES = Path(__file__).parents[2] / "fixtures/transcripts"


def document(path: Path) -> Document:
    found = next(iter(discover([str(path)])))
    assert isinstance(found, Document)
    return found


def saved(path: Path, value: Any) -> Document:
    file = path / "conv-9.json"
    file.write_text(json.dumps(value), encoding="utf-8")
    return document(file)


def sessions(doc: Document, options: ReadOptions | None = None) -> list[Session]:
    found = list(read(doc, options or ReadOptions()))
    assert all(isinstance(item, Session) for item in found), found
    return [item for item in found if isinstance(item, Session)]


def test_locomo_sessions_come_in_natural_order_with_their_dates() -> None:
    doc = document(FIXTURES / "khalid/two friends.json")
    assert detect(doc) == "locomo"
    found = sessions(doc, ReadOptions(timezone=ZoneInfo("Europe/Lisbon")))
    assert [session.session_id.rpartition("/")[2] for session in found] == ["session_1", "session_2", "session_10"]
    assert [session.started_at for session in found] == [
        datetime(2025, 10, 3, 18, 5, tzinfo=UTC),
        datetime(2025, 11, 19, 8, 40, tzinfo=UTC),
        datetime(2026, 5, 2, 11, 15, tzinfo=UTC),
    ]
    for session in found:
        assert {turn.at for turn in session.turns} == {session.started_at}
        assert {turn.role for turn in session.turns} == {"user"}
    assert found[0].turns[0].speaker == "خالد"


def test_locomo_keeps_what_a_photo_shows_and_the_dialogue_ids() -> None:
    first = sessions(document(FIXTURES / "khalid/two friends.json"))[0]
    assert {turn.turn_id: turn.text for turn in first.turns}["D1:3"] == (
        "Small, but look at this [shares a photo: a photo of a balcony with a lemon tree]"
    )
    assert first.turns[3].text == "[shares a photo: a photo of a tabby cat on a suitcase]"


@pytest.mark.parametrize("wrapped", [True, False])
def test_locomo_bare_objects_are_named_by_their_file(tmp_path: Path, wrapped: bool) -> None:
    bare = {
        "speaker_a": "A",
        "speaker_b": "B",
        "session_1_date_time": "once upon a time",
        "session_1": [{"speaker": "A", "dia_id": "D1:1", "text": "hi"}, {"speaker": "B", "text": ""}],
        "session_1_summary": "they greet",
    }
    (session,) = sessions(saved(tmp_path, {"conversation": bare} if wrapped else bare))
    assert session.session_id == "conv-9/session_1"
    assert session.started_at is None
    assert session.notes == {"date not understood": 1, "turn without text": 1}


def test_a_sample_without_sessions_is_one_bad_record(tmp_path: Path) -> None:
    good = {"speaker_a": "A", "session_1": [{"dia_id": "D1:1", "speaker": "A", "text": "hi"}]}
    found = list(read(saved(tmp_path, [{"conversation": good}, {"conversation": {}}]), ReadOptions()))
    assert [type(item) for item in found] == [Session, BadTranscript]


def test_longmemeval_sessions_shared_by_questions_are_read_once() -> None:
    doc = document(FIXTURES / "nadia/haystack.json")
    assert detect(doc) == "longmemeval"
    found = sessions(doc)
    assert [session.session_id for session in found] == ["sess_a", "sess_b", "sess_c"]
    assert found[0].started_at == datetime(2025, 8, 16, 2, 21, tzinfo=UTC)
    assert found[0].turns[0].at == found[0].started_at
    assert [turn.role for turn in found[1].turns] == ["user", "assistant"]


def test_longmemeval_without_ids_and_dates_invents_no_time(tmp_path: Path) -> None:
    record = {"question_id": "q", "haystack_sessions": [[{"role": "user", "content": "hi"}], "broken"]}
    found = list(read(saved(tmp_path, [record]), ReadOptions()))
    assert isinstance(found[0], Session)
    assert (found[0].session_id, found[0].started_at) == ("q/0", None)
    assert isinstance(found[1], BadTranscript)
