"""Slack exports: private messages are left out, and text of bots and quoted people must not become the user's."""

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from memctl.core.errors import BadTranscript
from memctl.transcripts import ReadOptions, Session, Skipped, discover, read
from memctl.transcripts.detect import detect
from memctl.transcripts.files.discovery import Document

EXPORT = Path(__file__).parents[2] / "fixtures/transcripts/mei/slack"


def sessions(path: Path, options: ReadOptions | None = None) -> dict[str, Session]:
    by_id: dict[str, Session] = {}
    for doc in discover([str(path)]):
        if isinstance(doc, Document):
            assert detect(doc) == "slack"
            for session in read(doc, options or ReadOptions()):
                assert isinstance(session, Session)
                by_id[session.session_id] = session
        else:
            assert isinstance(doc, Skipped)
    return by_id


def items_of(path: Path, *messages: dict[str, Any]) -> list[Session | BadTranscript]:
    file = path / "2026-03-10.json"
    file.write_text(json.dumps(messages), encoding="utf-8")
    return list(read(Document(str(file), file.name, 1, 0, path=file), ReadOptions(), "slack"))


def test_names_channels_links_and_entities_are_decoded() -> None:
    results = sessions(EXPORT)
    general = results["general/2026-03-09"]
    assert general.title == "#general"
    assert general.turns[1].text == "Welcome @Mei Tanaka! Ask anything in #platform or #platform"
    assert general.turns[2].text.endswith("please <3")
    assert {turn.speaker for turn in general.turns} == {"Mei Tanaka", "Tom Okafor"}
    assert results["platform/2026-03-10"].turns[0].text.endswith("comparison (https://wiki.example/warehouse)")


def test_threads_bots_quotes_and_subtypes_are_handled() -> None:
    platform = sessions(EXPORT)["platform/2026-03-10"]
    start, reply, bot, later = platform.turns
    assert (start.turn_id, start.parent_id) == ("1773133200.000100", None)
    assert reply.parent_id == later.parent_id == start.turn_id
    assert "\n> we should move to Oracle\n" in reply.text
    assert (bot.role, bot.raw_kind, bot.text) == ("tool", "bot_message", "pipeline 412 deployed to staging")
    assert platform.notes == {"file without text": 1, "channel_topic": 1}


def test_direct_messages_are_read_only_on_request() -> None:
    kept_out = sessions(EXPORT)["D0MEITOM1/2026-03-11"]
    assert (kept_out.turns, kept_out.notes) == ((), {"direct message": 1})
    asked = sessions(EXPORT, ReadOptions(direct_messages=True))["D0MEITOM1/2026-03-11"]
    assert asked.title == "Mei Tanaka, Tom Okafor"
    assert [turn.text for turn in asked.turns] == ["Between us: I applied for the Kyoto position"]


def test_a_zipped_export_reads_the_same(tmp_path: Path) -> None:
    with ZipFile(tmp_path / "export.zip", "w") as archive:
        for file in sorted(EXPORT.rglob("*.json")):
            archive.write(file, file.relative_to(EXPORT).as_posix())
    assert sessions(tmp_path / "export.zip") == sessions(EXPORT)


def test_without_user_lists_ids_are_shown_and_app_posts_are_not_the_users(tmp_path: Path) -> None:
    (session,) = items_of(
        tmp_path,
        {"type": "message", "user": "U1", "text": "see <@U2> <mailto:a@b.cc|a@b.cc>", "ts": "1773133200.0001"},
        {"type": "message", "bot_id": "B1", "username": "CI", "text": "built", "ts": "1773133201.0001"},
        {"type": "message", "user": "U1", "user_profile": {"real_name": "Ann"}, "text": "ok", "ts": "1773133202.0001"},
    )
    assert isinstance(session, Session)
    assert [(turn.speaker, turn.role, turn.text) for turn in session.turns] == [
        ("U1", "user", "see @U2 a@b.cc"),
        ("CI", "tool", "built"),
        ("Ann", "user", "ok"),
    ]


def test_a_record_without_ts_is_one_bad_record(tmp_path: Path) -> None:
    good = {"type": "message", "user": "U1", "text": "a", "ts": "1773133200.1"}
    bad, session = items_of(tmp_path, {"type": "message"}, good)
    assert isinstance(bad, BadTranscript)
    assert isinstance(session, Session)
    assert len(session.turns) == 1


def test_two_messages_with_the_same_ts_are_two_turns(tmp_path: Path) -> None:
    same = {"type": "message", "user": "U1", "ts": "1773133200.1"}
    (session,) = items_of(tmp_path, {**same, "text": "a"}, {**same, "text": "b"}, {**same, "text": "c"})
    assert isinstance(session, Session)
    ids = ["1773133200.1", "1773133200.1#2", "1773133200.1#3"]
    assert [(turn.turn_id, turn.text) for turn in session.turns] == list(zip(ids, "abc", strict=True))


def export(path: Path, people: list[dict[str, Any]], *messages: dict[str, Any]) -> Session:
    folder = path / "general"
    folder.mkdir()
    (path / "users.json").write_text(json.dumps(people), encoding="utf-8")
    (path / "channels.json").write_text(json.dumps([{"id": "C1", "name": "general"}]), encoding="utf-8")
    (folder / "2026-03-10.json").write_text(
        json.dumps([{"type": "message", "ts": f"177313320{n}.000100", **one} for n, one in enumerate(messages)]),
        encoding="utf-8",
    )
    return sessions(path)["general/2026-03-10"]


def test_two_people_with_the_same_name_are_distinguished(tmp_path: Path) -> None:
    people = [{"id": f"U{n}", "name": handle, "profile": {"real_name": "Ada Kern"}} for n, handle in enumerate("ab")]
    messages = export(
        tmp_path, people, {"user": "U0", "text": "I live in Ghent."}, {"user": "U1", "text": "I live in Oslo."}
    )
    assert [turn.speaker for turn in messages.turns] == ["Ada Kern (a)", "Ada Kern (b)"]


def test_a_shared_message_belongs_to_its_author(tmp_path: Path) -> None:
    people = [{"id": "U1", "name": "ada"}, {"id": "U2", "name": "tom"}]
    messages = export(
        tmp_path,
        people,
        {"user": "U1", "text": "", "attachments": [{"is_share": True, "author_id": "U2", "text": "I live in Oslo."}]},
        {
            "user": "U1",
            "text": "look",
            "attachments": [{"is_msg_unfurl": True, "author_name": "Lea", "text": "I sing."}],
        },
        {"user": "U1", "text": "", "attachments": [{"title": "A page", "text": "I am a preview."}]},
        {"user": "U1", "text": "", "attachments": [{"is_share": True, "text": "Nobody knows whose."}]},
    )
    assert [(turn.speaker, turn.text) for turn in messages.turns] == [
        ("tom", "I live in Oslo."),
        ("ada", "look"),
        ("Lea", "I sing."),
    ]
    assert messages.notes == {"message without text": 1, "shared message without author or text": 1}


def test_a_message_without_a_sender_is_left_out(tmp_path: Path) -> None:
    (session,) = items_of(tmp_path, {"type": "message", "ts": "1773133200.000100", "text": "I live on Mars."})
    assert isinstance(session, Session)
    assert (session.turns, session.notes) == ((), {"message without a sender": 1})


def test_a_message_whose_words_are_only_in_its_blocks_is_read(tmp_path) -> None:
    section = {
        "type": "rich_text_section",
        "elements": [
            {"type": "text", "text": "I use "},
            {"type": "link", "url": "https://vim.example", "text": "Vim"},
            {"type": "text", "text": " & tea, "},
            {"type": "user", "user_id": "U2"},
            {"type": "emoji", "name": "wave"},
        ],
    }
    quote = {"type": "rich_text_quote", "elements": [{"type": "text", "text": "a\nb"}]}
    items = {
        "type": "rich_text_list",
        "elements": [{**section, "elements": [{"type": "text", "text": t}]} for t in "cd"],
    }
    controls = {"type": "actions", "elements": [{"type": "button", "text": {"type": "plain_text", "text": "Press"}}]}
    plain = {"type": "section", "text": {"type": "mrkdwn", "text": "I live in Oslo."}}
    blocks = [{"type": "rich_text", "elements": [section, quote, items]}, controls, plain]
    message = {"type": "message", "user": "U1", "text": "", "ts": "1773133200.000100", "blocks": blocks}
    (session,) = items_of(tmp_path, message)
    assert isinstance(session, Session)
    assert [turn.text for turn in session.turns] == [
        "I use Vim (https://vim.example) & tea, @U2:wave:\n> a\n> b\nc\nd\nI live in Oslo."
    ]
