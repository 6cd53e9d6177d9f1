"""Commands with `-q` print nothing on success, so that cron sends no mail, and report problems."""

import pytest


@pytest.fixture
def alice_known(memctl, chat, once):
    def make():
        memctl("ingest", chat("alice/a.jsonl", "I live in Oslo.").parent.parent)
        memctl("snapshot", "create")

    once(make)


@pytest.mark.parametrize(
    "command",
    [
        ("backup", "memory.memctl"),
        ("snapshot", "create"),
        ("snapshot", "prune", "--keep", "0"),
        ("forget", "alice", "--dry-run"),
        ("forget", "alice", "--confirm", "alice"),
    ],
    ids=" ".join,
)
def test_successful_quiet_commands_print_nothing(memctl, alice_known, command):
    loud = memctl(*command)
    assert (loud.code, bool(loud.out + loud.err)) == (0, True)
    quiet = memctl(*command, "--quiet")
    assert (quiet.code, quiet.out, quiet.err) == (0, "", "")


def test_a_quiet_restore_of_a_person_prints_nothing(memctl, alice_known):
    for quiet in (), ("-q",):
        assert memctl("forget", "alice", "--confirm", "alice", "--allow-unknown", "-q").code == 0
        ran = memctl("forget", "alice", "--restore", *quiet)
        assert (ran.code, ran.out, bool(ran.err)) == (0, "", not quiet)


def test_an_incomplete_erasure_is_reported_despite_quiet(memctl, alice_known, store):
    store.with_name(f"{store.name}.damaged-20260101T000000Z").write_bytes(b"no store")
    ran = memctl("forget", "alice", "--confirm", "alice", "-q")
    assert (ran.code, ran.out) == (1, "")
    assert "the damaged store may still contain this user" in ran.err


def test_a_failed_backup_is_reported_despite_quiet(memctl, alice_known):
    ran = memctl("backup", "nowhere/memory.memctl", "-q")
    assert (ran.code == 0, ran.out, bool(ran.err)) == (False, "", True)
