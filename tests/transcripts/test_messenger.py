"""Messenger and Instagram chats: letters, order and senders are right, and what the app wrote is nobody's."""

from typing import Any

import pytest

START = 1772704800000


def chat(*messages: dict[str, Any]) -> dict[str, Any]:
    """An export of the messages, oldest first; it lists the newest first."""
    rows = [
        {"sender_name": "Ben Okafor", "timestamp_ms": START + 60_000 * n, **each} for n, each in enumerate(messages)
    ]
    return {"participants": [{"name": "Ada"}, {"name": "Ben Okafor"}], "messages": rows[::-1], "title": "Ada"}


def bytes_as_characters(text: str) -> str:
    return text.encode().decode("latin-1")


def test_letters_are_decoded_and_the_oldest_message_is_first(read_back) -> None:
    said = "I live in Málaga 😀"
    messages = chat(
        {"content": "Hi"}, {"content": bytes_as_characters(said), "sender_name": bytes_as_characters("Zoë")}
    )
    (session,) = read_back("inbox/zoe_1/message_1.json", messages).sessions
    assert (session.session_id, session.title) == ("zoe_1/2026-03-05", "Ada")
    assert [(turn.speaker, turn.text) for turn in session.turns] == [("Ben Okafor", "Hi"), ("Zoë", said)]
    assert session.turns[0].at.isoformat() == "2026-03-05T10:00:00+00:00"


def test_what_the_assistant_in_a_chat_writes_is_not_a_persons(read_back) -> None:
    (session,) = read_back("chat.json", chat({"content": "Hi"}, {"content": "ok", "sender_name": "Meta AI"})).sessions
    assert [turn.role for turn in session.turns] == ["user", "assistant"]


def test_a_message_that_was_taken_back_is_deleted_in_both_forms(read_back) -> None:
    rows = [{"senderName": "Zoë", "timestamp": START, "text": text, "isUnsent": text == "oh"} for text in ("oh", "hi")]
    (session,) = read_back("Ben_5.json", {"participants": ["Zoë"], "threadName": "Ben_5", "messages": rows}).sessions
    assert ([turn.text for turn in session.turns], session.notes) == (["hi"], {"deleted message": 1})


def test_an_empty_chat_is_recognised(read_back) -> None:
    result = read_back("inbox/zoe_1/message_1.json", chat() | {"thread_path": "inbox/zoe_1"})
    (problem,) = result.problems
    assert "read as messenger" in str(problem)


def test_text_that_is_not_encoded_twice_is_unchanged(read_back) -> None:
    row = {"senderName": "Zoë", "timestamp": START, "text": "Café Ã© in Köln", "isUnsent": False, "type": "text"}
    (session,) = read_back("Ben_5.json", {"participants": ["Zoë"], "threadName": "Ben_5", "messages": [row]}).sessions
    assert [(turn.speaker, turn.text) for turn in session.turns] == [("Zoë", "Café Ã© in Köln")]
    (session,) = read_back("chat.json", chat({"content": "Café in Köln"})).sessions
    assert session.turns[0].text == "Café in Köln"


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({"content": "Ben Okafor left the group."}, "system line"),
        ({"content": "Ben named the group Trip."}, "system line"),
        ({"content": "Ben sent an attachment.", "share": {"link": "https://a.example"}}, "system line"),
        ({"content": "You sent an attachment."}, "system line"),
        ({"content": bytes_as_characters("Reacted ❤ to your message ")}, "system line"),
        ({"content": "Liked a message"}, "system line"),
        ({"content": "The video chat ended.", "call_duration": 5}, "system line"),
        ({"photos": [{"uri": "1.jpg"}]}, "media"),
        ({"is_unsent": True}, "deleted message"),
        ({"content": "hello", "sender_name": "Instagram User"}, "message without a sender"),
        ({}, "no text"),
    ],
)
def test_what_nobody_said_is_counted(read_back, message: dict[str, Any], reason: str) -> None:
    (session,) = read_back("chat.json", chat(message, {"content": "ok"})).sessions
    assert session.notes == {reason: 1}
    assert [turn.text for turn in session.turns] == ["ok"]


@pytest.mark.parametrize(
    "text", ["You left your keys", "Ben is my name", "Sent a photo to mum", "Bend it, added sugar"]
)
def test_words_like_those_of_the_app_are_the_persons(read_back, text: str) -> None:
    (session,) = read_back("chat.json", chat({"content": text})).sessions
    assert [turn.text for turn in session.turns] == [text]
