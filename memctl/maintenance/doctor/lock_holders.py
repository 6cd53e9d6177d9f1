"""The processes that have locked a file, from Linux's /proc/locks (proc_locks(5)); unknown on other systems.

The file is not opened: closing it would release this process's own locks on it (fcntl(2)).
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

_LOCKS, _PROCESSES = Path("/proc/locks"), Path("/proc")


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """A process with a lock on a file. `command` is the program, for memctl with its command, without arguments;
    `since` is when the process started, None if unknown."""

    pid: int
    command: str
    since: datetime | None
    writes: bool

    def __str__(self) -> str:
        began = f", running since {self.since:%Y-%m-%d %H:%M:%S} UTC" if self.since else ""
        return f"{self.command} (PID {self.pid}{began})"


def holders(path: Path, commands: Collection[str] = ()) -> list[Holder] | None:
    """The other processes that have locked `path`; None where the system does not report them.

    `commands` are the words of a memctl command line that may be shown; others may be private data.
    """
    try:
        rows = [line.split() for line in _LOCKS.read_text().splitlines()]
        about = path.stat()
    except OSError:
        return None
    processes = {}
    for row in rows:
        # "1: POSIX ADVISORY WRITE 4711 fd:01:131090 0 EOF"; a process waiting for the lock has an arrow before the
        # kind.
        if len(row) < 6 or row[1] == "->" or not row[4].isdigit():
            continue
        device, _, inode = row[5].rpartition(":")
        pid = int(row[4])
        if inode == str(about.st_ino) and pid != os.getpid() and _same(pid, device, about, path):
            processes[pid] = Holder(
                pid=pid, command=_command(pid, commands), since=_since(pid), writes=row[3] == "WRITE"
            )
    return [processes[pid] for pid in sorted(processes)]


def _same(pid: int, device: str, about: os.stat_result, path: Path) -> bool:
    """Overlays and some file systems have other device numbers in /proc/locks; then the open files decide."""
    if device == f"{os.major(about.st_dev):02x}:{os.minor(about.st_dev):02x}":
        return True
    return any(_is(opened, path) for opened in _opened(pid))


def _opened(pid: int) -> Iterator[Path]:
    with contextlib.suppress(OSError):
        yield from (_PROCESSES / str(pid) / "fd").iterdir()


def _is(opened: Path, path: Path) -> bool:
    try:
        return opened.samefile(path)
    except OSError:
        return False


def _command(pid: int, commands: Collection[str]) -> str:
    try:
        words = (_PROCESSES / str(pid) / "cmdline").read_bytes().decode("utf-8", "replace").rstrip("\0").split("\0")
    except OSError:
        return "a process"
    for number, word in enumerate(words[:3]):
        if Path(word).name == "memctl":
            return " ".join(["memctl", *[later for later in words[number + 1 :] if later in commands][:1]])
    return Path(words[0]).name or "a process"


def _since(pid: int) -> datetime | None:
    """When the process started: field 22 of its stat, in clock ticks after boot (proc_pid_stat(5))."""
    try:
        ticks = int((_PROCESSES / str(pid) / "stat").read_text().rpartition(")")[2].split()[19])
        started = next(
            int(line.split()[1]) for line in (_PROCESSES / "stat").read_text().splitlines() if line.startswith("btime")
        )
    except (OSError, ValueError, IndexError, StopIteration):
        return None
    return datetime.fromtimestamp(started + ticks / os.sysconf("SC_CLK_TCK"), UTC)
