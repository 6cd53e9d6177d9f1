"""A loopback emulator of mem0's platform (api.mem0.ai, as of 2026-11): its endpoints, its formats, its pitfalls, and
faults on demand.

Emulated pitfalls: reading hides expired and merged memories; a filter that names one kind of owner leaves out memories
that have others too (mem0's "implicit null scoping"); an `OR` next to an `AND` is silently ignored; lists come in
pages, and the list of owners in smaller ones; verbatim adding drops system messages and texts that the scope already
has; times are returned with an offset; categories are mem0's own.
"""

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from uuid import uuid4

from emulators.loopback import serving
from emulators.mem0_platform_account import KEY, OWNERS, Fault, Mem0Account
from emulators.mem0_platform_rules import Answer, Refused, Row, from_seconds, likeness, overlap, shown

__all__ = ["ENTITY_PAGE", "KEY", "Fault", "serve"]
LARGEST_PAGE = 200
ENTITY_PAGE = 20


class Mem0Platform(Mem0Account):
    """The account with its endpoints."""

    def answer(self, method: str, path: str, query: dict[str, str], body: Any, key: str | None) -> Answer:
        """The platform's response to a request."""
        self.requests.append((method, path, body if body is not None else query))
        if key != f"Token {self.key}":
            raise Refused(401, "Invalid API key")
        for verb, pattern, handler in _ROUTES:
            match = re.fullmatch(pattern, path)
            if match and verb == method:
                return 200, handler(self, [unquote(part) for part in match.groups()], query, body or {}), {}
        raise Refused(404, "Not found.")

    def ping(self, _: list[str], __: Row, ___: Row) -> Row:
        return {"status": "ok", "org_id": "org_loopback", "project_id": self.project, "user_email": "who@example.org"}

    def list_entities(self, _: list[str], query: Row, __: Row) -> Row:
        rows = sorted(self.entities.values(), key=lambda row: (row["type"], row["name"]))
        totals = {f"total_{kind}s": sum(row["type"] == kind for row in rows) for kind in OWNERS}
        return self.page(rows, int(query.get("page", 1)), ENTITY_PAGE, "/v1/entities/") | totals

    def page(self, rows: list[Row], number: int, size: int, path: str) -> Row:
        if number < 1 or (number > 1 and (number - 1) * size >= len(rows)):
            raise Refused(404, "Invalid page.")
        more = number * size < len(rows)
        before = f"{self.url}{path}?page={number - 1}&page_size={size}" if number > 1 else None
        after = f"{self.url}{path}?page={number + 1}&page_size={size}" if more else None
        results = rows[(number - 1) * size : number * size]
        return {"count": len(rows), "next": after, "previous": before, "results": results}

    def get_all(self, _: list[str], query: Row, body: Row) -> Row:
        rows = sorted(self.chosen(body), key=lambda row: (row["created_at"], row["id"]), reverse=True)
        size = min(int(query.get("page_size", 100)), LARGEST_PAGE)
        number = int(query.get("page", 1))
        page = self.page(rows, number, size, "/v3/memories/")
        if self.most_listed is not None and number * size >= self.most_listed:
            page["next"] = None
            page["results"] = page["results"][: max(0, self.most_listed - (number - 1) * size)]
        return page | {"results": [shown(row) for row in page["results"]]}

    def add(self, _: list[str], __: Row, body: Row) -> Row:
        scope = {key: body.get(key) for key in ("user_id", "agent_id", "app_id", "run_id")}
        if not any(scope.values()):
            raise Refused(400, "At least one of the filters: agent_id, user_id, app_id, run_id is required!")
        expiry, stamp = body.get("expiration_date"), body.get("timestamp")
        if expiry is not None and not re.fullmatch(r"\d{4}-\d\d-\d\d", expiry):
            raise Refused(400, "expiration_date must be YYYY-MM-DD")
        if stamp is not None and (not isinstance(stamp, int) or isinstance(stamp, bool)):
            raise Refused(400, "timestamp must be an integer")
        if self.quota is not None and len(self.memories) >= self.quota:
            raise Refused(413, "Memory quota exceeded. Please upgrade your plan.")
        infer = body.get("infer", True)
        event = {"id": str(uuid4()), "event_type": "ADD", "status": "PENDING", "results": None, "error": None}
        self.events[event["id"]] = event

        def work() -> list[Row]:
            return self._keep(body, scope, infer)

        if infer or self.asynchronous:
            self._waiting[event["id"]] = work
            event["polls"] = 0
            return {"event_id": event["id"], "status": "PENDING", "message": "Memory processing has been queued"}
        event |= {"status": "SUCCEEDED", "results": work()}
        return {"message": "ok", "status": "SUCCEEDED", "event_id": event["id"], "results": event["results"]}

    def _keep(self, body: Row, scope: Row, infer: bool) -> list[Row]:
        results = []
        for message in body["messages"]:
            text = message.get("content")
            if message.get("role") == "system" or not isinstance(text, str):
                continue
            owner = dict(scope)
            if infer and owner["user_id"] and owner["agent_id"]:
                owner["agent_id" if message["role"] == "user" else "user_id"] = None
            owner["session_id"] = owner.pop("run_id")
            if any(r["memory"] == text and owner.items() <= r.items() for r in self._rows_of(owner["user_id"])):
                continue
            now = datetime.now(UTC)
            created = now if body.get("timestamp") is None else from_seconds(body["timestamp"])
            row = self.put(
                memory=text, **owner, metadata=body.get("metadata"), expiration_date=body.get("expiration_date"),
                created_at=created, updated_at=now,
            )  # fmt: skip
            results.append({"id": row["id"], "data": {"memory": text}, "event": "ADD"})
        return results

    def event(self, parts: list[str], _: Row, __: Row) -> Row:
        stored = self.events.get(parts[0])
        if stored is None:
            raise Refused(404, "Event not found")
        if stored["id"] in self._waiting:
            stored["polls"] += 1
            if stored["polls"] >= self.polls_until_done:
                work = self._waiting.pop(stored["id"])
                if stored.get("error") is None:
                    stored |= {"status": "SUCCEEDED", "results": work()}
                else:
                    stored["status"] = "FAILED"
        return stored

    def list_events(self, _: list[str], query: Row, __: Row) -> Row:
        return self.page(list(self.events.values())[::-1], int(query.get("page", 1)), 100, "/v1/events/")

    def search(self, _: list[str], __: Row, body: Row) -> Row:
        query, k = body["query"], body.get("top_k", 10)
        if not 1 <= k <= 1000:
            raise Refused(400, "top_k must be between 1 and 1000")
        scored = []
        for row in self.chosen(body):
            semantic, bm25 = likeness(query, row["memory"]), overlap(query, row["memory"])
            if max(semantic, bm25) > body.get("threshold", 0.1):
                scored.append(((semantic + bm25) / 2, semantic, bm25, row))
        scored.sort(key=lambda hit: (-hit[0], hit[3]["id"]))
        results = []
        for score, semantic, bm25, row in scored[:k]:
            hit = shown(row)
            hit["run_id"] = hit.pop("session_id")
            for name in ("replaced_by", "synthesized"):
                del hit[name]
            breakdown = {"semantic": semantic, "bm25": bm25, "entity": 0.0}
            results.append(hit | {"score": score, "score_breakdown": breakdown})
        return {"results": results}

    def get(self, parts: list[str], _: Row, __: Row) -> Row:
        return shown(self.held(parts[0])) | {"lifecycle_state": "active"}

    def update(self, parts: list[str], _: Row, body: Row) -> Row:
        row = self.held(parts[0])
        if "text" in body:
            row["memory"] = body["text"]
        if "metadata" in body:
            row["metadata"] = body["metadata"]
        if body.get("timestamp") is not None:
            row["created_at"] = from_seconds(int(body["timestamp"]))
        if "expiration_date" in body:
            row["expiration_date"] = body["expiration_date"]
        row["updated_at"] = datetime.now(UTC)
        return shown(row)

    def delete(self, parts: list[str], _: Row, __: Row) -> Row:
        self.take(parts[0])
        return {"message": "Memory deleted successfully!", "cascade_count": 0}

    def batch_delete(self, _: list[str], __: Row, body: Row) -> Row:
        ids = [item["memory_id"] for item in body["memories"]]
        if len(ids) > 1000:
            raise Refused(400, "Maximum of 1000 memories can be deleted in a single request")
        for memory_id in ids:
            self.take(memory_id)
        return {"message": f"Successfully deleted {len(ids)} memories"}

    def delete_all(self, _: list[str], query: Row, __: Row) -> Row:
        named = {column: query[f"{kind}_id"] for kind, column in OWNERS.items() if query.get(f"{kind}_id")}
        if not named:
            raise Refused(400, "At least one of user_id, agent_id, app_id, run_id is required.")
        # If several are given, only one is used; `*` means all users.
        column, value = next(iter(named.items()))

        def work() -> list[Row]:
            for row in [row for row in self.memories.values() if row[column] == value or value == "*"]:
                self.take(row["id"])
            return []

        return self._later("DELETE_ALL", work)

    def delete_entity(self, parts: list[str], _: Row, __: Row) -> Row:
        kind, name = parts
        if (kind, name) not in self.entities:
            raise Refused(404, "Entity not found")

        def work() -> list[Row]:
            for row in [row for row in self.memories.values() if row[OWNERS[kind]] == name]:
                self.take(row["id"])
            self.entities.pop((kind, name), None)
            return []

        return self._later("DELETE_ENTITY", work)

    def _later(self, kind: str, work: Callable[[], list[Row]]) -> Row:
        event = {
            "id": str(uuid4()),
            "event_type": kind,
            "status": "PENDING",
            "results": None,
            "error": None,
            "polls": 0,
        }
        self.events[event["id"]] = event | {"polls": 0}
        self._waiting[event["id"]] = work
        return {"message": "Deletion has been queued", "event_id": event["id"]}

    def stats(self, _: list[str], __: Row, ___: Row) -> Row:
        total = len(self.memories) + self.uncounted
        return {"total_memories": total, "total_retrieval_events": 0, "total_add_events": 0}


_ROUTES: list[tuple[str, str, Callable[[Mem0Platform, list[str], Row, Row], Any]]] = [
    ("GET", "/v1/ping/", Mem0Platform.ping),
    ("GET", "/v1/entities/", Mem0Platform.list_entities),
    ("POST", "/v3/memories/", Mem0Platform.get_all),
    ("POST", "/v3/memories/add/", Mem0Platform.add),
    ("POST", "/v3/memories/search/", Mem0Platform.search),
    ("GET", "/v1/event/([^/]+)/", Mem0Platform.event),
    ("GET", "/v1/events/", Mem0Platform.list_events),
    ("GET", "/v1/stats/", Mem0Platform.stats),
    ("DELETE", "/v1/memories/", Mem0Platform.delete_all),
    ("DELETE", "/v2/entities/(user|agent|app|run)/([^/]+)/", Mem0Platform.delete_entity),
    ("DELETE", "/v1/batch/", Mem0Platform.batch_delete),
    ("GET", "/v1/memories/([^/]+)/", Mem0Platform.get),
    ("PUT", "/v1/memories/([^/]+)/", Mem0Platform.update),
    ("DELETE", "/v1/memories/([^/]+)/", Mem0Platform.delete),
]


def _faulted(state: Mem0Platform, request: str) -> Fault | None:
    for fault in state.faults:
        if fault.times and re.search(fault.matching, request):
            if fault.skip:
                fault.skip -= 1
                continue
            fault.times -= 1
            return fault
    return None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    state: Mem0Platform

    def _respond(self) -> None:
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        url = urlsplit(self.path)
        query = {name: values[-1] for name, values in parse_qs(url.query, keep_blank_values=True).items()}
        with self.state.lock:
            fault = _faulted(self.state, f"{self.command} {self.path}")
        if fault and fault.delay:
            time.sleep(fault.delay)
        if self.state.gone:
            self.close_connection = True
            return
        answer: Answer | None = None
        if fault is None or fault.applied or fault.status is None:
            body = json.loads(raw) if raw else None
            with self.state.lock:
                try:
                    answer = self.state.answer(self.command, url.path, query, body, self.headers.get("authorization"))
                except Refused as refused:
                    answer = refused.answer
        if fault and fault.status == 0:
            self.close_connection = True
            return
        if fault and fault.status is not None:
            answer = (fault.status, fault.document, fault.headers)
        assert answer is not None
        self._send(*answer)

    def _send(self, status: int, document: Any, headers: dict[str, str]) -> None:
        data = json.dumps(document).encode()
        lines = [f"HTTP/1.1 {status} -", "content-type: application/json", f"content-length: {len(data)}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        self.wfile.write("\r\n".join([*lines, "", ""]).encode() + data)

    do_GET = do_POST = do_PUT = do_DELETE = _respond  # noqa: N815 (the base class names them so)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        return


@contextmanager
def serve() -> Iterator[Mem0Platform]:
    """A running server on a free port of the loopback interface."""
    state = Mem0Platform()
    with serving(type("Handler", (_Handler,), {"state": state})) as url:
        state.url = url
        yield state
