"""Graphiti under the suite: graphiti-core on an embedded Kuzu, with the model that comes with memctl and no other."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from memctl_graphiti.adapter import GraphitiAdapter

from memctl.backends.contract import Backend
from memctl.backends.registry import LazyEmbedder
from memctl.backends.testing import Suite
from memctl.backends.testing.faults import held_by_another_process, truncated
from memctl.core.errors import MemctlError
from memctl.embed.spec import EmbedderSpec

EMBEDDER = LazyEmbedder(EmbedderSpec())
_OPEN = "import kuzu; held = kuzu.Database({path!r})"


class GraphitiBackend(Suite):
    """A Graphiti graph in a file."""

    title = "Graphiti"
    adapter = GraphitiAdapter
    never: ClassVar[dict[str, str]] = {}
    refusal = MemctlError

    @classmethod
    def places(cls, folder: Path) -> Iterator[Path]:
        path = folder / "graphiti.kuzu"
        with GraphitiAdapter(path) as adapter:
            adapter.init()
        yield path

    def open(self, place: Path) -> GraphitiAdapter:
        return GraphitiAdapter(place, embedder=EMBEDDER)

    def in_pages_of(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("memctl_graphiti.adapter.PAGE_SIZE", size)

    @contextlib.contextmanager
    def without_access(self, place: Path) -> Iterator[Callable[[], Backend]]:
        # Rights do not bind every user, a foreign file does: it is not a graph to write into.
        away = place.with_suffix(".away")
        place.rename(away)
        place.write_text("somebody's shopping list\n", encoding="utf-8")
        yield lambda: GraphitiAdapter(place)
        assert place.read_text(encoding="utf-8") == "somebody's shopping list\n"
        away.replace(place)

    @contextlib.contextmanager
    def busy(self, place: Path) -> Iterator[Callable[[], Backend]]:
        with held_by_another_process(_OPEN.format(path=str(place))):
            yield lambda: GraphitiAdapter(place)

    def opening(self, place: Path) -> tuple[str, str]:
        imports = "from memctl_graphiti.adapter import GraphitiAdapter\nfrom graphiti_backend import EMBEDDER"
        here = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        return here + imports, f"GraphitiAdapter({str(place)!r}, embedder=EMBEDDER)"

    @contextlib.contextmanager
    def broken_off(self, place: Path, reading: Backend) -> Iterator[None]:
        reading.close()
        with held_by_another_process(_OPEN.format(path=str(place))):
            yield

    @contextlib.contextmanager
    def cut_short(self, place: Path) -> Iterator[None]:
        with truncated(place, 0.5):
            yield
