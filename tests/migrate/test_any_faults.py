"""After any sequence of failures, interruptions and resumes, every fact is stored exactly once."""

from examples import some
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from memctl.core.errors import MemctlError, Retryable

WRITES = st.lists(st.sampled_from([None, "before", "half", "after", "fatal", "stop"]), max_size=12)
READS = st.dictionaries(st.integers(1, 25), st.sampled_from(["retry", "fatal"]), max_size=6)


@settings(max_examples=some(15), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writes=WRITES, source_reads=READS, target_reads=READS, lost_ledger=st.booleans())
def test_repeated_runs_store_each_fact_once_despite_any_faults(
    writes, source_reads, target_reads, lost_ledger, backend, facts_of, fault, new_route, quick_halt, tmp_path_factory
):
    route = new_route(tmp_path_factory.mktemp("route"))
    source, target = backend(facts_of(11) + facts_of(4, "bruno")), backend(name="target")

    def happens():
        kind = writes.pop(0) if writes else None
        if kind == "stop":
            route.halt.stop("interrupted")
        error = MemctlError("disk full") if kind == "fatal" else Retryable("503")
        when = "half" if kind == "fatal" else kind
        target.write_faults = [fault(when, error) if when in ("before", "half", "after") else None]

    target.on_write = happens
    errors = {"retry": Retryable("502"), "fatal": MemctlError("gone")}
    source.read_faults = {page: errors[kind] for page, kind in source_reads.items()}
    target.read_faults = {page: errors[kind] for page, kind in target_reads.items()}
    for _ in range(40):
        route.halt = quick_halt()
        try:
            report = route.run(source, target)
        except MemctlError:
            pass
        else:
            if report.halted is None and not report.exit:
                break
        if lost_ledger:
            route.ledger.close()
            route = new_route(tmp_path_factory.mktemp("route"))
    else:
        raise AssertionError("no run ended well")
    assert sorted(target.records, key=lambda f: f.id) == sorted(source.records, key=lambda f: f.id)
    route.ledger.close()
