"""The conformance suite over the backends it names."""

from mem0_stores_backend import ChromaBackend, MilvusBackend, RedisBackend, SupabaseBackend


class TestMem0OnChroma(ChromaBackend):
    """Every case."""


class TestMem0OnMilvus(MilvusBackend):
    """Every case."""


class TestMem0OnRedis(RedisBackend):
    """Every case."""


class TestMem0OnSupabase(SupabaseBackend):
    """Every case."""
