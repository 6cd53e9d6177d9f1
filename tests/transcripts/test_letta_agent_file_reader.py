"""Conversations in an exported agent file; those of each agent belong to its user."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memctl.transcripts import ReadOptions, Session, discover, read
from memctl.transcripts.detect import detect
from memctl.transcripts.files.discovery import Document

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports" / "letta"


def sessions(path: Path) -> list[Session]:
    (doc,) = discover([str(path)])
    assert isinstance(doc, Document)
    assert detect(doc) == "letta"
    results = list(read(doc, ReadOptions()))
    assert all(isinstance(item, Session) for item in results), results
    return [item for item in results if isinstance(item, Session)]


def test_messages_are_read_with_time_and_owner() -> None:
    (said,) = sessions(EXPORTS / "two-agents.af")
    assert (said.session_id, said.owner) == ("parcels-maria", "maria")
    assert [(turn.role, turn.text) for turn in said.turns] == [
        ("user", "I moved to Porto last week, please send everything there."),
        ("assistant", "Noted: Porto it is, Maria."),
    ]
    assert said.turns[0].at == datetime(2025, 11, 2, 9, 12, 3, 120000, tzinfo=UTC)
    assert said.notes["system_message"] == 1


def test_the_format_of_early_2025_is_read() -> None:
    (said,) = sessions(EXPORTS / "sailor-0.6.47.af")
    assert (said.session_id, said.owner) == ("sailor", None)
    assert [(turn.role, turn.text) for turn in said.turns] == [("user", "hi")]


def test_a_message_keeps_its_id_in_a_later_export(tmp_path: Path) -> None:
    document: dict[str, Any] = json.loads((EXPORTS / "two-agents.af").read_text(encoding="utf-8"))
    for number, message in enumerate(document["agents"][0]["messages"]):
        message["id"] = f"message-{number + 90}"
    again = tmp_path / "again.af"
    again.write_text(json.dumps(document), encoding="utf-8")
    first, second = sessions(EXPORTS / "two-agents.af"), sessions(again)
    assert [turn.turn_id for turn in second[0].turns] == [turn.turn_id for turn in first[0].turns]


def test_messages_sent_with_a_tool_are_the_agents_turns(tmp_path: Path) -> None:
    document: dict[str, Any] = json.loads((EXPORTS / "two-agents.af").read_text(encoding="utf-8"))
    answer = document["agents"][0]["messages"][2]
    answer["content"] = []
    call = {"name": "send_message", "arguments": json.dumps({"message": "On its way."})}
    answer["tool_calls"] = [{"id": "call-1", "type": "function", "function": call}]
    file = tmp_path / "tools.af"
    file.write_text(json.dumps(document), encoding="utf-8")
    (said,) = sessions(file)
    assert said.turns[-1].text == "On its way."


def test_two_agents_with_the_same_name_are_two_conversations(tmp_path: Path) -> None:
    document: dict[str, Any] = json.loads((EXPORTS / "two-agents.af").read_text(encoding="utf-8"))
    mine, theirs = document["agents"]
    theirs |= {"name": mine["name"], "messages": mine["messages"]}
    file = tmp_path / "same.af"
    file.write_text(json.dumps(document), encoding="utf-8")
    results = {(said.session_id, said.owner) for said in sessions(file)}
    assert results == {("parcels-maria", "maria"), ("parcels-maria#2", "joão")}


def test_a_file_encoded_as_one_json_string_is_read(tmp_path: Path) -> None:
    path = tmp_path / "two-agents.af"
    plain = (EXPORTS / "two-agents.af").read_text(encoding="utf-8")
    for content in (json.dumps(plain), json.dumps(json.dumps(plain)), "\ufeff" + json.dumps("\n" + plain)):
        path.write_text(content, encoding="utf-8")
        assert sessions(path) == sessions(EXPORTS / "two-agents.af")
