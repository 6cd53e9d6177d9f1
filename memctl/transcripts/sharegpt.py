"""ShareGPT files: `{"id", "conversations": [{"from", "value"}]}`, as a list, one object, or JSONL.

Data sets vary the key names; supported aliases are `items` for the list, and `role` and `content` in a message. There
are no times.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.content import content_text
from memctl.transcripts.discovery import Document
from memctl.transcripts.jsonstream import name_of
from memctl.transcripts.model import ReadOptions, Role, Session
from memctl.transcripts.peek import Head
from memctl.transcripts.session_builder import (
    ROLES,
    SessionBuilder,
    bad_record,
    is_half,
    owner_of,
    records,
)

NAME = "sharegpt"
_ROLES: Mapping[str, Role] = {
    **ROLES,
    "bing": "assistant",
    "bard": "assistant",
    "gemini": "assistant",
    "observation": "tool",
    "function_response": "tool",
}
_LISTS = ("conversations", "conversation", "items", "messages")


def sniff(head: Head) -> bool:
    first = head.first
    if _speaks(first):
        return True
    for key in _LISTS:
        listed = first.get(key)
        if isinstance(listed, list) and listed:
            said = listed[0]
            return _speaks(said) or (key == "conversations" and isinstance(said, Mapping) and "role" in said)
    return False


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per record; bare `{"from", "value"}` records are one session for the file."""
    bare: list[Any] = []
    for number, (where, record) in enumerate(records(document), start=1):
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record):
            yield bad_record(where, "the last line is incomplete")
        elif _speaks(record):
            bare.append(record)
        else:
            listed = _listed(record)
            if listed is None:
                yield bad_record(where, f"a record without a list of messages ({', '.join(_LISTS)})")
            else:
                yield _session(document, number, record, listed)
    if bare:
        yield _session(document, None, {}, bare)


def _session(document: Document, number: int | None, record: Mapping[str, Any], listed: list[Any]) -> Session:
    builder = SessionBuilder(NAME)
    for index, message in enumerate(listed):
        if not isinstance(message, Mapping):
            builder.skip("not a message")
            continue
        said_by = message.get("from", message.get("role"))
        if said_by == "function_call":
            builder.skip("tool call")
            continue
        role = _ROLES.get(said_by.strip().lower()) if isinstance(said_by, str) else None
        if role is None:
            builder.skip("unknown role")
            continue
        text = content_text(message.get("value", message.get("content")))
        builder.add(role, text, turn_id=str(index), speaker=name_of(message.get("name")), raw_kind=name_of(said_by))
    return builder.build(
        name_of(record.get("id")) or builder.key(document, number),
        title=name_of(record.get("title")),
        owner=owner_of(record),
    )


def _listed(record: object) -> list[Any] | None:
    if not isinstance(record, Mapping):
        return None
    return next((record[key] for key in _LISTS if isinstance(record.get(key), list)), None)


def _speaks(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("from"), str) and "value" in value
