"""Targets that read files of facts, dumps, backups, settings and similar files; seeds are files that memctl writes, and
fixtures/exports."""

import gzip
import io
import json
import os
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import cache, partial
from hashlib import sha256
from pathlib import Path

import msgspec
from chains.people import facts
from memctl_letta.memfs import MemfsAdapter
from torture.mutation import worse
from torture.promises import DEFAULT_USER, FIXTURES, File, Target, check_fact, check_named, check_whole
from torture.record_targets import decoded, worse_json

from memctl.backends.files import open_file
from memctl.core.errors import MemctlError
from memctl.core.fact import encode
from memctl.maintenance import backup
from memctl.migrate import plan, selection
from memctl.report import price_book
from memctl.runtime import settings
from memctl.store.duckdb.database import Database
from memctl.workspace import Workspace

TABLES = ("records", "meta", "vectors")
_MEMORY = (
    {"system/human.md": "---\nname: a\ndescription: b\n---\n- Likes tea.\n- Owns a cat.\n", "notes/x.md": "# x\ny\n"},
    {"memctl/owner.json": '{"user_id":"ana","memory":"m"}', "memctl/facts.jsonl": "", "human.md": "- one\n\n* two"},
)
_USER_MAP = b"from,to\r\nalice,alice@example.com\r\n"
_SETTINGS = """store = "~/memory.duckdb"
lock_timeout = 3.5
date_order = "dmy"
[backends.work]
adapter = "local"
path = "~/work.duckdb"
"""


def file_targets() -> Iterator[Target]:
    """The readers of all files other than transcripts."""
    yield from _dumps()
    lines = b"".join(encode(fact) + b"\n" for fact in facts(2, 7))
    yield _file("files/jsonl", lines, _facts_of, "x.jsonl")
    yield _file("files/csv", _written("x.csv"), _facts_of, "x.csv")
    yield _file("files/parquet", _written("x.parquet"), _facts_of, "x.parquet")
    yield _file("backup", _backup(), _restored, "x.memctl")
    tables = tuple(bytes([number]) + _members()[f"{name}.parquet"] for number, name in enumerate(TABLES))
    yield Target("backup/table", tables, _restored_table, partial(worse, others=tables))
    yield _file("price book", price_book.text().encode(), lambda path: price_book.load(path=path), "prices.yaml")
    yield _file("settings", _SETTINGS.encode(), _settings, "memctl.toml")
    yield _file("user map", _USER_MAP, lambda path: selection.load_user_map(str(path)), "users.csv")
    yield _file("plan", _plan(), lambda path: plan.load(str(path)), "plan.json")
    memory = tuple(msgspec.json.encode(files) for files in _MEMORY)
    yield Target("letta-memfs", memory, _memory, worse_json)


def _dumps() -> Iterator[Target]:
    exports = sorted(path for path in (FIXTURES / "exports").rglob("*") if path.is_file())
    for system in sorted({path.parent.name for path in exports}):
        seeds = tuple(path.read_bytes() for path in exports if path.parent.name == system)
        run = partial(_read_as, _facts_of, "x.json")
        yield Target(f"dumps/{system}", seeds, run, partial(worse, others=seeds))


def _file(name: str, seed: bytes, use: Callable[[Path], object], called: str) -> Target:
    return Target(name, (seed,), partial(_read_as, use, called), partial(worse, others=(seed,)))


def _read_as(use: Callable[[Path], object], called: str, data: bytes) -> str:
    with File(data, called) as path:
        try:
            return str(use(path))[:100]
        except MemctlError as error:
            return error.message


def _facts_of(path: Path) -> str:
    with open_file(path, "r", default_user=DEFAULT_USER) as backend:
        facts = [fact for user in backend.users() for page in backend.read(user) for fact in page.facts]
        rejects = [str(reject.message) for reject in getattr(backend, "rejects", list)()]
    for fact in facts:
        check_whole(fact)
    data = _unpacked(path)
    if not data.startswith(b"PAR1"):
        for user in {fact.user_id for fact in facts}:
            check_named(user, data)
    return f"{len(facts)} facts {' '.join(rejects[:3])}"


def _unpacked(path: Path) -> bytes:
    """The content of the file, or of its members if it is a zip."""
    data = path.read_bytes()
    if not data.startswith(b"PK"):
        return data
    with zipfile.ZipFile(path) as zipped:
        for name in zipped.namelist():
            # The target does not read a damaged member either.
            with suppress(zipfile.BadZipFile, zlib.error, EOFError, OSError, NotImplementedError, RuntimeError):
                member = zipped.read(name)
                data += gzip.decompress(member) if name.endswith(".gz") else member
    return data


def _written(name: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        backend = open_file(path, "w")
        backend.write(list(facts(2, 7)))
        backend.close()
        return path.read_bytes()


@cache
def _backup() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        store = Workspace(Path(folder) / "store.duckdb")
        store.write(list(facts(2, 7)))
        backup.backup(Database(Path(folder) / "store.duckdb"), Path(folder) / "x.memctl")
        return (Path(folder) / "x.memctl").read_bytes()


@cache
def _members() -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(_backup())) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def _restored(path: Path) -> str:
    store = path.with_name("store.duckdb")
    try:
        backup.restore(path, Database(store))
    except MemctlError:
        assert not store.exists(), "a partially restored store"
        raise
    workspace = Workspace(store)
    users = list(workspace.users())
    for user in users:
        for page in workspace.read(user):
            for fact in page.facts:
                check_fact(fact, users)
    return f"{len(users)} users"


def _restored_table(data: bytes) -> str:
    """Restore a backup with a valid manifest for a damaged table, whose Parquet file is `data`."""
    table = TABLES[data[0] % len(TABLES)] if data else TABLES[0]
    members = _members() | {f"{table}.parquet": data[1:]}
    manifest = msgspec.json.decode(members[backup.MANIFEST])
    if table in manifest["tables"]:
        manifest["tables"][table] |= {"bytes": len(data[1:]), "sha256": sha256(data[1:]).hexdigest()}
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        for name, content in (members | {backup.MANIFEST: msgspec.json.encode(manifest)}).items():
            zipped.writestr(name, content)
    return _read_as(_restored, "x.memctl", archive.getvalue())


def _settings(path: Path) -> object:
    before = os.environ.get("MEMCTL_CONFIG")
    os.environ["MEMCTL_CONFIG"] = str(path)
    try:
        return settings.load()
    finally:
        del os.environ["MEMCTL_CONFIG"]
        if before is not None:
            os.environ["MEMCTL_CONFIG"] = before


def _plan() -> bytes:
    field = plan.FieldPlan(field="confidence", kept=3)
    ends = {"source": "a", "target": "b", "source_identity": "a", "target_identity": "b"}
    document = plan.Plan(
        **ends, mode="preserve", selection=selection.Selection(), fields=[field], users={"alice": {"fact": 3}}
    )
    return msgspec.json.encode(document)


def _memory(data: bytes) -> str:
    """The facts of a folder of Markdown, given as a JSON object of texts by path."""
    files = decoded(data)
    with tempfile.TemporaryDirectory(prefix="memctl-torture-") as folder:
        root = Path(folder) / "agent"
        root.mkdir()
        for name, content in files.items() if isinstance(files, dict) else ():
            _put(root, str(name), content if isinstance(content, str) else json.dumps(content))
        try:
            adapter = MemfsAdapter(root, default_user=DEFAULT_USER)
            users = list(adapter.users())
            facts = [fact for user in users for page in adapter.read(user) for fact in page.facts]
        except MemctlError as error:
            return error.message
        for fact in facts:
            check_fact(fact, users)
            check_named(fact.user_id, data)
        return f"{len(facts)} facts"


def _put(root: Path, name: str, text: str) -> None:
    """Write a file in the folder, if its name is possible."""
    path = root / name.lstrip("/")
    try:
        if root in path.resolve().parents:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode("utf-8", "surrogatepass"))
    except (OSError, ValueError):
        return
