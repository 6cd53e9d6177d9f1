"""Shared by the message dumps of memory services: wrapped message lists, newest-first lists."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.discovery import Document
from memctl.transcripts.jsonstream import HALF_LINE
from memctl.transcripts.model import Turn
from memctl.transcripts.session_builder import bad_record, records


def objects(document: Document) -> Iterator[tuple[str, dict[str, Any] | BadTranscript]]:
    """(where, object) for each record of the file; a record that is not an object is a BadTranscript.

    An incomplete last line is skipped.
    """
    for where, value in records(document):
        if isinstance(value, dict | BadTranscript):
            yield where, value
        elif value is not HALF_LINE:
            yield where, bad_record(where, "not a JSON object")


def held_messages(record: Mapping[str, Any]) -> list[Any] | None:
    """The `messages` in a wrapper object as a list, None if there are none."""
    messages = record.get("messages")
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    if isinstance(messages, dict):
        return [messages]
    return messages if isinstance(messages, list) else None


def oldest_first(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns in chronological order if the service listed the newest first, else unchanged."""
    times = [turn.at for turn in turns if turn.at]
    newest_first = len(times) == len(turns) > 1 and times[0] > times[-1]
    return tuple(reversed(turns)) if newest_first else tuple(turns)
