"""Claude.ai exports: pasted text is not the user's own, and one branch is read."""

from datetime import UTC, datetime

ROOT = "00000000-0000-4000-8000-000000000000"


def message(uuid, sender, text, second, parent=None, **fields):
    at = f"2026-01-16T10:00:{second:02}Z"
    return {"uuid": uuid, "sender": sender, "text": text, "created_at": at, "parent_message_uuid": parent, **fields}


def conversation(*messages, **fields):
    return [{"uuid": "c", "name": "N", "created_at": "2026-01-16T10:00:00Z", "chat_messages": messages, **fields}]


BRANCHED = (
    message("a", "human", "q", 1, ROOT),
    message("b", "assistant", "old", 2, "a"),
    message("d", "assistant", "new", 3, "a"),
)


def test_the_named_or_newest_leaf_is_read(read_back):
    assert read_back("c.json", conversation(*BRANCHED)).texts == [("user", "q"), ("assistant", "new")]
    named = read_back("c.json", conversation(*BRANCHED, current_leaf_message_uuid="b"))
    assert named.texts == [("user", "q"), ("assistant", "old")]
    assert named.sessions[0].notes == {"abandoned branch": 1}
    every = read_back("c.json", conversation(*BRANCHED), branches=True)
    assert [text for _, text in every.texts] == ["q", "new", "old"]


def test_old_exports_without_parents_are_read_in_order(read_back):
    result = read_back("c.json", conversation(message("a", "human", "q", 2), message("b", "assistant", "r", 1)))
    assert result.texts == [("user", "q"), ("assistant", "r")]
    assert result.sessions[0].turns[0].at == datetime(2026, 1, 16, 10, 0, 2, tzinfo=UTC)
    assert result.sessions[0].owner is None


def test_pasted_text_and_tool_results_are_not_the_users(read_back):
    attachments = [{"file_name": "menu.txt", "extracted_content": "I love peanuts"}]
    blocks = [
        {"type": "thinking", "thinking": "hm"},
        {"type": "tool_use", "name": "web", "input": {}},
        {"type": "tool_result", "name": "web", "content": [{"type": "text", "text": "found"}]},
        {"type": "text", "text": "answer"},
    ]
    result = read_back(
        "c.json",
        conversation(
            message("a", "human", "", 1, attachments=attachments, files=[{"file_name": "x.png"}]),
            message("b", "assistant", "flattened", 2, content=blocks),
        ),
    )
    (session,) = result.sessions
    assert [(turn.role, turn.raw_kind, turn.speaker, turn.text) for turn in session.turns] == [
        ("tool", "attachment", "menu.txt", "I love peanuts"),
        ("tool", "tool_result", "web", "found"),
        ("assistant", "text", None, "answer"),
    ]
    assert session.notes == {"file": 1, "thinking": 1, "tool call": 1}


def test_memories_in_both_formats_are_read(read_back):
    memory = {
        "conversations_memory": "Works as a nurse.",
        "project_memories": {"p": "A trainer."},
        "memory_files": [{"path": "/a.md", "content": "Tea.", "updated_at": "2026-06-01T10:00:00Z"}],
        "account_uuid": "acc",
    }
    for shape in (memory, [memory]):
        (session,) = read_back("memories.json", shape).sessions
        assert session.session_id == "memories-acc"
        assert [(turn.turn_id, turn.role, turn.raw_kind) for turn in session.turns] == [
            ("conversations_memory", "assistant", "memory"),
            ("project:p", "assistant", "memory"),
            ("file:/a.md", "assistant", "memory"),
        ]
    assert read_back("m.json", {"conversations_memory": "", "project_memories": {}}).texts == []
