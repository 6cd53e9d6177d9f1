"""Claude Code's memory: its files are read, its own texts are not changed, and its limits are respected."""

from datetime import UTC, datetime
from pathlib import Path

import in_process
import msgspec
import pytest
import yaml
from adapters.agent_folders import create_folder, fact, own_files, read, states, texts
from memctl_agentfiles.claude_code import ClaudeCodeAdapter

from memctl.backends.testing.base import ALL_FIELDS
from memctl.core.errors import NotFound
from memctl.core.fact import encode_lines

TOPIC = (
    "---\nname: prefers-tabs\ndescription: How code is to be indented\nmetadata:\n  node_type: memory\n"
    "  type: feedback\n  originSessionId: 0c1d\n  modified: 2026-05-06T07:08:09.123Z\n---\n\nUse tabs, never spaces.\n"
)
INDEX = (
    "# Memory\n\nWorks on the billing service.\n\n- [Prefers tabs](prefers-tabs.md) — How code is to be indented\n"
    "- [Gone](gone.md) — was here once\n- [Docs](https://example.org) are read first\n"
)
FOLDER: dict[str, str | bytes] = {
    "MEMORY.md": INDEX,
    "prefers-tabs.md": TOPIC,
    "deep/er.md": "\ufeffDeploys on Fridays.\r\n\r\nNever on Mondays.\r\n",
    "plain.md": "No final newline",
    "notes.txt": "not a memory",
    "team/shared.md": "Everybody's.\n",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return create_folder(tmp_path / "memory", FOLDER)


def opened(folder: Path, **options: str) -> ClaudeCodeAdapter:
    return ClaudeCodeAdapter(folder, **({"default_user": "alice"} | options))  # type: ignore[arg-type]


def test_topics_and_lines_are_facts_but_pointers_are_not(folder):
    by_text = {one.text: one for one in read(opened(folder))}
    assert set(by_text) == {
        "Works on the billing service.",
        "[Docs](https://example.org) are read first",
        "Use tabs, never spaces.",
        "Deploys on Fridays.\r\n\r\nNever on Mondays.",
        "No final newline",
    }
    topic = by_text["Use tabs, never spaces."]
    assert (topic.kind, topic.categories, topic.session_id) == ("preference", ("feedback",), "0c1d")
    assert topic.updated_at == datetime(2026, 5, 6, 7, 8, 9, 123000, tzinfo=UTC)
    assert topic.created_at is None
    assert by_text["No final newline"].kind == "fact"


def test_ids_stay_after_a_folder_move_and_a_topic_edit(folder, tmp_path):
    before = {one.source.id: one.id for one in read(opened(folder)) if one.source.id != "MEMORY.md"}
    moved = folder.rename(tmp_path / "elsewhere")
    (moved / "plain.md").write_text("Now with one.\n")
    assert {one.source.id: one.id for one in read(opened(moved)) if one.source.id != "MEMORY.md"} == before


def test_facts_of_a_project_folder_name_the_project(tmp_path):
    folder = create_folder(tmp_path / "projects" / "-home-alice-shop" / "memory", FOLDER)
    assert {one.app_id for one in read(opened(folder))} == {"-home-alice-shop"}


def test_a_write_keeps_the_agents_files_and_appends_the_new_topic(folder):
    before = own_files(folder)
    new = fact("Lives in Ghent.")
    assert states(opened(folder).write([new])) == ["written"]
    after = own_files(folder)
    (path,) = after.keys() - before.keys()
    assert {name: data for name, data in after.items() if name not in (path, "MEMORY.md")} == {
        name: data for name, data in before.items() if name != "MEMORY.md"
    }
    lines = after["MEMORY.md"].decode().split("\n")
    assert [line for line in INDEX.split("\n") if line not in lines] == []
    assert f"- [Lives in Ghent]({path}) — Lives in Ghent." in lines
    assert "- [er](deep/er.md) — Deploys on Fridays. Never on Mondays." in lines
    assert lines.index("- [Docs](https://example.org) are read first") == len(lines) - 2
    assert after[path].decode().endswith("---\nLives in Ghent.\n")


def test_a_second_write_changes_no_byte(folder):
    facts = [fact("Lives in Ghent."), fact("Prefers tea.", kind="preference"), *read(opened(folder))]
    opened(folder).write(facts)
    before = own_files(folder), (folder / ".memctl/facts.jsonl").read_bytes()
    assert set(states(opened(folder).write(facts))) == {"unchanged"}
    assert (own_files(folder), (folder / ".memctl/facts.jsonl").read_bytes()) == before


def test_topics_survive_another_backend_byte_for_byte(folder, tmp_path):
    facts = [msgspec.convert(msgspec.to_builtins(one), type(one)) for one in read(opened(folder))]
    other = tmp_path / "copy"
    assert set(states(opened(other).write(facts))) == {"written"}
    before, after = own_files(folder), own_files(other)
    for path in ("prefers-tabs.md", "deep/er.md", "plain.md"):
        assert after[path] == before[path]
    assert read(opened(other)) == [msgspec.structs.replace(one) for one in facts]


def test_every_field_is_restored_although_the_agent_sees_only_the_text(tmp_path):
    whole = fact("Prefers express shipping.", **(ALL_FIELDS | {"expired_at": None, "superseded_by": None}))
    opened(tmp_path / "new").write([whole])
    assert read(opened(tmp_path / "new")) == [msgspec.structs.replace(whole, embedding=None)]


def test_ended_facts_are_kept_but_hidden_from_the_agent(tmp_path):
    new = tmp_path / "new"
    old = fact("Lived in Rome.", expired_at=datetime(2024, 1, 1, tzinfo=UTC))
    current = fact("Lives in Ghent.")
    opened(new).write([old, current])
    assert b"Rome" not in b"".join(own_files(new).values())
    assert read(opened(new)) == [current, old]
    ended = msgspec.structs.replace(current, invalid_at=datetime(2025, 1, 1, tzinfo=UTC))
    assert states(opened(new).write([ended])) == ["updated"]
    assert b"Ghent" not in b"".join(own_files(new).values())
    assert states(opened(new).write([current])) == ["updated"]
    assert b"Lives in Ghent." in b"".join(own_files(new).values())


def test_edits_renames_deletions_and_additions_by_the_agent_are_read(tmp_path):
    new = tmp_path / "new"
    facts = [fact(f"Likes {what}.", object=what) for what in ("tea", "plums", "opera", "chess")]
    opened(new).write(facts)
    tea, plums, opera, chess = (next(new.glob(f"*{one.object}*.md")) for one in facts)
    tea.write_text(tea.read_text().replace("Likes tea.", "Likes green tea."))
    plums.rename(new / "fruit.md")
    opera.unlink()
    (new / "own.md").write_text("Plays the oboe.\n")
    by_text = {one.text: one for one in read(opened(new))}
    assert set(by_text) == {"Likes green tea.", "Likes plums.", "Likes chess.", "Plays the oboe."}
    assert by_text["Likes green tea."].id == facts[0].id
    assert by_text["Likes green tea."].object is None
    assert by_text["Likes plums."].id == facts[1].id
    opened(new).write([fact("One more.")])
    assert set(texts(opened(new))) == {*by_text, "One more."}
    index = (new / "MEMORY.md").read_text()
    assert "(fruit.md)" in index
    assert "(own.md)" in index
    assert chess.exists()


def test_a_topic_reformatted_by_the_program_is_the_same_fact(tmp_path):
    new = tmp_path / "new"
    one = fact("Lives in Ghent.", confidence=0.5)
    opened(new).write([one])
    (topic,) = new.glob("lives*.md")
    body = topic.read_text().rpartition("---\n")[2]
    front = f"---\nname: ghent\nmetadata:\n  memctl: {one.id}\n  modified: 2026-01-02T00:00:00Z\n"
    topic.rename(new / "ghent.md").write_text(f"{front}---\n{body}")
    assert read(opened(new)) == [one]


def test_topic_201_is_rejected_by_name_and_the_rest_is_written(tmp_path):
    new = tmp_path / "new"
    facts = [fact(f"Owns book number {number}, as bound in Ghent in the year of the flood.") for number in range(203)]
    outcomes = opened(new).write(facts)
    refused = [outcome for outcome in outcomes if outcome.state == "rejected"]
    assert 1 <= len(refused) <= 10
    assert all("Claude Code l" in str(outcome.reason) for outcome in refused)
    index = (new / "MEMORY.md").read_text()
    assert index.strip().count("\n") + 1 <= 200
    assert len(list(new.glob("owns*.md"))) == len(facts) - len(refused) == index.count("](owns-book")


def test_a_topic_of_too_many_bytes_is_rejected_and_leaves_no_trace(tmp_path):
    new = tmp_path / "new"
    outcomes = opened(new).write([fact("ж" * 3_000), fact("Short.")])
    assert states(outcomes) == ["rejected", "written"]
    assert "4,096" in str(outcomes[0].reason)
    assert texts(opened(new)) == ["Short."]


def test_an_index_over_the_limit_lets_topics_change_but_not_grow_in_number(tmp_path):
    new = create_folder(tmp_path / "new", {"MEMORY.md": "".join(f"- line {number}\n" for number in range(250))})
    assert states(opened(new).write([fact("Lives in Ghent.")])) == ["rejected"]
    (line,) = [one for one in read(opened(new)) if one.text == "line 7"]
    assert states(opened(new).write([msgspec.structs.replace(line, text="line seven")])) == ["updated"]
    assert "\n- line seven\n- line 8\n" in (new / "MEMORY.md").read_text()


def test_deletion_removes_only_the_topic_and_its_index_line(folder):
    opened(folder).write([fact("Lives in Ghent.")])
    topic = next(one for one in read(opened(folder)) if one.source.id == "prefers-tabs.md")
    line = next(one for one in read(opened(folder)) if one.text.startswith("Works on"))
    assert opened(folder).delete("alice", [topic.id, line.id]) == 2
    assert not (folder / "prefers-tabs.md").exists()
    index = (folder / "MEMORY.md").read_text()
    assert "prefers-tabs" not in index
    assert "billing" not in index
    assert "was here once" in index
    assert len(texts(opened(folder))) == 4


def test_forget_removes_every_word_of_the_user_and_reports_what_remains(folder):
    opened(folder).write([fact("Lives in Ghent.")])
    (said,) = opened(folder).forget("alice")
    assert said.startswith("3 files")
    left = {path: data for path, data in own_files(folder).items() if path not in ("notes.txt", "team/shared.md")}
    assert set(left) == {"MEMORY.md"}
    assert left["MEMORY.md"].split() == b"# Memory - [Gone](gone.md) \xe2\x80\x94 was here once".split()
    assert not (folder / ".memctl").exists()


def test_a_folder_written_by_memctl_names_its_only_user(tmp_path):
    new = tmp_path / "new"
    assert states(ClaudeCodeAdapter(new).write([fact("Lives in Ghent.")])) == ["written"]
    assert list(ClaudeCodeAdapter(new).users()) == ["alice"]
    (refused,) = ClaudeCodeAdapter(new).write([fact("Lives in Rome.", "bob")])
    assert refused.state == "rejected"
    assert "'alice'" in str(refused.reason)
    assert texts(ClaudeCodeAdapter(new, default_user="bob"), "bob") == []


def test_a_folder_without_an_owner_needs_a_named_user(folder):
    with pytest.raises(NotFound, match="owner of this folder is unknown"):
        list(ClaudeCodeAdapter(folder).users())
    assert len(texts(ClaudeCodeAdapter(folder), "carol")) == 5


def test_the_plan_reports_free_topics_and_dangling_pointers(folder):
    room, dangling = opened(folder).remarks()
    assert "197 more topics" not in dangling
    assert "of 200" in room
    assert "1 lines of MEMORY.md" in dangling


def test_a_topic_in_any_script_is_listed_by_its_words(tmp_path):
    new = tmp_path / "new"
    texts_ = ("她住在根特。", "Живёт в Генте.", "Says \ufffe\x9d[odd]\u2028things: # & |", "\n")
    opened(new).write([fact(text) for text in texts_])
    index = (new / "MEMORY.md").read_text()
    assert "- [她住在根特。](" in index
    assert "— Живёт в Генте." in index
    assert "- [Says (odd) things: # & |](" in index
    assert sorted(texts(opened(new))) == sorted(texts_)
    for topic in new.glob("*-*.md"):
        front = topic.read_text().split("---\n")[1]
        assert yaml.safe_load(front)["metadata"]["node_type"] == "memory"


def test_a_run_into_a_full_target_lists_each_rejected_fact_once(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "MEMCTL_STORE"):
        monkeypatch.delenv(name, raising=False)
    facts = [fact(f"Owns book number {number}.") for number in range(203)]
    (tmp_path / "books.jsonl").write_bytes(b"".join(encode_lines(facts)))
    command = ["migrate", "--from", "books.jsonl", "--to", "claude-code:memory", "--user", "alice"]
    plan = in_process.run([*command, "--dry-run"])
    assert "room for at most 198 more topics" in plan.stdout + plan.stderr
    assert not (tmp_path / "memory").exists()
    first = in_process.run([*command, "--rejects", "rejects.jsonl"])
    assert first.returncode == 3
    rejects = (tmp_path / "rejects.jsonl").read_text()
    assert rejects.count("Claude Code l") == rejects.count("\n") == 5
    before = own_files(tmp_path / "memory")
    again = in_process.run(command)
    assert (again.returncode, own_files(tmp_path / "memory")) == (0, before)
