"""Ingest with workers: the store is the same whatever worker extracts and commits, in any order and any number of
times."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from threading import Barrier
from typing import Any
from unittest import mock

import pytest
from campaigns import campaign_cases

from memctl.core.errors import MemctlError, Retryable, UsageError
from memctl.ingest import pipeline, workers
from memctl.ingest.scan import Options
from memctl.workspace import Workspace

pytestmark = [pytest.mark.services, pytest.mark.engines(campaign="postgres")]
BEGAN = datetime.now(UTC).isoformat()[:19]
TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z")
"""Undated turns are given the time of the ingest."""
FIXTURES = Path(__file__).parents[2] / "fixtures" / "transcripts"


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of a few turns, so that the fixtures make several."""
    monkeypatch.setattr(pipeline, "CHUNK_TURNS", 25)


def contents(place: str | Path) -> list[str]:
    """All claims, their evidence, the records and the files, without the times of storing."""
    lines: list[str] = []
    with Workspace(place) as opened:
        for statement in (
            "SELECT id::TEXT, user_id, episode::TEXT, claim::TEXT FROM claims",
            "SELECT fact::TEXT, claim::TEXT, seq::TEXT, user_id FROM evidence",
            "SELECT id::TEXT, user_id, text, position::TEXT FROM records",
            "SELECT uri, sessions::TEXT, turns::TEXT, complete::TEXT FROM files",
            "SELECT episode::TEXT, user_id FROM sightings",
        ):
            lines += [TIME.sub(_masked, json.dumps(row)) for row in opened.sql(statement).rows]
    return sorted(lines)


def _masked(time: re.Match[str]) -> str:
    return "now" if time[0] >= BEGAN else time[0]


def ingest(place: str | Path, worked_by: Executor | str | None) -> Any:
    with Workspace(place) as opened:
        return opened.ingest([str(FIXTURES)], Options(workers=worked_by, jobs=2))


class Twice(ThreadPoolExecutor):
    """Runs every job twice at the same time."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        super().submit(fn, *args, **kwargs)
        return super().submit(fn, *args, **kwargs)


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What one process without workers stores in a file."""
    file = tmp_path_factory.mktemp("serial") / "store.duckdb"
    ingest(file, None)
    return contents(file)


def test_repeated_and_shuffled_chunks_give_the_same_store_as_one_process(
    home: Path, postgres_dsn: str, address: str, expected: list[str]
) -> None:
    with Twice(3) as pool:
        report = ingest(address, pool)
        assert contents(address) == expected
        again = ingest(address, pool)
    assert again.unchanged == again.files
    assert contents(address) == expected
    with Workspace(address) as opened:
        (run,) = opened.changing_runs()
        assert run.id == report.run
        opened.undo(report.run)
        assert list(opened.users()) == []


def test_processes_extract_while_the_command_commits_to_the_file(home: Path, store: Path, expected: list[str]) -> None:
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        ingest(store, pool)
    assert contents(store) == expected


def test_two_workers_work_at_once_on_many_small_files(
    chat: Callable[..., Path], store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ends of the files of a chunk are no work; one worker would wait for the other."""
    together = Barrier(2, timeout=60)

    class Both(ThreadPoolExecutor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            def after_another(*given: Any) -> Any:
                together.wait()
                return fn(*given)

            return super().submit(after_another, *args, **kwargs)

    monkeypatch.setattr(pipeline, "CHUNK_TURNS", 10)
    files = [chat(f"alice/{number}.jsonl", f"My shoe size is {number + 30}.") for number in range(40)]
    with Workspace(store) as opened, Both(2) as pool:
        report = opened.ingest([str(files[0].parent.parent)], Options(workers=pool, jobs=2))
    assert (report.files, report.episodes) == (40, 40)


@pytest.fixture(scope="module")
def dask() -> Iterator[Any]:
    """A Dask cluster of one worker process with two threads."""
    from distributed import LocalCluster

    place = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    # Dask sets the variables of its worker process in this one.
    with mock.patch.dict(os.environ), LocalCluster(n_workers=1, threads_per_worker=2, **place) as cluster:
        yield cluster


def url_of(cluster: Any) -> str:
    return str(cluster.scheduler_address).replace("tcp://", "dask://")


def test_a_dask_cluster_gives_the_same_store_as_one_process(
    memctl: Callable[..., Any], dask: Any, address: str, expected: list[str]
) -> None:
    ran = memctl("ingest", FIXTURES, "--workers", url_of(dask), "--store", address, "--json")
    assert ran.code == 0, ran.err
    assert ran.document["report"]["added"] > 0
    assert contents(address) == expected


@pytest.fixture
def ray(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a Ray cluster of one worker."""
    for name, value in (("RAY_USAGE_STATS_ENABLED", "0"), ("RAY_AUTH_MODE", "disabled")):
        monkeypatch.setenv(name, value)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # The paths of its sockets would be too long in a test's own folder.
    folder = tempfile.mkdtemp(prefix="ray", dir="/tmp")
    command = [sys.executable, Path(__file__).parents[1] / "ray_server.py", str(port), folder]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout
        assert "ready\n" in server.stdout
        yield f"ray://127.0.0.1:{port}"
        server.communicate()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.campaign
@pytest.mark.filterwarnings("ignore")
def test_a_ray_cluster_gives_the_same_store_as_one_process(ray: str, address: str, expected: list[str]) -> None:
    ingest(address, ray)
    assert contents(address) == expected


def test_a_worker_killed_during_its_commit_loses_and_repeats_nothing(
    home: Path, dask: Any, address: str, expected: list[str]
) -> None:
    """The first worker dies before its commit; Dask gives its chunk to the next."""
    from distributed import Client

    with Client(dask.scheduler_address, set_as_default=False) as client:
        flag = home / "killed"
        client.run(_die_once, str(flag))
        ingest(address, url_of(dask))
    assert flag.exists()
    assert contents(address) == expected


def _die_once(flag: str) -> None:
    """Have the next commit in this process kill it in the middle of its transaction."""
    from memctl.ingest import workers as module

    original = module.commit

    def commit(*arguments: Any, **named: Any) -> Any:
        committed = original(*arguments, **named)
        if not os.path.exists(flag):  # noqa: PTH110
            Path(flag).touch()
            os.kill(os.getpid(), signal.SIGKILL)
        return committed

    module.commit = commit


def test_an_interrupted_ingest_is_completed_by_the_next_run(
    home: Path, monkeypatch: pytest.MonkeyPatch, address: str, expected: list[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    class Stopping(ThreadPoolExecutor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            if self._work_queue.qsize() + len(done) >= 2:
                interrupt()
            done.append(None)
            return super().submit(fn, *args, **kwargs)

    done: list[None] = []
    with Stopping(1) as pool, pytest.raises(KeyboardInterrupt):
        ingest(address, pool)
    with ThreadPoolExecutor(2) as pool:
        ingest(address, pool)
    assert contents(address) == expected


class Failing(Executor):
    """Fails like a cluster."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_exception(self.error)
        return future


@pytest.mark.parametrize(
    ("error", "kind", "message"),
    [
        (ModuleNotFoundError("No module named 'memctl'"), UsageError, "a worker cannot run memctl"),
        (RuntimeError("KilledWorker"), Retryable, "a worker failed"),
        (TimeoutError(), Retryable, "a worker failed (TimeoutError)"),
        (Retryable("the server went away", where="db"), Retryable, "the server went away"),
    ],
)
def test_each_kind_of_worker_failure_has_its_own_error(
    home: Path, store: Path, error: Exception, kind: type[MemctlError], message: str
) -> None:
    with pytest.raises(kind, match=message.replace("(", r"\(").replace(")", r"\)")):
        ingest(store, Failing(error))


def test_a_worker_of_another_version_is_refused(home: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "__version__", "0.0.1")
    with ThreadPoolExecutor(1) as pool, pytest.raises(UsageError, match=r"a worker has memctl 0\.0\.1"):
        ingest(store, pool)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("--workers", "spark://host:7077"), 2, "not the address of a cluster"),
        (("--workers", "dask://user@host/x"), 2, "not the address of a cluster"),
        (("--workers", "dask://127.0.0.1:1"), 5, "the cluster does not answer"),
        *campaign_cases((("--workers", "ray://127.0.0.1:1"), 5, "the cluster does not answer")),
        (("--workers", "dask://127.0.0.1:1", "--jobs", "2"), 2, "--jobs and --workers cannot be combined"),
        (
            ("--workers", "dask://127.0.0.1:1", "--model", "gpt-5.4-mini"),
            2,
            "requests to a model come from one process",
        ),
    ],
)
def test_a_cluster_that_cannot_be_used_is_an_error_with_its_own_code(
    memctl: Callable[..., Any], arguments: tuple[str, ...], code: int, message: str
) -> None:
    ran = memctl("ingest", FIXTURES, *arguments)
    assert (ran.code, message in ran.err) == (code, True), ran


def test_a_missing_package_is_an_error_that_names_the_extra(
    memctl: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for scheme, package in (("dask", "distributed"), ("ray", "ray")):
        monkeypatch.setitem(sys.modules, package, None)
        ran = memctl("ingest", FIXTURES, "--workers", f"{scheme}://127.0.0.1:1")
        assert (ran.code, f"memctl-toolkit[{scheme}]" in ran.err) == (2, True), ran


@pytest.mark.parametrize(
    ("store_address", "cluster", "sent"),
    [
        ("postgresql://zoe:hunter2@db.example/x?schema=s", "dask://h:1", "postgresql://zoe@db.example/x?schema=s"),
        ("postgresql://db.example/x?password=hunter2", "dask://h:1", "postgresql://db.example/x"),
        ("postgresql://zoe@localhost/x", "dask://h:1", None),
        ("postgresql:///x?host=/run/postgresql", "ray://h:1", None),
        ("postgres:/home/zoe/pg", "ray://h:1", None),
        ("postgresql://zoe@localhost/x", "dask://localhost:1", "postgresql://zoe@localhost/x"),
        (None, "dask://localhost:1", None),
    ],
)
def test_workers_get_no_password_and_no_unreachable_store_address(
    store_address: str | None, cluster: str, sent: str | None
) -> None:
    assert workers.address_for(store_address, cluster) == sent


def test_a_script_that_ingests_without_a_check_for_the_main_module_is_told_so(tmp_path: Path):
    script = tmp_path / "nightly.py"
    script.write_text(
        "from memctl.ingest import pipeline\nfrom memctl.ingest.scan import Options\n"
        "from memctl.workspace import Workspace\npipeline.PARALLEL_BYTES = 0\n"
        f"Workspace({str(tmp_path / 'store.duckdb')!r}).ingest([{str(FIXTURES)!r}], Options(jobs=2))\n"
    )
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False)
    assert ran.returncode != 0
    assert 'call ingest below `if __name__ == "__main__":`' in ran.stderr
