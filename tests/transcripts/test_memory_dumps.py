"""Dumps of mem0, Zep and Letta: turns keep their owner and time, and heartbeats are not turns."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from memctl.core.errors import BadTranscript
from memctl.transcripts import ReadOptions, Session, Turn, discover, read
from memctl.transcripts.detect import detect
from memctl.transcripts.files.discovery import Document

NADIA = Path(__file__).parents[2] / "fixtures/transcripts/nadia"


def sessions(path: Path, format_: str) -> list[Session]:
    (doc,) = discover([str(path)])
    assert isinstance(doc, Document)
    assert detect(doc) == format_
    results = list(read(doc, ReadOptions()))
    assert all(isinstance(item, Session) for item in results), results
    return [item for item in results if isinstance(item, Session)]


def save_json(path: Path, value: Any) -> Path:
    file = path / "dump.json"
    file.write_text(json.dumps(value), encoding="utf-8")
    return file


def test_mem0_calls_of_one_run_are_one_session() -> None:
    run, single = sessions(NADIA / "mem0-messages.jsonl", "mem0")
    assert (run.session_id, run.owner, run.agent_id) == ("run-31", "nadia", "coach")
    assert [turn.turn_id for turn in run.turns] == ["0", "1", "2"]
    assert run.turns[2].text == "We are going skiing together in February."
    assert run.turns[2].at == datetime(2026, 1, 9, 8, 45, tzinfo=UTC)
    assert (single.session_id, single.owner) == ("mem0-messages/2", "nadia")
    assert [(turn.role, turn.text, turn.at) for turn in single.turns] == [
        ("user", "I prefer window seats on trains.", None)
    ]


def test_a_repeated_mem0_run_gets_a_numbered_session_id(tmp_path: Path) -> None:
    calls = [{"user_id": "n", "run_id": run, "messages": [{"role": "user", "content": run}]} for run in "aba"]
    assert [session.session_id for session in sessions(save_json(tmp_path, calls), "mem0")] == ["a", "b", "a#2"]


def test_the_time_of_a_zep_message_is_when_it_was_said() -> None:
    (thread,) = sessions(NADIA / "zep-thread.json", "zep")
    assert (thread.session_id, thread.owner) == ("thread-nadia-7", "nadia")
    assert thread.turns[0].at == datetime(2025, 11, 5, 17, 30, tzinfo=UTC)
    assert thread.turns[2].at == datetime(2026, 6, 1, 8, 0, 2, tzinfo=UTC)
    assert [turn.speaker for turn in thread.turns] == ["Nadia", "Helper", "Nadia"]


def test_zep_messages_are_grouped_by_thread_oldest_first(tmp_path: Path) -> None:
    def message(thread: str, day: int) -> dict[str, Any]:
        at = f"2026-03-0{day}T10:00:00Z"
        return {"thread_id": thread, "role": "user", "name": "N", "content": f"{thread}{day}", "created_at": at}

    results = sessions(save_json(tmp_path, [message("t", 3), message("u", 2), message("t", 1)]), "zep")
    assert {session.session_id: [turn.text for turn in session.turns] for session in results} == {
        "t": ["t1", "t3"],
        "u": ["u2"],
    }


def test_letta_messages_are_read_and_other_records_counted() -> None:
    (session,) = sessions(NADIA / "letta-messages.json", "letta")
    assert [(turn.turn_id, turn.role) for turn in session.turns] == [
        ("message-4", "user"),
        ("message-5", "assistant"),
        ("message-6", "user"),
        ("message-8", "assistant"),
    ]
    assert session.turns[0].text.startswith('{"colour": "petrol"}')
    assert session.turns[2].text == "Please keep answers short. I read them on my phone."
    assert session.turns[3].text == "I will keep it short."
    assert session.notes == {"heartbeat": 1, "login": 1, "reasoning_message": 1, "system_message": 1}


def test_json_pasted_by_a_letta_user_is_the_users(tmp_path: Path) -> None:
    pasted = {"message_type": "user_message", "id": "m", "content": '{"type": "invoice", "total": 3}'}
    (session,) = sessions(save_json(tmp_path, {"agent_id": "agent-1", "messages": [pasted]}), "letta")
    assert (session.session_id, session.agent_id) == ("agent-1", "agent-1")
    assert session.turns[0].text == '{"type": "invoice", "total": 3}'


@pytest.mark.parametrize("name", ["mem0", "zep", "letta"])
def test_records_of_another_kind_are_rejected_individually(tmp_path: Path, name: str) -> None:
    path = save_json(tmp_path, [3, {"unrelated": True}])
    (doc,) = discover([str(path)])
    assert isinstance(doc, Document)
    assert [type(item) for item in read(doc, ReadOptions(), name)] == [BadTranscript, BadTranscript]


def test_no_two_turns_get_the_same_id() -> None:
    """Equal ids get a unique number; otherwise one message would be taken for another."""
    session = Session(
        source_format="any",
        session_id="1",
        turns=tuple(Turn(turn_id=key, role="user", text=f"said {n}") for n, key in enumerate(("a", "a#2", "a", "a"))),
    )
    assert [turn.turn_id for turn in session.turns] == ["a", "a#2", "a#3", "a#4"]
