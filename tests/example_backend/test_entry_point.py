"""The entry point in the example's pyproject.toml makes it a backend of memctl."""

import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import memctl
from memctl.backends import registry


def test_memctl_opens_the_notebook_by_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    project = tomllib.loads((Path(__file__).parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    group = project["entry-points"][registry.ENTRY_POINT_GROUP]
    points = {name: EntryPoint(name, value, registry.ENTRY_POINT_GROUP) for name, value in group.items()}
    monkeypatch.setattr(registry, "installed", lambda: points)
    path = tmp_path / "notes.db"
    assert registry.accepts("notebook", "timeout")
    with memctl.open(f"notebook:{path}") as memory:
        assert registry.identity("notebook", memory.backend) == f"notebook:{path}"
    monkeypatch.setenv("NOTEBOOK_PATH", str(path))
    with memctl.open("notebook") as memory:
        assert memory.backend.identity == str(path)
