"""The commands on facts: what they print, what they change, and what they refuse."""

import json
from pathlib import Path
from uuid import UUID

import pytest

from memctl.core.fact import Fact, Source, encode_lines
from memctl.store.engines import open_engine

pytestmark = pytest.mark.engines(campaign="postgres")


def facts(memctl, *arguments):
    ran = memctl("facts", *arguments, "--json")
    assert ran.code == 0, ran.err
    return ran.document["facts"]


def add(memctl, text, *more):
    ran = memctl("add", "alice", text, *more, "--json")
    assert ran.code == 0, ran.err
    return ran.document["facts"]


@pytest.fixture
def alice_moved(memctl, chat, home, once):
    """alice, who moved from Oslo to Rome; the folder of her transcript."""

    def make():
        folder = chat("alice/a.jsonl", "I live in Oslo.", "I live in Rome.").parent.parent
        assert memctl("ingest", folder).code == 0

    once(make)
    return home / "in"


def by_city(memctl):
    return {fact["object"]: fact for fact in facts(memctl, "alice", "--all")}


@pytest.mark.engines
class TestReading:
    def test_facts_lists_current_facts_and_all_lists_past_ones(self, memctl, alice_moved):
        assert [fact["object"] for fact in facts(memctl, "alice")] == ["Rome"]
        assert set(by_city(memctl)) == {"Oslo", "Rome"}
        assert facts(memctl, "alice", "--predicate", "works_at") == []
        assert len(facts(memctl, "alice", "--subject", "ALICE")) == 1

    def test_printed_json_facts_are_valid_facts(self, memctl, alice_moved):
        import msgspec

        printed = facts(memctl, "alice", "--all") + facts(memctl, "alice", "--kind", "episode")
        assert len([msgspec.convert(fact, Fact) for fact in printed]) == 4
        schema = json.loads(memctl("schema", "fact").out)
        assert {name for fact in printed for name in fact} <= set(schema["$defs"]["Fact"]["properties"])

    def test_search_as_of_marks_facts_current_at_that_time(self, memctl, alice_moved):
        past = memctl("search", "alice", "where does she live", "--as-of", "2026-01-01T12:00:00Z")
        assert (past.err, "Oslo" in past.out, "superseded" in past.out) == ("", True, False)
        ended = memctl("search", "alice", "lives in Oslo", "--until", "2026-01-01T12:00:00Z", "--kind", "fact")
        assert "superseded" in ended.out
        assert ended.err == "no current fact found; the most similar turns and earlier facts:\n"
        before = memctl("search", "alice", "Oslo", "--kind", "episode", "--as-of", "2026-01-01T12:00:00Z")
        assert before.err == "no fact of that time found; the most similar turns:\n"

    def test_show_accepts_an_id_prefix_and_prints_the_evidence(self, memctl, alice_moved):
        rome = by_city(memctl)["Rome"]
        result = memctl("show", rome["id"][:8].upper())
        assert result.code == 0
        assert "I live in Rome" in result.out
        assert "a.jsonl" in result.out
        document = memctl("show", rome["id"], "--json").document
        assert (document["fact"], len(document["evidence"])) == (rome, 1)

    def test_show_prints_lists_and_tables_in_words(self, memctl, alice_moved):
        output = memctl("show", by_city(memctl)["Rome"]["id"]).out
        assert "categories     home\n" in output
        assert "native         extractor = rules@" in output

    def test_show_refuses_an_unknown_or_ambiguous_id(self, memctl, alice_moved):
        assert memctl("show", "zzzz").code == 4
        alike = [
            Fact(id=UUID(f"aaaaaaaa{n:024}"), user_id="alice", kind="fact", text="Tea.", source=Source(system="test"))
            for n in (1, 2)
        ]
        Path("alike.jsonl").write_bytes(b"".join(encode_lines(alike)))
        assert memctl("import", "alike.jsonl").code == 0
        many = memctl("show", "aaaaaaaa")
        assert many.code == 2
        assert "more characters" in many.err

    def test_history_and_diff_show_past_facts_and_changes(self, memctl, alice_moved):
        history = memctl("history", "alice", "--predicate", "lives_in", "--json").document["facts"]
        assert [fact["object"] for fact in history] == ["Oslo", "Rome"]
        diff = memctl("diff", "alice", "--from", "2026-01-01T12:00", "--to", "2026-01-03", "--json").document
        assert [fact["object"] for fact in diff["learned"]] == ["Rome"]
        assert [fact["object"] for fact in diff["ended"]] == ["Oslo"]
        assert memctl("diff", "alice", "--from", "now", "--to", "2020").code == 2

    def test_diff_says_that_undated_facts_are_in_no_period(self, memctl, alice_moved):
        assert "without a date" not in memctl("diff", "alice", "--from", "yesterday").err
        Path("a.txt").write_text("User: I like green tea.\nAssistant: Nice.\nUser: I have a dog named Rex.\n")
        assert memctl("ingest", "a.txt", "--user", "alice").code == 0
        ran = memctl("diff", "alice", "--from", "yesterday")
        assert "0 learned" in ran.err
        assert "note: 2 facts without a date, so not in any period" in ran.err
        assert memctl("diff", "alice", "--from", "yesterday", "--json").document["undated"] == 2

    def test_users_and_stats_count(self, memctl, alice_moved):
        (row,) = memctl("users", "--json").document["users"]
        assert (row["user"], row["facts"], row["episodes"]) == ("alice", 2, 2)
        stats = memctl("stats", "--json").document
        assert (stats["users"], stats["facts"], stats["current"], stats["episodes"]) == (1, 2, 1, 2)
        assert stats["pending"] == 0

    def test_an_unknown_user_is_an_error_that_lists_known_users(self, memctl, alice_moved):
        ran = memctl("facts", "alcie")
        assert ran.code == 4
        assert "alice" in ran.err


@pytest.mark.engines
class TestAdd:
    def test_the_rules_extract_facts_from_the_text(self, memctl):
        (fact,) = add(memctl, "I live in Oslo.")
        assert (fact["predicate"], fact["object"]) == ("lives_in", "Oslo")
        (turn,) = memctl("facts", "alice", "--kind", "episode", "--json").document["facts"]
        assert {fact["source"]["system"], turn["source"]["system"]} == {"memctl"}, "search shows both with their source"

    def test_a_text_without_extracted_facts_is_stored_as_a_fact(self, memctl):
        (fact,) = add(memctl, "The blue folder is behind the door")
        assert fact["text"] == "The blue folder is behind the door"
        assert (fact["predicate"], fact["confidence"]) == (None, None)

    def test_a_stated_triple_supersedes_earlier_facts(self, memctl, alice_moved):
        (fact,) = add(memctl, "Alice moved", "--predicate", "lives_in", "--object", "Lisbon")
        assert [f["object"] for f in facts(memctl, "alice", "--predicate", "lives_in")] == ["Lisbon"]
        assert by_city(memctl)["Rome"]["superseded_by"] == fact["id"]

    def test_an_imported_fact_with_other_native_fields_of_the_same_names_is_superseded(self, memctl):
        """Other systems may keep anything in `native`."""
        native = {"slot": {"a": 1}, "role": ["x"], "speaker": {"b": 2}}
        values = {"text": "alice lives in Oslo.", "subject": "alice", "predicate": "lives_in", "object": "Oslo"}
        source = Source(system="test")
        fact = Fact(id=UUID(int=1), user_id="alice", kind="fact", source=source, native=native, **values)
        Path("odd.jsonl").write_bytes(b"".join(encode_lines([fact])))
        assert memctl("import", "odd.jsonl").code == 0
        (moved,) = add(memctl, "I live in Rome.")
        assert by_city(memctl)["Oslo"]["superseded_by"] == moved["id"]

    @pytest.mark.parametrize("arguments", [["  "], ["x", "--predicate", "lives_in"], ["x", "--object", "Rome"]])
    def test_an_empty_text_and_an_incomplete_triple_are_refused(self, memctl, store, arguments):
        assert memctl("add", "alice", *arguments).code == 2
        assert not open_engine(store, 30).exists()


@pytest.mark.engines
class TestEdit:
    def test_an_edited_fact_keeps_its_id_and_is_not_changed_by_ingest(self, memctl, alice_moved, chat):
        rome = by_city(memctl)["Rome"]
        changed = memctl("edit", rome["id"], "--text", "Alice lives in Roma.", "--object", "Roma", "--json")
        assert changed.code == 0, changed.err
        assert "None" not in memctl("show", rome["id"]).out
        (fact,) = changed.document["facts"]
        assert (fact["id"], fact["text"], fact["object"]) == (rome["id"], "Alice lives in Roma.", "Roma")
        chat("alice/a.jsonl", "I live in Oslo.", "I live in Rome.", "I live in Lisbon.")
        memctl("ingest", alice_moved)
        known = by_city(memctl)
        assert "Rome" not in known
        assert known["Roma"]["superseded_by"] == known["Lisbon"]["id"]

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("Alice lives in Roma.", "Roma"),
            ("alice lives in Roma now", "Roma"),
            ("Alice's home is Rome, mostly.", "Rome"),
            ("Alice moved around a lot.", None),
            ("Alice no longer lives in Rome.", None),
            ("Alice is called Romeo now.", None),
        ],
    )
    def test_a_new_text_decides_the_object_and_is_the_source(self, memctl, alice_moved, text, found):
        rome = by_city(memctl)["Rome"]
        (fact,) = memctl("edit", rome["id"], "--text", text, "--json").document["facts"]
        assert (fact["object"], fact["predicate"]) == (found, "lives_in" if found else None)
        assert fact["source"]["quote"] == text
        assert "I live in Rome" not in memctl("show", rome["id"]).out

    def test_an_edited_end_date_is_kept(self, memctl, alice_moved):
        rome = by_city(memctl)["Rome"]
        memctl("edit", rome["id"], "--invalid-at", "2026-02-01")
        assert by_city(memctl)["Rome"]["invalid_at"] == "2026-02-01T00:00:00Z"

    def test_an_episode_cannot_be_edited(self, memctl, alice_moved):
        episode = facts(memctl, "alice", "--kind", "episode")[0]
        assert memctl("edit", episode["id"], "--text", "I never said that").code == 2

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--text", " "],
            ["--confidence", "7"],
            ["--kind", "rumour"],
            ["--valid-at", "someday"],
            ["--valid-at", "2027", "--invalid-at", "2025"],
        ],
    )
    def test_a_wrong_value_changes_nothing(self, memctl, alice_moved, arguments):
        before = by_city(memctl)
        assert memctl("edit", before["Rome"]["id"], *arguments).code == 2
        assert by_city(memctl) == before


@pytest.mark.engines
class TestRemove:
    def test_a_fact_superseded_by_the_removed_one_is_current_again(self, memctl, alice_moved):
        assert memctl("rm", by_city(memctl)["Rome"]["id"], "--yes").code == 0
        (oslo,) = facts(memctl, "alice")
        assert (oslo["object"], oslo["superseded_by"], oslo["invalid_at"]) == ("Oslo", None, None)

    def test_a_removal_is_listed_with_the_user_if_there_is_one(self, memctl, alice_moved):
        memctl("add", "bob", "I live in Ghent.")
        both = [by_city(memctl)["Oslo"]["id"], facts(memctl, "bob")[0]["id"]]
        assert memctl("rm", by_city(memctl)["Rome"]["id"], "--yes").code == memctl("rm", *both, "--yes").code == 0
        runs = memctl("runs", "--json").document["runs"]
        assert [(run["command"], run["user_id"]) for run in runs[:2]] == [("rm", None), ("rm", "alice")]

    def test_without_a_terminal_nothing_is_removed(self, memctl, alice_moved):
        before = by_city(memctl)
        ran = memctl("rm", before["Rome"]["id"], stdin=b"y\n")
        assert ran.code == 2
        assert "--yes" in ran.err
        assert by_city(memctl) == before

    def test_a_removed_fact_is_not_restored_by_ingest(self, memctl, alice_moved, chat, home):
        memctl("rm", by_city(memctl)["Rome"]["id"], "--yes")
        path = chat("alice/a.jsonl", "I live in Oslo.", "I live in Rome.", "I like tea.")
        memctl("ingest", alice_moved)
        memctl("ingest", alice_moved, "--roles", "user")
        copy = home / "copy" / "alice" / "a.jsonl"
        copy.parent.mkdir(parents=True)
        copy.write_bytes(path.read_bytes())
        memctl("ingest", copy.parent.parent)
        assert {fact["object"] for fact in facts(memctl, "alice", "--all")} == {"Oslo", "tea"}

    def test_removing_a_turn_removes_its_facts(self, memctl, alice_moved):
        rome = next(e for e in facts(memctl, "alice", "--kind", "episode") if "Rome" in e["text"])
        assert memctl("rm", rome["id"], "--yes").code == 0
        assert set(by_city(memctl)) == {"Oslo"}


class TestSql:
    @pytest.mark.engines(only="file")
    @pytest.mark.parametrize(
        "statement",
        [
            "copy facts to 'out.csv'",
            "attach 'other.duckdb'",
            "select * from read_text('secret.txt')",
            "install httpfs",
            "load httpfs",
            "set enable_external_access = true",
            "delete from records",
            "create table t (a int)",
        ],
    )
    def test_statements_are_read_only_without_write(self, memctl, alice_moved, home, statement):
        (home / "work" / "secret.txt").write_text("hush")
        ran = memctl("sql", statement)
        assert ran.code == 2
        assert ran.out == ""
        assert ("read-only without --write" in ran.err) is not statement.startswith("select")
        assert [path.name for path in (home / "work").iterdir()] == ["secret.txt"]

    @pytest.mark.engines
    def test_embed_and_similarity(self, memctl, alice_moved):
        statement = "select text, similarity(embedding, embed('Where in Rome?')) s from facts order by s desc limit 1"
        assert "Rome" in memctl("sql", statement, "--json").document["rows"][0]["text"]

    @pytest.mark.engines
    def test_write_changes_records(self, memctl, alice_moved):
        assert memctl("sql", "update records set metadata = '{\"a\": 1}'", "--write").code == 0
        assert all(fact["metadata"] == {"a": 1} for fact in facts(memctl, "alice", "--all"))

    @pytest.mark.engines
    def test_equally_named_columns_and_any_types_are_printed(self, memctl, alice_moved, store):
        own = "array[1, 2] l, 'x'::bytea b" if "://" in str(store) else "[1, 2] l, 'x'::blob b"
        statement = f"select 1 a, 2 a, id, {own}, 1.5::decimal(4,2) d, null n from facts limit 1"
        document = memctl("sql", statement, "--json").document
        assert (document["rows"][0]["a"], document["rows"][0]["a_2"]) == (1, 2)
        assert memctl("sql", statement).code == 0

    @pytest.mark.engines
    def test_an_error_of_syntax_is_reported_as_one(self, memctl, alice_moved):
        ran = memctl("sql", "selct text from facts")
        assert (ran.code, 'syntax error at or near "selct"' in ran.err) == (2, True)


@pytest.mark.engines(only="file")
def test_doctor_passes_a_sound_store_and_fails_a_broken_one(memctl, alice_moved, store):
    assert memctl("doctor").code == 0
    store.write_text("no database")
    ran = memctl("doctor", "--json")
    assert ran.code == 1
    assert any(row["check"] == "store" and row["verdict"] == "fail" for row in ran.document["findings"])


@pytest.mark.engines
def test_reindex_computes_missing_vectors(memctl, alice_moved):
    before = memctl("search", "alice", "Rome", "--json").document
    assert memctl("sql", "delete from vectors", "--write").code == 0
    assert memctl("stats", "--json").document["pending"] > 0
    assert memctl("reindex", "--json").document["made"] > 0
    assert memctl("stats", "--json").document["pending"] == 0
    assert memctl("search", "alice", "Rome", "--json").document == before


@pytest.mark.engines
def test_another_embedder_is_refused_with_a_hint(memctl, alice_moved, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    ran = memctl("search", "alice", "Rome", "--embedder", "openai:some-model")
    assert ran.code == 2
    assert "memctl reindex --embedder openai:some-model" in ran.err


def test_dots_in_a_user_name_are_kept(memctl):
    assert memctl("add", "a..b", "I live in Oslo.").code == 0
    texts = [fact["text"] for fact in memctl("facts", "a..b", "--json").document["facts"]]
    assert "a..b lives in Oslo." in texts
