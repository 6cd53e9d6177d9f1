"""Cursor's agent transcripts: one message per line, with the role outside and the content inside.

`{"role", "message": {"content": [part]}}`. What the user typed is in `<user_query>`; the rest of a user's message is
context that Cursor added. There are no times and no ids.
"""

from collections.abc import Iterator, Mapping

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.message_lists import add_message
from memctl.transcripts.messages.session_builder import SessionBuilder, bad_record, is_half, records, role_of
from memctl.transcripts.model import ReadOptions, Session

NAME = "cursor"


def sniff(head: Head) -> bool:
    return any(_is_message(record) for record in head.records[:20])


def _is_message(record: Mapping[str, object]) -> bool:
    inner = record.get("message")
    return (
        role_of(record.get("role")) is not None
        and isinstance(inner, Mapping)
        and "content" in inner
        and "role" not in inner
        and "uuid" not in record
    )


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """The one session of the file."""
    builder = SessionBuilder(NAME)
    for number, (where, record) in enumerate(records(document)):
        if isinstance(record, BadTranscript):
            yield record
        elif is_half(record):
            builder.skip("incomplete last line")
        elif isinstance(record, Mapping) and "role" in record:
            add_message(builder, record, number, options)
        else:
            yield bad_record(where, "not a message")
    yield builder.build(builder.key(document))
