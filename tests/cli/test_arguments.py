"""Meaningless arguments are refused, and characters that a terminal or pipe cannot show do not end a command."""

import io
import json
import sys

import pytest
from in_process import run


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sql", ""), "STATEMENT is empty"),
        (("sql", "  ; "), "STATEMENT is empty"),
        (("add", "  ", "I live in Rome."), "USER is empty"),
        (("add", "alice", " "), "TEXT is empty"),
        (("search", "", "tea"), "USER is empty"),
        (("find-person", ""), "NAME is empty"),
        (("show", ""), "ID is empty"),
        (("undo", ""), "RUN is empty"),
        (("prune", ""), "USER is empty"),
        (("migrate", "--from", "local", "--to", "x.jsonl", "--user", ""), "--user is empty"),
        (("facts", "alice", "--subject", ""), "--subject is empty"),
        # Each of these would be read as something else: the working folder, the usual store, or no option at all.
        (("ingest", ""), "PATHS is empty"),
        (("ingest", "x.txt", ""), "PATHS is empty"),
        (("store", "copy", "", "x.duckdb"), "FROM is empty"),
        (("forget", "alice", "--confirm", "alice", "--store", ""), "--store is empty"),
        (("migrate", "--from", "local", "--to", "x.jsonl", "--all-users", "--user-map", ""), "--user-map is empty"),
        (("sync", "--from", "local", "--to", "x.jsonl", "--all-users", "--watch", ""), "--watch is empty"),
        (("mcp", "--user", "alice", "--http", "--token-env", ""), "--token-env is empty"),
        (("report", "volume", "--html", ""), "--html is empty"),
        (("--log-file", "", "users"), "--log-file is empty"),
    ],
)
def test_an_empty_argument_is_a_usage_error(memctl, arguments, message):
    ran = memctl(*arguments)
    assert (ran.code, message in ran.err) == (2, True), ran.err
    assert memctl("users").code == 4, "no store is created"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("add",), "USER and TEXT are missing. Example: memctl add alice "),
        (("search",), 'USER and QUERY are missing. Example: memctl search alice "shipping"'),
        (("search", "--all-users"), "QUERY is missing. Example: memctl search "),
        (("rm",), "ID is missing. Example: memctl rm 571cd92d"),
        (("diff",), "USER and --from are missing. Example: memctl diff alice --from 2026-03-01"),
        (("sync", "--from", "local"), "--to is missing. Example: memctl sync --from "),
        (("completion",), "SHELL (bash, zsh, fish) is missing. Example: memctl completion "),
        (("snapshot", "restore"), "NAME is missing. Example: memctl snapshot restore last"),
    ],
)
def test_all_missing_arguments_are_named_with_an_example(memctl, arguments, message):
    ran = memctl(*arguments)
    assert (ran.code, ran.out) == (2, "")
    assert f"Error: {message}" in ran.err


def test_an_empty_question_or_note_means_none(memctl):
    assert memctl("add", "alice", "I live in Rome.").code == 0
    assert "Rome" in memctl("context", "alice", "").out
    assert memctl("snapshot", "create", "--note", "").code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("config", "bogus"), "No such command 'bogus'. Commands: show, init."),
        (("store", "cpoy"), "No such command 'cpoy'. Did you mean 'copy'? Commands: init, copy."),
        (("help", "report", "volum"), "Did you mean 'volume'? Commands: volume, memory, pricing, prices."),
        (("migrations", "bogus"), "No such command 'bogus'. Commands: show."),
        (("facts", "alice", "--jsn"), "No such option: --jsn. Did you mean '--json' or '--jsonl'?"),
        (("--log-fil", "x", "users"), "No such option: --log-fil. Did you mean '--log-file' or '--log-format'?"),
        (
            ("facts", "-dash"),
            "If '-dash' is an argument, write -- before the arguments: memctl facts [OPTIONS] -- USER",
        ),
        (("add", "alice", "--- so I moved"), "memctl add [OPTIONS] -- USER TEXT"),
        (("search", "alice", "tea", "-k", "x"), "'x'. Use a whole number, 1 to 1000."),
        (("edit", "1", "--confidence", "nan"), "'nan'. Use a number, 0 to 1."),
        (("facts", "alice", "--lock-timeout", "-1"), "'-1'. Use a number, 0 or more."),
        (("report", "pricing", "--users", "nan"), "--users: invalid number NaN\n  use a whole number, 0 or more"),
        (("search", "alice", "tea", "--since", "2026", "--until", "2025"), "after its end"),
        (("add", "alice", "I", "like", "tea"), "Unexpected argument 'like'. Put quotes around a value with spaces."),
        (("users", "alice"), "Unexpected argument 'alice'.\n"),
        (("search", "alice", "tea", "--until", "soon"), "--until: invalid time 'soon'"),
        (("diff", "alice", "--from", "2020", "--to", "soon"), "--to: invalid time 'soon'"),
        (("add", "alice", "tea", "--valid-at", "soon"), "--valid-at: invalid time 'soon'"),
        (("ingest", ".", "--started-at", "soon"), "--started-at: invalid time 'soon'"),
        (("export", "--all-users", "--kinds", "fat"), "--kinds: unknown kind 'fat'\n  Did you mean 'fact'?"),
        (("search", "alice", "tea", "--kind", "fat"), "--kind: unknown kind 'fat'\n  Did you mean 'fact'?"),
    ],
)
def test_an_error_says_which_part_is_wrong_and_what_is_allowed(memctl, arguments, message):
    ran = memctl(*arguments)
    assert (ran.code, message in ran.err) == (2, True), ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("mcp", "--user", "alice", "--port", "9000"),
            "--port: this option has no effect without --http\n  add --http",
        ),
        (("mcp", "--user", "alice", "--allow-host", "x"), "--allow-host: this option has no effect without --http"),
        (("eval", "--all-users", "--fail-on-loss"), "--fail-on-loss: this option has no effect without --to"),
        (
            ("eval", "--all-users", "--questions", "q", "--sample", "9"),
            "--sample: this option has no effect with --que",
        ),
        (("report", "pricing", "--facts", "9"), "--facts: this option has no effect without --migrate"),
        *(
            (
                ("report", "pricing", "--migrate", "mem0:zep", "--facts", "9", flag, "9"),
                f"{flag}: this option has no effect",
            )
            for flag in (
                "--turns-per-user-month",
                "--facts-per-turn",
                "--searches-per-turn",
                "--bytes-per-turn",
                "--growth",
                "--months",
                "--html",
                "--png",
                "--svg",
            )
        ),
        (
            ("report", "pricing", "--migrate", "mem0:zep", "--users", "9"),
            "--users: this option has no effect without --fac",
        ),
        (
            ("report", "pricing", "--unmeasured", "--store", "x.duckdb"),
            "--store: this option has no effect with --unmeasured",
        ),
        *(
            ((*command, flag, value), f"{flag}: this option has no effect with a backend other than local")
            for command in (
                ("report", "volume", "--from", "a.jsonl"),
                ("facts", "alice", "--from", "a.jsonl"),
                ("verify", "--from", "a.jsonl", "--to", "b.jsonl", "--all-users"),
            )
            for flag, value in (("--store", "x.duckdb"), ("--lock-timeout", "1"))
        ),
        (
            ("search", "alice", "tea", "--from", "a.jsonl", "--embedder", "static"),
            "--embedder: this option has no effect with a backend other than local",
        ),
        (("report", "prices", "--list", "--edition", "2026-01"), "--edition: this option has no effect with --list"),
        (("sync", "--both", "--from", "a.csv", "--to", "b.csv", "--all-users", "--workers", "2"), "effect with --both"),
        (("forget", "alice", "--restore", "--dry-run"), "--dry-run: this option has no effect with --restore"),
        (("forget", "alice", "--check", "r.json", "--everywhere"), "--everywhere: this option has no effect with --ch"),
        (("--log-format", "json", "users"), "--log-format: this option has no effect without --log-file"),
        (
            ("add", "alice", "tea", "--embed-base-url", "http://x"),
            "--embed-base-url: this option has no effect without",
        ),
        (("ingest", "x", "--url", "http://x"), "--url: this option has no effect without --from"),
        (("ingest", "x", "--all-users"), "--all-users: this option has no effect without --from"),
        (("ingest", "x", "--user", "a", "--user-from", "folder"), "--user-from: this option has no effect with --user"),
        (("ingest", "--from", "a.jsonl", "--tz", "UTC"), "--tz: this option has no effect with --from"),
        (("ingest", "--from", "a.jsonl", "--jobs", "2"), "--jobs: this option has no effect with --from"),
        (("ingest", "--collect", "--dry-run"), "--dry-run: this option has no effect with --collect"),
        (("ingest", "--collect", "--tz", "UTC"), "--tz: this option has no effect with --collect"),
        (("ingest", "x", "--max-cost", "1"), "--max-cost: this option has no effect without --model"),
        (("ingest", "x", "--batch"), "--batch: this option has no effect without --model"),
        (
            ("ingest", "x", "--extractor", "rules", "--model", "m"),
            "--model: this option has no effect with --extractor",
        ),
        (("facts", "alice", "--json", "--jsonl"), "--jsonl: this option has no effect with --json"),
        (("prune", "--jsonl", "--json"), "--jsonl: this option has no effect with --json"),
        (("migrations", "--last", "--jsonl"), "--jsonl: this option has no effect with --last"),
        (("backends", "--json", "test", "local"), "--json: this option has no effect with test"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(memctl, arguments, message):
    ran = memctl(*arguments)
    assert (ran.code, message in ran.err) == (2, True), ran


def test_an_ignored_option_from_a_variable_is_accepted(memctl, monkeypatch):
    monkeypatch.setenv("MEMCTL_LOG_FORMAT", "json")
    assert memctl("add", "alice", "I live in Oslo.").code == 0


def test_a_user_whose_name_begins_with_a_dash_can_be_named(memctl):
    assert memctl("add", "--kind", "fact", "--", "-dash", "-- tea, please").code == 0
    assert "tea, please" in memctl("facts", "--", "-dash").out


@pytest.mark.parametrize(
    "arguments",
    [
        ("eval", "--user"),
        ("report", "volume", "--user"),
        ("report", "volume", "--from", "facts.jsonl", "--user"),
        ("report", "memory", "--html", "x.html"),
        ("sync", "--both", "--from", "local", "--to", "facts.jsonl", "--user"),
        ("sync", "--both", "--dry-run", "--from", "local", "--to", "facts.jsonl", "--user"),
    ],
)
def test_a_mistyped_user_is_answered_with_the_nearest(memctl, arguments):
    assert memctl("add", "alice", "I live in Oslo.").code == 0
    assert memctl("export", "--all-users", "-o", "facts.jsonl").code == 0
    ran = memctl(*arguments, "alcie")
    assert (ran.code, ran.out, "Did you mean 'alice'?" in ran.err) == (4, "", True), ran
    assert memctl("migrations", "--json").document["runs"] == []


def test_an_option_set_by_a_variable_is_not_reported_as_missing(memctl, monkeypatch):
    monkeypatch.setenv("MEMCTL_DIFF_FROM", "2026-03-01")
    assert "Error: USER is missing. " in memctl("diff").err


def test_a_folder_as_store_is_not_reported_as_damaged(memctl, home):
    (home / "folder").mkdir()
    for command in (("facts", "alice"), ("add", "alice", "I live in Oslo."), ("users",)):
        ran = memctl(*command, "--store", home / "folder")
        assert ran.code == 1
        assert "a folder, not a store" in ran.err
        assert ran.err.count("--store") == 1
        assert "damaged" not in ran.err
    assert list((home / "folder").iterdir()) == []


def test_init_of_a_service_without_its_key_fails(memctl, monkeypatch):
    monkeypatch.delenv("ZEP_API_KEY", raising=False)
    ran = memctl("backends", "init", "zep")
    assert ran.code != 0
    assert "key" in ran.err + ran.out
    assert "nothing to initialise" not in ran.out
    assert "nothing to initialise" in memctl("backends", "init", "local").out


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_a_character_missing_in_the_terminals_encoding_is_escaped(memctl, monkeypatch, encoding):
    text = "My cat is called Zoë 🎉 日本."
    memctl("add", "zoë", text, "--kind", "fact")
    with monkeypatch.context() as patch:
        out = io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True)
        for arguments in (("facts", "zoë"), ("search", "zoë", "cat"), ("report", "volume"), ("facts", "böb")):
            patch.setattr(sys, "stdout", out)
            patch.setattr(sys, "stderr", io.TextIOWrapper(io.BytesIO(), encoding=encoding, write_through=True))
            from memctl.cli.app import _run

            code = _run(list(arguments))
            assert code == (4 if "böb" in arguments else 0), sys.stderr.buffer.getvalue()
        _run(["facts", "zoë", "--json"])
    written = out.buffer.getvalue().decode("utf-8" if encoding == "ascii" else encoding)
    assert ("🎉" if encoding == "ascii" else "\\U0001f389") in written
    assert json.loads(written.splitlines()[-1])["facts"][0]["text"] == text


def test_a_long_fact_does_not_pad_other_lines_in_a_pipe(memctl, monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    memctl("add", "alice", "Long. " * 2_000, "--kind", "fact")
    memctl("add", "alice", "Short.", "--kind", "fact")
    memctl("add", "alice", "日本の猫", "--kind", "fact")
    for command in (("facts", "alice"), ("history", "alice"), ("diff", "alice", "--from", "2020")):
        out = memctl(*command).out
        lengths = sorted(map(len, out.splitlines()))
        assert lengths[-1] > 10_000, "no text is truncated"
        assert all(length < 200 for length in lengths[:-1]), lengths
        assert all(line == line.rstrip() for line in out.splitlines())


def test_rm_prints_the_run_to_undo(memctl):
    (fact,) = memctl("add", "alice", "I live in Ghent.", "--json").document["facts"]
    removed = memctl("rm", fact["id"], "--yes").out.strip()
    run_id = removed.rpartition(" ")[2]
    assert f"memctl undo {run_id}" in removed
    assert run_id in memctl("undo", run_id).out
    assert memctl("facts", "alice", "--json").document["facts"] == [fact]
    again = memctl("rm", fact["id"], "--yes", "--json").document
    assert memctl("undo", again["run"]).code == 0


def test_edit_without_a_terminal_starts_no_editor(memctl, monkeypatch):
    (fact,) = memctl("add", "alice", "I live in Ghent.", "--json").document["facts"]
    monkeypatch.setenv("EDITOR", "false")
    ran = run(["edit", fact["id"]])
    assert (ran.returncode, "needs a terminal" in ran.stderr) == (2, True)
