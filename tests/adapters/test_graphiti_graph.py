"""graphiti-core and the adapter on one graph: each finds the records of the other, and neither deletes them."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from shutil import copyfile
from typing import Any

import msgspec
import pytest
from adapters.graphiti_graphs import AT, DAY, Core, Letters, empty, everything, fact
from memctl_graphiti.adapter import GraphitiAdapter
from memctl_graphiti.entities import import_episode
from memctl_graphiti.graph import sdk
from memctl_graphiti.mapping import group_of

from memctl.backends.contract import Query
from memctl.core.errors import UsageError
from memctl.core.fact import Source


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A graph without facts."""
    path = tmp_path / "graph.kuzu"
    path.write_bytes(empty())
    return path


@pytest.fixture
def native(path: Path, native_graph: tuple[Path, dict[str, Any]]) -> dict[str, Any]:
    """The records in the graph at `path`, a copy of one that Graphiti created."""
    made, records = native_graph
    copyfile(made, path)
    return records


@pytest.fixture(scope="module")
def native_graph(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A graph created by Graphiti: Alice, where she lived and lives, and the episode in which she said it."""
    path = tmp_path_factory.mktemp("native") / "graph.kuzu"
    nodes, edges = sdk("nodes"), sdk("edges")
    core = Core(path)
    alice = nodes.EntityNode(
        name="Alice", group_id="alice", labels=["Person"], summary="Alice is a nurse.", created_at=AT,
        name_embedding=[1.0] * 26, attributes={"role": "nurse"},
    )  # fmt: skip
    places = [
        nodes.EntityNode(name=name, group_id="alice", labels=[], summary="", created_at=AT, name_embedding=[1.0] * 26)
        for name in ("Paris", "Lisbon")
    ]
    episode = nodes.EpisodicNode(
        name="chat 1", group_id="alice", source=nodes.EpisodeType.message, source_description="support chat",
        content="Alice: I moved to Lisbon.\nassistant: How is it there?", created_at=AT, valid_at=AT - DAY,
    )  # fmt: skip
    told = {"group_id": "alice", "source_node_uuid": alice.uuid, "episodes": [episode.uuid], "name": "LIVES_IN"}
    paris = edges.EntityEdge(
        **told, target_node_uuid=places[0].uuid, fact="Alice lives in Paris.", fact_embedding=[1.0] * 26,
        created_at=AT, valid_at=AT - 900 * DAY, invalid_at=AT - DAY, expired_at=AT, reference_time=AT - DAY,
    )  # fmt: skip
    lisbon = edges.EntityEdge(
        **told, target_node_uuid=places[1].uuid, fact="Alice lives in Lisbon.", fact_embedding=[1.0] * 26,
        created_at=AT, valid_at=AT - DAY, attributes={"since": "February"},
    )  # fmt: skip
    episode.entity_edges = [paris.uuid, lisbon.uuid]
    core.run(episode.save(core.driver))
    for record in (alice, *places, paris, lisbon):
        core.run(record.save(core.driver))
    for node in (alice, *places):
        mention = edges.EpisodicEdge(
            group_id="alice", source_node_uuid=episode.uuid, target_node_uuid=node.uuid, created_at=AT
        )
        core.run(mention.save(core.driver))
    core.close()
    # Each test would index its copy; tests/trust/test_killed_graphs.py has a graph whose words are not indexed yet.
    with GraphitiAdapter(path) as adapter:
        adapter.init()
    return path, {"alice": alice, "paris": paris, "lisbon": lisbon, "episode": episode, "places": places}


def test_an_edge_is_a_fact_with_triple_times_and_evidence(path: Path, native: dict[str, Any]):
    with GraphitiAdapter(path) as adapter:
        assert list(adapter.users()) == ["alice"]
        assert adapter.count("alice") == 3
        by_text = {one.text: one for one in everything(adapter, "alice")}
    paris = by_text["Alice lives in Paris."]
    assert (paris.subject, paris.predicate, paris.object) == ("Alice", "LIVES_IN", "Paris")
    assert (paris.created_at, paris.valid_at) == (AT, AT - 900 * DAY)
    assert (paris.invalid_at, paris.expired_at) == (AT - DAY, AT)
    assert paris.source == Source(system="graphiti", id=native["paris"].uuid, turns=(native["episode"].uuid,))
    assert paris.native["source_node"] == {"uuid": native["alice"].uuid, "labels": ["Entity", "Person"]}
    assert by_text["Alice lives in Lisbon."].native["attributes"] == {"since": "February"}


def test_using_the_default_graph_is_announced(path: Path):
    (remark,) = GraphitiAdapter().remarks()
    assert "NEO4J_URI" in remark
    assert "graphiti.kuzu" in remark
    assert GraphitiAdapter(uri="bolt://localhost:1", user="u", password="p").remarks() == ()


def test_skipped_episodes_are_reported(path: Path, native: dict[str, Any]):
    with GraphitiAdapter(path) as adapter:
        assert adapter.remarks() == ()
        adapter.write([fact("alice", "Alice likes tea.")])
        everything(adapter, "alice")
        (line,) = adapter.remarks()
        assert line.startswith("1 episodes are left out")


def test_a_node_with_a_summary_is_a_summary_of_its_subject(path: Path, native: dict[str, Any]):
    with GraphitiAdapter(path) as adapter:
        (summary,) = [one for one in everything(adapter, "alice") if one.kind == "summary"]
    assert (summary.text, summary.subject, summary.categories) == ("Alice is a nurse.", "Alice", ("Person",))
    assert summary.native == {"attributes": {"role": "nurse"}}
    assert summary.created_at == AT


def test_a_graph_copied_into_another_is_the_same_graph(path: Path, native: dict[str, Any], tmp_path: Path):
    with GraphitiAdapter(path) as adapter:
        facts = everything(adapter, "alice")
    copy = tmp_path / "copy.kuzu"
    with GraphitiAdapter(copy) as adapter:
        adapter.write(facts)
        assert everything(adapter, "alice") == facts
    core = Core(copy)
    edge = core.run(sdk("edges").EntityEdge.get_by_uuid(core.driver, native["lisbon"].uuid))
    alice = core.run(sdk("nodes").EntityNode.get_by_uuid(core.driver, native["alice"].uuid))
    core.close()
    assert edge.attributes == {"since": "February"}
    assert edge.episodes == [native["episode"].uuid]
    assert edge.source_node_uuid == native["alice"].uuid
    assert (alice.summary, alice.attributes) == ("Alice is a nurse.", {"role": "nurse"})
    assert "Person" in alice.labels


def test_writing_back_read_facts_changes_nothing(path: Path, native: dict[str, Any]):
    with GraphitiAdapter(path) as adapter:
        facts = everything(adapter, "alice")
        assert {outcome.state for outcome in adapter.write(facts)} == {"unchanged"}
        changed = [msgspec.structs.replace(one, confidence=0.5) for one in facts]
        assert {outcome.state for outcome in adapter.write(changed)} == {"updated"}
        assert everything(adapter, "alice") == changed
        assert adapter.count("alice") == 3


def test_a_thousand_facts_about_alice_share_one_node(path: Path, native: dict[str, Any]):
    facts = [fact("alice", f"Alice owns book {n}.", subject="Alice", predicate="OWNS") for n in range(1000)]
    with GraphitiAdapter(path, embedder=Letters()) as adapter:
        assert {outcome.state for outcome in adapter.write(facts)} == {"written"}
    core = Core(path)
    rows, _, _ = core.run(core.driver.execute_query("MATCH (n:Entity {name: 'Alice'}) RETURN n.uuid AS uuid"))
    core.close()
    assert [row["uuid"] for row in rows] == [native["alice"].uuid]


def test_removing_an_episode_keeps_imported_facts(path: Path, native: dict[str, Any]):
    """Graphiti deletes nodes that only the removed episode mentions, and leaves their edges without an end."""
    facts = [fact("alice", f"Alice owns book {n}.", subject="Alice", predicate="OWNS", object="Lisbon") for n in (1, 2)]
    with GraphitiAdapter(path) as adapter:
        adapter.write(facts)
    core = Core(path)
    core.run(core.graphiti().remove_episode(native["episode"].uuid))
    core.close()
    with GraphitiAdapter(path) as adapter:
        assert {one.text for one in everything(adapter, "alice")} >= {"Alice owns book 1.", "Alice owns book 2."}


def test_graphitis_own_search_reflects_writes_and_deletions(path: Path):
    """Kuzu's full-text index loses records that are inserted in bulk, and crashes when they are deleted."""
    words = ("zebra", "quagga", "okapi", "wombat", "ocelot", "axolotl", "heron", "lynx")
    user = "alice@example.com"
    facts = [fact(user, f"Owns a {word} of the year {n}.") for n, word in enumerate(words * 20)]
    with GraphitiAdapter(path, embedder=Letters()) as adapter:
        adapter.write(facts)
    core = Core(path)
    results = {word: core.run(core.graphiti().search(word, group_ids=[group_of(user)])) for word in words}
    core.close()
    assert all(edges and all(word in edge.fact for edge in edges[:5]) for word, edges in results.items())
    with GraphitiAdapter(path, embedder=Letters()) as adapter:
        assert adapter.delete(user, [one.id for one in facts if "lynx" not in one.text]) == 140
        assert {one.text for one in everything(adapter, user)} == {one.text for one in facts if "lynx" in one.text}
        adapter.write([fact(user, "Owns a zebra again.")])
        assert adapter.search(Query(user, "zebra"))[0].fact.text == "Owns a zebra again."


def test_an_entity_keeps_facts_of_others_when_one_is_deleted(path: Path, native: dict[str, Any]):
    own = fact("alice", "Alice likes Paris.", subject="Alice", predicate="LIKES", object="Paris")
    with GraphitiAdapter(path) as adapter:
        before = everything(adapter, "alice")
        adapter.write([own])
        assert adapter.delete("alice", [own.id]) == 1
        assert everything(adapter, "alice") == before
        lisbon = next(one for one in before if one.object == "Lisbon")
        assert adapter.delete("alice", [lisbon.id]) == 1
    core = Core(path)
    place = core.run(sdk("nodes").EntityNode.get_by_uuid(core.driver, native["places"][1].uuid))
    core.close()
    assert place.name == "Lisbon"


def test_an_edit_in_graphiti_overrides_the_packed_fields(path: Path):
    written = fact("alice", "Alice likes tea.", kind="preference", metadata={"page": 1})
    with GraphitiAdapter(path) as adapter:
        adapter.write([written])
    core = Core(path)
    edge = core.run(sdk("edges").EntityEdge.get_by_uuid(core.driver, str(written.id)))
    edge.fact, edge.name, edge.created_at, edge.fact_embedding = "Alice likes coffee.", "LIKES", AT, [1.0] * 26
    core.run(edge.save(core.driver))
    core.close()
    with GraphitiAdapter(path) as adapter:
        (stored,) = everything(adapter, "alice")
    assert (stored.id, stored.kind, stored.metadata) == (written.id, "preference", {"page": 1})
    assert (stored.text, stored.predicate, stored.created_at) == ("Alice likes coffee.", "LIKES", AT)
    assert stored.subject is None


def test_a_second_summary_of_a_subject_does_not_replace_the_first(path: Path):
    pair = [fact("alice", text, kind="summary", subject="Alice") for text in ("A nurse.", "Lives in Lisbon.")]
    with GraphitiAdapter(path) as adapter:
        adapter.write(pair)
        assert sorted(everything(adapter, "alice"), key=lambda one: one.text) == pair
        moved = msgspec.structs.replace(pair[0], subject="Alicia", predicate="IS")
        assert [outcome.state for outcome in adapter.write([moved])] == ["updated"]
        assert {one.id: one for one in everything(adapter, "alice")} == {pair[1].id: pair[1], moved.id: moved}


@pytest.fixture
def far_from_greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("far_from_greenwich")
def test_times_keep_their_instant_in_a_graph_without_time_zones(path: Path):
    east = datetime(2025, 5, 1, 8, 30, tzinfo=timezone(timedelta(hours=5, minutes=45)))
    with GraphitiAdapter(path) as adapter:
        adapter.write([fact("alice", "Alice flew.", valid_at=east, created_at=east)])
        (stored,) = everything(adapter, "alice")
    assert stored.valid_at == stored.created_at == east
    assert stored.valid_at.tzinfo is UTC


def test_search_as_of_a_day_finds_facts_valid_then(path: Path, native: dict[str, Any]):
    with GraphitiAdapter(path) as adapter:
        then = adapter.search(Query("alice", "lives", as_of=AT - 30 * DAY))
        now = adapter.search(Query("alice", "lives", as_of=AT + DAY))
    assert [hit.fact.object for hit in then] == ["Paris"]
    assert [hit.fact.object for hit in now] == ["Lisbon"]


def test_a_users_fact_is_found_among_equal_facts_of_many_users(path: Path):
    """graphiti-core takes a few hits of all users from Kuzu's index, and filters them by user afterwards."""
    crowd = [fact(f"user-{n}", "Owns a zebra, a zebra and a zebra.") for n in range(60)]
    with GraphitiAdapter(path) as adapter:
        adapter.write([*crowd, fact("alice", "Once saw a zebra in a zoo far away from any place called home.")])
        (hit,) = adapter.search(Query("alice", "zebra", 5))
        assert len(adapter.search(Query(None, "zebra", 100))) == 61
    assert hit.fact.user_id == "alice"


def test_vectors_of_another_model_are_neither_compared_nor_mixed(path: Path, native: dict[str, Any]):
    class Other(Letters):
        name = "other-3"

        def embed_one(self, text: str) -> list[float]:
            return [1.0, 2.0, 3.0]

    with GraphitiAdapter(path, embedder=Other()) as adapter:
        assert adapter.search(Query("alice", "Lisbon"))[0].fact.object == "Lisbon"
        with pytest.raises(UsageError, match="26 dimensions"):
            adapter.write([fact("alice", "Alice likes tea.")])
    with GraphitiAdapter(path) as adapter:
        adapter.write([fact("alice", "Alice likes tea.")])
        assert adapter.count("alice") == 4
    with GraphitiAdapter(path, embedder=Letters()) as adapter:
        assert {hit.fact.text for hit in adapter.search(Query("alice", "tea"))} >= {"Alice likes tea."}


def test_the_default_group_belongs_to_the_named_user(path: Path):
    nodes, edges = sdk("nodes"), sdk("edges")
    core = Core(path)
    ends = [nodes.EntityNode(name=name, group_id="", labels=[], created_at=AT, name_embedding=[1.0]) for name in "ab"]
    edge = edges.EntityEdge(
        group_id="", source_node_uuid=ends[0].uuid, target_node_uuid=ends[1].uuid, name="KNOWS", fact="a knows b.",
        created_at=AT, fact_embedding=[1.0],
    )  # fmt: skip
    for record in (*ends, edge):
        core.run(record.save(core.driver))
    core.close()
    with GraphitiAdapter(path) as adapter, pytest.raises(UsageError, match="default group"):
        adapter.users()
    with GraphitiAdapter(path, default_user="alice") as adapter:
        assert list(adapter.users()) == ["alice"]
        (stored,) = everything(adapter, "alice")
        assert stored.user_id == "alice"
        assert [outcome.state for outcome in adapter.write([stored])] == ["unchanged"]


def test_a_group_that_graphiti_saved_with_an_email_name_is_read(path: Path):
    """graphiti-core saves such a group but refuses to search it; its facts must not be lost."""
    nodes, edges = sdk("nodes"), sdk("edges")
    core = Core(path)
    group = "alice@example.com"
    ends = [nodes.EntityNode(name=n, group_id=group, labels=[], created_at=AT, name_embedding=[1.0]) for n in "ab"]
    edge = edges.EntityEdge(
        group_id=group, source_node_uuid=ends[0].uuid, target_node_uuid=ends[1].uuid, name="KNOWS", fact="a knows b.",
        created_at=AT, fact_embedding=[1.0],
    )  # fmt: skip
    for record in (*ends, edge):
        core.run(record.save(core.driver))
    core.close()
    with GraphitiAdapter(path) as adapter:
        adapter.write([fact(group, "a likes tea.")])
        assert list(adapter.users()) == [group]
        assert {one.text for one in everything(adapter, group)} == {"a knows b.", "a likes tea."}


def test_episodes_are_conversations_except_the_import_episode(path: Path, native: dict[str, Any]):
    with GraphitiAdapter(path) as adapter:
        adapter.write([fact("alice", "Alice likes tea.")])
        (conversation,) = adapter.conversations("alice")
        assert list(adapter.conversations("bob")) == []
    assert conversation.title == "support chat"
    assert [(m.role, m.name, m.text, m.at) for m in conversation.messages] == [
        ("user", "Alice", "I moved to Lisbon.", AT - DAY),
        ("assistant", None, "How is it there?", AT - DAY),
    ]
    assert len({message.id for message in conversation.messages}) == 2


def test_episodes_of_a_saga_are_one_conversation(path: Path, native: dict[str, Any]):
    nodes, edges = sdk("nodes"), sdk("edges")
    core = Core(path)
    later = nodes.EpisodicNode(
        name="chat 2", group_id="alice", source=nodes.EpisodeType.text, source_description="a letter",
        content="Lisbon is sunny.", created_at=AT, valid_at=AT,
    )  # fmt: skip
    core.run(later.save(core.driver))
    # graphiti-core's own method to save one uses columns that its tables in Kuzu do not have.
    saga = "CREATE (:Saga {uuid: 's-1', name: 'moving house', group_id: 'alice', created_at: $at})"
    core.run(core.driver.execute_query(saga, at=AT))
    for uuid in (native["episode"].uuid, later.uuid):
        link = edges.HasEpisodeEdge(group_id="alice", source_node_uuid="s-1", target_node_uuid=uuid, created_at=AT)
        core.run(link.save(core.driver))
    core.close()
    with GraphitiAdapter(path) as adapter:
        (conversation,) = adapter.conversations("alice")
    assert (conversation.id, conversation.title) == ("s-1", "moving house")
    assert [message.text for message in conversation.messages][-1] == "Lisbon is sunny."


def test_each_user_has_one_import_episode(path: Path):
    with GraphitiAdapter(path) as adapter:
        for number in range(3):
            adapter.write([fact("alice", f"Alice owns book {number}.")])
        rows = adapter._graph.run("MATCH (p:Episodic) RETURN p.uuid AS uuid")
    assert [row["uuid"] for row in rows] == [import_episode("alice")]
