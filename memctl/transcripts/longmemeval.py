"""LongMemEval (Wu et al. 2024): questions, each with a haystack of dated chat sessions.

Only the haystacks are read. Questions share sessions; a session met again under its id is the same session
and is passed over.
"""

import re
from collections.abc import Iterator
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.discovery import Document
from memctl.transcripts.jsonstream import elements, name_of, text_of
from memctl.transcripts.model import ReadOptions, Role, Session, Turn
from memctl.transcripts.peek import Head
from memctl.transcripts.timestamps import written

NAME = "longmemeval"

_WEEKDAY = re.compile(r"\([^)]*\)")
_ROLES: dict[str, Role] = {"user": "user", "assistant": "assistant", "system": "system", "tool": "tool"}


def sniff(head: Head) -> bool:
    """Records with `haystack_sessions`."""
    return "haystack_sessions" in head.keys


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """Yield each distinct session of all haystacks once, where it is first met.

    Dates such as "2023/05/20 (Sat) 02:21" name no zone; every turn carries its session's.
    """
    array = Head(document).text.lstrip()[:1] == "["
    seen: set[str] = set()
    for index, record in elements(document, "item" if array else ""):
        where = f"{document.uri}: record {index + 1}"
        sessions = record.get("haystack_sessions") if isinstance(record, dict) else None
        if not isinstance(sessions, list):
            yield BadTranscript("no haystack_sessions in this record", where=where, hint="the other records are read")
            continue
        ids, dates = _list(record, "haystack_session_ids"), _list(record, "haystack_dates")
        question = name_of(record.get("question_id")) or f"{document.stem}-{index + 1}"
        for place, messages in enumerate(sessions):
            session_id = (name_of(ids[place]) if place < len(ids) else None) or f"{question}/{place}"
            if session_id in seen:
                continue
            if not isinstance(messages, list):
                yield BadTranscript(
                    f"session {session_id} is no list of messages",
                    where=where,
                    hint="the other sessions are read",
                )
                continue
            seen.add(session_id)
            yield _session(session_id, messages, dates[place] if place < len(dates) else None, options)


def _session(session_id: str, messages: list[Any], date: object, options: ReadOptions) -> Session:
    stamp = _WEEKDAY.sub(" ", text_of(date))
    at = written(stamp, options)
    notes = {"date not understood": 1} if stamp.strip() and at is None else {}
    turns = []
    for index, message in enumerate(messages):
        text = text_of(message.get("content")).strip() if isinstance(message, dict) else ""
        role = _ROLES.get(text_of(message.get("role"))) if text else None
        if role is None:
            reason = "message of unknown role" if text else "message without text"
            notes[reason] = notes.get(reason, 0) + 1
            continue
        turns.append(Turn(turn_id=str(index), role=role, text=text, at=at))
    return Session(source_format=NAME, session_id=session_id, started_at=at, turns=tuple(turns), notes=notes)


def _list(record: dict[str, Any], key: str) -> list[Any]:
    value = record.get(key)
    return value if isinstance(value, list) else []
