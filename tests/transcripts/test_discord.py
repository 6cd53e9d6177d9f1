"""Discord exports: text of bots, forwarded messages and people of the same name must not become the user's."""

from typing import Any

from tests.transcripts.conftest import Result

CHANNEL = {"id": "9", "type": "GuildTextChat", "category": "Text", "name": "general"}


def export(*messages: dict[str, Any], **about: Any) -> dict[str, Any]:
    rows = [
        {"id": f"m{n}", "type": "Default", "timestamp": "2026-03-05T23:50:00+02:00", **message}
        for n, message in enumerate(messages)
    ]
    return {"guild": {"id": "1", "name": "Club"}, "channel": CHANNEL, "dateRange": {}, **about, "messages": rows}


def message_by(person: str, content: str, nickname: str | None = "Ada", **more: Any) -> dict[str, Any]:
    author = {"id": person, "name": f"handle{person}", "discriminator": "0000", "nickname": nickname, "isBot": False}
    return {"author": author | more.pop("author", {}), "content": content, **more}


def test_replies_edits_and_offsets_are_kept(read_back) -> None:
    reply = message_by(
        "2", "Hello Ada", "Ben", type="Reply", reference={"messageId": "m0"}, timestampEdited="2026-03-06"
    )
    (session,) = read_back("chat.json", export(message_by("1", "Hi"), reply)).sessions
    assert (session.session_id, session.title) == ("discord-9/2026-03-05", "Club / Text / general")
    assert [(turn.speaker, turn.text, turn.parent_id) for turn in session.turns] == [
        ("Ada", "Hi", None),
        ("Ben", "Hello Ada", "m0"),
    ]
    assert session.turns[0].at.isoformat() == "2026-03-05T23:50:00+02:00"


def test_two_people_with_the_same_nickname_are_distinguished(read_back) -> None:
    (session,) = read_back(
        "chat.json", export(message_by("1", "I am a nurse."), message_by("2", "I am a pilot."))
    ).sessions
    assert [turn.speaker for turn in session.turns] == ["Ada (handle1)", "Ada (handle2)"]
    old = [
        message_by(n, "Hello", author={"name": "ada", "discriminator": number})
        for n, number in (("1", "0001"), ("2", "0002"))
    ]
    (session,) = read_back("chat.json", export(*old)).sessions
    assert [turn.speaker for turn in session.turns] == ["Ada (ada#0001)", "Ada (ada#0002)"]


def test_bots_forwards_system_lines_and_media_are_not_a_persons_text(read_back) -> None:
    bot = {"isBot": True, "name": "helper"}
    embed = {"title": "I live on Mars", "description": ""}
    result: Result = read_back(
        "chat.json",
        export(
            message_by("3", "I am a bot.", author=bot),
            message_by("3", "", author=bot, embeds=[embed], type="20"),
            message_by("1", "", forwardedMessage={"content": "I moved to Oslo."}),
            message_by("1", "Look at this", forwardedMessage={"content": "I moved to Oslo."}),
            message_by("1", "https://example.org", embeds=[embed]),
            message_by("1", "", attachments=[{"fileName": "a.png"}]),
            message_by("1", "Joined the server.", type="GuildMemberJoin"),
            message_by("1", "Pinned a message.", type="6"),
            {"content": "I have no author."},
            message_by("1", "  "),
        ),
    )
    (session,) = result.sessions
    assert result.texts == [
        ("tool", "I am a bot."),
        ("tool", "I live on Mars"),
        ("user", "Look at this"),
        ("user", "https://example.org"),
    ]
    assert session.notes == {
        "forwarded message": 2,
        "media": 1,
        "system message": 2,
        "message without a sender": 1,
        "message without text": 1,
    }


def test_a_person_without_a_nickname_has_a_name(read_back) -> None:
    (session,) = read_back("chat.json", export(message_by("1", "Hi", None))).sessions
    assert session.turns[0].speaker == "handle1"


def test_an_unreadable_time_is_counted_and_left_empty(read_back) -> None:
    (session,) = read_back("chat.json", export(message_by("1", "Hi", timestamp="some day"))).sessions
    assert session.turns[0].at is None
    assert session.notes == {"time not understood (turn kept without one)": 1}
    assert session.session_id == "discord-9/undated"
