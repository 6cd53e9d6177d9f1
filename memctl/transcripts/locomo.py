"""LoCoMo conversations (Maharana et al. 2024, "Evaluating Very Long-Term Conversational Memory of LLM
Agents").

The file is a list of samples, one sample, or the bare conversation object that the older archive holds per
file. Only the dialogue is read: questions, summaries and observations were written by others than the two who
speak.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.discovery import Document
from memctl.transcripts.jsonstream import elements, name_of, text_of
from memctl.transcripts.model import ReadOptions, Session, Turn
from memctl.transcripts.peek import Head
from memctl.transcripts.timestamps import written

NAME = "locomo"

_SESSION = re.compile(r"session_(\d+)")
_DATE = re.compile(r"\s*(?P<time>.*?\d.*?) on (?P<date>\d.*)\Z", re.DOTALL)


def sniff(head: Head) -> bool:
    """A sample's `conversation` with `speaker_a`, or such a conversation itself."""
    first = head.first
    conversation = first.get("conversation")
    if isinstance(conversation, Mapping) and "speaker_a" in conversation:
        return True
    return "speaker_a" in first or {"conversation", "qa", "sample_id"} <= head.keys


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """Yield one Session per `session_N`, in natural order, named `<sample>/session_N`.

    Each turn carries the time of its session, the only one the format has. A photo's caption follows the text
    in brackets, for what is seen in it is part of what was said.
    """
    array = Head(document).text.lstrip()[:1] == "["
    for index, sample in elements(document, "item" if array else ""):
        where = f"{document.uri}: record {index + 1}"
        conversation = sample.get("conversation", sample) if isinstance(sample, dict) else None
        if not isinstance(conversation, dict) or not any(map(_SESSION.fullmatch, conversation)):
            yield BadTranscript("no session_N in this sample", where=where, hint="the other samples are read")
            continue
        unnamed = f"{document.stem}-{index + 1}" if array else document.stem
        name = name_of(sample.get("sample_id")) or unnamed
        numbers = [int(match[1]) for key in conversation if (match := _SESSION.fullmatch(key))]
        for number in sorted(numbers):
            yield _session(name, number, conversation, where, options)


def _session(
    name: str, number: int, conversation: dict[str, Any], where: str, options: ReadOptions
) -> Session | BadTranscript:
    records = conversation[f"session_{number}"]
    if not isinstance(records, list):
        return BadTranscript(f"session_{number} is no list of turns", where=where, hint="the other sessions are read")
    notes: dict[str, int] = {}
    stamp = text_of(conversation.get(f"session_{number}_date_time"))[:100]
    match = _DATE.match(stamp)
    at = written(f"{match['date']} {match['time']}" if match else stamp, options)
    if stamp and at is None:
        notes["date not understood"] = 1
    turns = []
    for index, record in enumerate(records):
        text = _text(record) if isinstance(record, dict) else ""
        if not text:
            notes["turn without text"] = notes.get("turn without text", 0) + 1
            continue
        turns.append(
            Turn(
                turn_id=name_of(record.get("dia_id")) or str(index),
                role="user",
                speaker=name_of(record.get("speaker")),
                text=text,
                at=at,
            )
        )
    speakers = [name_of(conversation.get(key)) for key in ("speaker_a", "speaker_b")]
    return Session(
        source_format=NAME,
        session_id=f"{name}/session_{number}",
        title=" and ".join(filter(None, speakers)) or None,
        started_at=at,
        turns=tuple(turns),
        notes=notes,
    )


def _text(record: dict[str, Any]) -> str:
    text, caption = text_of(record.get("text")).strip(), text_of(record.get("blip_caption")).strip()
    return f"{text} [shares a photo: {caption}]".strip() if caption else text
