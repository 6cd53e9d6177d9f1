"""Reports on a real PostgreSQL: the same facts give the same numbers as in the local store."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from memctl.core.errors import Exit


@pytest.fixture
def moved(
    memctl: Callable[..., Any], fixtures: Path, postgres_dsn: str, postgres_schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fixtures, ingested and moved to a backend called `pg`."""
    monkeypatch.setenv("PG_DSN", postgres_dsn)
    options = f'adapter = "postgres"\nschema = {json.dumps(postgres_schema)}\ndsn_env = "PG_DSN"\n'
    Path("memctl.toml").write_text(f"[backends.pg]\n{options}")
    assert memctl("ingest", "-q", fixtures).code == Exit.OK
    assert memctl("migrate", "--from", "local", "--to", "pg", "--all-users", "-q").code == Exit.OK


@pytest.mark.usefixtures("moved")
def test_postgres_has_the_same_report_as_the_local_store(memctl: Callable[..., Any]):
    there = memctl("report", "volume", "--from", "pg", "--json").document
    here = memctl("report", "volume", "--json").document
    assert there["backend"] == "postgres"
    assert there["bytes"]["text"] == here["bytes"]["text"]
    assert there["bytes"]["file"] is None
    for document in (there, here):
        for name in ("backend", "now", "bytes"):
            del document[name]
    assert there == here


@pytest.mark.usefixtures("moved")
def test_a_workload_is_measured_in_postgres(memctl: Callable[..., Any]):
    priced = memctl("report", "pricing", "--from", "pg", "--json").document
    assert priced["workload"]["users"]["value"] == 5
    assert priced["workload"]["users"]["said"].startswith("measured in postgres on ")
    moved = memctl("report", "pricing", "--from", "pg", "--migrate", "postgres:zep", "--json").document
    assert moved["basis"].startswith("everything in postgres")
    assert moved["records"] == memctl("report", "volume", "--json").document["records"]
