"""Messages in the formats of many programs are read in any spelling or counted, and never silently empty."""

import json
from datetime import UTC, datetime

import pytest

from memctl.transcripts.messages.message_lists import conversations_in
from memctl.transcripts.timestamps import instant

WORDS = "My sister runs a bakery in Lund."
TEXT = {"type": "text", "text": WORDS}


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "content": WORDS},
        {"role": "user", "content": [TEXT]},
        {"role": "user", "content": {"content_type": "text", "parts": [WORDS]}},
        {"role": "user", "content": {"type": "text", "text": {"value": WORDS, "annotations": []}}},
        {"role": "user", "content": f'[{{"type": "text", "text": "{WORDS}"}}]'},
        {"role": "user", "content": "", "parts": [{"type": "step-start"}, TEXT]},
        {"role": "user", "contentParts": [TEXT]},
        {"role": "user", "content-parts": [TEXT]},
        {"role": "user", "parts": [{"text": WORDS}]},
        {"role": "user", "blocks": [{"block_type": "text", "text": WORDS}]},
        {"role": "USER", "message": WORDS},
        {"role": "Human", "text": WORDS},
        {"role": "user", "value": WORDS},
        {"role": "user", "body": {"text": WORDS}},
        {"role": "customer", "Message-Text": WORDS},
        {"Role": "user", "Content": WORDS},
        {"author": {"role": "user"}, "content": {"parts": [WORDS]}},
        {"sender": "user", "text": WORDS},
        {"role": "MessageRole.USER", "content": WORDS},
        {"role": "ROLE_USER", "text": {"body": WORDS}},
        {"role": "user", "payload": {"text": WORDS}},
        {"role": "user", "prompt": WORDS},
        {"is_user": True, "message": WORDS},
        {"isBot": False, "text": WORDS},
        {"message": {"role": "user", "content": [TEXT]}, "createdAt": 1772700000},
        {"role": "user", "message": {"content": [TEXT]}},
        {"info": {"role": "user"}, "parts": [TEXT]},
        {"role": "user", "text": json.dumps({"type": "user_message", "message": WORDS, "time": "now"})},
    ],
)
def test_the_users_text_is_read_from_any_known_field(read_back, message):
    for content in ([message], {"id": "c", "messages": [message]}, {"chat": {"history": {"messages": {"a": message}}}}):
        result = read_back("m.json", content)
        assert result.problems == []
        assert result.texts == [("user", WORDS)]


@pytest.mark.parametrize(
    "message",
    [
        {"role": "user", "blocks": ["b1", "b2"]},
        {"role": "user", "content": {"ref": "s3://bucket/1"}},
        {"role": "user", "id": "m1"},
        {"role": "user", "content": [{"type": "hologram", "text": WORDS}]},
    ],
)
def test_a_message_without_a_known_text_field_is_an_error(read_back, message):
    result = read_back("m.json", [message, {"role": "assistant", "content": "Noted."}])
    assert result.texts == [("assistant", "Noted.")]
    assert ["text not found" in str(problem) for problem in result.problems] == [True]


@pytest.mark.parametrize("content", [[{"role": "user", "content": ""}], {"messages": []}, [{"role": "x", "text": "a"}]])
def test_a_file_without_any_turn_is_not_read(read_back, content):
    (problem,) = read_back("m.json", content, "openai").problems
    assert "no turn" in problem.message


def test_parts_of_a_message_other_than_text_are_counted(read_back):
    result = read_back(
        "m.json",
        [
            {"role": "user", "content": "Hello."},
            {"role": "assistant", "parts": [{"type": "reasoning", "text": "They said hello."}]},
            {"role": "assistant", "parts": [{"functionCall": {"name": "f"}}]},
            {"role": "model", "parts": [{"type": "text", "text": "I live in Oslo.", "thought": True}]},
            {"role": "user", "parts": [{"type": "file", "url": "x"}]},
            {"role": "user", "content": "Forget this.", "deletedAt": "2026-03-01T10:00:00Z"},
            {"type": "function_call", "name": "f", "arguments": "{}"},
        ],
    )
    assert result.texts == [("user", "Hello.")]
    assert result.sessions[0].notes == {"thinking": 2, "tool call": 2, "file or image": 1, "deleted message": 1}


def test_tool_output_in_a_users_message_is_not_the_users(read_back):
    content = [{"type": "tool_result", "content": "I live in Oslo."}, {"type": "text", "text": "Is that right?"}]
    result = read_back("m.json", [{"role": "user", "content": content}])
    assert result.texts == [("user", "Is that right?"), ("tool", "I live in Oslo.")]


def test_json_pasted_by_the_user_is_the_users(read_back):
    pasted = '[{"type": "invoice", "total": 3}]'
    assert read_back("m.json", [{"role": "user", "content": pasted}]).texts == [("user", pasted)]


def test_conversations_in_a_wrapper_inherit_its_user_and_keep_their_ids():
    turns = [{"role": "user", "content": "a"}]
    wrapper = {"userId": "ada", "data": {"threads": [{"id": "1", "messages": turns}, {"id": "2", "turns": turns}]}}
    sessions = list(conversations_in(wrapper))
    assert [(about["user_id"] if "user_id" in about else about["userId"], about["id"]) for about, _ in sessions] == [
        ("ada", "1"),
        ("ada", "2"),
    ]


MOMENT = datetime(2026, 3, 5, 10, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    "written",
    [
        1772705640,
        "1772705640.0",
        1772705640000,
        1772705640000000,
        "1772705640000000000",
        "2026-03-05T10:14:00Z",
        "2026-03-05T11:14:00.000000000+0100",
        "2026-03-05T10:14:00,000Z",
        "20260305T101400Z",
        "20260305101400",
        "2026-03-05 10:14:00 UTC",
        "2026-03-05 10:14:00 +0000 UTC",
        "2026-03-05 11:14:00 GMT+1",
        "2026-03-05T05:14:00-05:00[America/New_York]",
        "2026-03-05 05:14:00 America/New_York",
        "Thu, 05 Mar 2026 10:14:00 GMT",
        "Thu, 5 Mar 2026 05:14:00 EST",
        "Thu Mar 05 2026 11:14:00 GMT+0100 (Central European Standard Time)",
        "Thu Mar  5 10:14:00 2026",
        "Thu Mar  5 10:14:00 UTC 2026",
        "March 5, 2026 10:14am",
        "Mar 5, 2026, 10:14:00\u202fAM",
        "05-Mar-2026 10:14",
        "2026-3-5 @10h 14m 00s 120ms",
        "2026年3月5日 10:14",
        "/Date(1772705640000)/",
        {"$date": "2026-03-05T10:14:00Z"},
        {"$date": {"$numberLong": "1772705640000"}},
        {"_seconds": 1772705640, "_nanoseconds": 0},
        {"seconds": "1772705640", "nanos": 0},
        {"created": 1772705640000, "completed": 1772705690000},
    ],
)
def test_times_in_many_forms_are_read(written):
    assert instant(written) == MOMENT


@pytest.mark.parametrize(
    "unclear",
    ["05/03/2026 10:14", "last night", "2026-03-05 10:14 XYZ", "2026-13-05T10:14:00Z", "25:00", "12.5", -1, 3],
)
def test_an_unreadable_time_is_left_empty_and_counted(read_back, unclear):
    assert instant(unclear) is None
    result = read_back("m.json", [{"role": "user", "content": "hi", "timestamp": unclear}])
    assert result.sessions[0].turns[0].at is None
    assert result.sessions[0].notes == {"time not understood (turn kept without one)": 1}


@pytest.mark.parametrize("unknown", [0, "0", None, "", {}])
def test_a_missing_time_is_not_counted(read_back, unknown):
    assert read_back("m.json", [{"role": "user", "content": "hi", "timestamp": unknown}]).sessions[0].notes == {}


@pytest.mark.parametrize(
    "key", ["createdAt", "sent_at", "message_time", "datetime", "ts", "Created-At", "post_timestamp", "creationTime"]
)
def test_the_time_of_a_message_is_read_from_any_known_field(read_back, key):
    for message in ({key: "2026-03-05T10:14:00Z"}, {"metadata": {key: "2026-03-05T10:14:00Z"}}):
        result = read_back("m.json", [{"role": "user", "content": "hi", **message}])
        assert result.sessions[0].turns[0].at == MOMENT


def test_times_of_other_events_are_not_used_for_the_message(read_back):
    others = {"updated_at": 1772705640, "read_at": 1772705640, "response_time": 1.2, "end_time": 1772705640}
    others |= {"version": "1.0", "location": "Lund", "format": "md", "based_on": "a draft", "responseFormat": "x"}
    result = read_back("m.json", [{"role": "user", "content": "hi", **others}])
    assert result.sessions[0].turns[0].at is None
    assert result.sessions[0].notes == {}


def test_a_time_keeps_its_own_offset(read_back):
    """In UTC, "yesterday" said late in the evening would be the wrong day."""
    result = read_back("m.json", [{"role": "user", "content": "hi", "timestamp": "2026-03-05T23:30:00-05:00"}])
    assert result.sessions[0].turns[0].at.isoformat() == "2026-03-05T23:30:00-05:00"


def test_a_text_that_starts_with_a_quotation_mark_is_not_json(read_back):
    """A chat that begins with a quotation mark is read as text."""
    assert read_back("c.txt", 'User: "{hi}"\nAssistant: "yes"\n').texts == [("user", '"{hi}"'), ("assistant", '"yes"')]
    (problem,) = read_back("c.json", '"{ not JSON').problems
    assert "unrecognised" in problem.message


def test_a_date_and_a_time_of_day_in_two_fields_are_one_time(read_back):
    result = read_back("m.json", [{"role": "user", "content": "hi", "date": "2026-03-05", "time": "10:14:00"}])
    assert result.sessions[0].turns[0].at == MOMENT


def test_sender_ids_distinguish_people_but_are_not_names(read_back):
    """A single id may be of any kind; two ids are two people, even with the same name."""
    chat = [{"role": "user", "name": "Ada", "content": "a", "sender_id": "U1"}, {"role": "assistant", "content": "b"}]
    assert read_back("m.json", chat).sessions[0].owner is None
    for other in ({"sender_id": "U2"}, {"author": {"id": "U2", "name": "Ada"}}):
        (session,) = read_back("m.json", [*chat, {"role": "user", "name": "Ada", "content": "c", **other}]).sessions
        assert [turn.owner for turn in session.turns] == ["U1", None, "U2"]


def test_a_person_named_like_a_product_keeps_their_name(read_back):
    result = read_back("m.json", [{"role": "user", "name": "Claude", "content": "a"}, {"role": "user", "content": "b"}])
    assert [turn.speaker for turn in result.sessions[0].turns] == ["Claude", None]
