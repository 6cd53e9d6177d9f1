"""LoCoMo (Maharana et al. 2024, "Evaluating Very Long-Term Conversational Memory of LLM Agents"), for the benchmarks.

A file is a list of samples or one sample. Only the dialogue is read; photos are represented by their captions. Nothing
of the data set is part of this repository.
"""

import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from memctl.transcripts.model import Session, Turn

_SESSION = re.compile(r"session_(\d+)")


def samples(files: Iterable[Path]) -> list[dict[str, Any]]:
    """The samples of all files."""
    contents = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return [sample for content in contents for sample in (content if isinstance(content, list) else [content])]


def sessions(sample: dict[str, Any]) -> Iterator[Session]:
    """The sessions of a sample in order; every turn has the time of its session, and each speaker is a human."""
    talk = sample["conversation"]
    for number in sorted(int(match[1]) for key in talk if (match := _SESSION.fullmatch(key))):
        at = session_time(talk[f"session_{number}_date_time"])
        turns = tuple(
            Turn(turn_id=turn["dia_id"], role="user", text=text, speaker=turn["speaker"], at=at)
            for turn in talk[f"session_{number}"]
            if (text := _text(turn))
        )
        yield Session(source_format="locomo", session_id=f"{sample['sample_id']}/{number}", turns=turns, started_at=at)


def session_time(text: str) -> datetime:
    """A session's "1:56 pm on 8 May, 2023" as UTC."""
    return datetime.strptime(text, "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)


def _text(turn: dict[str, Any]) -> str:
    text, caption = turn.get("text", "").strip(), turn.get("blip_caption", "").strip()
    return f"{text} [shares a photo: {caption}]".strip() if caption else text


def write_transcripts(samples: Iterable[dict[str, Any]], folder: Path) -> None:
    """Write each sample as Zep threads into a folder named after it, its owner, for `memctl ingest`."""
    for sample in samples:
        threads = [
            {
                "thread_id": session.session_id,
                "thread_created_at": f"{session.started_at:%Y-%m-%dT%H:%M:%SZ}",
                "messages": [
                    {
                        "uuid": turn.turn_id,
                        "role": "user",
                        "name": turn.speaker,
                        "content": turn.text,
                        "created_at": f"{turn.at:%Y-%m-%dT%H:%M:%SZ}",
                    }
                    for turn in session.turns
                ],
            }
            for session in sessions(sample)
        ]
        file = folder / sample["sample_id"] / "conversation.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(threads), encoding="utf-8")
