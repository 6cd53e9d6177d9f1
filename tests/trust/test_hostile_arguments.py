"""Arguments and file names may not be valid text: they are refused with a one-line error, and valid ones still work."""

import json
import os

import pytest

BYTES = os.fsdecode(b"caf\xe9 \xff")
"""What Python makes of an argument or a name in a folder that is no UTF-8."""
TAKING = {
    "ingest": [(BYTES,), (".", "--user", BYTES)],
    "search": [(BYTES, "Oslo"), ("zoe", BYTES), ("zoe", "Oslo", "--from", BYTES)],
    "facts": [(BYTES,)],
    "show": [(BYTES,)],
    "history": [(BYTES,)],
    "diff": [(BYTES, "--from", "2020"), ("zoe", "--from", BYTES)],
    "users": [("--store", BYTES)],
    "stats": [("--store", BYTES)],
    "report volume": [("--user", BYTES), ("--html", BYTES)],
    "add": [(BYTES, "I live in Oslo."), ("zoe", BYTES), ("zoe", "I live in Oslo.", "--subject", BYTES)],
    "edit": [(BYTES, "--text", "x"), ("12345678", "--text", BYTES)],
    "rm": [(BYTES, "--yes")],
    "forget": [(BYTES, "--confirm", BYTES), ("zoe", "--confirm", "zoe", "--receipt", BYTES)],
    "snapshot create": [("--note", BYTES)],
    "snapshot restore": [(BYTES,)],
    "backup": [(BYTES,)],
    "restore": [(BYTES,)],
    "store init": [(BYTES,)],
    "store copy": [("local", BYTES), (BYTES, "x.duckdb")],
    "migrate": [("--from", BYTES, "--to", "x.jsonl", "--all-users"), ("--from", "local", "--to", BYTES, "--user", "x")],
    "report memory": [(BYTES, "--html", "x.html"), ("zoe", "--html", BYTES)],
    "eval": [("--user", BYTES), ("--all-users", "--to", BYTES), ("--all-users", "--questions", BYTES)],
    "audit": [(BYTES,), ("--all-users", "--from", BYTES), ("--all-users", "--ids", BYTES)],
    "sync": [("--from", "local", "--to", BYTES, "--all-users"), ("--from", BYTES, "--to", "x.jsonl", "--all-users")],
    "verify": [("--from", "local", "--to", BYTES, "--all-users")],
    "export": [("--user", BYTES, "--output", "x.jsonl"), ("--all-users", "--output", BYTES + ".jsonl")],
    "import": [(BYTES,)],
    "runs show": [(BYTES,)],
    "backends test": [(BYTES,)],
    "consolidate": [(BYTES,)],
    "dedupe": [(BYTES,)],
    "prune": [(BYTES,)],
    "undo": [(BYTES,)],
    "reindex": [("--embedder", BYTES)],
    "sql": [(f"select '{BYTES}'",)],
    "doctor": [("--store", BYTES)],
    "schema": [(BYTES,)],
    "mcp": [("--user", BYTES), ("--user", "zoe", "--backend", BYTES)],
}


@pytest.mark.parametrize("command", TAKING)
def test_an_argument_that_is_not_utf8_is_a_usage_error(memctl, home, store, command):
    before = set(home.rglob("*"))
    for arguments in TAKING[command]:
        ran = memctl(*command.split(" "), *arguments)
        assert (ran.code, ran.out) == (2, ""), (command, arguments, ran)
        assert "UTF-8" in ran.err, ran.err
        assert "\udcff" not in ran.err
    assert set(home.rglob("*")) == before


def test_the_usage_error_is_also_in_json_and_in_the_log(memctl, home):
    ran = memctl("--log-file", home / "run.log", "facts", BYTES, "--json")
    assert (ran.document["exit"], ran.document["error"]["where"]) == (2, "argument 4")
    assert " facts exit=2 " in (home / "run.log").read_text()


def test_a_command_name_that_is_not_utf8_is_unknown(memctl):
    ran = memctl(BYTES)
    assert ran.code == 2
    assert "internal error" not in ran.err


def test_a_variable_that_is_not_utf8_is_named_without_its_value(memctl, monkeypatch):
    monkeypatch.setenv("MEMCTL_DEFAULT_USER", BYTES)
    ran = memctl("users")
    assert ran.code == 2
    assert "MEMCTL_DEFAULT_USER: " in ran.err
    assert "caf" not in ran.err


def test_a_file_name_that_is_not_utf8_does_not_stop_the_others(memctl, home, chat):
    folder = chat("alice/good.jsonl", "I live in Oslo.").parent.parent
    chat(f"alice/{BYTES}.jsonl", "I live in Rome.")
    chat(f"{BYTES}/bad.jsonl", "I live in Rome.")
    ran = memctl("ingest", folder, "--rejects", home / "rejects.jsonl")
    assert ran.code == 3, ran.err
    refused = [json.loads(line) for line in (home / "rejects.jsonl").read_text().splitlines()]
    assert [reject["reason"] for reject in refused] == ["the name is not valid UTF-8"] * 2
    assert all(r"caf\xe9 \xff" in reject["where"] for reject in refused)
    assert "alice lives in Oslo" in memctl("facts", "alice").out
    assert [user["user"] for user in memctl("users", "--json").document["users"]] == ["alice"]


@pytest.mark.parametrize(
    "arguments",
    [("facts", "LONG"), ("LONG",), ("facts", "a", "--kind", "LONG"), ("export", "-o", "x.jsonl", "--user", "LONG")],
)
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_long_value_does_not_fill_the_screen(memctl, arguments, options):
    assert memctl("add", "zoe", "I live in Oslo.").code == 0
    long = "x" * 5_000
    ran = memctl(*(long if word == "LONG" else word for word in arguments), *options)
    assert ran.code in (2, 4)
    assert long[:70] in ran.err, "the value is still recognised"
    assert long[:256] not in ran.err + ran.out
