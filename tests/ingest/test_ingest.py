"""`memctl ingest`: nothing is stored twice, new turns are added, removed turns are withdrawn."""

import json
import os
import zipfile

import pytest
from trust.store_rows import rows

from memctl.store.engines import open_engine

pytestmark = pytest.mark.engines(campaign="postgres")


def ingest(memctl, *arguments, **more):
    ran = memctl("ingest", *arguments, "--json", **more)
    return ran.code, ran.document["report"] if ran.code in (0, 3) else ran.document


def current(memctl, user, predicate=None):
    ran = memctl("facts", user, "--json", *(["--predicate", predicate] if predicate else []))
    assert ran.code == 0, ran.err
    return {fact["object"]: fact for fact in ran.document["facts"]}


def everything(memctl, user):
    return memctl("facts", user, "--all", "--json").document["facts"]


def count(memctl, table):
    return memctl("sql", f"select count(*) n from {table}", "--json").document["rows"][0]["n"]


def test_the_fixtures_are_read_completely_and_each_user_has_facts(memctl, fixtures):
    ran = memctl("ingest", fixtures)
    assert ran.code == 0, ran.err
    users = {row["user"]: row for row in memctl("users", "--json").document["users"]}
    assert {"alice", "bruno", "khalid", "mei", "nadia"} <= set(users)
    assert all(row["facts"] and row["episodes"] for name, row in users.items() if name in ("alice", "mei", "nadia"))
    assert "Paris" in current(memctl, "alice", "lives_in")
    assert "Tokyo" not in current(memctl, "alice", "lives_in")
    for word in ("files", "sessions", "turns", "added", "reinforced", "superseded", "skipped"):
        assert word in ran.out


def test_the_shipping_preference_ranks_first_with_date_and_source(memctl, ingested):
    first = memctl("search", "alice", "shipping", "--json").document["hits"][0]["fact"]
    assert "shipping" in first["text"]
    assert first["kind"] == "preference"
    assert first["created_at"]
    assert first["source"]["uri"].endswith("chatgpt-conversations.json")


def test_a_second_run_does_nothing_and_reports_it(memctl, fixtures, store, every_fact):
    memctl("ingest", fixtures)
    before = every_fact(store)
    again = memctl("ingest", fixtures)
    assert again.code == 0
    assert "nothing to do" in again.out
    assert every_fact(store) == before


def test_a_file_with_a_new_time_but_the_same_content_is_unchanged(memctl, chat):
    path = chat("alice/a.jsonl", "I live in Oslo.")
    memctl("ingest", path.parent.parent)
    os.utime(path, (1, 1))
    assert "nothing to do" in memctl("ingest", path.parent.parent).out


@pytest.mark.engines
def test_a_grown_file_gives_only_its_new_turns(memctl, chat):
    folder = chat("alice/a.jsonl", "I live in Oslo.", "I am allergic to peanuts.").parent.parent
    ingest(memctl, folder)
    before = current(memctl, "alice")["peanuts"]
    chat("alice/a.jsonl", "I live in Oslo.", "I am allergic to peanuts.", "I live in Rome.")
    code, report = ingest(memctl, folder)
    assert (code, report["episodes"], report["added"]) == (0, 1, 1)
    assert current(memctl, "alice")["peanuts"] == before, "a known turn does not raise confidence"
    assert set(current(memctl, "alice", "lives_in")) == {"Rome"}


def test_a_turn_still_being_written_is_left_for_the_next_run(memctl, chat):
    path = chat("alice/a.jsonl", "I live in Oslo.")
    whole = path.read_text()
    path.write_text(whole + '{"role": "user", "id": "m2", "content": "I am aller')
    code, report = ingest(memctl, path, "--user", "alice")
    assert (code, report["episodes"]) == (0, 1)
    chat("alice/a.jsonl", "I live in Oslo.", "I am allergic to peanuts.")
    assert ingest(memctl, path, "--user", "alice")[1]["episodes"] == 1
    assert set(current(memctl, "alice")) == {"Oslo", "peanuts"}


@pytest.mark.engines
def test_an_edited_turn_leaves_no_evidence_of_the_old_one(memctl, chat):
    folder = chat("alice/a.jsonl", "I live in Oslo.", "I am allergic to peanuts.").parent.parent
    ingest(memctl, folder)
    chat("alice/a.jsonl", "I live in Rome.", "I am allergic to peanuts.")
    ingest(memctl, folder)
    assert {fact["object"] for fact in everything(memctl, "alice")} == {"Rome", "peanuts"}
    assert "Oslo" not in json.dumps(memctl("facts", "alice", "--kind", "episode", "--json").document)
    assert count(memctl, "claims") == 2
    assert count(memctl, "evidence") == 2
    assert count(memctl, "units where record not in (select key from records)") == 0
    assert count(memctl, "vectors where unit not in (select key from units)") == 0


@pytest.mark.engines
def test_a_removed_turn_makes_the_fact_it_superseded_current_again(memctl, chat):
    oslo, rome, tea = (
        ("2026-01-01", "I live in Oslo."),
        ("2026-01-02", "I live in Rome."),
        ("2026-01-03", "I like tea."),
    )
    folder = chat("alice/a.jsonl", oslo, rome, tea).parent.parent
    ingest(memctl, folder)
    assert set(current(memctl, "alice", "lives_in")) == {"Rome"}
    chat("alice/a.jsonl", oslo, tea)
    code, report = ingest(memctl, folder)
    assert (code, report["removed"], report["withdrawn"]) == (0, 1, 1)
    (oslo,) = (fact for fact in everything(memctl, "alice") if fact["predicate"] == "lives_in")
    assert (oslo["object"], oslo["superseded_by"], oslo["invalid_at"]) == ("Oslo", None, None)


SAID = (("2026-01-01", "I live in Oslo."), ("2026-01-02", "I am allergic to peanuts."), ("2026-01-03", "I like tea."))
LESS = (SAID[0], SAID[2])


@pytest.mark.engines
def test_a_session_in_two_files_is_stored_once_and_kept_while_one_has_it(memctl, chat):
    folder = chat("alice/a.jsonl", *SAID).parent.parent
    chat("alice/backup/a.jsonl", *SAID)
    ingest(memctl, folder)
    once = current(memctl, "alice")["peanuts"]["confidence"]
    assert count(memctl, "facts where kind = 'episode'") == 3
    chat("alice/a.jsonl", *LESS)
    ingest(memctl, folder)
    assert current(memctl, "alice")["peanuts"]["confidence"] == once
    chat("alice/backup/a.jsonl", *LESS)
    ingest(memctl, folder)
    assert set(current(memctl, "alice")) == {"Oslo", "tea"}


@pytest.mark.engines
def test_a_turn_removed_from_both_files_in_one_run_is_withdrawn(memctl, chat):
    folder = chat("alice/a.jsonl", *SAID).parent.parent
    chat("alice/backup/a.jsonl", *SAID)
    ingest(memctl, folder)
    for name in ("alice/a.jsonl", "alice/backup/a.jsonl"):
        chat(name, *LESS)
    ingest(memctl, folder)
    assert set(current(memctl, "alice")) == {"Oslo", "tea"}
    assert count(memctl, "facts where kind = 'episode'") == 2


def test_a_session_that_moves_to_another_file_is_not_lost(memctl, home):
    def thread(name, *ids):
        path = home / "in" / "alice" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        texts = {"t1": "I live in Oslo.", "t2": "I am allergic to peanuts."}
        path.write_text("".join(json.dumps({"thread_id": i, "role": "user", "content": texts[i]}) + "\n" for i in ids))

    thread("1.jsonl", "t1", "t2")
    ingest(memctl, home / "in")
    thread("1.jsonl", "t1")
    thread("2.jsonl", "t2")
    ingest(memctl, home / "in")
    assert set(current(memctl, "alice")) == {"Oslo", "peanuts"}
    assert count(memctl, "facts where kind = 'episode'") == 2


def test_the_order_of_files_does_not_change_the_store(memctl, chat, home, every_fact):
    files = [
        chat("alice/a.jsonl", ("2026-01-05T10:00:00Z", "I live in Oslo. I like tea.")),
        chat("alice/b.jsonl", ("2026-02-05T10:00:00Z", "I live in Rome. I no longer like tea.")),
        chat("alice/c.jsonl", ("2026-03-05T10:00:00Z", "I live in Lisbon. I like tea.")),
    ]
    outcomes = []
    for number, order in enumerate([files, files[::-1], [files[1], files[2], files[0]]]):
        store = home / f"{number}.duckdb"
        for path in order:
            assert ingest(memctl, path, "--user", "alice", "--store", store)[0] == 0
        outcomes.append(every_fact(store))
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert len([fact for fact in outcomes[0].values() if fact["kind"] != "episode"]) >= 4


def test_two_processes_give_the_same_store_as_one(memctl, fixtures, home, every_fact, monkeypatch):
    monkeypatch.setattr("memctl.ingest.pipeline.PARALLEL_BYTES", 0)
    monkeypatch.setattr("memctl.ingest.pipeline.CHUNK_TURNS", 10)
    one, two = home / "one.duckdb", home / "two.duckdb"
    ingest(memctl, fixtures, "--jobs", 1, "--store", one)
    code, report = ingest(memctl, fixtures, "--jobs", 2, "--store", two)
    assert (code, report["rejects"]) == (0, [])
    assert every_fact(one) == every_fact(two)


@pytest.mark.parametrize("batch", [5])
def test_the_batch_size_does_not_change_the_store(memctl, fixtures, home, every_fact, monkeypatch, batch):
    ingest(memctl, fixtures, "--store", home / "one.duckdb")
    monkeypatch.setattr("memctl.ingest.pipeline.BATCH_TURNS", batch)
    monkeypatch.setattr("memctl.ingest.pipeline.CHUNK_TURNS", batch)
    ingest(memctl, fixtures, "--store", home / "many.duckdb")
    assert every_fact(home / "one.duckdb") == every_fact(home / "many.duckdb")


@pytest.mark.parametrize("first", ["dated", "undated"])
def test_a_statement_without_a_time_does_not_end_one_with_a_time(memctl, home, first):
    """The time of a file is not the time at which something was said."""
    turns = {"dated": ("I live in Oslo.", {"created_at": "2026-01-01T10:00:00Z"}), "undated": ("I live in Madrid.", {})}
    for name in sorted(turns, reverse=first == "undated"):
        text, more = turns[name]
        path = home / f"{name}.jsonl"
        path.write_text(json.dumps({"role": "user", "content": text} | more) + "\n")
        memctl("ingest", path, "--user", "ada")
    facts = {fact["object"]: fact for fact in everything(memctl, "ada")}
    assert (facts["Oslo"]["superseded_by"], facts["Oslo"]["invalid_at"]) == (None, None)
    assert (facts["Madrid"]["superseded_by"], facts["Madrid"]["invalid_at"]) == (facts["Oslo"]["id"], None)


def test_a_turn_without_a_time_is_later_than_earlier_turns_of_its_chat(memctl, home):
    path = home / "chat.jsonl"
    turns = ({"content": "I live in Oslo.", "created_at": "2026-01-01T10:00:00Z"}, {"content": "I live in Rome."})
    path.write_text("".join(json.dumps({"role": "user"} | turn) + "\n" for turn in turns))
    memctl("ingest", path, "--user", "ada")
    assert set(current(memctl, "ada", "lives_in")) == {"Rome"}


def state(store):
    """Everything that a dry run must not change."""
    return rows(store) if "://" in str(store) else (store.read_bytes(), store.stat().st_mtime_ns)


class TestDryRun:
    def test_a_dry_run_shows_the_same_numbers_and_creates_no_store(self, memctl, fixtures, store):
        code, planned = ingest(memctl, fixtures, "--dry-run")
        assert code == 0
        assert not open_engine(store, 30).exists()
        assert "://" in str(store) or not store.parent.exists()
        assert planned["run"] is None
        assert ingest(memctl, fixtures)[1] | {"run": None} == planned

    @pytest.mark.engines
    def test_a_dry_run_does_not_change_the_store(self, memctl, chat, store):
        folder = chat("alice/a.jsonl", "I live in Oslo.").parent.parent
        ingest(memctl, folder)
        chat("alice/a.jsonl", "I live in Oslo.", "I live in Rome.")
        before = state(store)
        code, planned = ingest(memctl, folder, "--dry-run")
        assert state(store) == before
        done, report = ingest(memctl, folder)
        assert (done, report | {"run": None}) == (code, planned)
        assert planned["added"] == planned["superseded"] == 1

    @pytest.mark.engines
    def test_a_dry_run_reports_unreadable_files_without_a_rejects_file(self, memctl, chat, store):
        folder = chat("alice/a.jsonl", "I live in Oslo.").parent.parent
        (folder / "alice" / "b.json").write_text('{"no": "transcript"}')
        ran = memctl("ingest", folder, "--dry-run")
        assert ran.code == 3
        assert "b.json" in ran.err
        assert not open_engine(store, 30).exists()


class TestOptions:
    def test_since_skips_older_turns_until_a_wider_since(self, memctl, chat):
        path = chat("a.jsonl", "I live in Oslo.", "I am allergic to peanuts.")
        code, report = ingest(memctl, path, "--user", "alice", "--since", "2026-01-02")
        assert (code, report["skipped"]) == (0, {"turn before --since": 1})
        assert set(current(memctl, "alice")) == {"peanuts"}
        ingest(memctl, path, "--user", "alice")
        assert set(current(memctl, "alice")) == {"Oslo", "peanuts"}

    def test_since_does_not_withdraw_stored_turns(self, memctl, chat):
        path = chat("a.jsonl", "I live in Oslo.", "I am allergic to peanuts.")
        ingest(memctl, path, "--user", "alice")
        chat("a.jsonl", "I live in Oslo.", "I am allergic to peanuts.", "I like tea.")
        ingest(memctl, path, "--user", "alice", "--since", "2026-01-03")
        assert {"Oslo", "peanuts", "tea"} <= set(current(memctl, "alice"))

    def test_tz_is_used_for_times_without_a_zone(self, memctl, home):
        path = home / "chat.jsonl"
        path.write_text('{"role": "user", "content": "I live in Oslo.", "created_at": "2026-01-01T02:00:00"}\n')
        ingest(memctl, path, "--user", "alice")
        assert current(memctl, "alice")["Oslo"]["created_at"] == "2026-01-01T02:00:00Z"
        ingest(memctl, path, "--user", "alice", "--tz", "Asia/Tokyo")
        assert current(memctl, "alice")["Oslo"]["created_at"] == "2025-12-31T17:00:00Z"
        episodes = memctl("facts", "alice", "--kind", "episode", "--json").document["facts"]
        assert [episode["valid_at"] for episode in episodes] == ["2025-12-31T17:00:00Z"]

    def test_date_order_decides_ambiguous_dates(self, memctl, home):
        path = home / "_chat.txt"
        path.write_text("[05/03/2025, 10:14:33] Alice: I live in Oslo.\n[05/03/2025, 10:15:00] Bob: Nice.\n")
        for order, day in (("dmy", "2025-03-05"), ("mdy", "2025-05-03")):
            ingest(memctl, path, "--user", "Alice", "--date-order", order)
            assert current(memctl, "Alice")["Oslo"]["created_at"].startswith(day)

    def test_without_an_extractor_only_turns_are_stored(self, memctl, chat):
        path = chat("a.jsonl", "I live in Oslo.")
        code, report = ingest(memctl, path, "--user", "alice", "--extractor", "none")
        assert (code, report["episodes"], report["added"]) == (0, 1, 0)
        ingest(memctl, path, "--user", "alice", "--extractor", "rules")
        assert set(current(memctl, "alice")) == {"Oslo"}
        ingest(memctl, path, "--user", "alice", "--extractor", "none")
        assert everything(memctl, "alice") == []
        assert count(memctl, "claims") == 0

    def test_roles_select_the_turns_to_store(self, memctl, home):
        path = home / "chat.json"
        path.write_text(json.dumps([{"role": r, "content": f"I am the {r}."} for r in ("system", "user", "assistant")]))
        assert ingest(memctl, path, "--user", "alice")[1]["episodes"] == 2
        assert ingest(memctl, path, "--user", "alice", "--roles", "user,system")[1]["episodes"] == 1
        assert count(memctl, "facts where role = 'assistant'") == 0

    @pytest.mark.parametrize(
        ("arguments", "word"),
        [
            (["--format", "nonsense"], "whatsapp"),
            (["--roles", "king"], "assistant"),
            (["--tz", "Mars/Olympus"], "Europe/Paris"),
            (["--since", "whenever"], "yesterday"),
            (["--extractor", "magic"], "rules"),
        ],
    )
    def test_a_wrong_option_value_is_an_error_that_lists_valid_ones(self, memctl, chat, arguments, word):
        ran = memctl("ingest", chat("a.jsonl", "Hello."), "--user", "alice", *arguments)
        assert ran.code == 2
        assert word in ran.err
        assert ran.out == ""


class TestPaths:
    def test_a_transcript_is_read_from_stdin(self, memctl, chat):
        code, report = ingest(memctl, "-", "--user", "alice", stdin=chat("a.jsonl", "I live in Oslo.").read_bytes())
        assert (code, report["episodes"]) == (0, 1)

    def test_two_inputs_from_stdin_are_both_kept(self, memctl, chat):
        first = chat("a.jsonl", "I live in Oslo.").read_bytes()
        second = chat("a.jsonl", "I am allergic to peanuts.").read_bytes()
        ingest(memctl, "-", "--user", "alice", stdin=first)
        ingest(memctl, "-", "--user", "alice", stdin=second)
        assert set(current(memctl, "alice")) == {"Oslo", "peanuts"}
        assert "nothing to do" in memctl("ingest", "-", "--user", "alice", stdin=first).out

    def test_globs_and_zips_are_read(self, memctl, chat, home):
        chat("a1.jsonl", "I live in Oslo.")
        chat("a2.jsonl", "I like tea.")
        with zipfile.ZipFile(home / "in" / "more.zip", "w") as archive:
            archive.write(chat("b.jsonl", "I am allergic to peanuts."), "b.jsonl")
        code, report = ingest(memctl, home / "in" / "a*.jsonl", home / "in" / "more.zip", "--user", "alice")
        assert (code, report["files"]) == (0, 3)
        assert {"Oslo", "tea", "peanuts"} <= set(current(memctl, "alice"))

    def test_the_same_file_by_another_path_is_the_same_file(self, memctl, chat, monkeypatch):
        path = chat("alice/a.jsonl", "I live in Oslo.")
        memctl("ingest", path, "--user", "alice")
        monkeypatch.chdir(path.parent)
        assert "nothing to do" in memctl("ingest", "../alice/a.jsonl", "--user", "alice").out

    def test_a_missing_path_is_an_error_before_anything_is_read(self, memctl, chat, store):
        ran = memctl("ingest", chat("a.jsonl", "I live in Oslo."), "nowhere", "--user", "alice")
        assert ran.code == 4
        assert "nowhere" in ran.err
        assert not open_engine(store, 30).exists()
