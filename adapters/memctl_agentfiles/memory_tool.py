"""The backend named `memories`: the folder of Anthropic's memory tool `memory_20250818`. Each file is one fact."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from memctl.core.fact import Fact
from memctl_agentfiles.adapter import FolderAdapter, capabilities
from memctl_agentfiles.documents import Document, parse, whole
from memctl_agentfiles.system import System, printable, slug


class MemoryTool(System):
    """Every file that the tool shows. It hides files whose names begin with a dot."""

    name = "memories"
    title = "Anthropic's memory tool"

    def wanted(self, path: str) -> bool:
        return not path.rpartition("/")[2].startswith(".")

    def parse(self, path: str, text: str, paths: Collection[str]) -> Document:
        document = parse(path, text, whole, has_front=False)
        for piece in document.pieces:
            piece.fields = {"whole": True}
        return document

    def home(self, fact: Fact, documents: Mapping[str, Document]) -> str:
        name = slug(fact)
        return f"{name}.md" if f"{name}.md" not in documents else f"{name}-{fact.id.hex[8:]}.md"

    def raw(self, fact: Fact, document: Document) -> str:
        return printable(fact.text)


class MemoryToolAdapter(FolderAdapter):
    """The folder that the tool calls `/memories`."""

    name = "memories"
    system = MemoryTool()
    capabilities = capabilities(system)
