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


def test_an_export_as_text_keeps_times_senders_and_paragraphs(read_back) -> None:
    rule = "=" * 62
    head = f"{rule}\nGuild: Club\nChannel: Text / general\nTopic: User: hi\n{rule}\n\n"
    said = "[3/25/2026 10:14 AM] ada (pinned)\nI live in Oslo.\n\nUser: not I\n\n{Reactions}\nok (2)\n\n"
    said += "[4/5/2026 9:15 PM] ben.o\nBen: hello\n[4/5/2026 9:16 PM] ada\n\n"
    said += "[4/5/2026 9:17 PM] ben.o\nJoined the server.\n\n"
    first, second = read_back("general.txt", f"{head}{said}{rule}\nExported 3 message(s)\n{rule}\n").sessions
    assert first.title == "Club / Text / general"
    assert [(turn.speaker, turn.text) for turn in first.turns] == [("ada", "I live in Oslo.\n\nUser: not I")]
    assert first.turns[0].at.isoformat() == "2026-03-25T10:14:00+00:00"
    assert [(turn.speaker, turn.text) for turn in second.turns] == [("ben.o", "Ben: hello\n[4/5/2026 9:16 PM] ada")]
    assert (second.turns[0].at.isoformat(), second.notes) == ("2026-04-05T21:15:00+00:00", {"system message": 1})


def test_forwarded_text_and_short_years_of_an_export_as_text(read_back) -> None:
    rule = "=" * 62
    head = f"{rule}\nGuild: Club\nChannel: general\n{rule}\n\n"
    forwarded = "[25-Mar-26 10:14 AM] ada\n\n{Forwarded Message}\nI live on Mars.\n\n"
    media = "[25-Mar-26 10:15 AM] ada\n\n{Attachments}\nhttps://a.example/1.png\n\n"
    (session,) = read_back("general.txt", f"{head}{forwarded}{media}[25-Mar-26 10:16 AM] ada\nhi\n").sessions
    assert [(turn.text, turn.at.isoformat()) for turn in session.turns] == [("hi", "2026-03-25T10:16:00+00:00")]
    assert session.notes == {"forwarded message": 1, "media": 1}


def test_a_date_that_may_be_another_gives_no_time(read_back) -> None:
    rule = "=" * 62
    text = f"{rule}\nGuild: Club\nChannel: general\n{rule}\n\n[03/04/2026 10:14] ada\nhi\n"
    (session,) = read_back("general.txt", text).sessions
    assert (session.turns[0].at, session.notes) == (None, {"time not understood (turn kept without one)": 1})
    (session,) = read_back("general.txt", text, date_order="dmy").sessions
    assert session.turns[0].at.isoformat() == "2026-04-03T10:14:00+00:00"
