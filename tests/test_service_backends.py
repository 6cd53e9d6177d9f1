"""A service as a backend in a separate package: its address, its key, its remarks before a migration, its conversations
and its dumps."""

import json
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import pytest

from memctl.backends import registry
from memctl.core.errors import AuthError, Fatal, NotFound, Rejected, Retryable, UsageError, from_status
from memctl.core.fact import Fact, Source, pack, unpack
from memctl.memory import open_memory

PLUGIN = """
from datetime import datetime, timedelta, UTC
from memctl.backends.contract import (
    Backend, Capabilities, Conversation, Features, Health, Hit, Message, Outcome, Page, need,
)
from memctl.core.errors import Rejected, Retryable, UsageError
from memctl.core.fact import Fact, Source, derive_id

class Diary(Backend):
    name = "diary"
    capabilities = Capabilities(split_text=20, split_how="the rest is in a second entry")
    features = Features(
        options=("url", "key", "agent", "default_user"),
        address_option="url",
        env_vars={"key": ("DIARY_KEY", "DIARY_TOKEN")},
        conversations=True,
    )
    failures = 0

    def __init__(self, *, url="http://localhost", key=None, agent=None, default_user=None):
        self.url, self.key, self.agent, self.held = url, key, agent, {}
        self.default_user = default_user
        self.identity = url

    def remarks(self):
        return ("a diary keeps no vectors",)

    def check(self):
        return Health(ok=True, detail=f"{self.url} with a key of {len(self.key or '')}")

    def users(self):
        return iter(["alice", "bob"])

    def count(self, user):
        return None

    def read(self, user, since=None, cursor=None):
        yield Page(tuple(fact for fact in self.held.values() if fact.user_id == user), None)

    def write(self, facts):
        self.held |= {fact.id: fact for fact in facts}
        return [Outcome(state="written", target_id=str(fact.id)) for fact in facts]

    def delete(self, user, ids):
        return 0

    def search(self, query):
        user, k = query.user, query.k
        start = datetime(2020, 1, 1, tzinfo=UTC)
        facts = (
            Fact(id=derive_id(str(day)), user_id=user, kind="episode" if day % 50 else "fact", text=f"day {day}",
                 valid_at=start + timedelta(days=day), invalid_at=start + timedelta(days=day + 1),
                 source=Source(system="diary"))
            for day in range(k if k < 400 else 400)
        )
        return [Hit(score=1.0, parts={}, fact=fact) for fact in facts]

    def add(self, user, turns):
        raise UsageError("a diary extracts nothing")

    def settle(self, ids, deadline):
        pass

    def close(self):
        pass

    def conversations(self, user):
        said = ["I live in Oslo.", "I moved to Bergen last week."]
        at = datetime(2026, 3, 1, tzinfo=UTC)
        for number, text in enumerate(said):
            if number and Diary.failures:
                Diary.failures -= 1
                raise Retryable("busy", after=0)
            at += timedelta(days=30)
            role = "user" if user == "alice" else "ghost"
            yield Conversation(id=f"thread {number}", messages=(Message(id="1", role=role, text=text, at=at),))


class Torn:
    name = "diary dump"
    remarks = ("pages were torn out",)

    def recognises(self, path, head):
        return head.startswith(b'{"diary":')

    def records(self, path, default_user):
        import json
        for number, entry in enumerate(json.loads(path.read_text())["diary"]):
            owner = entry.get("who", default_user)
            if owner is None:
                yield Rejected("nobody owns it", where=f"diary[{number}]")
            else:
                yield Fact(id=derive_id(entry["text"]), user_id=owner, kind="fact", text=entry["text"],
                           source=Source(system="diary"))
"""


@pytest.fixture
def diary(tmp_path, monkeypatch, home):
    """Install the service's package."""
    site = tmp_path / "site"
    about = site / "diary_plugin-1.dist-info"
    about.mkdir(parents=True)
    (site / "diary_plugin.py").write_text(PLUGIN)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: diary-plugin\nVersion: 1\n")
    (about / "entry_points.txt").write_text(
        "[memctl.adapters]\ndiary = diary_plugin:Diary\n[memctl.dumps]\na-diary = diary_plugin:Torn\n"
    )
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.delitem(__import__("sys").modules, "diary_plugin", raising=False)
    import diary_plugin

    return diary_plugin


class TestAddress:
    def test_the_text_after_the_colon_is_the_address(self, diary):
        assert registry.open_backend("diary:http://there:8000/x").url == "http://there:8000/x"

    def test_an_address_has_priority_over_the_settings(self, diary, home, monkeypatch):
        (home / "memctl.toml").write_text('[backends.mine]\nadapter = "diary"\nurl = "http://settings"\n')
        monkeypatch.chdir(home)
        assert registry.open_backend("mine").url == "http://settings"
        assert registry.open_backend("mine:http://told").url == "http://told"

    def test_a_backend_without_an_address_is_an_error(self, home):
        with pytest.raises(UsageError, match="anything after a colon"):
            registry.open_backend("local:elsewhere")

    def test_an_unknown_name_with_a_colon_is_an_error_that_lists_known_ones(self, diary):
        with pytest.raises(NotFound) as refused:
            registry.open_backend("dairy:http://there")
        assert "diary" in refused.value.hint

    @pytest.mark.parametrize(
        ("variable", "value"),
        [("DIARY_KEY", "first"), ("DIARY_TOKEN", "second"), ("DIARY_KEY_COMMAND", "echo third")],
    )
    def test_a_key_is_read_from_the_services_own_variable(self, diary, monkeypatch, variable, value):
        monkeypatch.setenv(variable, value)
        assert registry.open_backend("diary").key == value.removeprefix("echo ")

    def test_a_given_key_has_priority_over_the_environment(self, diary, monkeypatch):
        monkeypatch.setenv("DIARY_KEY", "ambient")
        assert registry.open_backend("diary", key="given").key == "given"

    def test_a_backend_gets_the_default_user_of_the_settings(self, diary, monkeypatch):
        monkeypatch.setenv("MEMCTL_DEFAULT_USER", "carol")
        assert registry.open_backend("diary").default_user == "carol"
        assert registry.open_backend("diary", default_user="dan").default_user == "dan"


class TestCommands:
    def test_an_option_goes_to_the_backend_that_accepts_it(self, diary, memctl, store):
        moved = memctl("migrate", "--from", "diary", "--to", "local", "--all-users", "--url", "http://asked")
        assert moved.code == 0, moved.err
        assert "diary:http://asked -> local:" in moved.err

    def test_an_option_that_neither_backend_accepts_is_refused(self, memctl, store, tmp_path):
        refused = memctl(
            "migrate", "--from", "local", "--to", str(tmp_path / "x.jsonl"), "--all-users", "--agent", "a1"
        )
        assert refused.code == 2
        assert "--agent" in refused.err

    def test_an_option_that_both_backends_accept_is_ambiguous(self, diary, memctl):
        refused = memctl("migrate", "--from", "diary", "--to", "diary:http://b", "--all-users", "--url", "http://a")
        assert refused.code == 2
        assert "both" in refused.err

    def test_remarks_of_a_backend_are_in_the_plan(self, diary, memctl, store):
        planned = memctl("migrate", "--from", "diary", "--to", "local", "--all-users", "--dry-run", "--json")
        assert "a diary keeps no vectors" in planned.document["plan"]["notes"]

    def test_the_plan_shows_how_a_long_text_is_kept(self, diary, memctl, store, tmp_path):
        for text in ("short", "a sentence that is longer than twenty characters"):
            memctl("add", "alice", text, "--kind", "fact")
        planned = memctl("migrate", "--from", "local", "--to", "diary", "--user", "alice", "--dry-run", "--json")
        losses = {loss["field"]: loss for loss in planned.document["losses"]}
        assert losses["text"]["count"] == 1
        assert losses["text"]["how"] == "the rest is in a second entry"


class TestDoctor:
    def test_doctor_reads_a_record_from_every_backend_in_the_settings(self, diary, memctl, store, home, monkeypatch):
        (home / "work" / "memctl.toml").write_text(
            '[backends.mine]\nadapter = "diary"\n[backends.shut]\nadapter = "diary"\nkey_env = "NOBODY_SET_THIS"\n'
        )
        ran = memctl("doctor", "--json")
        verdicts = {finding["check"]: finding for finding in ran.document["findings"]}
        assert verdicts["backend mine"]["verdict"] == "ok"
        assert "0 facts read" in verdicts["backend mine"]["detail"]
        assert verdicts["backend shut"]["verdict"] == "fail"
        assert "NOBODY_SET_THIS" in verdicts["backend shut"]["remedy"]
        assert ran.code == 1

    def test_a_crashing_backend_does_not_end_doctor(self, diary, memctl, store, home, monkeypatch):
        (home / "work" / "memctl.toml").write_text('[backends.mine]\nadapter = "diary"\n')
        monkeypatch.setattr(diary.Diary, "users", lambda self: 1 / 0)
        ran = memctl("doctor")
        assert ran.code == 1
        assert "ZeroDivisionError" in ran.out


class TestConversations:
    def test_conversations_of_a_service_are_ingested_once(self, diary, memctl, store):
        first = memctl("ingest", "--from", "diary", "--user", "alice", "--json")
        assert first.code == 0, first.err
        assert first.document["report"]["episodes"] == 2
        facts = memctl("facts", "alice", "--json").document["facts"]
        assert {"Bergen"} == {fact["object"] for fact in facts if fact["predicate"] == "lives_in"}
        again = memctl("ingest", "--from", "diary", "--user", "alice")
        assert "nothing to do" in again.out

    def test_a_temporary_failure_loses_and_duplicates_nothing(self, diary, memctl, store, monkeypatch):
        monkeypatch.setattr(diary.Diary, "failures", 3)
        report = memctl("ingest", "--from", "diary", "--user", "alice", "--json").document["report"]
        assert (report["sessions"], report["episodes"]) == (2, 2)

    def test_a_message_of_an_unknown_sender_is_reported_and_left_out(self, diary, memctl, store):
        done = memctl("ingest", "--from", "diary", "--user", "bob")
        assert done.code == 3
        assert "ghost" in done.err

    def test_a_dry_run_writes_nothing(self, diary, memctl, store):
        assert memctl("ingest", "--from", "diary", "--user", "alice", "--dry-run").code == 0
        assert memctl("facts", "alice").code == 4

    def test_a_backend_without_conversations_is_refused_with_a_hint(self, memctl, store, tmp_path):
        file = tmp_path / "x.jsonl"
        file.write_text("")
        refused = memctl("ingest", "--from", str(file), "--user", "alice")
        assert refused.code == 2
        assert "memctl migrate" in refused.err

    @pytest.mark.parametrize(
        "arguments",
        [[], ["x", "--from", "diary"], ["--from", "diary", "--tz", "UTC"], ["x", "--url", "http://there"]],
    )
    def test_conflicting_options_are_refused(self, diary, memctl, store, arguments):
        assert memctl("ingest", *arguments).code == 2


class TestSearch:
    def test_a_search_in_a_service_respects_the_time_filter(self, diary, memctl):
        hits = memctl("search", "alice", "day", "--from", "diary", "--as-of", "2020-03-01T12:00:00Z", "--json")
        assert [hit["fact"]["text"] for hit in hits.document["hits"]] == ["day 60"]

    def test_a_search_of_one_kind_requests_enough_records(self, diary):
        with open_memory("diary") as memory:
            hits = memory.search("alice", "day", 3, kinds=("fact",))
        assert [hit.fact.text for hit in hits] == ["day 0", "day 50", "day 100"]


class TestDumps:
    def test_a_dump_is_recognised_by_its_content_and_read_like_a_file(self, diary, memctl, store, tmp_path):
        file = tmp_path / "export.json"
        file.write_text('{"diary": [{"who": "alice", "text": "one"}, {"text": "two"}]}')
        moved = memctl("migrate", "--from", str(file), "--to", "local", "--all-users")
        assert moved.code == 3
        assert "pages were torn out" in moved.err
        assert len(list(tmp_path.rglob("*rejects*"))) == 1
        assert "diary[1]: nobody owns it" in next(tmp_path.rglob("*rejects*")).read_text()
        assert "diary dump" in memctl("backends", "test", str(file)).out

    def test_records_without_a_user_belong_to_the_default_user(self, diary, memctl, store, tmp_path, monkeypatch):
        monkeypatch.setenv("MEMCTL_DEFAULT_USER", "carol")
        file = tmp_path / "export.json"
        file.write_text('{"diary": [{"text": "two"}]}')
        assert memctl("migrate", "--from", str(file), "--to", "local", "--all-users").code == 0
        assert "two" in memctl("facts", "carol").out

    def test_a_file_of_our_own_facts_is_never_taken_for_a_dump(self, diary, tmp_path, monkeypatch):
        monkeypatch.setattr(diary.Torn, "recognises", lambda *_: True)
        file = tmp_path / "facts.jsonl"
        fact = Fact(id=UUID(int=1), user_id="a", kind="fact", text="t", source=Source(system="s"))
        file.write_bytes(msgspec.json.encode(fact) + b"\n")
        assert registry.open_backend(str(file)).kind == "jsonl"


FACT = Fact(
    id=UUID(int=1),
    user_id="alice",
    kind="preference",
    text="t",
    valid_at=datetime(2026, 3, 1, 1, 2, 3, 4, tzinfo=UTC),
    superseded_by=UUID(int=2),
    categories=("a", "b"),
    confidence=0.0,
    source=Source(system="s", turns=("1",)),
    metadata={"deep": {"er": [1, None]}},
)


def test_fields_packed_into_metadata_are_restored():
    fields = Fact.__struct_fields__
    packed = json.loads(json.dumps(pack(FACT, fields)))
    assert "expires_at" not in packed
    assert Fact(**unpack(packed)) == FACT
    with pytest.raises(ValueError, match="colour"):
        unpack(packed | {"colour": "red"})
    with pytest.raises(ValueError, match="confidence"):
        unpack(packed | {"confidence": "very"})


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, AuthError), (403, AuthError), (402, Fatal), (404, NotFound), (408, Retryable), (429, Retryable),
     (503, Retryable), (400, Rejected), (409, Rejected), (422, Rejected)],
)  # fmt: skip
def test_each_http_status_becomes_the_matching_error(status, kind):
    error = from_status(status, "no", after=60)
    assert type(error) is kind
    assert getattr(error, "after", 60) == 60
