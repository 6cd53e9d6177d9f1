"""A commit must not run separate statements for every group of facts, because each is a round trip to the server."""

from pathlib import Path

import pytest

from memctl.store.duckdb.connection import DuckConnection
from memctl.workspace import Workspace

PLACES = ("Oslo", "Rome", "Lima", "Paris")


def test_a_commit_takes_no_more_statements_for_many_groups_than_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements: list[str] = []
    execute = DuckConnection.execute

    def counting(self: DuckConnection, statement: str, *parameters: object) -> object:
        statements.append(statement)
        return execute(self, statement, *parameters)

    monkeypatch.setattr(DuckConnection, "execute", counting)
    counts = []
    for name, turns in (
        ("few", ["My sister Ann lives in Oslo."]),
        ("many", [f"My friend {first} lives in {place}." for first in ("Bea", "Cy", "Dee", "Eve") for place in PLACES]),
    ):
        store = Workspace(tmp_path / f"{name}.duckdb")
        store.add("zoe", ["I like tea."])
        statements.clear()
        assert store.add("zoe", turns).added
        counts.append(len(statements))
    assert counts[1] <= counts[0], statements
