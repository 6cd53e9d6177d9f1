"""The state of an account of the emulated mem0 platform: its memories, its owners, and the options of tests.

Applies filters to memories; independent of endpoints and HTTP.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from emulators.mem0_platform_rules import Refused, Row, check_filters, matches, named, only_user, said

KEY = "m0-" + "loopback"
OWNERS = {"user": "user_id", "agent": "agent_id", "app": "app_id", "run": "session_id"}


@dataclass
class Fault:
    """A fault of the next `times` matching requests: an HTTP status (0 closes the connection without a response) before
    the request is executed or, with `applied`, after; or a delay in seconds. `document` is the body sent with the
    status."""

    matching: str
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    applied: bool = False
    delay: float = 0.0
    times: int = 1
    skip: int = 0
    document: Any = field(default_factory=lambda: {"detail": "a fault"})


@dataclass
class Mem0Account:
    """The account's records, the options of a test, and the received requests."""

    url: str = ""
    key: str = KEY
    project: str = "proj_loopback"
    memories: dict[str, Row] = field(default_factory=dict)
    entities: dict[tuple[str, str], Row] = field(default_factory=dict)
    events: dict[str, Row] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, str, Any]] = field(default_factory=list)
    quota: int | None = None
    asynchronous: bool = False
    polls_until_done: int = 2
    null_scoping: bool = True
    most_listed: int | None = None
    uncounted: int = 0
    gone: bool = False

    def __post_init__(self) -> None:
        self.lock = threading.Lock()
        self._by_user: dict[str | None, dict[str, Row]] = {}
        self._waiting: dict[str, Callable[[], list[Row]]] = {}

    def put(self, **values: Any) -> Row:
        """Add a memory directly, without a request; returns the row."""
        now = datetime.now(UTC)
        row: Row = {
            "id": str(uuid4()), "memory": "", "user_id": None, "agent_id": None, "app_id": None, "session_id": None,
            "metadata": None, "categories": ["misc"], "structured_attributes": None, "replaced_by": None,
            "synthesized": False, "expiration_date": None, "created_at": now, "updated_at": now, "merged": False,
        } | values  # fmt: skip
        if row["structured_attributes"] is None:
            row["structured_attributes"] = {"year": row["created_at"].year, "day": row["created_at"].day}
        self.memories[row["id"]] = row
        self._by_user.setdefault(row["user_id"], {})[row["id"]] = row
        for kind, name in OWNERS.items():
            if row[name] is not None:
                self.entities.setdefault(
                    (kind, row[name]),
                    {"id": str(uuid4()), "name": row[name], "type": kind, "owner": "org", "metadata": None,
                     "created_at": said(now), "updated_at": said(now)},
                )  # fmt: skip
        return row

    def take(self, memory_id: str) -> Row:
        """Remove and return the memory; 404 if it does not exist."""
        row = self.memories.pop(memory_id, None)
        if row is None:
            raise Refused(404, "Memory not found")
        del self._by_user[row["user_id"]][memory_id]
        return row

    def held(self, memory_id: str) -> Row:
        if memory_id not in self.memories:
            raise Refused(404, "Memory not found")
        return self.memories[memory_id]

    def chosen(self, body: Row) -> list[Row]:
        """The memories that match the filters of a list or a search."""
        filters = body.get("filters")
        if not isinstance(filters, dict) or not filters:
            raise Refused(400, "Filters are required and cannot be empty. ")
        check_filters(filters)
        if not named(filters):
            raise Refused(400, "At least one of user_id, agent_id, app_id, run_id is required in filters.")
        unnamed = {OWNERS[kind] for kind in OWNERS} - named(filters) if self.null_scoping else set()
        owner = only_user(filters)
        rows = self._by_user.get(owner, {}) if owner is not None else self.memories
        today = datetime.now(UTC).date().isoformat()
        return [
            row
            for row in rows.values()
            if (body.get("show_expired") or not row["expiration_date"] or row["expiration_date"] >= today)
            and (body.get("include_merged") or not row["merged"])
            and not any(row[name] is not None for name in unnamed)
            and matches(row, filters)
        ]

    def _rows_of(self, user: str | None) -> list[Row]:
        return list(self._by_user.get(user, {}).values())
