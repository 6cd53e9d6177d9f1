"""Streams as backends: standard input is read like a file, standard output takes facts as JSONL and keeps none.

What cannot be read twice is first copied to a temporary file, since owners and totals are known only at its end.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO
from uuid import UUID

from memctl.backends.contract import Capabilities, Health, Hit, Outcome, Page
from memctl.backends.files.adapter import FileBackend, line_of
from memctl.backends.files.catalogue import Ids
from memctl.backends.files.formats import STANDARD
from memctl.core.errors import UsageError
from memctl.core.fact import Fact


def read_stream(stream: BinaryIO, default_user: str | None = None) -> FileBackend:
    """The facts of a stream of any kind, read to its end."""
    spool = tempfile.NamedTemporaryFile(prefix="memctl-")  # noqa: SIM115 - the backend closes it
    try:
        shutil.copyfileobj(stream, spool)
        spool.flush()
        return FileBackend(Path(spool.name), spool=spool, default_user=default_user)
    except BaseException:
        spool.close()
        raise


class StandardOutput:
    """Facts to standard output, one a line, as they are written; nothing of it can be read back."""

    name = STANDARD
    capabilities = Capabilities(batch_size=1000, updatable=False)

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stdout.buffer
        self._sent = Ids()

    def check(self) -> Health:
        """Always in order."""
        return Health(ok=True, detail="standard output, as JSONL")

    def users(self) -> Iterator[str]:
        """None: nothing can be read back."""
        return iter(())

    def count(self, user: str) -> int | None:
        """Not known: nothing can be read back."""
        return None

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """Raises UsageError: nothing can be read back."""
        raise UsageError("standard output cannot be read back", hint="name a file instead of -")

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Print facts; one that was printed before is not printed again, and cannot be changed any more."""
        outcomes = [self._print(fact) for fact in facts]
        self._stream.flush()
        return outcomes

    def _print(self, fact: Fact) -> Outcome:
        target = str(fact.id)
        line = line_of(fact)
        if isinstance(line, str):
            return Outcome(state="rejected", target_id=target, reason=line)
        digest = int.from_bytes(blake2b(line, digest_size=8).digest()) >> 1
        sent = self._sent.find([fact.id])[0]
        if sent is None:
            self._stream.write(line + b"\n")
            self._sent.add(fact.id, digest)
            return Outcome(state="written", target_id=target)
        if sent == digest:
            return Outcome(state="unchanged", target_id=target)
        return Outcome(state="rejected", target_id=target, reason="another fact of this id was printed already")

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Raises UsageError: what is printed is printed."""
        raise UsageError("nothing can be deleted from standard output", hint="name a file instead of -")

    def search(self, user: str | None, query: str, k: int = 10) -> list[Hit]:
        """Raises UsageError: nothing can be read back."""
        raise UsageError("standard output cannot be searched", hint="name a file instead of -")

    def add(self, user: str, turns: Iterable[Any]) -> Any:
        """Raises UsageError: nothing is extracted."""
        raise UsageError("standard output has no extraction of its own", hint="memctl ingest reads transcripts")

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """What is printed is printed."""

    def close(self) -> None:
        """The stream stays open: it is not ours."""
