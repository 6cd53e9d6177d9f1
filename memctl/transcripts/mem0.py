"""mem0 message dumps: arguments of `Memory.add`.

OpenAI messages with their owners (`user_id`, `agent_id`, `app_id`, `run_id`) and, on the platform, a `timestamp` in
epoch seconds.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.discovery import Document
from memctl.transcripts.jsonstream import name_of
from memctl.transcripts.message_lists import held_messages, objects
from memctl.transcripts.model import ReadOptions, Session, Turn
from memctl.transcripts.peek import Head
from memctl.transcripts.session_builder import content_text, instant, role_of

NAME = "mem0"

_SCOPES = frozenset({"user_id", "agent_id", "app_id", "run_id"})


def sniff(head: Head) -> bool:
    """Objects with `messages` and at least one of mem0's scopes."""
    return "messages" in head.keys and bool(_SCOPES & head.keys)


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One Session per call, named by its `run_id`, else by the file and the call's index.

    Consecutive calls of one run are one Session; a run that recurs later is named `<run>#2`.
    """
    met: Counter[str] = Counter()
    run: Session | None = None
    for index, (where, record) in enumerate(objects(document)):
        messages = held_messages(record) if isinstance(record, dict) else None
        if isinstance(record, BadTranscript) or messages is None:
            yield (
                record
                if isinstance(record, BadTranscript)
                else BadTranscript("no messages in this record", where=where, hint="the other records are read")
            )
            continue
        session = _session(record, messages, name_of(record.get("run_id")), options)
        if run and session.session_id and (run.session_id, run.owner) == (session.session_id, session.owner):
            run = _joined(run, session)
            continue
        if run:
            yield _named(run, met)
        run = session
        if not session.session_id:
            yield _named(session, met, f"{document.stem}/{index}")
            run = None
    if run:
        yield _named(run, met)


def _named(session: Session, met: Counter[str], name: str | None = None) -> Session:
    import msgspec

    name = name or session.session_id
    met[name] += 1
    return msgspec.structs.replace(session, session_id=name if met[name] == 1 else f"{name}#{met[name]}")


def _joined(first: Session, second: Session) -> Session:
    import msgspec

    place = len(first.turns)
    later = [
        msgspec.structs.replace(turn, turn_id=str(place + i) if turn.turn_id == str(i) else turn.turn_id)
        for i, turn in enumerate(second.turns)
    ]
    notes = dict(Counter(first.notes) + Counter(second.notes))
    return msgspec.structs.replace(first, turns=(*first.turns, *later), notes=notes)


def _session(record: Mapping[str, Any], messages: list[Any], run: str | None, options: ReadOptions) -> Session:
    notes: Counter[str] = Counter()
    said_at = instant(record.get("timestamp"), options.timezone)
    turns: list[Turn] = []
    for message in messages:
        fields = message if isinstance(message, dict) else {}
        text = content_text(fields.get("content"))
        role = role_of(fields.get("role"))
        if not text or role is None:
            notes["message of unknown role" if text else "message without text"] += 1
            continue
        turns.append(
            Turn(
                turn_id=name_of(fields.get("id")) or str(len(turns)),
                role=role,
                speaker=name_of(fields.get("name")),
                text=text,
                at=instant(fields.get("created_at", fields.get("timestamp")), options.timezone) or said_at,
            )
        )
    return Session(
        source_format=NAME,
        session_id=run or "",
        started_at=said_at or next((turn.at for turn in turns if turn.at), None),
        owner=name_of(record.get("user_id")),
        agent_id=name_of(record.get("agent_id")),
        app_id=name_of(record.get("app_id")),
        turns=tuple(turns),
        notes=dict(notes),
    )
