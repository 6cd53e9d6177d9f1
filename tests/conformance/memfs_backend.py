"""MemFS under the suite: real git repositories with real faults."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from memctl_letta.memfs import MemfsAdapter

from memctl.backends.contract import Backend
from memctl.backends.testing import Suite
from memctl.core.errors import Fatal

REFUSING = "#!/bin/sh\necho 'these files are protected'\nexit 1\n"


class MemfsBackend(Suite):
    """A folder with a repository for each user."""

    title = "letta-memfs"
    adapter = MemfsAdapter
    one_owner = True
    refusal = Fatal
    never: ClassVar[dict[str, str]] = {
        "test_search[by-meaning-without-a-shared-word]": "files are searched by words only",
    }

    @classmethod
    def places(cls, folder: Path) -> Iterator[Path]:
        place = folder / "memories"
        place.mkdir()
        yield place

    def open(self, place: Path) -> MemfsAdapter:
        return MemfsAdapter(place)

    def in_pages_of(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("memctl_letta.memfs.PAGE_SIZE", size)

    @contextlib.contextmanager
    def without_access(self, place: Path) -> Iterator[Callable[[], Backend]]:
        # File permissions do not apply to root, but hooks do.
        hooks = [repository / ".git" / "hooks" / "pre-commit" for repository in place.iterdir()]
        for hook in hooks:
            hook.parent.mkdir(exist_ok=True)
            hook.write_text(REFUSING)
            hook.chmod(0o755)
        yield lambda: self.open(place)
        for hook in hooks:
            hook.unlink()

    @contextlib.contextmanager
    def busy(self, place: Path) -> Iterator[Callable[[], Backend]]:
        locks = [repository / ".git" / "index.lock" for repository in place.iterdir()]
        for lock in locks:
            lock.touch()
        yield lambda: self.open(place)
        for lock in locks:
            lock.unlink()

    def opening(self, place: Path) -> tuple[str, str]:
        imports = "from memctl_letta.memfs import MemfsAdapter"
        return imports, f"MemfsAdapter({str(place)!r})"

    @contextlib.contextmanager
    def broken_off(self, place: Path, reading: Backend) -> Iterator[None]:
        away = place.with_name("away")
        place.rename(away)
        yield
        away.rename(place)

    @contextlib.contextmanager
    def cut_short(self, place: Path) -> Iterator[None]:
        objects = [file for file in place.glob("*/.git/objects/??/*") if file.stat().st_size > 200]
        whole = {file: file.read_bytes() for file in objects}
        assert whole
        for file, content in whole.items():
            file.chmod(0o644)
            file.write_bytes(content[: len(content) // 2])
        yield
        for file, content in whole.items():
            file.write_bytes(content)
