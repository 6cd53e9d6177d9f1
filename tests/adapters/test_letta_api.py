"""Letta's V1 API through its real client: against the emulator, and against the server at LETTA_BASE_URL if set."""

import contextlib
import os
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from importlib import import_module
from types import ModuleType
from typing import Any, NamedTuple
from uuid import uuid4

import msgspec
import pytest
from memctl_letta.adapter import LettaAdapter
from memctl_letta.blocks import HEADING

from memctl.backends.contract import Outcome, Query
from memctl.core.errors import UsageError
from memctl.core.fact import Fact, Source, derive_id

pytestmark = pytest.mark.letta_live

SERVERS = ["emulator", *(["live"] if os.environ.get("LETTA_BASE_URL") else [])]
AT = datetime(2025, 5, 1, 8, 30, 0, 123456, tzinfo=UTC)


def emulator() -> ModuleType:
    """The emulator's module, loaded once."""
    return import_module("emulators.letta")


class Letta(NamedTuple):
    """A server: its address, a key, and Letta's own client, with which tests create a user's records."""

    url: str
    key: str
    client: Any

    def open(self, **options: Any) -> LettaAdapter:
        return LettaAdapter(self.url, api_key=self.key, **options)

    def read(self, user: str, **options: Any) -> list[Fact]:
        with self.open(**options) as adapter:
            return [fact for page in adapter.read(user) for fact in page.facts]

    def write(self, facts: Sequence[Fact], **options: Any) -> list[Outcome]:
        with self.open(**options) as adapter:
            outcomes = adapter.write(facts)
            adapter.settle([], datetime.now(UTC) + timedelta(seconds=30))
        return outcomes

    def agent(self, *tags: str, blocks: dict[str, str] | None = None, name: str | None = None) -> Any:
        """Create an agent as a user does."""
        return self.client.agents.create(
            name=name or f"memctl-test-{uuid4().hex[:8]}",
            model=_handle(self.client.models),
            embedding=_handle(self.client.models.embeddings),
            tags=list(tags),
            memory_blocks=[{"label": label, "value": value} for label, value in (blocks or {}).items()],
        )

    def archive(self, agent: Any, passages: Sequence[dict[str, Any]]) -> str:
        """Create an archive of the agent with passages, as a program of the user does."""
        handle = _handle(self.client.models.embeddings)
        archive = self.client.archives.create(name=f"notes {uuid4().hex[:8]}", embedding=handle)
        self.client.agents.archives.attach(archive.id, agent_id=agent.id)
        for start in range(0, len(passages), 50):
            self.client.archives.passages.create_many(archive.id, passages=passages[start : start + 50])
        return str(archive.id)

    def of(self, user: str) -> list[Any]:
        """The agents tagged for a user, with all their fields."""
        include = ["agent.blocks", "agent.tags", "agent.identities"]
        return list(self.client.agents.list(tags=[f"user:{user}"], include=include))

    def value(self, user: str, label: str = "human") -> str:
        (agent,) = self.of(user)
        return str(next(block.value for block in agent.blocks if block.label == label))


def _handle(models: Any) -> str:
    """A model of the server that does not run at Letta."""
    return next(model.handle for model in models.list() if not model.handle.startswith("letta/"))


@pytest.fixture(params=SERVERS)
def letta(request: pytest.FixtureRequest) -> Iterator[Letta]:
    """A server; agents that the test creates are deleted afterwards."""
    import letta_client  # a third of a second of CPU time

    if request.param == "emulator":
        with emulator().serve() as server, letta_client.Letta(api_key=emulator().KEY, base_url=server.url) as client:
            yield Letta(server.url, emulator().KEY, client)
        return
    with letta_client.Letta() as client:
        before = {agent.id for agent in client.agents.list()}
        yield Letta(os.environ["LETTA_BASE_URL"], os.environ.get("LETTA_API_KEY", ""), client)
        for agent in list(client.agents.list(include=["agent.blocks"])):
            if agent.id not in before:
                for archive in list(client.archives.list(agent_id=agent.id)):
                    client.archives.delete(archive.id)
                client.agents.delete(agent.id)
                for block in agent.blocks:
                    # A shared block is deleted with the first of its agents.
                    with contextlib.suppress(letta_client.NotFoundError):
                        client.blocks.delete(block.id)


@pytest.fixture
def user() -> str:
    return f"user-{uuid4().hex[:12]}"


def fact(user: str, text: str, **fields: Any) -> Fact:
    values = {"id": derive_id(user, text), "user_id": user, "kind": "fact", "source": Source(system="x", id="7")}
    return Fact(text=text, **values | fields)


def states(outcomes: Sequence[Outcome]) -> list[str]:
    return [outcome.state for outcome in outcomes]


def test_an_agent_belongs_to_a_user_by_tag_or_id_only(letta: Letta, user: str) -> None:
    mine = letta.agent(f"user:{user}", blocks={"human": "Mine."})
    other = letta.agent(f"user:{user}-b", blocks={"human": "Theirs."})
    alone = letta.agent(blocks={"human": "Nobody's."})
    shared = letta.agent(f"user:{user}", f"user:{user}-b", blocks={"human": "Of both."})
    assert [one.text for one in letta.read(user)] == ["Mine."]
    assert [one.text for one in letta.read(user + "-b")] == ["Theirs."]
    assert [one.text for one in letta.read(alone.id)] == ["Nobody's."]
    assert [one.text for one in letta.read(shared.id)] == ["Of both."]
    with letta.open() as adapter:
        assert {user, user + "-b", alone.id, shared.id} <= set(adapter.users())
    assert [one.text for one in letta.read(user, agent=mine.id)] == ["Mine."]
    assert letta.read(user, agent=other.id) == []


def test_an_agent_tagged_for_another_user_is_never_written_to(letta: Letta, user: str) -> None:
    theirs = letta.agent(f"user:{user}-b", blocks={"human": "Theirs."})
    outcomes = letta.write([fact(user, "Likes tea.")], agent=theirs.id)
    assert states(outcomes) == ["rejected"]
    assert f"{user}-b" in (outcomes[0].reason or "")
    assert list(letta.client.agents.passages.list(theirs.id)) == []
    letta.write([fact(user, "Likes tea.")])
    assert [one.text for one in letta.read(user + "-b")] == ["Theirs."]


def test_an_agent_without_a_user_named_by_id_gets_the_user(letta: Letta, user: str) -> None:
    agent = letta.agent("keep this tag", blocks={"human": "Was here."})
    with letta.open(agent=agent.id) as adapter:
        assert adapter.count(user) == 1
    letta.write([fact(user, "Likes tea.")], agent=agent.id)
    assert {one.text for one in letta.read(user)} == {"Was here.", "Likes tea."}
    (tagged,) = letta.of(user)
    assert (tagged.id, set(tagged.tags)) == (agent.id, {"keep this tag", f"user:{user}"})
    assert states(letta.write([fact(user + "-b", "Runs.")], agent=agent.id)) == ["rejected"]


def test_all_agents_of_a_user_are_read_and_a_rewrite_uses_the_same_agent(letta: Letta, user: str) -> None:
    first, second = letta.agent(f"user:{user}"), letta.agent(f"user:{user}")
    letta.archive(second, [{"text": "Of the second.", "created_at": AT.isoformat()}])
    (theirs,) = letta.read(user)
    letta.write([fact(user, "Of the first."), msgspec.structs.replace(theirs, confidence=0.5)])
    assert {one.text for one in letta.read(user)} == {"Of the first.", "Of the second."}
    assert len(letta.client.agents.passages.list(first.id)) == len(letta.client.agents.passages.list(second.id)) == 1


def test_350_passages_are_read_completely(letta: Letta, user: str) -> None:
    texts = [f"Note {number}." for number in range(350)]
    # Groups of seven have the same time, as after imports.
    days = [AT + timedelta(days=number // 7) for number in range(350)]
    rows = [{"text": text, "created_at": at.isoformat()} for text, at in zip(texts, days, strict=True)]
    letta.archive(letta.agent(f"user:{user}"), rows)
    facts = letta.read(user)
    assert sorted(one.text for one in facts) == sorted(texts)
    assert len({one.id for one in facts}) == 350


def test_a_passage_of_another_program_keeps_all_its_fields(letta: Letta, user: str) -> None:
    agent = letta.agent(f"user:{user}")
    metadata = {"page": 2**53 + 1, "memctl": {"not": "ours"}, "deep": {"er": [None, -0.5]}}
    row = {"text": " Two\r\nlines 🙂 ", "created_at": AT.isoformat(), "tags": ["b", "a"], "metadata": metadata}
    archive = letta.archive(agent, [row])
    (stored,) = letta.read(user)
    assert (stored.text, stored.created_at, stored.categories) == (row["text"], AT, ("a", "b"))
    assert msgspec.json.encode(stored.metadata) == msgspec.json.encode(metadata)
    assert stored.native["archive_id"] == archive
    assert (stored.source.system, stored.agent_id) == ("letta", agent.id)
    assert states(letta.write([stored])) == ["unchanged"]
    copy = msgspec.structs.replace(stored, user_id=user + "-b")
    letta.write([copy])
    assert letta.read(user + "-b") == [copy]


def test_every_field_is_restored_even_without_a_field_in_letta(letta: Letta, user: str) -> None:
    whole = fact(
        user,
        "Alice prefers express shipping.",
        kind="preference",
        agent_id="agent-7",
        subject="alice",
        predicate="prefers",
        object="express",
        categories=("b", "a", "b", ""),
        confidence=0.1 + 0.2,
        valid_at=AT,
        created_at=AT + timedelta(microseconds=1),
        updated_at=AT + timedelta(days=1),
        superseded_by=derive_id("x"),
        metadata={"memctl": 1, "nul": "\0", "huge": 2**64},
        native={"score": 0.25},
    )
    undated = fact(user, "Undated.")
    ancient = fact(user, "Old.", created_at=datetime(1066, 10, 14, tzinfo=UTC))
    letta.write([whole, undated, ancient])
    assert {one.id: one for one in letta.read(user)} == {one.id: one for one in (whole, undated, ancient)}


@pytest.mark.parametrize("text", ["x" * 100_000, "häßlich 🙂 " * 9_000, "before\0after", "", " \n"])
def test_a_text_that_letta_would_cut_or_refuse_is_restored_completely(letta: Letta, user: str, text: str) -> None:
    one = fact(user, text, created_at=AT)
    assert states(letta.write([one, fact(user, "Beside.")])) == ["written", "written"]
    assert next(each for each in letta.read(user) if each.id == one.id) == one
    assert states(letta.write([one])) == ["unchanged"]


def test_a_changed_fact_replaces_the_old_one(letta: Letta, user: str) -> None:
    first = fact(user, "Lives in Paris.", created_at=AT)
    second = msgspec.structs.replace(first, text="Lives in Lisbon.")
    letta.write([first, fact(user, "Beside.")])
    assert states(letta.write([second])) == ["updated"]
    (agent,) = letta.of(user)
    assert {row.text for row in letta.client.agents.passages.list(agent.id)} == {"Lives in Lisbon.", "Beside."}
    assert second in letta.read(user)


def test_passages_get_their_own_tags_and_can_be_found_by_them(letta: Letta, user: str) -> None:
    facts = [
        fact(user, f"Fact {number}.", categories=(f"label {number}",), created_at=AT - timedelta(days=number))
        for number in range(5)
    ]
    letta.write(facts)
    (agent,) = letta.of(user)
    for one in facts:
        passages = letta.client.passages.search(agent_id=agent.id, tags=list(one.categories), limit=100)
        assert [hit.passage.text for hit in passages] == [one.text]


def test_a_block_moves_to_another_user_byte_for_byte(letta: Letta, user: str) -> None:
    value = "Name: Alice\n\n- Likes tea.\n  * Lives in Paris.  \n\t\nKey: välue 🙂\r\n"
    letta.agent(f"user:{user}", blocks={"human": value, "persona": "I am Sam.", "system/human": "- In a folder."})
    facts = letta.read(user)
    assert {one.native["label"] for one in facts} == {"human", "system/human"}
    there = [msgspec.structs.replace(one, user_id=user + "-b") for one in facts]
    for start in (0, 2, 4):
        assert set(states(letta.write(there[start : start + 2]))) <= {"written"}
    assert letta.value(user + "-b") == value
    assert letta.value(user + "-b", "system/human") == "- In a folder."
    assert sorted(letta.read(user + "-b"), key=lambda one: one.id) == sorted(there, key=lambda one: one.id)
    assert set(states(letta.write(there))) == {"unchanged"}


def test_a_block_is_filled_up_to_its_limit(letta: Letta, user: str) -> None:
    native = {"label": "notes", "limit": 60}
    facts = [fact(user, f"{number}" * 25, kind="block", native=native | {"line": number}) for number in range(1, 5)]
    outcomes = letta.write(facts)
    assert states(outcomes) == ["written", "written", "rejected", "rejected"]
    assert "60" in (outcomes[2].reason or "")
    assert letta.value(user, "notes") == "1" * 25 + "\n" + "2" * 25


def test_a_line_of_an_ended_fact_moves_out_of_its_block(letta: Letta, user: str) -> None:
    line = fact(user, "Lives in Paris.", kind="block", native={"label": "human", "line": 1})
    beside = fact(user, "Likes tea.", kind="block", native={"label": "human", "line": 2})
    letta.write([line, beside])
    over = msgspec.structs.replace(line, invalid_at=AT, expired_at=AT)
    assert states(letta.write([over])) == ["updated"]
    assert letta.value(user) == "Likes tea."
    assert {one.id: one for one in letta.read(user)} == {over.id: over, beside.id: beside}


def test_a_block_shared_with_other_agents_is_read_only(letta: Letta, user: str) -> None:
    first = letta.agent(f"user:{user}", blocks={"team": "We ship on Fridays."})
    second = letta.agent(f"user:{user}-b")
    block = next(iter(letta.client.agents.blocks.list(first.id)))
    letta.client.agents.blocks.attach(block.id, agent_id=second.id)
    mine, theirs = letta.read(user), letta.read(user + "-b")
    assert [one.text for one in mine + theirs] == ["We ship on Fridays."] * 2
    assert mine[0].id != theirs[0].id
    changed = msgspec.structs.replace(mine[0], text="We ship on Mondays.")
    assert states(letta.write([changed, fact(user, "Runs.")])) == ["rejected", "written"]
    with letta.open() as adapter, pytest.raises(UsageError):
        adapter.delete(user, [mine[0].id])
    assert letta.value(user + "-b", "team") == "We ship on Fridays."


def test_core_memory_gets_facts_on_request_below_existing_text(letta: Letta, user: str) -> None:
    letta.agent(f"user:{user}", blocks={"human": "Name: Alice", "persona": "I am Sam."})
    facts = [fact(user, "Likes tea."), fact(user, "Prefers trains.", kind="preference")]
    letta.write(facts)
    assert letta.value(user) == "Name: Alice"
    letta.write(facts, core_memory=True)
    assert letta.value(user) == f"Name: Alice\n\n{HEADING}\n- Prefers trains.\n- Likes tea."
    assert letta.value(user, "persona") == "I am Sam."
    letta.write([*facts, fact(user, "Runs.")], core_memory=True)
    assert letta.value(user).endswith("- Likes tea.\n- Runs.")
    assert len(letta.read(user)) == 4


def test_a_copy_in_core_memory_is_not_a_fact_and_is_deleted_with_it(letta: Letta, user: str) -> None:
    tea, runs = fact(user, "Likes tea."), fact(user, "Runs.")
    letta.write([tea, runs], core_memory=True)
    assert "- Likes tea." in letta.value(user)
    assert {one.id for one in letta.read(user)} == {tea.id, runs.id}
    letta.write([msgspec.structs.replace(tea, text="Likes coffee.")])
    assert "tea" not in letta.value(user)
    with letta.open() as adapter:
        assert adapter.delete(user, [runs.id]) == 1
    assert [one.text for one in letta.read(user)] == ["Likes coffee."]


def test_search_finds_passages_and_lines_of_blocks_of_the_user_and_of_everyone(letta: Letta, user: str) -> None:
    letta.agent(f"user:{user}", blocks={"human": "Plays the cello.\nOwns a bicycle."})
    letta.write([fact(user, "Alice is allergic to peanuts."), fact(user + "-b", "Bob is allergic to peanuts.")])
    with letta.open() as adapter:
        assert adapter.search(Query(user, "allergic to peanuts"))[0].fact.text == "Alice is allergic to peanuts."
        assert "Plays the cello." in {hit.fact.text for hit in adapter.search(Query(user, "cello", 2))}
        owners = {hit.fact.user_id for hit in adapter.search(Query(None, "allergic to peanuts", 20))}
    assert {user, user + "-b"} <= owners


def test_deleting_the_last_fact_deletes_the_agent_that_memctl_created(letta: Letta, user: str) -> None:
    facts = [fact(user, "Likes tea."), fact(user, "Line.", kind="block", native={"label": "notes"})]
    letta.write(facts, core_memory=True)
    (agent,) = letta.of(user)
    (archive,) = letta.client.archives.list(agent_id=agent.id)
    ids = {block.id for block in agent.blocks}
    assert len(ids) == 2
    with letta.open() as adapter:
        assert adapter.delete(user, [facts[0].id]) == 1
        assert letta.of(user)
        assert adapter.delete(user, [one.id for one in facts]) == 1
        assert user not in set(adapter.users())
    assert letta.of(user) == []
    assert archive.id not in {one.id for one in letta.client.archives.list()}
    assert not ids & {block.id for block in letta.client.blocks.list()}


def test_deleting_the_last_fact_keeps_the_users_own_agent(letta: Letta, user: str) -> None:
    agent = letta.agent(f"user:{user}", blocks={"human": "Likes tea."})
    letta.write([fact(user, "Runs.")])
    with letta.open() as adapter:
        assert adapter.delete(user, [one.id for one in letta.read(user)]) == 2
    assert [one.id for one in letta.of(user)] == [agent.id]
    assert letta.value(user) == ""
    assert letta.read(user) == []
