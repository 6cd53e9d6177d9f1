"""Finding transcripts: files, folders, globs, archives and standard input, all as `Document`s.

Finds and opens files but parses none. Knows the files that exports contain besides conversations.
"""

import glob
import os
import posixpath
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from memctl.core.errors import BadTranscript, NotFound
from memctl.transcripts.files import archives, docx, double_encoded
from memctl.transcripts.files.encoding import is_binary
from memctl.transcripts.files.exclusion import EXCLUDED, Exclusion, files_below
from memctl.transcripts.files.export_layout import ExportFolder, binary_reason

VANISHED = "removed while it was read"
"""Why a file is skipped that was there when its folder was listed, as when a log is rotated."""
_PACKED = (".gz", ".zst")
_TOOL_FOLDER = re.compile(r"-.*|\d{4}")


@dataclass(frozen=True, slots=True)
class Document:
    """A readable file, on disk or in an archive. Cheap to create and to pickle; nothing stays open.

    `uri` is the path as the user wrote it, `archive.zip!/member` for members, `-` for standard input. `name` is the
    file's name, `folder_user` the first folder below the path the user passed (None if there is none, or if a tool
    named it). `size` is in bytes as stored, `mtime_ns` that of the file on disk. `path` is the file on disk and
    `members` the path inside the archive, empty for a plain file.
    """

    uri: str
    name: str
    size: int
    mtime_ns: int
    folder_user: str | None = None
    path: Path = field(default=Path(), repr=False)
    members: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        """The name without its extension and without `.gz` or `.zst`."""
        name = self.name
        for suffix in _PACKED:
            name = name.removesuffix(suffix)
        return name.rpartition(".")[0] or name

    @property
    def parent(self) -> str:
        """The name of the file's folder, such as a Slack channel, or ""."""
        inside = self.members[-1] if self.members else self.path.absolute().as_posix()
        return posixpath.basename(posixpath.dirname(inside))

    def open(self) -> BinaryIO:
        """Open the file, decompressed: the text of a Word document, the JSON in a JSON string, else the file as it is.

        Raises BadTranscript for damaged or oversized archives.
        """
        stream = archives.open_member(self.path, self.members, self.uri, self.name)
        if docx.is_docx(self.name, stream.peek(4)[:4]):
            return docx.decoded(stream, self.uri)
        if self.size <= double_encoded.LARGEST and double_encoded.is_quoted(stream.peek(64)[:64]):
            return double_encoded.decoded(stream)
        return stream

    def sibling(self, name: str) -> "Document | None":
        """The file `name` relative to this one's folder (`../users.json` works), or None."""
        if self.uri == "-":
            return None
        if self.members:
            inside = posixpath.normpath(posixpath.join(posixpath.dirname(self.members[-1]), name))
            way = (*self.members[:-1], inside)
            size = archives.member_size(self.path, way)
            if size is None:
                return None
            uri = self.uri.removesuffix(self.members[-1]) + inside
            return Document(uri, posixpath.basename(inside), size, self.mtime_ns, self.folder_user, self.path, way)
        path = self.path.parent / name
        if not path.is_file():
            return None
        return _on_disk(path, os.path.normpath(Path(self.uri).parent / name), self.folder_user)


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that was skipped, and why."""

    uri: str
    reason: str


Found = Document | Skipped | BadTranscript


def discover(paths: Sequence[str], exclude: Sequence[str] = ()) -> Iterator[Found]:
    """Every document under `paths`, folders in natural order, each file once.

    A path is a file, a folder (read recursively), a glob, a `.zip`, or `-` for standard input. Files that are not
    transcripts (hidden, empty, images, an export's metadata), and those that a pattern of `exclude` matches, are
    `Skipped`; paths passed explicitly that cannot be
    read, and archives beyond the limits, are `BadTranscript`. Raises NotFound before anything is yielded if a path does
    not exist, and UsageError for a pattern that is not valid.
    """
    roots = [root for path in paths for root in _expand(path)]
    walk = _Walk(Exclusion(exclude))
    for root in roots:
        yield from walk.root(root)


def natural(name: str) -> list[tuple[int, int, str]]:
    """A sort key that puts `part-10` after `part-9`."""
    parts = re.split(r"([0-9]+)", name)
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part.casefold()) for part in parts]


def _expand(path: str) -> list[str]:
    if path == "-" or Path(path).exists():
        return [path]
    if glob.has_magic(path):
        found = sorted(glob.glob(path, recursive=True), key=natural)  # noqa: PTH207 - accepts absolute patterns too
        if found:
            return found
        raise NotFound("no file matches this pattern", where=path, hint="check the pattern; ** reaches subfolders")
    raise NotFound("no such file or folder", where=path, hint="check the path; `-` reads standard input")


def _on_disk(path: Path, uri: str, folder_user: str | None) -> Document:
    stat = path.stat()
    return Document(uri, path.name, stat.st_size, stat.st_mtime_ns, folder_user, path)


def _nameless(uri: str) -> BadTranscript | None:
    """Refuse a file or folder whose name is not valid Unicode, because it could not be stored as a user or source."""
    try:
        uri.encode()
    except UnicodeEncodeError:
        shown = os.fsencode(uri).decode(errors="backslashreplace")
        return BadTranscript("the name is not valid UTF-8", where=shown, hint="rename it")
    return None


class _Walk:
    """One `discover`: remembers files, so that links and overlapping paths yield each file once."""

    def __init__(self, exclusion: Exclusion) -> None:
        self._seen: set[str] = set()
        self._exclusion = exclusion
        self._root = ""

    def root(self, path: str) -> Iterator[Found]:
        """What a path that the user passed leads to."""
        if path == "-":
            yield from self.stdin()
        elif Path(path).is_dir():
            self._root = path
            yield from self.folder(Path(path), path, None, depth=0)
        else:
            # Patterns see what the user wrote, or the name alone of an absolute path.
            self._root = os.path.dirname(path) if Path(path).is_absolute() else ""  # noqa: PTH120
            if self._excluded(path):
                yield Skipped(path, EXCLUDED)
            else:
                yield from self.file(Path(path), path, None, named=True)

    def _excluded(self, uri: str, *, folder: bool = False) -> bool:
        return self._exclusion.matches(os.path.relpath(uri, self._root or None), folder=folder)

    def stdin(self) -> Iterator[Found]:
        path = archives.spool(sys.stdin.buffer)
        yield from self._readable(_on_disk(path, "-", None), named=True)

    def folder(
        self, folder: Path, uri: str, user: str | None, depth: int, above: ExportFolder | None = None
    ) -> Iterator[Found]:
        if refused := _nameless(uri):
            yield refused
            return
        real = os.path.realpath(folder)
        if real in self._seen:
            yield Skipped(uri, "this folder was already read (a link points back to it)")
            return
        self._seen.add(real)
        try:
            entries = sorted(folder.iterdir(), key=lambda entry: natural(entry.name))
        except FileNotFoundError:
            yield Skipped(uri, VANISHED)
            return
        except OSError as error:
            yield BadTranscript(f"cannot list the folder: {error.strerror}", where=uri, hint="check its permissions")
            return
        export = ExportFolder.of({entry.name for entry in entries}) or (above and above.inside(folder.name))
        for entry in entries:
            below = os.path.join(uri, entry.name)  # noqa: PTH118 - Path would drop a leading "./" of the user
            if entry.name.startswith("."):
                yield Skipped(below, "hidden")
            elif entry.is_dir() and self._excluded(below, folder=True):
                yield from (Skipped(file, EXCLUDED) for file in files_below(entry, below))
            elif entry.is_dir():
                named = entry.name if depth == 0 and not export and not _TOOL_FOLDER.fullmatch(entry.name) else user
                yield from self.folder(entry, below, named, depth + 1, export)
            elif self._excluded(below):
                yield Skipped(below, EXCLUDED)
            else:
                yield from self._entry(entry, below, user, export, {entry.name for entry in entries})

    def _entry(
        self, entry: Path, uri: str, user: str | None, export: ExportFolder | None, names: set[str]
    ) -> Iterator[Found]:
        companion = export and export.companion(entry.name)
        if companion:
            yield Skipped(uri, companion)
        elif entry.suffix in _PACKED and entry.stem in names:
            yield Skipped(uri, f"{entry.stem} next to it is read")
        else:
            yield from self.file(entry, uri, user, named=False)

    def file(self, path: Path, uri: str, user: str | None, *, named: bool) -> Iterator[Found]:
        if refused := _nameless(uri):
            yield refused
            return
        real = os.path.realpath(path)
        if real in self._seen:
            yield Skipped(uri, "already read under another path")
            return
        self._seen.add(real)
        if not path.is_file():
            yield Skipped(uri, "a broken link" if path.is_symlink() else "not a regular file")
            return
        try:
            document = _on_disk(path, uri, user)
            yield from self._readable(document, named=named)
        except FileNotFoundError:
            yield Skipped(uri, VANISHED)
        except OSError as error:
            yield BadTranscript(f"cannot be read: {error.strerror}", where=uri, hint="check its permissions")

    def _readable(self, document: Document, *, named: bool) -> Iterator[Found]:
        try:
            reason = "empty file" if document.size == 0 else binary_reason(document.name)
            if reason is None:
                with document.open() as stream:
                    head = stream.read(4096)
                if archives.is_zip(head) and not binary_reason(document.name):
                    yield from self._archive(document)
                    return
                reason = "not text" if is_binary(head) else None if head.strip() else "empty file"
                if reason is None and not named and document.name.lower().endswith(".docx"):
                    reason = None if docx.shows_times(document.open()) else "a document without times"
        except BadTranscript as error:
            yield error
            return
        if reason is None:
            yield document
        elif named:
            yield BadTranscript(
                f"not a transcript: {reason}", where=document.uri, hint="pass a text, JSON, JSONL or zip file"
            )
        else:
            yield Skipped(document.uri, reason)

    def _archive(self, document: Document) -> Iterator[Found]:
        """Members in natural order, including archives inside the archive, as in Claude's exports."""
        if len(document.members) == 2:
            yield Skipped(document.uri, "archives are nested too deeply")
            return
        members = archives.listing(document.path, document.members, document.uri)
        exports = ExportFolder.in_archive(members)
        for member in sorted(members, key=natural):
            folder, name = posixpath.split(member)
            uri = f"{document.uri}!/{member}"
            export = exports.get(folder)
            companion = export and export.companion(name)
            if any(part.startswith(".") or part == "__MACOSX" for part in member.split("/")):
                yield Skipped(uri, "hidden")
            elif self._excluded(f"{document.uri}/{member}"):
                yield Skipped(uri, EXCLUDED)
            elif companion:
                yield Skipped(uri, companion)
            elif name.endswith(_PACKED) and member.rpartition(".")[0] in members:
                yield Skipped(uri, f"{name.rpartition('.')[0]} next to it is read")
            else:
                inner = Document(
                    uri,
                    name,
                    members[member],
                    document.mtime_ns,
                    document.folder_user,
                    document.path,
                    (*document.members, member),
                )
                yield from self._readable(inner, named=False)
