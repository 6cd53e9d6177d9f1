"""Codex CLI rollout files, `.jsonl` and `.jsonl.zst`.

Line kinds as in the sources of codex-rs (protocol and rollout crates): an envelope of `timestamp`, `type` and
`payload`; files of 2025 have bare items. `response_item` and `event_msg` lines repeat each other; the latter are read
only if the former are missing.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import json_lines, name_of, text_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.content import content_text
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.injected import CONTEXT, own_words
from memctl.transcripts.messages.session_builder import TIME_UNCLEAR, SessionBuilder, is_half, role_of
from memctl.transcripts.model import ReadOptions, Session
from memctl.transcripts.timestamps import instant

NAME = "codex"
_ENVELOPES = ("session_meta", "response_item", "event_msg", "turn_context")
_REASONS = {CONTEXT: "injected context", "command or hook output": "injected context"}
_SESSION_IN_NAME = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\Z", re.IGNORECASE)


def sniff(head: Head) -> bool:
    if head.shape == "array":
        return False
    if any(record.get("type") in _ENVELOPES and "role" not in record for record in head.records):
        return True
    first = head.first
    return "type" not in first and {"id", "timestamp", "instructions"} <= first.keys()


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """The file's session. A sub-agent's session has no turns unless `options.sidechains`."""
    reader = _Reader(options)
    failure: BadTranscript | None = None
    try:
        for number, line in json_lines(document):
            if isinstance(line, BadTranscript):
                yield line
            elif is_half(line):
                reader.items.skip("incomplete last line")
            elif isinstance(line, Mapping):
                reader.take(number, line)
    except BadTranscript as error:
        failure = error
    yield reader.session(document)
    if failure:
        raise failure


class _Starts:
    """Where the turns of the user begin in a list of messages.

    A task begins a turn, and further messages of the user steer it; in files without tasks each message of the user
    begins one.
    """

    def __init__(self) -> None:
        self.places: list[int] = []
        self._tasks = False
        self._pending: int | None = None

    def task(self, place: int) -> None:
        """A task begins."""
        self._tasks, self._pending = True, place

    def message(self, place: int) -> None:
        """The user sends a message."""
        if self._pending is not None or not self._tasks:
            self.places.append(place if self._pending is None else self._pending)
            self._pending = None

    def back(self, turns: int) -> int | None:
        """Where the last `turns` turns begin, which are forgotten; None if there are none."""
        cut = self.places[-turns:] if turns > 0 else []
        del self.places[len(self.places) - len(cut) :]
        return cut[0] if cut else None


class _Reader:
    """One file. `items` are the turns of response items, `events` those of events."""

    def __init__(self, options: ReadOptions) -> None:
        self.items = SessionBuilder(NAME)
        self.events = SessionBuilder(NAME)
        self._options = options
        self._meta: Mapping[str, Any] | None = None
        self._starts: dict[int, _Starts] = {id(builder): _Starts() for builder in (self.items, self.events)}

    def session(self, document: Document) -> Session:
        meta = self._meta or {}
        spoken = any(turn.role == "user" for turn in self.items.turns)
        builder = self.items if spoken or not self.events.turns else self.events
        if builder is self.events:
            builder.notes = self.items.notes | builder.notes
        source = meta.get("source")
        if isinstance(source, Mapping) and "subagent" in source and not self._options.sidechains:
            builder.skip("sidechain", len(builder.turns))
            builder.turns = []
        in_name = _SESSION_IN_NAME.search(document.stem)
        return builder.build(
            name_of(meta.get("id"))
            or name_of(meta.get("session_id"))
            or (in_name[0] if in_name else builder.key(document)),
            started_at=instant(meta.get("timestamp"), self._options.timezone),
        )

    def take(self, number: int, line: Mapping[str, Any]) -> None:
        kind = line.get("type")
        at, unclear = Fields({"timestamp": line.get("timestamp")}).time(self._options)
        self.items.skip(TIME_UNCLEAR, int(unclear))
        payload = line.get("payload")
        if kind == "session_meta" or (kind is None and "id" in line and "timestamp" in line):
            self._meta = self._meta or (payload if isinstance(payload, Mapping) else line)
        elif kind == "event_msg" and isinstance(payload, Mapping):
            self._event(number, payload, at)
        elif kind == "response_item" and isinstance(payload, Mapping):
            self._item(number, payload, at)
        elif kind == "compacted":
            self.items.skip("compact summary")
        elif payload is None:
            self._item(number, line, at)

    def _item(self, number: int, item: Mapping[str, Any], at: datetime | None) -> None:
        kind = item.get("type")
        if kind == "message":
            self._message(number, item, at)
        elif kind in ("function_call_output", "custom_tool_call_output", "local_shell_call_output"):
            output = item.get("output")
            if isinstance(output, Mapping):
                output = output.get("content")
            self.items.add("tool", content_text(output), turn_id=str(number), at=at, raw_kind=str(kind))
        elif kind in ("function_call", "custom_tool_call", "local_shell_call", "web_search_call"):
            self.items.skip("tool call")
        elif kind == "reasoning":
            self.items.skip("thinking")

    def _message(self, number: int, item: Mapping[str, Any], at: datetime | None) -> None:
        role = role_of(item.get("role"))
        if role == "system":
            self.items.skip("developer message")
            return
        if role is None:
            self.items.skip("unknown role")
            return
        content = item.get("content")
        phase = name_of(item.get("phase"))
        if role != "user":
            self.items.add(role, content_text(content), turn_id=str(number), at=at, raw_kind=phase or "message")
            return
        self._prompt(self.items, number, content if isinstance(content, list) else [content], at, phase or "message")

    def _prompt(self, builder: SessionBuilder, number: int, parts: list[Any], at: datetime | None, kind: str) -> None:
        """Add what the user typed; what Codex put in is counted."""
        words: list[str] = []
        injected = 0
        for part in parts:
            typed, reasons = own_words(content_text([part]))
            words += [typed] if typed else []
            injected += bool(reasons) and not typed
            for reason in reasons:
                builder.skip(_REASONS.get(reason, reason))
        if parts and injected == len(parts):
            return
        self._starts[id(builder)].message(len(builder.turns))
        builder.add("user", "\n".join(words), turn_id=str(number), at=at, raw_kind=kind)

    def _event(self, number: int, event: Mapping[str, Any], at: datetime | None) -> None:
        kind = event.get("type")
        text = text_of(event.get("message")).strip()
        if kind == "user_message" and event.get("kind") in (None, "plain"):
            self._prompt(self.events, number, [text], at, "user_message")
        elif kind == "agent_message":
            self.events.add("assistant", text, turn_id=str(number), at=at, raw_kind="agent_message")
        elif kind in ("task_started", "turn_started"):
            for builder in (self.items, self.events):
                self._starts[id(builder)].task(len(builder.turns))
        elif kind == "thread_rolled_back":
            self._roll_back(event.get("num_turns"))

    def _roll_back(self, turns: object) -> None:
        """Take back the last turns of the user and all that followed them."""
        count = int(turns) if isinstance(turns, int) or (isinstance(turns, str) and turns.isdecimal()) else 1
        for builder in (self.items, self.events):
            cut = self._starts[id(builder)].back(count)
            if cut is not None:
                builder.skip("rolled-back turn", len(builder.turns) - cut)
                del builder.turns[cut:]
