"""The connection to mem0's platform: `mem0.MemoryClient`, opened at the first call; requests for which the library
has no method use the same connection. Lists are read in pages and compared with their own totals."""

from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from memctl.backends.contract import need, server_parts
from memctl.core.errors import AuthError, Fatal, NotFound
from memctl_mem0 import sdk
from memctl_mem0.platform.errors import failure, no_key

T = TypeVar("T")

HOST = "https://api.mem0.ai"
LARGEST_PAGE = 200
"""The maximum number of memories in a page."""
ANYBODY: dict[str, Any] = {"OR": [{"user_id": "*"}, {"agent_id": "*"}, {"app_id": "*"}, {"run_id": "*"}]}
"""A filter that matches every memory. mem0 treats kinds of owners that a filter does not name as null
(docs/platform/features/v2-memory-filters); together with another filter, this one names them all."""

Filter = dict[str, Any]


class Rows(msgspec.Struct, frozen=True):
    """A page of a list of the platform: its rows, the total of the list, and whether more pages follow."""

    rows: list[dict[str, Any]]
    count: int
    more: bool


class Platform:
    """mem0's platform at `url` with `api_key`; `timeout` is in seconds per response.

    Connects at the first call. Raises AuthError without a key, UsageError for an invalid URL.
    """

    def __init__(self, api_key: str | None, url: str | None, timeout: float) -> None:
        if not api_key:
            raise no_key()
        if not api_key.isascii() or not api_key.isprintable() or " " in api_key:
            raise AuthError(
                "the API key contains invalid characters",
                hint="check MEM0_API_KEY, MEM0_API_KEY_FILE or MEM0_API_KEY_COMMAND",
            )
        parts = server_parts(url or HOST, hint="give --url http://HOST or https://HOST")
        self.place = parts.netloc.rpartition("@")[2] + parts.path.rstrip("/")
        self._key = api_key
        self._url = (url or HOST).rstrip("/")
        self._timeout = timeout
        self._lock = Lock()
        self._client: Any = None

    def __repr__(self) -> str:
        return f"Platform({self.place})"

    @property
    def account(self) -> str:
        """The host and the project of the key."""
        project = self.client().project_id
        return f"{self.place}/{project}" if project else self.place

    def client(self) -> Any:
        """The `mem0.MemoryClient`, created at the first use; its constructor checks the key with a request."""
        with self._lock:
            if self._client is None:
                library = sdk.mem0()
                http = need("httpx", "mem0").Client(timeout=self._timeout)
                try:
                    self._client = self._guarded(
                        lambda: library.MemoryClient(api_key=self._key, host=self._url, client=http)
                    )
                except BaseException:
                    http.close()
                    raise
            return self._client

    def call(self, function: Callable[[Any], T], *, record: bool = False) -> T:
        """The result of `function` with the client. `record`: the call sends a single record, which may be refused."""
        client = self.client()
        return self._guarded(lambda: function(client), record=record)

    def ask(self, path: str, **parameters: Any) -> dict[str, Any]:
        """The response to a GET for which mem0's library has no method."""

        def get(client: Any) -> Any:
            response = client.client.get(path, params=parameters)
            response.raise_for_status()
            return response.json()

        return _document(self.call(get), self.place)

    def remove(self, path: str) -> dict[str, Any] | None:
        """The response to a DELETE, which mem0's library would not return; None if there is nothing to delete."""

        def delete(client: Any) -> Any:
            response = client.client.delete(path)
            response.raise_for_status()
            return response.json()

        try:
            return _document(self.call(delete), self.place)
        except NotFound:
            return None

    def page(self, filters: Filter, number: int = 1, size: int = LARGEST_PAGE) -> Rows:
        """A page, counted from 1, of the memories that match the filters, expired and merged ones included."""
        answer = self.call(
            lambda client: client.get_all(
                filters=filters, page=number, page_size=size, show_expired=True, include_merged=True
            )
        )
        return self._rows(answer)

    def pages(self, filters: Filter) -> Iterator[list[dict[str, Any]]]:
        """All memories that match the filters, in pages. Raises Fatal if the list is shorter than its own total."""
        number, count, more = 1, 0, True
        while more:
            page = self.page(filters, number)
            number, count, more = number + 1, count + len(page.rows), page.more
            self.hold(count, page, "a list of memories")
            yield page.rows

    def hold(self, count: int, page: Rows, what: str) -> None:
        """Raise Fatal if a list ended before its own total, or continues without rows or far beyond it."""
        if page.more and (not page.rows or count > page.count + LARGEST_PAGE):
            raise Fatal(f"{what} does not end: mem0 counts {page.count} rows and returned {count}", where=self.place)
        if not page.more and count < page.count:
            raise Fatal(
                f"{what} is incomplete: mem0 counts {page.count} rows and returned {count}",
                where=self.place,
                hint="it changed while it was read, or was truncated: run the same command again",
            )

    def count(self, filters: Filter) -> int:
        """The number of memories that match the filters."""
        return self.page(filters, size=1).count

    def owners(self) -> Iterator[tuple[str, str]]:
        """Every owner in mem0, as a kind (`user`, `agent`, `app`, `run`) and a name."""
        query: dict[str, Any] = {}
        count, more = 0, True
        while more:
            answer = self.ask("/v1/entities/", **query)
            page = self._rows(answer)
            count, more = count + len(page.rows), page.more
            self.hold(count, page, "the list of owners")
            for row in page.rows:
                if isinstance(row.get("name"), str):
                    yield str(row.get("type")), row["name"]
            if more:
                # Only the query of the next page's address is used, because the host may be another one.
                query = {name: values[-1] for name, values in parse_qs(urlsplit(answer["next"]).query).items()}

    def total(self) -> int | None:
        """The number of memories of the project, as the platform reports it."""
        total = self.ask("/v1/stats/").get("total_memories")
        return total if isinstance(total, int) else None

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            if self._client is not None:
                self._client.client.close()
                self._client = None

    def _rows(self, answer: Any) -> Rows:
        document = _document(answer, self.place)
        rows, count = document.get("results"), document.get("count")
        if not isinstance(rows, list) or not isinstance(count, int) or not all(isinstance(row, dict) for row in rows):
            raise Fatal(
                "the response is not a page of a list",
                where=self.place,
                hint="check that this is the address of mem0's platform",
            )
        return Rows(rows, count, document.get("next") is not None)

    def _guarded(self, function: Callable[[], T], *, record: bool = False) -> T:
        try:
            return function()
        except Exception as error:
            failed = failure(error, self.place, record=record, secret=self._key)
            if failed is None:
                raise
            raise failed from None


def _document(answer: Any, place: str) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise Fatal(
            "the response is not a JSON object", where=place, hint="check that this is the address of mem0's platform"
        )
    return answer
