"""The owner of a transcript. A wrong one would put one person's facts into another's memory."""

import json

import pytest

pytestmark = pytest.mark.engines(campaign="postgres")


def owners(memctl):
    return {row["user"] for row in memctl("users", "--json").document["users"]}


def test_the_user_is_the_first_folder_below_the_path(memctl, chat):
    folder = chat("alice/a.jsonl", "I live in Oslo.").parent.parent
    chat("bruno/deep/b.jsonl", "I live in Rome.")
    assert memctl("ingest", folder).code == 0
    assert owners(memctl) == {"alice", "bruno"}


def test_the_option_user_has_priority(memctl, chat):
    memctl("ingest", chat("alice/a.jsonl", "I live in Oslo.").parent.parent, "--user", "zoe")
    assert owners(memctl) == {"zoe"}


def test_the_user_can_come_from_the_file_name(memctl, chat):
    folder = chat("x/alice.jsonl", "I live in Oslo.").parent
    chat("x/bruno.jsonl", "I live in Rome.")
    memctl("ingest", folder, "--user-from", "filename")
    assert owners(memctl) == {"alice", "bruno"}


def test_the_user_can_come_from_the_folder_of_a_single_file(memctl, chat):
    memctl("ingest", chat("alice/a.jsonl", "I live in Oslo."), "--user-from", "folder")
    assert owners(memctl) == {"alice"}


def test_the_user_can_be_each_speaker(memctl, home):
    path = home / "_chat.txt"
    path.write_text(
        "[15/03/2025, 10:14:33] Yuki: I live in Osaka.\n[15/03/2025, 10:15:00] Bob: I live in Rome.\n", encoding="utf-8"
    )
    assert memctl("ingest", path, "--user-from", "speaker").code == 0
    assert owners(memctl) == {"Yuki", "Bob"}
    for user, city in (("Yuki", "Osaka"), ("Bob", "Rome")):
        facts = memctl("facts", user, "--json").document["facts"]
        assert [fact["object"] for fact in facts if fact["predicate"] == "lives_in"] == [city]
        episodes = memctl("facts", user, "--kind", "episode", "--json").document["facts"]
        assert [episode["text"] for episode in episodes] == [f"I live in {city}."]


def test_a_user_named_in_the_transcript_has_priority_over_the_folder(memctl, home):
    path = home / "in" / "dump" / "a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"user_id": "nadia", "messages": [{"role": "user", "content": "I live in Oslo."}]}))
    assert memctl("ingest", home / "in").code == 0
    assert owners(memctl) == {"nadia"}


def test_the_default_user_of_the_settings_is_used_last(memctl, chat, monkeypatch):
    monkeypatch.setenv("MEMCTL_DEFAULT_USER", "me")
    memctl("ingest", chat("a.jsonl", "I live in Oslo."))
    assert owners(memctl) == {"me"}


def test_a_file_without_a_user_is_rejected_and_the_others_are_read(memctl, chat):
    folder = chat("stray.jsonl", "I live in Rome.").parent
    chat("alice/a.jsonl", "I live in Oslo.")
    ran = memctl("ingest", folder)
    assert ran.code == 3
    assert owners(memctl) == {"alice"}
    assert "stray.jsonl" in ran.err
    for way in ("--user", "--user-from", "default_user"):
        assert way in ran.err


def test_an_ingest_of_a_wrong_parent_folder_can_be_corrected(memctl, chat, home):
    folder = chat("transcripts/alice/a.jsonl", "I live in Oslo.").parent.parent
    memctl("ingest", folder.parent)
    assert owners(memctl) == {"transcripts"}
    memctl("ingest", folder)
    assert owners(memctl) == {"alice"}


def test_a_file_read_without_its_owner_keeps_its_stored_facts(memctl, chat):
    path = chat("alice/a.jsonl", "I live in Oslo.")
    memctl("ingest", path.parent.parent)
    assert memctl("ingest", path).code == 3
    assert [fact["object"] for fact in memctl("facts", "alice", "--json").document["facts"]] == ["Oslo"]


def test_a_user_name_with_capitals_is_found(memctl, chat):
    memctl("ingest", chat("a.jsonl", "I live in Oslo.", "I live in Rome."), "--user", "Alice Weiß")
    facts = memctl("facts", "Alice Weiß", "--subject", "alice weiss", "--json").document["facts"]
    assert [fact["object"] for fact in facts] == ["Rome"]


def places(memctl, user):
    facts = memctl("facts", user, "--json").document["facts"]
    return [fact["object"] for fact in facts if fact["predicate"] == "lives_in"]


def mixed(home, **names):
    """A chat in which ada and ben speak in turn, each message naming its user."""
    path = home / "mixed.jsonl"
    lines = [("ada", "user", "I live in Ghent."), (None, "assistant", "Noted."), ("ben", "user", "I live in Oslo.")]
    messages = [{"role": role, "content": text, names.get("key", "user_id"): user} for user, role, text in lines]
    if "inside" in names:
        messages = [
            {"role": m["role"], "content": m["content"], names["inside"]: {"userId": m["user_id"]}} for m in messages
        ]
    path.write_text("".join(json.dumps(message) + "\n" for message in messages), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "names", [{}, {"key": "userId"}, {"key": "user-id"}, {"key": "senderId"}, {"inside": "metadata"}]
)
def test_a_message_belongs_to_the_user_it_names(memctl, home, names):
    assert memctl("ingest", mixed(home, **names)).code == 0
    assert owners(memctl) == {"ada", "ben"}
    assert (places(memctl, "ada"), places(memctl, "ben")) == (["Ghent"], ["Oslo"])
    episodes = memctl("facts", "ben", "--kind", "episode", "--json").document["facts"]
    assert [episode["text"] for episode in episodes] == ["I live in Oslo."]


def test_only_a_user_of_the_conversation_can_be_chosen(memctl, home):
    ran = memctl("ingest", mixed(home), "--user", "zoe")
    assert ran.code == 3
    assert "ada, ben" in ran.err
    assert memctl("ingest", mixed(home), "--user", "ben").code == 0
    assert owners(memctl) == {"ben"}
    assert places(memctl, "ben") == ["Oslo"]


def test_a_message_without_a_user_among_others_with_one_has_no_owner(memctl, home):
    path = mixed(home)
    path.write_text(path.read_text() + json.dumps({"role": "user", "content": "I live in Rome."}) + "\n")
    ran = memctl("ingest", path)
    assert "message without a user" in ran.out
    assert (places(memctl, "ada"), places(memctl, "ben")) == (["Ghent"], ["Oslo"])


def test_yesterday_is_in_the_time_zone_of_the_message(memctl, home):
    path = home / "late.json"
    message = {"role": "user", "content": "I moved to Lisbon yesterday.", "timestamp": "2026-03-05T23:30:00-05:00"}
    path.write_text(json.dumps([message]))
    memctl("ingest", path, "--user", "ada")
    (fact,) = [fact for fact in memctl("facts", "ada", "--json").document["facts"] if fact["object"] == "Lisbon"]
    assert fact["valid_at"].startswith("2026-03-04")


def test_an_id_has_priority_over_the_name(memctl, home):
    path = home / "named.jsonl"
    lines = [
        ("u1", "Ada Kern", "I live in Ghent."),
        ("u2", "Ada Kern", "I live in Oslo."),
        (None, "Ada", "I live in Rome."),
    ]
    messages = [{"role": "user", "user_id": user, "name": name, "content": text} for user, name, text in lines]
    path.write_text("".join(json.dumps(message) + "\n" for message in messages), encoding="utf-8")
    assert memctl("ingest", path).code == 0
    assert owners(memctl) == {"u1", "u2"}
    for user, city in (("u1", "Ghent"), ("u2", "Oslo")):
        (fact,) = memctl("facts", user, "--kind", "fact", "--json").document["facts"]
        assert (fact["subject"], fact["object"]) == (user, city)


def test_a_turn_without_a_speaker_among_named_ones_is_counted(memctl, home):
    path = home / "named.jsonl"
    lines = [("ada", "I live in Ghent."), (None, "I live in Oslo."), ("ben", "I live in Rome.")]
    messages = [{"role": "user", "name": name, "content": text} for name, text in lines]
    path.write_text("".join(json.dumps(message) + "\n" for message in messages), encoding="utf-8")
    ran = memctl("ingest", path, "--user-from", "speaker")
    assert "1 × turn without a speaker" in ran.out
    assert (places(memctl, "ada"), places(memctl, "ben")) == (["Ghent"], ["Rome"])


def test_conversations_of_several_users_do_not_all_get_the_named_user(memctl, home):
    lines = [("ben", "I live in Oslo."), ("ada", "I live in Ghent."), ("ben", "I use Vim.")]
    path = home / "calls.jsonl"
    calls = [{"user_id": user, "messages": [{"role": "user", "content": text}]} for user, text in lines]
    path.write_text("".join(json.dumps(call) + "\n" for call in calls), encoding="utf-8")
    ran = memctl("ingest", path, "--user", "ada")
    assert ran.code == 3
    assert "conversations of other users (ben)" in ran.err
    assert places(memctl, "ada") == ["Ghent"]
    assert owners(memctl) == {"ada"}


def test_a_single_service_id_can_be_replaced_by_a_named_user(memctl, home):
    path = home / "calls.jsonl"
    calls = [{"user_id": "u-77", "messages": [{"role": "user", "content": "I live in Oslo."}]}] * 2
    path.write_text("".join(json.dumps(call) + "\n" for call in calls), encoding="utf-8")
    assert memctl("ingest", path, "--user", "ada").code == 0
    assert places(memctl, "ada") == ["Oslo"]


def test_a_message_without_a_user_in_a_conversation_of_one_user_is_theirs(memctl, home):
    path = home / "call.json"
    messages = [("ben", "I live in Oslo."), (None, "I live in Ghent.")]
    turns = [{"role": "user", "content": text, "user_id": user} for user, text in messages]
    path.write_text(json.dumps({"user_id": "ada", "messages": turns}), encoding="utf-8")
    memctl("ingest", path)
    assert (places(memctl, "ada"), places(memctl, "ben")) == (["Ghent"], ["Oslo"])


class TestOneFirstName:
    """`--user ada` in a chat with two people named Ada must not mix their facts."""

    def facts(self, memctl, home, *turns, user="ada"):
        path = home / "WhatsApp Chat with G1.txt"
        lines = (f"{day:02}/03/2025, 10:14 - {name}: {text}" for day, (name, text) in enumerate(turns, 13))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        ran = memctl("ingest", path, "--user", user, "--json")
        assert ran.code == 0, ran.err
        listed = memctl("facts", user, "--json").document["facts"]
        return {(fact["subject"], fact["object"]) for fact in listed}, ran.document["report"]["skipped"]

    def test_a_first_name_of_two_people_matches_neither(self, memctl, home):
        facts, skipped = self.facts(memctl, home, ("Ada Kern", "I live in Ghent."), ("Ada Blum", "I live in Oslo."))
        assert facts == {("Ada Kern", "Ghent"), ("Ada Blum", "Oslo")}
        (reason,) = skipped
        assert "Ada Blum or Ada Kern" in reason
        assert skipped[reason] == 2

    def test_a_chat_without_the_user_is_told(self, memctl, home):
        turns = (("Ada Kern", "I live in Ghent."), ("Ben Okafor", "I live in Oslo."))
        facts, skipped = self.facts(memctl, home, *turns, user="zoe")
        assert facts == {("Ada Kern", "Ghent"), ("Ben Okafor", "Oslo")}
        (reason,) = skipped
        assert "no speaker is called zoe; give one of Ada Kern, Ben Okafor" in reason
        assert skipped[reason] == 2

    def test_a_full_name_has_priority_over_a_first_name(self, memctl, home):
        turns = (("Ada", "I live in Ghent."), ("Ada Blum", "I live in Oslo."))
        assert self.facts(memctl, home, *turns)[0] == {("ada", "Ghent"), ("Ada Blum", "Oslo")}

    def test_a_first_name_of_one_person_matches_that_person(self, memctl, home):
        turns = (("Ada Kern", "I live in Ghent."), ("Ben Okafor", "I live in Oslo."))
        facts, skipped = self.facts(memctl, home, *turns)
        assert facts == {("ada", "Ghent"), ("Ben Okafor", "Oslo")}
        assert skipped == {}

    def test_me_and_a_person_of_the_users_name_are_two_people(self, memctl, home):
        """A folder is often named after the other side of the chat."""
        turns = (("Me", "I live in Ghent."), ("Ada", "I live in Oslo."), ("Ben", "I live in Bern."))
        facts, skipped = self.facts(memctl, home, *turns, user="Ada")
        assert facts == {("owner of the file", "Ghent"), ("Ada in the file", "Oslo"), ("Ben", "Bern")}
        (reason,) = skipped
        assert "another name with --user" in reason
        assert skipped[reason] == 2

    def test_with_each_speaker_as_a_user_only_me_is_nobody(self, memctl, home):
        path = home / "_chat.txt"
        lines = ("10:14:33] Me: I live in Ghent.", "10:15:00] Ada: I live in Oslo.", "10:16:00] Ben: I live in Bern.")
        path.write_text("".join(f"[15/03/2025, {line}\n" for line in lines), encoding="utf-8")
        assert memctl("ingest", path, "--user-from", "speaker").code == 0
        assert owners(memctl) == {"Ada", "Ben"}
        (fact,) = memctl("facts", "Ada", "--json").document["facts"]
        assert (fact["subject"], fact["object"]) == ("Ada", "Oslo")

    def test_a_user_of_an_assistant_may_also_be_named(self, memctl, home):
        path = home / "chat.txt"
        path.write_text("User: I live in Oslo.\nAssistant: ok\nAda: I like tea.\nAssistant: ok\nAda: bye\n")
        assert memctl("ingest", path, "--user", "Ada").code == 0
        facts = memctl("facts", "Ada", "--json").document["facts"]
        assert {(fact["subject"], fact["object"]) for fact in facts} == {("Ada", "Oslo"), ("Ada", "tea")}

    def test_me_is_the_user_if_another_has_only_the_first_name(self, memctl, home):
        turns = (("Me", "I live in Ghent."), ("Ada", "I live in Oslo."))
        facts, skipped = self.facts(memctl, home, *turns, user="Ada Kern")
        assert facts == {("Ada Kern", "Ghent"), ("Ada", "Oslo")}
        assert skipped == {}


def test_the_same_problem_of_many_files_is_reported_once(memctl, chat):
    for number in range(30):
        folder = chat(f"stray{number}.jsonl", "I live in Rome.").parent
    assert len(memctl("ingest", folder, "--dry-run", "--verbose").err.splitlines()) == 60
    ran = memctl("ingest", folder)
    assert ran.code == 3
    assert "and 27 more: cannot tell which user this belongs to" in ran.err
    assert len(ran.err.splitlines()) == 3
    listed = memctl("ingest", folder, "--verbose")
    assert listed.code == 3
    assert listed.err.count("cannot tell which user this belongs to") == 30, (
        "the second run lists what the first refused"
    )


@pytest.mark.parametrize(("other", "owned"), [("u-1", {"alice"}), ("u-2", set())])
def test_conversations_of_two_ids_never_get_one_user(memctl, home, monkeypatch, other, owned):
    """Even if many messages of the first id come before the second."""
    monkeypatch.setattr("memctl.ingest.attribution.HELD_SESSIONS", 2)
    chats = [
        {"thread_id": f"t{n}", "user_id": "u-1" if n < 4 else other, "role": "user", "content": f"I like tea {n}."}
        for n in range(5)
    ]
    path = home / "threads.jsonl"
    path.write_text("".join(json.dumps(chat) + "\n" for chat in chats), encoding="utf-8")
    ran = memctl("ingest", path, "--user", "alice")
    assert (ran.code == 0) is bool(owned)
    assert (owners(memctl) if owned else set()) == owned
