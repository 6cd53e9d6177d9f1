"""What consolidation merges, resolves and removes, what it must not change, and that all of it can be undone."""

import json
import os
from datetime import UTC, datetime
from uuid import uuid4

import numpy as np
import pytest

from memctl.core.fact import Fact, Source
from memctl.maintenance.consolidate.duplicates import pairs
from memctl.workspace import Workspace

pytestmark = pytest.mark.engines(campaign="postgres")


def fact(text, *, day=1, user="alice", **more):
    at = datetime(2026, 1, day, tzinfo=UTC)
    fields = {"kind": "fact", "created_at": at, "source": Source(system="test")}
    return Fact(id=uuid4(), user_id=user, text=text, **fields | more)


def texts(memctl, user="alice", *more):
    facts = memctl("facts", user, "--json", *more).document["facts"]
    return {one["text"] for one in facts if one["kind"] != "summary"}


def consolidate(memctl, *arguments):
    ran = memctl("consolidate", *arguments, "--json")
    assert ran.code == 0, ran.err
    return ran.document


def rows():
    """All facts, evidence and vectors in the store."""
    tables = ("records", "units", "vectors", "claims", "evidence", "removed")
    with Workspace(os.environ["MEMCTL_STORE"]).engine.reading() as connection:
        return {name: sorted(map(str, connection.execute(f"SELECT * FROM {name}").fetchall())) for name in tables}


SAME = [
    ("alice likes black coffee.", "alice loves black coffee."),
    ("alice lives in Paris.", "alice is living in Paris."),
]
DIFFERENT = [
    ("alice is 35 years old.", "alice is 36 years old."),
    ("alice has two cats.", "alice has three cats."),
    ("alice is allergic to nuts.", "alice is not allergic to nuts."),
    ("alice has a meeting on Monday.", "alice has a meeting on Tuesday."),
    ("alice works with Anna at the shop.", "alice works with Maria at the shop."),
    ("alice drives a red car.", "alice drives a blue car."),
    ("alice likes tea in the morning.", "alice likes tea in the evening."),
    ("alice's brother is a doctor.", "alice's sister is a doctor."),
    ("alice likes cats.", "alice dislikes cats."),
]


def test_a_repeated_statement_becomes_one_fact_with_both_sources(memctl, store):
    Workspace(store).write([fact(text, day=day) for pair in SAME for day, text in enumerate(pair, 1)])
    done = consolidate(memctl, "alice")
    assert [change["action"] for change in done["changes"]] == ["merge", "merge", "summary"]
    assert texts(memctl) == {one for one, _ in SAME}, "the older fact is kept"


def test_statements_with_different_content_words_stay_separate(memctl, store):
    Workspace(store).write([fact(text, day=day) for pair in DIFFERENT for day, text in enumerate(pair, 1)])
    consolidate(memctl, "alice")
    assert texts(memctl) == {text for pair in DIFFERENT for text in pair}


def test_similar_facts_with_another_subject_day_or_property_are_no_duplicates():
    one = fact("alice visited Rome.", day=1, valid_at=datetime(2025, 1, 1, tzinfo=UTC))
    others = [
        fact("alice visited Rome.", day=2, valid_at=datetime(2025, 6, 1, tzinfo=UTC)),
        fact("alice visited Rome.", day=2, subject="Ben"),
        fact("alice visited Rome.", day=2, predicate="likes", object="Rome"),
    ]
    named = [fact("alice visited Rome.", day=1, predicate="visited", object="Rome"), others[2]]
    vector = np.ones(4, dtype=np.float32) / 2
    for pair in ([one, others[0]], [one, others[1]], named):
        assert not [each_pair for each_pair in pairs(pair, {each.id: vector for each in pair}) if each_pair.same]
    again = [fact("alice visited Rome.", day=n) for n in (3, 1, 2)]
    all_pairs = pairs(again, {each.id: vector for each in again})
    assert [(pair.kept.created_at.day, pair.other.created_at.day) for pair in all_pairs] == [(1, 2), (1, 3)]


@pytest.mark.engines
def test_merged_facts_of_transcripts_keep_all_evidence_and_stay_merged(memctl, chat):
    folder = chat("alice/a.jsonl", "I like black coffee.", "I prefer black coffee.").parent.parent
    memctl("ingest", folder)
    before = texts(memctl)
    assert len(before) == 2
    consolidate(memctl, "alice")
    (merged,) = [one for one in memctl("facts", "alice", "--json").document["facts"] if one["kind"] != "summary"]
    assert merged["source"]["turns"] == ["m1", "m2"]
    chat("alice/b.jsonl", "I prefer black coffee.", "I live in Oslo.")
    memctl("ingest", folder)
    assert consolidate(memctl, "alice")["run"]
    assert len(texts(memctl)) == 2


@pytest.mark.engines
def test_the_later_of_two_contradicting_facts_is_kept(memctl, store):
    Workspace(store).write(
        [
            fact("alice lives in Oslo.", day=1, predicate="lives_in", object="Oslo"),
            fact("alice lives in Rome.", day=2, predicate="lives_in", object="Rome"),
            fact("alice likes dogs.", day=3, predicate="likes", object="dogs"),
            fact("alice dislikes dogs.", day=4, predicate="dislikes", object="dogs"),
            fact("alice likes cats.", day=4, predicate="likes", object="cats"),
        ]
    )
    done = consolidate(memctl, "alice")
    assert {change["text"] for change in done["changes"] if change["action"] == "resolve"} == {
        "alice lives in Oslo.",
        "alice likes dogs.",
    }
    assert all("later" in change["reason"] for change in done["changes"] if change["action"] == "resolve")
    assert texts(memctl) == {"alice lives in Rome.", "alice dislikes dogs.", "alice likes cats."}


@pytest.mark.engines(campaign="postgres")
def test_an_imported_fact_ended_by_a_later_one_is_stored_once(memctl, store):
    Workspace(store).write([fact("alice lives in Oslo.", predicate="lives_in", object="Oslo")])
    memctl("add", "alice", "I live in Rome.")
    facts = memctl("facts", "alice", "--all", "--json").document["facts"]
    assert [one["object"] for one in facts] == ["Oslo", "Rome"]
    assert facts[0]["superseded_by"] == facts[1]["id"]


def test_contradictions_without_dates_are_only_listed(memctl, store):
    undated = [
        fact(f"alice lives in {city}.", predicate="lives_in", object=city, created_at=None) for city in ("A", "B")
    ]
    Workspace(store).write(undated)
    consolidate(memctl, "alice")
    assert len(texts(memctl)) == 2


@pytest.mark.engines
def test_old_episodes_are_removed_but_their_facts_stay(memctl, chat):
    long_ago = ("2020-01-01T10:00:00Z", "I am allergic to peanuts.")
    folder = chat("alice/a.jsonl", long_ago, ("2999-01-01T10:00:00Z", "I live in Oslo.")).parent.parent
    memctl("ingest", folder)
    facts = texts(memctl)
    done = consolidate(memctl, "alice", "--ttl", "episode=365d")
    assert [change["text"] for change in done["changes"] if change["action"] == "drop"] == ["I am allergic to peanuts."]
    assert texts(memctl) == facts
    assert texts(memctl, "alice", "--kind", "episode") == {"I live in Oslo."}
    chat("alice/a.jsonl", long_ago, ("2999-01-01T10:00:00Z", "I live in Oslo."), ("2999-01-02T10:00:00Z", "Bye."))
    memctl("ingest", folder)
    assert texts(memctl, "alice", "--kind", "episode") == {"I live in Oslo.", "Bye."}, "ingest does not restore it"


@pytest.mark.parametrize(
    ("ttl", "message"),
    [
        *(("fact=1d", "kind 'fact' cannot expire"), ("preference=365d", "kind 'preference' cannot expire")),
        *(
            ("x=1d", "unknown kind 'x'"),
            ("=1d", "unknown kind ''"),
            ("episode", "not of the form KIND=TIME: 'episode'"),
        ),
        *(
            ("episode=", "invalid time ''"),
            ("episode=soon", "invalid time 'soon'"),
            ("episode=2030", "invalid time '2030'"),
        ),
    ],
)
def test_a_maximum_age_for_facts_is_refused(memctl, once, ttl, message):
    once(lambda: memctl("add", "alice", "I live in Oslo."))
    ran = memctl("consolidate", "alice", "--ttl", ttl)
    assert (ran.code, f"--ttl: {message}" in ran.err, "365d" in ran.err) == (2, True, True), ran.err


def test_a_wrong_limit_is_an_error_even_in_an_empty_store(memctl):
    """Otherwise the error would first occur in the night when there is something to remove."""
    ran = memctl("prune", "--ttl", "fact=1d")
    assert (ran.code, "--ttl" in ran.err) == (2, True)


@pytest.mark.engines(campaign="postgres")
def test_a_summary_is_written_only_when_it_changes(memctl):
    memctl("add", "alice", "I live in Oslo.")
    memctl("add", "alice", "I am allergic to peanuts.")
    consolidate(memctl, "alice")
    (summary,) = memctl("facts", "alice", "--kind", "summary", "--json").document["facts"]
    assert "Oslo" in summary["text"]
    assert "peanuts" in summary["text"]
    assert consolidate(memctl, "alice") == {
        "schema": "memctl.consolidate/1",
        "dry_run": False,
        "run": None,
        "user": "alice",
        "changes": [],
    }
    assert "nothing to do" in memctl("consolidate", "alice").out
    memctl("add", "alice", "I live in Rome.")
    consolidate(memctl, "alice")
    (again,) = memctl("facts", "alice", "--kind", "summary", "--json").document["facts"]
    assert again["id"] == summary["id"]
    assert "Oslo" not in again["text"]


@pytest.fixture
def untidy_memory(memctl, store, chat, once):
    """A memory with something to do for every step of consolidation."""

    def fill():
        long_ago = ("2020-01-01T10:00:00Z", "I like green tea.")
        memctl("ingest", chat("alice/a.jsonl", long_ago, "I prefer green tea.", "I live in Bergen.").parent.parent)
        Workspace(store).write(
            [
                fact("alice lives in Oslo.", day=1, predicate="lives_in", object="Oslo"),
                fact("alice lives in Rome.", day=2, predicate="lives_in", object="Rome"),
                fact("alice likes black coffee.", day=3),
                fact("alice loves black coffee.", day=4),
                fact("ben lives in Rome.", user="ben"),
            ]
        )

    once(fill)


@pytest.mark.engines(campaign="postgres")
def test_a_dry_run_lists_the_changes_and_makes_none(memctl, untidy_memory):
    before = rows()
    ran = memctl("consolidate", "alice", "--ttl", "episode=365d", "--dry-run")
    assert rows() == before
    for said in (
        "merge",
        "resolve",
        "drop",
        "summary",
        "duplicate of",
        "which is later",
        "episode older than",
    ):
        assert said in ran.out
    planned = consolidate(memctl, "alice", "--ttl", "episode=365d", "--dry-run")
    done = consolidate(memctl, "alice", "--ttl", "episode=365d")
    assert done["changes"] == planned["changes"]
    assert (planned["run"], bool(done["run"])) == (None, True)


@pytest.mark.engines
def test_undo_restores_every_row(memctl, untidy_memory):
    before = rows()
    run = consolidate(memctl, "alice", "--ttl", "episode=365d")["run"]
    assert rows() != before
    newest = memctl("undo", "--json").document["runs"][0]
    assert (newest["id"], newest["command"], newest["user_id"]) == (run, "consolidate", "alice")
    ran = memctl("undo", run[:6])
    assert ran.code == 0, ran.err
    assert rows() == before
    assert "undone" in memctl("undo").out
    assert memctl("search", "alice", "coffee", "--json").document["hits"]


def test_consolidate_after_undo_gives_the_same_result(memctl, untidy_memory):
    def changes_of(document):
        return json.loads(json.dumps({key: document[key] for key in ("changes",)}))

    one = consolidate(memctl, "alice")
    memctl("undo", one["run"])
    assert changes_of(consolidate(memctl, "alice")) == changes_of(one)


@pytest.mark.engines(campaign="postgres")
def test_undo_of_an_unknown_undone_or_outdated_run_is_an_error(memctl, untidy_memory):
    assert memctl("undo", "nosuchrun").code == 4
    run = consolidate(memctl, "alice")["run"]
    assert memctl("undo", run).code == 0
    ran = memctl("undo", run)
    assert (ran.code, "was undone on" in ran.err) == (2, True)
    run = consolidate(memctl, "alice")["run"]
    memctl("add", "alice", "I live in Madrid.")
    assert consolidate(memctl, "alice")["run"], "the summary has changed"
    before = rows()
    ran = memctl("undo", run)
    assert (ran.code, "were changed again later" in ran.err) == (1, True)
    assert rows() == before


def test_changes_to_other_facts_do_not_prevent_undo(memctl, untidy_memory):
    run = consolidate(memctl, "alice")["run"]
    memctl("add", "alice", "I am allergic to peanuts.")
    memctl("add", "alice", "My favourite colour is red.")
    assert memctl("undo", run).code == 0
    listed = texts(memctl)
    assert {"alice is allergic to peanuts.", "alice loves black coffee.", "alice likes black coffee."} <= listed
    twice = "select key, count(*) n from records group by key having count(*) > 1"
    assert memctl("sql", twice, "--json").document["rows"] == []


@pytest.mark.engines(campaign="postgres")
def test_undo_requires_undoing_a_later_removal_first(memctl, untidy_memory):
    before = rows()
    run = consolidate(memctl, "alice", "--ttl", "episode=365d")["run"]
    tea = next(one for one in memctl("facts", "alice", "--json").document["facts"] if one["object"] == "green tea")
    assert len(tea["source"]["turns"]) == 2
    memctl("rm", tea["id"], "--yes")
    removal = memctl("undo", "--json").document["runs"][0]
    assert removal["command"] == "rm"
    ran = memctl("undo", run)
    assert (ran.code, f"undo first: {removal['id']}" in ran.err) == (1, True)
    assert memctl("undo", removal["id"]).code == 0
    assert memctl("undo", run).code == 0
    assert rows() == before


def test_an_unknown_user_is_an_error_but_nothing_to_do_is_not(memctl, untidy_memory):
    assert memctl("consolidate", "zoe").code == 4
    assert "alice" in memctl("consolidate", "zoe").err
    ran = consolidate(memctl, "ben")
    assert [change["action"] for change in ran["changes"]] == ["summary"]


def test_dropped_records_are_deleted_permanently_after_a_month(memctl, untidy_memory):
    run = consolidate(memctl, "alice", "--ttl", "episode=365d")["run"]
    memctl("sql", "--write", "update runs set made_at = made_at - interval '31 day'")
    assert consolidate(memctl, "alice", "--dry-run")["changes"] == []
    assert memctl("undo", "--json").document["runs"]
    assert consolidate(memctl, "alice")["run"] is None
    assert memctl("undo", run).code == 4
    assert memctl("sql", "select * from undo_records", "--json").document["rows"] == []


def test_duplicates_among_3000_facts_are_found_with_few_other_pairs():
    facts = [fact(f"alice likes song number {n} of {n % 7} bands.", day=1 + n % 28) for n in range(3000)]
    twins = [fact(one.text, day=28) for one in facts[:5]]
    vector = np.ones(8, dtype=np.float32) / np.sqrt(np.float32(8))
    duplicates = pairs([*facts, *twins], dict.fromkeys((one.id for one in (*facts, *twins)), vector))
    assert sum(pair.same for pair in duplicates) == 5
    assert len(duplicates) <= 25
