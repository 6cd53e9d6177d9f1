"""Zep message dumps: `Message` objects, bare or in their threads.

`created_at` is when Zep received a message; `reference_time`, if present, is when it was said, and takes precedence.
Fields as in zep-cloud 4.0.1, in snake case or, as the JavaScript SDK writes them, in camel case.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.fields import Fields, plain
from memctl.transcripts.messages.message_lists import add_message, held_messages, objects, oldest_first, speaker_in
from memctl.transcripts.messages.session_builder import SessionBuilder
from memctl.transcripts.model import ReadOptions, Role, Session

NAME = "zep"

_MESSAGE = frozenset({"role", "content"})
_OWN = frozenset({"referencetime", "threaduuid", "threadid", "processed", "uuid"})
_THREAD = ("threadid", "threaduuid", "sessionid")
_OWN_THREAD = frozenset({"threadid", "threaduuid", "threadcreatedat"})


def sniff(head: Head) -> bool:
    """Messages with a field that only Zep has, or an object with such messages or a thread name."""
    return any(map(_is_zep, (head.keys, *head.records[:20])))


def _is_zep(record: Any) -> bool:
    keys = set(map(plain, record))
    if keys >= _MESSAGE:
        return bool(keys & _OWN)
    if "messages" not in keys:
        return False
    inner = (held_messages(record) or []) if isinstance(record, Mapping) else []
    zep = any(isinstance(item, dict) and _is_message(item) and set(map(plain, item)) & _OWN for item in inner)
    return zep or bool(keys & _OWN_THREAD)


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One Session per thread. Bare messages are grouped by thread first, because dumps may interleave them."""
    bare: dict[str, list[dict[str, Any]]] = {}
    met: Counter[str] = Counter()
    for index, (where, record) in enumerate(objects(document)):
        if isinstance(record, BadTranscript):
            yield record
        elif (messages := held_messages(record)) is not None:
            thread = _thread(record) or (document.stem if index == 0 else f"{document.stem}/{index}")
            met[thread] += 1
            name = thread if met[thread] == 1 else f"{thread}#{met[thread]}"
            yield _session(name, record, messages, options)
        elif _is_message(record):
            bare.setdefault(_thread(record) or document.stem, []).append(record)
        else:
            yield BadTranscript("not a Zep message or thread", where=where, hint="the other records are read")
    for thread, gathered in bare.items():
        yield _session(thread, {}, gathered, options)


def _is_message(record: Mapping[str, Any]) -> bool:
    return set(map(plain, record)) >= _MESSAGE


def _thread(record: Mapping[str, Any]) -> str | None:
    return Fields(record).name(_THREAD)


def _session(thread: str, holder: Mapping[str, Any], messages: list[Any], options: ReadOptions) -> Session:
    builder = SessionBuilder(NAME)
    for index, message in enumerate(messages):
        add_message(builder, message, index, options, role=_role(message))
    builder.turns = list(oldest_first(builder.turns))
    fields = Fields(holder)
    started, _ = Fields({"created_at": fields.value(("threadcreatedat", "createdat"))}).time(options)
    return builder.build(
        thread,
        started_at=next((turn.at for turn in builder.turns if turn.at), None) or started,
        owner=fields.owner(),
    )


def _role(message: object) -> Role | None:
    """The role where Zep has its own: `norole` is a person if the message has a name."""
    fields = Fields(message) if isinstance(message, Mapping) else None
    if fields is None or plain(str(fields.value(("roletype", "role")))) != "norole":
        return None
    return "user" if speaker_in(fields) else "system"
