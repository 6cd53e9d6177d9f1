"""mem0's library and memctl on one Qdrant folder or pgvector table: each reads the other's memories completely."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest
from campaigns import campaign
from memctl_mem0 import sdk
from memctl_mem0.mapping import native_fact_id
from memctl_mem0.oss.adapter import Mem0OssAdapter
from memctl_mem0.oss.config import close_clients
from psycopg.sql import SQL, Identifier

from memctl.core.errors import AuthError, Exit, Retryable, UsageError
from memctl.core.fact import Fact, Source, derive_id

DIMENSIONS = 64
NOON = datetime(2025, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


def emulator(name: str) -> ModuleType:
    """The module of a loopback server, loaded once."""
    return import_module(f"emulators.{name}")


@pytest.fixture
def embeddings(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A loopback embedder; the developer's own key is removed from the environment."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "MEM0_DIR"):
        monkeypatch.delenv(name, raising=False)
    module = emulator("openai_embeddings")
    with module.serve() as server:
        server.vector_of = module.likeness
        yield server


@pytest.fixture(params=["qdrant", *campaign("pgvector")])
def vectors(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, Any]]:
    """The address of a vector store in the form of mem0's configuration."""
    if request.param == "qdrant":
        yield {"path": str(tmp_path / "qdrant"), "on_disk": True}
        return
    dsn = request.getfixturevalue("postgres_dsn")
    name = f"test_{uuid4().hex}"
    yield {"connection_string": dsn, "collection_name": name}
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table in (name, f"{name}_entities"):
            connection.execute(SQL("DROP TABLE IF EXISTS {}").format(Identifier(table)))


def configuration(store: dict[str, Any], url: str, history: Path, **embedder: Any) -> dict[str, Any]:
    """An application's configuration; its language model is unreachable and has an invalid key."""
    key = emulator("openai_embeddings").KEY
    options = {"model": "letters", "openai_base_url": url, "embedding_dims": DIMENSIONS, "api_key": key} | embedder
    provider = "pgvector" if "connection_string" in store else "qdrant"
    return {
        "vector_store": {"provider": provider, "config": {"embedding_model_dims": DIMENSIONS} | store},
        "embedder": {"provider": "openai", "config": options},
        "llm": {"provider": "openai", "config": {"api_key": "none", "openai_base_url": "http://127.0.0.1:9/v1"}},
        "history_db_path": str(history),
    }


@pytest.fixture
def config(vectors: dict[str, Any], embeddings: Any, tmp_path: Path) -> Path:
    path = tmp_path / "mem0.json"
    path.write_text(json.dumps(configuration(vectors, embeddings.url, tmp_path / "history.db")))
    return path


class Application:
    """An application that uses mem0, opened for each action, because a Qdrant folder allows one process at a time."""

    def __init__(self, config: Path) -> None:
        self.config = json.loads(config.read_text())

    def does(self, act: Callable[[Any], Any]) -> Any:
        memory = sdk.mem0().Memory.from_config(self.config)
        try:
            return act(memory)
        finally:
            memory.close()
            close_clients(memory.vector_store, memory._entity_store, memory.embedding_model, memory.llm)


@pytest.fixture
def application(config: Path) -> Application:
    return Application(config)


def fact(text: str = "Alice lives in Paris.", user: str = "alice", **fields: Any) -> Fact:
    return Fact(**{"id": derive_id(user, text), "user_id": user, "kind": "fact", "text": text,
                   "source": Source(system="test")} | fields)  # fmt: skip


def read(config: Path, user: str = "alice") -> list[Fact]:
    with Mem0OssAdapter(config) as adapter:
        return [fact for page in adapter.read(user) for fact in page.facts]


def write(config: Path, *facts: Fact) -> list[str]:
    with Mem0OssAdapter(config) as adapter:
        return [outcome.state for outcome in adapter.write(facts)]


def put(memory: Any, *payloads: dict[str, Any]) -> list[str]:
    """Insert points as an application's mem0 does, in one call."""
    ids = [str(uuid4()) for _ in payloads]
    halves = [[0.5] * DIMENSIONS for _ in payloads]
    memory.vector_store.insert(vectors=halves, payloads=list(payloads), ids=ids)
    return ids


def test_all_350_memories_are_read_where_get_all_gives_20(config: Path, application: Application) -> None:
    rows = [{"data": f"Alice owns book {n}.", "user_id": "alice", "hash": "-"} for n in range(350)]
    ids = application.does(lambda memory: put(memory, *rows, {"data": "Tea.", "user_id": "bob"}))
    shown = application.does(lambda memory: memory.get_all(filters={"user_id": "alice"})["results"])
    assert len(shown) == 20
    facts = read(config)
    assert {one.source.id for one in facts} == set(ids[:350])
    assert {one.text for one in facts} == {row["data"] for row in rows}
    assert [one.text for one in read(config, "bob")] == ["Tea."]
    with Mem0OssAdapter(config) as adapter:
        assert adapter.count("alice") == 350
        assert sorted(adapter.users()) == ["alice", "bob"]


def test_mem0_finds_facts_of_memctl_by_id_with_both_times(config: Path, application: Application) -> None:
    written = fact(
        created_at=NOON, updated_at=NOON + timedelta(days=1), agent_id="helper", session_id="run-1",
        metadata={"topic": "home"}, categories=("places",), subject="alice",
    )  # fmt: skip
    assert write(config, written, fact("Alice drinks green tea.")) == ["written", "written"]

    def look(memory: Any) -> Any:
        hits = memory.search("where does Alice live", filters={"user_id": "alice"}, top_k=1)["results"]
        listed = memory.get_all(filters={"agent_id": "helper", "run_id": "run-1"})["results"]
        return memory.get(str(written.id)), hits, listed

    row, hits, listed = application.does(look)
    assert row["memory"] == "Alice lives in Paris."
    assert row["user_id"] == "alice"
    assert datetime.fromisoformat(row["created_at"]) == NOON
    assert datetime.fromisoformat(row["updated_at"]) == NOON + timedelta(days=1)
    assert row["metadata"]["topic"] == "home"
    assert [hit["id"] for hit in hits] == [str(written.id)]
    assert [one["id"] for one in listed] == [str(written.id)]


def test_mem0s_history_has_memctls_additions_changes_and_deletions(config: Path, application: Application) -> None:
    first = fact()
    later = msgspec.structs.replace(first, text="Alice lives in Lisbon.")
    assert [write(config, one) for one in (first, first, later)] == [["written"], ["unchanged"], ["updated"]]
    with Mem0OssAdapter(config) as adapter:
        assert adapter.delete("alice", [first.id]) == 1
    lines = application.does(lambda memory: memory.history(str(first.id)))
    told = {(line["event"], line["old_memory"], line["new_memory"]) for line in lines}
    assert told == {
        ("ADD", None, first.text),
        ("UPDATE", first.text, later.text),
        ("DELETE", later.text, None),
    }
    assert len(lines) == 3


def test_a_memory_of_mem0_is_read_completely_and_written_back_unchanged(config: Path, application: Application) -> None:
    def remember(memory: Any) -> str:
        made = memory.add(
            [{"role": "user", "content": "I moved to Oslo.", "name": "Al"}], user_id="alice", agent_id="helper",
            run_id="r1", metadata={"topic": "home", "created_at": NOON.isoformat()}, expiration_date="2099-01-31",
            infer=False,
        )  # fmt: skip
        return str(made["results"][0]["id"])

    native = application.does(remember)
    (stored,) = read(config)
    assert stored.id == native_fact_id(native, "")
    assert stored.source.id == native
    assert (stored.user_id, stored.agent_id, stored.session_id) == ("alice", "helper", "r1")
    assert stored.text == "I moved to Oslo."
    assert stored.created_at == NOON
    assert stored.expires_at is not None
    assert stored.expires_at.date() in (date(2099, 1, 31), date(2099, 2, 1))
    assert stored.metadata == {"topic": "home"}
    assert stored.native["role"] == "user"
    assert stored.native["actor_id"] == "Al"
    assert write(config, stored) == ["unchanged"]
    changed = msgspec.structs.replace(stored, categories=("places",))
    assert write(config, changed) == ["updated"]
    assert read(config) == [changed]
    assert application.does(lambda memory: memory.get(native))["memory"] == "I moved to Oslo."


def test_expired_memories_are_read(config: Path, application: Application) -> None:
    application.does(lambda m: put(m, {"data": "Old.", "user_id": "alice", "expiration_date": "2020-01-01"}))
    assert [one.text for one in read(config)] == ["Old."]


def test_edits_in_mem0_are_kept_and_the_other_fields_restored(config: Path, application: Application) -> None:
    written = fact(
        subject="alice", object="Paris", categories=("places",), confidence=0.5, created_at=NOON, updated_at=NOON,
        valid_at=NOON, metadata={"topic": "home"}, session_id="s 1",
    )  # fmt: skip
    write(config, written)
    application.does(lambda memory: memory.update(str(written.id), text="Alice lives in Rome.", metadata={"seen": 1}))
    (stored,) = read(config)
    assert stored.id == written.id
    assert stored.text == "Alice lives in Rome."
    assert stored.updated_at is not None
    assert stored.updated_at > NOON
    assert (stored.created_at, stored.valid_at, stored.categories) == (NOON, NOON, ("places",))
    assert stored.object is None
    assert stored.metadata == {"topic": "home", "seen": 1}


def test_entities_and_telemetry_records_are_not_facts(config: Path, application: Application) -> None:
    def mark(memory: Any) -> None:
        put(memory, {"user_id": "anonymous", "type": "user_identity"}, {"data": "Tea.", "user_id": "alice"})
        entity = {"data": "Paris", "entity_type": "PLACE", "linked_memory_ids": [], "user_id": "alice"}
        memory.entity_store.insert(vectors=[[0.5] * DIMENSIONS], payloads=[entity], ids=[str(uuid4())])

    application.does(mark)
    with Mem0OssAdapter(config) as adapter:
        assert list(adapter.users()) == ["alice"]
        assert list(adapter.rejects()) == []
    assert [one.text for one in read(config)] == ["Tea."]


def test_a_memory_of_an_agent_only_stays_the_agents(config: Path, application: Application) -> None:
    application.does(lambda m: put(m, {"data": "Be brief.", "agent_id": "helper"}, {"data": "x", "user_id": "alice"}))
    with Mem0OssAdapter(config) as adapter:
        assert sorted(adapter.users()) == ["agent:helper", "alice"]
        assert adapter.count("agent:helper") == 1
    (stored,) = read(config, "agent:helper")
    assert stored.agent_id == "helper"
    changed = msgspec.structs.replace(stored, kind="procedure")
    assert write(config, changed) == ["updated"]
    assert application.does(lambda m: m.get_all(filters={"agent_id": "helper"})["results"][0].get("user_id")) is None
    assert read(config, "agent:helper") == [changed]


def test_points_without_owner_or_text_are_rejects(config: Path, application: Application) -> None:
    def strew(memory: Any) -> list[str]:
        return put(memory, {"data": "Whose?"}, {"user_id": "alice", "topic": "none"})

    whose, empty = application.does(strew)
    with Mem0OssAdapter(config) as adapter:
        told = {str(reject) for reject in adapter.rejects()}
        assert list(adapter.users()) == []
    assert len(told) == 2
    assert any(whose in line and "owner" in line for line in told)
    assert any(empty in line and "text" in line for line in told)
    with Mem0OssAdapter(config, default_user="carol") as adapter:
        assert list(adapter.users()) == ["carol"]
        assert [one.text for page in adapter.read("carol") for one in page.facts] == ["Whose?"]
        assert adapter.count("carol") == 1


def test_memories_of_the_typescript_library_have_their_times(config: Path, application: Application) -> None:
    payload = {"data": "Tea.", "user_id": "alice", "createdAt": "2025-05-01T12:00:00.123456Z", "textLemmatized": "tea"}
    application.does(lambda memory: put(memory, payload))
    (stored,) = read(config)
    assert stored.created_at == NOON
    assert stored.metadata == {}


def test_reading_needs_no_embedder_key_and_writing_names_the_missing_one(
    vectors: dict[str, Any], embeddings: Any, tmp_path: Path, config: Path, application: Application
) -> None:
    application.does(lambda memory: put(memory, {"data": "Tea.", "user_id": "alice"}))
    keyless = configuration(vectors, embeddings.url, tmp_path / "history.db", api_key=None)
    config.write_text(json.dumps(keyless))
    assert [one.text for one in read(config)] == ["Tea."]
    with pytest.raises(AuthError) as refused:
        write(config, fact())
    assert refused.value.exit == Exit.FATAL
    assert "OPENAI_API_KEY" in f"{refused.value.message} {refused.value.hint}"


def test_a_refused_key_is_not_repeated(vectors: dict[str, Any], embeddings: Any, tmp_path: Path, config: Path) -> None:
    secret = "-".join(["sk", "of", "somebody"])
    config.write_text(json.dumps(configuration(vectors, embeddings.url, tmp_path / "history.db", api_key=secret)))
    with pytest.raises(AuthError) as refused:
        write(config, fact())
    assert secret not in f"{refused.value} {refused.value.hint}"
    assert "\n" not in str(refused.value)


def test_a_text_the_embedder_refuses_is_rejected_alone(config: Path) -> None:
    word = emulator("openai_embeddings").REFUSED_WORD
    facts = [fact("One."), fact(f"It is {word}."), fact("Three.")]
    with Mem0OssAdapter(config) as adapter:
        outcomes = adapter.write(facts)
    assert [outcome.state for outcome in outcomes] == ["written", "rejected", "written"]
    assert "cannot be embedded" in (outcomes[1].reason or "")
    assert {one.text for one in read(config)} == {"One.", "Three."}


def test_a_busy_embedder_is_retryable_and_nothing_is_half_written(config: Path, embeddings: Any) -> None:
    embeddings.failure = (429, {"error": {"message": "slow down", "code": "rate_limit"}}, {"retry-after": "0"})
    with pytest.raises(Retryable) as busy:
        write(config, fact())
    assert "slow down" in busy.value.message
    embeddings.failure = None
    assert write(config, fact()) == ["written"]


def test_vectors_of_the_wrong_dimension_are_an_error_with_a_hint(
    vectors: dict[str, Any], embeddings: Any, tmp_path: Path, config: Path
) -> None:
    wrong = configuration(vectors, embeddings.url, tmp_path / "history.db", embedding_dims=8)
    config.write_text(json.dumps(wrong))
    with pytest.raises(UsageError, match="8 dimensions") as told:
        write(config, fact())
    assert "embedding_model_dims" in str(told.value.hint)


def test_mem0s_extraction_without_a_language_model_is_an_error(config: Path) -> None:
    with Mem0OssAdapter(config) as adapter, pytest.raises(Retryable):
        adapter.add("alice", [{"role": "user", "content": "I moved to Oslo."}])


_WRITING = """
import sys
from memctl_mem0.oss.adapter import Mem0OssAdapter
from memctl.backends.contract import Query
from memctl.core.fact import decode
fact = decode(sys.stdin.buffer.read())
for config in sys.argv[1:]:
    with Mem0OssAdapter(config) as adapter:
        print([o.state for o in adapter.write([fact])], len(adapter.search(Query("alice", "Paris"))))
"""


@pytest.mark.parametrize("vectors", ["pgvector"], indirect=True)
def test_nothing_is_written_to_home_or_printed(config: Path, embeddings: Any, tmp_path: Path) -> None:
    """Checks both stores in one process, which imports mem0 once."""
    (home := tmp_path / "home").mkdir()
    folder = configuration({"path": str(tmp_path / "qdrant")}, embeddings.url, tmp_path / "other.db")
    (qdrant := tmp_path / "qdrant.json").write_text(json.dumps(folder))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MEM0")}
    done = subprocess.run(
        [sys.executable, "-c", _WRITING, config, qdrant], input=msgspec.json.encode(fact()),
        env=environment | {"HOME": str(home)}, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.stdout, done.stderr) == (b"['written'] 1\n" * 2, b"")
    assert list(home.rglob("*")) == []


def test_facts_migrated_through_mem0_and_postgres_are_unchanged(
    memctl: Callable[..., Any], config: Path, postgres_dsn: str, postgres_schema: str, home: Path
) -> None:
    """A small version of a migration of 1,000 facts of 20 users."""
    from memctl.workspace import Workspace

    people = [f"user-{number}" for number in range(3)]
    local = Workspace(os.environ["MEMCTL_STORE"])
    for user in people:
        plain = [fact(f"{user} owns book {n}.", user, created_at=NOON, metadata={"n": n}) for n in range(40)]
        local.write([*plain, fact("Prefers tea.", user, kind="preference", object="tea", expires_at=NOON)])
    local.close()
    settings = home / "work" / "memctl.toml"
    settings.write_text(
        f'[backends.team]\nadapter = "postgres"\ndsn = "{postgres_dsn}"\nschema = "{postgres_schema}"\ninit = true\n'
        f'[backends.back]\nadapter = "local"\npath = "{home / "back.duckdb"}"\n'
    )
    mem0 = f"mem0-oss:{config}"
    for source, target in (("local", mem0), (mem0, "team"), ("team", "back")):
        done = memctl("migrate", "--from", source, "--to", target, "--all-users", "--json")
        assert done.code == 0, done.err
        assert done.document["counts"]["written"] == 123
    for target in (mem0, "team", "back"):
        checked = memctl("verify", "--from", "local", "--to", target, "--all-users", "--json")
        assert checked.code == 0, checked.out
        assert checked.document["same"] == 123


def test_history_is_written_only_to_the_applications_history_file(
    embeddings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    whole = configuration({"path": str(tmp_path / "qdrant")}, embeddings.url, tmp_path / "x.db")
    del whole["history_db_path"]
    path = tmp_path / "mem0.json"
    path.write_text(json.dumps(whole))
    adapter = Mem0OssAdapter(path)
    assert "history" in " ".join(adapter.remarks())
    assert write(path, fact()) == ["written"]
    assert list(home.iterdir()) == []
    folder = tmp_path / "mem0"
    folder.mkdir()
    sdk.mem0()
    from mem0.memory.storage import SQLiteManager

    SQLiteManager(str(folder / "history.db")).close()
    with Mem0OssAdapter(path, mem0_dir=str(folder)) as known:
        assert list(known.remarks()) == []
        known.write([fact("Another.")])
    history = SQLiteManager(str(folder / "history.db"))
    assert [line["new_memory"] for line in history.get_history(str(UUID(str(fact("Another.").id))))] == ["Another."]
    history.close()
