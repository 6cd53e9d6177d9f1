"""Graphiti under the suite: graphiti-core on an embedded Kuzu, with memctl's built-in embedder."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar
from unittest import mock

import pytest
from adapters.graphiti_graphs import empty
from copied import Copied, held_by_a_copy
from memctl_graphiti.adapter import GraphitiAdapter
from memctl_graphiti.graph import Graph

from memctl.backends.contract import Backend, Outcome
from memctl.backends.registry import LazyEmbedder
from memctl.backends.testing import Suite
from memctl.backends.testing.faults import truncated
from memctl.core.errors import MemctlError
from memctl.core.fact import Fact
from memctl.embed.spec import EmbedderSpec

EMBEDDER = LazyEmbedder(EmbedderSpec())


def _opened(path: Path) -> Graph:
    graph = Graph(path)
    graph.run("RETURN 1")
    return graph


class StaysOpen(GraphitiAdapter):
    """An adapter that does not close its graph, because others use it later and closing takes a third of a second."""

    def __init__(self, graph: Graph) -> None:
        with mock.patch("memctl_graphiti.adapter.Graph", return_value=graph):
            super().__init__(graph.path, embedder=EMBEDDER)

    def close(self) -> None:
        self._writer.forget()


class GraphitiBackend(Copied, Suite):
    """A Graphiti graph in a file. The graph that the cases share is closed only after a write of at least a hundred
    facts; a `bare` one is closed whenever a case closes the adapter."""

    title = "Graphiti"
    adapter = GraphitiAdapter
    many = 510
    one_owner = True
    never: ClassVar[dict[str, str]] = {}
    refusal = MemctlError
    shared: ClassVar[Graph | None] = None

    @classmethod
    def places(cls, folder: Path) -> Iterator[Path]:
        path = folder / "graphiti.kuzu"
        path.write_bytes(empty())
        yield path

    @pytest.fixture(scope="class")
    @classmethod
    def place(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
        for place in cls.places(tmp_path_factory.mktemp("shared")):
            cls.shared = Graph(place)
            yield place
            cls.shared.close()

    def open(self, place: Path) -> GraphitiAdapter:
        if self.shared is not None and place == self.shared.path:
            return StaysOpen(self.shared)
        return GraphitiAdapter(place, embedder=EMBEDDER)

    def write(self, place: Path, facts: Sequence[Fact]) -> list[Outcome]:
        outcomes = super().write(place, facts)
        if self.shared is not None and len(facts) >= 100:
            self.shared.close()
        return outcomes

    def in_pages_of(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("memctl_graphiti.adapter.PAGE_SIZE", size)

    @contextlib.contextmanager
    def without_access(self, place: Path) -> Iterator[Callable[[], Backend]]:
        # File permissions do not apply to root; instead, a file of another program must not be written to.
        away = place.with_suffix(".away")
        place.rename(away)
        place.write_text("somebody's shopping list\n", encoding="utf-8")
        yield lambda: GraphitiAdapter(place)
        assert place.read_text(encoding="utf-8") == "somebody's shopping list\n"
        away.replace(place)

    @contextlib.contextmanager
    def busy(self, place: Path) -> Iterator[Callable[[], Backend]]:
        with held_by_a_copy(lambda: _opened(place)):
            yield lambda: GraphitiAdapter(place)

    @contextlib.contextmanager
    def broken_off(self, place: Path, reading: Backend) -> Iterator[None]:
        reading.close()
        with held_by_a_copy(lambda: _opened(place)):
            yield

    @contextlib.contextmanager
    def cut_short(self, place: Path) -> Iterator[None]:
        with truncated(place, 0.5):
            yield
