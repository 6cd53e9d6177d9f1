"""Any sequence of ingests and undos: every successful undo restores a former state."""

import json
import re
import tempfile
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from examples import FACTOR
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memctl.core.errors import MemctlError
from memctl.ingest.attribution import Attribution
from memctl.ingest.scan import Options
from memctl.workspace import Workspace

PLACES = ("Oslo", "Rome", "Paris")
SAID = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([f"I live in {place}." for place in PLACES] + ["I like tea."])),
    min_size=1,
    max_size=3,
)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("ingest"), st.sampled_from(["a", "b"]), SAID),
        st.tuples(st.just("add"), st.just(""), SAID),
        st.tuples(st.just("rm"), st.just(""), st.integers(0, 5)),
        st.tuples(st.just("undo"), st.just(""), st.integers(0, 2)),
    ),
    min_size=2,
    max_size=7,
)
TABLES = ("records", "units", "vectors", "claims", "evidence", "files", "sightings", "removed")


def rows(local):
    with local.engine.reading() as connection:
        return {name: sorted(map(str, connection.execute(f"SELECT * FROM {name}").fetchall())) for name in TABLES}


def do(local, folder, step):
    what, name, how = step
    if what == "ingest":
        lines = [{"role": "user", "content": text, "created_at": f"2026-01-{day:02}T10:00:00Z"} for day, text in how]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
        local.ingest([str(folder)], Options(attribution=Attribution(user="ann")))
    elif what == "add":
        local.remember("ann", how[0][1])
    else:
        held = [fact for page in local.read("ann") for fact in page.facts]
        local.delete("ann", [fact.id for fact in held[how : how + 1]])


def active(local):
    return [run.id for run in local.changing_runs() if run.undone_at is None]


@settings(max_examples=3 * FACTOR, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_undo_in_any_order_restores_the_former_state_or_changes_nothing(steps):
    """Undoing the last run restores exactly the state before it. Any other undo either does so after the later runs are
    undone, or is refused and changes nothing. When all runs are undone, nothing is left."""
    with tempfile.TemporaryDirectory() as place, Workspace(Path(place) / "s.duckdb") as local:
        undo_in_any_order(local, Path(place), steps)


@pytest.mark.campaign
def test_undo_in_any_order_in_postgresql(address, postgres_dsn):
    @settings(max_examples=3 * FACTOR, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(STEPS)
    def check(steps):
        schema = f"undo_{uuid4().hex}"
        with (
            tempfile.TemporaryDirectory() as place,
            Workspace(re.sub("schema=.*", f"schema={schema}", address)) as local,
        ):
            undo_in_any_order(local, Path(place), steps)
        with psycopg.connect(postgres_dsn, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")

    check()


def undo_in_any_order(local, place, steps):
    folder = place / "in"
    folder.mkdir()
    local.remember("bob", "I live in Lima.")
    base = active(local)
    empty = rows(local)
    before = {}
    for step in steps:
        now, runs = rows(local), active(local)
        if step[0] != "undo":
            do(local, folder, step)
            before |= {run: (now, runs) for run in active(local) if run not in runs}
        elif mine := [run for run in runs if run not in base]:
            run = mine[min(step[2], len(mine) - 1)]
            try:
                local.undo(run)
            except MemctlError:
                assert rows(local) == now
            else:
                then, others = before[run]
                if active(local) == others:
                    assert rows(local) == then
    for run in active(local):
        if run not in base:
            local.undo(run)
    assert rows(local) == empty
