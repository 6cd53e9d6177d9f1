"""Backups of the local store: one file readable by any Parquet reader and verified completely before use.

The archive is a zip of one Parquet file per table and a manifest with the rows, bytes and SHA-256 of each. Nothing in
it is executed: a restore creates the store with memctl's own schema and inserts rows.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
import zlib
from datetime import UTC, datetime
from errno import EINVAL
from pathlib import Path
from typing import IO

import msgspec

from memctl import __version__
from memctl.backends.files.records import LONGEST_LINE
from memctl.core.errors import MemctlError, NotFound, UsageError
from memctl.maintenance.snapshots import Replaced, Snapshots
from memctl.runtime import private_files
from memctl.store.duckdb import archive
from memctl.store.duckdb.database import Database
from memctl.store.duckdb.schema import SCHEMA_VERSION, upgrade
from memctl.store.sql.meta import get_meta

MANIFEST = "manifest.json"
ENTRY_NAME = 30
"""The bytes of a zip file before the name of its first entry."""
LONGEST_MANIFEST = 1_000_000
BLOCK = 1 << 20
BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError)
"""Exceptions of zipfile for an archive that is damaged, encrypted or compressed in an unsupported way."""


class Table(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table in an archive: its rows, and the bytes and SHA-256 (hex) of its Parquet file."""

    rows: int
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The contents of an archive. `store_version` is the version of the store's schema, `memctl` the version that wrote
    it."""

    schema: str = "memctl.backup/1"
    memctl: str
    store_version: int
    made_at: datetime
    tables: dict[str, Table]


def backup(database: Database, file: Path) -> Manifest:
    """Write the store to `file`, atomically and private to its owner. An earlier backup is replaced.

    Raises UsageError for an existing file that is not a backup.
    """
    database.require()
    try:
        _check_replaceable(file)
        with private_files.scratch(file.parent) as folder:
            half = folder / file.name
            tables, version = _dump(database, folder)
            manifest = Manifest(memctl=__version__, store_version=version, made_at=datetime.now(UTC), tables=tables)
            private_files.create(half)
            with zipfile.ZipFile(half, "w", zipfile.ZIP_STORED) as archive:
                archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
                for name in tables:
                    archive.write(folder / f"{name}.parquet", f"{name}.parquet")
            half.replace(file)
    except OSError as error:
        raise MemctlError(
            f"cannot write the backup: {error.strerror}",
            where=str(file),
            hint="check the folder and its free space, or choose another file",
        ) from None
    return manifest


def _check_replaceable(file: Path) -> None:
    if not file.is_file():
        return
    with file.open("rb") as stream:
        head = stream.read(ENTRY_NAME + len(MANIFEST))
    # The manifest is the first entry of a backup, even of one that is truncated.
    if head and not (head.startswith(b"PK\x03\x04") and head.endswith(MANIFEST.encode())):
        hint = "choose another file, or delete this one first"
        raise UsageError("this file exists and is not a backup, so it is not replaced", where=str(file), hint=hint)


def _dump(database: Database, folder: Path) -> tuple[dict[str, Table], int]:
    tables = {}
    with database.reading() as connection:
        for name in connection.tables():
            file = folder / f"{name}.parquet"
            rows = archive.write_table(connection, name, file)
            with file.open("rb") as stream:
                tables[name] = Table(rows=rows, bytes=file.stat().st_size, sha256=_sha256(stream))
        version = int(get_meta(connection, "schema_version") or SCHEMA_VERSION)
    return tables, version


def restore(file: Path, database: Database, *, force: bool = False) -> tuple[Manifest, Replaced]:
    """Create the store from an archive; a replaced store is kept, see `Snapshots.replace_by`.

    Raises NotFound if there is no such file; UsageError if it is not a backup, or if there is a store, even a damaged
    one, and `force` is False; MemctlError if anything in it does not match the manifest, before anything is changed.
    Users forgotten in the existing store remain forgotten.
    """
    if not file.exists():
        raise NotFound("no such file", where=str(file))
    if not force and Snapshots(database).has_store():
        raise UsageError(
            "a store already exists",
            where=str(database.path),
            hint="--force replaces it (the old store is kept)",
        )
    private_files.make_folder(database.path.parent)
    fresh = Database(database.path.with_name(f".{database.path.name}.restored"), database.lock_timeout)
    # A killed restore leaves the file and its log, and a log without its file damages the next one.
    log = fresh.path.with_name(f"{fresh.path.name}.wal")
    for left in (log, fresh.path):
        left.unlink(missing_ok=True)
    try:
        with private_files.scratch(database.path.parent) as folder:
            manifest = _checked(file, folder)
            _load(fresh, manifest, folder, file)
        replaced = Snapshots(database).replace_by(fresh)
    finally:
        fresh.path.unlink(missing_ok=True)
    return manifest, replaced


def _checked(file: Path, folder: Path) -> Manifest:
    """The manifest, after unpacking and verifying all tables in `folder`."""
    try:
        with zipfile.ZipFile(file) as archive:
            if archive.getinfo(MANIFEST).file_size > LONGEST_MANIFEST:
                raise _foreign(file)
            manifest = msgspec.json.decode(archive.read(MANIFEST), type=Manifest)
            if manifest.schema != "memctl.backup/1":
                raise _foreign(file)
            if manifest.store_version > SCHEMA_VERSION:
                raise MemctlError(
                    f"the backup has store version {manifest.store_version}, this memctl reads up to {SCHEMA_VERSION}",
                    where=str(file),
                    hint="upgrade memctl",
                )
            for name, table in manifest.tables.items():
                _unpack(archive, name, table, folder, file)
    except OSError as error:
        # A damaged zip directory points before the beginning of the file.
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
    version = min(max(manifest.store_version, 1), SCHEMA_VERSION)
    with database.writing(schema=version) as connection:
        if strange := sorted(manifest.tables.keys() - {*connection.tables(), archive.VECTORS}):
            raise MemctlError(f"the backup has an unknown table {strange[0]!r}", where=str(file))
        if "meta" not in manifest.tables:
            raise _foreign(file)
        rows = archive.read_tables(
            connection, {name: folder / f"{name}.parquet" for name in manifest.tables}, LONGEST_LINE
        )
        upgrade(connection, version)
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
        f"the backup is damaged: table {table!r} does not match the manifest; nothing was changed",
        where=str(file),
        hint="copy it again from its source",
    )
