"""Calls of Zep Cloud's API v4 through its own SDK, with plain records and memctl's errors.

Only this module uses the SDK, which is imported at the first call. Nothing is retried here, and the SDK's own retries
are off, because users could neither see nor end its waits of minutes.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit
from uuid import UUID

from memctl.backends.contract import need
from memctl.core.errors import AuthError, Fatal, MemctlError, NotFound, Retryable, UsageError, from_status

URL = "https://api.getzep.com/api/v4"
VERSION = "/api/v4"
MOST = 100
"""The maximum number of records in a page, and of edges or nodes in a call."""
SECONDS = 60.0
"""Seconds that a call may take; also the wait that Zep requires on its free plan (429)."""
_KEY = "ZEP_API_KEY, ZEP_API_KEY_FILE or ZEP_API_KEY_COMMAND"

Record = dict[str, Any]


class Listed(NamedTuple):
    """A page of records, the cursor of the next one (None: it is the last), and Zep's total if it has one."""

    records: list[Record]
    cursor: str | None
    total: int | None = None


class Api:
    """Zep's API at `url` with `key`. Connects at the first call. Raises UsageError for an invalid URL."""

    def __init__(self, key: str | None, url: str | None) -> None:
        try:
            parts = urlsplit((url or URL).rstrip("/"))
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            parts, port = urlsplit(""), ""
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UsageError("not a URL of Zep's API", hint=f"url = {URL!r}, or MEMCTL_ZEP_URL")
        self.host = f"{parts.hostname}{port}"
        self._base = f"{parts.scheme}://{parts.netloc}{parts.path or VERSION}"
        self._key = key
        self._client: Any = None
        self._http: Any = None

    def close(self) -> None:
        """Close the connections; a later call opens them again."""
        if self._http is not None:
            self._http.close()
        self._client = self._http = None

    def users(self) -> Iterator[Record]:
        """Every user of the account. Raises Retryable if Zep's list is shorter than its own total."""
        cursor, count = None, 0
        while True:
            with self._calling("users") as client:
                page = client.user.list(page_size=MOST, **_given(cursor=cursor), order_by="created_at", order="asc")
            records = _listed(page)
            count += len(records.records)
            yield from records.records
            cursor = records.cursor
            if cursor is None:
                break
        if records.total is not None and count < records.total:
            raise Retryable(f"Zep counts {records.total} users, but listed {count}", where=self.host)

    def project(self) -> Record:
        """The project of the key."""
        with self._calling("project") as client:
            return _plain(client.project.get())

    def some_users(self) -> Listed:
        """The first user, and the number of users."""
        with self._calling("users") as client:
            return _listed(client.user.list(page_size=1))

    def user(self, user_id: str) -> Record | None:
        """The user with this id, or a user without an id that has this UUID; None if there is none."""
        try:
            with self._calling("user") as client:
                return _plain(client.user.lookup(user_id=user_id))
        except NotFound:
            if not _is_uuid(user_id):
                return None
        try:
            with self._calling("user") as client:
                return _plain(client.user.get(user_id))
        except NotFound:
            return None

    def create_user(self, fields: Mapping[str, Any]) -> tuple[Record, bool]:
        """The created user, or the existing one with that `user_id`, and whether they are new."""
        try:
            with self._calling("user", absorbed=409) as client:
                return _plain(client.user.create(**fields)), True
        except _Conflict:
            user = self.user(fields["user_id"])
            if user is None:
                raise Retryable("Zep reports that the user exists, but does not find it", where=self.host) from None
            return user, False

    def own_node(self, user_uuid: str) -> Record:
        """The node of the user's graph that represents the user."""
        with self._calling("user's node") as client:
            return _plain(client.user.get_node(user_uuid))

    def delete_user(self, user_uuid: str) -> Record | None:
        """The task that deletes a user with threads, messages and graph; None if there is no such user."""
        try:
            with self._calling("user") as client:
                return _task(_plain(client.user.delete(user_uuid)))
        except NotFound:
            return None

    def edges(self, graph: str, cursor: str | None = None, size: int = MOST) -> Listed:
        """A page of the graph's edges, newest first."""
        with self._calling("edges") as client:
            page = client.graph.edge.list(
                graph, page_size=size, **_given(cursor=cursor), order_by="created_at", order="desc"
            )
            return _listed(page)

    def nodes(self, graph: str, cursor: str | None = None, size: int = MOST) -> Listed:
        """A page of the graph's nodes, oldest first."""
        with self._calling("nodes") as client:
            page = client.graph.node.list(
                graph, page_size=size, **_given(cursor=cursor), order_by="created_at", order="asc"
            )
            return _listed(page)

    def every(self, lists: Callable[[str, str | None], Listed], place: str) -> Iterator[Record]:
        """All records of one of this class's lists, page by page."""
        cursor: str | None = None
        while True:
            page = lists(place, cursor)
            yield from page.records
            cursor = page.cursor
            if cursor is None:
                return

    def add_edges(self, graph: str, edges: Sequence[Record], key: str) -> Record:
        """Add edges verbatim: Zep neither merges nor invalidates nor calls a model. Returns the edges and the task."""
        with self._calling("edges") as client:
            return _plain(client.graph.edge.add(graph, edges=edges, deduplicate=False, idempotency_key=key))

    def add_nodes(self, graph: str, nodes: Sequence[Record], key: str) -> Record:
        """Add nodes; each one is new, whatever its name. Returns the nodes in order and the task."""
        with self._calling("nodes") as client:
            return _plain(client.graph.node.add(graph, nodes=nodes, idempotency_key=key))

    def delete_edge(self, graph: str, uuid: str) -> Record | None:
        """The task of the deletion; None if the edge no longer exists."""
        try:
            with self._calling("edge") as client:
                return _task(_plain(client.graph.edge.delete(graph, uuid)))
        except NotFound:
            return None

    def forget_summary(self, graph: str, uuid: str) -> None:
        """Clear a node's summary; the node and its edges are kept."""
        with self._calling("node") as client:
            client.graph.node.update(graph, uuid, summary="")

    def search(self, graph: str, query: str, size: int, filters: Record | None) -> Listed:
        """At most `size` edges that Zep finds for the query, best first."""
        with self._calling("search") as client:
            return _listed(client.graph.search_edges(graph, query=query, page_size=size, **_given(filters=filters)))

    def task(self, uuid: str) -> Record:
        """A task in its current state."""
        with self._calling("task") as client:
            return _plain(client.task.get(uuid))

    def tasks_under_way(self) -> list[Record]:
        """The account's tasks that have not ended."""
        tasks: list[Record] = []
        for status in ("pending", "processing"):
            cursor = None
            while True:
                with self._calling("tasks") as client:
                    page = client.task.list(page_size=MOST, **_given(cursor=cursor), status=status)
                records = _listed(page)
                tasks += records.records
                cursor = records.cursor
                if cursor is None:
                    break
        return tasks

    def threads(self, user_uuid: str, cursor: str | None = None) -> Listed:
        """A page of the user's threads, oldest first."""
        with self._calling("threads") as client:
            page = client.thread.list(
                page_size=MOST, **_given(cursor=cursor), order_by="created_at", order="asc", user_uuid=user_uuid
            )
            return _listed(page)

    def messages(self, thread: str, cursor: str | None = None) -> Listed:
        """A page of the thread's messages, oldest first."""
        with self._calling("messages") as client:
            page = client.thread.list_messages(
                thread, page_size=MOST, **_given(cursor=cursor), order_by="created_at", order="asc"
            )
            return _listed(page)

    def create_thread(self, user_uuid: str, key: str) -> Record:
        """A new thread of the user."""
        with self._calling("thread") as client:
            return _plain(client.thread.create(user_uuid=user_uuid, idempotency_key=key))

    def add_messages(self, thread: str, messages: Sequence[Record], key: str) -> Record:
        """Add messages, from which Zep extracts facts. Returns the messages and the task."""
        with self._calling("messages") as client:
            return _plain(client.thread.add_messages(thread, messages=messages, idempotency_key=key))

    @contextmanager
    def _calling(self, what: str, *, absorbed: int | None = None) -> Iterator[Any]:
        """The SDK's client; its exceptions become MemctlErrors, the status `absorbed` a _Conflict."""
        client = self._opened()
        api_error = need("zep_cloud.core.api_error", "zep").ApiError
        parsing_error = need("zep_cloud.core.parse_error", "zep").ParsingError
        httpx = need("httpx", "zep")
        try:
            yield client
        except (api_error, parsing_error) as error:
            # A ValidationError is an error or a response in a form that the SDK does not know.
            if error.status_code == absorbed and absorbed is not None:
                raise _Conflict from None
            raise self._failure(error, what) from None
        except httpx.HTTPError as error:
            words = str(error) or type(error).__name__
            raise Retryable(f"no response: {words}", where=self.host, hint="check the address") from None
        except ValueError as error:
            # A response that is not JSON, or has a shape that the SDK does not know.
            raise Retryable(f"the response cannot be read: {type(error).__name__}", where=self.host) from None

    def _opened(self) -> Any:
        if self._client is None:
            if not self._key:
                raise AuthError("Zep Cloud API key missing", where=self.host, hint=f"set {_KEY}")
            zep, httpx = need("zep_cloud", "zep"), need("httpx", "zep")
            self._http = httpx.Client(timeout=SECONDS, follow_redirects=True)
            self._client = zep.Zep(
                base_url=self._base, api_key=self._key, max_retries=0, timeout=SECONDS, httpx_client=self._http
            )
        return self._client

    def _failure(self, error: Any, what: str) -> MemctlError:
        status = error.status_code or 500
        if status < 400:
            return Fatal(f"{what}: the SDK does not know the format of the response", where=self.host)
        after = _wait(error.headers or {}) if status == 429 or status >= 500 else None
        if status == 429 and after is None:
            after = SECONDS
        words = _words(error.body) or f"Zep answered {status}"
        if self._key:
            words = words.replace(self._key, "…")
        hint = f"check {_KEY}" if status in (401, 403) else None
        return from_status(status, f"{what}: {words}", after=after, where=self.host, hint=hint)


class _Conflict(Exception):
    """The record to be created already exists."""


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _given(**options: Any) -> dict[str, Any]:
    """The options that are not None, because the SDK would send None as null."""
    return {name: value for name, value in options.items() if value is not None}


def _plain(model: Any) -> Record:
    """A model of the SDK as a record, with the names of the API and without unset fields."""
    record: Record = model.dict()
    return record


def _listed(page: Any) -> Listed:
    # An empty page may be followed by another one; the SDK's own iteration would stop.
    cursor = page.response.next_cursor if page.has_next else None
    return Listed([_plain(item) for item in page.items or ()], cursor, getattr(page.response, "total_size", None))


def _task(answer: Record) -> Record:
    """The task in a response, or the response if it is a task itself."""
    task = answer.get("task")
    return task if isinstance(task, dict) else answer


def _words(body: Any) -> str:
    """The message in the body of an error, in one line: Zep's typed error, an untyped one, or plain text."""
    error = getattr(body, "error", None)
    if error is not None:
        return _line(getattr(error, "message", None) or getattr(error, "code", None) or "")
    if isinstance(body, Mapping):
        inner = body.get("error")
        inner = inner.get("message") if isinstance(inner, Mapping) else inner
        return _line(inner or body.get("message") or "")
    return _line(body or "")


def _line(words: Any) -> str:
    return " ".join(str(words).split())[:200]


def _wait(headers: Mapping[str, str]) -> float | None:
    """The seconds in `Retry-After`, which is a number or a date (RFC 9110)."""
    retry_after = {name.lower(): value for name, value in headers.items()}.get("retry-after")
    if not retry_after:
        return None
    try:
        return max(0.0, float(retry_after))
    except ValueError:
        pass
    try:
        return max(0.0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
