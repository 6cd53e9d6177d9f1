"""LangChain's three message formats, LangGraph states, and ShareGPT with its field aliases."""


def test_the_three_message_formats_give_the_same_turns(read_back):
    as_dict = {"type": "human", "data": {"content": "hi", "name": "Bruno", "id": "h"}}
    dumped = {
        "lc": 1,
        "type": "constructor",
        "id": ["langchain", "schema", "messages", "HumanMessage"],
        "kwargs": {"content": "hi", "name": "Bruno", "id": "h"},
    }
    flat = {"type": "human", "content": "hi", "name": "Bruno", "id": "h"}
    for shape in (as_dict, dumped, flat):
        (session,) = read_back("m.json", [shape, {"type": "ai", "content": "yes", "id": "a"}]).sessions
        turn = session.turns[0]
        assert session.source_format == "langchain"
        assert (turn.role, turn.text, turn.speaker, turn.turn_id) == ("user", "hi", "Bruno", "h")


def test_parts_tool_calls_and_chat_roles_are_read(read_back):
    result = read_back(
        "m.json",
        [
            {"type": "human", "data": {"content": [{"type": "text", "text": "hi"}, "there"]}},
            {"type": "ai", "data": {"content": "", "tool_calls": [{"name": "f"}]}},
            {"type": "tool", "data": {"content": "out", "name": "f"}},
            {"type": "chat", "data": {"content": "well", "role": "assistant"}},
            {"type": "AIMessageChunk", "data": {"content": "chunk"}},
        ],
    )
    assert result.texts == [("user", "hi\nthere"), ("tool", "out"), ("assistant", "well"), ("assistant", "chunk")]
    assert result.sessions[0].notes == {"tool call": 1}


def test_a_state_history_is_read_once(read_back):
    def state(count):
        messages = [{"type": "human", "content": f"m{n}", "id": f"i{n}"} for n in range(count)]
        return {"values": {"messages": messages}, "config": {"configurable": {"thread_id": "t", "user_id": "bruno"}}}

    (session,) = read_back("history.json", [state(3), state(2), state(1)]).sessions
    assert [turn.text for turn in session.turns] == ["m0", "m1", "m2"]
    assert (session.session_id, session.owner) == ("t", "bruno")


def test_sharegpt_field_aliases_are_read(read_back):
    result = read_back(
        "s.json",
        [
            {"id": "1", "conversations": [{"from": "human", "value": "a"}, {"from": "gpt", "value": "b"}]},
            {"id": "2", "items": [{"role": "user", "content": "c"}, {"from": "bing", "value": "d"}]},
            {"id": "3", "nothing": []},
            {
                "id": "4",
                "conversations": [{"from": "observation", "value": "e"}, {"from": "function_call", "value": "f"}],
            },
        ],
    )
    assert {session.source_format for session in result.sessions} == {"sharegpt"}
    assert result.texts == [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d"), ("tool", "e")]
    assert [session.session_id for session in result.sessions] == ["1", "2", "4"]
    assert "record 3" in str(result.problems[0].where)


def test_sharegpt_json_lines_are_read(read_back):
    lines = [{"conversations": [{"from": "human", "value": text}]} for text in ("a", "b")]
    assert read_back("s.jsonl", lines).texts == [("user", "a"), ("user", "b")]
