"""ShareGPT files: `{"id", "conversations": [{"from", "value"}]}`, as a list, one object, or JSONL.

Data sets vary the key names; supported aliases are `items` for the list, and all names of a message's role and text.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import name_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.message_lists import add_message
from memctl.transcripts.messages.session_builder import SessionBuilder, bad_record, is_half, records
from memctl.transcripts.model import ReadOptions, Session

NAME = "sharegpt"
_LISTS = ("conversations", "conversation", "items", "messages")


def sniff(head: Head) -> bool:
    return any(_speaks(record) or _is_conversation(record) for record in head.records[:20])


def _is_conversation(record: Mapping[str, Any]) -> bool:
    listed = next(((key, record[key]) for key in _LISTS if isinstance(record.get(key), list) and record[key]), None)
    if listed is None:
        return False
    key, messages = listed
    said = messages[0]
    return _speaks(said) or (key == "conversations" and isinstance(said, Mapping) and "role" in said)


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
                yield _session(document, number, record, listed, options)
    if bare:
        yield _session(document, None, {}, bare, options)


def _session(
    document: Document, number: int | None, record: Mapping[str, Any], listed: list[Any], options: ReadOptions
) -> Session:
    builder = SessionBuilder(NAME)
    for index, message in enumerate(listed):
        said_by = message.get("from", message.get("role")) if isinstance(message, Mapping) else None
        if said_by == "function_call":
            builder.skip("tool call")
        else:
            add_message(builder, message, index, options, kind=name_of(said_by))
    fields = Fields(record)
    return builder.build(
        name_of(record.get("id")) or builder.key(document, number),
        title=name_of(record.get("title")),
        started_at=fields.time(options)[0],
        owner=fields.owner(),
    )


def _listed(record: object) -> list[Any] | None:
    if not isinstance(record, Mapping):
        return None
    return next((record[key] for key in _LISTS if isinstance(record.get(key), list)), None)


def _speaks(value: object) -> bool:
    return isinstance(value, Mapping) and isinstance(value.get("from"), str) and "value" in value
