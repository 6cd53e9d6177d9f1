"""Standard streams as backends: standard input is read like a file, standard output takes facts as JSONL.

A stream is first copied to a temporary file, because its owners and totals are known only at its end.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO
from uuid import UUID

from memctl.backends.contract import Backend, Capabilities, Health, Hit, Outcome, Page, Query
from memctl.backends.files.adapter import FileBackend, encode_fact
from memctl.backends.files.formats import STANDARD
from memctl.core.errors import UsageError
from memctl.core.fact import Fact
from memctl.runtime.spool import FactIndex


def read_stream(stream: BinaryIO, default_user: str | None = None) -> FileBackend:
    """The facts of a stream in any file format, read to its end."""
    copy = tempfile.NamedTemporaryFile(prefix="memctl-")  # noqa: SIM115 - the backend closes it
    try:
        shutil.copyfileobj(stream, copy)
        copy.flush()
        return FileBackend(Path(copy.name), stream_copy=copy, default_user=default_user)
    except BaseException:
        copy.close()
        raise


class StandardOutput(Backend):
    """Prints facts as JSON lines; nothing can be read back."""

    name = STANDARD
    capabilities = Capabilities(batch_size=1000, updatable=False)

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stdout.buffer
        self._digests = FactIndex()

    def check(self) -> Health:
        """Always usable."""
        return Health(ok=True, detail="standard output, as JSONL")

    def users(self) -> Iterator[str]:
        """No users."""
        return iter(())

    def count(self, user: str) -> int | None:
        """Unknown."""
        return None

    def read(self, user: str, since: datetime | None = None, cursor: str | None = None) -> Iterator[Page]:
        """Raises UsageError."""
        raise UsageError("standard output cannot be read back", hint="name a file instead of -")

    def write(self, facts: Sequence[Fact]) -> list[Outcome]:
        """Print facts, each once; a printed fact cannot be changed."""
        outcomes = [self._print(fact) for fact in facts]
        self._stream.flush()
        return outcomes

    def _print(self, fact: Fact) -> Outcome:
        target = str(fact.id)
        line = encode_fact(fact)
        if isinstance(line, str):
            return Outcome(state="rejected", target_id=target, reason=line)
        digest = int.from_bytes(blake2b(line, digest_size=8).digest()) >> 1
        if self._digests.add(fact.id, fact.user_id, digest):
            self._stream.write(line + b"\n")
            return Outcome(state="written", target_id=target)
        if self._digests.find(fact.id) == digest:
            return Outcome(state="unchanged", target_id=target)
        return Outcome(state="rejected", target_id=target, reason="another fact with this id was already printed")

    def delete(self, user: str, ids: Sequence[UUID]) -> int:
        """Raises UsageError."""
        raise UsageError("nothing can be deleted from standard output", hint="name a file instead of -")

    def search(self, query: Query) -> list[Hit]:
        """Raises UsageError."""
        raise UsageError("standard output cannot be searched", hint="name a file instead of -")

    def settle(self, ids: Sequence[str], deadline: datetime) -> None:
        """Writes are complete at once."""

    def close(self) -> None:
        """Leave the stream open for its owner."""
        self._digests.close()
