"""Decompression bombs, deeply nested and endless files: limits on memory and time, and the valid records next to them.
Those for readers of transcripts are in tests/transcripts/test_hostile_files.py."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from examples import FACTOR
from torture.bombs import some

MOST_MEMORY = 500_000_000
SAID = {
    ", long text": "longer than",
    ", deep": "nested more than 200 levels deep",
    ", many values": "more than 2,000,000 values",
    "zip that swells": "archive refused: unpacks to",
    "parquet that swells": "refused: the Parquet file unpacks to",
    "parquet that lies": "cannot read the Parquet file",
    "of many lines": "the rest of the file was not read",
    "many members": "archive refused: 200,000 members",
    "zip of zips": "cannot be unpacked",
}


@pytest.fixture(scope="module")
def bomb_results(tmp_path_factory):
    """The results of reading the bombs in a separate process, which is killed if it hangs. Every reader gets a bomb of
    one kind here, and of every kind in `make torture`."""
    names = some() if FACTOR == 1 else []
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-m", "torture.bombs", str(tmp_path_factory.mktemp("bombs")), *names],
        cwd=Path(__file__).parents[1], capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert ran.returncode == 0, (ran.stdout[-500:], ran.stderr[-2000:])
    return {one["bomb"]: one for one in map(json.loads, ran.stdout.splitlines())}


def test_each_bomb_is_reported_within_the_memory_limit(bomb_results):
    assert {name: one["peak"] for name, one in bomb_results.items() if one["peak"] >= MOST_MEMORY} == {}
    for name, one in bomb_results.items():
        for part, said in SAID.items():
            if name.endswith(part):
                assert said in one["said"], one
        assert "\n" not in one["said"], one


def test_valid_records_next_to_a_bad_line_are_read(bomb_results):
    """A document or an archive that contains a bomb is refused as a whole."""
    lost = {name: one for name, one in bomb_results.items() if " lines, " in name and one["facts"] < 2}
    assert lost == {}
