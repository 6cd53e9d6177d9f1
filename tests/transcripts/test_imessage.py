"""iMessage exports: text of friends, link previews and unsent messages must not become the user's."""

from tests.transcripts.conftest import Result

HEADER = (
    "Chat Session,Message Date,Delivered Date,Read Date,Edited Date,Deleted Date,Service,Type,Sender ID,Sender Name,"
    "Status,Replying to,Subject,Text,Reactions,Attachment,Attachment type"
)


def message(time: str, sender: str, *lines: str) -> str:
    return "\n".join([f"Mar  5, 2026  {time}", sender, *lines, "", ""])


def texts(result: Result) -> list[tuple[str | None, str]]:
    return [(turn.speaker, turn.text) for session in result.sessions for turn in session.turns]


def test_paragraphs_are_kept_and_receipts_effects_and_tapbacks_left_out(read_back) -> None:
    content = (
        "Mar  5, 2026 11:59:42 PM (Read by you after 1 second)\nMe\nFirst paragraph.\n\nSecond one.\nSent with Slam\n\n"
        + "Mar 06, 2026  9:00:00 AM\n+15550100\nHello\nTapbacks:\n    Loved by Me\n    🎉 by Ben\n\n"
    )
    result = read_back("chat.txt", content)
    assert texts(result) == [(None, "First paragraph.\n\nSecond one."), ("+15550100", "Hello")]
    assert [session.session_id for session in result.sessions] == ["chat/2026-03-05", "chat/2026-03-06"]


def test_a_reply_shown_under_its_message_is_read_once(read_back) -> None:
    reply = "    Mar  5, 2026  9:02:00 AM\n    Ben\n    I live in Oslo.\n\n"
    content = (
        message("9:00:00 AM", "Me", "Where do you live?", reply + "Really, where?")
        + message("9:01:00 AM", "Me", "And work?", reply.rstrip("\n"))
        + message("9:02:00 AM", "Ben", "I live in Oslo.", "This message responded to an earlier message.")
    )
    assert texts(read_back("chat.txt", content)) == [
        (None, "Where do you live?\n\nReally, where?"),
        (None, "And work?"),
        ("Ben", "I live in Oslo."),
    ]


def test_a_pasted_message_is_not_the_senders(read_back) -> None:
    pasted = message("9:00:00 AM", "Me", "Look what he wrote:", "Mar  1, 2026  8:00:00 AM", "Ben", "I live in Oslo.")
    result = read_back("chat.txt", pasted + message("9:05:00 AM", "Ben", "Yes."))
    assert texts(result) == [(None, "Look what he wrote:"), ("Ben", "Yes.")]
    assert sum(session.notes.get("message without a sender", 0) for session in result.sessions) == 1


def test_system_messages_and_attachments_are_counted(read_back) -> None:
    content = (
        message("9:00:00 AM", "Me", "Hello")
        + message("9:01:00 AM", "Me", "https://example.org/a", "A boat for sale", "I sell my boat.")
        + message("9:02:00 AM", "Ben", "~/Library/Messages/Attachments/aa/IMG_1.heic")
        + message("9:03:00 AM", "Ben", "Ben unsent this message part 4 seconds after sending!")
        + message("9:04:00 AM", "Ben", "This message was deleted from the conversation!", "I live in Oslo.")
        + message("9:05:00 AM", "Unknown", "I live on Mars.")
        + message("9:06:00 AM", "Me", "SharePlay Message", "Ended")
        + "Mar  5, 2026  9:07:00 AM Ben named the conversation Boats\n\n"
    )
    (session,) = read_back("chat.txt", content).sessions
    assert [turn.text for turn in session.turns] == ["Hello", "https://example.org/a"]
    assert session.notes == {
        "preview of a link": 1,
        "media": 1,
        "unsent message": 1,
        "deleted message": 1,
        "message without a sender": 1,
        "system line": 2,
    }


def test_the_last_text_of_an_edited_message_is_read(read_back) -> None:
    edits = ["Mar  5, 2026  9:00:00 AM I live in Oslo.", "Edited 2 minutes later: I live in Bergen."]
    assert texts(read_back("chat.txt", message("9:00:00 AM", "Me", *edits))) == [(None, "I live in Bergen.")]


def test_rows_of_imazing_are_read(read_back) -> None:
    rows = [
        'Ben,2026-03-05 09:00:00,,,,,iMessage,Outgoing,,,Read,,,"Hello, ""you""",,,',
        'Ben,2026-03-05 09:01:00,,,,,iMessage,Incoming,+1,Ben Okafor,Read,"Hello","","I live\nin Oslo.",,,',
        "Ben,2026-03-05 09:02:00,,,,,iMessage,Incoming,+1,Ben Okafor,Read,,,,,IMG.heic,Image",
        "Ben,2026-03-05 09:03:00,,,,,iMessage,Notification,,,,,,Ben left,,,",
        "Ben,2026-03-05 09:04:00,,,,2026-03-06 10:00:00,iMessage,Incoming,+1,Ben Okafor,Read,,,I live on Mars.,,,",
        "Ben,2026-03-05 09:05:00,,,,,iMessage,Incoming,,,Read,,,I am nobody.,,,",
        "Family,2026-03-05 09:06:00,,,,,SMS,Incoming,+2,Ben Okafor,Read,,,I am Ben too.,,,",
        "too,short",
        "Ben,some day,,,,,iMessage,Outgoing,,,Read,,,Undated,,,",
    ]
    result = read_back("Messages.csv", "\ufeff" + "\n".join([HEADER, *rows]))
    assert texts(result) == [
        (None, 'Hello, "you"'),
        ("Ben Okafor (+1)", "I live\nin Oslo."),
        ("Ben Okafor (+2)", "I am Ben too."),
        (None, "Undated"),
    ]
    ben = result.sessions[0]
    assert ben.notes == {"media": 1, "system line": 1, "deleted message": 1, "message without a sender": 1}
    assert [session.session_id for session in result.sessions] == [
        "Ben/2026-03-05",
        "Family/2026-03-05",
        "Ben/2026-03-05#2",
    ]
    assert "2 cells in a table of 17 columns" in str(result.problems[0])


def test_forwards_in_an_imazing_whatsapp_table_are_left_out(read_back) -> None:
    header = (
        "Chat Session;Message Date;Sent Date;Type;Sender ID;Sender Name;Status;Forwarded;Replying to;Text;Reactions;"
        "Attachment;Attachment type;Attachment info"
    )
    rows = [
        "Ben;2026-03-05 09:00:00;;Incoming;+1;Ben;Read;Yes;;I live on Mars.;;;;",
        "Ben;2026-03-05 09:01:00;;Incoming;+1;Ben;Read;;;I live in Oslo.;;;;",
    ]
    result = read_back("WhatsApp.csv", "\n".join([header, *rows]))
    assert texts(result) == [("Ben", "I live in Oslo.")]
    assert result.sessions[0].notes == {"forwarded message": 1}
