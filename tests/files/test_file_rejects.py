"""A bad record affects no others: it is reported with its position, and never lost in a rewrite."""

import csv

import pytest

from memctl.backends.files import open_file
from memctl.core.errors import MemctlError, Rejected, UsageError
from memctl.core.fact import encode


def rejects(path):
    backend = open_file(path)
    try:
        problems = list(backend.rejects())
        assert all(isinstance(reject, Rejected) for reject in problems)
        return [(reject.where.removeprefix(f"{path}:"), reject.message) for reject in problems]
    finally:
        backend.close()


def test_bad_lines_are_reported_by_number_and_the_rest_is_read(tmp_path, fact, read):
    path = tmp_path / "facts.jsonl"
    good = [fact("One."), fact("Two."), fact("Three.")]
    other = encode(good[0]).replace(b"One.", b"Another.")
    lines = [
        encode(good[0]),
        b"{broken",
        b'{"id": 7}',
        encode(good[1]),
        encode(good[1]).replace(b'"fact"', b'"opinion"'),
        encode(good[2]).replace(b'"embedding"', b'"mood":1,"embedding"'),
        b"\xff\xfe",
        other,
        encode(good[2]),
        b'{"a":' * 5000,
    ]
    path.write_bytes(b"\n".join(lines) + b"\n")
    assert read(path) == good
    problems = rejects(path)
    assert [number for number, _ in problems] == ["2", "3", "5", "6", "7", "8", "10"]
    assert "$.id" in problems[1][1]
    assert "opinion" in problems[2][1]
    assert "same id" in problems[5][1]


def test_a_truncated_jsonl_file_is_reported(tmp_path, fact, put):
    path = tmp_path / "facts.jsonl"
    put(path, fact("One."), fact("Two."))
    path.write_bytes(path.read_bytes()[:-20])
    ((line, reason),) = rejects(path)
    assert line == "2"
    assert "truncated" in reason


def test_a_truncated_parquet_file_is_an_error(tmp_path, fact, put, read):
    path = tmp_path / "facts.parquet"
    put(path, fact())
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(MemctlError) as failed:
        read(path)
    assert str(path) in str(failed.value)
    assert "truncated" in failed.value.hint


@pytest.mark.parametrize("kind", ["jsonl", "csv"])
def test_a_file_with_bad_records_is_not_rewritten(tmp_path, fact, put, kind):
    path = tmp_path / f"facts.{kind}"
    put(path, fact("One."))
    path.write_bytes(path.read_bytes() + b"{oops\n")
    before = path.read_bytes()
    with pytest.raises(UsageError) as refused:
        put(path, fact("Two."))
    assert refused.value.where == f"{path}:{3 if kind == 'csv' else 2}"
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_bad_csv_records_are_reported_by_their_first_line(tmp_path, fact, put, read):
    path = tmp_path / "facts.csv"
    put(path, fact("One\r\nand a half."), fact("Two."))
    with path.open(newline="", encoding="utf-8") as file:
        header, first, second = csv.reader(file)
    bad_time = [cell if name != "created_at" else "yesterday" for name, cell in zip(header, second, strict=True)]
    bad_json = [cell if name != "metadata" else "{oops" for name, cell in zip(header, second, strict=True)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerows([header, first, bad_time, first[:5], bad_json, second])
        file.write('"never closed')
    assert read(path) == [fact("One\r\nand a half."), fact("Two.")]
    problems = rejects(path)
    assert [number for number, _ in problems] == ["4", "5", "7", "9"]
    assert "created_at" in problems[0][1]
    assert "cells" in problems[1][1]
    assert "metadata" in problems[2][1]


def test_rows_of_a_foreign_parquet_file_are_checked_individually(tmp_path, read):
    import duckdb

    path = tmp_path / "facts.parquet"
    duckdb.sql(
        "COPY (SELECT uuid() id, 'alice' user_id, 'fact' kind, t AS text, {system: 'own'} source, moment AS valid_at "
        "FROM "
        "(VALUES ('One.', NULL), (NULL, NULL), ('Naive.', TIMESTAMP '2025-05-01 08:30:00')) v(t, moment)) "
        f"TO '{path}' (FORMAT parquet)"
    )
    assert [fact.text for fact in read(path)] == ["One."]
    problems = rejects(path)
    assert [row for row, _ in problems] == ["2", "3"]
    assert "valid_at has no time zone" in problems[1][1]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_unknown_and_missing_columns_are_named(tmp_path, read, kind):
    import duckdb

    extra, short = tmp_path / f"extra.{kind}", tmp_path / f"short.{kind}"
    source = "'own' source_system" if kind == "csv" else "{system: 'own'} source"
    whole = f"uuid() id, 'alice' user_id, 'fact' kind, 'One.' \"text\", {source}"
    duckdb.sql(f"COPY (SELECT {whole}, 1 mood) TO '{extra}' (FORMAT {kind})")
    duckdb.sql(f"COPY (SELECT 'alice' user_id, 'One.' \"text\") TO '{short}' (FORMAT {kind})")
    with pytest.raises(UsageError, match="'mood'"):
        read(extra)
    with pytest.raises(UsageError, match="'id', 'kind'"):
        read(short)


def test_only_the_fact_that_json_cannot_represent_is_rejected(tmp_path, fact, put, read):
    import msgspec

    from memctl.core.fact import Embedding

    path = tmp_path / "facts.jsonl"
    bad = [
        fact("B.", embedding=Embedding(model="m", vector=(float("inf"),))),
        msgspec.structs.replace(fact("C."), metadata={"n": 10**5000}),
    ]
    outcomes = put(path, bad[0], fact("Good."), bad[1])
    assert [outcome.state for outcome in outcomes] == ["rejected", "written", "rejected"]
    assert "embedding" in outcomes[0].reason
    assert read(path) == [fact("Good.")]
