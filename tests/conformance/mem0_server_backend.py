"""mem0's REST server under the suite: a loopback emulator over HTTP."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from copied import Copied
from mem0_oss_backend import emulator
from memctl_mem0.server.adapter import Mem0ServerAdapter

from memctl.backends.contract import Backend
from memctl.backends.testing import Suite

_BLANKS = "mem0's API accepts no id with white space; such a user is rejected with this reason"


class ServerBackend(Copied, Suite):
    """mem0's REST server."""

    title = "mem0 server"
    adapter = Mem0ServerAdapter
    one_owner = True
    never: ClassVar[dict[str, str]] = {
        "test_text[nul]": "a text with NUL is rejected: the server's PostgreSQL does not support it",
        "test_owner[spaces]": _BLANKS,
        "test_owner[leading-and-trailing-space]": _BLANKS,
        "test_owner[line-end]": _BLANKS,
        "test_owners_with_similar_names_are_distinguished[trailing-space]": _BLANKS,
        "test_every_owner_is_listed_and_counted": _BLANKS,
        "test_a_large_batch_is_written_completely": "the server lists 1,000 memories of an owner; others are rejected",
    }

    @classmethod
    def places(cls, folder: Path) -> Iterator[Any]:
        with emulator("mem0_server").serve() as server:
            yield server

    def open(self, place: Any) -> Mem0ServerAdapter:
        return Mem0ServerAdapter(place.url, place.key)

    def in_pages_of(self, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("memctl_mem0.server.adapter.PAGE_SIZE", size)

    @contextlib.contextmanager
    def without_access(self, place: Any) -> Iterator[Callable[[], Backend]]:
        yield lambda: Mem0ServerAdapter(place.url, "-".join(["not", "the", "key"]))

    @contextlib.contextmanager
    def busy(self, place: Any) -> Iterator[Callable[[], Backend]]:
        answer = {"detail": "Rate limit exceeded: 10 per 1 minute"}
        place.faults.append(emulator("mem0_server").Fault("POST /memories", 429, body=answer))
        yield lambda: self.open(place)
        place.faults.clear()

    @contextlib.contextmanager
    def broken_off(self, place: Any, reading: Backend) -> Iterator[None]:
        place.faults.append(emulator("mem0_server").Fault("GET", 0, times=100))
        yield
        place.faults.clear()

    @contextlib.contextmanager
    def cut_short(self, place: Any) -> Iterator[None]:
        place.most_listed = 20
        yield
        place.most_listed = None
