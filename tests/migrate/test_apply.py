"""Whatever failures a backend has, every fact is stored once, or reported as rejected."""

import contextlib
import json
import threading
from pathlib import Path

import pytest
from msgspec.structs import replace

from memctl.core.errors import AuthError, Exit, Fatal, Locked, NotFound, Retryable
from memctl.migrate.run import SMALLEST_CHUNK
from memctl.migrate.selection import Selection
from memctl.runtime.retry import Halt
from memctl.store.ledger_records import Counts, fingerprint


def ids(facts):
    return {fact.id for fact in facts}


def lines(path):
    return Path(path).read_text(encoding="utf-8").splitlines()


def test_all_facts_are_written_once_and_verified_and_a_second_run_writes_none(route, backend, facts_of):
    source, target = backend(facts_of(10) + facts_of(5, "bruno")), backend(name="target")
    first = route.run(source, target)
    assert sorted(target.records, key=lambda f: f.id) == sorted(source.records, key=lambda f: f.id)
    assert first.counts == Counts(read=15, written=15)
    assert (first.verification.same, first.exit) == (15, Exit.OK)
    assert route.ledger.states(first.run) == {"verified": 15}
    calls = len(target.calls)
    second = route.run(source, target)
    assert second.counts == Counts(read=15, unchanged=15)
    assert len(target.calls) == calls


def test_the_ledger_knows_each_fact_of_a_large_batch_as_it_was_sent(route, backend, facts_of):
    facts = facts_of(700)
    source, target = backend(facts, page_size=700), backend(name="target", batch_size=700)
    assert route.ledger.states(route.run(source, target).run) == {"verified": 700}
    entries = route.ledger.known(1, list(ids(facts)))
    assert {id_: entry.content_hash for id_, entry in entries.items()} == {f.id: fingerprint(f) for f in facts}


def test_only_changed_facts_are_written_again(route, backend, facts_of):
    source, target = backend(facts_of(8)), backend(name="target", updatable=True)
    route.run(source, target)
    target.calls.clear()
    source.records[3] = facts_of(8, text="alice sold thing 3")[3]
    source.records.append(facts_of(9)[8])
    report = route.run(source, target)
    assert report.counts == Counts(read=9, written=1, updated=1, unchanged=7)
    assert {id_ for call in target.calls for id_ in call} == {source.records[3].id, source.records[8].id}
    assert report.verification.differs == report.verification.missing == 0


def test_a_change_of_only_native_fields_is_migrated(route, backend, facts_of):
    source, target = backend(facts_of(2)), backend(name="target", updatable=True)
    route.run(source, target)
    source.records = facts_of(2, native={"seen": 1})
    assert route.run(source, target).counts.updated == 2


@pytest.mark.parametrize("when", ["before", "half", "after"])
def test_a_write_with_a_lost_response_is_looked_up_before_it_is_repeated(route, backend, facts_of, fault, when):
    source, target = backend(facts_of(7)), backend(name="target")
    target.write_faults = [None, fault(when, Retryable("500")), fault(when, ConnectionError("reset"))]
    report = route.run(source, target)
    assert set(target.copies.values()) == {1}
    assert ids(target.records) == ids(source.records)
    assert (report.counts.written, report.exit) == (7, Exit.OK)


def test_reading_resumes_after_a_lost_connection(route, backend, facts_of):
    source, target = backend(facts_of(11), page_size=2), backend(name="target")
    source.read_faults = {2: ConnectionError("reset"), 5: TimeoutError(), 6: Retryable("502")}
    report = route.run(source, target)
    assert target.copies.keys() == ids(source.records)
    assert report.counts.read == 11


def test_a_wait_requested_by_the_backend_is_respected_and_shown(route, backend, facts_of, fault):
    source, target = backend(facts_of(2)), backend(name="target")
    target.write_faults = [fault("before", Retryable("too many requests", after=17.0))]
    route.run(source, target)
    assert max(route.halt.waits) >= 17.0
    assert any("too many requests" in why and left >= 17.0 for why, left in route.said)


def test_without_a_requested_wait_waits_grow_up_to_a_minute(route, backend, facts_of, fault):
    source, target = backend(facts_of(1)), backend(name="target")
    target.write_faults = [fault("before", Retryable("502"))] * 30
    route.run(source, target, attempts=40)
    assert max(route.halt.waits[:2]) <= 2.0
    assert 2.0 < max(route.halt.waits) <= 60.0


def test_too_many_failures_end_the_run_with_a_resume_command(route, backend, facts_of, fault, quick_halt):
    source, target = backend(facts_of(9)), backend(name="target")
    target.write_faults = [None, *[fault("after", Retryable("503"))] * 3]
    # The response to the last attempt is lost as well, and the lookup after it fails too.
    source_ids = ids(source.records)
    target.read_faults = dict.fromkeys(range(1, 50), Retryable("503"))
    with pytest.raises(Retryable) as failed:
        route.run(source, target, attempts=3)
    assert failed.value.exit is Exit.RETRYABLE
    assert "memctl migrate --again" in failed.value.hint
    assert [run.state for run in route.ledger.runs()] == ["failed"]
    target.read_faults, target.write_faults = {}, []
    route.halt = quick_halt()
    report = route.run(source, target)
    assert target.copies.keys() == source_ids
    assert set(target.copies.values()) == {1}
    assert report.exit is Exit.OK


def test_only_what_changed_is_sent_to_a_service_whose_facts_are_not_read_again(route, backend, facts_of):
    source, target = backend(facts_of(9)), backend(name="target", updatable=True, rate=10_000.0)
    target.refuses = lambda fact: "no sevens" if fact.text.endswith("7") else None
    route.run(source, target, verify=False)
    source.records[4] = replace(source.records[4], text="alice moved")
    target.calls.clear()
    report = route.run(source, target, verify=False)
    assert target.calls == [[source.records[4].id, source.records[7].id]]
    assert (report.counts.updated, report.counts.rejected, report.counts.unchanged) == (1, 1, 7)


@pytest.mark.parametrize("whole_batches", [False, True])
def test_only_the_refused_fact_is_rejected_with_its_reason(route, backend, facts_of, whole_batches):
    source, target = backend(facts_of(10)), backend(name="target")
    target.refuses = lambda fact: "no sevens" if fact.text.endswith("7") else None
    target.refuses_whole_batches = whole_batches
    report = route.run(source, target)
    assert target.copies.keys() == ids(source.records) - {source.records[7].id}
    assert (report.counts.written, report.counts.rejected, report.exit) == (9, 1, Exit.PARTIAL)
    (line,) = [json.loads(line) for line in lines(report.rejects_file)]
    assert (line["fact"]["id"], line["reason"]) == (str(source.records[7].id), "no sevens")
    again = route.run(source, target)
    assert (again.exit, again.rejects_file) == (Exit.OK, None), "the same reject was reported by the previous run"
    assert (again.counts.rejected, again.counts.rejected_earlier) == (1, 1)
    target.refuses = lambda fact: None
    assert route.run(source, target).counts == Counts(read=10, written=1, unchanged=9)
    assert set(target.copies.values()) == {1}


def test_a_text_too_long_for_the_target_is_rejected_and_not_truncated(route, backend, facts_of):
    source = backend([*facts_of(2), *facts_of(1, "bruno", text="x" * 101)])
    target = backend(name="target", longest_text=100)
    report = route.run(source, target)
    assert (report.counts.written, report.counts.rejected) == (2, 1)
    assert all(len(fact.text) <= 100 for fact in target.records)
    assert "101 characters" in lines(report.rejects_file)[0]


@pytest.mark.parametrize("lie", [-2, 3])
def test_a_read_count_different_from_the_sources_count_is_an_error(route, backend, facts_of, lie):
    source, target = backend(facts_of(6)), backend(name="target")
    source.lie = lie
    report = route.run(source, target)
    assert report.exit is Exit.ERROR
    assert "returned 6" in report.problems[0]
    assert [run.state for run in route.ledger.runs()] == ["partial"]


def test_repeated_facts_do_not_hide_a_missing_one(route, backend, facts_of):
    source, target = backend(facts_of(8), page_size=4), backend(name="target")
    source.overlap = 1
    assert route.run(source, target).exit is Exit.OK
    assert set(target.copies.values()) == {1}
    source.lost = {source.records[5].id}
    report = route.run(source, target)
    assert "returned 7" in report.problems[0]


@pytest.mark.parametrize("rounds", [1, 2, 5])
def test_looping_cursors_are_an_error(route, backend, facts_of, rounds):
    source, target = backend(facts_of(40), page_size=2), backend(name="target")
    source.rounds = rounds
    with pytest.raises(Fatal, match="pagination loop"):
        route.run(source, target)
    assert set(target.copies.values()) <= {1}


def test_an_interrupt_finishes_the_current_batch_and_the_next_run_the_rest(route, backend, facts_of, quick_halt):
    source, target = backend(facts_of(20)), backend(name="target")
    target.on_write = lambda: len(target.calls) == 2 and route.halt.stop("interrupted")
    report = route.run(source, target)
    assert report.exit is Exit.INTERRUPTED
    assert len(target.records) == report.counts.written == 6
    assert {standing.doubtful for standing in route.ledger.standings(1).values()} == {0}
    assert route.ledger.runs()[0].state == "interrupted"
    assert route.ledger.runs()[0].command == "memctl migrate --again"
    route.halt = quick_halt()
    assert route.run(source, target).counts == Counts(read=20, written=14, unchanged=6)
    assert set(target.copies.values()) == {1}


def test_a_write_that_fails_after_an_interrupt_is_an_error_of_the_run(route, backend, facts_of, fault, monkeypatch):
    source, target = backend(facts_of(SMALLEST_CHUNK + 100), page_size=100), backend(name="target")
    whole, writing = source.read, threading.Event()

    def read(*arguments):
        for number, page in enumerate(whole(*arguments)):
            if number == SMALLEST_CHUNK // 100:
                assert writing.wait(30)
                route.halt.stop("interrupted")
                raise Retryable("busy")
            yield page

    def fail_after_the_interrupt():
        writing.set()
        assert route.halt._event.wait(30)

    monkeypatch.setattr(source, "read", read)
    target.on_write, target.write_faults = fail_after_the_interrupt, [fault("before", Fatal("the disk is full"))]
    with pytest.raises(Fatal, match="the disk is full"):
        route.run(source, target)
    assert [(run.state, run.error) for run in route.ledger.runs()] == [("failed", "the disk is full")]


def test_a_run_beyond_max_duration_ends_with_its_own_exit_code(route, backend, facts_of):
    source, target = backend(facts_of(5)), backend(name="target")
    route.halt = Halt(max_duration=1e-9)
    report = route.run(source, target)
    assert (report.halted, report.exit) == ("max-duration", Exit.LIMIT)
    assert target.records == []


def test_a_wait_longer_than_the_remaining_time_ends_the_run(route, backend, facts_of, fault):
    source, target = backend(facts_of(2)), backend(name="target")
    target.write_faults = [fault("before", Retryable("busy", after=10_000.0))]
    route.halt = Halt(max_duration=1000)
    assert route.run(source, target).exit is Exit.LIMIT


def test_a_lost_ledger_causes_no_duplicate(route, backend, facts_of, new_route, tmp_path):
    source, target = backend(facts_of(9)), backend(name="target")
    route.run(source, target)
    (tmp_path / "other").mkdir()
    other = new_route(tmp_path / "other")
    assert other.run(source, target).counts == Counts(read=9, unchanged=9)
    assert set(target.copies.values()) == {1}
    calls = len(target.calls)
    assert other.run(source, target).counts == Counts(read=9, unchanged=9)
    assert len(target.calls) == calls
    other.ledger.close()


def test_facts_missing_in_the_target_are_written_again(route, backend, facts_of):
    source, target = backend(facts_of(9) + facts_of(3, "bruno")), backend(name="target")
    route.run(source, target)
    del target.records[2:4]
    target.delete("bruno", [fact.id for fact in facts_of(3, "bruno")])
    assert route.run(source, target).counts == Counts(read=12, written=5, unchanged=7)
    assert set(target.copies.values()) == {1}
    assert target.copies.keys() == ids(source.records)


def test_a_kill_between_the_write_and_the_ledger_causes_no_duplicate(route, backend, facts_of, monkeypatch, quick_halt):
    source, target = backend(facts_of(9)), backend(name="target")

    def die(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        for method in ("settle", "release", "end"):
            patched.setattr(route.ledger, method, die)
        with pytest.raises(KeyboardInterrupt):
            route.run(source, target)
    assert len(target.records) == 9
    assert route.ledger.runs()[0].state == "killed"
    route.halt = quick_halt()
    assert route.run(source, target).counts == Counts(read=9, unchanged=9)
    assert set(target.copies.values()) == {1}
    assert [run.state for run in route.ledger.runs()] == ["done", "killed"]


def test_wrong_credentials_end_the_run_at_once(route, backend, facts_of, fault):
    source, target = backend(facts_of(9)), backend(name="target")
    target.write_faults = [fault("before", AuthError("401"))]
    with pytest.raises(AuthError):
        route.run(source, target)
    assert len(target.calls) == 1


def test_a_bug_in_an_adapter_is_reported_as_such(route, backend, facts_of, fault, quick_halt):
    source, target = backend(facts_of(3)), backend(name="target")
    target.write_faults = [fault("before", KeyError("memory"))]
    with pytest.raises(Fatal, match="KeyError: 'memory'"):
        route.run(source, target)
    target.write = lambda facts: []
    route.halt = quick_halt()
    with pytest.raises(Fatal, match="0 outcomes for 3 facts"):
        route.run(source, target)


def test_a_fact_of_another_user_in_a_users_list_is_an_error(route, backend, facts_of):
    source, target = backend(facts_of(3)), backend(name="target")
    stray = facts_of(1, "mallory")
    source.read = lambda user, since=None, cursor=None: iter(
        [type(next(backend(stray).read("mallory")))(tuple(stray), None)]
    )
    with pytest.raises(Fatal, match="'mallory' among those of 'alice'"):
        route.run(source, target)
    assert target.records == []


def test_writers_share_the_work_and_none_is_used_concurrently(route, backend, facts_of):
    import threading

    source = backend(facts_of(4000), page_size=500)
    first = backend(name="target", batch_size=100)
    lock, inside, most, clashes = threading.Lock(), set(), [0], []
    together = threading.Event()

    class Writer(backend):
        def write(self, facts):
            with lock:
                if id(self) in inside:
                    clashes.append(self)
                inside.add(id(self))
                most[0] = max(most[0], len(inside))
                if len(inside) > 1:
                    together.set()
            try:
                # The first writer waits for a second one, with a timeout in case none comes.
                together.wait(10)
                together.set()
                with lock:
                    return first.write(facts)
            finally:
                with lock:
                    inside.discard(id(self))

        def read(self, *given, **named):
            return first.read(*given, **named)

    writers = [Writer(name="target", batch_size=100) for _ in range(3)]
    report = route.run(source, *writers)
    assert first.copies.keys() == ids(source.records)
    assert set(first.copies.values()) == {1}
    assert (report.counts.written, clashes) == (4000, [])
    assert most[0] > 1


def test_only_selected_facts_are_migrated(route, backend, facts_of):
    source = backend(facts_of(4) + facts_of(3, "bruno") + facts_of(2, "mei", kind="episode"))
    target = backend(name="target")
    route.run(source, target, selection=Selection(users=("alice",), limit=3))
    assert {(fact.user_id, fact.text) for fact in target.records} == {
        ("alice", f"alice owns thing {i}") for i in range(3)
    }
    report = route.run(source, target, selection=Selection(kinds=("episode",)))
    assert [fact.user_id for fact in target.records[3:]] == ["mei", "mei"]
    assert report.counts.read == 2
    with pytest.raises(NotFound) as unknown:
        route.run(source, target, selection=Selection(users=("alcie",)))
    assert "alice, bruno, mei" in unknown.value.hint


def test_users_can_be_renamed_and_merged(route, backend, facts_of):
    source, target = backend(facts_of(4) + facts_of(3, "al")), backend(name="target")
    chosen = Selection(user_map={"al": "alice"})
    report = route.run(source, target, selection=chosen)
    assert {fact.user_id for fact in target.records} == {"alice"}
    assert (len(target.records), report.verification.same, report.exit) == (7, 7, Exit.OK)
    assert route.run(source, target, selection=chosen).counts.unchanged == 7


def test_rederive_passes_texts_to_the_target_by_conversation(route, backend, facts_of):
    talk = facts_of(3, kind="episode", session_id="s1") + facts_of(2, "bruno", session_id="s2")
    source, target = backend(talk), backend(name="target")
    report = route.run(source, target, mode="rederive")
    assert [(user, [turn["content"] for turn in turns]) for user, turns in target.added] == [
        ("alice", [f"alice owns thing {i}" for i in range(3)]),
        ("bruno", [f"bruno owns thing {i}" for i in range(2)]),
    ]
    assert (report.counts.written, report.plan.calls.write, report.verification) == (5, 2, None)
    assert "extraction" in report.plan.notes[0]
    assert route.run(source, target, mode="rederive").counts == Counts(read=5, unchanged=5)
    assert len(target.added) == 2


def test_a_second_run_on_the_same_route_is_locked_out(route, backend, facts_of):
    source, target = backend(facts_of(2)), backend(name="target")
    number = route.ledger.route("from:memory", "to:target", "preserve")
    with route.ledger.alone(number), pytest.raises(Locked):
        route.run(source, target)
    assert route.run(source, target).counts.written == 2


def test_invalid_records_of_the_source_are_rejects(route, backend, facts_of, tmp_path):
    from memctl.backends.registry import open_backend
    from memctl.core.fact import encode

    file = tmp_path / "facts.jsonl"
    file.write_bytes(b"\n".join([encode(facts_of(1)[0]), b'{"text": 3}', b""]))
    with contextlib.closing(open_backend(str(file))) as source:
        report = route.run(source, backend(name="target"))
    assert (report.counts.written, report.counts.rejected, report.exit) == (1, 1, Exit.PARTIAL)
    (line,) = [json.loads(line) for line in lines(report.rejects_file)]
    assert "facts.jsonl" in line["where"]
