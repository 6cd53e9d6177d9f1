"""Files that an ingest refuses, and which of them an earlier run refused and reported already.

A refusal is reported once and recorded with the state of the file: its bytes, its permissions, the options, and the
version of the readers. As long as the state is the same, a quiet run does not read the file again, does not report it
again, and does not change its exit code for it. A refusal for another reason than the content (no permission, a bug of
memctl) is tried by every run, and reported again only if the reason changes.

Only hashes are recorded, so the records contain no names and no words.
"""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec

from memctl import __version__
from memctl.core.errors import BadTranscript, NotFound
from memctl.core.short_hash import short_hash
from memctl.ingest.result import Reject, Report, reject_of
from memctl.store.base import Store
from memctl.transcripts.files.discovery import Document

WHOLE, IN_PART, RETRIED = "whole", "part", "retried"
"""How a file was refused: altogether; in part, and what was read of it is in the ledger; or to be tried again."""


class _Refused(msgspec.Struct):
    """The refusals of one place in this run. `place` None is a place that is not remembered; `counted` is True for a
    file that the report counts."""

    place: str | None
    state: str
    extent: str = WHOLE
    counted: bool = False
    rejects: list[Reject] = []


class Refusals:
    """The refusals of one run, and the records of earlier runs. With `again`, refused files are read again, to list
    why.

    Nothing is in the report before `settle`, and nothing is recorded before `remember`, which is called after the
    report was shown.
    """

    def __init__(self, store: Store, report: Report, *, again: bool = False) -> None:
        self.store = store
        self.report = report
        self.again = again
        self.earlier: dict[str, str] = {}
        with suppress(NotFound), store.reading() as session:
            self.earlier = session.refusals()
        self._files: dict[str, _Refused] = {}
        self._met: set[str] = set()
        self._new: dict[str, str] = {}

    def found(self, document: Document) -> None:
        """Note that a document was found, so that an earlier refusal of its path is over."""
        if self.earlier:
            path = os.path.realpath(document.path)
            places = [path, *_folders(path)]
            for member in document.members:
                path = f"{path}!/{member}"
                places.append(path)
            self._met.update(map(short_hash, places))

    def refuse_path(self, error: BadTranscript, *, named: bool = False) -> None:
        """Refuse a path that is not a document: a folder that cannot be listed, an unreadable file, an archive.

        A folder that the user `named` is not remembered: as long as nothing in it can be read, every run says so.
        """
        where = error.where or ""
        if named and os.path.isdir(where):  # noqa: PTH112
            self.add(where, error)
            return
        path, mark, inside = (where, "", "") if os.path.lexists(where) else where.partition("!/")
        place = short_hash(os.path.realpath(path) + mark + inside)
        refused = self._files.setdefault(place, _Refused(place, _state_of_path(path), RETRIED))
        refused.rejects = [*refused.rejects, reject_of(error)]

    def begin(self, uri: str, document: Document, attribution: str, contents: str, *, partly_read: bool) -> bool:
        """Begin to read a document; False if an earlier run refused it in this state, and it need not be read again.

        `uri` stands for it in the other methods, `contents` for its bytes and the options. `partly_read` is True if
        the ledger has what is readable in it.
        """
        path = os.path.realpath(document.path)
        place = short_hash("!/".join([path, *document.members]), attribution)
        state = short_hash(contents, _state_of_permissions(path), _readers())
        extents = (WHOLE, IN_PART) if partly_read else (WHOLE,)
        before = self.earlier.get(place, "").rpartition(" ")[0]
        if not self.again and before in [f"{extent} {state}" for extent in extents]:
            self.report.refused_earlier += 1
            return False
        self._met.add(place)
        self._files[uri] = _Refused(place, state, counted=True)
        return True

    def begin_stdin(self, uri: str) -> None:
        """Begin to read the standard input, whose refusal is not remembered."""
        self._files[uri] = _Refused(None, "", counted=True)

    def add(self, uri: str, error: BadTranscript) -> None:
        """Refuse a document, or a part of it. One that was not begun is not remembered."""
        refused = self._files.setdefault(uri, _Refused(None, ""))
        refused.rejects = [*refused.rejects, reject_of(error)]

    def widen(self, uri: str, extent: str) -> None:
        """Note that the document was read in part, or is to be tried again by the next run."""
        if (refused := self._files.get(uri)) and refused.extent != RETRIED:
            refused.extent = extent

    def settle(self) -> None:
        """Add the refusals to the report: those that are new as rejects, the others as a count."""
        for refused in self._files.values():
            if not refused.rejects:
                continue
            self.report.unread += refused.counted and refused.extent == WHOLE
            reasons = short_hash(*(reject.reason for reject in refused.rejects))
            earlier = self.earlier.get(refused.place or "", "").partition(" ")[2]
            if refused.place is not None:
                self._new[refused.place] = f"{refused.extent} {refused.state} {reasons}"
            if earlier == f"{refused.state} {reasons}":
                self.report.refused_earlier += 1
                if self.again:
                    self.report.earlier += refused.rejects
            else:
                self.report.refused += 1
                self.report.rejects += refused.rejects

    def remember(self) -> None:
        """Remember the refusals, and drop those that are over; opens the store only if there are any."""
        new = {place: state for place, state in self._new.items() if self.earlier.get(place) != state}
        over = (self._met & self.earlier.keys()) - self._new.keys()
        if new or over:
            with self.store.writing() as tx:
                tx.record_refusals(new, over)


def _folders(path: str) -> Iterator[str]:
    """The folders above a path."""
    while (above := posixpath.dirname(path)) != path:
        yield above
        path = above


def _state_of_path(path: str) -> str:
    """The state of a path, to detect changes. It does not include the contents of a folder."""
    try:
        stat = os.stat(path)  # noqa: PTH116
    except OSError as error:
        return short_hash(error.errno)
    whole = "" if os.path.isdir(path) else f"{stat.st_size} {stat.st_mtime_ns}"  # noqa: PTH112
    return short_hash(whole, stat.st_ino, _state_of_permissions(path))


def _state_of_permissions(path: str) -> str:
    try:
        stat = os.stat(path)  # noqa: PTH116
    except OSError as error:
        return short_hash(error.errno)
    return short_hash(stat.st_mode, stat.st_uid, stat.st_gid, os.access(path, os.R_OK))


@lru_cache(maxsize=1)
def _readers() -> str:
    """The version of the readers: memctl's, and their sources, which change between two versions."""
    return short_hash(__version__, *(digest for _, digest in sorted(_digests(files("memctl.transcripts")))))


def _digests(folder: Traversable) -> Iterator[tuple[str, str]]:
    for entry in folder.iterdir():
        if entry.is_dir() and entry.name != "__pycache__":
            yield from _digests(entry)
        elif entry.is_file():
            yield entry.name, hashlib.sha256(entry.read_bytes()).hexdigest()
