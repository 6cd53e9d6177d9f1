"""`memctl.open`, as a program uses it, and the local store behind the adapter contract."""

import asyncio
import gc
import re
import threading
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import msgspec
import pytest

import memctl
from memctl.backends.contract import Backend
from memctl.core.errors import NotFound, UsageError
from memctl.core.fact import Fact, Source
from memctl.store.engines import open_engine
from memctl.store.local_store import PAGE_SIZE
from memctl.transcripts.model import Turn
from memctl.workspace import Workspace

pytestmark = pytest.mark.engines(campaign="postgres")

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def memory(store):
    with memctl.open("local", path=store) as opened:
        yield opened


def fact(text="Alice lives in Oslo.", **more):
    base = {"id": uuid4(), "user_id": "alice", "kind": "fact", "text": text, "source": Source(system="test")}
    return Fact(**base | more)


class TestAsync:
    def test_a_slow_search_does_not_block_the_event_loop(self, memory, monkeypatch):
        memory.add("alice", "I live in Oslo.")
        answered = threading.Event()
        monkeypatch.setattr(memory.backend, "search", lambda query: [answered.wait(60), query.text])

        async def both():
            search = asyncio.create_task(memory.asearch("alice", "city", k=3))
            await asyncio.sleep(0.01)
            answered.set()  # Never reached if the search blocks the loop.
            return await search

        assert asyncio.run(both()) == [True, "city"]

    def test_facts_added_in_an_event_loop_are_found(self, memory):
        async def both():
            report = await memory.aadd("alice", "I live in Oslo.")
            return report, await memory.asearch("alice", "city", kinds="fact")

        report, hits = asyncio.run(both())
        assert report.turns == 1
        assert hits == memory.search("alice", "city", kinds="fact")


class TestMemory:
    @pytest.mark.parametrize(
        "turn",
        [
            {"role": "user", "content": "I prefer express shipping."},
            {"role": "human", "text": "I prefer express shipping."},
            "I prefer express shipping.",
            Turn(turn_id="1", role="user", text="I prefer express shipping."),
        ],
    )
    def test_turns_in_any_shape_become_facts(self, memory, turn):
        memory.add("alice", [turn])
        (known,) = memory.facts("alice")
        assert known.predicate == "prefers"
        assert memory.search("alice", "shipping", k=1)[0].fact.id == known.id

    @pytest.mark.parametrize("at", [NOON, NOON.replace(tzinfo=None), "2026-03-01T13:00:00+01:00", NOON.timestamp()])
    def test_times_in_any_shape_date_the_fact(self, memory, at):
        memory.add("alice", [{"role": "user", "content": "I live in Oslo.", "at": at}])
        assert memory.facts("alice")[0].created_at == NOON

    def test_the_same_turns_again_change_nothing(self, memory):
        turns = [{"role": "user", "content": "I live in Oslo.", "at": NOON}]
        first = memory.add("alice", turns)
        before = memory.facts("alice")
        second = memory.add("alice", turns)
        assert (first.episodes, second.episodes, second.changed) == (1, 0, False)
        assert memory.facts("alice") == before

    @pytest.mark.parametrize(
        "turn", [5, {"role": "user"}, {"role": "king", "content": "x"}, {"role": "user", "content": "x", "at": "noon"}]
    )
    def test_a_bad_turn_is_an_error_and_nothing_is_stored(self, memory, store, turn):
        with pytest.raises(UsageError) as caught:
            memory.add("alice", ["I live in Oslo.", turn])
        assert caught.value.where == "turn 1"
        assert not open_engine(store, 30).exists()

    def test_facts_are_the_current_ones_about_a_subject(self, memory):
        memory.add("alice", [{"role": "user", "content": "I live in Oslo.", "at": NOON}])
        memory.add("alice", [{"role": "user", "content": "I live in Rome.", "at": NOON.replace(month=4)}])
        assert [known.object for known in memory.facts("alice", subject="Alice")] == ["Rome"]
        assert memory.facts("alice", subject="Bob") == []
        assert memory.facts("nobody") == []

    def test_a_backend_is_opened_by_its_name_in_the_settings(self, home):
        (home / "work" / "memctl.toml").write_text('[backends.mine]\nadapter = "local"\npath = "~/mine.duckdb"\n')
        memctl.open("mine").add("alice", ["I live in Oslo."])
        assert (home / "mine.duckdb").exists()

    def test_an_unknown_backend_or_option_is_an_error(self, home):
        with pytest.raises(NotFound) as caught:
            memctl.open("nowhere")
        assert "local" in (caught.value.hint or "")
        with pytest.raises(UsageError, match="colour"):
            memctl.open("local", colour="red")


class TestMistakesOfCallers:
    """Typical mistakes of a program must not end up in a user's memory."""

    @pytest.mark.parametrize(
        "turns",
        [
            "I live in Oslo.",
            {"role": "user", "content": "I live in Oslo."},
            Turn(turn_id="1", role="user", text="I live in Oslo."),
            [{"role": "user", "content": [{"type": "text", "text": "I live in Oslo."}]}],
        ],
    )
    def test_a_text_or_a_message_is_one_turn(self, memory, turns):
        report = memory.add("alice", turns)
        assert isinstance(report, memctl.Report)
        assert (report.turns, report.episodes) == (1, 1)
        assert [known.object for known in memory.facts("alice")] == ["Oslo"]

    @pytest.mark.parametrize(
        ("user", "turns"), [("", "Hi."), (" ", "Hi."), ("alice", ""), ("alice", []), ("alice", [" "])]
    )
    def test_an_empty_user_or_text_is_an_error(self, memory, store, user, turns):
        with pytest.raises(UsageError):
            memory.add(user, turns)
        assert not open_engine(store, 30).exists()

    def test_an_invalid_message_is_an_error(self, memory, store):
        with pytest.raises(UsageError):
            memory.add("alice", {"name": "Alice"})
        assert not open_engine(store, 30).exists()

    def test_a_turn_without_a_time_is_dated_now(self, memory):
        for city in ("Paris", "Rome", "Paris"):
            memory.add("alice", f"I live in {city}.")
        (home,) = memory.facts("alice")
        assert (home.object, [known.object for known in memory.history("alice")]) == (
            "Paris",
            ["Paris", "Rome", "Paris"],
        )
        assert home.created_at is not None

    def test_filters_accept_common_notations_of_times(self, memory):
        memory.add("alice", [{"role": "user", "content": "I live in Oslo.", "at": NOON}])
        for kinds in ("fact", ["fact"], ("fact",)):
            assert [hit.fact.object for hit in memory.search("alice", "Oslo", kinds=kinds)] == ["Oslo"]
        assert memory.search("alice", "Oslo", since="2026-01-01", until=datetime(2026, 12, 1))
        assert memory.search("alice", "Oslo", since="2026-04-01") == []
        with pytest.raises(UsageError, match="kind"):
            memory.search("alice", "Oslo", kinds="facts")
        with pytest.raises(UsageError, match="time"):
            memory.search("alice", "Oslo", since="whenever")

    def test_every_call_returns_nothing_for_an_unknown_user(self, memory):
        memory.add("alice", "I live in Oslo.")
        assert (memory.search("bob", "Oslo"), memory.facts("bob"), memory.history("bob")) == ([], [], [])

    def test_a_store_that_does_not_exist_is_an_error_in_every_call(self, memory):
        for call in (lambda: memory.search("bob", "Oslo"), lambda: memory.facts("bob")):
            with pytest.raises(NotFound):
                call()

    def test_a_store_is_opened_by_its_path(self, tmp_path, home):
        for path in (tmp_path / "mine.duckdb", str(tmp_path / "mine.duckdb")):
            memctl.open(path).add("alice", "I live in Oslo.")
        assert (tmp_path / "mine.duckdb").exists()

    def test_every_public_name_can_be_imported(self):
        assert {"Fact", "Hit", "Memory", "MemctlError", "NotFound", "Report", "Turn"} <= set(memctl.__all__)
        assert all(getattr(memctl, name) is not None for name in memctl.__all__)


class TestAdapterContract:
    def test_the_store_implements_the_contract(self, store):
        assert Backend in Workspace.__mro__

    def test_every_written_fact_has_an_outcome(self, store):
        local = Workspace(store)
        one, two = fact(), fact("Alice likes tea.")
        assert [o.state for o in local.write([one, two])] == ["written", "written"]
        changed = msgspec.structs.replace(two, text="Alice likes green tea.")
        stolen = msgspec.structs.replace(one, user_id="bob")
        outcomes = local.write([one, changed])
        assert [o.state for o in outcomes] == ["unchanged", "updated"]
        (rejected,) = local.write([stolen])
        assert (rejected.state, rejected.target_id) == ("rejected", str(one.id))
        assert rejected.reason
        assert {known.text for page in local.read("alice") for known in page.facts} == {one.text, changed.text}

    def test_the_later_of_two_facts_with_one_id_is_kept(self, store):
        local = Workspace(store)
        one = fact()
        later = msgspec.structs.replace(one, text="Alice lives in Rome.")
        assert [o.state for o in local.write([one, later])] == ["unchanged", "written"]
        assert [o.state for o in local.write([later, later])] == ["unchanged", "unchanged"]
        assert [known.text for page in local.read("alice") for known in page.facts] == [later.text]

    def test_a_fact_is_restored_unchanged(self, store):
        local = Workspace(store)
        whole = fact(
            subject="alice",
            predicate="lives_in",
            object="Oslo",
            categories=("home", "city"),
            confidence=0.5,
            valid_at=NOON,
            invalid_at=NOON.replace(year=2027),
            created_at=NOON,
            expires_at=NOON.replace(year=2030),
            superseded_by=uuid4(),
            agent_id="a",
            session_id="s",
            app_id="p",
            source=Source(system="x", id="9", uri="u", session="s", turns=("1", "2"), quote="q"),
            metadata={"a": [1, None, {"b": "é"}]},
            native={"score": 0.25},
        )
        local.write([whole])
        assert [known for page in local.read("alice") for known in page.facts] == [whole]

    def test_reading_continues_from_a_cursor(self, store):
        local = Workspace(store)
        written = [fact(f"fact {number}") for number in range(PAGE_SIZE + 5)]
        local.write(written)
        first, rest = list(local.read("alice"))
        assert (len(first.facts), len(rest.facts), rest.cursor) == (PAGE_SIZE, 5, None)
        assert [page.facts for page in local.read("alice", cursor=first.cursor)] == [rest.facts]
        assert local.count("alice") == len(written)
        assert list(local.users()) == ["alice"]
        with pytest.raises(UsageError):
            next(iter(local.read("alice", cursor="x")))

    @pytest.mark.engines
    def test_since_returns_facts_created_or_updated_later(self, store):
        local = Workspace(store)
        old, new = fact("old", created_at=NOON), fact("new", created_at=NOON.replace(month=5))
        local.write([old, new])
        assert [f.text for p in local.read("alice", since=NOON.replace(month=4)) for f in p.facts] == ["new"]

    @pytest.mark.engines
    def test_a_fact_is_deleted_once_and_only_by_its_owner(self, store):
        local = Workspace(store)
        one = fact()
        local.write([one])
        assert local.delete("bob", [one.id]) == 0
        assert local.delete("alice", [one.id, uuid4()]) == 1
        assert local.delete("alice", [one.id]) == 0
        assert local.count("alice") == 0

    @pytest.mark.engines
    def test_an_imported_fact_is_superseded_by_what_a_transcript_says_later(self, store):
        local = Workspace(store)
        home = fact(subject="alice", predicate="lives_in", object="Oslo", created_at=NOON)
        local.write([home])
        local.add("alice", [{"role": "user", "content": "I live in Rome.", "at": NOON.replace(month=6)}])
        known = {f.object: f for f in local.facts("alice", all=True)}
        assert known["Oslo"].id == home.id
        assert known["Oslo"].superseded_by == known["Rome"].id


def test_a_backend_without_a_model_uses_the_one_in_the_settings(
    home: Path, postgres_dsn: str, postgres_schema: str
) -> None:
    """Otherwise a search by meaning in Postgres would find only facts that share a word with the query."""
    with memctl.open("postgres", dsn=postgres_dsn, schema=postgres_schema, init=True) as memory:
        fact = Fact(id=uuid4(), user_id="alice", kind="fact", text="Alice has a dog.", source=Source(system="test"))
        memory.backend.write([fact])
        [hit] = memory.search("alice", "puppy")
        assert hit.parts["semantic"] > 0.2


@pytest.mark.parametrize("on", [True, False])
def test_a_program_finds_the_garbage_collector_as_it_left_it(memory, monkeypatch, on):
    def during_a_write():
        seen.append(gc.isenabled())
        raise OSError("the disk is full")

    seen = []
    (gc.enable if on else gc.disable)()
    try:
        memory.backend.write([fact()])
        assert gc.isenabled() == on
        monkeypatch.setattr(memory.backend.store, "changing", lambda *_, **__: during_a_write())
        with pytest.raises(OSError, match="full"):
            memory.backend.write([fact("Alice likes tea.")])
        assert (seen, gc.isenabled()) == ([False], on)
    finally:
        gc.enable()


def test_a_rejected_turn_is_reported_and_the_others_are_stored(memory):
    """A program that adds a pasted gigabyte must learn that it was not stored."""
    report = memory.add("alice", ["I live in Oslo.", "word " * 300_000])
    assert [fact.object for fact in memory.facts("alice")] == ["Oslo"]
    [reject] = report.rejects
    assert "1,500,000 characters" in reject.reason


class TestOperations:
    def test_the_api_migrates_verifies_exports_and_erases_like_the_commands(self, tmp_path: Path, store: Path) -> None:
        with memctl.open("local", path=store) as memory:
            memory.add("alice", [{"role": "user", "content": "I live in Oslo.", "at": NOON}])
            memory.add("alice", [{"role": "user", "content": "I live in Rome.", "at": NOON.replace(month=4)}])
            assert memory.users() == ["alice"]
            assert [known.object for known in memory.history("alice")] == ["Oslo", "Rome"]
        ledger, copy = tmp_path / "ledger.duckdb", str(tmp_path / "copy.jsonl")
        options = {"local": {"path": store}}
        job = memctl.MigrateJob(source="local", target=copy, options=options, ledger=ledger)
        plan = memctl.migrate(msgspec.structs.replace(job, dry_run=True))
        assert (plan.run, plan.exit, Path(copy).exists()) == (None, 0, False)
        report = memctl.migrate(job)
        assert (report.counts.written, report.losses, report.exit) == (plan.plan.facts, [], 0)
        assert memctl.migrate(job).counts.written == 0
        assert memctl.verify(memctl.VerifyJob(source="local", target=copy, options=options)).exit == 0
        exported = memctl.export(memctl.ExportJob(file=str(tmp_path / "x.csv"), options=options))
        assert exported.counts.written == report.counts.written
        erasure = memctl.forget(memctl.ForgetJob(user="alice", options=options, ledger=ledger, receipt=tmp_path / "r"))
        assert erasure.receipt is not None
        assert erasure.receipt.backends[0].gone
        assert memctl.open("local", path=store).users() == []

    def test_an_exception_in_the_confirmation_callback_erases_nothing(self, store: Path) -> None:
        memctl.open("local", path=store).add("alice", ["I live in Oslo."])

        def refuse(holdings: object) -> None:
            raise UsageError("no")

        with pytest.raises(UsageError):
            memctl.forget(memctl.ForgetJob(user="alice", options={"local": {"path": store}}), confirm=refuse)
        assert memctl.open("local", path=store).users() == ["alice"]


def test_turns_of_a_wrong_type_are_a_usage_error(tmp_path):
    with memctl.open("local", path=str(tmp_path / "s.duckdb")) as memory, pytest.raises(memctl.UsageError, match="int"):
        memory.add("alice", 5)


@pytest.mark.parametrize(
    ("call", "wrong"),
    [
        (lambda memory: memory.add(5, "I live in Rome."), "the user cannot be of type int"),
        (lambda memory: memory.add("alice", [{"content": "Hi", "name": 5}]), "a name cannot be of type int"),
        (lambda memory: memory.search(5, "Rome"), "the user cannot be of type int"),
        (lambda memory: memory.search(" ", "Rome"), "the user is empty"),
        (lambda memory: memory.search("\ud800", "Rome"), "the user has a lone surrogate"),
        (lambda memory: memory.search("alice", None), "the query cannot be of type NoneType"),
        (lambda memory: memory.search("alice", " "), "the query is empty"),
        (lambda memory: memory.search("alice", "Ro\ud800me"), "the query has a lone surrogate at position 2"),
        (lambda memory: memory.search("alice", "Rome", k=0), "k is 0"),
        (lambda memory: memory.search("alice", "Rome", k="3"), "k is '3'"),
        (lambda memory: memory.search("alice", "Rome", kinds=5), "kinds cannot be of type int"),
        (lambda memory: memory.search("alice", "Rome", since=2026), "since cannot be of type int"),
        (lambda memory: memory.context(5), "the user cannot be of type int"),
        (lambda memory: memory.context("alice", 5), "the query cannot be of type int"),
        (lambda memory: memory.context("alice", tokens=2.5), "tokens is 2.5"),
        (lambda memory: memory.facts(""), "the user is empty"),
        (lambda memory: memory.history(None), "the user cannot be of type NoneType"),
    ],
)
def test_a_wrong_argument_is_named_and_does_not_search(memory, call, wrong):
    memory.add("alice", "I live in Rome.")
    with pytest.raises(memctl.UsageError, match=re.escape(wrong)):
        call(memory)


def test_characters_that_cannot_be_stored_do_not_stop_a_turn(memory):
    memory.add("alice", [{"role": "user", "name": "Al\ud800", "content": "I live in Rome. \udc00"}])
    assert [fact.text for fact in memory.facts("alice")] == ["Al\ufffd lives in Rome."]
