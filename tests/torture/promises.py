"""Fuzzing targets, and the guarantees for everything that a reader or a mapping returns."""

import re
import tempfile
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from memctl_graphiti.mapping import user_of
from torture.mutation import Step

from memctl.core.fact import Fact, decode, encode
from memctl.transcripts import Session

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
DEFAULT_USER = "somebody"
"""The owner of records that name no user."""
_NO_LETTERS = re.compile(r"[^A-Za-z0-9]+")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_WORD = re.compile(r"[A-Za-z0-9]+")
_GROUP = re.compile(r"[A-Za-z0-9_-]{1,200}")


class Target(NamedTuple):
    """One reader or mapping. `seeds` has valid inputs, `worsen` mutates one by steps, and `run` describes the result.

    `run` raises AssertionError, or an undeclared error, if a guarantee is broken.
    """

    name: str
    seeds: Sequence[bytes]
    run: Callable[[bytes], str]
    worsen: Callable[[bytes, Sequence[Step]], bytes]

    @property
    def folder(self) -> str:
        """The name in a form that is valid for a folder or a file."""
        return _NO_LETTERS.sub("-", self.name)


def check_session(session: Session) -> None:
    """Check the guarantees for every conversation read, from any damaged file."""
    msgspec.json.encode(session)
    texts = [part or "" for turn in session.turns for part in (turn.text, turn.speaker, turn.turn_id)]
    assert "\0" not in "".join([session.session_id, session.title or "", *texts]), "a NUL, which no store can contain"
    ids = [turn.turn_id for turn in session.turns]
    assert len(ids) == len(set(ids)), "two turns with the same id"
    for turn in session.turns:
        assert turn.text.strip(), "a turn without text"
        assert turn.at is None or turn.at.astimezone(UTC), "a time without a zone, or outside of the calendar"


def check_fact(fact: Fact, owners: Collection[str]) -> None:
    """Check the guarantees for every fact read: it is complete, belongs to one of these owners, and is equal after it
    is encoded and decoded."""
    assert fact.user_id in owners, "a fact of an owner that the input does not name"
    check_whole(fact)


def check_whole(fact: Fact) -> None:
    """Check that the fact is equal after it is encoded and decoded."""
    assert decode(encode(fact)) == fact, "not equal after encoding and decoding"


def check_named(user: str, data: bytes) -> None:
    """Check that the owner of a fact is named in the file, in any of the ways in which files write names."""
    plain = data.decode("utf-8", "replace")
    plain += _ESCAPED.sub(lambda match: chr(int(match[1], 16)), plain)
    if user == DEFAULT_USER or all(word in plain for word in _WORD.findall(user)):
        return
    assert user in {user_of(group) for group in _GROUP.findall(plain)}, "a fact of an owner that the file does not name"


def texts_in(value: Any) -> Iterable[str]:
    """Every text, number and key in a JSON value, as texts."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts_in(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts_in(inner)
    elif not isinstance(value, bool | None):
        yield str(value)


class File:
    """A temporary file with these bytes."""

    def __init__(self, data: bytes, name: str) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="memctl-torture-")
        self._path = Path(self._folder.name) / name
        self._path.write_bytes(data)

    def __enter__(self) -> Path:
        return self._path

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()
