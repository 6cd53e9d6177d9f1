"""Several machines at once, connection poolers, and servers and writers that stop: nothing is lost or half written."""

import itertools
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from examples import FACTOR
from psycopg.conninfo import conninfo_to_dict

from memctl.backends.contract import Query
from memctl.core.errors import MemctlError
from memctl.ingest.attribution import Attribution
from memctl.ingest.scan import Options
from memctl.workspace import Workspace

FIXTURES = Path(__file__).parents[2] / "fixtures" / "transcripts"
TURNS = 2 if FACTOR == 1 else 4
"""The number of turns that each of many writers adds."""
PLACES = ("Oslo", "Rome", "Lima", "Paris")
TABLES = ("records", "units", "vectors", "claims", "evidence", "files", "sightings", "removed")
WHOLE = (
    "SELECT count(*) FROM units u WHERE NOT EXISTS (SELECT FROM vectors v WHERE v.unit = u.key)",
    "SELECT count(*) FROM units u WHERE NOT EXISTS (SELECT FROM records r WHERE r.key = u.record)",
    "SELECT count(*) FROM records r WHERE NOT EXISTS (SELECT FROM units u WHERE u.record = r.key)",
    "SELECT count(*) FROM evidence e WHERE NOT EXISTS (SELECT FROM claims c WHERE c.id = e.claim)",
    "SELECT count(*) FROM evidence e WHERE NOT EXISTS (SELECT FROM records r WHERE r.id = e.fact)",
    "SELECT count(*) - count(DISTINCT key) FROM records",
    "SELECT count(*) - count(DISTINCT key) FROM units",
)
"""Each of these is 0 in a store in which nothing is half written."""


def require_whole(store: Workspace) -> None:
    assert [store.sql(statement).rows for statement in WHOLE] == [[(0,)]] * len(WHOLE)


def write_and_search(address: str, writers: int, turns: int, users: int) -> int:
    """Let writers add turns of the same users, while others search; returns the number of searches."""
    done = threading.Event()

    def write(number: int) -> None:
        with Workspace(address, lock_timeout=60) as own:
            for turn in range(turns):
                own.add(f"user{(number + turn) % users}", [f"I live in {PLACES[turn % 4]}.", f"Note {number}.{turn}."])

    def search(seed: int) -> int:
        chance, searches = random.Random(seed), 0
        with Workspace(address) as own:
            while not done.is_set():
                searches += len(own.search(Query(f"user{chance.randrange(users)}", "where do I live", 5))) > 0
        return searches

    with Workspace(address) as first:
        for user in range(users):
            first.add(f"user{user}", ["I live in Quito."])
    with ThreadPoolExecutor(writers + 2) as pool:
        searching = [pool.submit(search, seed) for seed in range(2)]
        writing = [pool.submit(write, number) for number in range(writers)]
        try:
            for writer in writing:
                writer.result()
        finally:
            done.set()
        return sum(future.result() for future in searching)


def test_sixteen_writers_are_not_refused_and_searches_continue(address: str) -> None:
    assert write_and_search(address, writers=16, turns=TURNS, users=5) > 0
    with Workspace(address) as store:
        require_whole(store)
        assert store.sql("SELECT count(*) FROM records WHERE kind = 'episode'").rows == [(16 * TURNS * 2 + 5,)]
        for user in range(5):
            (place,) = (fact for fact in store.facts(f"user{user}") if fact.predicate == "lives_in")
            assert place.object in PLACES


class Relay:
    """A port that leads to a server on a Unix socket, until it is cut."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.open: list[socket.socket] = []
        self.cut = False
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self.listening.accept()
                if self.cut:
                    client.close()
                    continue
                server = socket.socket(socket.AF_UNIX)
                server.connect(self.path)
                self.open += (client, server)
                for source, target in ((client, server), (server, client)):
                    threading.Thread(target=self._pass, args=(source, target), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def stop(self) -> None:
        self.cut = True
        for end in self.open:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


def socket_of(dsn: str) -> Path:
    """The folder of the server's socket."""
    return Path(conninfo_to_dict(dsn)["host"])


def through(port: int, dsn: str, schema: str) -> str:
    """The address of the store through this port."""
    return f"postgresql://{conninfo_to_dict(dsn)['user']}@127.0.0.1:{port}/postgres?schema={quote(schema)}"


@pytest.fixture
def relay(postgres_dsn: str) -> Iterator[Relay]:
    opened = Relay(str(socket_of(postgres_dsn) / ".s.PGSQL.5432"))
    yield opened
    opened.stop()
    for end in (opened.listening, *opened.open):
        end.close()


def test_an_ingest_resumes_after_the_server_stopped_between_batches(
    memctl: Callable[..., Any],
    home: Path,
    relay: Relay,
    postgres_dsn: str,
    postgres_schema: str,
    address: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    place = through(relay.port, postgres_dsn, postgres_schema)
    monkeypatch.setattr("memctl.ingest.pipeline.BATCH_TURNS", 8)
    from memctl.ingest import pipeline

    commit, commits = pipeline.commit, itertools.count()

    def commit_then_lose_the_server(*arguments: Any, **named: Any) -> Any:
        if next(commits) == 2:
            relay.stop()
        return commit(*arguments, **named)

    monkeypatch.setattr(pipeline, "commit", commit_then_lose_the_server)
    transcripts = home / "transcripts"
    for user in ("alice", "mei"):
        shutil.copytree(FIXTURES / user, transcripts / user)
    stopped = memctl("ingest", transcripts, "--jobs", 1, "--store", place)
    assert stopped.code == 5, stopped
    relay.cut = False
    monkeypatch.setattr(pipeline, "commit", commit)
    with Workspace(address) as store:
        require_whole(store)
        begun = store.count("alice")
    assert memctl("ingest", transcripts, "--jobs", 1, "--store", place).code == 0
    assert memctl("ingest", transcripts).code == 0
    with Workspace(address) as store:
        require_whole(store)
        assert store.count("alice") > begun
    for user in ("alice", "mei"):
        texts = [memctl("facts", user, "--json", *there).document["facts"] for there in ((), ("--store", place))]
        assert {fact["id"] for fact in texts[0]} == {fact["id"] for fact in texts[1]}


def test_a_writer_killed_before_its_commit_leaves_nothing(
    home: Path, address: str, postgres_dsn: str, postgres_schema: str
) -> None:
    with Workspace(address) as store:
        store.add("zoe", ["I live in Oslo."])
        before = {table: store.sql(f"SELECT count(*) FROM {table}").rows for table in TABLES}
        with psycopg.connect(postgres_dsn) as blocking:
            # A run writes its undo log last, so the writer stops right before its commit.
            blocking.execute(f'LOCK TABLE "{postgres_schema}".touched IN SHARE MODE')
            command = [Path(sys.executable).parent / "memctl", "ingest", FIXTURES / "alice", "--user", "zoe"]
            writer = subprocess.Popen([*command, "--store", address, "--jobs", "1"], stderr=subprocess.PIPE, text=True)
            waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = %s::regclass"
            with psycopg.connect(postgres_dsn, autocommit=True) as watching:
                while not watching.execute(waiting, [f'"{postgres_schema}".touched']).fetchall()[0][0]:
                    assert writer.poll() is None, writer.communicate()
                    time.sleep(0.02)
            writer.send_signal(signal.SIGKILL)
            writer.communicate()
        assert {table: store.sql(f"SELECT count(*) FROM {table}").rows for table in TABLES} == before
        report = store.ingest([str(FIXTURES / "alice")], Options(attribution=Attribution(user="zoe")))
        assert report.added > 0
        require_whole(store)


def undone_in(store: Workspace, order: tuple[int, ...], user: str) -> list[object]:
    """The state of a memory after three changes of it are undone in the given order, each as soon as possible."""
    for place in ("Oslo", "Rome"):
        store.add(user, [f"I live in {place}.", f"I work in {place}."])
    store.delete(user, [fact.id for fact in store.facts(user)[:1]])
    runs = [run.id for run in store.changing_runs() if run.undone_at is None][:3][::-1]
    states: list[object] = []
    for number in order * 3:
        try:
            states.append(store.undo(runs[number])[1])
        except MemctlError as error:
            states.append([str(error.hint).count(run) for run in runs])
        texts = [
            (fact.text, fact.invalid_at is None, fact.superseded_by is None) for fact in store.facts(user, all=True)
        ]
        states.append(sorted(map(str, texts)))
    assert all(run.undone_at for run in store.changing_runs() if run.id in runs), "a run cannot be undone"
    return states


def test_undo_in_any_order_gives_the_same_result_as_in_a_file(address: str, tmp_path: Path) -> None:
    """Undo on a server restores and refuses the same as in a file, with the same hints. `make torture` tries all
    orders."""
    orders = list(itertools.permutations(range(3))) if FACTOR > 1 else [(0, 1, 2), (2, 0, 1)]
    with Workspace(address) as team, Workspace(tmp_path / "store.duckdb") as own:
        for store in (team, own):
            for number in range(len(orders)):
                store.add(f"ann{number}", ["My name is Ann."])
        for number, order in enumerate(orders):
            assert undone_in(team, order, f"ann{number}") == undone_in(own, order, f"ann{number}")
        require_whole(team)


SESSION = (
    "SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'",
    "SELECT count(*) FROM pg_class WHERE relnamespace = pg_my_temp_schema()",
    "SELECT name, setting FROM pg_settings WHERE source = 'session' AND name NOT LIKE 'transaction_%' ORDER BY name",
)
"""What a session can keep, besides prepared statements, that a pooler would give to somebody else."""


@pytest.mark.parametrize("pooled", [False, True])
def test_a_connection_keeps_nothing_but_statements_and_those_only_without_a_pooler(
    address: str, postgres_dsn: str, monkeypatch: pytest.MonkeyPatch, pooled: bool
) -> None:
    if pooled:
        # A pooler gives each client a number of its own.
        monkeypatch.setattr(psycopg.ConnectionInfo, "backend_pid", 1)
    with Workspace(address) as store:
        for place in PLACES * 2:
            store.add("zoe", [f"I live in {place}."])
            store.search(Query("zoe", "Oslo"))
        store.undo(store.changing_runs()[0].id)
        store.reindex()
        with psycopg.connect(postgres_dsn, autocommit=True) as fresh, store.engine.database.connection() as used:
            assert pooled != bool(used.execute("SELECT name FROM pg_prepared_statements").fetchall())
            for statement in SESSION:
                assert used.execute(statement).fetchall() == fresh.execute(statement).fetchall()


@contextmanager
def pgbouncer(folder: Path, dsn: str) -> Iterator[int]:
    """A PgBouncer in transaction mode with 4 connections to the server; yields its port."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("no pgbouncer on this machine")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    owner, user = socket_of(dsn).stat().st_uid, conninfo_to_dict(dsn)["user"]
    folder.chmod(0o777)
    (folder / "users.txt").write_text(f'"{user}" ""\n')
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\npostgres = host={socket_of(dsn)} port=5432 dbname=postgres user={user}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = trust\n"
        f"auth_file = {folder}/users.txt\npool_mode = transaction\ndefault_pool_size = 4\nmax_client_conn = 200\n"
    )
    command = [program, str(folder / "pgbouncer.ini")]
    process = subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, user=owner if os.geteuid() == 0 else None, cwd="/"
    )
    try:
        while True:
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            assert process.poll() is None, process.communicate()
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.communicate()


def test_forty_clients_work_through_pgbouncer_on_four_connections(
    postgres_dsn: str, postgres_schema: str, address: str
) -> None:
    folder = Path("/tmp") / f"memctl-pgbouncer-{os.getpid()}"
    folder.mkdir()
    try:
        with pgbouncer(folder, postgres_dsn) as port:
            place = through(port, postgres_dsn, postgres_schema)
            assert write_and_search(place, writers=38, turns=TURNS // 2, users=7) > 0
    finally:
        shutil.rmtree(folder)
    with Workspace(address) as store:
        require_whole(store)
        assert store.sql("SELECT count(*) FROM records WHERE kind = 'episode'").rows == [(38 * TURNS // 2 * 2 + 7,)]
