"""Helpers for tests of a graph: facts, an embedder that counts letters, and graphiti-core on the same file."""

import asyncio
import functools
import tempfile
import warnings
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from memctl_graphiti.adapter import GraphitiAdapter
from memctl_graphiti.graph import sdk

from memctl.core.fact import Fact, Source, derive_id

AT = datetime(2025, 3, 1, 9, 0, 0, 250_000, tzinfo=UTC)
DAY = timedelta(days=1)
Result = TypeVar("Result")
LOADED = "from memctl_graphiti.graph import sdk; sdk('driver.kuzu_driver')"
"""Code that copied processes that open a graph have run before."""


class Letters:
    """An embedder with 26 dimensions: the count of each letter."""

    name = "letters-26"

    def embed(self, texts: list[str]) -> list[list[float]]:
        return [self.embed_one(text) for text in texts]

    def embed_one(self, text: str) -> list[float]:
        return [float(text.casefold().count(chr(letter))) for letter in range(ord("a"), ord("z") + 1)]


def fact(user: str, text: str, **fields: Any) -> Fact:
    values = {"id": derive_id(user, text), "kind": "fact", "source": Source(system="test")} | fields
    return Fact(user_id=user, text=text, **values)


@functools.cache
def empty() -> bytes:
    """The file of a graph without facts, which takes half a second to create."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "graphiti.kuzu"
        with GraphitiAdapter(path) as adapter:
            adapter.init()
        return path.read_bytes()


def everything(adapter: GraphitiAdapter, user: str) -> list[Fact]:
    return [fact for page in adapter.read(user) for fact in page.facts]


class Core:
    """graphiti-core on the file, with clients that use no network."""

    def __init__(self, path: Path) -> None:
        kuzu = sdk("driver.kuzu_driver")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            self.driver = kuzu.KuzuDriver(db=str(path))
        self.driver._database = ""
        self._runner = asyncio.Runner()

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        return self._runner.run(coroutine)

    def graphiti(self) -> Any:
        llm, embed, rank = sdk("llm_client.client"), sdk("embedder.client"), sdk("cross_encoder.client")
        config = sdk("llm_client.config").LLMConfig()

        class NoModel(llm.LLMClient):
            async def _generate_response(self, *args: Any, **kwargs: Any) -> Any:
                raise AssertionError("a model was asked")

        class NoRank(rank.CrossEncoderClient):
            async def rank(self, query: str, passages: list[str]) -> Any:
                raise AssertionError("a model was asked")

        class Embed(embed.EmbedderClient):
            async def create(self, input_data: Any) -> list[float]:
                return Letters().embed_one(str(input_data))

        return sdk("graphiti").Graphiti(
            graph_driver=self.driver, llm_client=NoModel(config), embedder=Embed(), cross_encoder=NoRank()
        )

    def close(self) -> None:
        self.driver.client.close()
        self.driver.db.close()
        self._runner.close()
