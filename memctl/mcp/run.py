"""What `memctl mcp` does: check the options, start the server, close the memory."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from memctl.backends.files.adapter import FileBackend
from memctl.core.errors import UsageError
from memctl.memory import Memory
from memctl.runtime import settings
from memctl.store.local_store import LocalStore


class Http(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen. `allowed` are the host names that clients use, `token_name` is the environment variable with the
    token."""

    host: str = "127.0.0.1"
    port: int = 8000
    allowed: tuple[str, ...] = ()
    token_name: str = "MEMCTL_MCP_TOKEN"  # noqa: S105 - the name of a variable


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What to serve. Without `user`, the default user of the settings; without `http`, over stdin and stdout."""

    memory: Memory
    user: str | None
    write: bool = False
    delete: bool = False
    http: Http | None = None


def serve(job: Job, say: Callable[[str], None]) -> None:
    """Serve until the client disconnects or the process is interrupted.

    Raises UsageError if the extra is not installed, no user is given, or the backend or address does not allow it.
    """
    user = job.user or settings.load().default_user
    if user is None:
        raise UsageError("no user given", hint="choose --user NAME; assistants see the memory of this user only")
    try:
        from memctl.mcp import http, server, stdio
        from memctl.mcp.tools import Tools
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("memctl"):
            raise
        hint = "pip install 'memctl-toolkit[mcp]'"
        raise UsageError(f"memctl mcp needs the package {error.name!r}", hint=hint) from None
    token = settings.secret(job.http.token_name) if job.http else None
    if job.http:
        http.check(job.http.host, job.http.allowed, token, job.http.token_name)
    memory = job.memory
    if job.write or job.delete:
        _make_writable(memory)
    if isinstance(memory.backend, LocalStore):
        memory.backend.hold()
    built = server.build(Tools(memory, user, say=say), write=job.write, delete=job.delete)
    if job.http is None:
        stdio.serve_stdio(built, memory.close)
        return
    with memory:
        app = http.application(built, job.http.host, job.http.allowed, token)
        http.serve_http(app, job.http.host, job.http.port, say)


def _make_writable(memory: Memory) -> None:
    """Create a store that does not exist yet. Raises UsageError for a backend that cannot be changed."""
    if isinstance(memory.backend, FileBackend):
        hint = "copy it into the store with memctl import"
        raise UsageError("a file can only be served for reading", where=memory.backend.identity, hint=hint)
    memory.backend.check_writable()
    if isinstance(memory.backend, LocalStore):
        with memory.backend.store.writing():
            pass
