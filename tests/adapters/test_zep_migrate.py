"""Zep on the command line: `memctl migrate`, `search` and dumps, with a key from the environment and a new home
folder."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from memctl.core.fact import Fact, Source, derive_id, encode_lines

EXPORTS = Path(__file__).parents[2] / "fixtures" / "exports" / "zep"
AT = datetime(2025, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def emulator() -> ModuleType:
    """The module of the loopback server."""
    return import_module("emulators.zep")


@pytest.fixture
def cloud(emulator: ModuleType, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A running server, its address and key in the environment."""
    with emulator.serve() as running:
        monkeypatch.setenv("ZEP_API_KEY", emulator.KEY)
        monkeypatch.setenv("MEMCTL_ZEP_URL", running.url)
        yield running


@pytest.fixture
def facts_file(home: Path) -> Path:
    """A file of 2 users x 150 facts, some of them long, some ended, with fields that Zep lacks."""
    facts = [
        Fact(
            id=derive_id(user, str(n)),
            user_id=user,
            kind="preference" if n % 3 else "fact",
            text=f"{user} prefers shop number {n}. " * (20 if n % 50 == 0 else 1),
            subject=user if n % 2 else None,
            predicate="prefers" if n % 2 else None,
            object=f"shop {n}" if n % 2 else None,
            confidence=0.5,
            categories=("shops",),
            valid_at=AT + timedelta(days=n, microseconds=n),
            invalid_at=AT + timedelta(days=n + 30) if n % 10 == 0 else None,
            created_at=AT,
            source=Source(system="suite", session="s"),
            metadata={"n": n},
        )
        for user in ("alice", "bruno")
        for n in range(150)
    ]
    path = home / "given.jsonl"
    path.write_bytes(b"".join(encode_lines(facts)))
    return path


def test_facts_moved_to_zep_and_back_are_unchanged(
    cloud: Any, facts_file: Path, home: Path, memctl: Callable[..., Any], tmp_path: Path
):
    there = memctl("migrate", "--from", facts_file, "--to", "zep", "--all-users", "--json")
    assert there.code == 0, there.err
    assert there.document["counts"]["written"] == 300
    again = memctl("migrate", "--from", facts_file, "--to", "zep", "--all-users", "--json")
    assert again.document["counts"]["unchanged"] == 300
    back = memctl("migrate", "--from", "zep", "--to", home / "back.jsonl", "--all-users", "--json")
    assert back.code == 0, back.err
    assert sorted((home / "back.jsonl").read_bytes().splitlines()) == sorted(facts_file.read_bytes().splitlines())
    assert not {path.name for path in home.iterdir()} & {".zep", ".config", ".cache"}


def test_the_plan_shows_how_long_texts_and_vectors_are_kept(cloud: Any, facts_file: Path, memctl: Callable[..., Any]):
    planned = memctl("migrate", "--from", facts_file, "--to", "zep", "--all-users", "--dry-run")
    assert planned.code == 0, planned.err
    assert "the full text in the attribute" in planned.out, planned.out
    assert not cloud.users


def test_the_wait_for_a_rate_limit_is_shown(
    cloud: Any, facts_file: Path, memctl: Callable[..., Any], emulator: ModuleType
):
    cloud.faults.append(emulator.Fault("POST .*/edges$", emulator.too_many(after=1)))
    ran = memctl("migrate", "--from", facts_file, "--to", "zep", "--user", "alice")
    assert ran.code == 0, ran.err
    assert "Rate limit exceeded" in ran.err


def test_a_rate_limit_beyond_max_time_ends_the_run_which_can_be_resumed(
    cloud: Any, facts_file: Path, memctl: Callable[..., Any], emulator: ModuleType
):
    cloud.faults.append(emulator.Fault("POST .*/edges$", emulator.too_many(after=60)))
    arguments = ("migrate", "--from", facts_file, "--to", "zep", "--user", "alice")
    assert memctl(*arguments, "--max-duration", "20s").code == 8
    assert memctl(*arguments).code == 0
    (graph,) = cloud.graphs.values()
    assert len(graph["edges"]) == 150


def test_a_wrong_key_ends_with_exit_7_and_is_not_shown(
    cloud: Any, facts_file: Path, memctl: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
):
    wrong = "z_" + "not-the-key"
    monkeypatch.setenv("ZEP_API_KEY", wrong)
    ran = memctl("migrate", "--from", facts_file, "--to", "zep", "--user", "alice")
    assert ran.code == 7
    assert wrong not in ran.out + ran.err
    monkeypatch.delenv("ZEP_API_KEY")
    ran = memctl("migrate", "--from", facts_file, "--to", "zep", "--user", "alice")
    assert ran.code == 7
    assert "ZEP_API_KEY" in ran.err


def test_moving_one_user_out_makes_no_call_about_others(
    cloud: Any, facts_file: Path, home: Path, memctl: Callable[..., Any]
):
    for number in range(30):
        cloud.add_user({"user_id": f"other {number}"})
    assert memctl("migrate", "--from", facts_file, "--to", "zep", "--user", "alice").code == 0
    before = len(cloud.requests)
    assert memctl("migrate", "--from", "zep", "--to", home / "back.jsonl", "--user", "alice").code == 0
    assert len(cloud.requests) - before < 20
    assert memctl("migrate", "--from", "zep", "--to", home / "back.jsonl", "--user", "nobody").code == 4


def test_a_dump_is_migrated_like_any_file(cloud: Any, memctl: Callable[..., Any]):
    ran = memctl("migrate", "--from", EXPORTS / "v4-users.json", "--to", "zep", "--all-users", "--json")
    assert ran.code == 0, ran.err
    assert ran.document["counts"]["written"] == 5
    names = {user["user_id"]: user.get("email") for user in cloud.users.values()}
    assert names == {"alice": "alice@example.org", "bruno": None}


def test_threads_are_read_as_transcripts(cloud: Any, memctl: Callable[..., Any], emulator: ModuleType):
    from memctl_zep.adapter import ZepAdapter

    with ZepAdapter(emulator.KEY, url=cloud.url) as adapter:
        adapter.add("alice", [{"role": "user", "content": "I live in Lisbon.", "at": AT}])
        adapter.add("bruno", [{"role": "user", "content": "I live in Porto.", "at": AT}])
    ran = memctl("ingest", "--from", "zep", "--user", "alice")
    assert ran.code == 0, ran.err
    assert "Lisbon" in memctl("facts", "alice").out
    # Bruno has no fact in Zep, but a thread.
    assert memctl("ingest", "--from", "zep").code == 0
    assert "Porto" in memctl("facts", "bruno").out


def test_search_in_zep_supports_as_of(cloud: Any, memctl: Callable[..., Any], home: Path):
    job = {"user_id": "alice", "kind": "fact", "source": Source(system="suite")}
    facts = [
        Fact(id=derive_id("1"), text="Job: cook.", valid_at=AT - timedelta(days=900), invalid_at=AT, **job),
        Fact(id=derive_id("2"), text="Job: nurse.", valid_at=AT, **job),
    ]
    (home / "jobs.jsonl").write_bytes(b"".join(encode_lines(facts)))
    assert memctl("migrate", "--from", home / "jobs.jsonl", "--to", "zep", "--all-users").code == 0
    ran = memctl("search", "alice", "job", "--from", "zep", "--as-of", "2024-06-01", "--json")
    assert ran.code == 0, ran.err
    assert [hit["fact"]["text"] for hit in ran.document["hits"]] == ["Job: cook."]


def test_moving_one_user_into_a_large_account_does_not_list_all_users(
    memctl: Callable[..., Any], cloud: Any, facts_file: Path
) -> None:
    """In an account of thousands of users every call counts, and Zep's free plan allows few."""
    for number in range(30):
        cloud.add_user({"user_id": f"somebody-{number}"})
    moved = memctl("migrate", "--from", facts_file, "--to", "zep", "--user", "alice", "--rate", "1000/s", "--no-verify")
    assert moved.code == 0, moved.err
    alice = cloud.users[next(uuid for uuid, user in cloud.users.items() if user["user_id"] == "alice")]
    asked = {path.split("graphs/")[1].split("/")[0] for _, path, _ in cloud.requests if "graphs/" in path}
    assert asked == {alice["graph_uuid"]}
