"""Backups of the local store: one file, open to any reader of Parquet, checked to the byte before it is believed.

The archive is a zip of one Parquet file a table and a manifest with the rows, bytes and SHA-256 of each. Nothing in it
is run: a restore makes the store by memctl's own schema and reads rows into it.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import zipfile
import zlib
from datetime import UTC, datetime
from errno import EINVAL
from pathlib import Path
from typing import IO

import msgspec

from memctl import __version__
from memctl.backends.files.records import LONGEST_LINE
from memctl.core.errors import MemctlError, UsageError
from memctl.maintenance.snapshots import Replaced, Snapshots
from memctl.runtime import private_files
from memctl.store.duckdb import archive
from memctl.store.duckdb.database import SCHEMA_VERSION, Database, get_meta

MANIFEST = "manifest.json"
LONGEST_MANIFEST = 1_000_000
BLOCK = 1 << 20
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""What zipfile raises for an archive that is damaged, encrypted or packed in a way of its own."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One table in an archive: its rows, and its Parquet file's bytes and SHA-256 (hex)."""

    rows: int
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an archive holds. `store_version` is that of the store's schema, `memctl` the version that wrote it."""

    schema: str = "memctl.backup/1"
    memctl: str
    store_version: int
    made_at: datetime
    tables: dict[str, Table]


def backup(database: Database, file: Path) -> Manifest:
    """Write the store to `file`, completely or not at all, readable by its owner only."""
    database.require()
    try:
        with tempfile.TemporaryDirectory(prefix="memctl-", dir=file.parent) as folder:
            half = Path(folder) / file.name
            tables, version = _dump(database, Path(folder))
            manifest = Manifest(memctl=__version__, store_version=version, made_at=datetime.now(UTC), tables=tables)
            private_files.create(half)
            with zipfile.ZipFile(half, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
                for name in tables:
                    archive.write(Path(folder) / f"{name}.parquet", f"{name}.parquet")
            half.replace(file)
    except OSError as error:
        raise MemctlError(
            f"cannot write the backup: {error.strerror}", where=str(file), hint="make room, or name another file"
        ) from None
    return manifest


def _dump(database: Database, folder: Path) -> tuple[dict[str, Table], int]:
    tables = {}
    with database.reading() as connection:
        for name in archive.tables(connection):
            file = folder / f"{name}.parquet"
            rows = archive.write_table(connection, name, file)
            with file.open("rb") as stream:
                tables[name] = Table(rows=rows, bytes=file.stat().st_size, sha256=_sha256(stream))
        version = int(get_meta(connection, "schema_version") or SCHEMA_VERSION)
    return tables, version


def restore(file: Path, database: Database, *, force: bool = False) -> tuple[Manifest, Replaced]:
    """Make the store from an archive; what was in its place is kept, see `Snapshots.replace_by`.

    Raises UsageError when there is a store and not `force`, or the file is no archive; MemctlError when anything in it
    is not as the manifest says: then nothing was changed. Whoever was forgotten in the store that is there stays so.
    """
    if database.path.exists() and not force:
        raise UsageError(
            "the store already exists",
            where=str(database.path),
            hint="--force replaces it; the current store is kept as a snapshot or next to it",
        )
    private_files.make_folder(database.path.parent)
    fresh = Database(database.path.with_name(f".{database.path.name}.restored"), database.lock_timeout)
    fresh.path.unlink(missing_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="memctl-", dir=database.path.parent) as folder:
            manifest = _checked(file, Path(folder))
            _load(fresh, manifest, Path(folder), file)
        replaced = Snapshots(database).replace_by(fresh)
    finally:
        fresh.path.unlink(missing_ok=True)
    return manifest, replaced


def _checked(file: Path, folder: Path) -> Manifest:
    """The manifest, once every table was unpacked into `folder` and found as it says."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.getinfo(MANIFEST).file_size > LONGEST_MANIFEST:
                raise _foreign(file)
            manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
            if manifest.schema != "memctl.backup/1":
                raise _foreign(file)
            if manifest.store_version > SCHEMA_VERSION:
                raise MemctlError(
                    f"the backup is of a store of version {manifest.store_version}, this memctl reads up to "
                    f"{SCHEMA_VERSION}",
                    where=str(file),
                    hint="upgrade memctl",
                )
            for name, table in manifest.tables.items():
                _unpack(archive, name, table, folder, file)
    except FileNotFoundError:
        raise UsageError("there is no such file", where=str(file)) from None
    except OSError as error:
        # A broken directory of a zip leads to a place before its beginning.
        if error.errno != EINVAL:
            raise
        raise _foreign(file) from None
    except (KeyError, msgspec.MsgspecError, ValueError, RecursionError, EOFError, *BROKEN_ZIP):
        raise _foreign(file) from None
    return manifest


def _unpack(archive: zipfile.ZipFile, name: str, table: Table, folder: Path, file: Path) -> None:
    if not name.isidentifier():
        raise _foreign(file)
    info = archive.getinfo(f"{name}.parquet")
    if info.file_size != table.bytes or info.compress_type != zipfile.ZIP_STORED:
        raise _damaged(file, name)
    with archive.open(info) as packed, (folder / f"{name}.parquet").open("wb") as target:
        shutil.copyfileobj(packed, target, BLOCK)
    with (folder / f"{name}.parquet").open("rb") as stream:
        if _sha256(stream) != table.sha256:
            raise _damaged(file, name)


def _load(database: Database, manifest: Manifest, folder: Path, file: Path) -> None:
    with database.writing() as connection:
        if strange := sorted(manifest.tables.keys() - {*archive.tables(connection), archive.VECTORS}):
            raise MemctlError(f"the backup has a table {strange[0]!r} that no store has", where=str(file))
        if "meta" not in manifest.tables:
            raise _foreign(file)
        rows = archive.read_tables(
            connection, {name: folder / f"{name}.parquet" for name in manifest.tables}, LONGEST_LINE
        )
    for name, table in manifest.tables.items():
        if rows[name] != table.rows:
            raise _damaged(file, name)


def _sha256(stream: IO[bytes]) -> str:
    digest = hashlib.sha256()
    while block := stream.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()


def _foreign(file: Path) -> UsageError:
    return UsageError("not a memctl backup", where=str(file), hint="create one with memctl backup FILE")


def _damaged(file: Path, table: str) -> MemctlError:
    return MemctlError(
        f"the backup is damaged: the table {table!r} is not what the manifest says; nothing was changed",
        where=str(file),
        hint="fetch the backup again",
    )
