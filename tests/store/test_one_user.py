"""A transaction about one user reads that user's rows and no others; new rows get keys that nothing else has."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from memctl.core.fact import Fact, Source, derive_id
from memctl.store.duckdb.database import Database
from memctl.workspace import Workspace


def facts(user: str, number: int) -> list[Fact]:
    return [
        Fact(
            id=derive_id(user, str(n)),
            user_id=user,
            kind="fact",
            text=f"owns book {n}",
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            source=Source(system="test"),
        )
        for n in range(number)
    ]


@pytest.mark.parametrize("user", ["o'hara", "a''b", "two\nlines", "Zoë"])
def test_a_transaction_about_a_user_sees_nobody_elses_records(store: Path, user: str) -> None:
    backend = Workspace(store)
    mine, others = facts(user, 3), facts("someone else", 3)
    backend.write([*mine, *others])
    ids = [fact.id for fact in (*mine, *others)]
    with backend.store.reading(users=[user]) as session:
        found = {fact.id for fact in session.facts(ids)}
    assert found >= {fact.id for fact in mine}
    if user.isprintable():
        assert found == {fact.id for fact in mine}
    with backend.store.reading(users=[user, "someone else"]) as session:
        assert len(session.facts(ids)) == len(ids)
    (added,) = backend.remember(user, "I moved to Ghent.")
    assert added.object == "Ghent"
    backend.undo(backend.changing_runs()[0].id)
    assert {fact.id for fact in backend.facts(user)} == {fact.id for fact in mine}


def test_row_keys_of_one_transaction_differ_before_any_row_is_stored(store: Path) -> None:
    with Database(store).writing() as connection:
        first, files = connection.keys(records=3, files=2)
        (second,) = connection.keys(records=2)
        connection.skip_keys("records", 10)
        (third,) = connection.keys(records=1)
    assert [*first, *second, *third] == [1, 2, 3, 4, 5, 11]
    assert list(files) == [1, 2]


@pytest.mark.parametrize("number", [2, 150])
def test_undo_removes_the_new_records_of_a_run_whether_few_or_many(store: Path, number: int) -> None:
    backend = Workspace(store)
    backend.write(facts("alice", 1))
    backend.start_run("the run", "import")
    backend.write(facts("bob", number))
    backend.close()
    run, changed = backend.undo("the run")
    assert (run.command, changed) == ("import", number)
    assert list(backend.users()) == ["alice"]
