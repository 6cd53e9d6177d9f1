"""The state of the emulated Zep Cloud and the rules of its records: users with graphs, limits, times, tasks and pages.

Independent of paths and HTTP. Errors are raised as `Answered`, with the response to send.
"""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

Record = dict[str, Any]
_DATES = ("valid_at", "invalid_at", "expired_at", "created_at")


class Answered(Exception):
    """An error response: status, body (a record, or plain text), headers."""

    def __init__(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.body, self.headers = status, body, headers or {}


def typed(status: int, code: str, message: str) -> Answered:
    """A typed error: 400, 401, 403, 404 or 409."""
    return Answered(status, {"error": {"code": code, "message": message, "request_id": str(uuid4())}})


def too_many(after: int = 60) -> Answered:
    """The 429 of the free plan: plain text."""
    headers = {"retry-after": str(after), "x-ratelimit-limit": "5", "x-ratelimit-remaining": "0"}
    return Answered(429, "Rate limit exceeded for FREE plan", headers)


@dataclass
class Fault:
    """A fault of the next `times` calls whose "METHOD path" matches `calls`.

    `answer` is sent instead of the response; without it the connection is closed. With `after`, the call is executed
    first.
    """

    calls: str
    answer: Answered | None = None
    after: bool = False
    times: int = 1


@dataclass
class Cloud:
    """The options of a test, and the server's records. `lag` is the number of polls until a task is done, `most` the
    maximum number of records per page; `empty_pages` inserts an empty page before each page but the first; `spared`
    calls succeed before a fault occurs; tasks of the type `failing` fail."""

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
        """A time later than all earlier ones, independent of the machine's clock."""
        self.ticks += 1
        return (self.begun + timedelta(microseconds=self.ticks)).isoformat().replace("+00:00", "Z")

    def graph(self, uuid: str) -> dict[str, dict[str, Record]]:
        """The graph with this UUID, or of the user with this UUID."""
        if not re.fullmatch(r"[0-9a-f-]{36}", uuid):
            raise typed(400, "invalid_identifier", f"{uuid!r} is not a UUID")
        uuid = self.users[uuid]["graph_uuid"] if uuid in self.users else uuid
        if uuid not in self.graphs:
            raise typed(404, "not_found", "graph not found")
        return self.graphs[uuid]

    def add_user(self, body: Record) -> Record:
        """Create a user with a graph and, in it, the node that represents the user."""
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
        """Create a node, even if one with that name exists."""
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
        """Create an edge as given, with a new `uuid` and `created_at`."""
        if not 1 <= len(body.get("fact") or "") <= 250:
            raise typed(400, "invalid_request", "a fact has 1 to 250 characters")
        if not re.fullmatch(r"[A-Z][A-Z0-9_]{0,49}", body.get("fact_name") or ""):
            raise typed(400, "invalid_request", "fact_name is not an UPPER_SNAKE_CASE name of at most 50 characters")
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
        """The edge as lists and searches return it: with the current names and labels of its nodes."""
        nodes = self.graph(graph)["nodes"]
        named: Record = {}
        for which in ("source", "target"):
            node = nodes[edge[f"{which}_node_uuid"]]
            named |= {f"{which}_node_name": node["name"], f"{which}_node_labels": node["labels"]}
        return edge | named

    def task(self, kind: str, work: Callable[[], Any]) -> Record:
        """A task that does its work after `lag` polls, at once if that is 0."""
        task = {"uuid": str(uuid4()), "type": kind, "status": "pending", "created_at": self.now()}
        self.tasks[task["uuid"]] = task | {"left": self.lag, "work": work}
        if self.lag == 0:
            self.asked(task["uuid"])
        return task

    def asked(self, uuid: str) -> Record:
        """The state of the task after one more poll."""
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
            raise typed(400, "invalid_request", f"{value!r} is not an RFC 3339 time")
        return at.isoformat().replace("+00:00", "Z")

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
