"""A loopback emulator of mem0's self-hosted REST server (mem0ai 2.2.1, server/main.py): its endpoints, its formats, its
pitfalls, and faults on demand.

Emulated pitfalls: a list has 20 rows by default, at most 1,000, no pages and no order; expired memories are hidden by
default; the list of owners scans 10,000 rows; unknown fields of a request are ignored; ids are assigned by the server;
`updated_at` gets the value of `created_at`; metadata is stored flat among mem0's own keys; an id with white space is
refused; a NUL gives 502, because PostgreSQL does not accept it.
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import UUID, uuid4

from emulators.loopback import serving

from memctl.embed.spec import EmbedderSpec

KEY = "m0sk_" + "loopback"
MOST_LISTED = 1000
MOST_SCANNED = 10_000
IDS = ("user_id", "agent_id", "run_id")
PROMOTED = (*IDS, "actor_id", "role", "attributed_to", "expiration_date")
CORE = {"data", "hash", "created_at", "updated_at", "id", "text_lemmatized", *PROMOTED}
OWN = {*IDS, "actor_id"}

Payload = dict[str, Any]


class Refused(Exception):
    """An error response."""

    def __init__(self, status: int, detail: Any, **more: str) -> None:
        super().__init__(str(detail))
        self.answer = (status, {"detail": detail, **more})


@dataclass
class Fault:
    """A fault of the next `times` requests whose "METHOD /path" has this prefix: a status (0 closes the connection
    without a response) before the request is executed or, with `applied`, after; `delay` is in seconds."""

    matching: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, str] = field(default_factory=lambda: {"detail": "out of order"})
    applied: bool = False
    delay: float = 0.0
    times: int = 1
    skip: int = 0


@dataclass
class Mem0Server:
    """The server's records, the options of a test, and the received requests."""

    url: str = ""
    key: str | None = KEY
    points: dict[str, Payload] = field(default_factory=dict)
    history: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    most_listed: int | None = None
    knows_show_expired: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        parts = [unquote(part) for part in path.strip("/").split("/")]
        if parts == ["memories"]:
            return self._memories(method, query, body)
        if parts[0] == "memories" and len(parts) == 2:
            return self._memory(method, parts[1], body)
        if parts[0] == "memories" and parts[2:] == ["history"]:
            return 200, self.history.get(parts[1], [])
        if parts == ["search"] and method == "POST":
            return 200, {"results": self._search(body)}
        if parts == ["entities"] and method == "GET":
            return 200, self._entities()
        raise Refused(404, "Not Found")

    def _memories(self, method: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        if method == "POST":
            return 200, {"results": self._add(body)}
        ids = {key: query[key] for key in IDS if query.get(key)}
        if method != "GET":
            raise Refused(405, "Method Not Allowed")
        top_k = int(query.get("top_k", 20))
        if not 0 <= top_k <= MOST_LISTED:
            raise Refused(422, [{"loc": ["query", "top_k"], "msg": "Input should be less than or equal to 1000"}])
        if not ids:
            some = list(self.points.items())[:MOST_LISTED]
            return 200, {"results": [_raw(point, payload) for point, payload in some]}
        expired = self.knows_show_expired and query.get("show_expired") == "true"
        memories = [
            _row(point, payload)
            for point, payload in self.points.items()
            if _meets(payload, _checked(ids)) and (expired or not _is_over(payload))
        ]
        return 200, {"results": memories[: min(top_k, self.most_listed or top_k)]}

    def _add(self, body: Any) -> list[dict[str, Any]]:
        messages = body.get("messages")
        if not isinstance(messages, list):
            raise Refused(422, [{"loc": ["body", "messages"], "msg": "Field required"}])
        ids = _checked({key: body[key] for key in IDS if body.get(key)})
        if not ids:
            raise Refused(400, "At least one identifier (user_id, agent_id, run_id) is required.")
        if body.get("infer", True):
            raise Refused(502, "Provider rejected the request.", code="provider_auth_failed", request_id="-")
        created = []
        for message in messages:
            if message["role"] == "system":
                continue
            payload = {key: value for key, value in (body.get("metadata") or {}).items() if key not in OWN} | ids
            if body.get("expiration_date"):
                payload["expiration_date"] = body["expiration_date"]
            if "\\u0000" in json.dumps([payload, message]).replace("\\\\", ""):
                raise Refused(502, "Upstream provider error.", code="unknown", request_id="-")
            payload |= {"role": message["role"], "data": message["content"]}
            payload["hash"] = hashlib.md5(message["content"].encode(), usedforsecurity=False).hexdigest()
            payload.setdefault("created_at", datetime.now(UTC).isoformat())
            payload |= {"updated_at": payload["created_at"], "text_lemmatized": message["content"]}
            point = str(uuid4())
            self.points[point] = payload
            self.history[point] = [{"memory_id": point, "new_memory": message["content"], "event": "ADD"}]
            created.append({"id": point, "memory": message["content"], "event": "ADD", "role": message["role"]})
        return created

    def _memory(self, method: str, point: str, body: Any) -> tuple[int, Any]:
        try:
            payload = self.points.get(str(UUID(point)))
        except ValueError:
            raise Refused(502, "Upstream provider error.", code="unknown", request_id="-") from None
        if method == "GET":
            return 200, None if payload is None else _row(point, payload)
        if payload is None:
            raise Refused(404, f"Memory with id {point} not found")
        if method == "DELETE":
            del self.points[point]
            return 200, {"message": "Memory deleted successfully"}
        metadata = {key: value for key, value in (body.get("metadata") or {}).items() if key not in OWN}
        text = body.get("text", payload["data"])
        now = datetime.now(UTC).isoformat()
        payload |= metadata | {"data": text, "updated_at": now, "created_at": payload.get("created_at")}
        payload["hash"] = hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
        return 200, {"message": "Memory updated successfully!"}

    def _search(self, body: Any) -> list[dict[str, Any]]:
        query = body.get("query", "")
        if not query.strip():
            raise Refused(400, "query cannot be empty.")
        filters = _checked(body.get("filters") or {})
        if not any(key in filters for key in IDS):
            raise Refused(400, "filters must contain at least one of: user_id, agent_id, run_id.")
        memories = [
            (point, payload)
            for point, payload in self.points.items()
            if _meets(payload, filters) and (body.get("show_expired") or not _is_over(payload))
        ]
        if not memories:
            return []
        vectors = EmbedderSpec().open().embed([query, *(payload["data"] for _, payload in memories)])
        scores = [max(0.0, float(vectors[0] @ vector)) for vector in vectors[1:]]
        ranked = sorted(zip(scores, memories, strict=True), key=lambda one: -one[0])
        hits = [(score, one) for score, one in ranked if score >= body.get("threshold", 0.1)]
        rows = []
        for score, (point, payload) in hits[: body.get("top_k", 20)]:
            row = _row(point, payload) | {"score": score}
            if body.get("explain"):
                row["score_details"] = {"semantic_score": score, "bm25_score": 0.0, "entity_boost": 0.0}
            rows.append(row)
        return rows

    def _entities(self) -> list[dict[str, Any]]:
        totals: dict[tuple[str, str], int] = {}
        for payload in list(self.points.values())[:MOST_SCANNED]:
            for key in IDS:
                if payload.get(key):
                    owner = (key.removesuffix("_id"), str(payload[key]))
                    totals[owner] = totals.get(owner, 0) + 1
        return [
            {"id": name, "type": kind, "total_memories": total, "created_at": None, "updated_at": None}
            for (kind, name), total in sorted(totals.items())
        ]


def _checked(filters: dict[str, Any]) -> dict[str, Any]:
    """Filters with their ids trimmed, as mem0 does."""
    checked = dict(filters)
    for key in IDS:
        if key in checked:
            checked[key] = str(checked[key]).strip()
            if not checked[key] or any(map(str.isspace, checked[key])):
                raise Refused(400, f"Invalid {key}: cannot contain whitespace.")
    return checked


def _meets(payload: Payload, filters: dict[str, Any]) -> bool:
    return all(key in payload if value == "*" else payload.get(key) == value for key, value in filters.items())


def _is_over(payload: Payload) -> bool:
    day = payload.get("expiration_date")
    return bool(day) and str(day) < datetime.now(UTC).date().isoformat()


def _row(point: str, payload: Payload) -> dict[str, Any]:
    """A memory in the format of `Memory.get_all`."""
    row = {"id": point, "memory": payload.get("data", ""), "hash": payload.get("hash"), "metadata": None}
    row |= {key: payload.get(key) for key in ("created_at", "updated_at")}
    row |= {key: payload[key] for key in PROMOTED if key in payload}
    beside = {key: value for key, value in payload.items() if key not in CORE}
    return row | ({"metadata": beside} if beside else {})


def _raw(point: str, payload: Payload) -> dict[str, Any]:
    """A memory in the format of the list of all memories."""
    own = {"data", *IDS, "hash", "created_at", "updated_at", "expiration_date"}
    row = {"id": point, "memory": payload.get("data")}
    row |= {key: payload.get(key) for key in sorted(own - {"data"})}
    return row | {"metadata": {key: value for key, value in payload.items() if key not in own}}


class Handler(BaseHTTPRequestHandler):
    """Passes requests to the server that a subclass sets."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: Mem0Server

    def handle_all(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"] or 0))
        parts = urlsplit(self.path)
        document = json.loads(body) if body else None
        query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
        with self.state.lock:
            self.state.requests.append((self.command, parts.path, document))
            fault = self._fault(f"{self.command} {parts.path}")
            status, answer = 0, None
            if fault is None or fault.applied:
                status, answer = self._carried_out(parts.path, query, document)
        if fault is not None:
            time.sleep(fault.delay)
        if fault is not None and fault.status == 0:
            self.close_connection = True
            return
        if fault is not None:
            status, answer = fault.status, fault.body
        self._send(status, answer, fault.headers if fault else {})

    def _fault(self, asked: str) -> Fault | None:
        for fault in self.state.faults:
            if asked.startswith(fault.matching) and fault.times > 0:
                if fault.skip:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                return fault
        return None

    def _carried_out(self, path: str, query: dict[str, str], said: Any) -> tuple[int, Any]:
        if self.state.key is not None and self.headers["x-api-key"] != self.state.key:
            return 401, {"detail": "Invalid API key."}
        try:
            return self.state.answer(self.command, path, query, said)
        except Refused as refused:
            return refused.answer

    def _send(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        data = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = do_DELETE = handle_all  # noqa: N815 (the base class names them so)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        return


@contextmanager
def serve() -> Iterator[Mem0Server]:
    """A running server on a free port of the loopback interface."""
    state = Mem0Server()
    with serving(type("Bound", (Handler,), {"state": state})) as url:
        state.url = url
        yield state
