"""mem0 message dumps: arguments of `Memory.add`.

OpenAI messages with their owners (`user_id`, `agent_id`, `app_id`, `run_id`) and, on the platform, a `timestamp` in
epoch seconds.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.fields import Fields, plain
from memctl.transcripts.messages.message_lists import add_message, held_messages, objects
from memctl.transcripts.messages.session_builder import TIME_UNCLEAR, SessionBuilder
from memctl.transcripts.model import ReadOptions, Session

NAME = "mem0"

_SCOPES = frozenset({"userid", "agentid", "appid", "runid"})


def sniff(head: Head) -> bool:
    """Objects with `messages` and at least one of mem0's scopes."""
    return any(
        "messages" in record and bool(_SCOPES & set(map(plain, record))) for record in (head.keys, *head.records[:20])
    )


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
        session = _session(record, messages, Fields(record).name(("runid",)), options)
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
    name = name or session.session_id
    met[name] += 1
    return msgspec.structs.replace(session, session_id=name if met[name] == 1 else f"{name}#{met[name]}")


def _joined(first: Session, second: Session) -> Session:
    place = len(first.turns)
    later = [
        msgspec.structs.replace(turn, turn_id=str(place + i) if turn.turn_id == str(i) else turn.turn_id)
        for i, turn in enumerate(second.turns)
    ]
    notes = dict(Counter(first.notes) + Counter(second.notes))
    return msgspec.structs.replace(first, turns=(*first.turns, *later), notes=notes)


def _session(record: Mapping[str, Any], messages: list[Any], run: str | None, options: ReadOptions) -> Session:
    builder = SessionBuilder(NAME)
    fields = Fields(record)
    said_at, unclear = fields.time(options)
    builder.skip(TIME_UNCLEAR, int(unclear))
    for index, message in enumerate(messages):
        add_message(builder, message, index, options)
    builder.turns = [
        turn if turn.at or said_at is None else msgspec.structs.replace(turn, at=said_at) for turn in builder.turns
    ]
    return builder.build(
        run or "",
        started_at=said_at or next((turn.at for turn in builder.turns if turn.at), None),
        owner=fields.name(("userid",)),
        agent_id=fields.name(("agentid",)),
        app_id=fields.name(("appid",)),
    )
