"""`memctl sql` without --write reads the store and nothing else, whatever the statement says."""

import pytest

pytestmark = pytest.mark.engines(campaign="postgres")

REFUSED = [
    "COPY records TO '{home}/out.csv'",
    "COPY (SELECT 1) TO '{home}/out.parquet' (FORMAT parquet)",
    "COPY records FROM '{home}/secret.csv'",
    "EXPORT DATABASE '{home}/out'",
    "IMPORT DATABASE '{home}/out'",
    "ATTACH '{home}/out.duckdb'",
    "ATTACH ':memory:' AS other",
    "INSTALL httpfs",
    "LOAD httpfs",
    "LOAD '{home}/x.duckdb_extension'",
    "UPDATE EXTENSIONS",
    "SELECT * FROM read_csv('{home}/secret.csv')",
    "SELECT * FROM read_text('{home}/secret.csv')",
    "SELECT * FROM read_blob('{home}/secret.csv')",
    "SELECT * FROM read_json('{home}/secret.csv')",
    "SELECT * FROM read_parquet('{home}/secret.csv')",
    "SELECT * FROM parquet_scan('{home}/secret.csv')",
    "SELECT * FROM sniff_csv('{home}/secret.csv')",
    "SELECT * FROM glob('{home}/*')",
    "SELECT * FROM query_table('{home}/secret.csv')",
    "FROM '{home}/secret.csv'",
    "FROM '/etc/passwd'",
    "FROM 'https://127.0.0.1:9/x.parquet'",
    "FROM 's3://bucket/x.parquet'",
    "SELECT * FROM duckdb_secrets()",
    "SELECT getenv('HOME')",
    "CREATE SECRET (TYPE s3)",
    "SET enable_external_access = true",
    "RESET enable_external_access",
    "PRAGMA enable_external_access = true",
    "SET lock_configuration = false",
    "SET profiling_output = '{home}/out'",
    "PRAGMA enable_profiling",
    "SET memory_limit = '1TB'",
    "CREATE TABLE t (a INTEGER)",
    "CREATE MACRO f(a) AS a",
    "CREATE VIEW v AS FROM records",
    "INSERT INTO meta VALUES ('a', 'b')",
    "UPDATE records SET text = 'x'",
    "DELETE FROM records",
    "TRUNCATE records",
    "DROP TABLE records",
    "ALTER TABLE records ADD COLUMN z INTEGER",
    "COMMENT ON TABLE records IS 'x'",
    "MERGE INTO meta USING (SELECT 1) ON false WHEN NOT MATCHED THEN INSERT VALUES ('a', 'b')",
    "WITH gone AS (DELETE FROM records RETURNING *) SELECT * FROM gone",
    "EXPLAIN ANALYZE DELETE FROM records",
    "SELECT * FROM query('DELETE FROM records')",
    "CALL force_checkpoint()",
    "SELECT 1; SELECT 2",
    "SELECT 1; DELETE FROM records",
    "PREPARE p AS DELETE FROM records; EXECUTE p",
]


@pytest.fixture
def filled_store(memctl, store, home, once):
    def make():
        assert memctl("add", "zoe", "I live in Oslo.").code == 0
        (home / "secret.csv").write_text("a,b\n1,hidden\n")

    once(make)
    return store


def files(home):
    return {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}


@pytest.mark.parametrize("statement", REFUSED)
def test_without_write_a_statement_cannot_reach_files_or_network(memctl, filled_store, home, statement):
    before = files(home)
    ran = memctl("sql", statement.format(home=home))
    assert ran.code == 2, ran.out
    assert "hidden" not in ran.out + ran.err
    assert files(home) == before


@pytest.mark.engines(only="file")
@pytest.mark.parametrize("statement", ["SELECT 1;", "FROM facts", "WITH a AS (SELECT 1) FROM a", "DESCRIBE facts"])
def test_reading_statements_are_answered(memctl, filled_store, statement):
    assert memctl("sql", statement).code == 0


@pytest.mark.engines(only="file")
def test_with_write_there_is_still_no_network(memctl, filled_store):
    ran = memctl("sql", "--write", "FROM 'https://127.0.0.1:9/x.parquet'")
    assert (ran.code, "httpfs" in ran.err) == (2, True), ran.err


def test_with_write_only_one_statement_is_allowed(memctl, filled_store):
    assert memctl("sql", "--write", "DELETE FROM evidence; DELETE FROM records").code == 2
    assert "Oslo" in memctl("facts", "zoe").out
