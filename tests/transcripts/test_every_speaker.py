"""For every messenger and any conversation of people: no text gets another speaker, and no message is lost. Two people
have the same name; formats with ids distinguish them.
"""

import json
import re
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memctl.core.errors import BadTranscript
from memctl.transcripts import ReadOptions, Session, discover, read
from memctl.transcripts.detect import detect
from memctl.transcripts.files.discovery import Document
from tests.transcripts import word

START = datetime(2026, 3, 5, 22, 0, tzinfo=UTC)
NAMES = ("Ada Weiss", "Ben Okafor", "Ada Weiss")
DISTINCT = ("Ada Weiss", "Ben Okafor", "Chioma Eze")
KINDS = ("said", "said", "said", "media", "system", "forwarded", "nobody", "pasted")


class Said(NamedTuple):
    """A message: its number, sender and kind. A forwarded one has another person's text, and one of `nobody` has no
    sender."""

    number: int
    who: int
    kind: str

    @property
    def word(self) -> str:
        return f"word{self.number}x"

    @property
    def text(self) -> str:
        return f"look\n[12/03/26, 09:00:01] Ada Weiss: {self.word}" if self.kind == "pasted" else self.word

    @property
    def at(self) -> datetime:
        return START + timedelta(minutes=17 * self.number)

    @property
    def name(self) -> str:
        return DISTINCT[self.who]


class Writer(NamedTuple):
    """Writes messages as files. `kinds` are the kinds of messages in the format; `ids` is true if it distinguishes
    people of the same name."""

    files: Callable[[list[Said]], dict[str, str | bytes]]
    kinds: tuple[str, ...] = KINDS
    ids: bool = False


def whatsapp(messages: list[Said], bracketed: bool = False) -> dict[str, str | bytes]:
    lines = []
    for m in messages:
        name = "" if m.kind == "nobody" else f"{m.name}: "
        text = {"media": "<Media omitted>", "system": "You created this group"}.get(m.kind, m.text)
        stamp = f"[{m.at:%d/%m/%Y, %H:%M:%S}] " if bracketed else f"{m.at:%d/%m/%Y, %H:%M} - "
        lines.append(stamp + (text if m.kind == "system" else name + text))
    return {"WhatsApp Chat with Ben.txt": "\n".join(["13/01/2026, 09:00 - Ben Okafor: hello", *lines][bracketed:])}


def slack(messages: list[Said]) -> dict[str, str | bytes]:
    people = [{"id": f"U{n}", "name": f"h{n}", "profile": {"real_name": name}} for n, name in enumerate(NAMES)]
    rows = []
    for m in messages:
        row: dict[str, Any] = {"type": "message", "ts": f"{m.at.timestamp():.6f}", "user": f"U{m.who}", "text": m.text}
        if m.kind == "media":
            row |= {"text": "", "files": [{"id": "F1"}]}
        elif m.kind == "system":
            row |= {"subtype": "channel_join"}
        elif m.kind == "forwarded":
            row |= {"text": "", "attachments": [{"is_share": True, "author_id": "U9", "text": m.text}]}
        elif m.kind == "nobody":
            del row["user"]
        rows.append(row)
    return {
        "export/users.json": json.dumps(people),
        "export/channels.json": json.dumps([{"id": "C1", "name": "general"}]),
        "export/general/2026-03-05.json": json.dumps(rows),
    }


def telegram(messages: list[Said], account: bool = False) -> dict[str, str | bytes]:
    rows = []
    for m in messages:
        row: dict[str, Any] = {"id": m.number, "type": "message", "date": f"{m.at:%Y-%m-%dT%H:%M:%S}"}
        row |= {"date_unixtime": str(int(m.at.timestamp())), "from": NAMES[m.who], "from_id": f"user{m.who}"}
        row |= {"text": m.text if m.number % 2 else [{"type": "bold", "text": m.text}]}
        if m.kind == "media":
            row |= {"text": "", "photo": "(File not included.)"}
        elif m.kind == "system":
            row |= {"type": "service", "actor": NAMES[m.who], "action": "pin_message"}
        elif m.kind == "forwarded":
            row |= {"forwarded_from": NAMES[m.who]}
        elif m.kind == "nobody":
            row |= {"from": None}
            del row["from_id"]
        rows.append(row)
    chat = {"name": "Climbing", "type": "private_group", "id": 77, "messages": rows}
    holder = {"user_id": 0, "first_name": "Ada"}
    whole = {"about": "", "personal_information": holder, "chats": {"list": [chat, {"id": 8, "messages": []}]}}
    return {"result.json": json.dumps(whole if account else chat)}


def discord(messages: list[Said]) -> dict[str, str | bytes]:
    rows = []
    for m in messages:
        author = {"id": str(m.who), "name": f"h{m.who}", "nickname": NAMES[m.who], "isBot": False}
        row: dict[str, Any] = {"id": f"m{m.number}", "type": "Default", "timestamp": m.at.isoformat()}
        row |= {"content": m.text, "author": author}
        if m.kind == "media":
            row |= {"content": "", "stickers": [{"id": "s"}]}
        elif m.kind == "system":
            row |= {"type": "ChannelPinnedMessage"}
        elif m.kind == "forwarded":
            row |= {"content": "", "forwardedMessage": {"content": m.text}}
        elif m.kind == "nobody":
            row |= {"author": {}}
        rows.append(row)
    return {"chat.json": json.dumps({"guild": {}, "channel": {"id": "1"}, "messages": rows})}


def discord_text(messages: list[Said]) -> dict[str, str | bytes]:
    rule = "=" * 62
    blocks = {"media": "\n{Attachments}\nhttps://a.example/1.png\n", "forwarded": "\n{Forwarded Message}\n"}
    texts = [f"{rule}\nGuild: Club\nChannel: Text / general\n{rule}\n"]
    for m in messages:
        text = {"media": "", "system": "Pinned a message.", "forwarded": ""}.get(m.kind, m.text)
        text += blocks.get(m.kind, "") + (m.text if m.kind == "forwarded" else "")
        texts.append(f"[{m.at:%d-%b-%y %I:%M %p}] {m.name}\n{text}\n")
    return {"Club - general.txt": "\n".join([*texts, f"{rule}\nExported {len(messages)} message(s)\n{rule}\n"])}


def messenger(messages: list[Said], encrypted: bool = False) -> dict[str, str | bytes]:
    rows = []
    for m in messages:
        person = "Facebook user" if m.kind == "nobody" else m.name
        said = {"media": "", "system": f"{person} left the group."}.get(m.kind, m.text)
        row: dict[str, Any] = {"senderName": person, "timestamp": round(m.at.timestamp() * 1000), "text": said}
        if not encrypted:
            row = {"sender_name": person, "timestamp_ms": row["timestamp"], "content": said}
        rows.append(row | ({"photos": [{"uri": "1.jpg"}]} if m.kind == "media" else {}))
    people: list[Any] = [*NAMES] if encrypted else [{"name": name} for name in NAMES]
    return {"ben_1/message_1.json": json.dumps({"participants": people, "messages": rows[::-1], "title": "Ben"})}


def imessage(messages: list[Said]) -> dict[str, str | bytes]:
    lines = []
    for m in messages:
        time = f"{m.at:%b %d, %Y} {m.at.strftime('%I').lstrip('0'):>2}:{m.at:%M:%S %p}"
        sender = "Unknown" if m.kind == "nobody" else "Me" if m.who == 0 else m.name
        if m.kind == "system":
            lines += [f"{time} {m.name} named the conversation {m.word}", ""]
        elif m.kind == "media":
            lines += [time, sender, "attachments/7/a.png", ""]
        elif m.kind == "forwarded":
            lines += [time, sender, "https://example.org", m.text, ""]
        else:
            lines += [time, sender, m.text, ""]
    return {"Climbing.txt": "\n".join(lines)}


def imazing(messages: list[Said]) -> dict[str, str | bytes]:
    rows = ["Chat Session,Message Date,Type,Sender ID,Sender Name,Forwarded,Text,Attachment"]
    for m in messages:
        kind = "Notification" if m.kind == "system" else "Incoming" if m.who else "Outgoing"
        sender = "," if m.kind == "nobody" else f"+{m.who},{NAMES[m.who]}"
        cells = ["", f'"{m.text}"', ""]
        if m.kind == "media":
            cells = ["", "", "a.png"]
        elif m.kind == "forwarded":
            cells[0] = "Yes"
        elif m.kind == "nobody":
            kind = "Incoming"
        rows.append(f"Climbing,{m.at:%Y-%m-%d %H:%M:%S},{kind},{sender},{','.join(cells)}")
    return {"Messages.csv": "\n".join(rows)}


def passages(messages: list[Said]) -> Iterator[tuple[str, str, str]]:
    """Name, offset and text of each message of a recording."""
    for m in messages:
        name = "Unknown Speaker" if m.kind == "nobody" else m.name
        yield name, f"{m.number // 60}:{m.number % 60:02}", "" if m.kind == "media" else m.text


def otter(messages: list[Said]) -> dict[str, str | bytes]:
    blocks = [f"{name}  {offset}  \n{words}\n" for name, offset, words in passages(messages)]
    return {"Walk.txt": "\n".join(["Walk\n", *blocks, "Transcribed by https://otter.ai\n"])}


def teams(messages: list[Said]) -> dict[str, str | bytes]:
    blocks = [f"\n{name}   {offset}\n{words}" for name, offset, words in passages(messages)]
    return {"Walk.docx": word.document(["Walk", "Ada Weiss started transcription", *blocks])}


def teams_spans(messages: list[Said]) -> dict[str, str | bytes]:
    blocks = [f"0:{offset}.100 --> 0:{offset}.900\n{name}\n{words}" for name, offset, words in passages(messages)]
    return {"Walk.docx": word.document(blocks)}


def subtitles(messages: list[Said]) -> dict[str, str | bytes]:
    cues = [f"00:0{offset}.000 --> 00:0{offset}.900\n<v {name}>{words}." for name, offset, words in passages(messages)]
    return {"Walk.vtt": "\n\n".join(["WEBVTT", *cues])}


WRITERS: dict[str, Writer] = {
    "whatsapp": Writer(whatsapp, ("said", "said", "media", "system", "pasted")),
    "whatsapp-bracketed": Writer(lambda messages: whatsapp(messages, bracketed=True), ("said", "said", "media")),
    "slack": Writer(slack, ids=True),
    "telegram": Writer(telegram, ids=True),
    "telegram-account": Writer(lambda messages: telegram(messages, account=True), ids=True),
    "meeting-otter": Writer(otter, ("said", "said", "nobody", "media")),
    "meeting-teams": Writer(teams, ("said", "said", "nobody", "media")),
    "meeting-spans": Writer(teams_spans, ("said", "said", "nobody", "media")),
    "subtitles": Writer(subtitles, ("said", "said", "nobody")),
    "imessage": Writer(imessage),
    "imazing": Writer(imazing, ids=True),
    "discord": Writer(discord, ids=True),
    "discord-text": Writer(discord_text, ("said", "said", "media", "system", "forwarded", "pasted")),
    "messenger": Writer(messenger, ("said", "said", "media", "system", "nobody", "pasted")),
    "messenger-encrypted": Writer(
        lambda messages: messenger(messages, encrypted=True), ("said", "said", "media", "system", "nobody", "pasted")
    ),
}


@st.composite
def conversations(draw: st.DrawFn, kinds: tuple[str, ...]) -> list[Said]:
    drawn = draw(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(kinds)), min_size=1, max_size=8))
    return [Said(number, *parts) for number, parts in enumerate([(0, "said"), (1, "said"), (0, "said"), *drawn])]


def items(folder: Path, files: dict[str, str | bytes], form: str) -> Iterator[Session | BadTranscript]:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    for document in discover([str(folder)]):
        if isinstance(document, Document):
            assert detect(document) == form
            yield from read(document, ReadOptions(date_order="dmy"))


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_words_stay_with_their_speaker_and_every_message_is_counted(name: str, data: st.DataObject) -> None:
    writer = WRITERS[name]
    messages = data.draw(conversations(writer.kinds))
    form = name.partition("-")[0]
    with tempfile.TemporaryDirectory() as folder:
        results = list(items(Path(folder), writer.files(messages), form))
    sessions = [item for item in results if isinstance(item, Session)]
    turns = [turn for session in sessions for turn in session.turns]
    people: dict[str | None, set[int]] = {}
    unread = 0
    for m in messages:
        holders = [turn for turn in turns if m.word in re.findall(r"\w+", turn.text)]
        assert len(holders) <= 1, "read twice"
        unread += not holders
        if m.kind == "said":
            assert holders, "a person's text is lost"
            assert holders[0].role == "user"
            people.setdefault(holders[0].speaker, set()).add(m.who if writer.ids else DISTINCT.index(m.name))
        else:
            senders = {f"{each} (h{n})" for n, each in enumerate(NAMES)} | set(NAMES) | set(DISTINCT) | {None}
            assert not any(turn.role == "user" and turn.speaker in senders for turn in holders), (
                "text of another person"
            )
    assert all(len(who) == 1 for who in people.values()), "two people under one name"
    assert len(people) == len({m.who for m in messages if m.kind == "said"}), "one person under two names"
    counted = sum(count for session in sessions for count in session.notes.values()) + len(results) - len(sessions)
    assert counted >= unread, "a message was lost"
