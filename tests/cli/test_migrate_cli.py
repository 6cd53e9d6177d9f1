"""The commands that migrate, compare and export facts: their output and exit codes."""

import json
import os
import sys

import msgspec
import pytest

from memctl.cli import app as command_line
from memctl.core.fact import Fact, Source, derive_id, encode_lines
from memctl.workspace import Workspace


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A home with a store of alice (4 facts) and bruno (2), and an empty second store called work."""
    for name in [name for name in os.environ if name.startswith("MEMCTL_") or name == "COLUMNS"]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("MEMCTL_STORE", str(tmp_path / "store.duckdb"))
    (tmp_path / "memctl.toml").write_text('[backends.work]\nadapter = "local"\npath = "work.duckdb"\n')
    return tmp_path


@pytest.fixture(autouse=True)
def filled(home, once):
    def fill():
        Workspace(home / "store.duckdb").write(facts("alice", 4) + facts("bruno", 2, kind="episode"))

    once(fill)


def facts(user, number, **fields):
    return [
        Fact(
            id=derive_id(user, str(index)),
            user_id=user,
            **{"kind": "fact", "text": f"{user} likes thing {index}", "source": Source(system="test")} | fields,
        )
        for index in range(number)
    ]


@pytest.fixture
def memctl(home, monkeypatch, capfd):
    """Run a command; returns its exit code, stdout and stderr."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["memctl", *arguments])
        with pytest.raises(SystemExit) as ended:
            command_line.main()
        out, err = capfd.readouterr()
        return int(ended.value.code), out, err

    return run


MOVE = ("migrate", "--from", "local", "--to", "work")


def test_migrate_moves_and_verifies_and_a_second_run_changes_nothing(memctl, home):
    code, out, _ = memctl(*MOVE, "--all-users")
    assert (code, out.splitlines()[:3]) == (
        0,
        [
            "6 written, 0 updated, 0 unchanged, 0 rejected, of 6 read",
            "no field is lost or changed",
            "verified: 6 match, 0 differ, 0 missing, 0 unreadable",
        ],
    )
    assert memctl("verify", "--from", "local", "--to", "work")[0] == 0
    code, out, _ = memctl(*MOVE, "--all-users")
    assert (code, out.splitlines()[0]) == (0, "0 changed, 6 unchanged, 0 rejected, of 6 read")


def test_migrate_json_has_the_documented_fields(memctl):
    code, out, err = memctl(*MOVE, "--user", "alice", "--json")
    document = json.loads(out)
    assert (code, err, document["schema"]) == (0, "", "memctl.migrate/1")
    nothing = dict.fromkeys(("updated", "unchanged", "newer", "rejected", "rejected_earlier"), 0)
    assert document["counts"] == {"read": 4, "written": 4} | nothing
    assert (document["losses"], document["plan"]["users"]) == ([], {"alice": {"fact": 4}})
    assert memctl("migrations", "show", document["run"])[1].count(document["run"]) == 1


def test_a_dry_run_prints_the_plan_and_writes_nothing(memctl, home):
    before = sorted(path.name for path in home.iterdir())
    code, out, _ = memctl(*MOVE, "--all-users", "--dry-run")
    assert code == 0
    for said in ("moves  4 facts and 2 episodes of 2 users", "1 to write", "no field is lost", "nothing was written"):
        assert said in out
    document = json.loads(memctl(*MOVE, "--all-users", "--dry-run", "--json")[1])
    assert (document["run"], document["plan"]["facts"]) == (None, 6)
    assert sorted(path.name for path in home.iterdir()) == before


def test_a_dry_run_counts_what_the_run_will_reject(memctl, home):
    """The file is JSON lines, but no line of it is a fact."""
    lines = [{"about": "Alice", "note": "likes tea"}] * 2
    (home / "memory.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    move = ("migrate", "--from", "memory.jsonl", "--to", "local", "--all-users")
    dry, out, _ = memctl(*move, "--dry-run")
    assert (dry, "no field is lost or changed" in out) == (3, False)
    assert [line for line in out.splitlines() if line.startswith("reject 2: ")]
    assert json.loads(memctl(*move, "--dry-run", "--json")[1])["counts"]["rejected"] == 2
    assert memctl(*move)[0] == dry


def test_a_dry_run_of_many_users_lists_the_largest(memctl, home):
    more = [fact for number in range(25) for fact in facts(f"user{number:02}", 2 if number == 24 else 1)]
    Workspace(home / "store.duckdb").write(more)
    out = memctl(*MOVE, "--all-users", "--dry-run")[1]
    assert "user24" in out
    assert "user23" not in out
    assert "and 7 more users" in out


def test_a_plan_is_applied_unless_the_source_has_changed(memctl, home):
    assert memctl(*MOVE, "--user", "alice", "--dry-run", "--plan-out", "plan.json")[0] == 0
    assert (home / "plan.json").stat().st_mode & 0o077 == 0
    Workspace(home / "store.duckdb").write(facts("alice", 5)[4:])
    code, _, err = memctl("migrate", "--plan", "plan.json")
    assert (code, "the source has changed" in err) == (1, True)
    assert not (home / "work.duckdb").exists()
    Workspace(home / "store.duckdb").delete("alice", [facts("alice", 5)[4].id])
    code, out, _ = memctl("migrate", "--plan", "plan.json")
    assert (code, out.splitlines()[0][:9]) == (0, "4 written")
    assert memctl("migrate", "--plan", "plan.json", "--user", "bruno")[0] == 2


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("migrate", "--to", "work", "--all-users"), 2, "--from is required"),
        ((*MOVE,), 2, "--all-users"),
        ((*MOVE, "--user", "carol"), 4, "users: alice, bruno"),
        ((*MOVE, "--all-users", "--kinds", "facts"), 2, "kinds: fact, preference"),
        ((*MOVE, "--all-users", "--rate", "fast"), 2, "10/s"),
        ((*MOVE, "--all-users", "--max-duration", "soon"), 2, "15m"),
        ((*MOVE, "--all-users", "--max-duration", "0.000001s"), 8, "to resume"),
        (("migrate", "--from", "local", "--to", "local", "--all-users"), 2, "the same"),
        (("migrate", "--from", "local", "--to", "pluto", "--all-users"), 4, "local, mem0, "),
        (("migrate", "--from", "local", "--to", "-", "--all-users"), 2, "memctl export"),
        (("sync", "--from", "local", "--to", "-", "--all-users"), 2, "memctl export"),
        (("ingest", "work", "--from", "local"), 2, "only one of PATHS"),
        (("import", "chat.txt"), 4, "check the path"),
        (("import", "."), 2, "memctl ingest"),
        (("import", "work"), 2, "memctl migrate --from work --to local"),
        (("import", "none.jsonl"), 4, "no such file"),
        (("export", "--all-users", "-o", "work"), 2, "x.jsonl"),
        (("export", "--all-users", "--json"), 2, "stdout is used for the facts"),
        (("migrations", "show", "1999"), 4, "memctl migrations"),
        (("backends", "test", "pluto"), 4, "known backends"),
    ],
)
def test_each_error_has_its_hint_and_exit_code(memctl, arguments, code, message):
    ended, _, err = memctl(*arguments)
    assert (ended, message in err.replace("To resume", "to resume")) == (code, True), err


@pytest.mark.parametrize("command", ["migrate", "sync"])
@pytest.mark.parametrize("adapter", ["claude-code", "letta-memfs", "notes"])
def test_a_missing_folder_is_named_without_a_resume_command(memctl, home, command, adapter):
    code, out, err = memctl(command, "--from", f"{adapter}:nothere", "--to", "x.jsonl", "--user", "alice")
    assert (code, out) == (4, "")
    assert f"{home / 'nothere'}: no such folder\n  check the path\n" in err
    assert "resume" not in err
    assert not (home / "x.jsonl").exists()


def test_several_workers_are_refused_for_a_single_writer_backend(memctl):
    code, _, err = memctl(*MOVE, "--all-users", "--workers", "4")
    assert (code, "using 1 of 4 writers" in err) == (0, True)


def test_verify_shows_each_difference_and_exits_with_6(memctl, home):
    memctl(*MOVE, "--all-users", "-q")
    work = Workspace(home / "work.duckdb")
    first, second, third, _ = facts("alice", 4)
    work.write([msgspec.structs.replace(first, text="alice hates thing 0"), *facts("mei", 1)])
    work.delete("alice", [second.id])
    code, out, _ = memctl("verify", "--from", "local", "--to", "work", "--combined", "all.txt")
    assert code == 6
    assert set(out.splitlines()[1:]) == {
        f"* alice {first.id} text",
        f"+ alice {second.id}",
        f"- mei {facts('mei', 1)[0].id}",
    }
    lines = (home / "all.txt").read_text().splitlines()
    assert (len(lines), f"= alice {third.id}" in lines) == (7, True)
    document = json.loads(memctl("verify", "--from", "local", "--to", "work", "--json")[1])
    assert {name: document[name] for name in ("same", "differs", "missing", "extra", "errors")} == {
        "same": 4,
        "differs": 1,
        "missing": 1,
        "extra": 1,
        "errors": 0,
    }
    assert {row["symbol"] for row in document["rows"]} == {"*", "+", "-"}
    assert memctl("verify", "--from", "local", "--to", "work", "--user", "bruno")[0] == 0


@pytest.mark.parametrize("ending", ["jsonl", "parquet", "csv"])
def test_exported_facts_are_unchanged_after_import(memctl, home, ending):
    file = f"facts.{ending}"
    assert memctl("export", "--all-users", "-o", file)[:2] == (0, f"4 facts and 2 episodes written to {file}\n")
    code, out, err = memctl("import", file, "--to", "work")
    assert (code, out.splitlines()[0]) == (0, "6 written, 0 updated, 0 unchanged, 0 rejected, of 6 read"), err
    assert memctl("verify", "--from", "local", "--to", "work")[0] == 0
    assert memctl("verify", "--from", file, "--to", "work")[0] == 0
    assert memctl("import", file, "--to", "work")[1].startswith("0 changed")


def test_an_export_replaces_the_file_and_leaves_no_temporary_files(memctl, home):
    memctl("export", "--all-users", "-o", "facts.jsonl")
    assert memctl("export", "--user", "bruno", "-o", "facts.jsonl")[1].endswith("facts.jsonl, which was replaced\n")
    assert len((home / "facts.jsonl").read_text().splitlines()) == 2
    before = (home / "facts.jsonl").read_bytes()
    assert memctl("export", "--user", "nobody", "-o", "facts.jsonl")[0] == 4
    assert (home / "facts.jsonl").read_bytes() == before
    assert [path.name for path in home.iterdir() if path.name.startswith(".")] == []


def test_facts_go_through_pipes(memctl, home, monkeypatch):
    code, out, err = memctl("export", "--user", "alice")
    assert (code, len(out.splitlines()), "4 facts written" in err) == (0, 4, True)
    (home / "in.jsonl").write_text(out)
    with (home / "in.jsonl").open() as piped:
        monkeypatch.setattr(sys, "stdin", piped)
        code, out, err = memctl("import", "-", "--to", "work")
    assert (code, out.startswith("4 written")) == (0, True), err


def test_a_broken_line_is_listed_and_the_others_are_imported(memctl, home):
    (home / "facts.jsonl").write_bytes(b"".join(encode_lines(facts("mei", 2))) + b'{"id": 1}\n')
    code, out, err = memctl("import", "facts.jsonl", "--rejects", "bad.jsonl")
    assert (code, out.startswith("2 written, 0 updated, 0 unchanged, 1 rejected")) == (3, True), err
    assert "facts.jsonl" in json.loads((home / "bad.jsonl").read_text())["where"]
    assert "1 rejected: Expected `uuid`, got `int` - at `$.id`\nrejected records: bad.jsonl" in err
    code, out, _ = memctl("import", "facts.jsonl", "--rejects", "worse.jsonl", "--json")
    assert (code, json.loads(out)["reasons"]) == (3, {"Expected `uuid`, got `int` - at `$.id`": 1})


def test_backends_lists_tests_and_initialises_backends(memctl):
    code, out, _ = memctl("backends")
    assert code == 0
    assert {"local", "postgres", "mem0", "zep", "letta"} <= {
        line.split()[0] for line in out.splitlines()[1:] if line[0] != " "
    }
    assert "work (local)" in out
    document = json.loads(memctl("backends", "--json")[1])
    local = next(backend for backend in document["backends"] if backend["name"] == "local")
    assert local["capabilities"]["batch_size"] == Workspace.capabilities.batch_size
    read_only = {backend["name"] for backend in document["backends"] if backend["capabilities"]["read_only"]}
    assert read_only == {"gemini"}
    gemini = next(line for line in out.splitlines() if line.startswith("gemini"))
    assert gemini.split()[-4:] == ["kept", "no", "1000", "-"]
    code, out, _ = memctl("backends", "test", "local")
    assert (code, "6 records of 2 users" in out) == (0, True)
    assert memctl("backends", "init", "local")[0] == 0


@pytest.mark.parametrize("command", ["migrate", "sync"])
def test_a_mistyped_user_records_no_migration(memctl, home, command):
    code, out, err = memctl(command, *MOVE[1:], "--user", "alcie", "-q")
    assert (code, out, "Did you mean 'alice'?" in err, "resume" in err) == (4, "", True, False)
    assert memctl("migrations", "--json")[1].count("alcie") == 0
    assert memctl("migrations", "--last")[0] == 4
    assert not (home / "work.duckdb").exists()


@pytest.mark.parametrize("command", [("migrate",), ("sync",), ("sync", "--both")])
def test_a_mistyped_user_creates_nothing_in_the_target(memctl, home, command):
    code, _, err = memctl(*command, "--from", "local", "--to", "langgraph:items.db", "--user", "alcie")
    assert code == 4
    assert "Did you mean 'alice'?" in err
    assert "creating" not in err
    assert memctl("facts", "alice", "--from", "langgraph:items.db")[0] == 4


def test_a_target_that_cannot_be_prepared_is_a_failed_migration_and_can_be_resumed(memctl, home):
    there = home / "there"
    target = f"langgraph:{there}/items.db"
    move = ("migrate", "--from", "local", "--to", target, "--user", "alice")
    there.touch()
    code, _, err = memctl(*move)
    assert code != 0
    assert "there/items.db" in err
    assert "failed" in memctl("migrations")[1]
    there.unlink()
    there.mkdir()
    assert memctl(*move)[0] == 0
    assert memctl("facts", "alice", "--from", target)[0] == 0
    assert memctl("migrations", "--last")[0] == 0


def test_migrations_shows_counts_and_how_to_resume(memctl, monkeypatch):
    assert memctl("migrations")[0] == 0
    memctl(*MOVE, "--user", "alice", "-q")
    memctl(*MOVE, "--user", "alice", "-q")
    runs = json.loads(memctl("migrations", "--json")[1])["runs"]
    assert [run["counts"]["written"] for run in runs] == [0, 4]
    code, out, _ = memctl("migrations", "show", runs[1]["id"])
    assert code == 0
    for said in ("4 verified", "memctl migrate --from local --to work --user alice", "4 written"):
        assert said in out
    monkeypatch.setenv("COLUMNS", "80")
    table = memctl("migrations")[1]
    assert max(map(len, table.splitlines())) <= 80
    # Cells of the last three columns are wrapped, and complete.
    header, *lines = table.splitlines()
    starts = [header.index(column) for column in ("from", "to ", "facts")]
    cells = [
        "".join("".join(line[start:end].split()) for line in lines)
        for start, end in zip(starts, [*starts[1:], None], strict=True)
    ]
    assert cells[0] == "".join("".join(run["source"].split()) for run in runs)
    assert cells[1] == "".join("".join(run["target"].split()) for run in runs)
    assert cells[2] == "4read,4unchanged4read,4written"
    assert all(f"{run['id']} {run['state']} " in table for run in runs)


def test_a_large_migration_leaves_the_vectors_of_postgres_indexed(memctl, home, monkeypatch, postgres_dsn):
    """Bulk writes skip the vector index; unless it is built afterwards, a search of all users stays slow."""
    monkeypatch.setenv("LARGE_DSN", postgres_dsn)
    (home / "memctl.toml").write_text(
        f'[backends.large]\nadapter = "postgres"\ndsn_env = "LARGE_DSN"\nschema = "large_{os.getpid()}"\n'
    )
    (home / "many.jsonl").write_bytes(b"".join(encode_lines(facts("alice", 1200))))
    code, _, err = memctl("migrate", "--from", "many.jsonl", "--to", "large", "--all-users")
    assert code == 0, err
    assert ", indexed" in memctl("backends", "test", "large")[1]


@pytest.mark.parametrize("options", [(), ("--dry-run",)])
def test_nothing_is_said_about_the_fields_of_no_records(memctl, home, options):
    (home / "broken.jsonl").write_text('{"user_id": "alice", "text": "no id"}\n')
    _, out, err = memctl("import", str(home / "broken.jsonl"), *options)
    assert "required field `id`" in out + err
    assert "is lost or changed" not in out
