"""A loopback server that answers as Zep Cloud's API v4 does: its ids, limits, pages, tasks, and errors.

What it reproduces: UUIDs of the server's own making; edges of 250 characters, ten scalar attributes and nodes by UUID
or by a name that always makes a new node; `created_at` of the server's; pages by cursor, of which one in the middle may
be empty; changes accepted with a task; a second call under an idempotency key answered as the first one was; typed
errors, and a 429 that is plain text.
"""

import json
import re
import threading
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

from emulators.loopback import serving

KEY = "z_" + "loopback"
Record = dict[str, Any]
_DATES = ("valid_at", "invalid_at", "expired_at", "created_at")


class Answered(Exception):
    """An error answer: status, body (a record, or plain text), headers."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


def typed(status: int, code: str, message: str) -> Answered:
    """One of the typed errors, as 400, 401, 403, 404 and 409 are."""
    return Answered(status, {"error": {"code": code, "message": message, "request_id": str(uuid4())}})


def too_many(after: int = 60) -> Answered:
    """The 429 of the free plan: plain text."""
    headers = {"retry-after": str(after), "x-ratelimit-limit": "5", "x-ratelimit-remaining": "0"}
    return Answered(429, "Rate limit exceeded for FREE plan", headers)


@dataclass
class Fault:
    """What is to go wrong: with the next `times` calls whose "METHOD path" matches `calls`.

    `answer` is sent instead; without one the connection is cut, after the call was carried out if `after`.
    """

    calls: str
    answer: Answered | None = None
    after: bool = False
    times: int = 1


@dataclass
class Cloud:
    """What a test may set, and what the server holds. `lag` is how often a task is asked after until it is done, `most`
    how many records a page has at most, `empty_pages` puts an empty one before each page but the first, `spared` calls
    go well before a fault strikes, and tasks of the type `failing` fail."""

    url: str = ""
    lag: int = 0
    most: int = 100
    empty_pages: bool = False
    failing: str | None = None
    spared: int = 0
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    users: dict[str, Record] = field(default_factory=dict)
    graphs: dict[str, dict[str, dict[str, Record]]] = field(default_factory=dict)
    threads: dict[str, Record] = field(default_factory=dict)
    tasks: dict[str, Record] = field(default_factory=dict)
    answers: dict[str, tuple[int, Any]] = field(default_factory=dict)
    ticks: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))

    def now(self) -> str:
        """A time later than all before, whatever the clock of the machine."""
        self.ticks += 1
        return (self.begun + timedelta(microseconds=self.ticks)).isoformat().replace("+00:00", "Z")

    def graph(self, uuid: str) -> dict[str, dict[str, Record]]:
        """A graph by its own UUID or by its user's."""
        if not re.fullmatch(r"[0-9a-f-]{36}", uuid):
            raise typed(400, "invalid_identifier", f"{uuid!r} is no UUID")
        uuid = self.users[uuid]["graph_uuid"] if uuid in self.users else uuid
        if uuid not in self.graphs:
            raise typed(404, "not_found", "graph not found")
        return self.graphs[uuid]

    def add_user(self, body: Record) -> Record:
        """A user with a graph, and in it the node that stands for them."""
        if len(body.get("user_id") or "") > 500:
            raise typed(400, "invalid_request", "user_id is longer than 500 characters")
        if any(user.get("user_id") == body.get("user_id") for user in self.users.values()):
            raise typed(409, "conflict", "a user with this user_id exists")
        user = {"uuid": str(uuid4()), "graph_uuid": str(uuid4()), "created_at": self.now(), **body}
        self.users[user["uuid"]] = user
        self.graphs[user["graph_uuid"]] = {"edges": {}, "nodes": {}}
        name = " ".join(filter(None, (body.get("first_name"), body.get("last_name")))) or body.get("user_id") or "user"
        user["own"] = self.add_node(user["graph_uuid"], {"name": name, "label": "User"}, checked=False)["uuid"]
        return user

    def add_node(self, graph: str, body: Record, *, checked: bool = True) -> Record:
        """A node; another one when there is one of that name."""
        name = body.get("name") or ""
        if checked and not 1 <= len(name) <= 50:
            raise typed(400, "invalid_request", "a node's name has 1 to 50 characters")
        if len(body.get("summary") or "") > 500:
            raise typed(400, "invalid_request", "a node's summary has 500 characters at most")
        labels = [label for label in (body.get("label"), *body.get("labels", ())) if label]
        node = {
            "uuid": str(uuid4()), "name": name, "labels": ["Entity", *labels], "summary": body.get("summary") or "",
            "attributes": body.get("attributes") or {}, "created_at": self.now(), "graph_uuid": graph,
            "episode_uuids": [], "episode_uuids_truncated": False,
        }  # fmt: skip
        self.graph(graph)["nodes"][node["uuid"]] = node
        return node

    def add_edge(self, graph: str, body: Record) -> Record:
        """An edge as it was given, but for `uuid` and `created_at`."""
        if not 1 <= len(body.get("fact") or "") <= 250:
            raise typed(400, "invalid_request", "a fact has 1 to 250 characters")
        if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,49}", body.get("fact_name") or ""):
            raise typed(400, "invalid_request", "fact_name is no UPPER_SNAKE_CASE name of 50 characters at most")
        attributes = body.get("attributes") or {}
        if len(attributes) > 10 or any(isinstance(value, dict | list) for value in attributes.values()):
            raise typed(400, "invalid_request", "there are 10 scalar attributes at most")
        ends = [self._end(graph, body[which]) for which in ("source_node", "target_node")]
        edge = {
            "uuid": str(uuid4()), "fact": body["fact"], "name": body["fact_name"], "attributes": attributes,
            "source_node_uuid": ends[0]["uuid"], "target_node_uuid": ends[1]["uuid"], "graph_uuid": graph,
            "created_at": self.now(), "episode_uuids": [str(uuid4())],
        }  # fmt: skip
        edge |= {name: self._stored(body[name]) for name in _DATES[:3] if body.get(name)}
        self.graph(graph)["edges"][edge["uuid"]] = edge
        return edge

    def given_out(self, graph: str, edge: Record) -> Record:
        """The edge as lists and searches show it: with its nodes' names and labels as they are now."""
        nodes = self.graph(graph)["nodes"]
        named: Record = {}
        for which in ("source", "target"):
            node = nodes[edge[f"{which}_node_uuid"]]
            named |= {f"{which}_node_name": node["name"], f"{which}_node_labels": node["labels"]}
        return edge | named

    def task(self, kind: str, work: Callable[[], Any]) -> Record:
        """A task that does its work when it was asked after `lag` times, at once when that is 0."""
        task = {"uuid": str(uuid4()), "type": kind, "status": "pending", "created_at": self.now()}
        self.tasks[task["uuid"]] = task | {"left": self.lag, "work": work}
        if self.lag == 0:
            self.asked(task["uuid"])
        return task

    def asked(self, uuid: str) -> Record:
        """The task as it stands after being asked after once more."""
        task = self.tasks[uuid]
        if task["status"] in ("pending", "processing"):
            task["left"] -= 1
            task["status"] = "processing"
            if task["left"] <= 0 and task["type"] == self.failing:
                task |= {"status": "failed", "error": {"code": "internal", "message": "the graph is out of order"}}
            elif task["left"] <= 0:
                task["work"]()
                task["status"] = "succeeded"
        return {name: value for name, value in task.items() if name not in ("left", "work")}

    def _end(self, graph: str, reference: Record) -> Record:
        if reference.get("uuid") is None:
            return self.add_node(graph, reference)
        node = self.graph(graph)["nodes"].get(reference["uuid"])
        if node is None:
            raise typed(404, "not_found", f"no node {reference['uuid']}")
        return node

    def _stored(self, value: str) -> str:
        at = datetime.fromisoformat(value)
        if at.tzinfo is None:
            raise typed(400, "invalid_request", f"{value!r} is no RFC 3339 time")
        return at.isoformat().replace("+00:00", "Z")

    # The endpoints: (parts of the path, query, body) to (status, answer).

    def answer(self, method: str, path: str, query: dict[str, str], body: Record) -> tuple[int, Any]:
        """The answer to a call. Raises Answered for an error."""
        for verb, pattern, endpoint in _ROUTES:
            found = re.fullmatch(pattern, path)
            if verb == method and found:
                result: tuple[int, Any] = endpoint(self, *found.groups(), query=query, body=body)
                return result
        raise typed(404, "not_found", f"no {method} {path} here")

    def page(self, rows: list[Record], query: dict[str, str], default: str, *, total: bool = False) -> Record:
        """A page by `page_size` and `cursor`, ordered by `order_by` and `order`."""
        size = int(query.get("page_size", 50))
        if not 1 <= size <= 100:
            raise typed(400, "invalid_request", "page_size is 1 to 100")
        key = query.get("order_by", default)
        rows = sorted(rows, key=lambda row: str(row.get(key) or ""), reverse=query.get("order", "desc") == "desc")
        cursor = query.get("cursor", "0")
        if not re.fullmatch(r"\d+e?", cursor):
            raise typed(400, "invalid_cursor", "the cursor cannot be read")
        start = int(cursor.rstrip("e"))
        if self.empty_pages and start and not cursor.endswith("e"):
            return {"items": [], "next_cursor": f"{start}e"}
        size = min(size, self.most)
        answer: Record = {"items": rows[start : start + size]}
        if start + size < len(rows):
            answer["next_cursor"] = str(start + size)
        return answer | ({"total_size": len(rows)} if total else {})


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
        given = body[kind]
        if not 1 <= len(given) <= 100:
            raise typed(400, "invalid_request", f"1 to 100 {kind} go in a call")
        held = cloud.graph(graph)[kind]
        add = cloud.add_edge if kind == "edges" else cloud.add_node
        before = dict(held)
        try:
            added = [add(graph, one) for one in given]
        finally:
            made = {uuid: record for uuid, record in held.items() if uuid not in before}
            for uuid in made:
                del held[uuid]
        task = cloud.task(f"graph.add_{kind}", lambda: held.update(made))
        shown = [{**one, **record} for one, record in zip(given, added, strict=True)]
        return 202, {kind: shown, "task": task}

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
    """The words of a text, without accents and endings; pairs of characters where words are not parted."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    found = set()
    for word in re.findall(r"\w+", plain):
        if ord(word[0]) > 0x2E80:
            found |= {word[i : i + 2] for i in range(len(word) - 1)} or {word}
        elif len(word) > 2:
            found.add(word[:5])
    return found - {"the", "and", "does", "for", "her", "what", "alice"}


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
    given = body["messages"]
    if not 1 <= len(given) <= 30 or any(len(one["content"]) > 4096 for one in given):
        raise typed(400, "invalid_request", "1 to 30 messages of 4,096 characters at most go in a call")
    made = [{**one, "uuid": str(uuid4()), "created_at": cloud.now()} for one in given]
    cloud.threads[thread]["messages"] += made
    return 202, {"messages": made, "task": cloud.task("thread.add_messages", lambda: None)}


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


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One write an answer: two would wait for each other's acknowledgement.
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
            # Lists are POSTs too, and bear a key each, of the SDK's making.
            key = self.headers.get("idempotency-key") if self.command != "GET" else None
            if key in cloud.answers:
                return (*cloud.answers[key], {"idempotent-replayed": "true"})
            status, answer = cloud.answer(self.command, path.removeprefix("/api/v4"), query, body)
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
