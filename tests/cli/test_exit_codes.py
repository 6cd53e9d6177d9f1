"""One failure has one exit code in every command: a missing input is 4, an output that cannot be written is 1."""

import pytest

MISSING = """
ingest no.jsonl
ingest nowhere/
ingest --from no.jsonl
ingest --from nobackend
import no.jsonl
import no.parquet
import no.csv
import no.zip
import no.txt
import nowhere/
import have.jsonl --user-map no.csv
migrate --from no.jsonl --to local --all-users
migrate --from no.jsonl --to local --all-users --dry-run
migrate --from local --to x.jsonl --all-users --user-map no.csv
migrate --from local --to x.jsonl --user nobody
migrate --plan no.json
export --from no.jsonl --all-users
export --from no.parquet --all-users
export --user nobody
export --all-users --store no.duckdb
verify --from no.jsonl --to local
verify --from local --to no.jsonl
verify --from local --to have.jsonl --user nobody
search --from no.jsonl alice tea
search nobody tea
search nobody tea --from have.jsonl
facts nobody
facts alice --store no.duckdb
facts alice --from no.jsonl
facts nobody --from have.jsonl
history nobody
history nobody --from have.jsonl
history alice --from no.jsonl
diff nobody --from 2020
diff nobody --from 2020 --backend have.jsonl
diff alice --from 2020 --backend no.jsonl
users --store no.duckdb
users --from no.jsonl
stats --store no.duckdb
stats --from no.jsonl
sql SELECT --store no.duckdb
show ffff
edit ffff --text x
rm ffff --yes
undo nope
undo --store no.duckdb
runs --store no.duckdb
consolidate nobody
consolidate alice --store no.duckdb
dedupe nobody
prune nobody
migrations show nope
migrations --last --ledger no.duckdb
backends test no.jsonl
backends test nobackend
backends init nobackend
snapshot create --store no.duckdb
snapshot restore 2020
snapshot diff 2020
snapshot diff last --user nobody
backup x.memctl --store no.duckdb
restore no.memctl
restore no.memctl --force
reindex --store no.duckdb
report volume --from no.jsonl
report volume --user nobody
report volume --store no.duckdb
report volume --tokenizer no.json
report pricing --from no.jsonl
report pricing --prices no.yaml
"""
UNWRITABLE = """
export --all-users -o nowhere/x.jsonl
export --all-users -o folder.jsonl
export --all-users -o file/x.jsonl
export --all-users -o nowhere/x.parquet
export --all-users -o nowhere/x.csv
migrate --from local --to nowhere/x.jsonl --all-users
migrate --from local --to file/x.jsonl --all-users
migrate --from local --to x.jsonl --all-users --plan-out nowhere/p.json --dry-run
migrate --from local --to x.jsonl --all-users --ledger file/l.duckdb
import have.jsonl --ledger file/l.duckdb
migrations --ledger folder.jsonl
backup nowhere/b.memctl
backup file/b.memctl
backup folder.jsonl
verify --from local --to have.jsonl --combined nowhere/c.txt
verify --from local --to have.jsonl --combined folder.jsonl
report volume --html nowhere/v.html
report volume --html folder.jsonl
report volume --png nowhere/v.png
report volume --svg file/v.svg
report pricing --html nowhere/v.html
ingest bad.json --user alice --rejects file/r.jsonl
ingest have.txt --user alice --store file/s.duckdb
add alice tea --store file/s.duckdb
add alice tea --store folder.jsonl
restore whole.memctl --store file/s.duckdb
--log-file file/l.log users
--log-file folder.jsonl users
"""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A folder with a store of alice, and inputs that exist."""
    from in_process import run

    folder = tmp_path_factory.mktemp("exit-codes")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("HOME", str(folder))
        patch.setenv("MEMCTL_STORE", str(folder / "store.duckdb"))
        for arguments in (
            ("add", "alice", "I live in Ghent."),
            ("export", "--all-users", "-o", "have.jsonl"),
            ("snapshot", "create"),
            ("backup", "whole.memctl"),
        ):
            assert run(arguments).returncode == 0
        (folder / "bad.json").write_text('{"a": 1}')
        (folder / "have.txt").write_text("user: I live in Oslo.\nassistant: Nice.\n")
        (folder / "file").write_text("")
        (folder / "folder.jsonl").mkdir()
        yield run


def lines(table):
    return [line.split() for line in table.strip().splitlines()]


@pytest.mark.parametrize("arguments", lines(MISSING), ids=" ".join)
def test_a_missing_input_is_exit_code_4(prepared, arguments):
    ran = prepared([word.replace("SELECT", "select 1") for word in arguments])
    assert ran.returncode == 4, ran.stderr
    assert "internal error" not in ran.stderr


@pytest.mark.parametrize("arguments", lines(UNWRITABLE), ids=" ".join)
def test_an_output_that_cannot_be_written_is_exit_code_1(prepared, arguments):
    ran = prepared(arguments)
    assert ran.returncode == 1, ran.stderr
    assert "internal error" not in ran.stderr
