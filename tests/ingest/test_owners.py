"""Whose memory a transcript becomes. A wrong answer would put one person's life into another's memory."""

import json


def owners(memctl):
    return {row["user"] for row in memctl("users", "--json").document["users"]}


def test_the_folder_below_the_one_named(memctl, chat):
    folder = chat("alice/a.jsonl", "I live in Oslo.").parent.parent
    chat("bruno/deep/b.jsonl", "I live in Rome.")
    assert memctl("ingest", folder).code == 0
    assert owners(memctl) == {"alice", "bruno"}


def test_user_goes_before_everything_else(memctl, chat):
    memctl("ingest", chat("alice/a.jsonl", "I live in Oslo.").parent.parent, "--user", "zoe")
    assert owners(memctl) == {"zoe"}


def test_user_from_filename(memctl, chat):
    folder = chat("x/alice.jsonl", "I live in Oslo.").parent
    chat("x/bruno.jsonl", "I live in Rome.")
    memctl("ingest", folder, "--user-from", "filename")
    assert owners(memctl) == {"alice", "bruno"}


def test_user_from_folder_of_a_single_file(memctl, chat):
    memctl("ingest", chat("alice/a.jsonl", "I live in Oslo."), "--user-from", "folder")
    assert owners(memctl) == {"alice"}


def test_user_from_speaker_keeps_each_to_their_own(memctl, home):
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


def test_what_the_transcript_itself_says_goes_before_the_folder(memctl, home):
    path = home / "in" / "dump" / "a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"user_id": "nadia", "messages": [{"role": "user", "content": "I live in Oslo."}]}))
    assert memctl("ingest", home / "in").code == 0
    assert owners(memctl) == {"nadia"}


def test_the_default_user_of_the_settings_is_the_last_resort(memctl, chat, monkeypatch):
    monkeypatch.setenv("MEMCTL_DEFAULT_USER", "me")
    memctl("ingest", chat("a.jsonl", "I live in Oslo."))
    assert owners(memctl) == {"me"}


def test_nobody_is_guessed_and_the_rest_is_still_read(memctl, chat):
    folder = chat("stray.jsonl", "I live in Rome.").parent
    chat("alice/a.jsonl", "I live in Oslo.")
    ran = memctl("ingest", folder)
    assert ran.code == 3
    assert owners(memctl) == {"alice"}
    assert "stray.jsonl" in ran.err
    for way in ("--user", "--user-from", "default_user"):
        assert way in ran.err


def test_a_folder_named_one_level_too_high_can_be_put_right(memctl, chat, home):
    folder = chat("transcripts/alice/a.jsonl", "I live in Oslo.").parent.parent
    memctl("ingest", folder.parent)
    assert owners(memctl) == {"transcripts"}
    memctl("ingest", folder)
    assert owners(memctl) == {"alice"}


def test_a_file_whose_owner_is_no_longer_told_keeps_what_it_gave(memctl, chat):
    path = chat("alice/a.jsonl", "I live in Oslo.")
    memctl("ingest", path.parent.parent)
    assert memctl("ingest", path).code == 3
    assert [fact["object"] for fact in memctl("facts", "alice", "--json").document["facts"]] == ["Oslo"]


def test_a_user_whose_name_has_capitals_has_facts(memctl, chat):
    memctl("ingest", chat("a.jsonl", "I live in Oslo.", "I live in Rome."), "--user", "Alice Weiß")
    facts = memctl("facts", "Alice Weiß", "--subject", "alice weiss", "--json").document["facts"]
    assert [fact["object"] for fact in facts] == ["Rome"]
