"""Redis under the suite: a real server with real faults."""

import contextlib
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
import redis
from memctl_redis.adapter import RedisAdapter

from memctl.backends.contract import Backend
from memctl.backends.testing import Suite


def emptied(url: str, number: int) -> str:
    """The URL of an empty database of the server."""
    place = f"{url}?db={number}"
    with redis.Redis.from_url(place) as client:
        client.flushdb()
    return place


class RedisBackend(Suite):
    """The hashes of Redis Agent Memory Server."""

    title = "Redis"
    adapter = RedisAdapter
    many = 510
    never: ClassVar[dict[str, str]] = {
        "test_search[by-meaning-without-a-shared-word]": "records are searched by words only",
        "test_an_incomplete_list_is_reported": "Redis returns all keys or an error, never a part",
    }

    @pytest.fixture(scope="class")
    @classmethod
    def place(cls, redis_url: str) -> str:
        return emptied(redis_url, 1)

    @pytest.fixture
    def bare(self, redis_url: str) -> str:
        return emptied(redis_url, 2)

    def open(self, place: str) -> Backend:
        return RedisAdapter(place)

    def opening(self, place: str) -> tuple[str, str]:
        return "from memctl_redis.adapter import RedisAdapter", f"RedisAdapter({place!r})"

    @contextlib.contextmanager
    def without_access(self, place: str) -> Iterator[Callable[[], Backend]]:
        with redis.Redis.from_url(place) as client:
            client.acl_setuser("reader", enabled=True, nopass=True, keys=["*"], categories=["+@read", "+@connection"])
            client.execute_command("ACL", "SETUSER", "reader", "+info", "+time", "+multi", "+exec")
        yield lambda: self.open(place.replace("unix://", "unix://reader:any@"))

    @contextlib.contextmanager
    def busy(self, place: str) -> Iterator[Callable[[], Backend]]:
        with redis.Redis.from_url(place) as client:
            client.config_set("maxmemory", 1)
            yield lambda: self.open(place)
            client.config_set("maxmemory", 0)

    @contextlib.contextmanager
    def broken_off(self, place: str, reading: Backend) -> Iterator[None]:
        with redis.Redis.from_url(place) as client:
            client.execute_command("ACL", "SETUSER", "default", "off")
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            yield
            client.execute_command("ACL", "SETUSER", "default", "on")
