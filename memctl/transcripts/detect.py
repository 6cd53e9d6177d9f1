"""Format detection by content, never by name.

Formats are modules, imported when they are tried. A format module defines `sniff(head: Head) -> bool` and
`read(document, options) -> Iterator[Session | BadTranscript]`. `read` streams one session at a time. A yielded
BadTranscript is one bad record, after which the file continues; a raised one ends the file.
"""

from collections.abc import Iterator
from importlib import import_module
from typing import NamedTuple, Protocol, cast

import msgspec

from memctl.core import plurals
from memctl.core.errors import BadTranscript, MemctlError, UsageError
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.encoding import UnclearEncoding
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.session_builder import TEXT_NOT_FOUND
from memctl.transcripts.model import ReadOptions, Session


class Sniff(Protocol):
    def __call__(self, head: Head, /) -> bool: ...


class Read(Protocol):
    def __call__(self, document: Document, options: ReadOptions, /) -> Iterator[Session | BadTranscript]: ...


class Format(NamedTuple):
    """A row of the registry. `module` is in memctl.transcripts.formats."""

    name: str
    module: str

    def sniff(self, head: Head) -> bool:
        return cast(Sniff, self._function("sniff"))(head)

    def read(self, document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
        return cast(Read, self._function("read"))(document, options)

    def _function(self, verb: str) -> object:
        return getattr(import_module(f"memctl.transcripts.formats.{self.module}"), verb)


_REGISTRY = (
    Format("deepseek", "deepseek"),
    Format("chatgpt", "chatgpt"),
    Format("claude", "claude_ai"),
    Format("sharegpt", "sharegpt"),
    Format("claude-code", "claude_code"),
    Format("codex", "codex"),
    Format("slack", "slack"),
    Format("telegram", "telegram"),
    Format("discord", "discord"),
    Format("messenger", "messenger"),
    Format("letta", "letta"),
    Format("zep", "zep"),
    Format("mem0", "mem0"),
    Format("langchain", "langchain"),
    Format("open-webui", "open_webui"),
    Format("librechat", "librechat"),
    Format("gemini-activity", "gemini_activity"),
    Format("copilot-chat", "copilot_chat"),
    Format("sillytavern", "sillytavern"),
    Format("opencode", "opencode"),
    Format("cursor", "cursor"),
    Format("openai", "openai"),
    Format("meeting", "meeting"),
    Format("subtitles", "subtitles"),
    Format("whatsapp", "whatsapp"),
    Format("imessage", "imessage"),
    Format("imazing", "imazing"),
    Format("text", "labelled_text"),
    Format("notes", "notes"),
)
FORMATS: tuple[str, ...] = tuple(row.name for row in _REGISTRY)
"""The names that `--format` accepts, in the order they are tried."""


def detect(document: Document) -> str:
    """The name of the format of `document`.

    Raises BadTranscript, listing the formats, if none matches, and if the document cannot be opened.
    """
    try:
        head = Head(document)
        if head.binary:
            raise BadTranscript(
                "not a transcript: binary data",
                where=document.uri,
                hint="pass a text, JSON, JSONL or zip file",
            )
        for row in _REGISTRY:
            if row.sniff(head):
                return row.name
    except MemctlError:
        raise
    except _UNREADABLE as error:
        raise _unreadable(document, error) from error
    raise BadTranscript(
        "unrecognised transcript format",
        where=document.uri,
        hint="memctl import reads files of facts; for a transcript, pass --format text if its lines begin with names "
        f'("Ann: Hi"), or else one of: {", ".join(FORMATS)}',
    )


def read(
    document: Document,
    options: ReadOptions,
    format: str | None = None,  # noqa: A002 - the name of the option
) -> Iterator[Session | BadTranscript]:
    """Stream the sessions of `document`, in the given format or the detected one.

    A yielded BadTranscript is one record that could not be read; the rest of the file follows. Raises
    BadTranscript when the file, or what is left of it, cannot be read, and UsageError for an unknown format.
    """
    name = detect(document) if format is None else format
    row = next((row for row in _REGISTRY if row.name == name), None)
    if row is None:
        raise UsageError(f"unknown transcript format {name!r}", hint=f"formats: {', '.join(FORMATS)}")
    nothing = True
    try:
        for item in row.read(document, options):
            if isinstance(item, Session):
                item, lost = _without_lost(item, document)
                yield item
                yield from lost
                nothing = nothing and not lost and not item.turns and item.notes.keys() <= _NO_REASONS
            else:
                yield item
                nothing = False
    except MemctlError:
        raise
    except _UNREADABLE as error:
        raise _unreadable(document, error) from error
    if nothing:
        raise BadTranscript(
            f"read as {name}, but there is no turn in it",
            where=document.uri,
            hint="check that the file is complete; --format forces another format",
        )


_NO_REASONS = frozenset(
    {"unknown role", "not a message", "no text", "incomplete last line", "part of a message not understood"}
)
"""Reasons that do not explain why a file has no turn: what it has was not understood."""


def _without_lost(session: Session, document: Document) -> tuple[Session, list[BadTranscript]]:
    """The session without the count of messages whose text was not found, and that count as errors."""
    notes = {reason: count for reason, count in session.notes.items() if not reason.startswith(TEXT_NOT_FOUND)}
    lost = [
        BadTranscript(
            f"{reason} ({plurals.count(count, 'message')} of this session)",
            where=f"{document.uri}: session {session.session_id}",
            hint="these messages are skipped; the rest is read",
        )
        for reason, count in session.notes.items()
        if reason not in notes
    ]
    return (msgspec.structs.replace(session, notes=notes) if lost else session), lost


_UNREADABLE = (OSError, ValueError, EOFError, RecursionError, OverflowError)


def _unreadable(document: Document, error: Exception) -> BadTranscript:
    return BadTranscript(
        f"cannot be read: {str(error) or type(error).__name__}",
        where=document.uri,
        hint="convert it to UTF-8, as with: iconv -f CP850 -t UTF-8"
        if isinstance(error, UnclearEncoding)
        else "check that the file is complete and has this format",
    )
