"""A forgotten person and other backends: blocked in every kind of import, awaited deletions, confirmation by name."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from emulators import mem0_platform, zep
from memctl_mem0.platform.adapter import Mem0Adapter
from memctl_zep.adapter import ZepAdapter

from memctl.backends.wrappers import Retrying
from memctl.core.fact import Fact, Source, derive_id, encode_lines
from memctl.ingest import pipeline
from memctl.ingest.scan import Options
from memctl.maintenance import forget as forgetting
from memctl.runtime.retry import Halt, Retry
from memctl.store.model import SUPPRESSED
from memctl.workspace import Workspace

pytestmark = pytest.mark.engines(campaign="postgres")


def fact(text, user):
    return Fact(id=derive_id(user, text), user_id=user, kind="fact", text=text, source=Source(system="x"))


@pytest.fixture
def people(home):
    """Files of facts of two people, in the working folder."""
    facts = [fact(f"Keeps quagga {n}.", user) for user in ("zelda", "bruno") for n in range(3)]
    Path("people.jsonl").write_bytes(b"".join(encode_lines(facts)))


@pytest.fixture
def cloud(monkeypatch):
    with zep.serve() as running:
        monkeypatch.setenv("ZEP_API_KEY", zep.KEY)
        monkeypatch.setenv("MEMCTL_ZEP_URL", running.url)
        yield running


def users_of(path):
    return {json.loads(line)["user_id"] for line in Path(path).read_text().splitlines()}


def test_a_migration_between_other_backends_leaves_forgotten_people_out(people, memctl):
    """For example a nightly one from a service to a database, which does not use the local store."""
    assert memctl("forget", "zelda", "--confirm", "zelda", "--allow-unknown").code == 0
    move = ("migrate", "--from", "people.jsonl", "--to", "there.jsonl", "--all-users", "--json")
    moved = memctl(*move)
    again = memctl(*move)
    assert (moved.code, again.code) == (3, 0), "the second night does not repeat the reports of the first"
    assert moved.document["counts"]["rejected"] == again.document["counts"]["rejected"] == 1
    assert users_of("there.jsonl") == {"bruno"}
    rejects = Path(moved.document["rejects_file"]).read_text()
    assert "is blocked" in rejects
    assert "zelda" not in rejects
    assert "quagga" not in rejects
    assert memctl("forget", "zelda", "--restore").code == 0
    assert memctl(*move).code == 0
    assert users_of("there.jsonl") == {"bruno", "zelda"}


@pytest.mark.parametrize("mapped", ["zelda,zoe", "bruno,zelda"])
def test_renaming_a_forgotten_person_in_a_migration_is_refused(people, memctl, mapped):
    assert memctl("forget", "zelda", "--confirm", "zelda", "--allow-unknown").code == 0
    Path("names.csv").write_text(f"{mapped}\n")
    there = ("migrate", "--from", "people.jsonl", "--to", "there.jsonl", "--all-users", "--user-map", "names.csv")
    assert memctl(*there).code == 3
    assert not Path("there.jsonl").exists() or users_of("there.jsonl") <= {"bruno"}


def test_a_plan_shows_that_a_person_is_left_out(people, memctl):
    memctl("forget", "zelda", "--confirm", "zelda", "--allow-unknown")
    there = ("migrate", "--from", "people.jsonl", "--to", "there.jsonl", "--all-users", "--dry-run", "--json")
    plan = memctl(*there).document["plan"]
    assert plan["facts"] == 3
    assert any("erased users that are not moved: 1" in note for note in plan["notes"])


def test_other_spellings_of_a_name_are_other_people(people, memctl):
    """memctl does not guess that Zelda and zelda are one person."""
    memctl("forget", "Zelda", "--confirm", "Zelda", "--allow-unknown")
    assert memctl("migrate", "--from", "people.jsonl", "--to", "there.jsonl", "--all-users").code == 0
    assert users_of("there.jsonl") == {"bruno", "zelda"}


@pytest.mark.engines
def test_a_store_that_only_blocks_a_person_is_empty_and_not_broken(memctl):
    """As after the first `ingest --batch`: nothing has created the table of vectors yet."""
    assert memctl("forget", "zelda", "--confirm", "zelda", "--allow-unknown").code == 0
    assert memctl("doctor").code == 0
    stats = memctl("stats", "--json").document
    assert (stats["facts"], stats["pending"]) == (0, 0)
    for command in (("search", "bruno", "tea"), ("context", "bruno", "tea"), ("facts", "bruno")):
        assert memctl(*command).code == 4, command
    ran = memctl("sql", "SELECT text FROM facts")
    assert (ran.code, "the store has no facts yet" in ran.err) == (4, True)
    assert memctl("add", "bruno", "I like tea.").code == 0
    assert memctl("search", "bruno", "tea", "--json").document["hits"]


def test_conversations_of_a_forgotten_person_in_a_service_are_left_out(memctl, cloud):
    with ZepAdapter(zep.KEY, url=cloud.url) as adapter:
        for user in ("zelda", "bruno"):
            adapter.add(user, [{"role": "user", "content": "I live in Oslo."}])
    assert memctl("forget", "zelda", "--confirm", "zelda", "--allow-unknown").code == 0
    read = memctl("ingest", "--from", "zep")
    assert read.code == 0
    assert "is blocked" in read.out
    users = memctl("users", "--json").document["users"]
    assert [user["user"] for user in users] == ["bruno"]


def test_records_to_erase_are_listed_before_the_confirmation(memctl, cloud):
    with ZepAdapter(zep.KEY, url=cloud.url) as adapter:
        adapter.write([fact("Keeps a quagga.", "zelda")])
        adapter.add("zelda", [{"role": "user", "content": "I live in Oslo."}])
    memctl("add", "zelda", "I live in Oslo.")
    dry_run = memctl("forget", "zelda", "--from", "zep", "--dry-run")
    assert dry_run.code == 0
    assert "1 threads" in dry_run.out
    assert "1 messages" in dry_run.out
    assert len(cloud.threads) == 1
    ran = memctl("forget", "zelda", "--from", "zep", "--confirm", "zelda", "--json")
    assert ran.code == 0
    (erased,) = ran.document["receipt"]["backends"]
    assert (erased["others"]["threads"], erased["others_left"], erased["listed"]) == (1, {}, False)
    assert (cloud.users, cloud.threads) == ({}, {})


def test_a_service_that_does_not_finish_the_deletion_is_reported(cloud, store, monkeypatch):
    monkeypatch.setattr(forgetting, "SETTLE", timedelta(seconds=0.3))
    with ZepAdapter(zep.KEY, url=cloud.url) as adapter:
        adapter.write([fact("Keeps a quagga.", "zelda")])
        adapter.settle((), forgetting.datetime.now(forgetting.UTC) + timedelta(seconds=9))
        cloud.lag = 10**6
        receipt = forgetting.forget([("zep", Retrying(adapter, Retry(Halt())))], "zelda", Workspace(store))
        (erased,) = receipt.backends
        assert receipt.exit == 1
        assert (erased.left, erased.others_left["users"], erased.listed) == (1, 1, True)
        for task in cloud.tasks.values():
            task["left"] = 0
        again = forgetting.forget([("zep", Retrying(adapter, Retry(Halt())))], "zelda", Workspace(store))
    assert again.exit == 0


def test_a_platform_that_deletes_later_is_waited_for(store):
    with mem0_platform.serve() as server, Mem0Adapter(server.key, url=server.url) as adapter:
        server.polls_until_done = 4
        adapter.write([fact("Keeps a quagga.", "zelda"), fact("Keeps a quagga.", "bruno")])
        receipt = forgetting.forget([("mem0", Retrying(adapter, Retry(Halt())))], "zelda", Workspace(store))
        assert receipt.exit == 0
        assert list(server.entities) == [("user", "bruno")]
        assert [row["user_id"] for row in server.memories.values()] == ["bruno"]


def test_the_same_command_erases_in_a_backend_that_failed_before(people, memctl, cloud, home):
    memctl("import", "people.jsonl")
    memctl("migrate", "--from", "people.jsonl", "--to", "zep", "--all-users")
    (home / "work" / "memctl.toml").write_text('[backends.cloud]\nadapter = "zep"\n')
    cloud.faults.append(zep.Fault("DELETE .*users/", answer=zep.typed(403, "forbidden", "not now")))
    first = memctl("forget", "zelda", "--everywhere", "--confirm", "zelda", "--json")
    left = {erased["backend"]: erased["left"] for erased in first.document["receipt"]["backends"]}
    # The imported file contains the person too.
    assert (first.code, left) == (1, {"local": 0, "cloud": None, str(home / "work" / "people.jsonl"): 0})
    second = memctl("forget", "zelda", "--everywhere", "--confirm", "zelda", "--json")
    assert second.code == 0, second.err
    assert {user["user_id"] for user in cloud.users.values()} == {"bruno"}


@pytest.mark.parametrize(("typed", "code"), [("Zelda\n", 1), ("\n", 1), ("zelda\n", 0)])
def test_the_name_must_be_typed_on_a_terminal(people, memctl, monkeypatch, typed, code):
    memctl("import", "people.jsonl")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", lambda *_, **__: typed.strip())
    assert memctl("forget", "zelda").code == code
    assert memctl("facts", "zelda").code == (0 if code else 4)


def test_ctrl_c_at_the_prompt_erases_nothing(people, memctl, monkeypatch):
    memctl("import", "people.jsonl")

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.prompt", interrupted)
    assert memctl("forget", "zelda").code == 130
    assert memctl("facts", "zelda").code == 0
    assert memctl("add", "zelda", "I live in Oslo.").code == 0


def test_a_person_erased_during_an_ingest_is_left_out_of_the_next_batch(store, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline, "BATCH_TURNS", 1)
    monkeypatch.setattr(pipeline, "CHUNK_TURNS", 1)
    for user in ("alice", "zelda"):
        (tmp_path / "chats" / user).mkdir(parents=True)
        (tmp_path / "chats" / user / "chat.jsonl").write_text('{"role": "user", "content": "I live in Oslo."}\n')
    workspace = Workspace(store)

    def erase(done, total, place):
        if "zelda" in place:
            with workspace.store.writing() as tx:
                tx.suppress("zelda")

    report = workspace.ingest([str(tmp_path / "chats")], Options(), erase)
    assert (list(workspace.users()), report.skipped) == (["alice"], {SUPPRESSED: 1})
