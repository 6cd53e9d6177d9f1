"""LangGraph's store in Redis under the suite: the same server and faults as for Redis itself."""

from typing import ClassVar

from langgraph_backend import NEVER
from memctl_langgraph.adapter import LangGraphAdapter
from redis_backend import RedisBackend


class RedisStoreBackend(RedisBackend):
    """The documents of a RedisStore."""

    title = "LangGraph on Redis"
    adapter = LangGraphAdapter
    never: ClassVar[dict[str, str]] = NEVER | {
        "test_an_incomplete_list_is_reported": "Redis returns all keys or an error, never a part",
    }

    def open(self, place: str) -> LangGraphAdapter:
        return LangGraphAdapter(place)

    def opening(self, place: str) -> tuple[str, str]:
        return "from memctl_langgraph.adapter import LangGraphAdapter", f"LangGraphAdapter({place!r})"
