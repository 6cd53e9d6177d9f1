"""The conformance suite over the backend it names."""

from redis_backend import RedisBackend


class TestRedis(RedisBackend):
    """Every case."""
