"""Telegram exports: forwarded articles, bot answers and text of people of the same name must not become the user's."""

import json
from datetime import timedelta
from typing import Any
from zipfile import ZipFile

from memctl.transcripts import Document, Skipped, discover
from tests.transcripts.conftest import Result

OFFSET = {"date": "2026-03-05T23:30:00", "date_unixtime": "1772767800"}  # at UTC-4


def chat(*messages: dict[str, Any], **about: Any) -> dict[str, Any]:
    whole = [{"id": 100 + n, "type": "message", **OFFSET, **message} for n, message in enumerate(messages)]
    return {"name": "Climbing", "type": "private_group", "id": 7, **about, "messages": whole}


def message_by(person: int, text: Any, name: str | None = "Ada Weiss", **more: Any) -> dict[str, Any]:
    return {"from": name, "from_id": f"user{person}", "text": text, **more}


def test_entities_links_and_plain_pieces_are_one_text(read_back) -> None:
    pieces = ["I read ", {"type": "text_link", "text": "this", "href": "https://example.org/a"}, " and ", 5]
    result: Result = read_back("result.json", chat(message_by(1, [*pieces, {"type": "bold", "text": "liked"}, " it."])))
    assert result.texts == [("user", "I read this (https://example.org/a) and liked it.")]


def test_a_quoted_passage_is_not_the_senders(read_back) -> None:
    quote = {"type": "blockquote", "text": "I live in Oslo."}
    result: Result = read_back("result.json", chat(message_by(1, [quote, "Really?"])))
    assert result.texts == [("user", "Really?")]
    assert result.sessions[0].notes == {"quoted text": 1}


def test_forwards_inline_bots_media_and_services_are_counted(read_back) -> None:
    result: Result = read_back(
        "result.json",
        chat(
            message_by(1, "I moved to Ghent.", forwarded_from="Ada Weiss"),
            message_by(1, "I live on Mars.", forwarded_from=None),
            message_by(1, "I am a cat.", via_bot="@gif"),
            message_by(1, "", media_type="voice_message", file="voice.ogg"),
            message_by(1, "", poll={"question": "When?"}),
            {"type": "service", "actor": "Ada Weiss", "actor_id": "user1", "action": "pin_message"},
            {"type": "unsupported"},
            {"text": "I have no sender."},
            message_by(1, "I am here."),
        ),
    )
    (session,) = result.sessions
    assert [turn.text for turn in session.turns] == ["I am here."]
    assert session.notes == {
        "forwarded message": 2,
        "message written by a bot": 1,
        "media": 1,
        "poll": 1,
        "service message": 1,
        "not a message": 1,
        "message without a sender": 1,
    }


def test_two_people_with_the_same_name_are_distinguished(read_back) -> None:
    result: Result = read_back(
        "result.json", chat(message_by(1, "I am a nurse."), message_by(2, "I am a pilot."), message_by(1, "Yes."))
    )
    speakers = [turn.speaker for turn in result.sessions[0].turns]
    assert speakers == ["Ada Weiss (user1)", "Ada Weiss (user2)", "Ada Weiss (user1)"]


def test_a_renamed_person_and_a_deleted_account_keep_their_id(read_back) -> None:
    result: Result = read_back(
        "result.json", chat(message_by(1, "one", "Ada"), message_by(3, "two", None), message_by(1, "three", "Ada W"))
    )
    assert [turn.speaker for turn in result.sessions[0].turns] == ["Ada W", "user3", "Ada W"]


def test_channel_posts_and_bot_answers_are_not_a_persons_text(read_back) -> None:
    post = message_by(1, "I sold a boat.", "Harbour") | {"from_id": "channel9"}
    bot = chat(message_by(1, "What is the weather?"), message_by(7, "I am a bot.", "Weather"), type="bot_chat")
    assert read_back("a.json", chat(post)).texts == [("tool", "I sold a boat.")]
    assert read_back("b.json", bot).texts == [("user", "What is the weather?"), ("assistant", "I am a bot.")]


def test_the_time_offset_is_derived_from_the_two_time_fields(read_back) -> None:
    odd = message_by(1, "later", date="2026-03-05T23:31:07")
    (west, exact) = read_back("result.json", chat(message_by(1, "late"), odd)).sessions
    assert west.session_id == "telegram-7/2026-03-05"
    assert west.turns[0].at.utcoffset() == timedelta(hours=-4)
    assert exact.turns[0].at.isoformat() == "2026-03-06T03:30:00+00:00"


def test_the_chats_belong_to_the_account_holder(read_back) -> None:
    personal = {"user_id": 1, "first_name": "Ada"}
    chats = {
        "list": [
            chat(message_by(1, "I am a nurse."), message_by(2, "I am Ben.", "Ben"), id=7),
            chat(message_by(1, "Note."), id=8),
        ]
    }
    left = {"list": [chat(message_by(2, "I left.", "Ben"), id=9)]}
    content = {"about": "Here is", "personal_information": personal, "chats": chats, "left_chats": left}
    result: Result = read_back("result.json", content)
    assert [session.session_id.partition("/")[0] for session in result.sessions] == [
        "telegram-7",
        "telegram-8",
        "telegram-9",
    ]
    assert {session.owner for session in result.sessions} == {"Ada Weiss"}


def test_fields_in_another_order_and_numeric_ids_are_read(read_back) -> None:
    old = {"id": 1, "type": "message", "date": "2019-05-01T10:00:00", "from": "Ada", "from_id": 42, "text": "Hello"}
    result: Result = read_back("result.json", {"messages": [old], "id": 42, "name": "Ada", "type": "bot_chat"})
    (session,) = result.sessions
    assert (session.session_id, session.title) == ("telegram-42/2019-05-01", "Ada")
    assert session.turns[0].role == "assistant"


def test_a_truncated_export_is_read_up_to_the_cut(read_back) -> None:
    whole = json.dumps(chat(message_by(1, "I am a nurse."), message_by(1, "I like tea.")))
    result: Result = read_back("result.json", whole[: whole.index("tea")])
    assert result.problems
    assert "invalid JSON after 1 complete record:" in str(result.problems[0])


def test_sent_files_are_not_read_as_transcripts(tmp_path) -> None:
    folder = tmp_path / "ChatExport_2026-03-06"
    (folder / "files").mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(chat(message_by(1, "I am a nurse."))))
    (folder / "files" / "story.txt").write_text("User: I live on Mars.\nAssistant: Really?\n")
    with ZipFile(tmp_path / "export.zip", "w") as archive:
        for path in folder.rglob("*.*"):
            archive.write(path, path.relative_to(folder))
    for root in (folder, tmp_path / "export.zip"):
        discovered = list(discover([str(root)]))
        assert [each.name for each in discovered if isinstance(each, Document)] == ["result.json"]
        assert [each.reason for each in discovered if isinstance(each, Skipped)] == [
            "Telegram attachment or metadata file"
        ]
