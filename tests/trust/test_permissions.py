"""Files and folders of memctl contain user data: even with umask 0 they are private to their owner."""

import os
import stat
import subprocess
import sys

import forked
import pytest
from campaigns import campaign, campaign_cases

WITHOUT_PRIVILEGES = """
import ctypes, os, sys
from memctl.cli.app import main

if not os.geteuid():
    header, none = (ctypes.c_uint32 * 2)(0x20080522), (ctypes.c_uint32 * 6)()
    assert not ctypes.CDLL(None, use_errno=True).capset(header, none), os.strerror(ctypes.get_errno())
sys.argv[0] = "memctl"
main()
"""
"""Give up all capabilities of Linux and run a command. The number is the version of the interface."""
OIL = '[{"role": "user", "content": "I live in Rome."}, {"role": "us'


@pytest.fixture
def open_mask():
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.fixture
def check_private(memctl, home, open_mask):
    """Run commands, and check that all files and folders they create in the home folder are private."""
    assert memctl("--log-file", home / "run.log", "add", "zoe", "I live in Oslo.").code == 0

    def run(*commands, codes=(0,)):
        known = set(home.rglob("*")) - {home / "run.log"}
        for command in commands:
            ran = memctl("--log-file", home / "run.log", *command)
            assert ran.code in codes, (command, ran)
        created = [path for path in home.rglob("*") if path not in known and not path.is_symlink()]
        assert created
        assert [
            f"{path} {stat.S_IMODE(path.stat().st_mode):o}"
            for path in created
            if stat.S_IMODE(path.stat().st_mode) & 0o077
        ] == []

    return run


def test_the_store_and_its_neighbouring_files_are_private(check_private, home):
    assert stat.S_IMODE((home / "memory").stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "memory" / "store.duckdb").stat().st_mode) == 0o600
    check_private(
        ("snapshot", "create"),
        ("backup", "whole.memctl"),
        ("restore", "whole.memctl", "--force"),
        ("consolidate", "zoe"),
        ("forget", "zoe", "--confirm", "zoe", "--receipt", "receipt.json"),
    )


def test_rejects_files_of_every_command_are_private(check_private, home):
    (home / "bad.json").write_text(OIL)
    (home / "bad.jsonl").write_text('{"id": 1}\n')
    check_private(
        ("ingest", home / "bad.json", "--user", "zoe"),
        ("import", home / "bad.jsonl"),
        ("migrate", "--from", home / "bad.jsonl", "--to", "good.jsonl", "--all-users"),
        codes=(0, 3),
    )


def test_report_files_are_private(check_private):
    check_private(
        ("report", "volume", "--html", "volume.html"),
        ("report", "memory", "zoe", "--html", "memory.html"),
        ("report", "volume", "--svg", "volume.svg", "--png", "volume.png"),
    )


@pytest.mark.parametrize(
    "target",
    [
        *("facts.jsonl", "letta-memfs:memory", "graphiti:graph"),
        *campaign("facts.csv", "facts.parquet"),
    ],
)
def test_files_of_a_migration_are_private(check_private, home, target):
    move = ("migrate", "--from", "local", "--to", target, "--all-users")
    check_private(("migrations",), (*move, "--dry-run"), move)
    if target.startswith("facts"):
        check_private(("report", "volume", "--from", target, "--html", "volume.html"))


@pytest.fixture
def unprivileged():
    """Run a command without the privileges of root, which may write to every file."""
    if not os.geteuid() and sys.platform != "linux":
        pytest.skip("root may write to every file")

    def run(*arguments):
        return forked.run(
            [sys.executable, "-c", WITHOUT_PRIVILEGES, *map(str, arguments)], stdin=subprocess.DEVNULL, text=True
        )

    return run


@pytest.mark.parametrize(
    ("file", "folder", "message"),
    [
        *campaign_cases((0o400, 0o700, "store.duckdb: cannot write the store: Permission denied")),
        (0o600, 0o500, "store.duckdb: cannot write the store: Permission denied"),
        (0o000, 0o700, "store.duckdb: cannot read the store: Permission denied"),
    ],
)
def test_a_write_protected_store_is_read_and_the_error_of_a_write_says_what_to_check(
    memctl, store, unprivileged, file, folder, message
):
    assert memctl("add", "zoe", "I live in Oslo.").code == 0
    store.chmod(file)
    store.parent.chmod(folder)
    try:
        read, write, checked = (unprivileged(*words) for words in (("facts", "zoe"), ("prune",), ("doctor",)))
    finally:
        store.parent.chmod(0o700)
    assert (read.returncode, "Oslo" in read.stdout) == ((0, True) if file else (1, False)), read.stderr
    failed = write if file else read
    assert (failed.returncode, failed.stdout) == (1, "")
    assert f"{message}\n  check the permissions" in failed.stderr, failed.stderr
    assert "write-protected" in checked.stdout


def test_a_trial_works_on_a_copy_of_a_write_protected_store(memctl, chat, store, unprivileged):
    assert memctl("add", "zoe", "I live in Oslo.").code == 0
    store.chmod(0o400)
    ran = unprivileged("ingest", chat("alice/a.jsonl", "I live in Rome.").parent.parent, "--dry-run")
    assert (ran.returncode, "1 would be added" in ran.stdout) == (0, True), ran


@pytest.mark.parametrize(
    ("file", "folder", "what"), [(0o400, 0o700, "write"), (0o600, 0o500, "write"), (0, 0o700, "read")]
)
def test_a_protected_ledger_is_named_with_what_to_check(memctl, home, unprivileged, file, folder, what):
    assert memctl("add", "zoe", "I live in Oslo.").code == 0
    ledger = home / "ledgers" / "ledger.duckdb"
    command = ("migrate", "--from", "local", "--all-users", "--ledger", ledger, "--to")
    assert memctl(*command, home / "a.jsonl").code == 0
    ledger.chmod(file)
    ledger.parent.chmod(folder)
    try:
        ran = unprivileged(*command, home / "b.jsonl")
    finally:
        ledger.parent.chmod(0o700)
    assert ran.returncode == 1
    reason = (
        f"{ledger}: cannot {what} the ledger: Permission denied\n  check the permissions of the file and its folder"
    )
    assert reason in ran.stderr, ran.stderr


@pytest.mark.parametrize(("stored", "missing"), [(False, "store"), (True, "rejects file")])
def test_an_ingest_of_which_nothing_is_read_names_what_cannot_be_written(
    memctl, home, store, unprivileged, stored, missing
):
    if stored:
        assert memctl("add", "zoe", "I live in Oslo.").code == 0
    home.joinpath("broken.json").write_text("{")
    store.parent.mkdir(exist_ok=True)
    store.parent.chmod(0o500)
    try:
        ran = unprivileged("ingest", home / "broken.json", "--user", "zoe")
    finally:
        store.parent.chmod(0o700)
    assert ran.returncode == 1
    assert f"the {missing}: Permission denied\n  check the permissions of " in ran.stderr, ran.stderr


def test_a_home_that_cannot_be_written_is_named(home, unprivileged):
    home.chmod(0o500)
    try:
        added, made = unprivileged("add", "zoe", "I live in Oslo."), unprivileged("config", "init")
    finally:
        home.chmod(0o700)
    assert (added.returncode, "choose another file with --store" in added.stderr) == (1, True), added.stderr
    assert (made.returncode, "cannot write the settings file" in made.stderr) == (1, True), made.stderr
    assert "MEMCTL_CONFIG" in made.stderr
