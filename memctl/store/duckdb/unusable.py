"""What DuckDB says about a file that it cannot use, as errors that say what to do."""

from __future__ import annotations

import errno
import os
from pathlib import Path

from memctl.core.errors import MemctlError, UnusableStore, unwritable
from memctl.core.late_pattern import late
from memctl.runtime.private_files import NO_ROOM

PERMISSIONS = "check the permissions of the file and its folder"
MAKE_ROOM = "make room on its disk"
REPLACING = (
    "replace it with memctl snapshot restore last or memctl restore BACKUP --force (it is kept under another name)"
)
_DAMAGE = late(r"Corrupt|not a valid DuckDB|Could not read enough bytes|shorter than its|replaying WAL")
"""How DuckDB 2.0 and `instances` describe a file that is damaged, truncated, or not a database."""
HEADERS = 12_288
"""The bytes of a DuckDB file before its first data."""
_UNWRITTEN = late(r'Could not (?:write|truncate|fsync) file \\*"(?P<name>.+?)\\*": (?P<reason>[^"]+)')


def unwritten(error: Exception) -> OSError | None:
    """The system's error behind DuckDB's for a file that cannot be written; None for other errors."""
    match = _UNWRITTEN.search(str(error))
    if match is None:
        return None
    number = next((number for number in NO_ROOM if os.strerror(number) in match["reason"]), errno.EIO)
    return OSError(number, match["reason"].strip(), match["name"])


def or_choose(hint: str, named: str) -> str:
    """The hint, and the other way out: another file. `named` is how a command line names it, such as `with --store`."""
    return f"{hint}, or choose another file {named}"


def unusable(error: Exception, path: Path, named: str) -> MemctlError | OSError:
    """The error to raise for one of DuckDB's while the store at `path` is open; `named` as for `or_choose`.

    It is an OSError if a file cannot be written that is not the store's: the caller knows what that file was for.
    """
    if full := unwritten(error):
        own = full.filename.startswith((str(path), str(path.absolute()), str(path.resolve())))
        return unwritable("the store", full, path, or_choose(MAKE_ROOM, named)) if own else full
    reason = str(error).splitlines()[0]
    if path.is_dir():
        hint = f"name a file {named}, such as {path / 'memctl.duckdb'}; {REPLACING}"
        return UnusableStore("this is a folder, not a store", where=str(path), hint=hint)
    if _DAMAGE.search(reason):
        size = path.stat().st_size if path.exists() else HEADERS + 1
        if not size or (size <= HEADERS and "not a valid" not in reason):
            what = f"the file ends after {size} bytes" if size else "the file is empty"
            reason = "the first write to the store failed, or the file was cut short"
            hint = f"delete it if it never had facts; otherwise, {or_choose(REPLACING, named)}"
            return UnusableStore(f"{what}: {reason}", where=str(path), hint=hint)
        return UnusableStore(f"the store is damaged: {reason}", where=str(path), hint=or_choose(REPLACING, named))
    if os.strerror(errno.EACCES) in reason:
        what = "write" if os.access(path, os.R_OK) else "read"
        hint = or_choose(PERMISSIONS, named)
        return MemctlError(f"cannot {what} the store: {os.strerror(errno.EACCES)}", where=str(path), hint=hint)
    return MemctlError(
        f"the store cannot be used: {reason}",
        where=str(path),
        hint=or_choose("see memctl doctor for details", named),
    )


def unusable_ledger(error: Exception, path: Path) -> MemctlError:
    """The error to raise for one of DuckDB's while the ledger at `path` is open."""
    if full := unwritten(error):
        return unwritable("the ledger", full, path, "make room on its disk, or name another with --ledger")
    reason = str(error).splitlines()[0]
    if os.strerror(errno.EACCES) in reason:
        what = "write" if os.access(path, os.R_OK) else "read"
        hint = f"{PERMISSIONS}, or name another with --ledger"
        return MemctlError(f"cannot {what} the ledger: {os.strerror(errno.EACCES)}", where=str(path), hint=hint)
    return MemctlError(
        f"the ledger cannot be used: {reason}",
        where=str(path),
        hint="move it away, or name another with --ledger: the next run then compares with the target itself",
    )
