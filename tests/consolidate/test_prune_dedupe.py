"""Single steps of a consolidation: prune removes expired records, dedupe merges duplicates, nothing else changes, and
both can be undone."""

import os
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from memctl.core.fact import Fact, Source, encode_lines
from memctl.workspace import Workspace

pytestmark = pytest.mark.engines(campaign="postgres")

NOW = datetime.now(UTC)


def fact(user, text, **more):
    base = {"id": uuid4(), "user_id": user, "kind": "fact", "text": text, "source": Source(system="test")}
    return Fact(**base | {"created_at": NOW - timedelta(days=30)} | more)


@pytest.fixture
def expiring_facts(memctl, home, once):
    """Two users, each with an expired fact, one that expires tomorrow, one without an end, and a duplicate of that."""
    facts = []
    for user in ("alice", "bruno"):
        facts += [
            fact(user, f"{user} has a visitor's badge", expires_at=NOW - timedelta(days=1)),
            fact(user, f"{user} has a parking permit", expires_at=NOW + timedelta(days=1)),
            fact(user, f"{user} likes green tea"),
            fact(user, f"{user} really likes green tea", created_at=NOW),
            fact(user, f"{user} likes black tea"),
            fact(user, "an old talk", kind="episode", created_at=NOW - timedelta(days=900)),
        ]

    def make():
        (home / "work" / "facts.jsonl").write_bytes(b"".join(encode_lines(facts)))
        assert memctl("import", "facts.jsonl").code == 0

    once(make)


def texts(user):
    """The texts of all stored records of a user, and of no other."""
    pages = Workspace(os.environ["MEMCTL_STORE"]).read(user)
    return sorted(fact.text for page in pages for fact in page.facts)


@pytest.mark.engines
def test_prune_removes_expired_facts_of_all_users(memctl, expiring_facts):
    before = {user: texts(user) for user in ("alice", "bruno")}
    planned = memctl("prune", "--dry-run", "--json").document
    assert {user: texts(user) for user in before} == before
    shown = memctl("prune", "--dry-run").out.splitlines()
    assert [line for line in shown if line.startswith("user ")] == ["user alice", "user bruno"]
    assert "user" not in memctl("prune", "alice", "--dry-run").out
    ran = memctl("prune", "--json")
    assert ran.code == 0, ran.err
    assert [one["changes"] for one in ran.document["users"]] == [one["changes"] for one in planned["users"]]
    for user, held in before.items():
        assert texts(user) == [text for text in held if "badge" not in text]
    for one in ran.document["users"]:
        assert memctl("undo", one["run"]).code == 0
    assert {user: texts(user) for user in before} == before


def test_prune_removes_old_episodes_only_on_request_and_of_one_user(memctl, expiring_facts):
    assert memctl("prune", "alice", "--ttl", "episode=365d").code == 0
    assert "an old talk" not in texts("alice")
    assert "an old talk" in texts("bruno")
    assert "nothing to do" in memctl("prune", "alice", "--ttl", "episode=365d").out
    assert memctl("prune", "zoe").code == 4
    assert memctl("prune", "--ttl", "fact=1d").code == 2


@pytest.mark.engines
def test_dedupe_merges_duplicates_and_lists_similar_facts(memctl, expiring_facts):
    before = texts("alice")
    planned = memctl("dedupe", "alice", "--dry-run", "--json").document["changes"]
    assert texts("alice") == before
    (merged,) = [change for change in planned if change["action"] == "merge"]
    assert merged["text"] == "alice really likes green tea"
    ran = memctl("dedupe", "alice", "--json").document
    assert {change["action"] for change in ran["changes"]} <= {"merge", "look"}
    current = {held["text"] for held in memctl("facts", "alice", "--json").document["facts"]}
    assert "alice likes black tea" in current
    assert "alice really likes green tea" not in current
    memctl("undo", ran["run"])
    assert texts("alice") == before
