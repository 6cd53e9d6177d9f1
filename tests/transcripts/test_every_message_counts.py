"""For every JSON format and any conversation: no text gets another speaker, and no message is lost."""

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from memctl.core.errors import BadTranscript
from memctl.transcripts import ReadOptions, Session, read
from memctl.transcripts.files.discovery import Document

SESSION = "0b54c7aa-7f0e-4f0d-9a51-1f2e3d4c5b6a"
USERS = ("ada", "ben")


class Said(NamedTuple):
    """A message: its speaker (`nobody` has no known role), whether it has text, and its owner."""

    number: int
    role: str
    blank: bool
    user: str

    @property
    def text(self) -> str:
        return "" if self.blank else f"word{self.number}x"

    @property
    def at(self) -> str:
        return f"2026-01-01T10:{self.number // 60:02}:{self.number % 60:02}Z"


Writer = Callable[[list[Said]], Any]


def names(role: str, **other: str) -> str:
    return other.get(role, role)


def spelled(*keys: str) -> list[Callable[[str], str]]:
    """Ways to write a field's name."""

    def camel(key: str) -> str:
        first, *rest = key.split("_")
        return first + "".join(part.title() for part in rest)

    return [str, camel, lambda key: key.replace("_", "-"), lambda key: camel(key)[:1].upper() + camel(key)[1:]]


def listed(spelling: int, text_key: str = "content") -> Writer:
    spell = spelled()[spelling]

    def write(messages: list[Said]) -> Any:
        return [
            {spell("role"): m.role, spell(text_key): m.text, spell("user_id"): m.user, spell("created_at"): m.at}
            for m in messages
        ]

    return write


def zep(messages: list[Said]) -> Any:
    return {
        "thread_id": "t",
        "messages": [{"uuid": str(m.number), "role": m.role, "content": m.text, "user_id": m.user} for m in messages],
    }


def mem0(messages: list[Said]) -> Any:
    return {"run_id": "r", "user_id": "ada", "messages": [{"role": m.role, "content": m.text} for m in messages]}


def langchain(messages: list[Said]) -> Any:
    return [
        {"type": names(m.role, user="human", assistant="ai"), "data": {"content": m.text, "id": str(m.number)}}
        for m in messages
    ]


def sharegpt(messages: list[Said]) -> Any:
    return {
        "conversations": [{"from": names(m.role, user="human", assistant="gpt"), "value": m.text} for m in messages]
    }


def letta(messages: list[Said]) -> Any:
    return {"messages": [{"message_type": f"{m.role}_message", "content": m.text, "date": m.at} for m in messages]}


def chatgpt(messages: list[Said]) -> Any:
    mapping: dict[str, Any] = {"root": {"id": "root", "parent": None, "message": None}}
    for m, parent in zip(messages, ["root", *(f"n{m.number}" for m in messages)], strict=False):
        content = {"content_type": "text", "parts": [m.text]}
        message = {"author": {"role": m.role}, "content": content, "recipient": "all", "weight": 1}
        mapping[f"n{m.number}"] = {"id": f"n{m.number}", "parent": parent, "message": message}
    return [{"id": "c", "mapping": mapping, "current_node": f"n{messages[-1].number}"}]


def deepseek(messages: list[Said]) -> Any:
    kinds = {"user": "REQUEST", "assistant": "RESPONSE", "tool": "SEARCH", "nobody": "ODD"}
    mapping: dict[str, Any] = {"root": {"id": "root", "parent": None, "message": None}}
    for m, parent in zip(messages, ["root", *(f"n{m.number}" for m in messages)], strict=False):
        message = {"inserted_at": m.at, "fragments": [{"type": kinds[m.role], "content": m.text}]}
        mapping[f"n{m.number}"] = {"id": f"n{m.number}", "parent": parent, "message": message}
    return [{"id": "c", "inserted_at": messages[0].at, "mapping": mapping}]


def claude(messages: list[Said]) -> Any:
    return [
        {
            "uuid": "c",
            "chat_messages": [
                {"uuid": f"m{m.number}", "sender": names(m.role, user="human"), "text": m.text, "created_at": m.at}
                for m in messages
            ],
        }
    ]


def claude_code(messages: list[Said]) -> Any:
    lines = []
    for m, parent in zip(messages, [None, *(f"u{m.number}" for m in messages)], strict=False):
        kind = names(m.role, tool="user", nobody="user")
        blocks: Any = m.text
        if m.role == "tool":
            blocks = [{"type": "tool_result", "content": m.text}]
        elif m.role == "nobody":
            blocks = f"<system-reminder>{m.text}</system-reminder>"
        message = {"role": kind, "content": blocks, "id": f"a{m.number}"}
        envelope = {"uuid": f"u{m.number}", "parentUuid": parent, "sessionId": SESSION, "timestamp": m.at}
        lines.append({"type": kind, **envelope, "message": message})
    return lines


def codex(messages: list[Said]) -> Any:
    lines: list[Any] = [{"type": "session_meta", "payload": {"id": SESSION}}]
    for m in messages:
        payload: dict[str, Any] = {"type": "message", "role": m.role, "content": [{"type": "text", "text": m.text}]}
        if m.role == "tool":
            payload = {"type": "function_call_output", "output": m.text}
        lines.append({"timestamp": m.at, "type": "response_item", "payload": payload})
    return lines


def open_webui(messages: list[Said]) -> Any:
    tree = {}
    for m, parent in zip(messages, [None, *(f"m{m.number}" for m in messages)], strict=False):
        tree[f"m{m.number}"] = {"id": f"m{m.number}", "parentId": parent, "role": m.role, "content": m.text}
    history = {"messages": tree, "currentId": f"m{messages[-1].number}"}
    return [{"id": "c", "chat": {"history": history}}]


def librechat(messages: list[Said]) -> Any:
    flat = []
    for m, parent in zip(
        messages, ["00000000-0000-0000-0000-000000000000", *(f"m{m.number}" for m in messages)], strict=False
    ):
        fields: dict[str, Any] = {
            "messageId": f"m{m.number}",
            "parentMessageId": parent,
            "text": m.text,
            "createdAt": m.at,
        }
        if m.role in ("user", "assistant"):
            fields["isCreatedByUser"] = m.role == "user"
        elif m.role == "tool":
            fields["role"] = "tool"
        flat.append(fields)
    return {"conversationId": "c", "messages": flat}


def copilot(messages: list[Said]) -> Any:
    requests = []
    for m in messages:
        part = {"value": m.text} if m.role == "assistant" else {"kind": "toolInvocation", "value": m.text}
        request = {
            "message": {"text": m.text if m.role == "user" else ""},
            "response": [part] if m.role != "user" else [],
        }
        requests.append({"requestId": f"r{m.number}", **request})
    return {"responderUsername": "x", "requests": requests}


def sillytavern(messages: list[Said]) -> Any:
    return [
        {"name": m.role, "is_user": m.role == "user", "is_system": m.role in ("tool", "nobody"), "mes": m.text}
        for m in messages
    ]


def opencode(messages: list[Said]) -> Any:
    return {
        "info": {"id": "s"},
        "messages": [
            {"info": {"id": f"m{m.number}", "role": m.role}, "parts": [{"type": "text", "text": m.text}]}
            for m in messages
        ],
    }


def cursor(messages: list[Said]) -> Any:
    return [
        {"role": m.role, "message": {"content": [{"type": "text", "text": f"<user_query>{m.text}</user_query>"}]}}
        for m in messages
    ]


def gemini(messages: list[Said]) -> Any:
    verbs = {"user": "Prompted ", "assistant": "Gave feedback ", "tool": "Used ", "nobody": "Tat "}
    return [
        {"header": "Gemini Apps", "title": f"{verbs[m.role]}{m.text or '?'}", "time": m.at, "products": ["Gemini Apps"]}
        for m in messages
    ]


WRITERS: dict[str, tuple[str, str, Writer]] = {
    **{f"openai-{number}": ("openai", "f.json", listed(number)) for number in range(4)},
    "openai-lines": ("openai", "f.jsonl", listed(0, "message")),
    "zep": ("zep", "f.json", zep),
    "mem0": ("mem0", "f.json", mem0),
    "langchain": ("langchain", "f.json", langchain),
    "sharegpt": ("sharegpt", "f.json", sharegpt),
    "letta": ("letta", "f.json", letta),
    "chatgpt": ("chatgpt", "f.json", chatgpt),
    "deepseek": ("deepseek", "f.json", deepseek),
    "claude": ("claude", "f.json", claude),
    "claude-code": ("claude-code", f"{SESSION}.jsonl", claude_code),
    "codex": ("codex", "f.jsonl", codex),
    "open-webui": ("open-webui", "f.json", open_webui),
    "librechat": ("librechat", "f.json", librechat),
    "copilot-chat": ("copilot-chat", "f.json", copilot),
    "sillytavern": ("sillytavern", "f.jsonl", sillytavern),
    "opencode": ("opencode", "f.json", opencode),
    "cursor": ("cursor", "f.jsonl", cursor),
    "gemini-activity": ("gemini-activity", "f.json", gemini),
}
OWNED = ("openai-0", "openai-1", "openai-2", "openai-3", "openai-lines", "zep")
"""The formats whose messages name their users here."""


@st.composite
def conversations(draw: st.DrawFn) -> list[Said]:
    roles = st.sampled_from(["user", "assistant", "tool", "nobody"])
    blank = st.sampled_from([False, False, False, True])
    drawn = draw(st.lists(st.tuples(roles, blank, st.sampled_from(USERS)), min_size=1, max_size=7))
    return [Said(number, *parts) for number, parts in enumerate([("user", False, "ada"), *drawn])]


def items(path: Path, content: Any, form: str | None) -> list[Session | BadTranscript]:
    lines = path.suffix == ".jsonl"
    path.write_text("\n".join(map(json.dumps, content)) if lines else json.dumps(content), encoding="utf-8")
    return list(read(Document(path.name, path.name, path.stat().st_size, 0, path=path), ReadOptions(), form))


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=25, deadline=None)
@given(conversations())
def test_words_stay_with_their_speaker_and_every_message_is_counted(name: str, messages: list[Said]) -> None:
    form, file, write = WRITERS[name]
    with tempfile.TemporaryDirectory() as folder:
        results = items(Path(folder, file), write(messages), None)
    sessions = [item for item in results if isinstance(item, Session)]
    assert {session.source_format for session in sessions} == {form}
    turns = [turn for session in sessions for turn in session.turns]
    for m in messages:
        if m.blank:
            continue
        holders = [turn for turn in turns if m.text in turn.text]
        assert len(holders) <= 1, "read twice"
        assert all(turn.role == m.role for turn in holders), "under another role"
        assert holders or m.role != "user", "the user's text is lost"
        if name in OWNED:
            assert all(turn.owner == m.user for turn in holders), "under another's name"
    counted = sum(count for session in sessions for count in session.notes.values()) + len(results) - len(sessions)
    assert len(turns) + counted >= len(messages)
