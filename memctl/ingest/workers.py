"""Ingest with several processes: on this machine, on a Dask or Ray cluster, or with an executor of the program.

The command reads the files and skips what it has read before. Workers extract the facts. If the store is on a server,
each worker also commits its chunk, in one transaction that locks the users of the chunk. Ids are derived from content,
so a chunk that is sent twice is stored once. The command itself records the files as read, at the end.
"""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

import msgspec

from memctl import __version__
from memctl.core.errors import MemctlError, Retryable, UsageError
from memctl.embed.spec import EmbedderSpec
from memctl.extract.patterns.compiled_patterns import remembered_at_first
from memctl.ingest.commit import commit
from memctl.ingest.result import Report
from memctl.ingest.session_extraction import Digest, Recipe, Work, digest_all
from memctl.runtime import addresses, settings
from memctl.store.engines import open_engine
from memctl.store.sql.store import SqlStore

FORMS = "dask://HOST:8786 or ray://HOST:10001"
CONNECTING = 10.0
"""Seconds to wait for a cluster and for its first worker."""
PATIENCE = 60.0
"""Seconds without a result, after which memctl asks the cluster whether it still has workers."""
_AGAIN = "run the same command again; chunks that were committed are skipped"
_HINT = "check the address; a cluster with tokens needs RAY_AUTH_MODE=token and RAY_AUTH_TOKEN"
_LOCAL = ("", "localhost", "127.0.0.1", "::1")


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker gets with every chunk.

    `address` is the store to commit to, without a password; None if the worker only extracts. `now` is the time of
    observation of turns without a time, and `user` the user under whom the run is listed.
    """

    version: str = __version__
    recipe: Recipe
    spec: EmbedderSpec
    address: str | None = None
    lock_timeout: float = 30.0
    run: str
    user: str | None = None
    now: datetime


class Done(msgspec.Struct, kw_only=True):
    """The outcome of a chunk. If the worker committed it, `digest` only has the turns that were seen and those that
    could not be read, `report` has the counts, `users` the users of the facts, and `run` the id of the run to
    continue."""

    digest: Digest
    report: Report | None = None
    users: set[str] = set()
    run: str | None = None


def job(chunk: Sequence[Work], task: Task) -> Done:
    """Extract a chunk, and commit it if the task has an address. It is safe to run it twice."""
    if task.version != __version__:
        raise UsageError(
            f"a worker has memctl {__version__}, this is {task.version}",
            where="--workers",
            hint="install the same version on all workers",
        )
    with remembered_at_first():
        digest = digest_all(chunk, task.recipe, task.spec)
    if task.address is None:
        return Done(digest=digest)
    report = Report()
    report.count(digest)
    rest = Digest(broken=digest.broken, open=digest.open, seen=digest.seen)
    if not (digest.episodes or digest.claims):
        return Done(digest=rest, report=report)
    users = digest.users
    with closing(open_engine(_own_address(task.address), task.lock_timeout)) as engine:
        scope = None if digest.redigest else users
        with SqlStore(engine).changing("ingest", task.user, task.run, make=False, users=scope) as tx:
            report.took(commit(tx, digest, task.spec, now=task.now))
    report.run = tx.run
    return Done(digest=rest, report=report, users=users, run=tx.run_id)


def _own_address(address: str) -> str:
    """The address, with its password if the settings of this machine have it."""
    with suppress(MemctlError):
        own = str(settings.load().store_path)
        if addresses.without_password(own) == address:
            return own
    return address


class Workers:
    """An executor, and the number of chunks it can process at the same time. `alive` raises Retryable if it has no
    workers any more; `where` is its name in messages."""

    def __init__(
        self, executor: Executor, *, slots: int, where: str | None = None, alive: Callable[[], object] = lambda: None
    ) -> None:
        self.executor = executor
        self.slots = slots
        self.where = where
        self.alive = alive

    def submit(self, chunk: Sequence[Work], task: Task) -> Future[Done]:
        """Send a chunk to a worker."""
        return self.executor.submit(job, chunk, task)

    def result(self, future: Future[Done]) -> Done:
        """Wait for the outcome of a chunk and return it. Raises MemctlError if it failed, for any reason."""
        while True:
            try:
                return future.result(timeout=PATIENCE)
            except MemctlError as error:
                raise _unwrapped(error) from None
            except BrokenExecutor:
                raise MemctlError("a worker process died", where=self.where, hint=_reason()) from None
            except TimeoutError as error:
                if future.done():
                    raise self._failure(error) from error
                self.alive()
            except (CancelledError, Exception) as error:
                raise self._failure(error) from error

    def _failure(self, error: BaseException) -> MemctlError:
        cause = getattr(error, "cause", None) or error
        if isinstance(cause, MemctlError):
            return cause
        words = next(iter(str(cause).strip().splitlines()), "")
        text = f"{type(cause).__name__}: {words}" if words else type(cause).__name__
        if isinstance(cause, ImportError | AttributeError) or "No module named" in words:
            return UsageError(
                f"a worker cannot run memctl ({text})",
                where=self.where,
                hint="install the same memctl, with the extra of the store, on all workers",
            )
        return Retryable(f"a worker failed ({text})", where=self.where, hint=_AGAIN)


def _reason() -> str:
    """Why a worker process may have died. A process that is started imports the script of the program; if this script
    ingests at once, without a check that it is the main module, it fails there."""
    script = getattr(sys.modules["__main__"], "__file__", None) or ""
    if script.endswith(".py"):
        return 'call ingest below `if __name__ == "__main__":`, or with jobs=1 if the memory is full'
    return "it may have run out of memory: run it again with --jobs 1; finished files are kept"


def _unwrapped(error: MemctlError) -> MemctlError:
    """The error that was raised in the worker; Ray puts it into another one of the same type."""
    cause = getattr(error, "cause", None)
    return cause if isinstance(cause, MemctlError) else error


class RayExecutor(Executor):
    """The workers of the Ray cluster to which this process is connected."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function in a worker."""
        ray: Any = import_module("ray")
        # Ray's own future fails if it is cancelled before the result arrives. A running future cannot be cancelled.
        future: Future[Any] = Future()
        future.set_running_or_notify_cancel()

        def copy(done: Future[Any]) -> None:
            if error := done.exception():
                future.set_exception(error)
            else:
                future.set_result(done.result())

        ray.remote(fn).remote(*args, **kwargs).future().add_done_callback(copy)
        return future


def check(workers: str) -> None:
    """Raise UsageError if this is not the address of a cluster."""
    _parts(workers)


def _parts(workers: str) -> tuple[str, str, int]:
    """The scheme, host and port of a cluster."""
    try:
        parts = urlsplit(workers)
        port = {"dask": 8786, "ray": 10001}[parts.scheme]
        port = parts.port or port
        if not parts.hostname or parts.path.strip("/") or parts.query or parts.username:
            raise ValueError
    except (ValueError, KeyError):
        raise UsageError("this is not the address of a cluster", where="--workers", hint=f"expected {FORMS}") from None
    return parts.scheme, parts.hostname, port


@contextmanager
def connected(workers: str | Executor, *, jobs: int) -> Iterator[Workers]:
    """The workers of a cluster, or of the program's own executor with its `jobs` workers.

    At the end of the block, the cluster drops unfinished chunks. Raises UsageError for a missing package, Retryable if
    the cluster does not answer or has no workers.
    """
    if isinstance(workers, Executor):
        yield Workers(workers, slots=jobs)
        return
    scheme, host, port = _parts(workers)
    where = f"{scheme}://{host}:{port}"
    try:
        package = import_module("distributed" if scheme == "dask" else scheme)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"workers of {scheme.capitalize()} need the package {error.name!r}",
            where="--workers",
            hint=f"pip install 'memctl-toolkit[{scheme}]'",
        ) from None
    try:
        # Both clients would retry for a long time if nothing listens there.
        socket.create_connection((host, port), timeout=CONNECTING).close()
    except OSError as error:
        raise Retryable(
            f"the cluster does not answer: {error.strerror or error}", where=where, hint="check the address"
        ) from None
    with (_dask if scheme == "dask" else _ray)(package, where) as connection:
        yield connection


@contextmanager
def _dask(distributed: Any, where: str) -> Iterator[Workers]:
    try:
        client = distributed.Client(where.replace("dask://", "tcp://"), timeout=CONNECTING, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise Retryable(f"no Dask scheduler answers: {error}", where=where, hint="check the address") from None

    def threads() -> int:
        count = int(sum(client.nthreads().values()))
        if not count:
            address = where.removeprefix("dask://")
            raise Retryable("the cluster has no workers", where=where, hint=f"start one: dask worker {address}")
        return count

    try:
        with suppress(TimeoutError):
            client.wait_for_workers(1, timeout=CONNECTING)
        executor = client.get_executor(pure=False)
        yield Workers(executor, slots=threads(), where=where, alive=threads)
        executor.shutdown(wait=False)
    finally:
        client.close()


@contextmanager
def _ray(ray: Any, where: str) -> Iterator[Workers]:
    try:
        client = ray.init(where, logging_level="ERROR", log_to_driver=False)
    except (ConnectionError, RuntimeError) as error:
        words = " ".join(str(error).split())[:200] or type(error).__name__
        raise Retryable(f"no Ray cluster answers: {words}", where=where, hint=_HINT) from None
    with client:
        yield Workers(RayExecutor(), slots=int(ray.cluster_resources().get("CPU", 1)) or 1, where=where)


def address_for(store_address: str | None, workers: str | Executor) -> str | None:
    """The address at which workers commit, without its password; None if they can only extract.

    Workers on other machines cannot commit to a store that only this machine can reach.
    """
    if store_address is None:
        return None
    if not isinstance(workers, Executor) and _parts(workers)[1] not in _LOCAL:
        host = urlsplit(store_address).hostname if "://" in store_address else ""
        if (host or "") in _LOCAL:
            return None
    return addresses.without_password(store_address)
