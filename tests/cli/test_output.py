"""Guarantees for scripts and terminals: results on stdout, the rest on stderr, correct exit codes, safe output."""

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from campaigns import campaign
from rich.cells import cell_len

from memctl.cli.app import COMMANDS


@pytest.fixture
def alice_moved(memctl, chat, home, once):
    """alice, who moved twice."""

    def make():
        folder = chat("alice/a.jsonl", "I live in Oslo.", "I live in Rome.", "I prefer express shipping.").parent.parent
        assert memctl("ingest", folder).code == 0
        (home / "facts.json").write_text(memctl("facts", "alice", "--all", "--json").out)

    once(make)
    return json.loads((home / "facts.json").read_text())["facts"]


@pytest.fixture
def alice_copied(memctl, alice_moved, home, once):
    """alice, with a snapshot and a migration."""

    def make():
        assert memctl("snapshot", "create").code == 0
        assert memctl("migrate", "--from", "local", "--to", home / "x.jsonl", "--all-users").code == 0

    once(make)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_is_listed_and_has_help(memctl, command):
    listed = memctl("--help").out
    assert re.search(rf"^((\w[\w ]{{8}}|\s{{9}}){command} |Also .*\b{command}[,;])", listed, re.MULTILINE)
    ran = memctl(command, "--help")
    assert ran.code == 0
    assert ran.out.startswith(f"Usage: memctl {command}")


def test_help_loads_nothing_heavy():
    code = (
        "import sys\nfrom memctl.cli.app import _run\nassert _run(['--help']) == 0\n"
        "heavy = {'duckdb', '_duckdb', 'numpy', 'rich', 'pydantic', 'msgspec', 'ijson'} & set(sys.modules)\n"
        "sys.exit(f'loaded: {heavy}' if heavy else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


SLOW = (
    *("numpy", "duckdb", "tokenizers", "rich.console", "zoneinfo", "_hashlib", "dataclasses"),
    *("memctl.extract", "memctl.transcripts", "memctl.transcripts.detect", "memctl.ingest"),
)
"""What takes as long to import as a search to run, or a good part of it."""


@pytest.mark.parametrize(
    ("commands", "needed"),
    [
        ([("search", "alice", "shipping"), ("facts", "alice"), ("users",)], ()),
        ([("add", "alice", "Works at Portavo.", "--kind", "fact")], ("memctl.extract", "memctl.ingest")),
        ([("add", "alice", "I moved to Ghent.")], ("memctl.extract", "memctl.transcripts", "memctl.ingest")),
    ],
)
def test_a_quick_command_imports_only_what_it_needs(memctl, alice_moved, monkeypatch, commands, needed):
    monkeypatch.setenv("COLUMNS", "100")
    code = (
        "import gc, sys\nfrom memctl.cli.app import _run\ncollections = []\n"
        "gc.callbacks.append(lambda *_: collections.append(1))\n"
        f"for command in {[list(command) for command in commands]}:\n"
        "    collections.clear()\n"
        "    assert _run(command) == 0\n"
        "    assert len(collections) < 5, f'the garbage collector ran {len(collections) / 2} times'\n"
        f"slow = {set(SLOW) - set(needed)} & set(sys.modules)\n"
        "sys.exit(f'loaded: {slow}' if slow else 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr


def test_a_process_runs_exit_handlers_and_prints_everything(memctl):
    code = (
        "import atexit, sys\nfrom memctl.cli.app import script\n"
        "atexit.register(lambda: open(2, 'w', closefd=False).write('the end'))\n"
        "sys.argv = ['memctl', 'help', 'nothing'] if sys.argv[1:] else ['memctl', '--help']\nscript()"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, memctl("--help").out, "the end")
    ran = subprocess.run([sys.executable, "-c", code, "fails"], capture_output=True, text=True)
    assert ran.returncode == 2
    assert ran.stderr.endswith("the end")


@pytest.mark.parametrize(
    "arguments",
    [
        ("search", "alice", "shipping"),
        ("facts", "alice"),
        ("history", "alice"),
        ("diff", "alice", "--from", "2020"),
        ("users",),
        ("stats",),
        ("doctor",),
        ("sql", "select 1"),
        ("add", "alice", "I like tea."),
        ("reindex",),
        ("migrations",),
    ],
)
def test_json_output_is_one_document_that_names_its_schema(memctl, alice_moved, arguments):
    ran = memctl(*arguments, "--json")
    assert ran.code == 0, ran.err
    assert ran.document["schema"] == f"memctl.{arguments[0]}/1"


def test_jsonl_output_has_one_record_per_line(memctl, alice_moved):
    lines = memctl("facts", "alice", "--all", "--jsonl").out.splitlines()
    assert [json.loads(line)["id"] for line in lines] == [fact["id"] for fact in alice_moved]


@pytest.mark.parametrize(
    ("arguments", "member"),
    [
        (("users",), "users"),
        (("runs",), "runs"),
        (("undo",), "runs"),
        (("backends",), "backends"),
        (("migrations",), "runs"),
        (("snapshot", "list"), "snapshots"),
        (("search", "alice", "shipping"), "hits"),
        (("history", "alice"), "facts"),
        (("dedupe", "alice", "--dry-run"), "changes"),
    ],
)
def test_jsonl_has_as_many_lines_as_the_document_has_members(memctl, alice_copied, arguments, member):
    lines = [json.loads(line) for line in memctl(*arguments, "--jsonl").out.splitlines()]
    document = memctl(*arguments, "--json").document
    assert len(lines) == len(document[member])
    if member not in ("changes", "hits"):
        assert lines == document[member]


def test_diff_stats_and_undo_support_jsonl(memctl, alice_moved):
    changes = [json.loads(line) for line in memctl("diff", "alice", "--from", "2020", "--jsonl").out.splitlines()]
    document = memctl("diff", "alice", "--from", "2020", "--json").document
    assert [change["fact"] for change in changes if change["what"] == "learned"] == document["learned"]
    (stats,) = map(json.loads, memctl("stats", "--jsonl").out.splitlines())
    assert {"schema": "memctl.stats/1"} | stats == memctl("stats", "--json").document
    run = memctl("runs", "--json").document["runs"][0]["id"]
    assert json.loads(memctl("undo", run, "--jsonl").out)["run"] == run


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("facts", "nobody"), 4),
        (("facts", "alice", "--kind", "rumour"), 2),
        (("show", "ffffffff"), 4),
        (("sql", "selec 1"), 2),
        (("ingest", "/no/such/place"), 4),
        (("search", "alice", " "), 2),
    ],
)
def test_a_failed_command_prints_a_json_error_with_its_exit_code(memctl, alice_moved, arguments, code):
    ran = memctl(*arguments, "--json")
    assert ran.code == code
    assert ran.document["schema"] == "memctl.error/1"
    assert ran.document["exit"] == code
    assert ran.document["error"]["message"]
    assert memctl(*arguments).out == "", "without --json stdout is empty after an error"


def test_a_mistyped_command_gets_a_suggestion(memctl):
    ran = memctl("serach", "alice")
    assert ran.code == 2
    assert "search" in ran.err


def test_warnings_go_to_stderr(memctl, chat, home):
    folder = chat("alice/a.jsonl", "I live in Oslo.").parent.parent
    (folder / "alice" / "bad.json").write_text('{"a": 1}')
    ran = memctl("ingest", folder, "--json")
    assert ran.code == ran.document.get("exit", 3) == 3
    assert "bad.json" in json.dumps(ran.document["report"]["rejects"])


@pytest.mark.parametrize("columns", ["80", *campaign("140")])
@pytest.mark.parametrize(
    "command", [("facts", "alice", "--all"), ("history", "alice"), ("diff", "alice", "--from", "2020")]
)
def test_no_id_is_cut_off_in_a_table(memctl, alice_moved, monkeypatch, columns, command):
    monkeypatch.setenv("COLUMNS", columns)
    out = memctl(*command).out
    assert max(len(line) for line in out.splitlines()) <= int(columns)
    for fact in alice_moved:
        assert fact["id"][:8] in out
        if fact["superseded_by"] and command[0] != "diff":
            assert out.count(fact["superseded_by"][:8]) == 2, "once as its own id, once as the successor"


@pytest.mark.parametrize("columns", [40, 80, *campaign(60)])
def test_no_line_is_wider_than_the_terminal(memctl, chat, home, monkeypatch, columns):
    talk = "I live in Oslo, where the kitchen window looks at the harbour and at every single ferry that arrives. " * 2
    folder = chat(
        "a folder of transcripts/alice/exported from the old phone.jsonl", talk, "私は東京に住んでいます。" * 9
    )
    assert memctl("ingest", folder.parent.parent).code == 0
    copy = ("--from", "local", "--to", home / "copy.jsonl", "--all-users")
    assert memctl("migrate", *copy).code == 0
    fact = memctl("facts", "alice", "--json").document["facts"][0]["id"]
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.chdir("/")
    for command in (
        *(("search", "alice", "harbour", "--explain"), ("search", "alice", "東京"), ("show", fact), ("facts", "alice")),
        *(("stats",), ("config", "show"), ("audit", "alice"), ("migrate", *copy, "--dry-run")),
        # The names of packages that the doctor checks are longer than 40 columns allow.
        *([("doctor",)] if columns > 40 else []),
        *(("history", "alice"), ("migrations", "--last"), ("prune", "--ttl", "episode=1d", "--dry-run")),
        *(
            ("consolidate", "alice", "--dry-run"),
            ("verify", *copy[:4]),
            ("sync", *copy[:3], home / "new.jsonl", copy[4], "--dry-run"),
        ),
    ):
        ran = memctl(*command)
        wide = [line for line in ran.out.splitlines() if cell_len(line) > columns]
        assert ran.out, ran.err
        assert all(line.startswith("resume") for line in wide), (command, wide)


HOSTILE = "red \x1b[31malert\x1b[0m \x07 \x9b2J \u202egnp.exe\u202c \u2066x\u2069 end"


def test_control_characters_of_a_fact_are_not_printed(memctl):
    added = memctl("add", "alice", HOSTILE, "--json")
    (fact,) = added.document["facts"]
    assert fact["text"] == HOSTILE, "the stored text is unchanged"
    outputs = [
        added,
        memctl("facts", "alice"),
        memctl("facts", "alice", "--jsonl"),
        memctl("show", fact["id"]),
        memctl("search", "alice", "red alert", "--explain"),
        memctl("search", "alice", "red alert", "--json"),
        memctl("history", "alice"),
        memctl("sql", "select text from facts"),
    ]
    for ran in outputs:
        assert ran.code == 0, ran.err
        assert not set(ran.out) & set("\x1b\x07\x9b\u202e\u202c\u2066\u2069")


def on_a_terminal(arguments: list[str], **environment: str) -> str:
    """The output of `memctl` if stdout and stderr are a terminal."""
    parent, child = pty.openpty()
    command = [str(Path(sys.executable).parent / "memctl"), *arguments]
    with subprocess.Popen(command, stdin=child, stdout=child, stderr=child, env=dict(os.environ) | environment) as ran:
        os.close(child)
        written = b""
        while True:
            try:
                block = os.read(parent, 65536)
            except OSError:
                break
            if not block:
                break
            written += block
        ran.wait()
    os.close(parent)
    return written.decode()


def test_colour_is_used_only_on_a_terminal_without_no_color(memctl, alice_moved):
    assert "\x1b[" in on_a_terminal(["doctor"])
    assert "\x1b[" not in on_a_terminal(["doctor"], NO_COLOR="1")
    assert "\x1b[" not in on_a_terminal(["facts", "nobody"], TERM="dumb")
    assert "\x1b[" not in memctl("doctor").out


@pytest.mark.engines
def test_a_closed_pipe_is_not_an_error(memctl, alice_moved, process):
    for arguments in (
        ("sql", "select repeat('x', 60) t from generate_series(1, 20000)"),
        ("sql", "select repeat('x', 60) t from generate_series(1, 20000)", "--jsonl"),
    ):
        with process(*arguments) as running:
            assert running.stdout.readline(), running.stderr.read()
            running.stdout.close()
            err = running.stderr.read()
        assert err == ""
        assert running.returncode == 0


def completions(home, line, *, store=None):
    """The completions that a shell would offer after this line."""
    words = line.split(" ")
    environment = os.environ | {
        "_MEMCTL_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    if store is not None:
        environment["MEMCTL_STORE"] = str(store)
    command = [sys.executable, "-m", "memctl"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()


def test_the_shell_completes_users_backends_and_runs(memctl, home, store):
    added = memctl("add", "alice", "I live in Ghent.", "--json").document
    run = memctl("undo", "--json").document["runs"][0]["id"]
    assert added
    assert completions(home, "memctl facts al") == ["alice"]
    assert completions(home, "memctl undo ") == [run]
    assert completions(home, "memctl migrate --from postg") == ["postgres"]
    assert completions(home, "memctl fac") == ["facts"]


def test_completion_without_a_store_offers_and_prints_nothing(home):
    assert completions(home, "memctl facts a", store=home / "nowhere.duckdb") == []


def test_help_shows_a_command_and_a_mistyped_user_gets_a_suggestion(memctl):
    assert memctl("help", "search").out == memctl("search", "--help").out
    memctl("add", "alice", "I live in Ghent.")
    assert "Did you mean 'alice'?" in memctl("facts", "alcie").err


def test_help_lists_commands_and_suggests_a_mistyped_one(memctl):
    assert memctl("help").out == memctl("--help").out
    assert memctl("help", "snapshot", "diff").out == memctl("snapshot", "diff", "--help").out
    ran = memctl("help", "serach")
    assert (ran.code, "Did you mean 'search'?" in ran.err) == (2, True)


def test_help_fits_one_screen(memctl):
    lines = memctl("--help").out.splitlines()
    assert len(lines) <= 40
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("arguments", "code", "suggestion"),
    [
        (("facts", "alice", "--kind", "prefrence"), 2, "preference"),
        (("search", "alice", "tea", "--kind", "epsiode"), 2, "episode"),
        (("export", "--all-users", "--kinds", "fact,blok"), 2, "block"),
        (("facts", "alice", "--predicate", "livs_in"), 0, "lives_in"),
        (("history", "alice", "--predicate", "works-at"), 0, "works_at"),
        (("completion", "bahs"), 2, "bash"),
    ],
)
def test_a_mistyped_kind_predicate_or_choice_gets_a_suggestion(memctl, alice_moved, arguments, code, suggestion):
    ran = memctl(*arguments)
    assert (ran.code, f"Did you mean '{suggestion}'?" in ran.err) == (code, True), ran.err


def test_runs_lists_undoable_runs_and_its_old_options_show_migrations(memctl, alice_moved, home):
    (run,) = memctl("runs", "--json").document["runs"]
    assert run["command"] == "ingest"
    assert [json.loads(line) for line in memctl("runs", "--jsonl").out.splitlines()] == [run]
    assert memctl("runs").out == memctl("undo").out
    moved = memctl("migrate", "--from", "local", "--to", home / "x.jsonl", "--all-users", "--json").document["run"]
    for former in (("--last", "--json"), ("show", moved[:4], "--json")):
        ran = memctl("runs", *former)
        assert ran.document["run"]["id"] == moved
        assert "memctl migrations" in ran.err
    # Turns and facts, none of which is "restored".
    assert memctl("undo", run["id"]).out == f"undid run {run['id']}: 6 records reverted\n"
    assert "undone" in memctl("runs").out


def test_refused_files_are_not_counted_as_read(memctl, home):
    for name in ("a.txt", "b.txt"):
        (home / "work" / name).write_text("hello")
    assert memctl("add", "zoe", "I live in Oslo.").code == 0
    ran = memctl("ingest", "a.txt", "b.txt", "--user", "zoe")
    assert ran.code == 3
    assert "files      0 read, 0 of them unchanged, 2 not read" in ran.out
    assert "to undo it" not in ran.out
    (home / "work" / "c.txt").write_text("User: I live in Ghent.\nAssistant: Fine.\n")
    ran = memctl("ingest", "a.txt", "b.txt", "c.txt", "--user", "zoe")
    assert "files      1 read, 0 of them unchanged, 2 not read" in ran.out
    assert "files      0 read, 0 of them unchanged, 1 not read" in memctl("ingest", "-", stdin=b"hello").out


@pytest.mark.parametrize(
    ("command", "code", "message"),
    [
        ("schema fact >&-", 0, ""),
        ("add alice - <&-", 2, "TEXT is empty"),
        ("backends --json >/dev/full", 1, "cannot write the output"),
    ],
)
def test_a_stream_that_is_closed_or_full_ends_without_a_traceback(memctl, home, command, code, message):
    line = f"exec {sys.executable} -m memctl {command}"
    ran = subprocess.run(["/bin/sh", "-c", line], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    assert (ran.returncode, message in ran.stderr, "Traceback" in ran.stderr) == (code, True, False), ran.stderr
