"""Anthropic's memory tool and memctl on one folder: each reads the files of the other."""

from pathlib import Path
from typing import Any

import pytest
from adapters.agent_folders import fact, read, states
from memctl_agentfiles.memory_tool import MemoryToolAdapter


@pytest.fixture
def tool(tmp_path: Path) -> Any:
    from anthropic.tools.memory import BetaLocalFilesystemMemoryTool  # a second of CPU time

    return BetaLocalFilesystemMemoryTool(base_path=str(tmp_path))


def opened(tmp_path: Path) -> MemoryToolAdapter:
    return MemoryToolAdapter(tmp_path / "memories", default_user="alice")


def test_files_created_edited_and_renamed_by_the_tool_are_read(tool, tmp_path):
    tool.call({"command": "create", "path": "/memories/people/bob.md", "file_text": "Bob bakes.\r\nEvery day.\n"})
    tool.call({"command": "create", "path": "/memories/todo.txt", "file_text": "Buy flour"})
    (bob, todo) = read(opened(tmp_path))
    assert (bob.text, todo.text) == ("Bob bakes.\r\nEvery day.", "Buy flour")
    tool.call({"command": "insert", "path": "/memories/todo.txt", "insert_line": 1, "insert_text": "and salt"})
    assert [one.text for one in read(opened(tmp_path)) if one.id == todo.id] == ["Buy flour\nand salt"]


def test_the_tool_shows_and_edits_facts_of_memctl_but_not_its_records(tool, tmp_path):
    one, other = fact("Lives in Ghent.", object="Ghent"), fact("Owns a cat.")
    assert states(opened(tmp_path).write([one, other])) == ["written", "written"]
    listed = str(tool.call({"command": "view", "path": "/memories"}))
    assert "lives-in-ghent" in listed
    assert ".memctl" not in listed
    path = f"/memories/lives-in-ghent-{one.id.hex[:8]}.md"
    tool.call({"command": "str_replace", "path": path, "old_str": "in Ghent", "new_str": "in Bruges"})
    tool.call({"command": "rename", "old_path": path, "new_path": "/memories/home.md"})
    tool.call({"command": "delete", "path": f"/memories/owns-a-cat-{other.id.hex[:8]}.md"})
    tool.call({"command": "create", "path": "/memories/oven.md", "file_text": "The oven is old.\n"})
    texts = {fact.text for fact in read(opened(tmp_path))}
    assert texts == {"Lives in Bruges.", "The oven is old."}
    assert states(opened(tmp_path).write([fact("One more.")])) == ["written"]
    assert {fact.text for fact in read(opened(tmp_path))} == {*texts, "One more."}
