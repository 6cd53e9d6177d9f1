"""What the message dumps of memory services share: messages held by an object, lists with the newest first."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.discovery import Document
from memctl.transcripts.jsonstream import HALF_LINE
from memctl.transcripts.model import Turn
from memctl.transcripts.session_builder import bad_record, records


def objects(document: Document) -> Iterator[tuple[str, dict[str, Any] | BadTranscript]]:
    """Yield (where, object) for each record of the file; what is no object comes as BadTranscript.

    The half line at the end of a file still being written is passed over.
    """
    for where, value in records(document):
        if isinstance(value, dict | BadTranscript):
            yield where, value
        elif value is not HALF_LINE:
            yield where, bad_record(where, "not a JSON object")


def held_messages(record: Mapping[str, Any]) -> list[Any] | None:
    """The `messages` a wrapper object holds, as a list; None when it holds none."""
    messages = record.get("messages")
    if isinstance(messages, str):
        return [{"role": "user", "content": messages}]
    if isinstance(messages, dict):
        return [messages]
    return messages if isinstance(messages, list) else None


def oldest_first(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """The turns oldest first where a service listed the newest first; else as they are."""
    times = [turn.at for turn in turns if turn.at]
    newest_first = len(times) == len(turns) > 1 and times[0] > times[-1]
    return tuple(reversed(turns)) if newest_first else tuple(turns)
