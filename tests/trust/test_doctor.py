"""`memctl doctor`: each possible problem is a separate line with a remedy, and shows no secret."""

import json
import os
import random
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from campaigns import campaign, campaign_cases
from emulators import mem0_server, openai_chat, openai_embeddings

from memctl.embed import spec
from memctl.maintenance.doctor import lock_holders
from memctl.store.duckdb.ledger import Counts, Ledger


@pytest.fixture
def sound_store(memctl, store, once):
    """A store without problems."""
    assert once(lambda: memctl("add", "zoe", "I live in Oslo.")).code == 0
    return store


@pytest.fixture
def run_checks(memctl):
    """Run the checks; returns their findings by the name of the check, the last one for each name."""

    def examine(*arguments):
        ran = memctl("doctor", "--json", *arguments)
        findings = ran.document["findings"]
        assert ran.code == (1 if any(each["verdict"] == "fail" for each in findings) else 0)
        assert all(each["remedy"] for each in findings if each["verdict"] == "warn")
        return {each["check"]: each for each in findings}

    return examine


@contextmanager
def locked(path, how="WRITE"):
    """Another process has the database open."""
    code = f"import duckdb\nc = duckdb.connect({str(path)!r}, read_only={how == 'READ'})\nprint(1, flush=True)\ninput()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        try:
            yield holder.pid
        finally:
            holder.stdin.close()


def test_a_sound_store_has_no_problems(run_checks, sound_store):
    findings = run_checks()
    assert {each["verdict"] for each in findings.values()} == {"ok"}
    assert {"settings", "permissions", "store", "lock", "embedder", "disk", "clock"} <= findings.keys()
    assert "schema version 4, 1 fact, 1 episode, 1 user" in findings["store"]["detail"]
    assert "128 dimensions" in findings["embedder"]["detail"]


def test_doctor_changes_nothing_and_prints_no_fact(memctl, sound_store, age):
    before = sound_store.read_bytes()
    ran = memctl("doctor")
    assert "Oslo" not in ran.out + ran.err
    assert sound_store.read_bytes() == before
    age(1)
    before = sound_store.read_bytes()
    ran = memctl("doctor")
    assert (ran.code, "schema version 1" in ran.out) == (0, True)
    assert sound_store.read_bytes() == before
    assert [path.name for path in sound_store.parent.iterdir()] == [sound_store.name]


def test_without_a_store_doctor_says_how_to_create_one(run_checks, store):
    assert run_checks()["store"]["verdict"] == "warn"
    assert not store.parent.exists()


def test_a_store_whose_first_write_failed_is_reported_with_a_hint(run_checks, memctl, store):
    store.parent.mkdir()
    duckdb.connect(str(store)).close()
    store.chmod(0o600)
    line = run_checks()["store"]
    assert (line["verdict"], "the first write to the store failed" in line["detail"]) == ("warn", True)
    assert memctl("add", "zoe", "I live in Oslo.").code == 0
    assert run_checks()["store"]["verdict"] == "ok"
    assert [path.name for path in store.parent.iterdir()] == [store.name]


def of_a_newer_memctl(path):
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE name = 'schema_version'")


def holed(path):
    """Damaged in a page that is only noticed when it is read."""
    data = bytearray(path.read_bytes())
    at = data.index(b"zoe lives in Oslo")
    data[at : at + 20] = random.Random(1).randbytes(20)
    path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.write_text("no database"), "restore BACKUP --force"),
        (holed, "restore BACKUP --force"),
        (of_a_newer_memctl, "upgrade memctl"),
        (lambda path: os.truncate(path, 0), "delete it if it never had facts"),
        (lambda path: os.truncate(path, 5_000), "delete it if it never had facts"),
    ],
    ids=["no database", "a hole", "newer", "empty", "half made"],
)
def test_an_unusable_store_is_one_finding_and_other_checks_still_run(run_checks, sound_store, damage, message):
    damage(sound_store)
    findings = run_checks()
    assert findings["store"]["verdict"] == "fail"
    assert message in findings["store"]["remedy"]
    assert {"embedder", "disk", "clock", "permissions"} <= findings.keys()
    assert [name for name, each in findings.items() if each["verdict"] == "fail"] == ["store"]


def test_wrong_settings_are_one_finding_and_other_checks_still_run(run_checks, sound_store, home):
    secret = "sk-" + "q9Z" * 12
    (home / "work" / "memctl.toml").write_text(f'api_key = "{secret}"\nlock_timeout = "soon"\n')
    findings = run_checks()
    assert findings["settings"]["verdict"] in ("fail", "warn")
    assert findings["store"]["verdict"] == "ok"
    assert secret not in json.dumps(findings)


def test_files_readable_by_others_are_listed_individually(memctl, run_checks, sound_store, home):
    settings = home / "work" / "memctl.toml"
    settings.write_text('default_user = "zoe"\n')
    settings.chmod(0o644)
    memctl("snapshot", "create")
    (snapshot,) = sound_store.with_name(f"{sound_store.name}.snapshots").glob("*.duckdb")
    for path in (sound_store, snapshot):
        path.chmod(0o640)
    ran = memctl("doctor")
    for path, named in ((settings, settings.name), (sound_store, sound_store), (snapshot, snapshot)):
        assert f"chmod 600 {named}\n" in ran.out
        path.chmod(0o600)
    findings = run_checks()
    assert findings["permissions"]["verdict"] == findings["settings"]["verdict"] == "ok"


class TestLock:
    def test_doctor_shows_who_locks_the_store_and_since_when(self, run_checks, sound_store):
        if not Path("/proc/locks").exists():
            pytest.skip("only Linux tells who holds a file")
        before = datetime.now(UTC)
        with locked(sound_store) as pid:
            findings = run_checks("--lock-timeout", "0.1")
            (holder,) = lock_holders.holders(sound_store)
        assert findings["store"]["verdict"] == "fail"
        assert f"PID {pid}" in findings["lock"]["detail"]
        assert findings["lock"]["verdict"] == "warn"
        assert abs(holder.since - before) < timedelta(minutes=1)
        assert "import" not in findings["lock"]["detail"]
        assert run_checks()["lock"] == {
            "check": "lock", "verdict": "ok", "detail": "the store is not locked", "remedy": None
        }  # fmt: skip

    def test_a_process_that_only_reads_is_not_a_problem(self, run_checks, sound_store):
        with locked(sound_store, "READ") as pid:
            findings = run_checks()
        assert findings["lock"]["verdict"] == findings["store"]["verdict"] == "ok"
        assert not Path("/proc/locks").exists() or f"PID {pid}" in findings["lock"]["detail"]

    def test_only_the_command_name_of_another_memctl_is_shown(self, tmp_path, monkeypatch):
        """A command line may contain a user's text or name."""
        processes = tmp_path / "proc"
        (processes / "71").mkdir(parents=True)
        monkeypatch.setattr(lock_holders, "_PROCESSES", processes)
        for words, told in (
            (
                ["python3", "/opt/bin/memctl", "--log-file", "alice.log", "add", "alice", "I am ill"],
                "memctl add",
            ),
            (["memctl", "--log-file", "alice.log"], "memctl"),
            (["/usr/bin/psql", "postgres://alice@host"], "psql"),
        ):
            (processes / "71" / "cmdline").write_bytes("\0".join([*words, ""]).encode())
            assert lock_holders._command(71, ("add", "ingest")) == told


class TestLeftOver:
    def test_the_log_of_a_killed_command_is_reported(self, run_checks, sound_store):
        code = f"""
import os, duckdb
connection = duckdb.connect({str(sound_store)!r})
connection.execute("INSERT INTO meta VALUES ('note', 'x')")
os._exit(0)
"""
        subprocess.run([sys.executable, "-c", code], check=True)
        assert run_checks()["log"]["verdict"] == "warn"

    def test_a_kept_damaged_store_is_reported(self, memctl, run_checks, sound_store):
        memctl("backup", "whole.memctl")
        sound_store.write_text("no database")
        assert memctl("restore", "whole.memctl", "--force").code == 0
        findings = run_checks()
        assert findings["store"]["verdict"] == "ok"
        assert "delete it" in findings["damaged"]["remedy"]

    @pytest.mark.parametrize(
        ("state", "verdict"),
        [("done", "ok"), ("failed", "warn"), *campaign_cases(("interrupted", "warn"))],
    )
    def test_an_unfinished_migration_is_reported(self, run_checks, sound_store, home, state, verdict):
        from memctl.runtime import settings as config

        with Ledger(config.data_folder() / "ledger.duckdb") as ledger:
            ledger.start_run("r1", ledger.route("mem0:x", "local:y", "facts"), "memctl migrate --user zoe")
            ledger.end("r1", state, Counts())
        finding = run_checks()["runs"]
        assert finding["verdict"] == verdict
        assert verdict == "ok" or finding["remedy"].startswith("memctl migrations show r1")
        assert "zoe" not in json.dumps(finding)

    def test_a_running_migration_is_not_reported_as_killed(self, run_checks, sound_store):
        from memctl.runtime import settings as config

        with Ledger(config.data_folder() / "ledger.duckdb") as ledger:
            route = ledger.route("mem0:x", "local:y", "facts")
            ledger.start_run("r1", route, "memctl migrate")
        assert "was killed" in run_checks()["runs"]["detail"]
        if not Path("/proc/locks").exists():
            pytest.skip("only Linux tells who holds a file")
        lock = ledger.path.with_name(f"{ledger.path.name}.{route}.lock")
        code = f"import fcntl\nf = open({str(lock)!r}, 'wb')\nfcntl.flock(f, 2)\nprint(1, flush=True)\ninput()"
        with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            other.stdout.readline()
            assert "is running" in run_checks()["runs"]["detail"]
            other.stdin.close()

    def test_a_damaged_ledger_is_reported(self, run_checks, sound_store):
        from memctl.runtime import settings as config

        config.data_folder().mkdir(parents=True, exist_ok=True, mode=0o700)
        ledger = config.data_folder() / "ledger.duckdb"
        ledger.write_text("no database")
        ledger.chmod(0o600)
        finding = run_checks()["runs"]
        assert (finding["verdict"], "move it away" in finding["remedy"]) == ("fail", True)


class TestModel:
    @pytest.fixture
    def server(self, monkeypatch):
        with openai_chat.serve() as server:
            server.needs_key = True
            monkeypatch.setenv("MEMCTL_LLM_BASE_URL", server.url)
            monkeypatch.setenv("MEMCTL_LLM_MODEL", openai_chat.MODEL)
            monkeypatch.setenv("MEMCTL_LLM_API_KEY", openai_chat.KEY)
            yield server

    def test_model_key_and_name_are_checked_without_a_paid_request(self, run_checks, sound_store, server):
        findings = run_checks()
        assert findings["model"]["verdict"] == findings["clock model"]["verdict"] == "ok"
        assert server.requests == []

    def test_a_local_model_server_is_named_if_no_model_is_set(self, run_checks, sound_store, server, monkeypatch):
        server.needs_key = False
        monkeypatch.delenv("MEMCTL_LLM_MODEL")
        monkeypatch.setenv("MEMCTL_LOCAL_SERVERS", server.url)
        finding = run_checks()["model"]
        assert (finding["verdict"], server.url in finding["detail"], openai_chat.MODEL in finding["detail"]) == (
            "ok",
            True,
            True,
        )

    def test_a_wrong_model_name_is_reported(self, run_checks, sound_store, server, monkeypatch):
        monkeypatch.setenv("MEMCTL_LLM_MODEL", "small-raeder")
        finding = run_checks()["model"]
        assert (finding["verdict"], openai_chat.MODEL in finding["remedy"]) == ("fail", True)

    def test_a_wrong_key_is_reported_but_not_shown(self, memctl, run_checks, sound_store, server, monkeypatch):
        key = "sk-" + "w7X" * 12
        monkeypatch.setenv("MEMCTL_LLM_API_KEY", key)
        finding = run_checks()["model"]
        assert (finding["verdict"], "MEMCTL_LLM_API_KEY" in finding["remedy"]) == ("fail", True)
        ran = memctl("doctor")
        assert key not in ran.out + ran.err

    def test_an_unreachable_model_server_is_reported(self, run_checks, sound_store, server, monkeypatch):
        monkeypatch.setenv("MEMCTL_LLM_BASE_URL", "http://127.0.0.1:9/v1")
        finding = run_checks()["model"]
        assert (finding["verdict"], "base URL" in finding["remedy"]) == ("fail", True)

    def test_a_server_without_a_list_of_models_is_not_a_failure(self, run_checks, sound_store, server):
        server.lists_models = False
        assert run_checks()["model"]["verdict"] == "warn"

    @pytest.mark.parametrize("ahead", [7200, *campaign(-7200)])
    def test_a_different_clock_of_the_model_server_is_reported(self, run_checks, sound_store, server, ahead):
        server.clock_ahead = ahead
        finding = run_checks()["clock model"]
        assert finding["verdict"] == "warn"
        assert ("ahead" if ahead > 0 else "behind") in finding["detail"]

    def test_an_embedding_server_is_checked_without_a_request_for_vectors(self, memctl, run_checks, store, monkeypatch):
        with openai_embeddings.serve() as server:
            monkeypatch.setenv("MEMCTL_EMBED_API_KEY", openai_embeddings.KEY)
            monkeypatch.setenv("MEMCTL_EMBEDDER", "openai:letters")
            monkeypatch.setenv("MEMCTL_EMBED_BASE_URL", server.url)
            assert memctl("add", "zoe", "I live in Oslo.").code == 0
            paid = len(server.requests)
            finding = run_checks()["embedder"]
            assert (finding["verdict"], "dimensions" in finding["detail"]) == ("ok", True)
            assert len(server.requests) == paid
            monkeypatch.setenv("MEMCTL_EMBED_API_KEY", "another")
            spec._open.cache_clear()
            assert run_checks()["embedder"]["verdict"] == "fail"


def test_the_clock_of_a_database_is_compared_with_the_local_one(
    memctl, run_checks, sound_store, home, postgres_dsn, postgres_schema, monkeypatch
):
    monkeypatch.setenv("WORK_DSN", postgres_dsn)
    settings = home / "work" / "memctl.toml"
    settings.write_text(
        f'[backends.work]\nadapter = "postgres"\ndsn_env = "WORK_DSN"\nschema = {json.dumps(postgres_schema)}\n'
    )
    settings.chmod(0o600)
    assert memctl("backends", "init", "work").code == 0
    findings = run_checks()
    assert findings["backend work"]["verdict"] == findings["clock work"]["verdict"] == "ok"
    from memctl_postgres.adapter import PostgresAdapter

    there = datetime.now(UTC) + timedelta(hours=2)
    monkeypatch.setattr(PostgresAdapter, "now", lambda self: there)
    assert run_checks()["clock work"]["verdict"] == "warn"


def test_the_clock_of_a_server_is_taken_from_any_response(run_checks, sound_store, home, monkeypatch):
    monkeypatch.setenv("MEM0_SERVER_API_KEY", mem0_server.KEY)
    with mem0_server.serve() as server:
        settings = home / "work" / "memctl.toml"
        settings.write_text(f'[backends.work]\nadapter = "mem0-server"\nurl = "{server.url}"\n')
        settings.chmod(0o600)
        findings = run_checks()
    assert findings["backend work"]["verdict"] == "ok", findings["backend work"]
    assert findings["clock work"]["verdict"] == "ok"
    assert mem0_server.KEY not in json.dumps(findings)


def test_a_store_with_another_embedder_than_the_settings_is_reported(run_checks, sound_store, monkeypatch):
    monkeypatch.setenv("MEMCTL_EMBEDDER", "openai:letters")
    finding = run_checks()["embedder"]
    assert (finding["verdict"], "memctl reindex" in finding["remedy"]) == ("fail", True)


def test_little_free_disk_space_is_reported(run_checks, sound_store, monkeypatch):
    monkeypatch.setattr("memctl.maintenance.doctor.environment.LITTLE_DISK", 10**18)
    assert run_checks()["disk"]["verdict"] == "warn"


def test_an_untested_sdk_version_is_reported(run_checks, sound_store, monkeypatch):
    monkeypatch.setattr("memctl.maintenance.doctor.environment.TESTED", {"msgspec": "99."})
    assert run_checks()["msgspec"]["verdict"] == "warn"


def test_a_missing_sdk_is_not_a_problem(run_checks, sound_store, monkeypatch):
    """A plain installation has no SDKs, and the adapter of PostgreSQL cannot be imported without its driver."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    for name in [name for name in sys.modules if name.startswith(("psycopg.", "memctl_postgres"))]:
        monkeypatch.delitem(sys.modules, name)
    assert "fail" not in {finding["verdict"] for finding in run_checks().values()}


def test_a_clock_that_went_back_is_reported(memctl, run_checks, sound_store):
    later = f"{datetime.now(UTC) + timedelta(days=2):%Y-%m-%d %H:%M:%S}"
    assert memctl("sql", f"UPDATE records SET imported_at = '{later}'", "--write").code == 0
    assert run_checks()["clock"]["verdict"] == "warn"


def test_a_store_without_read_permission_is_reported(run_checks, sound_store):
    if not os.geteuid():
        pytest.skip("root reads everything")
    sound_store.chmod(0)
    assert run_checks()["store"]["verdict"] == "fail"
    sound_store.chmod(0o600)
