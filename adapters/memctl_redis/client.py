"""A Redis server: its address, its errors as errors of memctl, and a complete list of its keys."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from memctl.backends.contract import need, server_parts
from memctl.core.errors import AuthError, Fatal, MemctlError, Rejected, Retryable, UsageError

SCHEMES = ("redis", "rediss")
HINT = "examples: redis://HOST:6379/0, rediss://HOST for TLS, unix:///PATH; put a password into REDIS_URL"
TIMEOUT = 20.0
BATCH = 500
"""The number of keys in one round trip."""

_FIRST = datetime(1970, 1, 1, tzinfo=UTC)
_PASSING = ("LOADING", "BUSY", "OOM", "MISCONF", "READONLY", "CLUSTERDOWN", "MASTERDOWN", "TRYAGAIN", "NOREPLICAS")
_REFUSED = ("NOPERM", "NOAUTH", "WRONGPASS")


def address_of(url: str) -> str:
    """The URL in redis-py's form. `//host` and `host:port` mean redis://. Raises UsageError for anything else."""
    if url.startswith("//"):
        url = f"redis:{url}"
    elif "://" not in url:
        url = f"redis://{url}"
    if url.startswith("unix://"):
        return url
    server_parts(url, hint=HINT, schemes=SCHEMES)
    return url


def place_of(url: str) -> str:
    """The server and its database, without the account."""
    parts = urlsplit(url)
    # redis-py uses the first `db` of the query, and prefers it to the path.
    database = parse_qs(parts.query).get("db", [""])[0]
    if parts.scheme == "unix":
        number = database.lstrip("0")
        return f"{parts.path}?db={number}" if number else parts.path
    host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
    return f"{host}:{parts.port or 6379}/{database or parts.path.strip('/') or 0}"


def escaped(text: str | bytes) -> bytes:
    """The text, escaped for a pattern of keys."""
    raw = text.encode() if isinstance(text, str) else text
    return b"".join(b"\\" + bytes((byte,)) if byte in b"*?[]^\\" else bytes((byte,)) for byte in raw)


class Server:
    """The server at a URL. Connects at the first call."""

    def __init__(self, url: str) -> None:
        self._url = address_of(url)
        self.place = place_of(self._url)
        self._client: Any = None
        self._exact_expiry = True

    @contextmanager
    def client(self) -> Iterator[Any]:
        """The client of redis-py. Its errors are raised as errors of memctl."""
        redis = need("redis", "redis")
        try:
            if self._client is None:
                self._client = self._connected(redis)
            yield self._client
        except redis.exceptions.RedisError as error:
            raise _failure(redis, error, self.place) from None
        except (OSError, UnicodeError) as error:
            raise Retryable(f"the connection failed: {error}", where=self.place, hint=_RUNNING) from None

    def _connected(self, redis: Any) -> Any:
        retry = need("redis.retry", "redis").Retry(need("redis.backoff", "redis").NoBackoff(), 0)
        try:
            client = redis.Redis.from_url(
                self._url, protocol=2, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT, retry=retry
            )
        except ValueError:
            raise UsageError("not the URL of a Redis server", hint=HINT) from None
        version = str(client.info("server")["redis_version"])
        self._exact_expiry = int(version.partition(".")[0]) >= 7
        return client

    def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    def keys(self, pattern: bytes, type_: str) -> list[bytes]:
        """All keys of a type that match, sorted. `type_` is a result of the command TYPE."""
        with self.client() as client:
            return sorted(set(client.scan_iter(match=pattern, count=1000, _type=type_)))

    def each(self, keys: Iterable[bytes], *commands: Sequence[Any]) -> Iterator[tuple[bytes, list[Any]]]:
        """For each key: the answers to commands such as ("HGETALL",), and the time at which the key expires, or None.

        All answers for a key are read at the same moment. An answer may be an error."""
        all_keys = list(keys)
        for first in range(0, len(all_keys), BATCH):
            some = all_keys[first : first + BATCH]
            with self.client() as client:
                pipeline = client.pipeline(transaction=True)
                expiry = "PEXPIRETIME" if self._exact_expiry else "PTTL"
                for key in some:
                    for name, *arguments in commands:
                        pipeline.execute_command(name, key, *arguments)
                    pipeline.execute_command(expiry, key)
                pipeline.time()
                *answers, (seconds, micros) = pipeline.execute(raise_on_error=False)
            offset = 0 if self._exact_expiry else seconds * 1000 + micros // 1000
            size = len(commands) + 1
            for number, key in enumerate(some):
                *values, expiry_left = answers[number * size : (number + 1) * size]
                if isinstance(expiry_left, Exception):
                    raise Fatal(f"the expiry of a key is unknown: {expiry_left}", where=self.place)
                yield key, [*values, instant(expiry_left + offset) if expiry_left >= 0 else None]

    def documents(self, keys: Iterable[bytes]) -> Iterator[tuple[bytes, Any, datetime | None]]:
        """The JSON document and the expiry of each key that still exists. A document that cannot be read is a
        Rejected."""
        for key, (content, expires_at) in self.each(keys, ("JSON.GET",)):
            if content is None:
                continue
            name = key.decode(errors="replace")
            try:
                document = (
                    Rejected(str(content), where=name)
                    if isinstance(content, Exception)
                    else msgspec.json.decode(content)
                )
            except (msgspec.DecodeError, RecursionError) as error:
                document = Rejected(str(error), where=name)
            yield key, document, expires_at


_RUNNING = "check that the server is running and reachable"


def instant(milliseconds: int) -> datetime | None:
    """The time of a Unix time in milliseconds; None if it is out of range."""
    try:
        return _FIRST + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return None


def milliseconds(at: datetime) -> int:
    """The Unix time in whole milliseconds."""
    return (at - _FIRST) // timedelta(milliseconds=1)


def _failure(redis: Any, error: Exception, place: str) -> MemctlError:
    known = redis.exceptions
    line = " ".join(str(error).split())[:300]
    if isinstance(error, known.AuthenticationError | known.AuthorizationError | known.NoPermissionError) or any(
        sign in line for sign in _REFUSED
    ):
        return AuthError(line, where=place, hint="check the user and password in the URL, and the user's permissions")
    if isinstance(error, known.ConnectionError | known.TimeoutError | known.BusyLoadingError):
        return Retryable(_without_url(line), where=place, hint=_RUNNING)
    if isinstance(error, known.OutOfMemoryError | known.ReadOnlyError) or any(sign in line for sign in _PASSING):
        return Retryable(line, where=place)
    return Fatal(f"{type(error).__name__}: {line}", where=place)


def _without_url(line: str) -> str:
    return line.split("://", 1)[0]
