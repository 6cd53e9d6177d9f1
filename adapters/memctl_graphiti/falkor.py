"""Graphs in FalkorDB, where Graphiti stores each group in a separate graph. They are read-only.

FalkorDB compares indexed texts incorrectly: pages with a limit after a uuid, as graphiti-core requests them, repeat
rows or never end. The queries here use neither a limit nor such a comparison.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from memctl.backends.contract import need
from memctl.core.errors import Fatal, NotFound, UsageError

SCHEMES = {"falkor", "falkors", "falkordb", "redis", "rediss"}
_DEFAULT_PORT = 6379
_DEFAULT_GROUPS = ("_", "\\_")
"""Names of graphiti-core's default group here; elsewhere it has no name."""
_TIMEOUT = 10.0


class FalkorServer:
    """The graphs of the FalkorDB server at `uri`, or only the graph `graph`.

    Connects at the first query.
    """

    def __init__(self, uri: str, user: str | None, password: str | None, graph: str | None) -> None:
        parts = urlsplit(uri)
        self._options = {
            "host": parts.hostname or "localhost",
            "port": parts.port or _DEFAULT_PORT,
            "username": user or (unquote(parts.username) if parts.username else None),
            "password": password or (unquote(parts.password) if parts.password else None),
            "ssl": parts.scheme in ("falkors", "rediss"),
            "socket_connect_timeout": _TIMEOUT,
        }
        self._graph = graph
        self._place = f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
        self._client: Any = None
        self._longest: int | None = None

    def run(self, query: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of a query in all graphs."""
        arguments = dict(parameters)
        if "" in arguments.get("groups", ()):
            arguments["groups"] = [*arguments["groups"], *_DEFAULT_GROUPS]
        return [row for name in self._names() for row in self._rows(name, query, arguments)]

    def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            client.connection.close()

    def _names(self) -> list[str]:
        names: list[str] = self._opened().list_graphs()
        if self._graph is None:
            return sorted(names)
        if self._graph not in names:
            raise NotFound(
                f"there is no graph {self._graph!r}", where=self._place, hint=f"graphs: {', '.join(sorted(names))}"
            )
        return [self._graph]

    def _rows(self, name: str, query: str, parameters: dict[str, Any]) -> list[dict[str, Any]]:
        answer = self._opened().select_graph(name).ro_query(query, parameters)
        columns = [column[1] for column in answer.header]
        if self._longest is not None and len(answer.result_set) >= self._longest:
            raise Fatal(
                f"the server cuts off lists at {self._longest} rows",
                where=f"{self._place}/{name}",
                hint="GRAPH.CONFIG SET RESULTSET_SIZE -1 on the server",
            )
        rows = [dict(zip(columns, row, strict=True)) for row in answer.result_set]
        return [row | {"group_id": ""} if row.get("group_id") in _DEFAULT_GROUPS else row for row in rows]

    def _opened(self) -> Any:
        if self._client is None:
            falkordb = need("falkordb", "graphiti")
            self._client = falkordb.FalkorDB(**self._options)
            self._longest = self._limit()
        return self._client

    def _limit(self) -> int | None:
        """The maximum number of rows that the server returns, None if it returns all."""
        try:
            size = int(self._client.config_get("RESULTSET_SIZE"))
        except Exception as error:
            if type(error).__name__ == "ResponseError" and "unknown command" in str(error).lower():
                raise UsageError(
                    "the server is Redis without FalkorDB", where=self._place, hint="use a FalkorDB server"
                ) from None
            if type(error).__name__ not in ("ResponseError", "NoPermissionError", "ValueError", "TypeError"):
                raise
            return None
        return size if size > 0 else None
