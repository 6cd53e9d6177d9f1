"""Helpers for tests of an agent's memory in git: facts and lines, and the contents of a memory."""

from importlib import import_module
from pathlib import Path
from types import ModuleType

from memctl_letta.memfs import MemfsAdapter

from memctl.core.fact import Fact, Source, derive_id


def _emulator() -> ModuleType:
    return import_module("emulators.memfs")


letta = _emulator()


def fact(text: str, user: str = "alice", **fields: object) -> Fact:
    """A fact of the user."""
    values = {"id": derive_id(user, text), "kind": "fact", "source": Source(system="test")} | fields
    return Fact(user_id=user, text=text, **values)


def line(text: str, label: str = "human", **native: object) -> Fact:
    """A line of a block."""
    return fact(text, kind="block", native={"label": label, "raw": f"- {text}", **native})


def write(place: Path, *facts: Fact, **options: object) -> list[tuple[str, str | None]]:
    """Write facts; returns the state of each and the reason if it was rejected."""
    return [(outcome.state, outcome.reason) for outcome in MemfsAdapter(place, **options).write(facts)]


def read(place: Path, user: str = "alice") -> list[Fact]:
    return [one for page in MemfsAdapter(place).read(user) for one in page.facts]


def texts(place: Path, user: str = "alice") -> list[str]:
    return [one.text for one in read(place, user)]


def files(place: Path) -> dict[str, bytes]:
    """All files except those of git."""
    return {
        path.relative_to(place).as_posix(): path.read_bytes()
        for path in place.rglob("*")
        if path.is_file() and ".git" not in path.parts
    }


def is_clean(place: Path) -> bool:
    return letta.git(place, "status", "--porcelain") == ""


def human(place: Path) -> Path:
    file = place / "human.md"
    return file if file.exists() else place / "system" / "human.md"
