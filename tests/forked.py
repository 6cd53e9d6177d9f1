"""Processes of `memctl` that begin as copies of one which has already loaded it, where Linux allows that: a process of
its own takes most of a second of CPU time to load what a command needs. Elsewhere they are started as usual."""

import array
import atexit
import contextlib
import ctypes
import gc
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

_LONGEST = 1 << 17
_READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "MALLOC", "LD_", "OPENBLAS", "OMP_")
"""How the variables begin that an interpreter or a library reads only once."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SUBREAPER = 36
_FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "transcripts"
_LOADING = (
    *("ingest {fixtures}", "add alice Oslo", "search alice Oslo", "facts alice", "undo", "stats", "doctor"),
    *("migrate --from local --to facts.jsonl --all-users", "migrate --from local --to facts.csv --all-users"),
    *("migrate --from local --to facts.parquet --all-users", "import facts.jsonl", "migrations"),
    *("consolidate alice", "dedupe alice", "prune", "snapshot create", "snapshot restore last", "backup copy.memctl"),
    *("restore copy.memctl --force", "reindex --embedder static", "export --from local --all-users -o all.jsonl"),
    *("forget alice --confirm alice",),
)
"""Commands that load what others need: modules, and the patterns of the extraction."""
_MODULES = ("openai.resources.chat", "memctl.ingest.llm_batch_api", "psycopg", "memctl_postgres.adapter")
"""What commands with a model and with PostgreSQL need, which take a second to load."""


class Process(subprocess.Popen[Any]):
    """`memctl ARGUMENTS`, or `python -c CODE ARGUMENTS`, with the options of Popen. `loaded` is code that ran before,
    for imports that take seconds; without it, what the commands of memctl need is loaded."""

    def __init__(self, *arguments: Any, loaded: str = "", **options: Any) -> None:
        self._loaded = loaded
        super().__init__(*arguments, **options)

    def _execute_child(self, args: Any, executable: Any, preexec_fn: Any, *more: Any) -> None:
        close_fds, _, cwd, env, _, _, shell, *ends = more
        words = [os.fsdecode(word) for word in args]
        environment = dict(os.environ if env is None else env)
        server = (
            None if shell or executable or preexec_fn or not close_fds else _server(words, environment, self._loaded)
        )
        if server is None:
            super()._execute_child(args, executable, preexec_fn, *more)  # type: ignore[misc]
            return
        pipes = ends[:6]
        fds = [end if end != -1 else number for number, end in zip(range(3), (pipes[0], *pipes[3::2]), strict=True)]
        job = {"words": words, "cwd": os.fspath(cwd or Path.cwd()), "env": environment, "session": ends[11]}
        job["ignored"] = [int(number) for number in _SIGNALS if signal.getsignal(number) == signal.SIG_IGN]
        self.pid = server.start(job, fds)
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]


def run(command: Sequence[object], *, given: bytes | None = None, **options: Any) -> "subprocess.CompletedProcess[Any]":
    """What the process did, which is waited for; its output is captured. `given` is what it reads."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    if given is not None:
        pipes["stdin"] = subprocess.PIPE
    with Process(command, **pipes) as process:
        out, err = process.communicate(given)
    return subprocess.CompletedProcess(list(command), process.returncode, out, err)


class _Server:
    """The process that is copied."""

    def __init__(self, loaded: str) -> None:
        self.lock = threading.Lock()
        self.socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for end in (self.socket, theirs):
            for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
                end.setsockopt(socket.SOL_SOCKET, option, _LONGEST * 2)
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno()), loaded],
            pass_fds=[theirs.fileno()],
            cwd=Path(__file__).parent,
            stdin=subprocess.DEVNULL,
        )
        theirs.close()
        atexit.register(self.end, os.getpid())

    def end(self, owner: int) -> None:
        """End the process, unless this is a copy of the one that started it."""
        if os.getpid() == owner:
            self.socket.close()
            self.process.wait()

    def start(self, job: dict[str, Any], fds: list[int]) -> int:
        """The id of a new child of this process."""
        with self.lock:
            # The copy is started by a process that then ends; as a subreaper, this process becomes its parent.
            _prctl(1)
            try:
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
                self.socket.sendmsg([json.dumps(job).encode()], rights)
                return int(self.socket.recv(64))
            finally:
                _prctl(0)


_servers: dict[tuple[int, str], _Server] = {}
_environment = dict(os.environ)


def _server(words: Sequence[str], environment: dict[str, str], loaded: str) -> _Server | None:
    """The server, if it can start this command."""
    is_memctl = words[0] == str(Path(sys.executable).parent / "memctl")
    if sys.platform != "linux" or not (is_memctl or list(words[:2]) == [sys.executable, "-c"]):
        return None
    if read_at_start(environment) != read_at_start(_environment) or sum(map(len, environment.values())) > _LONGEST // 4:
        return None
    key = os.getpid(), loaded
    if key not in _servers:
        _servers[key] = _Server(loaded)
    return _servers[key]


def read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that a copy cannot have different from its original."""
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}


def _prctl(value: int) -> None:
    if ctypes.CDLL(None).prctl(_SUBREAPER, value, 0, 0, 0):
        raise OSError("prctl failed")


def _load() -> None:
    """Load what commands need, by running some."""
    import in_process

    from memctl.store.duckdb import instances

    kept = {name: value for name, value in os.environ.items() if not name.startswith(("MEMCTL_", "XDG_"))}
    # The threads of onnxruntime do not survive a fork, and a copy would wait for them at its end.
    kept["MEMCTL_NEURAL_MODEL"] = ""
    with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, kept | {"HOME": home}, clear=True):
        os.chdir(home)
        for command in _LOADING:
            in_process.run(command.format(fixtures=_FIXTURES).split())
        os.chdir("/")
    for module in _MODULES:
        with contextlib.suppress(ImportError):
            import_module(module)
    with contextlib.suppress(ImportError):
        import_module("openai").OpenAI(api_key="unused").close()
    instances._close_idle()
    gc.collect()
    gc.freeze()


def _serve(link: socket.socket) -> dict[str, Any]:
    """Start a copy for every job that comes. Returns in a copy, with its job."""
    # Threads that libraries started are not needed in a copy.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="__main__")
    while True:
        content, fds, _, _ = socket.recv_fds(link, _LONGEST * 2, 3)
        if not content:
            os._exit(0)
        told, tell = os.pipe()
        between = os.fork()
        if not between:
            copy = os.fork()
            if copy:
                os.write(tell, str(copy).encode())
                os._exit(0)
            # Wait until the process between has ended, and the tests' process is the parent.
            os.close(tell)
            job: dict[str, Any] = json.loads(content)
            if job["session"]:
                os.setsid()
            for number, fd in enumerate(fds):
                os.dup2(fd, number)
            os.closerange(3, 256)
            return job
        os.close(tell)
        os.waitpid(between, 0)
        link.send(os.read(told, 64))
        for fd in (told, *fds):
            os.close(fd)


def _become(job: dict[str, Any]) -> str:
    """Take over the command's environment, folder and arguments; returns the code to run."""
    os.environ.clear()
    os.environ.update(job["env"])
    os.chdir(job["cwd"])
    random.seed()
    for ignored in job["ignored"]:
        signal.signal(ignored, signal.SIG_IGN)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        errors = "backslashreplace" if name == "stderr" else "strict"
        stream = open(number, "w" if number else "r", encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    words = job["words"]
    if words[1:2] == ["-c"] and words[0] == sys.executable:
        sys.argv = ["-c", *words[3:]]
        return str(words[2])
    sys.argv = words
    return "from memctl.cli.app import main\nmain()"


def _run(code: str) -> None:
    """Run the code, and end as `memctl.cli.app.script` does: freeing every object would copy all that was loaded."""

    def whole() -> None:
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
        sys.exit(0)

    from memctl.cli.app import end_at_once

    end_at_once(whole)


if __name__ == "__main__":
    # The modules of the tests are found, and none of a test's own folder by accident.
    if sys.argv[2]:
        exec(compile(sys.argv[2], "<loaded>", "exec"), {})
        gc.freeze()
    else:
        _load()
    _CODE = _become(_serve(socket.socket(fileno=int(sys.argv[1]))))
    _run(_CODE)
