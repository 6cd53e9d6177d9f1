"""Exports of chat programs and coding agents: the user's turns are read, and undone or inserted text is not."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from memctl.transcripts import Document, ReadOptions, Session, discover, read
from memctl.transcripts.detect import detect

OMAR = Path(__file__).parents[2] / "fixtures" / "formats" / "omar"


def sample(name, **options):
    """The format of a sample and its session with turns."""
    (document,) = discover([str(OMAR / name)])
    assert isinstance(document, Document)
    sessions = list(read(document, ReadOptions(**options)))
    assert all(isinstance(item, Session) for item in sessions), sessions
    (session,) = [item for item in sessions if item.turns]
    return detect(document), session


def texts(session):
    return [(turn.role, turn.text) for turn in session.turns]


@pytest.mark.parametrize(
    ("name", "form", "at", "expected", "notes"),
    [
        (
            "deepseek-conversations.json",
            "deepseek",
            datetime(2026, 2, 11, 13, 4, 0, 500000, tzinfo=UTC),
            [
                ("user", "I commute by ferry from Moss to Horten. When is the first one on Mondays?"),
                ("assistant", "The first ferry leaves early, at a quarter to six."),
                ("user", "Thanks. I work at the shipyard there."),
            ],
            {"abandoned branch": 1, "thinking": 1},
        ),
        (
            "open-webui-chats.json",
            "open-webui",
            datetime(2026, 2, 11, 8, 53, 21, tzinfo=UTC),
            [
                ("user", "I sail on weekends. Which knot holds a fender?"),
                ("assistant", "A clove hitch with a half hitch."),
            ],
            {"abandoned branch": 1},
        ),
        (
            "librechat-conversation.json",
            "librechat",
            datetime(2026, 1, 9, 9, tzinfo=UTC),
            [
                ("user", "I bake rye bread every Friday. How long does the sourdough rest?"),
                ("assistant", "About twelve hours."),
            ],
            {},
        ),
        (
            "MyActivity.json",
            "gemini-activity",
            datetime(2026, 1, 20, 18, 5, 12, 345000, tzinfo=UTC),
            [
                ("user", "I play the cello in an amateur orchestra. Suggest a short warm-up."),
                ("assistant", "Long bows first.\nOpen strings & scales"),
            ],
            {"other activity": 1, "activity of another product": 1},
        ),
        (
            "copilot-chat.json",
            "copilot-chat",
            datetime(2026, 1, 21, 12, 53, 20, tzinfo=UTC),
            [
                ("user", "I prefer pytest over unittest. Write a test for the parser."),
                ("assistant", "Here is a test for the parser."),
            ],
            {"rolled-back turn": 1, "tool call": 1},
        ),
        (
            "sillytavern - Captain.jsonl",
            "sillytavern",
            datetime(2026, 1, 5, 19, 2, tzinfo=UTC),
            [("assistant", "Welcome aboard."), ("user", "I collect old sea charts."), ("assistant", "So do I.")],
            {},
        ),
        (
            "opencode-session.json",
            "opencode",
            datetime(2026, 1, 15, 18, 0, 1, tzinfo=UTC),
            [("user", "I use tabs of width four. Refactor the loader."), ("assistant", "Done.")],
            {"injected context": 1, "rolled-back turn": 1, "tool call": 1},
        ),
        (
            "cursor-agent.jsonl",
            "cursor",
            None,
            [("user", "I write my services in Go. Port this one."), ("assistant", "I will start with the router.")],
            {"editor context": 1, "tool call": 1},
        ),
    ],
)
def test_a_sample_of_each_format_is_read(name, form, at, expected, notes):
    format_, session = sample(name)
    assert (format_, texts(session), session.turns[0].at, session.notes) == (form, expected, at, notes)


@pytest.mark.parametrize(
    ("name", "abandoned"),
    [
        ("deepseek-conversations.json", ("assistant", "I am not sure.")),
        ("open-webui-chats.json", ("assistant", "A bowline.")),
    ],
)
def test_other_branches_are_read_on_request(name, abandoned):
    assert abandoned in texts(sample(name, branches=True)[1])


def test_amp_threads_and_chatbox_sessions_are_read(read_back):
    amp = {
        "v": 12,
        "id": "T-019b",
        "title": "Loader",
        "created": 1768500000000,
        "messages": [
            {
                "role": "user",
                "messageId": 0,
                "content": [{"type": "text", "text": "I use Rust."}],
                "meta": {"sentAt": 1768500001000},
            },
            {
                "role": "assistant",
                "messageId": 1,
                "content": [{"type": "thinking", "thinking": "x"}, {"type": "text", "text": "Yes."}],
            },
            {
                "role": "user",
                "messageId": 2,
                "content": [{"type": "tool_result", "toolUseID": "t", "run": {"result": "x"}}],
            },
        ],
    }
    (session,) = read_back("T-019b.json", amp).sessions
    assert (session.session_id, session.title) == ("T-019b", "Loader")
    assert texts(session) == [("user", "I use Rust."), ("assistant", "Yes.")]
    assert session.turns[0].at == datetime(2026, 1, 15, 18, 0, 1, tzinfo=UTC)
    part = [{"type": "text", "text": "earlier"}]
    chatbox = {
        "id": "s",
        "messages": [{"id": "1", "role": "user", "contentParts": [{"type": "text", "text": "now"}]}],
        "threads": [{"id": "t", "messages": [{"id": "0", "role": "user", "contentParts": part}]}],
    }
    result = read_back("chatbox.json", [chatbox])
    assert [(s.session_id, s.turns[0].text) for s in result.sessions] == [("s", "now"), ("t", "earlier")]


def test_a_grok_export_with_wrapped_messages_is_read(read_back):
    said = [("human", "I row on Sundays."), ("ASSISTANT", "Nice.")]
    responses = [
        {
            "response": {
                "_id": str(n),
                "sender": who,
                "message": text,
                "create_time": {"$date": {"$numberLong": "1768500001000"}},
            }
        }
        for n, (who, text) in enumerate(said)
    ]
    export = {"conversations": [{"conversation": {"id": "c", "title": "Rowing"}, "responses": responses}]}
    (session,) = read_back("prod-grok-backend.json", export).sessions
    assert texts(session) == [("user", "I row on Sundays."), ("assistant", "Nice.")]
    assert session.turns[0].at == datetime(2026, 1, 15, 18, 0, 1, tzinfo=UTC)


def test_unwrapped_messages_and_conversations_by_id_are_read(read_back):
    said, answer = {"role": "user", "content": "one"}, {"role": "assistant", "content": "two"}
    assert texts(read_back("m.json", {"m1": said, "m2": answer}).sessions[0]) == [("user", "one"), ("assistant", "two")]
    sessions = read_back("m.json", {"c1": [said], "c2": [answer]}).sessions
    assert [session.session_id for session in sessions] == ["c1", "c2"]
    both = {"request": {"messages": [said]}, "response": {"choices": [{"message": answer}]}}
    assert len(read_back("log.json", both).problems) == 1, "an incomplete conversation is not read"


def test_context_added_by_a_tool_is_not_the_users(read_back):
    added = {"type": "text", "text": "<environment_details>I live in Oslo.</environment_details>"}
    message = {"role": "user", "content": [{"type": "text", "text": "Fix the map."}, added]}
    result = read_back("api_conversation_history.json", [message])
    assert result.texts == [("user", "Fix the map.")]
    assert result.sessions[0].notes == {"editor context": 1}


def test_conversations_by_id_are_read(read_back):
    """The form in which LlamaIndex stores chats."""
    store = {
        "class_name": "SimpleChatStore",
        "store": {"a": [{"role": "user", "content": "one"}], "b": [{"role": "user", "content": "two"}]},
    }
    result = read_back("store.json", store)
    assert [(s.session_id, s.turns[0].text) for s in result.sessions] == [("a", "one"), ("b", "two")]


def test_activities_in_an_unknown_language_are_not_read(read_back):
    entry = {"header": "Gemini-Apps", "title": "Eingegebener Prompt: Ich wohne in Gent", "time": "2026-01-20T18:00:00Z"}
    (problem,) = read_back("MyActivity.json", [entry | {"products": ["Gemini-Apps"]}]).problems
    assert "no turn" in problem.message


def test_sub_agent_sessions_of_opencode_are_read_only_on_request(read_back):
    message = {"info": {"id": "m", "role": "user"}, "parts": [{"type": "text", "text": "task"}]}
    session = {"info": {"id": "ses_2", "parentID": "ses_1"}, "messages": [message]}
    assert read_back("s.json", session).sessions[0].notes == {"sidechain": 1}
    assert read_back("s.json", session, sidechains=True).texts == [("user", "task")]


def test_a_hidden_message_of_sillytavern_is_not_read(read_back):
    lines = [
        {"user_name": "Omar", "character_name": "Captain"},
        {"name": "Omar", "is_user": True, "is_system": True, "mes": "I live in Oslo."},
        {"name": "Omar", "is_user": True, "is_system": False, "mes": "Hello."},
    ]
    result = read_back("chat.jsonl", lines)
    assert result.texts == [("user", "Hello.")]
    assert result.sessions[0].notes == {"hidden message": 1}
