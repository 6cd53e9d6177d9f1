"""OpenAI-style files: no message is lost or gets a wrong speaker or date."""

from datetime import UTC, datetime, timedelta, timezone


def test_parts_refusals_tool_calls_and_developer_messages_are_read(read_back):
    result = read_back(
        "chat.json",
        [
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "name": "Alice", "content": [{"type": "input_text", "text": "Hi"}, {"type": "image_url"}]},
            {"role": "assistant", "content": None, "tool_calls": [{"id": "c", "function": {"arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c", "content": "I love peanuts"},
            {"role": "assistant", "content": None, "refusal": "I can't."},
            {"role": "user", "content": [{"type": "tool_result", "content": [{"type": "text", "text": "42"}]}]},
        ],
    )
    assert result.problems == []
    assert result.texts == [
        ("system", "Be brief."),
        ("user", "Hi"),
        ("tool", "I love peanuts"),
        ("assistant", "I can't."),
        ("tool", "42"),
    ]
    (session,) = result.sessions
    assert session.turns[1].speaker == "Alice"
    assert session.turns[1].at is None
    assert session.notes == {"tool call": 1}


def test_fine_tuning_lines_are_one_session_each(read_back):
    lines = [{"messages": [{"role": "user", "content": f"number {n}"}]} for n in range(3)]
    result = read_back("train.jsonl", lines)
    assert [session.turns[0].text for session in result.sessions] == ["number 0", "number 1", "number 2"]
    assert len({session.session_id for session in result.sessions}) == 3


def test_single_messages_per_line_are_read_with_an_incomplete_last_line(read_back):
    result = read_back("m.jsonl", '{"role":"user","content":"a"}\n{"role":"assistant","content":"b"}\n{"role":"us')
    assert result.problems == []
    assert result.texts == [("user", "a"), ("assistant", "b")]
    assert result.sessions[0].notes == {"incomplete last line": 1}


def test_only_the_broken_line_is_rejected(read_back):
    result = read_back("m.jsonl", '{"role":"user","content":"a"}\n!!\n{"role":"user","content":"b"}\n')
    assert result.texts == [("user", "a"), ("user", "b")]
    assert [str(problem.where).rpartition(":")[2] for problem in result.problems] == ["line 2"]


def test_turn_ids_continue_in_a_repeated_thread(read_back):
    """If turn ids started again at 0, two messages would be taken for one."""
    lines = [
        {"thread_id": thread, "role": "user", "content": text, "created_at": "2026-02-01T17:00:00", "user_id": "kay"}
        for thread, text in [("a", "one"), ("b", "two"), ("a", "three")]
    ]
    result = read_back("threads.jsonl", lines, "openai", timezone=timezone(timedelta(hours=2)))
    assert [(s.session_id, [t.turn_id for t in s.turns]) for s in result.sessions] == [
        ("a", ["0"]),
        ("b", ["0"]),
        ("a", ["1"]),
    ]
    assert {session.owner for session in result.sessions} == {"kay"}
    assert result.sessions[0].turns[0].at == datetime(2026, 2, 1, 15, tzinfo=UTC)


def test_the_owner_is_set_only_if_the_file_names_one(read_back):
    messages = [{"role": "user", "content": "hi"}]
    assert read_back("a.json", {"user": "alice", "messages": messages}).sessions[0].owner == "alice"
    assert read_back("b.json", {"messages": messages}).sessions[0].owner is None


def test_the_session_id_is_the_same_after_the_file_grew(read_back):
    first = {"role": "user", "content": "a"}
    before = read_back("c.json", [first]).sessions[0].session_id
    assert read_back("c.json", [first, {"role": "assistant", "content": "b"}]).sessions[0].session_id == before
    assert read_back("c.json", [{"role": "user", "content": "other"}]).sessions[0].session_id != before


def test_a_list_of_message_lists_is_read(read_back):
    result = read_back("l.json", [[{"role": "user", "content": "a"}], [{"role": "user", "content": "b"}]])
    assert [session.turns[0].text for session in result.sessions] == ["a", "b"]


def test_a_truncated_array_is_read_up_to_the_cut(read_back):
    result = read_back("c.json", '[{"role":"user","content":"kept"},{"role":"user","con')
    assert result.texts == [("user", "kept")]
    assert "record 2" in str(result.problems[0].where)


def test_messages_with_an_unknown_role_are_counted(read_back):
    result = read_back("c.json", [{"role": "user", "content": "a"}, {"role": "narrator", "content": "b"}])
    assert result.sessions[0].notes == {"unknown role": 1}
