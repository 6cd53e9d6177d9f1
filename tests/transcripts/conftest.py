"""Write a file and read it as a user does: discovered, recognised by its content, and read completely."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from memctl.core.errors import BadTranscript
from memctl.transcripts import Document, ReadOptions, Session, discover, read


class Result(NamedTuple):
    """The result of reading a file. `problems` has the records that could not be read, and the error that ended it."""

    sessions: list[Session]
    problems: list[BadTranscript]

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [(turn.role, turn.text) for session in self.sessions for turn in session.turns]


def read_path(path: Path, options: ReadOptions, form: str | None) -> Result:
    sessions: list[Session] = []
    problems: list[BadTranscript] = []
    for document in discover([str(path)]):
        if isinstance(document, BadTranscript):
            problems.append(document)
        elif isinstance(document, Document):
            try:
                for item in read(document, options, form):
                    if isinstance(item, BadTranscript):
                        problems.append(item)
                    else:
                        sessions.append(item)
            except BadTranscript as error:
                problems.append(error)
    return Result(sessions, problems)


@pytest.fixture
def read_back(tmp_path: Path) -> Callable[..., Result]:
    """`read_back(name, content, form=None, **options)`: bytes and str are written unchanged, lists as JSONL."""

    def run(name: str, content: Any, form: str | None = None, **options: Any) -> Result:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, str):
            content = content.encode()
        elif not isinstance(content, bytes):
            lines = name.endswith(".jsonl")
            content = ("\n".join(map(json.dumps, content)) + "\n" if lines else json.dumps(content)).encode()
        path.write_bytes(content)
        return read_path(path, ReadOptions(**options), form)

    return run
