"""Facts and files for the tests of the file backends."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memctl.backends.contract import Outcome
from memctl.backends.files import open_file
from memctl.core.fact import Fact, Source, derive_id


def make_fact(text: str = "Alice lives in Paris.", user: str = "alice", **fields: Any) -> Fact:
    values = {"id": derive_id(user, text), "kind": "fact", "source": Source(system="test")} | fields
    return Fact(user_id=user, text=text, **values)


def put_facts(path: Path, *facts: Fact) -> list[Outcome]:
    backend = open_file(path, "w")
    try:
        return backend.write(facts)
    finally:
        backend.close()


def read_facts(path: Path, user: str = "alice") -> list[Fact]:
    backend = open_file(path)
    try:
        return [fact for page in backend.read(user) for fact in page.facts]
    finally:
        backend.close()


@pytest.fixture
def fact() -> Callable[..., Fact]:
    return make_fact


@pytest.fixture
def put() -> Callable[..., list[Outcome]]:
    return put_facts


@pytest.fixture
def read() -> Callable[..., list[Fact]]:
    return read_facts
