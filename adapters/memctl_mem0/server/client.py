"""HTTP requests to mem0's self-hosted REST server, with its errors as memctl's."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from memctl.backends.contract import need, server_parts
from memctl.core.errors import AuthError, Fatal, MemctlError, NotFound, Rejected, Retryable, UsageError, from_status

_KEY = "MEM0_SERVER_API_KEY, MEM0_SERVER_API_KEY_FILE or MEM0_SERVER_API_KEY_COMMAND"
KEY_HINT = f"set {_KEY} to the server's ADMIN_API_KEY or to a key of its dashboard"
_NO_SERVER = "check that this is the address of mem0's REST server"
_LONGEST = 300
# The server reports every failure of its own services as 502, with the kind in `code` (server/errors.py).
_PASSING = frozenset(
    {
        "provider_rate_limited", "provider_timeout", "provider_unavailable", "datastore_unavailable",
        "vector_store_unavailable", "unknown",
    }
)  # fmt: skip


class Connection:
    """The server at `url`, with `api_key` if it is set; `timeout` is in seconds per response.

    Connects at the first call. Raises UsageError for an invalid URL.
    """

    def __init__(self, url: str | None, api_key: str | None, timeout: float) -> None:
        if not url:
            raise UsageError("the URL of mem0-server is missing", hint="pass --url http://HOST:8888")
        parts = server_parts(url, hint="--url http://HOST:8888")
        if api_key and (not api_key.isascii() or not api_key.isprintable()):
            raise AuthError("the API key contains invalid characters", hint=f"check {_KEY}")
        self.place = parts.netloc.rpartition("@")[2] + parts.path.rstrip("/")
        self._url = url.rstrip("/")
        self._key = api_key
        self._timeout = timeout
        self._client: Any = None

    def get(self, path: str, **parameters: Any) -> Any:
        """The document at a path."""
        return self._ask("GET", path, params=parameters)

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """The response to a document."""
        return self._ask("POST", path, json=dict(body))

    def remove(self, memory_id: str) -> None:
        """Delete a memory, if it exists."""
        try:
            self._ask("DELETE", f"/memories/{quote(memory_id, safe='')}")
        except NotFound:
            return

    def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _ask(self, method: str, path: str, **sent: Any) -> Any:
        httpx = need("httpx", "mem0")
        if self._client is None:
            headers = {"X-API-Key": self._key} if self._key else {}
            self._client = httpx.Client(timeout=self._timeout, headers=headers)
        try:
            response = self._client.request(method, self._url + path, **sent)
        except httpx.TransportError as error:
            raise Retryable(
                f"the server cannot be reached: {_line(str(error) or type(error).__name__)}",
                where=self.place,
                hint="check the address, and that the server is running",
            ) from None
        if response.status_code >= 300:
            raise self._failure(response)
        try:
            return response.json()
        except ValueError:
            raise Fatal("the response is not JSON", where=self.place, hint=_NO_SERVER) from None

    def _failure(self, response: Any) -> MemctlError:
        status = int(response.status_code)
        try:
            body = response.json()
        except ValueError:
            body = {}
        body = body if isinstance(body, dict) else {}
        words = _line(self._without_key(_detail(body.get("detail")) or f"HTTP {status}"))
        code = body.get("code")
        if status in (401, 403):
            return AuthError(f"the server refuses the key: {words}", where=self.place, hint=KEY_HINT)
        if status < 400:
            return Fatal(f"the server returned {status}", where=self.place, hint=_NO_SERVER)
        if status == 502 and isinstance(code, str) and code not in _PASSING:
            if code == "provider_bad_request":
                return Rejected(words, where=self.place)
            return Fatal(words, where=self.place, hint="check the configuration of the server")
        after = response.headers.get("retry-after", "")
        return from_status(status, words, after=float(after) if after.isdecimal() else None, where=self.place)

    def _without_key(self, words: str) -> str:
        return words.replace(self._key, "…") if self._key else words


def _detail(detail: Any) -> str:
    """FastAPI's message: a text, or a list of errors in the request."""
    if isinstance(detail, list):
        return "; ".join(str(part.get("msg", part)) if isinstance(part, dict) else str(part) for part in detail)
    return str(detail) if detail else ""


def _line(words: str) -> str:
    return (words.strip().splitlines() or [""])[0][:_LONGEST]
