"""A loopback emulator of Zep Cloud's API v4: its ids, limits, pages, tasks, and errors.

Emulated behaviour: UUIDs and `created_at` set by the server; edges with at most 250 characters and ten scalar
attributes, whose nodes are given by UUID or by a name that always creates a new node; pages with cursors, some of which
may be empty; changes accepted with a task; a repeated call with the same idempotency key gets the first response; typed
errors, and a 429 in plain text.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from emulators.loopback import serving
from emulators.zep_cloud import Answered, Cloud, Fault, Record, too_many, typed

KEY = "z_" + "loopback"
__all__ = ["KEY", "Answered", "Cloud", "Fault", "serve", "too_many", "typed"]

# The endpoints: (parts of the path, query, body) to (status, answer).


def _users(cloud: Cloud, query: dict[str, str], body: Record) -> tuple[int, Any]:
    return 200, cloud.page(list(cloud.users.values()), query, "created_at", total=True)


def _lookup(cloud: Cloud, query: dict[str, str], body: Record) -> tuple[int, Any]:
    for user in cloud.users.values():
        if user.get("user_id") == body.get("user_id"):
            return 200, user
    raise typed(404, "not_found", "user not found")


def _user(cloud: Cloud, uuid: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
    if uuid not in cloud.users:
        raise typed(404, "not_found", "user not found")
    return 200, cloud.users[uuid]


def _delete_user(cloud: Cloud, uuid: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
    user = _user(cloud, uuid, query, body)[1]

    def remove() -> None:
        cloud.users.pop(uuid, None)
        cloud.graphs.pop(user["graph_uuid"], None)
        cloud.threads = {key: one for key, one in cloud.threads.items() if one["user_uuid"] != uuid}

    return 202, {"task": cloud.task("user.delete", remove)}


def _own_node(cloud: Cloud, uuid: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
    user = _user(cloud, uuid, query, body)[1]
    return 200, cloud.graph(uuid)["nodes"][user["own"]]


def _add(kind: str) -> Callable[..., tuple[int, Any]]:
    def endpoint(cloud: Cloud, graph: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
        items = body[kind]
        if not 1 <= len(items) <= 100:
            raise typed(400, "invalid_request", f"1 to 100 {kind} go in a call")
        records = cloud.graph(graph)[kind]
        add = cloud.add_edge if kind == "edges" else cloud.add_node
        before = dict(records)
        try:
            added = [add(graph, one) for one in items]
        finally:
            created = {uuid: record for uuid, record in records.items() if uuid not in before}
            for uuid in created:
                del records[uuid]
        task = cloud.task(f"graph.add_{kind}", lambda: records.update(created))
        response = [{**one, **record} for one, record in zip(items, added, strict=True)]
        return 202, {kind: response, "task": task}

    return endpoint


def _listed(kind: str) -> Callable[..., tuple[int, Any]]:
    def endpoint(cloud: Cloud, graph: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
        rows = list(cloud.graph(graph)[kind].values())
        if kind == "edges":
            rows = [cloud.given_out(graph, edge) for edge in rows]
        return 200, cloud.page(rows, query, "uuid")

    return endpoint


def _patched(kind: str) -> Callable[..., tuple[int, Any]]:
    def endpoint(cloud: Cloud, graph: str, uuid: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
        record = cloud.graph(graph)[kind].get(uuid)
        if record is None:
            raise typed(404, "not_found", "not found")
        merged = {**record["attributes"], **body.pop("attributes", {})}
        record |= body
        record["attributes"] = {key: value for key, value in merged.items() if value is not None}
        return 200, record

    return endpoint


def _delete_edge(cloud: Cloud, graph: str, uuid: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
    edges = cloud.graph(graph)["edges"]
    if uuid not in edges:
        raise typed(404, "not_found", "edge not found")
    return 202, {"task": cloud.task("graph.edge.delete", lambda: edges.pop(uuid, None))}


def _search(cloud: Cloud, graph: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
    if not 1 <= len(body.get("query") or "") <= 400:
        raise typed(400, "invalid_request", "a query has 1 to 400 characters")
    filters = (body.get("filters") or {}).get("date_filters", {}).get("any_of", [])
    wanted = stems(body["query"])
    hits = []
    for edge in cloud.graph(graph)["edges"].values():
        score = len(wanted & stems(edge["fact"])) / (1 + len(stems(edge["fact"])) / 100)
        dated = any(all(_holds(edge, one) for one in group["all_of"]) for group in filters) or not filters
        if score and dated:
            hits.append(cloud.given_out(graph, edge) | {"score": score})
    hits.sort(key=lambda edge: -edge["score"])
    return 200, {"items": hits[: int(query.get("page_size", 50))]}


def _holds(edge: Record, asked: Record) -> bool:
    value, operator = edge.get(asked["field"]), asked["operator"]
    if operator in ("is_null", "is_not_null"):
        return (value is None) == (operator == "is_null")
    if value is None:
        return False
    mine, theirs = datetime.fromisoformat(value), datetime.fromisoformat(asked["value"])
    return {"lte": mine <= theirs, "gt": mine > theirs, "gte": mine >= theirs, "lt": mine < theirs}[operator]


def stems(text: str) -> set[str]:
    """The words of a text, without accents and endings; pairs of characters in scripts without spaces."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    words = set()
    for word in re.findall(r"\w+", plain):
        if ord(word[0]) > 0x2E80:
            words |= {word[i : i + 2] for i in range(len(word) - 1)} or {word}
        elif len(word) > 2:
            words.add(word[:5])
    return words - {"the", "and", "does", "for", "her", "what", "alice"}


def _create_thread(cloud: Cloud, query: dict[str, str], body: Record) -> tuple[int, Any]:
    _user(cloud, body["user_uuid"], query, body)
    thread = {"uuid": str(uuid4()), "user_uuid": body["user_uuid"], "created_at": cloud.now()}
    cloud.threads[thread["uuid"]] = {**thread, "messages": []}
    return 201, thread


def _threads(cloud: Cloud, query: dict[str, str], body: Record) -> tuple[int, Any]:
    mine = [one for one in cloud.threads.values() if query.get("user_uuid") in (None, one["user_uuid"])]
    bare = [{key: value for key, value in one.items() if key != "messages"} for one in mine]
    return 200, cloud.page(bare, query, "created_at")


def _messages(cloud: Cloud, thread: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
    return 200, cloud.page(cloud.threads[thread]["messages"], query, "created_at")


def _add_messages(cloud: Cloud, thread: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
    new_messages = body["messages"]
    if not 1 <= len(new_messages) <= 30 or any(len(one["content"]) > 4096 for one in new_messages):
        raise typed(400, "invalid_request", "1 to 30 messages of 4,096 characters at most go in a call")
    messages = [{**one, "uuid": str(uuid4()), "created_at": cloud.now()} for one in new_messages]
    cloud.threads[thread]["messages"] += messages
    return 202, {"messages": messages, "task": cloud.task("thread.add_messages", lambda: None)}


def _task(cloud: Cloud, uuid: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
    if uuid not in cloud.tasks:
        raise typed(404, "not_found", "task not found")
    return 200, cloud.asked(uuid)


def _tasks(cloud: Cloud, query: dict[str, str], body: Record) -> tuple[int, Any]:
    rows = [cloud.asked(uuid) for uuid, task in list(cloud.tasks.items()) if task["status"] == query.get("status")]
    return 200, cloud.page(rows, query, "created_at")


_ID = r"([^/]+)"
_ROUTES: list[tuple[str, str, Callable[..., tuple[int, Any]]]] = [
    ("GET", "/project", lambda cloud, query, body: (200, {"uuid": str(uuid4()), "name": "loopback"})),
    ("POST", "/users", lambda cloud, query, body: (201, cloud.add_user(body))),
    ("POST", "/users/list", _users),
    ("POST", "/users/lookup", _lookup),
    ("GET", f"/users/{_ID}", _user),
    ("DELETE", f"/users/{_ID}", _delete_user),
    ("GET", f"/users/{_ID}/node", _own_node),
    ("POST", f"/graphs/{_ID}/edges", _add("edges")),
    ("POST", f"/graphs/{_ID}/nodes", _add("nodes")),
    ("POST", f"/graphs/{_ID}/edges/list", _listed("edges")),
    ("POST", f"/graphs/{_ID}/nodes/list", _listed("nodes")),
    ("PATCH", f"/graphs/{_ID}/edges/{_ID}", _patched("edges")),
    ("PATCH", f"/graphs/{_ID}/nodes/{_ID}", _patched("nodes")),
    ("DELETE", f"/graphs/{_ID}/edges/{_ID}", _delete_edge),
    ("POST", f"/graphs/{_ID}/search/edges", _search),
    ("GET", "/threads", _threads),
    ("POST", "/threads", _create_thread),
    ("GET", f"/threads/{_ID}/messages", _messages),
    ("POST", f"/threads/{_ID}/messages", _add_messages),
    ("GET", "/tasks", _tasks),
    ("GET", f"/tasks/{_ID}", _task),
]


def _routed(cloud: Cloud, method: str, path: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
    """The answer to a call. Raises Answered for an error."""
    for verb, pattern, endpoint in _ROUTES:
        match = re.fullmatch(pattern, path)
        if verb == method and match:
            return endpoint(cloud, *match.groups(), query=query, body=body)
    raise typed(404, "not_found", f"no {method} {path} here")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write per response: the second of two writes would wait for the acknowledgement of the first.
    wbufsize = 65_536
    cloud: Cloud

    def do_POST(self) -> None:
        self._serve()

    do_GET = do_PATCH = do_DELETE = do_POST  # noqa: N815 (the base class names them so)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class names it so)
        return

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length") or 0))
        body = json.loads(raw) if raw else {}
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self.cloud.lock:
            fault = self._fault(f"{self.command} {parts.path}")
            if fault is None or fault.after:
                status, answer, headers = self._answer(parts.path, query, body)
            elif fault.answer is not None:
                status, answer, headers = fault.answer.status, fault.answer.body, fault.answer.headers
        if fault is not None and fault.answer is None:
            self.close_connection = True
            self.connection.close()
            return
        self._send(status, answer, headers)

    def _fault(self, call: str) -> Fault | None:
        for fault in self.cloud.faults:
            if fault.times > 0 and re.search(fault.calls, call):
                if self.cloud.spared > 0:
                    self.cloud.spared -= 1
                    return None
                fault.times -= 1
                return fault
        return None

    def _answer(self, path: str, query: dict[str, str], body: Record) -> tuple[int, Any, dict[str, str]]:
        cloud = self.cloud
        cloud.requests.append((self.command, path, body))
        try:
            if self.headers.get("authorization") != f"Api-Key {KEY}":
                raise typed(401, "unauthorized", "the API key is not valid")
            if not path.startswith("/api/v4/"):
                raise Answered(404, "404 page not found")
            # Lists are POSTs too, each with a key that the SDK creates.
            key = self.headers.get("idempotency-key") if self.command != "GET" else None
            if key in cloud.answers:
                return (*cloud.answers[key], {"idempotent-replayed": "true"})
            status, answer = _routed(cloud, self.command, path.removeprefix("/api/v4"), query, body)
        except Answered as error:
            return error.status, error.body, error.headers
        if key is not None:
            cloud.answers[key] = (status, answer)
        return status, answer, {}

    def _send(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        text = isinstance(answer, str)
        data = answer.encode() if text else json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("content-type", "text/plain" if text else "application/json")
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serve() -> Iterator[Cloud]:
    """A running server on a free port of the loopback interface."""
    cloud = Cloud()
    with serving(type("Handler", (_Handler,), {"cloud": cloud})) as url:
        cloud.url = f"{url}/api/v4"
        yield cloud
