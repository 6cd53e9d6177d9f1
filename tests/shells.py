"""Run shell commands in which `memctl` is a copied process (tests/forked.py)."""

import atexit
import marshal
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import forked

_MEMCTL = Path(sys.executable).parent / "memctl"
_LONGEST = 1 << 17
_CLIENT = f"""#!{sys.executable} -IS
import _socket, marshal, os, sys
link = _socket.socket(_socket.AF_UNIX, _socket.SOCK_SEQPACKET)
link.connect({{link!r}})
job = marshal.dumps((sys.argv[1:], os.getcwd(), dict(os.environ)))
streams = b"".join(number.to_bytes(4, sys.byteorder) for number in range(3))
link.sendmsg([job], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
sys.exit(int(link.recv(16)))
"""
"""A client that has the command started with the client's streams, and exits with the command's exit code."""
_folders: dict[int, Path] = {}


def run(
    line: str, env: Mapping[str, str], cwd: Path | None = None, *, bare: bool = False
) -> "subprocess.CompletedProcess[str]":
    """Run a shell command with an empty stdin. `env` needs no PATH: `memctl` and the system's programs are found. With
    `bare`, `memctl` is started as usual."""
    path = f"{_MEMCTL.parent if bare or sys.platform != 'linux' else _folder()}:/usr/bin:/bin"
    return subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=cwd,
        env={**env, "PATH": path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def _folder() -> Path:
    """The folder with a program `memctl` whose requests this process serves."""
    if os.getpid() not in _folders:
        folder = _folders[os.getpid()] = Path(tempfile.mkdtemp(prefix="memctl-sh-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listening.bind(str(folder / "link"))
        listening.listen()
        threading.Thread(target=_answer, args=(listening,), daemon=True).start()
        client = folder / "memctl"
        client.write_text(_CLIENT.format(link=str(folder / "link")))
        client.chmod(0o755)
    return _folders[os.getpid()]


def _answer(listening: socket.socket) -> None:
    while True:
        link, _ = listening.accept()
        threading.Thread(target=_start, args=(link,), daemon=True).start()


def _start(link: socket.socket) -> None:
    """Run the command that a client requests, and send the client its exit code."""
    with link:
        content, fds, _, _ = socket.recv_fds(link, _LONGEST, 3)
        try:
            words, cwd, env = marshal.loads(content)
            # A copy needs a server with equal values of these variables, but the client's interpreter sets LC_CTYPE.
            env = {name: value for name, value in env.items() if name not in forked.read_at_start(env)}
            env |= forked.read_at_start(os.environ)
            stdin, stdout, stderr = fds
            command = [_MEMCTL, *words]
            with forked.Process(command, stdin=stdin, stdout=stdout, stderr=stderr, cwd=cwd, env=env) as process:
                code = process.wait()
        finally:
            for fd in fds:
                os.close(fd)
        with suppress(OSError):
            link.send(str(code % 256).encode())
