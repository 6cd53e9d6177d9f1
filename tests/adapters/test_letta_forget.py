"""Forgetting a user of Letta who shares agents, blocks or git histories with others."""

import json
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from emulators.memfs import agent_memory, git
from memctl_letta.adapter import LettaAdapter
from memctl_letta.git_repository import Writer
from memctl_letta.memfs import MemfsAdapter

from memctl.core.errors import UsageError
from memctl.core.fact import Fact, Source, derive_id


@pytest.fixture
def server() -> Iterator[Any]:
    with import_module("emulators.letta").serve() as running:
        yield running


def opened(server: Any, **options: Any) -> LettaAdapter:
    return LettaAdapter(server.url, api_key=import_module("emulators.letta").KEY, **options)


def fact(text: str, user: str = "alice") -> Fact:
    return Fact(id=derive_id(user, text), user_id=user, kind="fact", text=text, source=Source(system="x"))


def foreign_agent(server: Any, user: str, **fields: Any) -> Any:
    """Create an agent for a user as another program does."""
    body = {
        "model": server.models[0],
        "embedding": server.embeddings[0],
        "name": "helper",
        "tags": [f"user:{user}", "team"],
        **fields,
    }
    return server.agents[server.make_agent(query={}, body=body)["id"]]


def attach(server: Any, agent: Any, archive: str) -> None:
    server.attach_archive(agent["id"], archive, query={}, body=None)


def filled(server: Any, agent: Any, *texts: str) -> str:
    """The archive of an agent, with passages that a program wrote with the agent's tools."""
    for text in texts:
        server.add_one(agent["id"], query={}, body={"text": text})
    return str(agent["archive_id"])


def send_message(server: Any, agent_id: str, text: str) -> None:
    server.messages[agent_id].append({"id": f"message-{text}", "message_type": "user_message", "content": text})


def test_forget_keeps_a_foreign_agent_without_owner_and_reports_it(server: Any) -> None:
    blocks = [{"label": "human", "value": "Keeps a quagga."}, {"label": "persona", "value": "I am Sam."}]
    agent = foreign_agent(server, "alice", memory_blocks=blocks)
    with opened(server) as adapter:
        adapter.write([fact("Keeps a quagga.")])
        (line,) = adapter.forget("alice")
        assert adapter.inventory("alice") == {"agents": 0, "identities": 0, "messages": 0}
        assert "alice" not in set(adapter.everyone())
    assert f"{agent['id']} was not made by memctl and stays" in line
    assert agent["tags"] == ["team"]
    assert "quagga" not in json.dumps([server.blocks, server.passages, server.messages])
    assert "I am Sam." in [block["value"] for block in server.blocks.values()]


@pytest.mark.parametrize("place", ["main", "conversation"])
def test_messages_that_letta_keeps_are_not_reported_as_erased(server: Any, place: str) -> None:
    agent = foreign_agent(server, "alice", memory_blocks=[{"label": "human", "value": "Keeps a quagga."}])
    if place == "conversation":
        server.conversations["conv-1"] = agent["id"]
        server.messages["conv-1"] = []
    send_message(server, agent["id"] if place == "main" else "conv-1", "My quagga!")
    with opened(server) as adapter:
        (line,) = adapter.forget("alice")
        assert "stays with 1 messages" in line
        assert adapter.inventory("alice") == {"agents": 1, "identities": 0, "messages": 1}
        assert "alice" in set(adapter.everyone())
        assert [page.facts for page in adapter.read("alice")] == [()]
    with opened(server, delete_agents=True) as adapter:
        assert adapter.forget("alice") == []
        assert "alice" not in set(adapter.everyone())
    assert not server.agents
    assert "quagga" not in json.dumps([server.blocks, server.passages, server.messages])


def test_an_agent_created_by_memctl_is_erased_even_with_messages(server: Any) -> None:
    with opened(server) as adapter:
        adapter.write([fact("Likes tea.")])
        send_message(server, next(iter(server.agents)), "Tea, please!")
        assert adapter.forget("alice") == []
    assert (server.agents, server.messages, server.passages, server.archives) == ({}, {}, {}, {})


@pytest.mark.parametrize("lists_agents", [False, True])
@pytest.mark.parametrize("by_memctl", [False, True])
def test_passages_in_an_archive_of_another_users_agent_are_kept(
    server: Any, lists_agents: bool, by_memctl: bool
) -> None:
    server.lists_archive_agents = lists_agents
    with opened(server, delete_agents=True) as adapter:
        if by_memctl:
            adapter.write([fact("Likes rum.", "bob")])
        his = next(iter(server.agents.values())) if by_memctl else foreign_agent(server, "bob")
        archive = filled(server, his, "Her own passage.")
        carol = foreign_agent(server, "carol")
        attach(server, carol, archive)
        adapter.write([fact("Likes gin.", "carol")])
        assert adapter.inventory("bob")["shared passages (kept)"] == 1
        (line,) = adapter.forget("bob")
        assert (archive in line, carol["id"] in line, "carol" in line) == (True, True, False)
        assert his["id"] not in server.agents
        assert {one.text for page in adapter.read("carol") for one in page.facts} == {"Her own passage.", "Likes gin."}
    assert "Likes rum." not in json.dumps(server.passages)


def test_a_passage_shared_with_another_user_is_not_deleted(server: Any) -> None:
    bob, carol = foreign_agent(server, "bob"), foreign_agent(server, "carol")
    attach(server, carol, filled(server, bob, "Whose is this?"))
    with opened(server) as adapter:
        (theirs,) = [one for page in adapter.read("bob") for one in page.facts]
        with pytest.raises(UsageError, match="also attached to"):
            adapter.delete("bob", [theirs.id])
    assert len(server.passages) == 1


def test_deleting_the_last_fact_keeps_an_archive_of_another_agent(server: Any) -> None:
    with opened(server) as adapter:
        adapter.write([fact("Likes rum.", "bob")])
        attach(server, foreign_agent(server, "carol"), next(iter(server.archives)))
        adapter.write([fact("Likes gin.", "carol")])
        assert adapter.delete("bob", [fact("Likes rum.", "bob").id]) == 1
        assert {one.text for page in adapter.read("carol") for one in page.facts} == {"Likes gin."}


def test_blocks_shared_with_others_and_their_agents_are_kept(server: Any) -> None:
    with opened(server) as adapter:
        adapter.write([fact("Likes tea."), fact("Likes rum.", "bob")])
        hers, his = (
            next(one for one in server.agents.values() if f"user:{u}" in one["tags"]) for u in ("alice", "bob")
        )
        shared = server.make_block(query={}, body={"label": "team", "value": "We meet on Mondays."})
        for agent in (hers, his):
            agent["block_ids"].append(shared["id"])
        assert adapter.forget("alice") == []
    assert list(server.agents) == [his["id"]]
    assert server.blocks[shared["id"]]["value"] == "We meet on Mondays."
    assert [passage["text"] for passage in server.passages.values()] == ["Likes rum."]


def test_a_passage_of_another_user_in_the_archive_is_kept(server: Any) -> None:
    with opened(server) as adapter:
        adapter.write([fact("Likes tea."), fact("Likes rum.", "bob")])
        archives = {one["text"]: one["archive_id"] for one in server.passages.values()}
        strange = next(one for one in server.passages.values() if one["text"] == "Likes rum.")
        strange["archive_id"] = archives["Likes tea."]
        (line,) = adapter.forget("alice")
    assert "its archive also contains memories of another user" in line
    assert [passage["text"] for passage in server.passages.values()] == ["Likes rum."]


def test_a_server_without_identities_is_not_a_failure(server: Any) -> None:
    server.knows_identities = False
    with opened(server) as adapter:
        adapter.write([fact("Likes tea.")])
        assert adapter.forget("alice") == []
    assert not server.agents


def test_a_second_run_completes_an_interrupted_erasure(server: Any) -> None:
    with opened(server) as adapter:
        adapter.write([fact("Likes tea."), fact("Likes rum.")])
        server.fail("DELETE /v1/agents/agent-[^/]*$", 500)
        with pytest.raises(Exception, match="500"):
            adapter.forget("alice")
        assert adapter.forget("alice") == []
    assert (server.agents, server.passages, server.archives) == ({}, {}, {})


# MemFS


def everything(folder: Path) -> str:
    """All objects in git, reachable or not, and the files."""
    names = git(folder, "cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    files = [path.read_bytes().decode("utf-8", "replace") for path in folder.rglob("*") if path.is_file()]
    return "\n".join([git(folder, "cat-file", "-p", name) for name in names] + files)


@pytest.mark.parametrize("layout", ["v1", "v2"])
def test_an_agents_own_repository_keeps_its_persona_without_history(tmp_path: Path, layout: str) -> None:
    folder = agent_memory(tmp_path / "agent" / "memory", layout)
    adapter = MemfsAdapter(folder)
    adapter.write([fact("Keeps a quagga.")])
    adapter.write([fact("Keeps two quaggas.")])
    git(folder, "tag", "before")
    git(folder, "branch", "other")
    assert "quagga" in everything(folder)
    (line,) = adapter.forget("alice")
    assert "stays with" in line
    held = everything(folder)
    assert "quagga" not in held
    assert "alice" not in held
    assert "coding assistant" in held
    assert git(folder, "rev-list", "--all", "--count").strip() == "1"
    assert git(folder, "status", "--short") == ""


def test_a_history_shared_with_others_is_refused_before_any_deletion(tmp_path: Path) -> None:
    folder = agent_memory(tmp_path / "memory")
    MemfsAdapter(folder).write([fact("Keeps a quagga.")])
    git(folder, "worktree", "add", "--quiet", str(tmp_path / "second"))
    with pytest.raises(UsageError, match="shares its history with other working trees"):
        MemfsAdapter(folder).forget("alice")
    assert "Keeps a quagga." in {one.text for page in MemfsAdapter(folder).read("alice") for one in page.facts}


def test_uncommitted_changes_are_refused(tmp_path: Path) -> None:
    folder = agent_memory(tmp_path / "memory")
    MemfsAdapter(folder).write([fact("Keeps a quagga.")])
    (folder / "notes.md").write_text("Her quagga is called Zoe.\n")
    with pytest.raises(UsageError, match="not committed"):
        MemfsAdapter(folder).forget("alice")


def test_the_next_run_completes_an_erasure_killed_before_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = agent_memory(tmp_path / "memories" / "agent" / "memory")
    MemfsAdapter(folder).write([fact("Keeps a quagga.")])
    commit = Writer.commit

    def killed(*given: Any) -> None:
        commit(*given)
        raise SystemExit

    with monkeypatch.context() as patch:
        patch.setattr(Writer, "commit", killed)
        # A killed process does not clean up, so the marker file stays.
        patch.setattr(Path, "unlink", lambda *_, **__: None)
        with pytest.raises(SystemExit):
            MemfsAdapter(folder.parent.parent).forget("alice")
    assert "quagga" in everything(folder)
    MemfsAdapter(folder.parent.parent).forget("alice")
    assert "quagga" not in everything(folder)


def test_a_repository_created_for_the_user_is_removed_and_its_neighbour_stays(tmp_path: Path) -> None:
    adapter = MemfsAdapter(tmp_path)
    adapter.write([fact("Keeps a quagga."), fact("Likes rum.", "alice2")])
    assert adapter.forget("alice") == []
    assert [path.name for path in tmp_path.iterdir()] == ["alice2"]
