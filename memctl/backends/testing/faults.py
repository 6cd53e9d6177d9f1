"""Faults: no access, a busy backend, a lost response, a broken connection, an incomplete list.

The hooks of each backend produce the fault as it really happens: a wrong password, a write-protected file, a killed
process. The rule is always the same: the backend raises an error, nothing is half done, and nothing is silently
missing.
"""

import contextlib
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from memctl.backends.contract import Backend
from memctl.backends.testing.base import Harness, fact, numbered
from memctl.core.errors import AuthError, Locked, MemctlError, Retryable
from memctl.core.fact import Fact, encode_lines

KILLED = """
import os, sys
from memctl.core.fact import decode
{imports}
facts = [decode(line) for line in sys.stdin.buffer]
adapter = {opening}
adapter.write(facts)
os._exit(9)
"""


class Faults(Harness):
    """A fault is reported, and the data is complete afterwards."""

    refusal: ClassVar[type[MemctlError]] = AuthError
    busy_for_now: ClassVar[tuple[type[MemctlError], ...]] = (Retryable, Locked)

    @contextlib.contextmanager
    def without_access(self, place: Any) -> Iterator[Callable[[], Backend]]:
        """A function that opens the place with credentials or permissions that are not sufficient to write."""
        raise NotImplementedError

    @contextlib.contextmanager
    def busy(self, place: Any) -> Iterator[Callable[[], Backend]]:
        """During the block the place can be opened but refuses writes: a rate limit, or a lock of another process."""
        raise NotImplementedError

    def opening(self, place: Any) -> tuple[str, str]:
        """Imports, and a Python expression that opens the place, for a process that will be killed."""
        raise NotImplementedError

    @contextlib.contextmanager
    def broken_off(self, place: Any, reading: Backend) -> Iterator[None]:
        """During the block, readers are disconnected from the place."""
        raise NotImplementedError

    @contextlib.contextmanager
    def cut_short(self, place: Any) -> Iterator[None]:
        """During the block, the place returns fewer facts than it has."""
        raise NotImplementedError

    def lose_the_answer(self, place: Any, facts: Sequence[Fact]) -> None:
        """Write facts in a process that ends before it can report the result."""
        imports, opening = self.opening(place)
        code = KILLED.format(imports=imports, opening=opening)
        done = subprocess.run(  # noqa: S603 - the adapter under test
            [sys.executable, "-c", code], input=b"".join(encode_lines(facts)), capture_output=True, check=False
        )
        assert done.returncode == 9, done.stderr.decode()

    def test_without_access_a_write_is_an_error_and_stores_nothing(self, bare: Any, user: str) -> None:
        facts = numbered(user, 2)
        self.write(bare, facts)
        with self.without_access(bare) as opening, pytest.raises(self.refusal) as refused:
            write_by(opening, [fact(user, "Too late.")])
        assert refused.value.message
        assert refused.value.hint
        self.same(bare, self.read(bare, user), facts)

    def test_a_busy_backend_is_retryable_and_works_afterwards(self, bare: Any, user: str) -> None:
        facts = numbered(user, 3)
        self.write(bare, facts[:2])
        with self.busy(bare) as opening, pytest.raises(self.busy_for_now):
            write_by(opening, facts[2:])
        assert [o.state for o in self.write(bare, facts[2:])] == ["written"]
        self.same(bare, self.read(bare, user), facts)

    def test_a_write_repeated_after_a_lost_response_causes_no_duplicate(self, bare: Any, user: str) -> None:
        facts = numbered(user, 3)
        self.write(bare, facts[:1])
        self.lose_the_answer(bare, facts)
        assert {o.state for o in self.write(bare, facts)} == {"unchanged"}
        self.same(bare, self.read(bare, user), facts)

    def test_changes_and_deletions_of_a_killed_process_are_kept(self, bare: Any, user: str) -> None:
        first = fact(user)
        self.write(bare, [first])
        changed = fact(user, "Alice lives in Lisbon.", id=first.id)
        self.lose_the_answer(bare, [changed])
        self.write(bare, [fact(user, "One more.")])
        self.same(bare, self.read(bare, user), [changed, fact(user, "One more.")])

    def test_an_interrupted_reading_is_an_error_and_resumes_from_its_cursor(
        self, bare: Any, user: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        facts = numbered(user, 7)
        self.write(bare, facts)
        self.in_pages_of(2, monkeypatch)
        adapter = self.open(bare)
        pages = adapter.read(user)
        first = next(pages)
        listed = list(first.facts)
        cursor = first.cursor
        with self.broken_off(bare, adapter), contextlib.suppress(MemctlError):
            for page in pages:
                listed += page.facts
                cursor = page.cursor
        with contextlib.suppress(MemctlError):
            adapter.close()
        assert cursor is not None or len(listed) == len(facts), "a list that was cut off passed for a whole one"
        if cursor is not None:
            again = self.open(bare)
            listed += [one for page in again.read(user, cursor=cursor) for one in page.facts]
            again.close()
        self.same(bare, listed, facts)

    def test_an_incomplete_list_is_reported(self, bare: Any, user: str) -> None:
        facts = numbered(user, 40)
        self.write(bare, facts)
        with self.cut_short(bare):
            told = False
            listed: list[Fact] = []
            try:
                adapter = self.open(bare)
                try:
                    listed = [one for page in adapter.read(user) for one in page.facts]
                    told = any(True for _ in adapter.rejects())
                finally:
                    adapter.close()
            except MemctlError:
                told = True
        assert told or len(listed) == len(facts)
        self.same(bare, self.read(bare, user), facts)


def write_by(opening: Callable[[], Backend], facts: Sequence[Fact]) -> None:
    """Open the backend, write, and close it."""
    adapter = opening()
    try:
        adapter.write(facts)
    finally:
        adapter.close()


@contextlib.contextmanager
def truncated(path: Path, share: float) -> Iterator[None]:
    """The file cut to a share of its bytes, as after a full disk or an interrupted download."""
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    yield
    path.write_bytes(whole)


@contextlib.contextmanager
def held_by_another_process(code: str) -> Iterator[None]:
    """A process that runs `code`, prints a line when it has the lock, and keeps the lock until the end."""
    with subprocess.Popen(  # noqa: S603 - the code of a test
        [sys.executable, "-c", f"{code}\nprint('held', flush=True)\ninput()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == b"held"
        yield
        process.kill()
