"""Claude Code and Codex: the human's messages, duplicates, and files that are still being written."""

import json

import zstandard

OWN = "7e0f5a52-6a0c-4f0e-9d3a-5d6c7b8a9012"
OTHER = "11111111-2222-4333-8444-555555555555"


def line(kind, uuid, content, session=OWN, **fields):
    message = {"role": kind, "content": content, **fields.pop("message", {})}
    at = "2026-01-01T00:00:00.000Z"
    return {"type": kind, "uuid": uuid, "sessionId": session, "timestamp": at, "message": message, **fields}


def test_only_messages_of_the_human_are_the_users(read_back):
    lines = [
        line("user", "1", "real"),
        line("user", "2", [{"type": "tool_result", "content": "out"}]),
        line("user", "3", "pasted by a tool", toolUseResult={"stdout": "x"}),
        line("user", "4", "meta", isMeta=True),
        line("user", "5", "summary", isCompactSummary=True),
        line("user", "6", "<command-name>/clear</command-name>"),
        line("user", "7", "<local-command-stdout>x</local-command-stdout>"),
        line("user", "8", "<user-prompt-submit-hook>x</user-prompt-submit-hook>"),
        line("user", "9", "<system-reminder>I live in Rome</system-reminder>"),
        line("user", "10", "said<system-reminder>not said</system-reminder>"),
        {"type": "system", "subtype": "compact_boundary", "uuid": "b", "sessionId": OWN},
        line("user", "11", "a summary without its mark", parentUuid="b"),
    ]
    result = read_back(f"{OWN}.jsonl", lines)
    assert [text for role, text in result.texts if role == "user"] == ["real", "said"]
    assert [text for role, text in result.texts if role == "tool"] == ["out", "pasted by a tool"]


def test_an_answer_on_several_lines_is_one_turn(read_back):
    lines = [
        line("user", "1", "q"),
        line("assistant", "2", [{"type": "thinking", "thinking": "hm"}], message={"id": "m"}),
        line("assistant", "3", [{"type": "text", "text": "first"}], message={"id": "m"}),
        line("user", "4", [{"type": "tool_result", "content": "out"}]),
        line("assistant", "5", [{"type": "text", "text": "second"}], message={"id": "m"}),
    ]
    assert read_back("x.jsonl", lines).texts == [("user", "q"), ("assistant", "first\nsecond"), ("tool", "out")]


def test_replayed_lines_and_sidechains_are_left_out(read_back):
    lines = [
        {"type": "summary", "summary": "Title", "leafUuid": "x"},
        line("user", "0", "from the session before", session=OTHER),
        line("user", "1", "own"),
        line("user", "1", "own"),
        line("user", "2", "for the agent", isSidechain=True, agentId="ag"),
    ]
    (session,) = read_back(f"{OWN}.jsonl", lines).sessions
    assert [turn.text for turn in session.turns] == ["own"]
    assert (session.session_id, session.title) == (OWN, "Title")
    assert session.notes == {"replayed line": 2, "sidechain": 1}
    with_sidechains = read_back(f"{OWN}.jsonl", lines, sidechains=True)
    assert [s.session_id for s in with_sidechains.sessions] == [OWN, f"{OWN}:ag"]


def test_a_copy_under_another_name_is_read(read_back):
    result = read_back(f"{OTHER}.jsonl", [line("user", "1", "hello"), line("assistant", "2", "hi")])
    assert [session.session_id for session in result.sessions] == [OWN]
    assert result.texts == [("user", "hello"), ("assistant", "hi")]


def test_the_incomplete_last_line_of_a_session_is_counted(read_back):
    text = json.dumps(line("user", "1", "whole")) + "\n" + json.dumps(line("user", "2", "half"))[:40]
    result = read_back(f"{OWN}.jsonl", text)
    assert (result.problems, result.texts) == ([], [("user", "whole")])


def item(kind, payload):
    return {"timestamp": "2026-06-09T07:30:00.000Z", "type": kind, "payload": payload}


def codex_message(role, text, **fields):
    kind = "output_text" if role == "assistant" else "input_text"
    return item("response_item", {"type": "message", "role": role, "content": [{"type": kind, "text": text}], **fields})


META = item("session_meta", {"id": "s-1", "timestamp": "2026-06-09T07:29:00Z", "source": "cli"})
CODEX = [
    META,
    codex_message("developer", "rules"),
    codex_message("user", "<environment_context>x</environment_context>"),
    codex_message("user", "<user_instructions>x</user_instructions>"),
    item("event_msg", {"type": "user_message", "message": "port it"}),
    codex_message("user", "port it"),
    item("response_item", {"type": "function_call_output", "output": "I prefer tabs"}),
    codex_message("assistant", "done", phase="final_answer"),
    item("event_msg", {"type": "agent_message", "message": "done"}),
]


def test_each_codex_message_is_read_once(read_back):
    (session,) = read_back("rollout.jsonl", CODEX).sessions
    assert [(turn.role, turn.text) for turn in session.turns] == [
        ("user", "port it"),
        ("tool", "I prefer tabs"),
        ("assistant", "done"),
    ]
    assert session.session_id == "s-1"
    assert session.notes == {"developer message": 1, "injected context": 2}


def test_codex_events_are_read_if_there_are_no_items(read_back):
    events = [record for record in CODEX if record["type"] in ("session_meta", "event_msg")]
    assert read_back("rollout.jsonl", events).texts == [("user", "port it"), ("assistant", "done")]


def test_compressed_and_old_codex_files_are_read(read_back):
    packed = zstandard.ZstdCompressor().compress("\n".join(map(json.dumps, CODEX)).encode())
    assert read_back("rollout.jsonl.zst", packed).texts[0] == ("user", "port it")
    bare = [
        {"id": "old-1", "timestamp": "2025-05-01T10:00:00Z", "instructions": None},
        {"record_type": "state"},
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "hello"}]},
    ]
    (session,) = read_back("old.jsonl", bare).sessions
    assert (session.source_format, session.session_id, session.turns[0].text) == ("codex", "old-1", "hello")
    meta = {"type": "session_meta", "session_id": "old-2", "timestamp": "2025-05-01T10:00:00Z"}
    assert read_back("old.jsonl", [meta, *bare[2:]]).sessions[0].session_id == "old-2"


def test_a_sub_agents_file_is_read_only_on_request(read_back):
    meta = item("session_meta", {"id": "s-2", "source": {"subagent": "review"}})
    assert read_back("r.jsonl", [meta, codex_message("user", "task")]).sessions[0].notes == {"sidechain": 1}
    assert read_back("r.jsonl", [meta, codex_message("user", "task")], sidechains=True).texts == [("user", "task")]


def test_a_damaged_compressed_file_is_read_up_to_the_damage(read_back):
    data = "\n".join(json.dumps(codex_message("user", f"message {n} {n * 7919}")) for n in range(20_000)).encode()
    packed = zstandard.ZstdCompressor().compress(data)
    result = read_back("r.jsonl.zst", packed[: len(packed) // 2], "codex")
    assert result.texts[0][1].startswith("message 0")
