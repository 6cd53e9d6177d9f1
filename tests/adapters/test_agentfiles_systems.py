"""The folders of OpenClaw, Hermes, the memory tool, Codex, Gemini CLI and notes, as their programs write them."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from adapters.agent_folders import create_folder, fact, own_files, read, states, texts
from memctl_agentfiles.adapter import FolderAdapter
from memctl_agentfiles.codex import CodexAdapter
from memctl_agentfiles.gemini import GeminiAdapter
from memctl_agentfiles.hermes import HermesAdapter
from memctl_agentfiles.memory_tool import MemoryToolAdapter
from memctl_agentfiles.notes import NotesAdapter
from memctl_agentfiles.openclaw import OpenClawAdapter

from memctl.core.errors import Rejected, UsageError

OPENCLAW: dict[str, str | bytes] = {
    "MEMORY.md": (
        "# Memory\r\n\r\nRuns a bakery in Ghent.\r\n\r\n## Projects\r\n<!-- promoted:17 -->\r\n"
        "- Oven controller\r\n  written in Rust <!-- row:4 -->\r\n* Shop site\r\n---\r\n1. First numbered"
    ),
    "USER.md": "- Answer in Dutch (observed 2026-01-02, active)\n",
    "memory/2026-03-04-standup.md": "# Notes\n- Ordered flour\n",
    "memory/imports/codex/x.md": "- a copy\n",
    "users/other/USER.md": "- Somebody else\n",
    "DREAMS.md": "- dreamt\n",
    "SOUL.md": "You are helpful.\n",
}
HERMES: dict[str, str | bytes] = {
    "MEMORY.md": "Runs a bakery.\n§\nTwo lines:\n§5 of the law is one.\n§\n  padded  ",
    "USER.md": "Prefers Dutch.\r\n§\r\nUses metric units.\r\n",
    "MEMORY.md.bak.1": "old",
}
MEMORIES: dict[str, str | bytes] = {
    "progress.xml": "<done>\n  step 1\n</done>\n",
    "people/bob.txt": "\nBob bakes.",
    "front.md": "---\ntitle: x\n---\nBody.\n",
    "blank.md": "\n\n",
}
CODEX: dict[str, str | bytes] = {
    "MEMORY.md": (
        "# Task Group: shop\nscope: web\napplies_to: repo\n\n## Task 1\n- built the cart\n\n"
        "## User preferences\n- Small commits\n\n## Reusable knowledge\n- Tests need Node 20\n\n"
        "## Failures and how to do differently\n- Do not run the seeder twice\n"
    ),
    "memory_summary.md": "v1\n- Small commits\n",
    "rollout_summaries/a.md": "- a rollout\n",
    "raw_memories.md": "- raw\n",
    "extensions/ad_hoc/notes/2026-05-06T07-08-09-dutch.md": "Answers in Dutch.\n",
}
GEMINI: dict[str, str | bytes] = {
    "GEMINI.md": "Project rules in prose.\n\n## Gemini Added Memories\n- Likes tea\n",
    "tmp/shop/memory/MEMORY.md": "# Memory\n- [Stack](stack.md)\n- Uses pnpm\n",
    "tmp/shop/memory/stack.md": "The shop runs on Vue.\n",
    "tmp/shop/memory/.inbox/patch.md": "- proposed\n",
    "tmp/shop/memory/skills/x.md": "- a skill\n",
    "tmp/shop/logs/chat.md": "- a log\n",
}
NOTES: dict[str, str | bytes] = {
    "bakery.md": (
        "---\ntitle: The bakery\ntype: note\npermalink: bakery\n---\n\n# The bakery\n\nSome prose.\n\n"
        "## Observations\n- [place] In Ghent #belgium (near the river)\n- [ ] buy flour\n- [x] sold\n- [9:30] opens\n"
        "- [role] @effective[2020-01-01,2024-06-30) Alice is head baker\n- [since] @2019 opened\n"
        "- Closed on Mondays #hours\n"
        "- [link](https://example.org)\n\n## Relations\n- supplied_by [[Mill|the mill]] (weekly)\n- [[Nothing]]\n"
    ),
    "ideas/plain.md": "---\ntags: [idea]\n---\nA mobile oven?\n",
    ".obsidian/app.json": "{}",
    ".trash/old.md": "- [gone] x\n",
}
ALL: dict[type[FolderAdapter], dict[str, str | bytes]] = {
    OpenClawAdapter: OPENCLAW,
    HermesAdapter: HERMES,
    MemoryToolAdapter: MEMORIES,
    CodexAdapter: CODEX,
    NotesAdapter: NOTES,
}
each = pytest.mark.parametrize("adapter", ALL)


def opened_folder(adapter: type[FolderAdapter], folder: Path) -> FolderAdapter:
    return adapter(create_folder(folder, ALL.get(adapter, {})), default_user="alice")


def test_openclaw_bullets_and_paragraphs_are_facts_dated_by_their_file(tmp_path):
    by_text = {one.text: one for one in read(opened_folder(OpenClawAdapter, tmp_path))}
    assert set(by_text) == {
        "Runs a bakery in Ghent.",
        "Oven controller\nwritten in Rust",
        "Shop site",
        "First numbered",
        "Answer in Dutch (observed 2026-01-02, active)",
        "Ordered flour",
    }
    assert by_text["Ordered flour"].created_at == datetime(2026, 3, 4, tzinfo=UTC)
    assert by_text["Shop site"].created_at is None
    assert by_text["Answer in Dutch (observed 2026-01-02, active)"].kind == "preference"


def test_openclaw_profile_stays_small_enough_to_be_loaded(tmp_path):
    claw = opened_folder(OpenClawAdapter, tmp_path)
    facts = [fact(f"Prefers {number} {'very ' * 90}much.", kind="preference") for number in range(12)]
    assert set(states(claw.write(facts))) == {"written"}
    user = (tmp_path / "USER.md").read_text()
    assert len(user) <= 4_000
    assert "Prefers 0" in user
    assert "Prefers 11" in (tmp_path / "MEMORY.md").read_text()
    assert {one.id for one in facts} <= {one.id for one in read(claw)}
    (own,) = [one for one in read(claw) if one.text.startswith("Answer in Dutch")]
    (outcome,) = claw.write([msgspec.structs.replace(own, text="x" * 4_000)])
    assert outcome.state == "rejected"
    assert "4,000" in str(outcome.reason)


def test_hermes_entries_are_split_as_hermes_does(tmp_path):
    kinds = {one.text: one.kind for one in read(opened_folder(HermesAdapter, tmp_path))}
    assert kinds == {
        "Runs a bakery.": "fact",
        "Two lines:\n§5 of the law is one.": "fact",
        "padded": "fact",
        "Prefers Dutch.": "preference",
        "Uses metric units.": "preference",
    }


def test_facts_beyond_hermes_limits_are_rejected_and_the_rest_is_written(tmp_path):
    hermes = opened_folder(HermesAdapter, tmp_path)
    facts = [fact(f"{number} {'x' * 495}") for number in range(6)]
    outcomes = hermes.write(facts)
    assert states(outcomes) == ["written"] * 4 + ["rejected"] * 2
    assert "2,200" in str(outcomes[-1].reason)
    entries = (tmp_path / "MEMORY.md").read_text().split("\n§\n")
    assert len("\n§\n".join(one.strip() for one in entries)) <= 2_200


def test_a_text_with_the_separator_of_hermes_stays_one_entry(tmp_path):
    hermes = HermesAdapter(tmp_path / "new")
    one = fact("Before\n§\nafter")
    hermes.write([one])
    assert read(hermes) == [one]
    assert (tmp_path / "new/MEMORY.md").read_text() == "Before\n(§)\nafter"


def test_files_of_the_memory_tool_with_any_name_are_facts(tmp_path):
    assert sorted(texts(opened_folder(MemoryToolAdapter, tmp_path))) == [
        "---\ntitle: x\n---\nBody.",
        "<done>\n  step 1\n</done>",
        "Bob bakes.",
    ]
    new = tmp_path / "private"
    MemoryToolAdapter(new).write([fact("Lives in Ghent.")])
    (file,) = (path for path in new.iterdir() if path.is_file())
    assert file.read_text() == "Lives in Ghent.\n"
    assert (file.stat().st_mode & 0o777, new.stat().st_mode & 0o777) == (0o600, 0o700)


def test_codex_gets_notes_and_its_own_files_are_not_changed(tmp_path):
    codex = opened_folder(CodexAdapter, tmp_path)
    by_text = {one.text: one for one in read(codex)}
    assert {text: one.kind for text, one in by_text.items()} == {
        "Small commits": "preference",
        "Tests need Node 20": "fact",
        "Do not run the seeder twice": "fact",
        "Answers in Dutch.": "fact",
    }
    before = own_files(tmp_path)
    codex.write([fact("Lives in Ghent.", created_at=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))])
    (note,) = own_files(tmp_path).keys() - before.keys()
    assert note.startswith("extensions/ad_hoc/notes/2026-01-02T03-04-05-lives-in-ghent-")
    (refused,) = codex.write([msgspec.structs.replace(by_text["Small commits"], text="Large commits")])
    assert refused.state == "rejected"
    assert "regenerates MEMORY.md" in str(refused.reason)
    with pytest.raises(Rejected, match="regenerates"):
        codex.delete("alice", [by_text["Small commits"].id])
    assert {path: data for path, data in own_files(tmp_path).items() if path != note} == before


def test_the_codex_summary_is_read_if_there_is_nothing_else(tmp_path):
    create_folder(tmp_path, {"memory_summary.md": "v1\nProse.\n- Small commits\n"})
    assert texts(CodexAdapter(tmp_path, default_user="alice")) == ["Small commits"]


def test_gemini_is_read_only_and_refuses_a_write_at_the_start(tmp_path):
    gemini = GeminiAdapter(create_folder(tmp_path, GEMINI), default_user="alice")
    assert texts(gemini) == ["Likes tea", "Uses pnpm", "The shop runs on Vue."]
    before = own_files(tmp_path)
    for use in (
        gemini.check_writable,
        lambda: gemini.write([fact("x")]),
        lambda: gemini.delete("alice", [read(gemini)[0].id]),
        lambda: gemini.forget("alice"),
    ):
        with pytest.raises(UsageError, match="only be read"):
            use()
    assert own_files(tmp_path) == before
    project = GeminiAdapter(tmp_path / "tmp/shop/memory", default_user="alice")
    assert texts(project) == ["Uses pnpm", "The shop runs on Vue."]


def test_observations_and_relations_of_a_note_are_facts_and_tasks_are_not(tmp_path):
    by_text = {one.text: one for one in read(opened_folder(NotesAdapter, tmp_path))}
    assert set(by_text) == {
        "In Ghent #belgium (near the river)",
        "Alice is head baker",
        "@2019 opened",
        "Closed on Mondays #hours",
        "The bakery supplied_by Mill",
        "A mobile oven?",
    }
    assert by_text["In Ghent #belgium (near the river)"].categories == ("place", "belgium")
    head = by_text["Alice is head baker"]
    assert (head.valid_at, head.invalid_at) == (datetime(2020, 1, 1, tzinfo=UTC), datetime(2024, 6, 30, tzinfo=UTC))
    assert by_text["@2019 opened"].valid_at is None
    mill = by_text["The bakery supplied_by Mill"]
    assert (mill.subject, mill.predicate, mill.object) == ("The bakery", "supplied_by", "Mill")


def test_new_facts_are_observations_of_one_note(tmp_path):
    notes = opened_folder(NotesAdapter, tmp_path)
    before = own_files(tmp_path)
    notes.write([fact("Lives in Ghent."), fact("Tea", kind="preference"), fact("Owns a cat", categories=("pets",))])
    after = own_files(tmp_path)
    assert {path: after[path] for path in before} == before
    note = after["memctl.md"].decode()
    assert note.endswith("---\n\n- [fact] Lives in Ghent.\n- [preference] Tea\n- [pets] Owns a cat\n")


@each
def test_a_write_keeps_lines_of_others_and_repeating_it_changes_nothing(adapter, tmp_path):
    opened = opened_folder(adapter, tmp_path)
    before = own_files(tmp_path)
    facts = [fact("Lives in Ghent."), fact("Tea, always.", kind="preference")]
    assert states(opened.write(facts)) == ["written", "written"]
    after = own_files(tmp_path)
    for path, data in before.items():
        assert after[path].startswith(data.rstrip())
    assert set(states(opened.write([*facts, *read(opened)]))) == {"unchanged"}
    assert own_files(tmp_path) == after
    assert opened.delete("alice", [one.id for one in facts]) == 2
    left = own_files(tmp_path)
    assert {path: left[path].split() for path in left if b"Kept by memctl" not in left[path]}.items() <= {
        path: data.split() for path, data in before.items()
    }.items()


@each
def test_a_folder_recreated_from_its_facts_has_the_same_bytes(adapter, tmp_path):
    facts = read(opened_folder(adapter, tmp_path / "one"))
    facts = [msgspec.json.decode(msgspec.json.encode(one), type=type(one)) for one in facts]
    copy = adapter(tmp_path / "two")
    assert set(states(copy.write(facts))) == {"written"}
    before, after = own_files(tmp_path / "one"), own_files(tmp_path / "two")
    assert {path for path in after if adapter is not CodexAdapter and after[path] != before.get(path)} == set()
    assert sorted(read(copy), key=lambda one: one.id) == sorted(facts, key=lambda one: one.id)


@each
def test_changes_additions_and_removals_by_the_agent_are_read(adapter, tmp_path):
    opened = adapter(tmp_path / "new")
    facts = [fact(f"Alice likes {what} very much.") for what in ("green tea", "old plums", "the opera")]
    opened.write(facts)
    for path, data in own_files(tmp_path / "new").items():
        text = data.decode().replace("green tea", "black tea")
        (tmp_path / "new" / path).write_text(text.replace("- [fact] Alice likes old plums very much.\n", ""))
    texts = {one.id: one.text for one in read(opened)}
    assert texts[facts[0].id] == "Alice likes black tea very much."
    assert texts[facts[2].id] == facts[2].text


@each
def test_forget_leaves_no_word_of_the_user_in_the_folder(adapter, tmp_path):
    opened = adapter(tmp_path / "new")
    opened.write([fact("Lives in Ghent."), fact("Tea, always.", kind="preference")])
    assert opened.forget("alice") in ([], ["1 files without facts: memctl.md"])
    rest = b"".join(path.read_bytes() for path in (tmp_path / "new").rglob("*") if path.is_file())
    assert b"Ghent" not in rest
    assert b"alice" not in rest
