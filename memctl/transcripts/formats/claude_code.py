"""Claude Code session files, one JSON object per line.

The format is undocumented; this was observed in files of versions 1 and 2. A line of type `user` is often not the
human: tool results, hooks, command output and summaries have the same type. One assistant message spans several lines,
and a continued session repeats lines of the previous one. A prompt sent while the agent works is an attachment or an
operation of the queue, and has no line of type `user`.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from memctl.core.errors import BadTranscript
from memctl.transcripts.files.discovery import Document
from memctl.transcripts.files.jsonstream import json_lines, name_of, text_of
from memctl.transcripts.files.peek import Head
from memctl.transcripts.messages.content import content_text
from memctl.transcripts.messages.fields import Fields
from memctl.transcripts.messages.injected import SUMMARY, own_words
from memctl.transcripts.messages.rewinds import Kind, Lines
from memctl.transcripts.messages.session_builder import TIME_UNCLEAR, SessionBuilder, is_half
from memctl.transcripts.model import ReadOptions, Role, Session, Turn

NAME = "claude-code"
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TITLES = {"custom-title": "customTitle", "ai-title": "aiTitle", "summary": "summary"}
_QUEUED = "queued"
_UNSENT = "queued prompt that was not sent"


def sniff(head: Head) -> bool:
    if head.shape == "array":
        return False
    return any(
        "type" in record and ("sessionId" in record or "leafUuid" in record) and "role" not in record
        for record in head.records
    )


def read(document: Document, options: ReadOptions) -> Iterator[Session | BadTranscript]:
    """One session per session id in the file; only that session if the file is named after a session id."""
    own = document.stem if _UUID.fullmatch(document.stem) else None
    reader = _Reader(document, options, own)
    problems = list(reader.read())
    if own and not reader.met_own:
        # A copy under another name, in which no line is a replay.
        reader = _Reader(document, options, None)
        problems = list(reader.read())
    yield from problems
    yield from reader.sessions()
    if reader.failure:
        raise reader.failure


class _Reader:
    """One file: a builder per session, and the state that later lines depend on."""

    def __init__(self, document: Document, options: ReadOptions, own: str | None) -> None:
        self.half = False
        self.met_own = False
        self.failure: BadTranscript | None = None
        self._document = document
        self._options = options
        self._own = own
        self._builders: dict[str, SessionBuilder] = {}
        self._trees: dict[str, Lines] = {}
        self._leaf: str | None = None
        self._queue: deque[tuple[str, Mapping[str, Any]]] = deque()
        self._absorbed: Counter[str] = Counter()
        self._titles: dict[str, str] = {}
        self._lines: set[str] = set()
        self._boundaries: set[str] = set()
        self._messages: dict[str, int] = {}

    def read(self) -> Iterator[BadTranscript]:
        """Take all lines; the ones that cannot be read."""
        try:
            for _, line in json_lines(self._document):
                if isinstance(line, BadTranscript):
                    yield line
                elif is_half(line):
                    self.half = True
                elif isinstance(line, Mapping):
                    self.take(line)
        except BadTranscript as error:
            self.failure = error

    def sessions(self) -> Iterator[Session]:
        title = next((self._titles[kind] for kind in _TITLES if kind in self._titles), None)
        if self.half or self._queue:
            builder = self._builder(next(reversed(self._builders), self._own))
            builder.skip("incomplete last line", int(self.half))
            builder.skip(_UNSENT, len(self._queue))
        for name, builder in self._builders.items():
            if not self._options.branches and name in self._trees:
                gone = self._trees[name].abandoned(self._leaf)
                kept = [turn for turn in builder.turns if turn.turn_id.partition("#")[0] not in gone]
                builder.skip("abandoned branch", len(builder.turns) - len(kept))
                builder.turns = kept
            if builder.turns or builder.notes:
                yield builder.build(name or builder.key(self._document), title=title)

    def take(self, line: Mapping[str, Any]) -> None:
        kind = str(line.get("type"))
        if kind in _TITLES:
            title = name_of(line.get(_TITLES[kind])) or name_of(line.get("title"))
            if title:
                self._titles[kind] = title
            return
        session = name_of(line.get("sessionId"))
        self.met_own = self.met_own or session == self._own
        if kind == "last-prompt":
            self._leaf = name_of(line.get("leafUuid")) or self._leaf
        elif kind == "queue-operation":
            self._queued(self._builder(session or self._own), line)
        boundary = kind == "compact_boundary" or (kind == "system" and line.get("subtype") == "compact_boundary")
        if boundary:
            self._boundaries.add(str(line.get("uuid")))
        queued = self._queued_prompt(line) if kind == "attachment" else None
        spoken = kind in ("user", "assistant") and isinstance(line.get("message"), Mapping)
        if not spoken and queued is None:
            self._node(line, session, "other", boundary=boundary)
            return
        reason = self._passed_over(line, session)
        if reason:
            self._builder(self._own or session).skip(reason)
            self._node(line, session, "other")
            return
        agent = name_of(line.get("agentId")) if line.get("isSidechain") else None
        builder = self._builder(f"{session}:{agent}" if session and agent else session or self._own)
        if queued is not None:
            self._node(line, session, "answer")
            self._prompt(builder, line, queued, _QUEUED)
        elif kind == "user":
            self._node(line, session, self._user(builder, line, line["message"]))
        else:
            self._node(line, session, "answer")
            self._assistant(builder, line, line["message"])

    def _node(self, line: Mapping[str, Any], session: str | None, kind: Kind, *, boundary: bool = False) -> None:
        """Add a line to the tree of its session, if it says where it belongs."""
        uuid = name_of(line.get("uuid"))
        if uuid is None or "parentUuid" not in line or line.get("isSidechain"):
            return
        tree = self._trees.setdefault(session or self._own or "", Lines())
        parent = name_of(line["parentUuid"]) or name_of(line.get("logicalParentUuid"))
        tree.add(uuid, parent, kind, boundary=boundary)

    def _builder(self, session: str | None) -> SessionBuilder:
        return self._builders.setdefault(session or "", SessionBuilder(NAME))

    def _passed_over(self, line: Mapping[str, Any], session: str | None) -> str | None:
        uuid = name_of(line.get("uuid"))
        if uuid in self._lines or (self._own and session and session != self._own):
            return "replayed line"
        if uuid:
            self._lines.add(uuid)
        if line.get("isSidechain") and not self._options.sidechains:
            return "sidechain"
        if line.get("isCompactSummary") or str(line.get("parentUuid")) in self._boundaries:
            return SUMMARY
        if line.get("isMeta") or line.get("isVisibleInTranscriptOnly"):
            return "meta line"
        if not _is_human(line):
            return "notification"
        return "API error" if line.get("isApiErrorMessage") else None

    def _queued(self, builder: SessionBuilder, line: Mapping[str, Any]) -> None:
        """Follow the queue of prompts. A prompt that is removed was taken up while the agent worked; one that leaves
        the queue at the end of a turn has a line of its own."""
        operation = line.get("operation")
        text = content_text(line.get("content"))
        if operation == "enqueue":
            self._queue.append((text, line))
        elif operation == "popAll":
            builder.skip(_UNSENT, len(self._queue))
            self._queue.clear()
        elif operation in ("dequeue", "remove") and self._queue:
            entry = next((entry for entry in self._queue if text and entry[0] == text), self._queue[0])
            self._queue.remove(entry)
            if operation == "remove" and entry[0]:
                self._absorbed[entry[0]] += 1
                if self._absorbed[entry[0]] > 0:
                    self._prompt(builder, entry[1], entry[0], _QUEUED)

    def _queued_prompt(self, line: Mapping[str, Any]) -> str | None:
        """The text of an attachment that is a prompt of the user, unless the queue gave it already."""
        attachment = line.get("attachment")
        if not isinstance(attachment, Mapping) or attachment.get("type") != "queued_command":
            return None
        text = content_text(attachment.get("prompt"))
        if attachment.get("commandMode", "prompt") != "prompt" or not _is_human(attachment):
            return None
        self._absorbed[text] -= 1
        return text if self._absorbed[text] < 0 else None

    def _prompt(self, builder: SessionBuilder, line: Mapping[str, Any], text: str, kind: str) -> None:
        """Add what the user typed, and count what was put in by tools."""
        words, reasons = own_words(text)
        for reason in reasons:
            builder.skip(reason)
        if words or not reasons:
            self._add(builder, line, "user", words, kind)

    def _user(self, builder: SessionBuilder, line: Mapping[str, Any], message: Mapping[str, Any]) -> Kind:
        content = message.get("content")
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        results = [block for block in blocks if isinstance(block, Mapping) and block.get("type") == "tool_result"]
        if results or line.get("toolUseResult") or line.get("sourceToolAssistantUUID"):
            self._add(builder, line, "tool", content_text(blocks), "tool_result")
            return "answer"
        texts = [text_of(block.get("text")) for block in blocks if isinstance(block, Mapping)]
        self._prompt(builder, line, "\n".join(part.strip() for part in texts if part.strip()), "user")
        return "prompt"

    def _assistant(self, builder: SessionBuilder, line: Mapping[str, Any], message: Mapping[str, Any]) -> None:
        content = message.get("content")
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        kinds = [block.get("type") if isinstance(block, Mapping) else None for block in blocks]
        thoughts = sum(kind in ("thinking", "redacted_thinking") for kind in kinds)
        calls = kinds.count("tool_use")
        builder.skip("thinking", thoughts)
        builder.skip("tool call", calls)
        text = content_text(blocks)
        if not text:
            builder.skip("no text", int(not thoughts and not calls))
            return
        name = name_of(message.get("id"))
        earlier = self._messages.get(name) if name else None
        if earlier is not None and earlier < len(builder.turns):
            builder.turns[earlier] = _joined(builder.turns[earlier], text)
            return
        if name:
            self._messages[name] = len(builder.turns)
        self._add(builder, line, "assistant", text, "assistant")

    def _add(self, builder: SessionBuilder, line: Mapping[str, Any], role: Role, text: str, kind: str) -> None:
        at, unclear = Fields({"timestamp": line.get("timestamp")}).time(self._options)
        builder.skip(TIME_UNCLEAR, int(unclear))
        uuid = name_of(line.get("uuid"))
        builder.add(
            role,
            text,
            turn_id=uuid or (f"queue:{line.get('timestamp')}" if kind == _QUEUED else None),
            at=at,
            parent_id=name_of(line.get("parentUuid")),
            raw_kind=kind,
        )


def _is_human(line: Mapping[str, Any]) -> bool:
    """False for what another agent or the program itself sent in the user's place."""
    origin = line.get("origin")
    kind = origin.get("kind") if isinstance(origin, Mapping) else line.get("turnOrigin")
    return kind in (None, "", "human", "user")


def _joined(turn: Turn, text: str) -> Turn:
    return msgspec.structs.replace(turn, text=f"{turn.text}\n{text}")
