"""Helpers for tests of agents' folders: facts, files, and reading and writing with a new instance."""

from pathlib import Path
from typing import Any

from memctl.backends.contract import Backend, Outcome
from memctl.core.fact import Fact, Source, derive_id


def fact(text: str, user: str = "alice", **fields: Any) -> Fact:
    values: dict[str, Any] = {"id": derive_id(user, text), "kind": "fact", "source": Source(system="test")}
    return Fact(user_id=user, text=text, **(values | fields))


def create_folder(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Create a folder with these files."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def own_files(folder: Path) -> dict[str, bytes]:
    """The agent's own files by path, without those of memctl."""
    paths = (path for path in folder.rglob("*") if path.is_file() and ".memctl" not in path.parts)
    paths = (path for path in paths if path.suffix != ".lock")
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def read(adapter: Backend, user: str = "alice") -> list[Fact]:
    return [fact for page in adapter.read(user) for fact in page.facts]


def texts(adapter: Backend, user: str = "alice") -> list[str]:
    return [fact.text for fact in read(adapter, user)]


def states(outcomes: list[Outcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]
