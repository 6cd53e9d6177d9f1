"""Zep message dumps: `Message` objects, bare or in their threads.

`created_at` is when Zep received a message; `reference_time`, if present, is when it was said, and takes precedence.
Fields as in zep-cloud 4.0.1.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.discovery import Document
from memctl.transcripts.jsonstream import name_of
from memctl.transcripts.message_lists import held_messages, objects, oldest_first
from memctl.transcripts.model import ReadOptions, Role, Session, Turn
from memctl.transcripts.peek import Head
from memctl.transcripts.session_builder import content_text, instant, role_of

NAME = "zep"

_MESSAGE = frozenset({"role", "content"})
_OWN = frozenset({"reference_time", "thread_uuid", "thread_id", "processed", "uuid"})
_THREAD = ("thread_id", "thread_uuid", "session_id")
_OWN_THREAD = frozenset({"thread_id", "thread_uuid", "thread_created_at"})


def sniff(head: Head) -> bool:
    """Messages with a field that only Zep has, or an object with such messages or a thread name."""
    if head.keys >= _MESSAGE:
        return bool(head.keys & _OWN)
    if "messages" not in head.keys:
        return False
    inner = held_messages(head.first) or []
    zep = any(isinstance(item, dict) and item.keys() >= _MESSAGE and item.keys() & _OWN for item in inner)
    return zep or bool(head.keys & _OWN_THREAD)


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One Session per thread. Bare messages are grouped by thread first, because dumps may interleave them."""
    bare: dict[str, list[dict[str, Any]]] = {}
    met: Counter[str] = Counter()
    for index, (where, record) in enumerate(objects(document)):
        if isinstance(record, BadTranscript):
            yield record
        elif (messages := held_messages(record)) is not None:
            thread = _thread(record) or (document.stem if index == 0 else f"{document.stem}/{index}")
            met[thread] += 1
            name = thread if met[thread] == 1 else f"{thread}#{met[thread]}"
            yield _session(name, record, messages, options)
        elif record.keys() >= _MESSAGE:
            bare.setdefault(_thread(record) or document.stem, []).append(record)
        else:
            yield BadTranscript("not a Zep message or thread", where=where, hint="the other records are read")
    for thread, gathered in bare.items():
        owner = next((item for item in gathered if item.get("user_id")), {})
        yield _session(thread, owner, gathered, options)


def _thread(record: Mapping[str, Any]) -> str | None:
    return next(filter(None, (name_of(record.get(key)) for key in _THREAD)), None)


def _session(thread: str, holder: Mapping[str, Any], messages: list[Any], options: ReadOptions) -> Session:
    notes: Counter[str] = Counter()
    turns = []
    for index, message in enumerate(messages):
        fields = message if isinstance(message, dict) else {}
        text = content_text(fields.get("content"))
        kind = str(fields.get("role_type") or fields.get("role"))
        speaker = name_of(fields.get("name"))
        role: Role | None = role_of(kind)
        if role is None and kind == "norole":
            role = "user" if speaker else "system"
        if not text or role is None:
            notes["message of unknown role" if text else "message without text"] += 1
            continue
        said = instant(fields.get("reference_time"), options.timezone)
        turns.append(
            Turn(
                turn_id=name_of(fields.get("uuid")) or str(index),
                role=role,
                speaker=speaker,
                text=text,
                at=said or instant(fields.get("created_at"), options.timezone),
                raw_kind=kind,
            )
        )
    ordered = oldest_first(turns)
    started = next((turn.at for turn in ordered if turn.at), None)
    return Session(
        source_format=NAME,
        session_id=thread,
        started_at=started or instant(holder.get("thread_created_at"), options.timezone),
        owner=name_of(holder.get("user_id")),
        turns=ordered,
        notes=dict(notes),
    )
