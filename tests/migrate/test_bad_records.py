"""A record that is not a fact is reported once, with the reason; the other records are moved and compared."""

import json
from pathlib import Path

import msgspec
import pytest

from memctl.backends.files.adapter import FileBackend
from memctl.core.errors import Exit
from memctl.core.fact import NOBODY, encode
from memctl.migrate.selection import Selection
from memctl.migrate.target import Target
from memctl.migrate.verify import Verifier

DOCUMENTATION = Path(__file__).parents[2] / "docs" / "backends.md"
REQUIRED = ("id", "user_id", "kind", "text", "source")
CSV = "id,user_id,kind,text,source_system\n"
CASES = {
    "broken JSON": ("facts.jsonl", "", '{"text": "first\n', '{"text": "second\n'),
    "an invalid id": ("facts.jsonl", "", '{"id": "a"}\n', '{"id": "b"}\n'),
    "an invalid cell": ("facts.csv", CSV, "a,ada,fact,first,s\n", "a,ada,fact,other,s\n"),
    "too few cells": ("facts.csv", CSV, "a,ada\n", "b,ada\n"),
    "a quote that does not end": ("facts.csv", CSV, '"a\n', '"b\n'),
    "a line of pasted text": ("facts.txt", "[2026-01-01] - ok\n[2026-01-02] - ok\n", "first\n", "second\n"),
    "a record without text": (
        "memory.jsonl",
        '{"type":"entity","name":"Ada","entityType":"person","observations":["likes tea"]}\n',
        '{"type":"entity","name":\n',
        '{"type":"entity","nome":\n',
    ),
}


@pytest.fixture
def move(route, backend):
    target = backend(name="target")

    def run(path):
        with FileBackend(path, default_user="ada") as source:
            return route.run(source, target)

    return run


@pytest.mark.parametrize(("name", "head", "first", "second"), CASES.values(), ids=CASES)
def test_another_bad_record_in_the_same_place_is_reported(move, tmp_path, name, head, first, second):
    path = tmp_path / name
    for bad, earlier in ((first, 0), (first, 1), (second, 0), (second, 1)):
        path.write_text(head + bad)
        report = move(path)
        assert (report.counts.rejected, report.counts.rejected_earlier) == (1, earlier), report.reasons
        assert (report.exit, report.rejects_file is None) == (Exit.OK if earlier else Exit.PARTIAL, bool(earlier))


def test_a_bad_line_that_moved_is_not_reported_again_and_a_copy_of_it_is(move, tmp_path, facts_of):
    path = tmp_path / "facts.jsonl"
    good = "".join(encode(fact).decode() + "\n" for fact in facts_of(2))
    bad = '{"id": 5}\n'
    path.write_text(bad + good)
    assert move(path).exit is Exit.PARTIAL
    path.write_text(good + bad)
    assert (move(path).exit, move(path).counts.rejected_earlier) == (Exit.OK, 1)
    path.write_text(good + bad + bad)
    report = move(path)
    assert (report.exit, report.counts.rejected, report.counts.rejected_earlier) == (Exit.PARTIAL, 2, 1)


def test_no_content_of_a_bad_record_is_in_the_ledger(move, route, tmp_path):
    path = tmp_path / "facts.jsonl"
    path.write_text('{"id": "a secret"}\n')
    move(path)
    route.ledger.close()
    assert b"a secret" not in route.ledger.path.read_bytes()


def test_a_fact_of_nobody_is_rejected_and_the_others_are_moved(move, tmp_path, facts_of):
    path = tmp_path / "facts.jsonl"
    first, second, third = facts_of(3)
    without_user = [msgspec.structs.replace(first, user_id=""), msgspec.structs.replace(second, user_id=" \n")]
    path.write_bytes(b"".join(encode(fact) + b"\n" for fact in (*without_user, third)))
    report = move(path)
    assert (report.counts.written, report.counts.rejected, report.exit) == (1, 2, Exit.PARTIAL)
    lines = [json.loads(line) for line in Path(report.rejects_file).read_text().splitlines()]
    assert [(line["reason"], line["where"]) for line in lines] == [(NOBODY, f"{path}:1"), (NOBODY, f"{path}:2")]


def test_a_line_with_the_fields_that_the_documentation_requires_is_a_fact(tmp_path):
    documented = [line for line in DOCUMENTATION.read_text().splitlines() if line.startswith('{"id"')]
    path = tmp_path / "facts.jsonl"
    for field in ("", *REQUIRED):
        path.write_text("".join(line.replace(f'"{field}"', '"metadata"') for line in documented))
        with FileBackend(path) as file:
            assert len(list(file.rejects())) == bool(field), field


def test_no_file_is_written_with_a_fact_of_nobody(tmp_path, facts_of):
    first, second = facts_of(2)
    with FileBackend(tmp_path / "facts.jsonl", mode="w") as file:
        outcomes = file.write([msgspec.structs.replace(first, user_id=""), second])
    assert [(outcome.state, outcome.reason) for outcome in outcomes] == [("rejected", NOBODY), ("written", None)]


@pytest.mark.parametrize("side", ["source", "target"])
def test_verify_names_the_records_that_are_no_facts(tmp_path, facts_of, side):
    good = b"".join(encode(fact) + b"\n" for fact in facts_of(2))
    paths = {name: tmp_path / f"{name}.jsonl" for name in ("source", "target")}
    for name, path in paths.items():
        path.write_bytes(good + (b'{"id": 5}\n{"text\n' if name == side else b""))
    rows = []
    with FileBackend(paths["source"]) as source, FileBackend(paths["target"]) as target:
        result = Verifier(source, Target([target]), Selection(), on_row=rows.append).run()
    assert (result.same, result.errors, result.exit) == (2, 2, Exit.DIFFERENCES)
    bad = [(row.symbol, row.user, row.detail.split(": ")[0]) for row in result.rows]
    assert bad == [("!", "", f"{paths[side]}:3"), ("!", "", f"{paths[side]}:4")]
    assert all(row.detail.split(": ", 1)[1] for row in result.rows)
