"""Users of Letta with several agents: shared memory is read once, and each agent is restored as a separate agent."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from emulators.letta import KEY, LettaServer, serve
from memctl_letta.adapter import LettaAdapter

from memctl.core.fact import Fact, Source, derive_id


@pytest.fixture
def server() -> Iterator[LettaServer]:
    with serve() as running:
        yield running


@pytest.fixture
def second() -> Iterator[LettaServer]:
    with serve() as running:
        yield running


def opened(server: LettaServer, **options: Any) -> LettaAdapter:
    return LettaAdapter(server.url, api_key=KEY, **options)


def agent(server: LettaServer, user: str, blocks: dict[str, str] | None = None) -> Any:
    memory_blocks = [{"label": label, "value": value} for label, value in (blocks or {}).items()]
    body = {"model": server.models[0], "tags": [f"user:{user}"], "memory_blocks": memory_blocks}
    return server.agents[server.make_agent(query={}, body=body)["id"]]


def passages(server: LettaServer, agent: Any, *texts: str) -> None:
    for text in texts:
        server.add_one(agent["id"], query={}, body={"text": text})


def share_archive(server: LettaServer, first: Any, second: Any) -> None:
    server.attach_archive(second["id"], first["archive_id"], query={}, body=None)


def read(server: LettaServer, user: str) -> list[Fact]:
    with opened(server) as adapter:
        return [fact for page in adapter.read(user) for fact in page.facts]


def values(server: LettaServer) -> list[list[tuple[str, str]]]:
    """The blocks of each agent: label and value."""
    held = [[server.blocks[id_] for id_ in one["block_ids"]] for one in server.agents.values()]
    return sorted(sorted((block["label"], block["value"]) for block in blocks) for blocks in held)


def test_an_archive_of_two_agents_of_a_user_is_read_once(server: LettaServer) -> None:
    first, other = agent(server, "alice"), agent(server, "alice")
    passages(server, first, "Likes tea.", "Likes rum.")
    share_archive(server, first, other)
    with opened(server) as adapter:
        facts = [fact for page in adapter.read("alice") for fact in page.facts]
        assert [fact.text for fact in facts] == ["Likes tea.", "Likes rum."]
        (note,) = [line for line in adapter.remarks() if "archive" in line]
        assert "read once" in note
        assert first["id"] in note
        assert other["id"] in note
        adapter.write(facts)
        assert adapter.delete("alice", [facts[0].id]) == 1
    assert [fact.text for fact in read(server, "alice")] == ["Likes rum."]


def test_a_passage_has_the_same_id_through_every_agent(server: LettaServer) -> None:
    first, other = agent(server, "alice"), agent(server, "alice")
    passages(server, first, "Likes tea.")
    share_archive(server, first, other)
    ids = {fact.id for fact in read(server, "alice")}
    for one in (first, other):
        with opened(server, agent=one["id"]) as adapter:
            assert {fact.id for page in adapter.read("alice") for fact in page.facts} == ids


def test_an_archive_of_two_users_is_read_for_each_and_reported(server: LettaServer) -> None:
    first, other = agent(server, "alice"), agent(server, "bob")
    passages(server, first, "Likes tea.")
    share_archive(server, first, other)
    with opened(server) as adapter:
        owners = [fact.user_id for user in ("alice", "bob") for page in adapter.read(user) for fact in page.facts]
        assert owners == ["alice", "bob"]
        assert any("several users" in line for line in adapter.remarks())


def test_a_block_shared_by_a_users_agents_is_read_once_and_can_be_changed(server: LettaServer) -> None:
    first, other = agent(server, "alice", {"human": "Likes tea."}), agent(server, "alice")
    other["block_ids"].append(first["block_ids"][0])
    (line,) = read(server, "alice")
    with opened(server) as adapter:
        (outcome,) = adapter.write([msgspec.structs.replace(line, text="Likes rum.")])
        assert outcome.state == "updated"
        assert adapter.delete("alice", [line.id]) == 1
    assert read(server, "alice") == []


def test_two_agents_of_a_user_are_restored_with_identical_blocks(server: LettaServer, second: LettaServer) -> None:
    agent(server, "alice", {"human": "Likes tea.\n\nHas a cat.\n\n", "work": "- Baker\n"})
    passages(server, agent(server, "alice", {"human": "Likes rum.\n"}), "Moved to Split.")
    facts = read(server, "alice")
    # In two batches by two commands, like a migration that was interrupted.
    for part in (facts[:3], facts[3:], facts):
        with opened(second) as adapter:
            adapter.write(part)
    assert values(second) == values(server)
    held = {one["id"]: one["archive_id"] for one in second.agents.values()}
    (passage,) = second.passages.values()
    rum = next(id_ for id_, one in second.blocks.items() if one["value"].startswith("Likes rum"))
    assert next(one for one in held if held[one] == passage["archive_id"]) == next(
        one["id"] for one in second.agents.values() if rum in one["block_ids"]
    )


def test_facts_of_other_systems_stay_with_one_agent(server: LettaServer) -> None:
    facts = [
        Fact(
            id=derive_id(name),
            user_id="alice",
            kind="fact",
            text=name,
            agent_id=name,
            source=Source(system="mem0"),
        )
        for name in ("planner", "coder")
    ]
    with opened(server) as adapter:
        adapter.write(facts)
    assert len(server.agents) == 1


def test_a_chosen_agent_gets_the_facts_of_several_agents(server: LettaServer, second: LettaServer) -> None:
    passages(server, agent(server, "alice"), "Likes tea.")
    passages(server, agent(server, "alice"), "Likes rum.")
    chosen = agent(second, "alice")
    with opened(second, agent=chosen["id"]) as adapter:
        adapter.write(read(server, "alice"))
    assert len(second.agents) == 1
    assert len(second.passages) == 2


def test_a_skipped_persona_is_reported(server: LettaServer) -> None:
    agent(server, "alice", {"persona": "I am Sam.", "human": "Likes tea."})
    with opened(server) as adapter:
        assert [fact.text for page in adapter.read("alice") for fact in page.facts] == ["Likes tea."]
        assert any(line.startswith("1 persona block") for line in adapter.remarks())
    assert "I am Sam." not in json.dumps([fact.text for fact in read(server, "alice")])
