"""The memories in saved output of mem0: a list, pages, JSON lines, an OpenMemory zip; streamed.

Finds the memories in a file, and detects missing ones; `mapping` interprets them.
"""

import gzip
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import IO, Any, cast

import msgspec

_BOM = b"\xef\xbb\xbf"
_LONGEST_NUMBER = 4_000
_LONG_NUMBER = re.compile(rb"(?:^|[\[,:\s])-?[0-9]{%d}" % _LONGEST_NUMBER)
_LISTS = ("results", "memories")
_ROWS = frozenset({"item", "results.item", "memories.item"})
_ENDS = {"start_map": "end_map", "start_array": "end_array"}
MANIFEST, LINES = "memories.json", "memories.jsonl.gz"
"""The members of an OpenMemory zip: the whole export, and only the memories."""


class Broken(Exception):
    """The rest of the file cannot be read; the message says where and why."""


class Missing(msgspec.Struct, frozen=True):
    """The number of memories that are missing according to the file's own totals, and the place of the total."""

    where: str
    total: int
    found: int


class Found(msgspec.Struct, frozen=True):
    """A record, which may not be a memory, and its place in the file. With `users`, all memories of the file belong to
    users, so a memory without a user does not belong to its app."""

    where: str
    record: Any
    users: bool = False


class Relation(msgspec.Struct, frozen=True):
    """A relation of mem0's graph, which a page lists next to its memories, and its place. `user` is the single user
    of the page, None if its memories belong to several or to none."""

    where: str
    record: Any
    user: str | None


def is_memory(record: Any) -> bool:
    """Whether a record looks like a memory of mem0's API."""
    if not isinstance(record, dict) or not isinstance(record.get("memory"), str):
        return False
    return any(key in record for key in ("id", "user_id", "userId", "agent_id", "run_id", "created_at", "hash"))


def is_zip(head: bytes) -> bool:
    """Whether a file with this beginning is a zip archive."""
    return head.startswith(b"PK\x03\x04")


def is_lines(head: bytes) -> bool:
    """Whether a file with this beginning is JSON lines: its first line is a complete object, and another line
    follows."""
    first, end, rest = head.removeprefix(_BOM).lstrip().partition(b"\n")
    if not end or not rest.strip():
        return False
    try:
        return isinstance(msgspec.json.decode(first), dict)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return False


def of_json(file: IO[bytes]) -> Iterator[Found | Missing | Relation]:
    """The records of a JSON document: a list of memories or of pages, a page, or one memory. Raises Broken."""
    totals = _Totals()
    users: set[str] = set()
    number = 0
    for kind, value in _documents(file):
        if kind == "row" and isinstance(value, dict) and isinstance(value.get("results"), list):
            for record in value["results"]:
                number += 1
                yield Found(f"memory {number}", record)
            where = f"the page that ends with memory {number}"
            yield from _relations(value, _users(value["results"]), where)
            yield from totals.page(value, len(value["results"]), where)
        elif kind == "row":
            number += 1
            totals.rows += 1
            users |= _users([value])
            yield Found(f"memory {number}", value)
        else:
            yield from _relations(value, users, "the document")
            yield from totals.page(value, totals.rows, "the document")
            totals.rows = 0
            users = set()
    yield from totals.end()


def _users(memories: Iterable[Any]) -> set[str]:
    """The users of the memories."""
    rows = (memory for memory in memories if isinstance(memory, dict))
    return {str(user) for row in rows if (user := row.get("user_id") or row.get("userId"))}


def _relations(page: Mapping[str, Any], users: set[str], where: str) -> Iterator[Relation]:
    """The relations that a page lists; in the response of an `add`, those that were added."""
    relations = page.get("relations")
    if isinstance(relations, Mapping):
        relations = relations.get("added_entities") or relations.get("addedEntities") or []
    flat = [record for entry in relations or () for record in (entry if isinstance(entry, list) else [entry])]
    for number, record in enumerate(flat, 1):
        yield Relation(f"{where}, relation {number}", record, min(users) if len(users) == 1 else None)


def of_lines(file: IO[bytes]) -> Iterator[Found | Missing | Relation]:
    """The records of JSON lines, in which a line is a memory or a page; a line that is not JSON is a record of
    bytes."""
    totals = _Totals()
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        where = f"line {number}"
        try:
            value = msgspec.json.decode(line.removeprefix(_BOM) if number == 1 else line)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            yield Found(where, line)
            continue
        if isinstance(value, dict) and isinstance(value.get("results"), list):
            for place, record in enumerate(value["results"], 1):
                yield Found(f"{where}, memory {place}", record)
            yield from _relations(value, _users(value["results"]), where)
            yield from totals.page(value, len(value["results"]), where)
        else:
            yield Found(where, value)
    yield from totals.end()


class _Totals:
    """The totals in the pages of a file, compared with the number of memories."""

    def __init__(self) -> None:
        self.rows = 0
        self._found = 0
        self._total = 0
        self._where = ""

    def page(self, page: Mapping[str, Any], rows: int, where: str) -> Iterator[Missing]:
        """Count a page with `rows` rows; if it is the last page of its list, yields the number of missing memories."""
        count = page.get("count")
        self._found += rows
        self._total = max(self._total, count) if isinstance(count, int) else self._total
        self._where = where
        if page.get("next") is None:
            yield from self.end()

    def end(self) -> Iterator[Missing]:
        """The number of missing memories of the list that ends here, if any."""
        if self._total > self._found:
            yield Missing(self._where, self._total, self._found)
        self._found = self._total = 0


class _Documents:
    """The documents of a file, from the parser's events: each row of a list, then the rest of the document."""

    def __init__(self, builder: Callable[[], Any]) -> None:
        self._make = builder
        self._builder: Any = None
        self._end = ("", "")
        self._key = ""
        self._rest: dict[str, Any] = {}
        self._streamed = False

    def take(self, prefix: str, event: str, value: Any) -> tuple[str, Any] | None:
        """The row, or the rest of the document, that the event completes; None if it completes neither."""
        if self._builder is not None:
            return self._within(prefix, event, value)
        if event in _ENDS and prefix and prefix not in _LISTS:
            self._builder, self._end = self._make(), (prefix, _ENDS[event])
            self._builder.event(event, value)
        elif prefix in _LISTS:
            self._streamed = self._streamed or event == "start_array"
        elif prefix in _ROWS:
            return "row", value
        elif event == "map_key":
            self._key = value
        elif event == "end_map":
            item: tuple[str, Any] = ("rest" if self._streamed else "row", self._rest)
            self._rest, self._streamed = {}, False
            return item
        elif prefix:
            self._rest[self._key] = value
        return None

    def _within(self, prefix: str, event: str, value: Any) -> tuple[str, Any] | None:
        self._builder.event(event, value)
        if (prefix, event) != self._end:
            return None
        built, self._builder = self._builder.value, None
        if prefix in _ROWS:
            return "row", built
        self._rest[self._key] = built
        return None


def _documents(file: IO[bytes]) -> Iterator[tuple[str, Any]]:
    """The rows of each document in the file as ("row", record), then the rest of it as ("rest", {…})."""
    ijson: Any = import_module("ijson")
    documents = _Documents(ijson.ObjectBuilder)
    try:
        for prefix, event, value in ijson.parse(_Numbers(_without_bom(file)), multiple_values=True):
            item = documents.take(prefix, event, float(value) if isinstance(value, Decimal) else value)
            if item is not None:
                yield item
    except (ijson.JSONError, UnicodeError, ValueError, ArithmeticError) as error:
        raise Broken(_first_line(error)) from None


class _Numbers:
    """A file that is read only up to a number with more digits than Python converts to an integer, at which ijson's
    C code would crash."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._before = b""

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        window = self._before + data
        if _LONG_NUMBER.search(window):
            raise Broken(f"a number has more than {_LONGEST_NUMBER:,} digits")
        self._before = window[-_LONGEST_NUMBER - 2 :]
        return data


def _without_bom(file: IO[bytes]) -> IO[bytes]:
    if file.read(len(_BOM)) != _BOM:
        file.seek(0)
    return file


@contextmanager
def opened(path: Path, member: str | None = None) -> Iterator[IO[bytes]]:
    """The file, or a member of a zip, unpacked while it is read. Raises Broken if it cannot be unpacked."""
    try:
        if member is None:
            with path.open("rb") as file:
                yield file
            return
        with zipfile.ZipFile(path) as archive, archive.open(member) as stream:
            if member.endswith(".gz"):
                with gzip.open(stream) as unpacked:
                    yield cast("IO[bytes]", unpacked)
            else:
                yield stream
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, RuntimeError, NotImplementedError) as error:
        raise Broken(f"{member or path.name} cannot be unpacked: {_first_line(error)}") from None


def members(path: Path) -> dict[str, str]:
    """The members of an OpenMemory zip, by the last part of their paths."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.rpartition("/")[2]: name for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError):
        return {}


class Backup:
    """An OpenMemory zip. `manifest` is `memories.json` without its memories."""

    def __init__(self, path: Path) -> None:
        """Read the manifest. Raises Broken."""
        self._path = path
        self._members = members(path)
        self.manifest: dict[str, Any] = {}
        if MANIFEST in self._members:
            with opened(path, self._members[MANIFEST]) as file:
                for kind, value in _documents(file):
                    if kind == "rest":
                        self.manifest = value
        self._names = {
            key: {str(row.get("id")): row.get("name") for row in self._list(key)} for key in ("apps", "categories")
        }
        self._history: dict[str, list[Any]] = {}
        for change in self._list("status_history"):
            self._history.setdefault(str(change.get("memory_id")), []).append(change)

    def _list(self, key: str) -> list[dict[str, Any]]:
        value = self.manifest.get(key)
        return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []

    def rows(self) -> Iterator[Found]:
        """The memories, with the field names of mem0's API. Raises Broken."""
        name = MANIFEST if MANIFEST in self._members else LINES
        with opened(self._path, self._members[name]) as file:
            records = _memories(file) if name == MANIFEST else of_lines(file)
            for record in records:
                if isinstance(record, Found):
                    yield Found(f"{name}, {record.where}", self._named(record.record), users=True)

    def _named(self, record: Any) -> Any:
        if not isinstance(record, dict):
            return record
        row = dict(record)
        user = self.manifest.get("user")
        owner = row.pop("user_id", None)
        if isinstance(user, dict) and owner == user.get("id"):
            row["user_id"] = user.get("user_id")
        elif owner is not None:
            # This is an internal id of OpenMemory, not the name of a user.
            row["owner_id"] = owner
        app = row.pop("app", None) or self._names["apps"].get(str(row.get("app_id")), row.get("app_id"))
        row["app_id"] = app
        ids = row.pop("category_ids", None)
        if isinstance(ids, list):
            row["categories"] = [self._names["categories"].get(str(id_)) or str(id_) for id_ in ids]
        history = self._history.get(str(row.get("id")))
        return row | ({"status_history": history} if history else {})


def _memories(file: IO[bytes]) -> Iterator[Found]:
    rows = (value for kind, value in _documents(file) if kind == "row")
    return (Found(f"memory {number}", value) for number, value in enumerate(rows, 1))


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
