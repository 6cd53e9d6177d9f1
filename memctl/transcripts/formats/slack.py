"""Slack workspace exports: a folder per channel with a JSON file per day.

Ids of people and channels are resolved with the lists next to the folders. One `Session` per channel and day. Direct
messages are skipped unless requested: an export contains those of people who never agreed to it. Format: Slack's help
page "How to read Slack data exports" and the message event reference.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import elements, name_of, text_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.pasted import PASTED, own_part
from memctl.transcripts.messages.people import People
from memctl.transcripts.model import ReadOptions, Role, Session, Turn
from memctl.transcripts.timestamps import instant

NAME = "slack"

_TS = re.compile(r"\d{9,11}\.\d{1,9}")
_SPOKEN = frozenset({"", "thread_broadcast", "file_share", "me_message", "bot_message", "reply_broadcast"})
_DIRECT_FOLDER = re.compile(r"D[A-Z0-9]{8,}|mpdm-.*")
_MARKUP = re.compile(r"<([^<>|]+)(?:\|([^<>]*))?>")
_MRKDWN = {
    "user": ("<@{}>", "user_id"),
    "channel": ("<#{}>", "channel_id"),
    "broadcast": ("<!{}>", "range"),
    "emoji": (":{}:", "name"),
}
"""How mrkdwn writes elements of blocks, and the field that it needs."""
_CONTROLS = ("actions", "input", "button")
_DEEPEST = 8


def sniff(head: Head) -> bool:
    """Records of type `message` whose `ts` is an epoch time in a string."""
    return any(
        record.get("type") == "message" and _TS.fullmatch(text_of(record.get("ts"))) for record in head.records[:20]
    )


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """The file's Session, `<channel>/<file's stem>`; a turn's id is its `ts`, its parent the thread's.

    Skipped records (joins, topics, reminders) are counted by subtype, direct messages as such.
    """
    people, channels, direct = _people(document), _channels(document), _direct(document)
    folder = document.parent
    hidden = not options.direct_messages and (folder in direct or bool(_DIRECT_FOLDER.fullmatch(folder)))
    notes: Counter[str] = Counter()
    turns: list[Turn] = []
    for index, record in elements(document):
        if not isinstance(record, dict) or not _TS.fullmatch(text_of(record.get("ts"))):
            yield BadTranscript(
                "not a Slack message: ts is missing",
                where=f"{document.uri}: record {index + 1}",
                hint="the other messages are read",
            )
        elif hidden:
            notes["direct message"] += 1
        else:
            turn = _turn(record, people, channels, options, notes)
            if turn:
                turns.append(turn)
            turns += _shared(record, people, channels, notes)
    members = [people.get(member, (member, False))[0] for member in direct.get(folder, ())]
    yield Session(
        source_format=NAME,
        session_id=f"{folder}/{document.stem}" if folder else document.stem,
        title=", ".join(members) or (f"#{folder}" if folder else None),
        started_at=turns[0].at if turns else None,
        turns=tuple(turns),
        notes=dict(notes),
    )


def _turn(
    record: Mapping[str, Any],
    people: Mapping[str, tuple[str, bool]],
    channels: Mapping[str, str],
    options: ReadOptions,
    notes: Counter[str],
) -> Turn | None:
    subtype = text_of(record.get("subtype"))
    if record.get("type") != "message" or subtype not in _SPOKEN:
        notes[subtype or "not a message"] += 1
        return None
    user = name_of(record.get("user"))
    known, robot = people.get(user, (None, False)) if user else (None, False)
    profile = record.get("user_profile")
    speaker = known or (_best_name(profile) if isinstance(profile, dict) else None)
    by_bot = subtype == "bot_message" or robot or user == "USLACKBOT" or ("bot_id" in record and not known)
    text = _plain(_said(record, by_bot), people, channels).strip()
    text, pasted = own_part(text)
    notes.update([PASTED] * pasted)
    if not text:
        if not pasted and not _shares(record):
            notes["file without text" if record.get("files") else "message without text"] += 1
        return None
    speaker = speaker or name_of(record.get("username")) or user
    if not speaker and not by_bot:
        notes["message without a sender"] += 1
        return None
    ts, thread = text_of(record["ts"]), text_of(record.get("thread_ts"))
    role: Role = "tool" if by_bot else "user"
    return Turn(
        turn_id=ts,
        parent_id=thread if thread and thread != ts else None,
        role=role,
        speaker=speaker,
        text=text,
        at=instant(ts),
        raw_kind="bot_message" if by_bot else subtype or "message",
    )


def _said(record: Mapping[str, Any], by_bot: bool) -> str:
    """The message's text, else that of its blocks, else that of its attachments if a bot put all text there. What a
    person attaches, such as the preview of a link, was said by somebody else."""
    text = text_of(record.get("text"))
    if not text.strip():
        text = "\n".join(filter(None, map(_in_block, _dicts(record.get("blocks")))))
    if text.strip() or not by_bot:
        return text
    return "\n".join(text_of(item.get("text")) or text_of(item.get("fallback")) for item in _attachments(record))


def _in_block(part: Mapping[str, Any], depth: int = 0) -> str:
    """The text of a block or of an element in it, in Slack's mrkdwn."""
    kind, text = part.get("type"), part.get("text")
    if kind in _CONTROLS:
        return ""
    if kind == "link":
        return f"<{text_of(part.get('url'))}|{text_of(text)}>" if text else f"<{text_of(part.get('url'))}>"
    if kind in _MRKDWN:
        form, key = _MRKDWN[kind]
        return form.format(text_of(part.get(key)))
    if isinstance(text, Mapping):
        return text_of(text.get("text"))
    if depth > _DEEPEST or not isinstance(part.get("elements"), list):
        return text_of(text)
    between = "\n" if kind in ("rich_text", "rich_text_list", "context") else ""
    said = between.join(_in_block(element, depth + 1) for element in _dicts(part["elements"]))
    return "\n".join(f"> {line}" for line in said.split("\n")) if kind == "rich_text_quote" else said


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _attachments(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    return _dicts(record.get("attachments"))


def _shares(record: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The messages that a message shares or forwards."""
    signs = ("is_share", "is_msg_unfurl", "is_reply_unfurl", "is_thread_root_unfurl", "message_blocks", "author_id")
    return [item for item in _attachments(record) if any(item.get(sign) for sign in signs)]


def _shared(
    record: Mapping[str, Any],
    people: Mapping[str, tuple[str, bool]],
    channels: Mapping[str, str],
    notes: Counter[str],
) -> Iterator[Turn]:
    """The messages that a message shares, as words of their authors. One without a known author is counted."""
    for number, item in enumerate(_shares(record), 1):
        author = name_of(item.get("author_id")) or ""
        known, robot = people.get(author, (None, False))
        speaker = known or name_of(item.get("author_name")) or name_of(item.get("author_subname")) or author
        text = _plain(text_of(item.get("text")), people, channels).strip()
        if not speaker or not text:
            notes["shared message without author or text"] += 1
            continue
        ts = text_of(item.get("ts"))
        yield Turn(
            turn_id=f"{text_of(record['ts'])}/{number}",
            role="tool" if robot else "user",
            speaker=speaker,
            text=text,
            at=instant(ts) if ts else None,
            raw_kind="shared message",
        )


def _plain(text: str, people: Mapping[str, tuple[str, bool]], channels: Mapping[str, str]) -> str:
    """Slack's mrkdwn with mentions, channels and links resolved and its three entities decoded."""

    def write_out(match: re.Match[str]) -> str:
        target, label = match[1], match[2]
        if target.startswith("@"):
            return "@" + (people[target[1:]][0] if target[1:] in people else label or target[1:])
        if target.startswith("#"):
            return "#" + (label or channels.get(target[1:], target[1:]))
        if target.startswith("!"):
            return label or "@" + target[1:].partition("^")[0]
        if not label or label in target:
            return label if label and target.startswith("mailto:") else target
        return f"{label} ({target})"

    text = _MARKUP.sub(write_out, text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _best_name(record: Mapping[str, Any]) -> str | None:
    profile = record.get("profile")
    places = [profile if isinstance(profile, dict) else {}, record]
    for key in ("real_name", "display_name", "name"):
        for place in places:
            if found := name_of(place.get(key)):
                return found
    return None


def _people(document: Document) -> dict[str, tuple[str, bool]]:
    """Name and whether it is a bot, by user id, from the lists above the channel's folder."""
    people, robots = People(), dict[str, bool]()
    for listing in ("../org_users.json", "../users.json"):
        for record in _records(document.sibling(listing)):
            if user := name_of(record.get("id")):
                people.meet(user, _best_name(record), name_of(record.get("name")))
                robots[user] = record.get("is_bot") is True
    return {user: (name, robots[user]) for user, name in people.labels().items()}


def _channels(document: Document) -> dict[str, str]:
    named: dict[str, str] = {}
    for listing in ("../channels.json", "../groups.json"):
        for record in _records(document.sibling(listing)):
            channel, name = name_of(record.get("id")), name_of(record.get("name"))
            if channel and name:
                named[channel] = name
    return named


def _direct(document: Document) -> dict[str, tuple[str, ...]]:
    """Members of each direct conversation, by the possible names of its folder."""
    direct: dict[str, tuple[str, ...]] = {}
    for listing in ("../dms.json", "../mpims.json"):
        for record in _records(document.sibling(listing)):
            members = record.get("members")
            named = tuple(filter(None, map(name_of, members))) if isinstance(members, list) else ()
            for key in ("id", "name"):
                if folder := name_of(record.get(key)):
                    direct[folder] = named
    return direct


@lru_cache(maxsize=16)
def _records(document: Document | None) -> tuple[dict[str, Any], ...]:
    """The objects of a list of the export, cached for its hundreds of daily files."""
    if document is None:
        return ()
    return tuple(record for _, record in elements(document) if isinstance(record, dict))
