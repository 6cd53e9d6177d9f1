"""Deletions in the source are repeated in the target, but never if the source was not read completely."""

import json
from pathlib import Path

import pytest
from msgspec import structs

from memctl.core.errors import Rejected, UsageError
from memctl.core.fact import decode
from memctl.migrate.removal import DeleteLimit, Removal, parse_limit
from memctl.migrate.selection import Selection

pytestmark = pytest.mark.engines(campaign="postgres")


@pytest.fixture
def pair(route, backend, facts_of):
    """A source with twelve facts, synchronised to a target, and a function that synchronises again."""
    source, target = backend(facts_of(12)), backend(name="target", updatable=True)

    def sync(removal=Removal(), **job):  # noqa: B008 - frozen
        return route.run(source, target, removal=removal, name="sync", **job)

    sync()
    assert len(target.records) == 12
    return source, target, sync


def ids(facts):
    return {fact.id for fact in facts}


def test_a_fact_deleted_in_the_source_is_deleted_in_the_target(pair):
    source, target, sync = pair
    deleted_fact = source.records.pop(3)
    report = sync()
    assert report.removed.deleted == {"alice": [deleted_fact.id]}
    assert (report.exit, report.removed.number, report.only_in_target) == (0, 1, {})
    assert ids(target.records) == ids(source.records)
    assert sync().removed.number == 0


def test_a_fact_that_reappears_in_the_source_is_written_again(pair):
    source, target, sync = pair
    deleted = source.records.pop(3)
    sync()
    source.records.append(deleted)
    assert sync().counts.written == 1
    assert ids(target.records) == ids(source.records)


def test_a_deleted_fact_that_an_undo_restored_is_deleted_again(pair):
    source, target, sync = pair
    deleted_fact = source.records.pop(3)
    sync()
    target.records.append(deleted_fact)
    assert sync().removed.deleted == {"alice": [deleted_fact.id]}


def test_a_fact_that_the_sync_did_not_write_is_kept(pair, facts_of):
    source, target, sync = pair
    own = facts_of(13)[-1]
    target.records.append(own)
    source.records.pop()
    sync()
    assert own in target.records


def test_a_user_deleted_in_the_source_is_deleted_in_the_target(pair, facts_of):
    source, target, sync = pair
    source.records += facts_of(3, user="bruno")
    sync()
    source.records = [fact for fact in source.records if fact.user_id != "bruno"]
    assert list(sync().removed.deleted) == ["bruno"]
    assert {fact.user_id for fact in target.records} == {"alice"}


@pytest.mark.parametrize("hidden", ["count", "no count", "unlisted", "empty", "unreadable", "failing page"])
def test_facts_that_the_source_hides_are_not_deleted(pair, hidden, facts_of, monkeypatch):
    source, target, sync = pair
    lost = source.records[4].id
    if hidden == "count":
        source.lost = {lost}
    elif hidden == "no count":
        monkeypatch.setattr(source, "count", lambda user: None)
        pages, calls = source.read, []

        def read(user, since=None, cursor=None):
            calls.append(1)
            source.lost = {lost} if len(calls) == 1 else set()
            return pages(user, since, cursor)

        monkeypatch.setattr(source, "read", read)
    elif hidden == "unlisted":
        source.records += facts_of(3, user="bruno")
        sync()
        monkeypatch.setattr(source, "users", lambda: iter(["alice"]))
    elif hidden == "empty":
        source.records.clear()
    elif hidden == "unreadable":
        source.records.pop()
        monkeypatch.setattr(source, "rejects", lambda: [Rejected("broken line", where="x:1")])
    else:
        source.read_faults = {source.pages_read + 2: UsageError("no more")}
    before = ids(target.records)
    try:
        report = sync()
    except UsageError:
        report = None
    assert ids(target.records) == before
    if hidden in ("empty", "unreadable"):
        assert report.removed.held_back
        assert (report.exit, report.state) == (8, "limit")
    elif hidden == "count":
        assert report.exit == 1


@pytest.mark.parametrize(("limit", "deleted"), [("3", 0), ("4", 4), ("33%", 0), ("34%", 4), (None, 4)])
def test_more_deletions_than_the_limit_are_refused_as_a_whole(pair, limit, deleted):
    source, target, sync = pair
    del source.records[:4]
    report = sync(Removal(limit=parse_limit(limit)))
    assert (report.removed.number, len(target.records)) == (deleted, 12 - deleted)
    assert report.exit == (0 if deleted else 8)
    assert deleted or "4 facts would be deleted" in report.removed.held_back


def test_the_default_limit_is_a_quarter_of_a_large_memory():
    assert (DeleteLimit().of(12), DeleteLimit().of(1000)) == (100, 250)


def test_force_overrides_the_delete_limits(pair):
    source, target, sync = pair
    source.records.clear()
    assert sync(Removal(force=True)).removed.number == 12
    assert target.records == []


@pytest.mark.parametrize("text", ["", "-1", "ten", "101%", "2.5", "%"])
def test_an_invalid_limit_is_refused(text):
    with pytest.raises(UsageError, match="as a limit"):
        parse_limit(text)


@pytest.mark.parametrize("place", ["gone.jsonl", "folder"])
def test_deleted_and_overwritten_facts_of_the_target_are_saved(pair, tmp_path, place):
    source, _, sync = pair
    deleted = source.records.pop(0)
    old = source.records[0]
    source.records[0] = structs.replace(old, text="alice owns another thing")
    report = sync(Removal(backup=tmp_path / place))
    lines = Path(report.removed.backup).read_bytes().splitlines()
    assert {(fact.id, fact.text) for fact in map(decode, lines)} == {(deleted.id, deleted.text), (old.id, old.text)}
    assert Path(report.removed.backup).stat().st_mode & 0o077 == 0


def test_ended_facts_are_deleted_if_the_target_would_show_them_as_current(route, backend, facts_of):
    lossy = {"invalid_at": {"level": "dropped", "how": "no field"}}
    from memctl.backends.contract import FieldSupport

    source = backend(facts_of(3))
    target = backend(name="target", updatable=True, fields={k: FieldSupport(**v) for k, v in lossy.items()})
    route.run(source, target, removal=Removal(), name="sync")
    ended = structs.replace(source.records[0], invalid_at=source.records[0].created_at)
    source.records[0] = ended
    report = route.run(source, target, removal=Removal(), name="sync")
    assert report.removed.retired == {"alice": [ended.id]}
    assert ended.id not in ids(target.records)
    source.records[0] = structs.replace(ended, invalid_at=None)
    assert route.run(source, target, removal=Removal(), name="sync").counts.written == 1


def test_an_interrupted_deletion_is_completed_by_the_next_run(pair, route):
    source, target, sync = pair
    del source.records[:7]
    whole = target.delete

    def delete(user, batch):
        route.halt.stop("interrupted")
        return whole(user, batch)

    target.delete = delete
    assert sync().exit == 130
    assert 5 < len(target.records) < 12
    target.delete, route.halt._reason = whole, None
    route.halt._event.clear()
    assert sync().exit == 0
    assert ids(target.records) == ids(source.records)


def test_only_whole_users_can_be_synchronised():
    from memctl.migrate.sync import SyncJob, sync

    for selection in (Selection(limit=1), Selection(kinds=("fact",)), Selection(users=("a",), user_map={"a": "b"})):
        with pytest.raises(UsageError):
            sync(SyncJob(source="local", target="x.jsonl", selection=selection))


# On the command line.


@pytest.fixture
def dump(tmp_path):
    """A function that writes a dump with the given texts, and its path."""
    path = tmp_path / "dump.json"

    def write(*texts):
        rows = [
            {"id": f"{number:08}-0000-4000-8000-000000000001", "memory": text, "user_id": "ada"}
            for number, text in enumerate(texts)
            if text
        ]
        path.write_text(json.dumps(rows))
        return path

    return write


def sync(memctl, path, *more):
    return memctl("sync", "--from", path, "--to", "local", "--all-users", *more)


def facts(memctl):
    return sorted(fact["text"] for fact in memctl("facts", "ada", "--json").document["facts"])


def test_a_dry_run_lists_every_change_and_makes_none(memctl, dump, tmp_path):
    assert sync(memctl, dump("Likes tea", "Likes rye", "Likes figs")).code == 0
    path = dump("Likes tea", None, "Likes dates", "Likes plums")
    ran = sync(memctl, path, "--dry-run", "--json")
    assert ran.code == 0, ran.err
    assert [(change["symbol"], change["text"]) for change in ran.document["changes"]] == [
        ("-", "Likes rye"),
        ("*", "Likes dates"),
        ("+", "Likes plums"),
    ]
    assert facts(memctl) == ["Likes figs", "Likes rye", "Likes tea"]
    dry_run = sync(memctl, path, "--dry-run")
    assert "- ada" in dry_run.out
    assert "nothing was changed" in dry_run.out
    assert sync(memctl, path).code == 0
    assert facts(memctl) == ["Likes dates", "Likes plums", "Likes tea"]


def test_undo_restores_what_a_sync_deleted_and_changed(memctl, dump):
    sync(memctl, dump("Likes tea", "Likes rye", "Likes figs"))
    run = sync(memctl, dump("Likes tea", None, "Likes dates"), "--json").document["run"]
    assert facts(memctl) == ["Likes dates", "Likes tea"]
    undone = memctl("undo", run)
    assert undone.code == 0, undone.err
    assert facts(memctl) == ["Likes figs", "Likes rye", "Likes tea"]
    listed = [row["command"] for row in memctl("runs", "--json").document["runs"]]
    assert "rm" not in listed


def test_a_source_that_lost_most_facts_needs_force(memctl, dump):
    sync(memctl, dump(*(f"Likes number {number}" for number in range(12))))
    ran = sync(memctl, dump("Likes number 0"), "--max-delete", "25%")
    assert ran.code == 8
    assert "11 facts would be deleted" in ran.err
    assert len(facts(memctl)) == 12
    assert sync(memctl, dump("Likes number 0"), "--max-delete", "25%", "--force").code == 0
    assert len(facts(memctl)) == 1


def test_a_dry_run_lists_the_deletions_that_the_limit_would_refuse(memctl, dump):
    sync(memctl, dump("Likes tea", "Likes rye", "Likes figs"))
    ran = sync(memctl, dump("Likes tea"), "--dry-run", "--max-delete", "1", "--json")
    assert (ran.code, [change["symbol"] for change in ran.document["changes"]]) == (8, ["-", "-"])
    assert len(facts(memctl)) == 3


def test_an_empty_source_deletes_nothing(memctl, dump, tmp_path):
    exported = tmp_path / "facts.jsonl"
    memctl("migrate", "--from", dump("Likes tea"), "--to", exported, "--all-users")
    sync(memctl, exported)
    exported.write_text("")
    ran = sync(memctl, exported)
    assert (ran.code, "the source is empty" in ran.err) == (8, True)
    assert facts(memctl) == ["Likes tea"]


def test_watch_continues_after_a_temporary_failure_and_ends_at_the_limit(monkeypatch):
    from memctl.core.errors import Retryable
    from memctl.migrate import sync as module
    from memctl.migrate.removal import Removed

    class Report:
        halted = None
        removed = None

    stopped = type("Stopped", (Report,), {"removed": Removed(held_back="too many")})
    results = [module.Synced(report=Report()), Retryable("busy"), module.Synced(report=stopped())]

    def once(job, monitor):
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    messages = []
    monkeypatch.setattr(module, "sync", once)
    monkeypatch.setattr(module.Halt, "wait", lambda self, seconds: messages.append(seconds))
    last = module.watch(module.SyncJob(source="a", target="b"), 300.0, messages.append)
    assert last.report.removed.held_back == "too many"
    assert [type(item).__name__ for item in messages] == ["Synced", "float", "Retryable", "float", "Synced"]


def test_ctrl_c_ends_watch_between_two_runs(monkeypatch):
    from memctl.migrate import sync as module

    class Report:
        halted = removed = None

    def wait(self, seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "sync", lambda job, monitor: module.Synced(report=Report()))
    monkeypatch.setattr(module.Halt, "wait", wait)
    assert module.watch(module.SyncJob(source="a", target="b"), 300.0, lambda result: None) is None
