"""Start processes of `memctl` on Linux as forks of a server process that has already loaded it, because loading takes
most of a second of CPU time. On other systems they are started as usual."""

import array
import atexit
import contextlib
import gc
import hashlib
import json
import os
import random
import select
import signal
import socket
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

_LONGEST = 1 << 17
_TRIES = 3
_READ_AT_START = ("PYTHON", "LC_", "LANG", "TZ", "MALLOC", "LD_", "OPENBLAS", "OMP_")
"""Prefixes of environment variables that an interpreter or a library reads only once, at its start."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_FIXTURES = Path(__file__).resolve().parent.parent / "fixtures" / "transcripts"
_LOADING = (
    *("ingest {fixtures}", "add alice Oslo", "search alice Oslo", "facts alice", "undo", "stats", "doctor"),
    *("migrate --from local --to facts.jsonl --all-users", "migrate --from local --to facts.csv --all-users"),
    *("migrate --from local --to facts.parquet --all-users", "import facts.jsonl", "migrations"),
    *("consolidate alice", "dedupe alice", "prune", "snapshot create", "snapshot restore last", "backup copy.memctl"),
    *("restore copy.memctl --force", "reindex --embedder static", "export --from local --all-users -o all.jsonl"),
    *("forget alice --confirm alice",),
)
"""Commands that load everything that other commands need: modules, and the patterns of the extraction."""
_MODULES = ("openai.resources.chat", "memctl.ingest.llm_batch_api", "psycopg", "memctl_postgres.adapter")
"""Modules of commands that use a model or PostgreSQL; they take a second to load."""


class Process(subprocess.Popen[Any]):
    """`memctl ARGUMENTS`, or `python -c CODE ARGUMENTS`, with the options of Popen. `loaded` is code that the server
    has run before, for imports that take seconds; by default the modules of memctl's commands are loaded."""

    def __init__(self, *arguments: Any, loaded: str = "", **options: Any) -> None:
        self._loaded = loaded
        self._link: socket.socket | None = None
        """The connection that receives the wait status of the copy, because the copy is another process's child."""
        super().__init__(*arguments, **options)

    def _execute_child(self, args: Any, executable: Any, preexec_fn: Any, *more: Any) -> None:
        close_fds, _, cwd, env, _, _, shell, *ends = more
        words = [os.fsdecode(word) for word in args]
        environment = dict(os.environ if env is None else env)
        if shell or executable or preexec_fn or not close_fds or not _can_start(words, environment):
            super()._execute_child(args, executable, preexec_fn, *more)  # type: ignore[misc]
            return
        pipes = ends[:6]
        fds = [end if end != -1 else number for number, end in zip(range(3), (pipes[0], *pipes[3::2]), strict=True)]
        job = {"words": words, "cwd": os.fspath(cwd or Path.cwd()), "env": environment, "session": ends[11]}
        job["ignored"] = [int(number) for number in _SIGNALS if signal.getsignal(number) == signal.SIG_IGN]
        self._link = _connected(self._loaded)
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))]
        self._link.sendmsg([json.dumps(job).encode()], rights)
        self.pid = int(self._link.recv(64))
        self._child_created = True
        self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]

    def _internal_poll(self, *arguments: Any, **options: Any) -> int | None:
        if self._link is None:
            return super()._internal_poll(*arguments, **options)  # type: ignore[misc, no-any-return]
        if self.returncode is None and self._waitpid_lock.acquire(False):  # type: ignore[attr-defined]
            try:
                self._take(os.WNOHANG)
            finally:
                self._waitpid_lock.release()  # type: ignore[attr-defined]
        return self.returncode

    def _take(self, flags: int) -> None:
        """Set the exit code if it has arrived."""
        if self.returncode is None:
            pid, status = self._try_wait(flags)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self._link is None:
            return super()._try_wait(wait_flags)  # type: ignore[misc, no-any-return]
        if wait_flags & os.WNOHANG and not select.select([self._link], [], [], 0)[0]:
            return 0, 0
        status = int(self._link.recv(64))
        self._link.close()
        return self.pid, status


def run(command: Sequence[object], *, given: bytes | None = None, **options: Any) -> "subprocess.CompletedProcess[Any]":
    """Run a process to its end and capture its output; `given` is its input."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
    if given is not None:
        pipes["stdin"] = subprocess.PIPE
    with Process(command, **pipes) as process:
        out, err = process.communicate(given)
    return subprocess.CompletedProcess(list(command), process.returncode, out, err)


_links: dict[tuple[int, str], socket.socket] = {}
"""The connections to servers by process and `loaded`. A server ends with its last connection."""
_environment = dict(os.environ)


def _can_start(words: Sequence[str], environment: dict[str, str]) -> bool:
    """Whether a server can start this command."""
    is_memctl = words[0] == str(Path(sys.executable).parent / "memctl")
    if sys.platform != "linux" or not (is_memctl or list(words[:2]) == [sys.executable, "-c"]):
        return False
    alike = read_at_start(environment) == read_at_start(_environment)
    return alike and sum(map(len, environment.values())) <= _LONGEST // 4


def read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that must be equal in a copy and in its server."""
    return {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}


def _connected(loaded: str) -> socket.socket:
    """A new connection to the server that has run the code `loaded`; all workers of a test run share it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", str(os.getpid()))
    name = "\0memctl-forked-" + hashlib.sha256(f"{run} {loaded}".encode()).hexdigest()
    if (os.getpid(), loaded) not in _links:
        link = _links[os.getpid(), loaded] = _joined(name, loaded)
        atexit.register(link.close)
    return _joined(name, loaded)


def _joined(name: str, loaded: str) -> socket.socket:
    """A connection to the server with this name, which is started if it is not running."""
    starts = 0
    while starts < _TRIES:
        link = _socket()
        with contextlib.suppress(OSError):
            link.connect(name)
            if link.recv(1):
                return link
        link.close()
        with contextlib.suppress(OSError), _socket() as listening:
            listening.bind(name)
            starts += 1
            listening.listen(64)
            _start(listening, loaded)
    raise RuntimeError("the process to be copied ends when it is started")


def _socket() -> socket.socket:
    link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
        link.setsockopt(socket.SOL_SOCKET, option, _LONGEST * 2)
    return link


def _start(listening: socket.socket, loaded: str) -> None:
    """Start a server. At its end, this process waits for the server, but forks of this process do not."""
    number = listening.fileno()
    command = [sys.executable, __file__, str(number), loaded]
    server = subprocess.Popen(command, pass_fds=[number], cwd=Path(__file__).parent, stdin=subprocess.DEVNULL)

    def end(owner: int) -> None:
        if os.getpid() == owner:
            server.wait()

    atexit.register(end, os.getpid())


def _load() -> None:
    """Load everything that commands need, by running some."""
    import in_process

    from memctl.store.duckdb import instances

    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MEMCTL_", "XDG_"))}
    # The threads of onnxruntime do not exist in a fork, which would wait for them when it ends.
    environment["MEMCTL_NEURAL_MODEL"] = ""
    with tempfile.TemporaryDirectory() as home, mock.patch.dict(os.environ, environment | {"HOME": home}, clear=True):
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


def _serve(listening: socket.socket) -> dict[str, Any]:
    """Start a copy for every job, until no client is connected. Returns only in a copy, with its job."""
    # Threads that libraries started are not needed in a copy.
    warnings.filterwarnings("ignore", category=DeprecationWarning, module="__main__")
    ended, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    links: set[socket.socket] = set()
    copies: dict[int, socket.socket] = {}
    while True:
        for ready in select.select([ended, listening, *links], [], [])[0]:
            if ready == ended:
                os.read(ended, 64)
                _report(copies)
            elif ready is listening:
                link = listening.accept()[0]
                link.send(b"!")
                links.add(link)
            else:
                links.remove(ready)
                job, fds = _received(ready)
                if job:
                    copy = os.fork()
                    if not copy:
                        for link in (listening, ready, *links, *copies.values()):
                            link.close()
                        _take_over(job, fds)
                        return job
                    copies[copy] = ready
                    ready.send(str(copy).encode())
                for fd in fds:
                    os.close(fd)
        if not links:
            os._exit(0)


def _received(link: socket.socket) -> tuple[dict[str, Any], list[int]]:
    """The received job and its streams; empty if the connection was closed."""
    try:
        content, fds, _, _ = socket.recv_fds(link, _LONGEST * 2, 3)
    except OSError:
        content, fds = b"", []
    return json.loads(content or b"{}"), list(fds)


def _report(copies: dict[int, socket.socket]) -> None:
    """Send the wait status of each copy that has ended to its client."""
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            with contextlib.suppress(OSError), copies.pop(ended[0]) as link:
                link.send(str(ended[1]).encode())


def _take_over(job: dict[str, Any], fds: Sequence[int]) -> None:
    """Start a new session if the job asks for it, and use its streams; close all other files."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if job["session"]:
        os.setsid()
    for number, fd in enumerate(fds):
        os.dup2(fd, number)
    os.closerange(3, 256)


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
    """Run the code and exit as `memctl.cli.app.script` does, because freeing every object would copy all memory."""

    def whole() -> None:
        exec(compile(code, "<string>", "exec"), {"__name__": "__main__"})
        sys.exit(0)

    from memctl.cli.app import end_at_once

    end_at_once(whole)


if __name__ == "__main__":
    # Modules of the tests can be imported, but not by accident those in a test's working folder.
    if sys.argv[2]:
        exec(compile(sys.argv[2], "<loaded>", "exec"), {})
        gc.freeze()
    else:
        _load()
    _CODE = _become(_serve(socket.socket(fileno=int(sys.argv[1]))))
    _run(_CODE)
