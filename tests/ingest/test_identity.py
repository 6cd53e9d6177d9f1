"""The same turn is stored once, whatever files contain it, and stays if a newer export no longer contains it."""

import json
import zipfile
from datetime import UTC, datetime

import pytest
from campaigns import campaign

from memctl.ingest.alignment import align, proven
from memctl.ingest.identity import Row
from memctl.store.turn_identity import fingerprint
from memctl.workspace import Workspace

pytestmark = pytest.mark.engines(campaign="postgres")

ALLERGY, GHENT, PORTAVO, MILO = (
    "I am allergic to peanuts.",
    "I live in Ghent.",
    "I work at Portavo.",
    "I have a cat named Milo.",
)


@pytest.fixture
def write(home):
    """Write an OpenAI chat: (role, text, time or None) each, as one JSON array."""

    def write(name, *turns):
        path = home / "in" / name
        path.parent.mkdir(exist_ok=True)
        messages = [{"role": role, "content": text} | ({"timestamp": at} if at else {}) for role, text, at in turns]
        path.write_text(json.dumps(messages), encoding="utf-8")
        return path

    return write


@pytest.fixture
def report(memctl):
    """Ingest a path for ada; the report."""

    def run(path, *arguments):
        ran = memctl("ingest", path, "--user", "ada", "--json", *arguments)
        assert ran.code == 0, ran.err
        return ran.document["report"]

    return run


@pytest.fixture
def facts(memctl):
    """Texts of ada's facts, or of another kind."""

    def read(*arguments):
        ran = memctl("facts", "ada", "--json", *arguments)
        return (
            sorted(fact["text"] if arguments else fact["text"].rstrip(".") for fact in ran.document["facts"])
            if ran.code == 0
            else []
        )

    return read


@pytest.fixture
def episodes(facts):
    return lambda: facts("--kind", "episode")


def dated_turns(*texts, start=1, role="user"):
    return [(role, text, f"2026-03-{start + number:02}T10:00:00Z") for number, text in enumerate(texts)]


def undated_turns(*texts):
    return [("assistant" if number % 2 else "user", text, None) for number, text in enumerate(texts)]


class TestNothingIsLost:
    @pytest.mark.parametrize("rest", [(GHENT, PORTAVO), (MILO,), *campaign((PORTAVO,))])
    def test_a_newer_export_that_starts_later_keeps_earlier_turns(self, write, report, facts, rest):
        report(write("chat.json", *dated_turns(ALLERGY, GHENT, PORTAVO)))
        again = report(write("chat.json", *dated_turns(*rest, start=4 - len(rest) if rest != (MILO,) else 20)))
        assert (again["removed"], again["withdrawn"]) == (0, 0)
        assert {"ada is allergic to peanuts", "ada lives in Ghent", "ada works at Portavo"} <= set(facts())

    def test_a_newer_export_that_ends_earlier_keeps_later_turns(self, write, report, facts):
        report(write("chat.json", *dated_turns(ALLERGY, GHENT, PORTAVO)))
        report(write("chat.json", *dated_turns(ALLERGY, GHENT)))
        assert "ada works at Portavo" in facts()

    @pytest.mark.parametrize(
        "texts", [(GHENT, "ok", PORTAVO, "ok"), ("ok", GHENT), *campaign((PORTAVO, "ok"), (MILO, "ok"))]
    )
    def test_turns_without_times_are_kept_by_a_newer_export(self, write, report, facts, texts):
        report(write("chat.json", *undated_turns(ALLERGY, "noted", GHENT, "ok", PORTAVO, "ok")))
        assert report(write("chat.json", *undated_turns(*texts)))["withdrawn"] == 0
        assert {"ada is allergic to peanuts", "ada lives in Ghent", "ada works at Portavo"} <= set(facts())

    def test_a_new_log_without_times_under_the_same_name_keeps_the_old_turns(self, home, report, facts):
        path = home / "log.txt"
        for text in (ALLERGY, GHENT, PORTAVO):
            path.write_text(f"User: {text}\nAssistant: ok\n")
            assert report(path)["withdrawn"] == 0
        assert len(facts()) == 3

    def test_a_conversation_missing_in_a_newer_export_is_kept(self, home, report, facts):
        path = home / "dump.jsonl"
        chats = [
            {"thread_id": str(n), "messages": [{"role": "user", "content": t}]} for n, t in enumerate((GHENT, MILO))
        ]
        path.write_text("\n".join(map(json.dumps, chats)))
        report(path)
        path.write_text(json.dumps(chats[1]))
        report(path)
        assert "ada lives in Ghent" in facts()

    def test_a_message_in_the_first_minute_of_a_capped_export_is_kept(self, write, report, facts):
        minute = "2026-03-01T10:14:00Z"
        turns = [("user", ALLERGY, minute), ("user", GHENT, minute), ("user", PORTAVO, "2026-03-01T10:15:00Z")]
        report(write("chat.json", *turns))
        assert report(write("chat.json", *turns[1:]))["withdrawn"] == 0
        assert "ada is allergic to peanuts" in facts()

    def test_four_days_of_a_rotated_log_are_all_stored(self, home, report, facts, write):
        for day, text in enumerate((ALLERGY, GHENT, PORTAVO, MILO), 1):
            for number in (2, 1):
                older = home / "in" / (f"chat.jsonl.{number - 1}" if number > 1 else "chat.jsonl")
                if older.exists():
                    older.replace(home / "in" / f"chat.jsonl.{number}")
            write("chat.jsonl", *dated_turns(text, start=day))
            assert report(home / "in")["episodes"] == 1
        assert len(facts()) == 4


class TestWhatIsWithdrawn:
    @pytest.mark.parametrize("dated", [True, False])
    @pytest.mark.parametrize("kept", [(0, 4), *campaign((0, 2, 4), (0, 1, 4))])
    def test_turns_deleted_in_the_middle_are_withdrawn(self, write, report, episodes, dated, kept):
        texts = (ALLERGY, "noted, be careful", GHENT, "a fine old city", PORTAVO)
        turns = dated_turns(*texts) if dated else undated_turns(*texts)
        report(write("chat.json", *turns))
        again = report(write("chat.json", *(turns[place] for place in kept)))
        assert again["withdrawn"] == 5 - len(kept)
        assert episodes() == sorted(texts[place] for place in kept)

    @pytest.mark.parametrize("dated", [True, False])
    @pytest.mark.parametrize("place", [0, 4, *campaign(2)])
    def test_an_edited_turn_replaces_its_former_facts(self, write, report, facts, dated, place):
        texts = [ALLERGY, "noted, be careful", GHENT, "a fine old city", PORTAVO]
        report(write("chat.json", *(dated_turns(*texts) if dated else undated_turns(*texts))))
        texts[place] = MILO
        again = report(write("chat.json", *(dated_turns(*texts) if dated else undated_turns(*texts))))
        assert (again["withdrawn"], again["removed"], again["added"]) == (1, 1, 1)
        assert "ada has a cat named Milo" in facts()
        assert len(facts()) == 3

    def test_the_only_turn_of_a_conversation_with_an_id_can_be_edited(self, home, report, facts):
        path = home / "chat.json"
        for text in (GHENT, "I live in Oslo."):
            message = {"role": "user", "content": text, "timestamp": "2026-03-01T10:00:00Z"}
            path.write_text(json.dumps({"thread_id": "t", "messages": [message]}))
            report(path)
        assert facts() == ["ada lives in Oslo"]

    def test_the_summary_counts_withdrawn_turns(self, write, memctl):
        memctl("ingest", write("chat.json", *dated_turns(ALLERGY, GHENT, PORTAVO)), "--user", "ada")
        ran = memctl(
            "ingest", write("chat.json", *dated_turns(ALLERGY), *dated_turns(PORTAVO, start=3)), "--user", "ada"
        )
        assert "1 removed" in ran.out
        assert "withdrawn  1 turn removed" in ran.out


class TestCopies:
    @pytest.mark.parametrize("dated", [True, False])
    @pytest.mark.parametrize("more", [("I like tea.", "good"), *campaign(())])
    def test_a_renamed_file_adds_only_what_is_new(self, write, report, episodes, facts, dated, more):
        texts = (ALLERGY, "ok", GHENT, "ok")
        make = dated_turns if dated else undated_turns
        report(write("New chat.json", *make(*texts)))
        before = facts()
        path = write("New chat.json", *make(*texts, *more)).rename(write("x.json").with_name("Trip planning.json"))
        again = report(path)
        assert again["episodes"] == len(more)
        assert episodes() == sorted((*texts, *more))
        assert set(before) <= set(facts())

    def test_three_copies_in_one_run_are_one_chat(self, home, report, episodes):
        text = "[05/03/2025, 10:14:33] Mara: I moved to Lisbon last week.\n[15/03/2025, 10:14:33] Ben: ok\n"
        more = "[16/03/2025, 10:14:33] Mara: I work at Portavo.\n"
        (home / "in").mkdir()
        for name, content in (("", text), (" (1)", text + more), (" 2", text + more)):
            with zipfile.ZipFile(home / "in" / f"WhatsApp Chat - Mara{name}.zip", "w") as archive:
                archive.writestr("_chat.txt", content)
        assert report(home / "in")["episodes"] == 3
        assert len(episodes()) == 3

    def test_copied_turns_of_a_forked_session_are_stored_once(self, home, report, episodes, facts):
        def line(session, number, text, role="user"):
            return json.dumps(
                {"type": role, "uuid": f"u{number}", "sessionId": session, "timestamp": f"2026-08-01T09:0{number}:00Z"}
                | {"message": {"role": role, "content": text}}
            )

        folder = home / "in"
        folder.mkdir()
        parent, fork = "7e0f5a52-6a0c-4f0e-9d3a-000000000001", "8e0f5a52-6a0c-4f0e-9d3a-000000000002"
        both = [("I live in Ghent.", "user"), ("Noted.", "assistant")]
        for session, tail in ((parent, []), (fork, [("I work at Portavo.", "user")])):
            lines = [line(session, number, *turn) for number, turn in enumerate([*both, *tail])]
            (folder / f"{session}.jsonl").write_text("\n".join(lines) + "\n")
        assert report(folder)["episodes"] == 3
        assert facts() == ["ada lives in Ghent", "ada works at Portavo"]
        assert len(episodes()) == 3

    def test_a_copy_does_not_raise_confidence(self, write, report, memctl):
        report(write("a.json", *dated_turns(GHENT)))
        one = memctl("facts", "ada", "--json").document["facts"]
        again = report(write("b.json", *dated_turns(GHENT)))
        assert (again["episodes"], again["reinforced"]) == (0, 0)
        assert memctl("facts", "ada", "--json").document["facts"] == one

    def test_a_copy_keeps_facts_that_its_original_loses(self, write, report, facts):
        turns = dated_turns(ALLERGY, GHENT, PORTAVO)
        report(write("a.json", *turns))
        report(write("b.json", *turns))
        report(write("a.json", turns[0], turns[2]))
        assert "ada lives in Ghent" in facts()
        report(write("b.json", turns[0], turns[2]))
        assert "ada lives in Ghent" not in facts()

    def test_a_renamed_file_is_read_again_by_another_extractor(self, write, report, facts):
        path = write("a.json", *dated_turns(GHENT, "ok"))
        report(path, "--extractor", "none")
        assert facts() == []
        again = report(path.rename(path.with_name("b.json")))
        assert (again["episodes"], again["sessions"], again["turns"]) == (0, 1, 2)
        assert facts() == ["ada lives in Ghent"]

    def test_undoing_a_copy_keeps_the_original(self, write, report, memctl, facts, episodes):
        report(write("a.json", *dated_turns(GHENT)))
        run = report(write("b.json", *dated_turns(GHENT, PORTAVO)))["run"]
        assert memctl("undo", run).code == 0
        assert facts() == ["ada lives in Ghent"]
        assert len(episodes()) == 1


class TestDifferentChats:
    def test_the_same_short_answer_without_a_time_in_two_chats_is_two_turns(self, write, report, episodes):
        report(write("a.json", *undated_turns(GHENT, "ok", "Are you sure?", "yes")))
        report(write("b.json", *undated_turns(MILO, "ok", "Do you like cats?", "yes")))
        assert episodes().count("ok") == 2
        assert episodes().count("yes") == 2

    def test_the_same_greeting_does_not_make_two_chats_one(self, write, report, episodes):
        report(write("a.json", *undated_turns("hi", "Hello! How can I help you today?", GHENT, "ok")))
        report(write("b.json", *undated_turns("hi", "Hello! How can I help you today?", MILO, "ok")))
        assert len(episodes()) == 8

    def test_the_same_short_answer_in_the_same_minute_of_two_chats_is_two_answers(self, write, report, episodes):
        at = "2026-03-01T10:0{}:00Z"
        for name, asked, after in (("a.json", "Do you live in Ghent?", MILO), ("b.json", "Are you vegan?", PORTAVO)):
            turns = (("assistant", asked, at.format(1)), ("user", "yes", at.format(2)), ("user", after, at.format(3)))
            report(write(name, *turns))
        assert episodes().count("yes") == 2

    def test_equal_turns_of_one_chat_are_all_kept(self, write, report, episodes):
        report(write("a.json", *undated_turns("ok", "ok", "ok", "ok")))
        assert len(episodes()) == 4
        assert report(write("b.json", *undated_turns("ok", "ok", "ok", "ok")))["episodes"] == 0

    def test_equal_turns_of_two_users_are_separate(self, write, memctl):
        for user in ("ada", "ben"):
            memctl("ingest", write(f"{user}.json", *dated_turns(GHENT)), "--user", user)
        assert {row["episodes"] for row in memctl("users", "--json").document["users"]} == {1}


class TestRemovedByHand:
    @pytest.mark.parametrize("kind", ["fact", "episode"])
    @pytest.mark.parametrize("dated", [True, *campaign(False)])
    def test_removed_facts_do_not_return_from_a_renamed_file(self, write, report, memctl, facts, episodes, kind, dated):
        make = dated_turns if dated else undated_turns
        path = write("New chat.json", *make(ALLERGY, "noted"))
        report(path)
        arguments = ["--kind", "episode"] if kind == "episode" else []
        listed = memctl("facts", "ada", "--json", *arguments).document["facts"]
        (id_,) = (fact["id"] for fact in listed if "peanuts" in fact["text"])
        assert memctl("rm", id_, "--yes").code == 0
        report(path.rename(path.with_name("Trip planning.json")))
        report(write("Trip planning.json", *make(ALLERGY, "noted", MILO)))
        assert facts() == ["ada has a cat named Milo"]
        assert episodes().count(ALLERGY) == (kind == "fact")

    @pytest.mark.engines
    def test_removing_one_short_answer_keeps_equal_ones_of_other_chats(self, write, report, memctl, episodes):
        report(write("a.json", *undated_turns(GHENT, "Are you sure?", "yes")))
        (id_,) = (
            f["id"]
            for f in memctl("facts", "ada", "--kind", "episode", "--json").document["facts"]
            if f["text"] == "yes"
        )
        memctl("rm", id_, "--yes")
        report(write("b.json", *undated_turns(MILO, "Do you like cats?", "yes")))
        assert episodes().count("yes") == 1

    @pytest.mark.engines
    def test_undoing_a_removal_allows_the_turn_again(self, write, report, memctl, episodes):
        report(write("a.json", *dated_turns(GHENT)))
        (episode,) = memctl("facts", "ada", "--kind", "episode", "--json").document["facts"]
        memctl("rm", episode["id"], "--yes")
        run = memctl("undo", "--json").document["runs"][0]["id"]
        assert memctl("undo", run).code == 0
        assert episodes() == [GHENT]
        assert report(write("b.json", *dated_turns(GHENT, MILO)))["episodes"] == 1


@pytest.mark.engines
def test_fingerprints_are_the_same_in_sql_and_python(store, write, memctl):
    """Otherwise copies of turns stored earlier would not be recognised."""
    turns = [
        ("user", 'J\'habite à Gent — \U0001f600\n\u1160 "quoted"', "2026-03-01T10:00:00.123456+02:00"),
        ("user", GHENT, None),
    ]
    memctl("ingest", write("a.json", *turns), "--user", "ada")
    at = datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC)
    keys = [fingerprint("ada", "user", None, at if time else None, text) for _, text, time in turns]
    with Workspace(store).store.reading() as session:
        assert sorted(session.halves()) == sorted(key.int % 2**64 for key in keys)
        assert len(session.halves("ben")) == 0


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("AB", "AB", "AB"),
        ("ABC", "CD", ""),
        ("aab", "aab", "aab"),
        ("Ab", "AbC", "Ab"),
        ("bAc", "xAy", ""),
        ("A", "xAy", "A"),
        ("b", "xby", ""),
        ("xABy", "ABz", "AB"),
        ("", "A", ""),
    ],
)
def test_turns_without_times_are_matched_only_with_enough_context(first, second, same):
    """Capital letters stand for long turns, small ones for short turns."""

    def rows(text):
        return [
            Row(letter, str(n), None, "user", letter * (20 if letter.isupper() else 1)) for n, letter in enumerate(text)
        ]

    pairs = proven(rows(first), rows(second), align(first, second, rows(first)))
    assert "".join(first[index] for index, _ in pairs) == same
    assert all(first[one] == second[other] for one, other in pairs)
