"""The files in other tools: no formulas in spreadsheets, typed columns in SQL, and the same facts for every reader."""

import csv
import random
from datetime import UTC, datetime
from uuid import UUID

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from memctl.backends.files import csv_format
from memctl.core.fact import Embedding, Source, decode
from memctl.runtime.spool import FactIndex

DANGEROUS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "'=1"]


def test_no_cell_of_a_csv_file_is_a_formula(tmp_path, fact, put, read):
    path = tmp_path / "facts.csv"
    facts = [
        fact(
            text,
            user=text,
            subject=text,
            agent_id=text,
            categories=(text,),
            metadata={text: text},
            source=Source(system=text, quote=text, turns=(text,)),
            embedding=Embedding(model=text, vector=(-1.0,)),
        )
        for text in DANGEROUS
    ]
    put(path, *facts)
    with path.open(newline="", encoding="utf-8") as file:
        cells = [cell for row in csv.reader(file) for cell in row if cell]
    assert not [cell for cell in cells if cell[0] in "=+-@\t\r\n"]
    for one in facts:
        assert read(path, one.user_id) == [one]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_any_text_is_a_csv_cell_that_is_not_empty_or_a_formula(text):
    cell = csv_format.guard(text)
    assert cell
    assert cell[0] not in "=+-@\t\r\n"
    assert csv_format.unguard(cell) == text


def test_null_and_the_empty_string_are_distinguished_in_csv(tmp_path, fact, put, read):
    path = tmp_path / "facts.csv"
    put(path, fact("One.", subject=None, object=""))
    assert [(each.subject, each.object) for each in read(path)] == [(None, "")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_saved_by_spreadsheets_is_read(tmp_path, fact, put, read, delimiter):
    path = tmp_path / "facts.csv"
    put(path, fact("One; two, three\tfour.", metadata={"a": [1, 2]}))
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    with path.open("w", newline="", encoding="utf-8-sig") as file:
        csv.writer(file, delimiter=delimiter, quoting=csv.QUOTE_ALL).writerows(rows)
    assert read(path) == [fact("One; two, three\tfour.", metadata={"a": [1, 2]})]


def test_a_parquet_file_has_real_types(tmp_path, fact, put):
    path = tmp_path / "facts.parquet"
    put(
        path,
        fact(
            created_at=datetime(2025, 5, 1, 8, 30, 0, 123456, tzinfo=UTC),
            categories=("a", "b"),
            confidence=0.5,
            metadata={"id": 2**53 + 1},
            embedding=Embedding(model="m", vector=(0.25, 0.5)),
        ),
    )
    types = {name: kind for name, kind, *_ in duckdb.sql(f"DESCRIBE SELECT * FROM '{path}'").fetchall()}
    assert types["id"] == "UUID"
    assert types["created_at"] == "TIMESTAMP WITH TIME ZONE"
    assert types["categories"] == "VARCHAR[]"
    assert types["embedding"] == "STRUCT(model VARCHAR, vector DOUBLE[])"
    rows = duckdb.sql(
        "SELECT epoch_us(created_at), source.system, categories[2], embedding.vector[1], metadata->>'$.id' "
        f"FROM '{path}'"
    ).fetchall()
    assert rows == [(1746088200123456, "test", "b", 0.25, "9007199254740993")]


def test_a_jsonl_file_has_one_line_per_fact_despite_unicode_line_ends(tmp_path, fact, put):
    path = tmp_path / "facts.jsonl"
    facts = [fact("One\u2028two\x85three\x0bfour\r\n."), fact("Plain.")]
    put(path, *facts)
    lines = path.read_bytes().split(b"\n")
    assert lines.pop() == b""
    assert [decode(line) for line in lines] == facts


def test_a_very_long_fact_is_kept_by_every_format(tmp_path, fact, put, read):
    long = fact("x" * 5_000_000, metadata={"more": "y" * 1_000_000})
    for kind in ("jsonl", "parquet", "csv"):
        path = tmp_path / f"facts.{kind}"
        put(path, long, fact("Short."))
        assert read(path) == [long, fact("Short.")]


@pytest.mark.parametrize("together", [0, 300], ids=["one by one", "the first of them together"])
def test_the_index_finds_every_one_of_many_facts(together):
    chance = random.Random(7)
    ids = [
        UUID(int=chance.choice([chance.getrandbits(128), chance.getrandbits(8), chance.getrandbits(8) << 120]))
        for _ in range(900)
    ]
    index, expected = FactIndex(), {}
    first = [(id_, f"user {offset % 3}", offset) for offset, id_ in enumerate(ids[:together])]
    for start in range(0, together, 100):
        part = first[start : start + 100]
        assert index.add_all(part) == [id_ not in dict.fromkeys(ids[:offset]) for id_, _, offset in part]
    for id_, user, offset in reversed(first):
        expected[id_] = (user, offset)
    assert sum(index.counts().values()) == len(expected)
    for offset, id_ in enumerate(ids[together:], together):
        if id_ not in expected:
            assert index.add(id_, f"user {offset % 3}", offset)
            expected[id_] = (f"user {offset % 3}", offset)
        elif offset % 2:
            assert not index.add(id_, "nobody", -1)
            index.drop(id_)
            del expected[id_]
        else:
            user, _ = expected.pop(id_)
            index.put(id_, user, offset)
            expected[id_] = (user, offset)
    assert [index.find(id_) for id_ in ids] == [expected[id_][1] if id_ in expected else None for id_ in ids]
    assert sum(index.counts().values()) == len(expected)
    for user in index.counts():
        mine = [offset for owner, offset in expected.values() if owner == user]
        assert sorted(index.offsets(user)) == sorted(mine)
        assert index.count(user) == len(mine)
    first, second = list(index.offsets(None))[:2]
    after = next(id_ for id_, (_, offset) in expected.items() if offset == first)
    assert next(index.offsets(None, after)) == second
