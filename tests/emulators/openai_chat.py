"""A loopback emulator of OpenAI's chat completions, files and batches: its checks, its errors, and faults on demand.

Its model finds facts in a few simple sentences ("I live in …") of the prompt and answers in the requested format. A
test may replace it with another `reader`, or queue `faults`, one for each of the next requests.
"""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler
from typing import Any, NamedTuple

from emulators.loopback import serving

KEY = "loopback-key"
MODEL = "small-reader"


class Line(NamedTuple):
    """A line of the conversation as the model sees it."""

    number: int
    context: bool
    who: str
    text: str


_LINE = re.compile(r"^\[(\d+)\]( \(context\))? (.*?): (.*)$", re.MULTILINE)
_SAYINGS = {
    "lives_in": re.compile(r"\bI(?:'ve| have)? (?:live in|moved to) ([A-Z]\w+)"),
    "works_at": re.compile(r"\bI work at ([A-Z]\w+)"),
    "allergic_to": re.compile(r"\bI am allergic to (\w+)"),
    "likes": re.compile(r"\bI (?:like|love) ([\w ]+?)(?=[.,!]|$)"),
}


def lines(message: str) -> list[Line]:
    """The lines of a user message."""
    return [Line(int(n), bool(context), who, text) for n, context, who, text in _LINE.findall(message)]


def fact(line: Line, predicate: str, value: str) -> dict[str, Any]:
    """One fact in the requested format, about the speaker of `line`."""
    return {"s": line.who, "p": predicate, "o": value}


def plain_reader(message: str) -> list[dict[str, Any]]:
    """The facts the emulated model finds."""
    facts = []
    for line in lines(message):
        if line.context or line.who == "assistant":
            continue
        for predicate, pattern in _SAYINGS.items():
            facts += [fact(line, predicate, match[1]) for match in pattern.finditer(line.text)]
    return facts


Reply = tuple[int, dict[str, Any], dict[str, str]]
Fault = Callable[["ChatServer", dict[str, Any]], Reply | None]


@dataclass
class ChatServer:
    """The options of a test, and the received requests. `forms` has the response formats that the server accepts;
    `pause` is the number of seconds before each chunk of a stream."""

    url: str = ""
    reader: Callable[[str], list[dict[str, Any]]] = plain_reader
    ended: Callable[[str], list[str]] = lambda message: []
    faults: list[Fault] = field(default_factory=list)
    always: Fault | None = None
    forms: tuple[str, ...] = ("json_schema", "json_object", "text")
    refused_parameters: tuple[str, ...] = ()
    needs_key: bool = False
    tells_usage: bool = True
    lists_models: bool = True
    clock_ahead: float = 0.0
    pause: float = 0.0
    requests: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, dict[str, Any]] = field(default_factory=dict)
    works: bool = True
    arrived: threading.Event = field(default_factory=threading.Event)
    released: threading.Event = field(default_factory=threading.Event)
    most_at_once: int = 0
    _under_way: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def messages(self) -> list[str]:
        """The user messages of the requests, in order."""
        return [request["messages"][-1]["content"] for request in self.requests]

    def models(self, key: str | None) -> Reply:
        """The response to `GET /models`, which does not count as a request to the model."""
        if self.needs_key and key != f"Bearer {KEY}":
            return error(401, f"Incorrect API key provided: {key}.", "invalid_api_key")
        if not self.lists_models:
            return error(404, "no list of models here", None)
        named = {"id": MODEL, "object": "model", "created": 1, "owned_by": "loopback"}
        return 200, {"object": "list", "data": [named]}, {}

    def chat(self, body: dict[str, Any], key: str | None) -> Reply:
        with self._lock:
            self.requests.append(body)
            self.keys.append(key)
            self._under_way += 1
            self.most_at_once = max(self.most_at_once, self._under_way)
            fault = self.faults.pop(0) if self.faults else self.always
        try:
            if self.needs_key and key != f"Bearer {KEY}":
                return error(401, f"Incorrect API key provided: {key}.", "invalid_api_key")
            return (fault(self, body) if fault else None) or self.answer(body)
        finally:
            with self._lock:
                self._under_way -= 1

    def answer(self, body: dict[str, Any]) -> Reply:
        """The response without a fault, after OpenAI's checks."""
        for name in self.refused_parameters:
            if name in body:
                return error(400, f"Unsupported parameter: '{name}' is not supported with this model.", None)
        form = body.get("response_format", {"type": "text"})["type"]
        if form not in self.forms:
            return error(400, f"response_format type {form} is unavailable now", None)
        if form == "json_schema" and (wrong := not_strict(body["response_format"]["json_schema"]["schema"])):
            return error(400, f"Invalid schema for response_format 'facts': {wrong}", None)
        if form == "json_object" and "json" not in str(body["messages"]).lower():
            return error(400, "'messages' must contain the word 'json' in some form", None)
        message = body["messages"][-1]["content"]
        text = json.dumps({"facts": self.reader(message), "ended": self.ended(message)})
        most = body.get("max_tokens", body.get("max_completion_tokens"))
        if most is not None and len(text) // 4 > most:
            return completion(self, body, text[: most * 4], finish="length")
        return completion(self, body, text)

    def batch(self, body: dict[str, Any]) -> Reply:
        number = f"batch_{len(self.batches) + 1}"
        record = {
            "id": number,
            "object": "batch",
            "endpoint": body["endpoint"],
            "input_file_id": body["input_file_id"],
            "completion_window": body["completion_window"],
            "metadata": body.get("metadata"),
            "status": "validating",
            "created_at": 1,
        }
        self.batches[number] = record
        return 200, record, {}

    def poll(self, number: str) -> Reply:
        """The current state of a batch; a batch in progress ends with the first request for it."""
        if number not in self.batches:
            return error(404, f"No batch found with id '{number}'.", None)
        batch = self.batches[number]
        if self.works and batch["status"] == "validating":
            answers, errors = [], []
            for raw in self.files[batch["input_file_id"]].splitlines():
                request = json.loads(raw)
                status, body, _ = self.chat(request["body"], f"Bearer {KEY}")
                line = {"id": "r", "custom_id": request["custom_id"], "error": None}
                line["response"] = {"status_code": status, "request_id": "x", "body": body}
                (answers if status == 200 else errors).append(json.dumps(line))
            # The protocol does not guarantee the order of the results.
            self.files[f"{number}-out"] = "\n".join(reversed(answers)).encode()
            self.files[f"{number}-err"] = "\n".join(errors).encode()
            batch |= {"status": "completed", "output_file_id": f"{number}-out" if answers else None}
            batch |= {"error_file_id": f"{number}-err" if errors else None}
        return 200, batch, {}


def completion(
    server: ChatServer, body: dict[str, Any], text: str | None, *, finish: str = "stop", refusal: str | None = None
) -> Reply:
    """A chat completion in OpenAI's form."""
    message = {"role": "assistant", "content": text, "refusal": refusal}
    document: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }
    if server.tells_usage:
        prompt_tokens, answer_tokens = len(str(body["messages"])) // 4, len(text or "") // 4
        document["usage"] = {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": answer_tokens,
            "total_tokens": prompt_tokens + answer_tokens,
        }
    return 200, document, {}


def error(status: int, message: str, code: str | None, **headers: str) -> Reply:
    """An error answer in OpenAI's form."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return status, {"error": {"message": message, "type": "error", "param": None, "code": code}}, named


def says(text: str | None, **more: Any) -> Fault:
    """A fault: the model answers with this text."""
    return lambda server, body: completion(server, body, text, **more)


def fails(status: int, message: str, code: str | None = None, **headers: str) -> Fault:
    """A fault: the server answers with an error."""
    return lambda server, body: error(status, message, code, **headers)


def works(server: ChatServer, body: dict[str, Any]) -> None:
    """No fault: an entry in the queue of faults for a request that succeeds."""


def hangs(server: ChatServer, body: dict[str, Any]) -> None:
    """A fault: no response until the test releases it."""
    server.arrived.set()
    server.released.wait(30)


def falls_silent(text: str) -> Fault:
    """A fault: the response starts with `text` and stops until the test releases it."""

    def fault(server: ChatServer, body: dict[str, Any]) -> Reply:
        status, document, headers = completion(server, body, text)
        return status, document | {"silent": True}, headers

    return fault


def breaks_off(text: str) -> Fault:
    """A fault: the connection is closed in the middle of the response."""
    return lambda server, body: completion(server, body, text, finish="")


def pieces(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A chat completion as the chunks of a stream, a few characters each."""
    (choice,) = document["choices"]
    message = choice["message"]
    head = {key: document[key] for key in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    for name in ("content", "refusal"):
        text = message[name] or ""
        for start in range(0, len(text), 20):
            delta = {"role": "assistant", name: text[start : start + 20]}
            yield head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
    if choice["finish_reason"]:
        yield head | {"choices": [{"index": 0, "delta": {}, "finish_reason": choice["finish_reason"]}]}
        yield head | {"choices": [], "usage": document.get("usage")}


def not_strict(schema: dict[str, Any], path: str = "") -> str | None:
    """Why OpenAI's strict mode would refuse a schema."""
    if schema.get("type") == "object":
        if schema.get("additionalProperties") is not False:
            return f"{path or 'schema'}: 'additionalProperties' is required to be supplied and to be false"
        if set(schema["properties"]) != set(schema.get("required", ())):
            return f"{path or 'schema'}: 'required' must include every key in properties"
        return next(filter(None, (not_strict(one, f"{path}/{k}") for k, one in schema["properties"].items())), None)
    if "items" in schema:
        return not_strict(schema["items"], f"{path}/items")
    return None


@contextmanager
def serve() -> Iterator[ChatServer]:  # noqa: C901 - one branch a path
    """A running server on a free port of the loopback interface."""
    state = ChatServer()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(time.time() + state.clock_ahead if timestamp is None else timestamp)

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["content-length"]))
            if self.path == "/v1/files":
                self._send(*self._upload(raw))
            elif self.path == "/v1/chat/completions":
                body = json.loads(raw)
                status, document, headers = state.chat(body, self.headers["authorization"])
                if status == 200 and body.get("stream"):
                    self._stream(document)
                else:
                    self._send(status, document, headers)
            elif self.path == "/v1/batches":
                self._send(*state.batch(json.loads(raw)))
            else:
                self._send(*error(404, f"no {self.path} here", None))

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].removeprefix("/v1/")
            if path == "models":
                self._send(*state.models(self.headers["authorization"]))
            elif path == "batches":
                self._send(200, {"object": "list", "data": list(state.batches.values())[::-1], "has_more": False}, {})
            elif path.startswith("batches/"):
                self._send(*state.poll(path.removeprefix("batches/")))
            elif path.startswith("files/") and path.endswith("/content"):
                self._write(200, state.files[path.split("/")[1]], {"content-type": "application/octet-stream"})
            else:
                self._send(*error(404, f"no {self.path} here", None))

        def _upload(self, raw: bytes) -> Reply:
            head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
            message = BytesParser(EmailMessage).parsebytes(head + raw)
            parts = {part.get_param("name", header="content-disposition"): part for part in message.walk()}
            content = parts["file"].get_payload(decode=True)
            assert isinstance(content, bytes)
            number = f"file_{len(state.files) + 1}"
            state.files[number] = content
            document = {"id": number, "object": "file", "bytes": len(content), "created_at": 1, "filename": "x"}
            return 200, document | {"purpose": "batch", "status": "processed"}, {}

        def _stream(self, document: dict[str, Any]) -> None:
            lines = [f"data: {json.dumps(chunk)}\n\n".encode() for chunk in pieces(document)]
            try:
                self.send_response(200)
                self.send_header("content-type", "text/event-stream")
                self.send_header("connection", "close")
                self.end_headers()
                for line in lines[:-2] if document.get("silent") else [*lines, b"data: [DONE]\n\n"]:
                    time.sleep(state.pause)
                    self.wfile.write(line)
                    self.wfile.flush()
            except (BrokenPipeError, ConnectionResetError):
                pass
            if document.get("silent"):
                hangs(state, {})
            self.close_connection = True

        def _send(self, status: int, answer: dict[str, Any], headers: dict[str, str]) -> None:
            self._write(status, json.dumps(answer).encode(), {"content-type": "application/json", **headers})

        def _write(self, status: int, data: bytes, headers: dict[str, str]) -> None:
            try:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
            return

    with serving(Handler) as url:
        state.url = f"{url}/v1"
        try:
            yield state
        finally:
            state.released.set()
