"""On a full disk the error names the file without space, not the store or another file that was only read. A limit on
the size of files simulates the full disk: writes fail in the same places, with another reason.
"""

import contextlib
import resource

import pytest

REASON = "File too large"
MIGRATE = ["migrate", "--all-users", "--from", "local", "--to"]


@contextlib.contextmanager
def room(size):
    """No file can grow beyond `size` bytes during the block."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize(
    ("command", "size", "message"),
    [
        (["backup", "kept.zip"], 100, "kept.zip: cannot write the backup"),
        (["backup", "kept.zip"], 12_000, "kept.zip: cannot write the backup"),
        (["export", "--all-users", "-o", "out.jsonl"], 5_000, "out.jsonl: cannot write the file"),
        (["export", "--all-users", "-o", "out.csv"], 5_000, "out.csv: cannot write the file"),
        (["export", "--all-users", "-o", "out.parquet"], 90_000, "out.parquet: cannot write the file"),
        (["export", "--user", "alice", "-o", "out.zip", "--format", "okf"], 3_000, "out.zip: cannot write the file"),
        (["store", "copy", "local", "copy.duckdb"], 5_000, "copy.duckdb: cannot create the store"),
        (["store", "copy", "local", "copy.duckdb"], 300_000, "copy.duckdb: cannot write the store"),
        (["snapshot", "create"], 5_000, ".duckdb: the store cannot be copied"),
        ([*MIGRATE, "a.csv"], 5_000, "ledger.duckdb: cannot write the ledger"),
        (["reindex", "--embedder", "static"], 5_000, "store.duckdb: cannot write the store"),
    ],
)  # fmt: skip
def test_the_error_names_the_file_without_space(ingested, own_tables, memctl, command, size, message):
    with room(size):
        ran = memctl(*command)
    assert (ran.code, f"{message}: {REASON}" in ran.err, "internal error" in ran.err) == (1, True, False), ran.err


def test_a_migration_on_a_full_disk_names_its_target(memctl, home):
    # The ledger is much smaller than the facts.
    facts = home / "work" / "facts.jsonl"
    for number in range(4):
        assert memctl("add", "alice", f"{number} {'x' * 400_000}").code == 0
    assert memctl("export", "--all-users", "-o", facts).code == 0
    with room(1_000_000):
        ran = memctl("migrate", "--all-users", "--from", facts, "--to", "target.jsonl")
    assert (ran.code, f"target.jsonl: cannot write the file: {REASON}" in ran.err) == (1, True), ran.err
    assert memctl("migrate", "--all-users", "--from", facts, "--to", "target.jsonl").code == 0


def test_a_restore_on_a_full_disk_names_the_store(ingested, memctl):
    assert memctl("snapshot", "create").code == 0
    with room(5_000):
        ran = memctl("snapshot", "restore", "last")
    assert (ran.code, f"cannot write the file: {REASON}" in ran.err, ".snapshots" in ran.err) == (1, True, False), (
        ran.err
    )


def test_the_first_write_of_a_store_on_a_full_disk_names_it(memctl, own_tables):
    with room(5_000):
        ran = memctl("add", "alice", "I live in Oslo.")
    assert (ran.code, f"store.duckdb: cannot create the store: {REASON}" in ran.err) == (1, True), ran.err
